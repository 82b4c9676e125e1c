"""The shell: one document for everybody with nothing about anybody, and a worker that keeps all that it needs."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.staticfiles.management.commands.collectstatic import Command
from django.core.management import call_command
from django.test import Client, override_settings
from django.utils import translation
from PIL import Image

from cases.field import shell
from tests.cast import Cast

STATIC = Path(settings.BASE_DIR) / "static"
IMPORTED = re.compile(r"""(?:^|\n)\s*(?:import|export)[^"';]*from\s*"(\.[^"]+)";|import\("(\.[^"]+)"\)""")


def test_the_document_is_the_same_for_everybody(cast: Cast) -> None:
    pages = {
        member: cast.client(member).get("/field/").content.decode() for member in ("director", "supervisor")
    }
    assert pages["director"] == pages["supervisor"]
    text = pages["director"]
    for user in cast.users.values():
        assert user.name not in text
    assert "csrfmiddlewaretoken" not in text


def test_nobody_signed_in_gets_no_shell(db: None) -> None:
    """What a worker would keep in its place is the sign-in page: it refuses what was redirected."""
    assert Client().get("/field/").status_code == 302


def test_the_worker_keeps_every_file_that_the_document_loads() -> None:
    kept = {name.removeprefix(settings.STATIC_URL) for name in shell.kept_files()}
    loaded = set(re.findall(r'(?:src|href)="/static/([^"]+)"', shell.document()))
    # The icon of the home screen is fetched by the system, not by the page.
    assert loaded - {"img/icon-192.png"} <= kept
    for name in [one for one in kept if one.endswith(".js")]:
        for found in IMPORTED.findall((STATIC / name).read_text(encoding="utf-8")):
            target = (STATIC / name).parent / (found[0] or found[1])
            assert str(target.resolve().relative_to(STATIC.resolve())) in kept, f"{name} needs {target.name}"


def test_any_change_is_a_new_version(monkeypatch: pytest.MonkeyPatch) -> None:
    before = shell.version()
    assert shell.version() == before
    with translation.override("en"):
        assert shell.version() == before
    monkeypatch.setattr(shell, "kept_files", lambda: ["/static/js/field/app.0123456789ab.js"])
    assert shell.version() != before


def test_the_worker_is_open_small_and_asked_for_each_time(db: None) -> None:
    answer = Client().get("/sw.js")
    assert answer["Content-Type"].startswith("text/javascript")
    assert "no-cache" in answer["Cache-Control"]
    text = answer.content.decode()
    told = json.loads(text.partition("self.shell = ")[2].partition(";\n")[0])
    assert (told["version"], told["page"]) == (shell.version(), "/field/")


def test_the_app_can_be_installed(db: None) -> None:
    answer = Client().get("/manifest.webmanifest")
    found = answer.json()
    assert (found["start_url"], found["scope"], found["display"]) == ("/field/", "/", "standalone")
    assert {icon["purpose"] for icon in found["icons"]} == {"any", "maskable"}
    for icon in found["icons"]:
        with Image.open(STATIC / icon["src"].removeprefix(settings.STATIC_URL)) as picture:
            assert (f"{picture.width}x{picture.height}", picture.format) == (icon["sizes"], "PNG")


@pytest.mark.parametrize(
    ("member", "registers"), [("director", True), ("supervisor", True), ("clerk", False)]
)
def test_pages_of_those_who_visit_register_the_worker(cast: Cast, member: str, registers: bool) -> None:
    text = cast.client(member).get("/me/").content.decode()
    assert ("js/field/register.js" in text) == registers
    assert 'rel="manifest"' in text


def test_modules_name_each_other_by_their_content(tmp_path: Path) -> None:
    """As the product is served: no script asks for a name that the next upgrade gives to something else."""
    own: dict[str, Any] = {"BACKEND": "childwelfare.static_files.StaticFiles"}
    with override_settings(STATIC_ROOT=tmp_path, STORAGES=settings.STORAGES | {"staticfiles": own}):
        call_command(Command(), interactive=False, verbosity=0)
        files = shell.kept_files()
    named = [name for name in files if "/js/field/" in name]
    assert named
    assert all(re.search(r"\.[0-9a-f]{12}\.js$", name) for name in named)
    for name in named:
        text = (tmp_path / name.removeprefix(settings.STATIC_URL)).read_text(encoding="utf-8")
        for found in IMPORTED.findall(text):
            target = found[0] or found[1]
            assert re.search(r"\.[0-9a-f]{12}\.js$", target), f"{name} imports {target}"
