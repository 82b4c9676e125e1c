"""The pages of an import, as a clerk goes through them."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from cases.importing.corrections import KIND
from cases.models import Child, RegisterImport, RegisterImportRow
from staff import files
from staff.models import AccessLog, Job, StoredFile
from staff.scope import open_scope
from tests.cases.importing import AT, applied, checked, number, row, text
from tests.cast import OWN_ID, Cast

pytestmark = pytest.mark.django_db
Committed = Callable[..., AbstractContextManager[Any]]
GOOD = number("20150301")


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: AT)


def upload(client: Client, data: bytes, name: str = "花名册.csv") -> Any:
    return client.post("/imports/upload/", {"file": SimpleUploadedFile(name, data)})


def test_from_the_file_to_the_list_and_back(
    cast: Cast, django_capture_on_commit_callbacks: Committed
) -> None:
    client = cast.client("clerk")
    header = "孩子,证号码,村居,哪类"
    data = text(
        f"赵小一,{GOOD},莲花社区,孤儿",
        f"钱小二,{GOOD[:17]},莲花社区,孤儿",
        "孙小三,,莲花社区,某类",
        header=header,
    )
    arrived = upload(client, data)
    page = client.get(arrived.url).content.decode()
    assert GOOD not in page
    assert GOOD[:6] in page
    # The proposed columns lack the name: it is corrected here.
    fields = re.findall(r'name="(column-\d+)"', page)
    chosen = dict(zip(fields, ["", "id_number", "village", "category"], strict=True))
    pk = int(arrived.url.strip("/").split("/")[-1])
    twice = client.post(f"/imports/{pk}/check/", chosen | {fields[0]: "category"})
    assert twice.status_code == 200
    assert "is-bad" in twice.content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        sent = client.post(f"/imports/{pk}/check/", chosen | {fields[0]: "name"})
    assert (
        client.get(sent.url, headers={"Accept": "application/json"}).json()["done_url"] == f"/imports/{pk}/"
    )
    shown = client.get(f"/imports/{pk}/").content.decode()
    assert all(word in shown for word in ("钱小二", "孙小三", "某类"))
    assert GOOD[:17] not in shown
    with django_capture_on_commit_callbacks(execute=True):
        client.post(f"/imports/{pk}/apply/", {"extent": "good", "update": "yes", "duplicates": "skip"})
    assert "赵小一" in client.get("/children/?q=赵小一").content.decode()
    assert client.post(f"/imports/{pk}/undo/", {"reason": ""}).url == f"/imports/{pk}/"
    with django_capture_on_commit_callbacks(execute=True):
        client.post(f"/imports/{pk}/undo/", {"reason": "错发文件"})
    with open_scope(cast.scope("clerk")):
        assert RegisterImport.objects.get(pk=pk).state == "undone"
        assert not Child.objects.filter(name="赵小一").exists()
    assert "错发文件" in client.get(f"/imports/{pk}/").content.decode()


def test_a_file_that_is_none_is_refused_beside_the_field(cast: Cast) -> None:
    client = cast.client("clerk")
    for data in (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "只有一行".encode(), b""):
        page = upload(client, data, "a.xls")
        assert page.status_code == 200
        assert "cw-error" in page.content.decode()
    with open_scope(cast.scope("clerk")):
        assert not RegisterImport.objects.exists()


def test_a_stopped_job_leaves_the_step_before_it(cast: Cast) -> None:
    found = checked(cast, text(row()))
    client = cast.client("clerk")
    client.post(f"/imports/{found.pk}/apply/", {"extent": "good", "update": "yes", "duplicates": "skip"})
    with open_scope(cast.scope("clerk")):
        job = RegisterImport.objects.get(pk=found.pk).job
        assert job is not None
        assert f"/jobs/{job.pk}/" in client.get(f"/imports/{found.pk}/").content.decode()
        Job.objects.filter(pk=job.pk).update(state=Job.State.CANCELLED)
    page = client.get(f"/imports/{found.pk}/").content.decode()
    assert f'action="/imports/{found.pk}/apply/"' in page
    again = client.post(
        f"/imports/{found.pk}/apply/", {"extent": "good", "update": "yes", "duplicates": "skip"}
    )
    assert "/jobs/" in again.url


def test_possibly_known_rows_are_decided_on_the_page(cast: Cast) -> None:
    found = checked(cast, text(row("王改名", OWN_ID, birth="2017-05-20", sex="女")))
    client = cast.client("clerk")
    page = client.get(f"/imports/{found.pk}/").content.decode()
    assert "林小满" in page
    assert OWN_ID not in page
    assert re.findall(r'name="decision" value="(\w+)"', page) == ["skip", "update"]
    with open_scope(cast.scope("clerk")):
        line = RegisterImportRow.objects.get(register_import=found)
    client.post(f"/imports/{found.pk}/rows/{line.pk}/", {"decision": "update"})
    client.post(f"/imports/{found.pk}/rows/{line.pk}/", {"decision": "add"})  # refused: one number, one child
    with open_scope(cast.scope("clerk")):
        assert RegisterImport.objects.get(pk=found.pk).options["rows"] == {str(line.pk): "update"}


def test_changes_are_shown_old_and_new_and_masked(cast: Cast) -> None:
    header = "姓名,身份证号,出生日期,性别,村居,类别,监护人姓名,监护人电话,健康说明"
    line = f"赵小一,{GOOD},,,莲花社区,孤儿,赵大,%s,%s"
    applied(cast, text(line % ("13712345678", "哮喘病"), header=header))
    found = checked(cast, text(line % ("13987654321", "白血病"), header=header))
    page = cast.client("clerk").get(f"/imports/{found.pk}/?show=update").content.decode()
    assert "137****5678" in page
    assert "139****4321" in page
    assert not [
        secret for secret in ("13712345678", "13987654321", "哮喘病", "白血病", GOOD) if secret in page
    ]


@pytest.mark.parametrize(("reason", "masked"), [("", True), ("改正后重新导入", False)])
def test_the_rows_to_correct_are_an_export(
    cast: Cast, reason: str, masked: bool, django_capture_on_commit_callbacks: Committed
) -> None:
    found = checked(cast, text(row(village="无此村")))
    with django_capture_on_commit_callbacks(execute=True):
        cast.client("clerk").post(f"/imports/{found.pk}/corrections/", {"reason": reason})
    with open_scope(cast.scope("clerk")):
        job = Job.objects.get(kind=KIND)
        stored = StoredFile.objects.get(pk=job.result["file"])
        assert stored.kind == StoredFile.Kind.EXPORT
        from cases.matching.reading.files import open_grids

        cells = [
            cell for _line, cells, _r in next(iter(open_grids(files.read(stored)))).rows for cell in cells
        ]
    assert (GOOD in cells) != masked
    logged = AccessLog._base_manager.filter(kind=AccessLog.Kind.EXPORT)
    with open_scope(cast.scope("auditor")):
        entry = logged.get(subject_id=str(stored.pk))
    assert (entry.reason, entry.detail["rows"], entry.detail["masked"]) == (reason, 1, masked)


def test_cost_of_the_pages(cast: Cast, page_budget: Callable[[int], AbstractContextManager[None]]) -> None:
    lines = [row(f"赵{i:03d}号", number("20150301", i * 2 + 1)) for i in range(60)]
    found = checked(cast, text(*lines, *(row(f"钱{i:03d}号", "", birth="?") for i in range(60))))
    client = cast.client("clerk")
    for address in (
        "/imports/",
        f"/imports/{found.pk}/",
        f"/imports/{found.pk}/?show=new",
        f"/imports/{found.pk}/?columns",
    ):
        with page_budget(15):
            assert client.get(address).status_code == 200
    first = client.get(f"/imports/{found.pk}/?show=new").content.decode()
    later = re.search(r'href="(\?show=new&amp;after=\d+)"', first)
    assert later is not None
    second = client.get(f"/imports/{found.pk}/{later[1].replace('&amp;', '&')}").content.decode()
    seen = re.findall(r"赵\d{3}号", first + second)
    assert (len(seen), len(set(seen))) == (60, 60)


def test_nobody_elsewhere_finds_it(cast: Cast) -> None:
    found = checked(cast, text(row()), who="supervisor")
    answers = {
        w: cast.client(w).get(f"/imports/{found.pk}/").status_code
        for w in ("supervisor", "clerk", "other_supervisor", "stranger", "director", "leader")
    }
    assert answers == {
        "supervisor": 200,
        "clerk": 200,
        "other_supervisor": 404,
        "stranger": 404,
        "director": 403,
        "leader": 403,
    }
