"""What is uploaded stays in memory until it is encrypted, and what is too large is refused before it is read."""

from __future__ import annotations

import tempfile
from io import BytesIO
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from django.core.files import temp
from django.core.files.uploadedfile import InMemoryUploadedFile, SimpleUploadedFile
from django.test import RequestFactory
from django.urls import reverse

from cases.models import ListImport
from staff import uploads
from staff.scope import system_scope
from tests.cases.matching.conftest import OWN, csv_list, row
from tests.cast import Cast

MB = 2**20


def watched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every temporary file that is made from now on."""
    made: list[str] = []

    def watch(module: ModuleType, name: str) -> None:
        real = getattr(module, name)

        def noted(*args: Any, **kwargs: Any) -> Any:
            made.append(name)
            return real(*args, **kwargs)

        monkeypatch.setattr(module, name, noted)

    for name in ("NamedTemporaryFile", "TemporaryFile", "SpooledTemporaryFile", "mkstemp"):
        watch(tempfile, name)
    watch(temp, "NamedTemporaryFile")  # Django's own name for it, by which uploads are spooled
    return made


def test_a_file_of_any_allowed_size_is_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = watched(monkeypatch)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    request = RequestFactory().post(
        "/", {"file": SimpleUploadedFile("a.csv", b"1" * 12 * MB), "kind": "dibao"}
    )
    (file,) = request.FILES.values()
    assert isinstance(file, InMemoryUploadedFile)
    assert (file.size, request.POST["kind"]) == (12 * MB, "dibao")
    assert (made, list(tmp_path.iterdir())) == ([], [])


def test_too_large_is_refused_by_its_length_unread(settings: Any) -> None:
    settings.UPLOAD_MOST_BYTES = 3 * MB

    class Unread(BytesIO):
        def read(self, *args: Any) -> bytes:
            raise AssertionError("the body was read")

    request = RequestFactory().post(
        "/",
        data=b"--b",
        content_type="multipart/form-data; boundary=b",
        CONTENT_LENGTH=2_000 * MB,
        **{"wsgi.input": Unread()},  # type: ignore[arg-type]
    )
    with pytest.raises(uploads.UploadTooLarge):
        _ = request.POST


@pytest.mark.django_db
@pytest.mark.parametrize("url", ["cases:list_upload", "cases:import_upload"])
def test_a_page_says_that_the_upload_is_too_large(cast: Cast, settings: Any, url: str) -> None:
    settings.UPLOAD_MOST_BYTES = 3 * MB
    client = cast.client("clerk")
    file = SimpleUploadedFile("低保.csv", b"1" * 4 * MB)
    for language, words in (("zh-hans", "3 MB"), ("en", "The upload is too large")):
        answer = client.post(reverse(url), {"file": file}, headers={"accept-language": language})
        assert answer.status_code == 413
        assert words in answer.content.decode()
        file.seek(0)


@pytest.mark.django_db
def test_a_list_above_the_size_that_django_spools_is_taken(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = watched(monkeypatch)
    people = [row("林小满", OWN, head="林桂芳")]
    people += [row(f"路人{chr(0x4E00 + n)}", "", head=f"户主{chr(0x4E00 + n)}") for n in range(50)]
    data = csv_list(*people) + ("\n" + " " * 200 + "," * 10).encode() * 13_000
    assert len(data) > 2.5 * MB
    file = SimpleUploadedFile("桂林街道低保.csv", data)
    answer = cast.client("clerk").post(
        reverse("cases:list_upload"), {"file": file, "kind": "dibao", "period": "2026-10"}
    )
    assert answer.status_code == 302
    assert made == []
    with system_scope(reason="test", log=False):
        assert ListImport._base_manager.get().row_count == 51
