"""The shell side: which Python, which browser, what a failed installation says, and what CI runs."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from childwelfare import environment

ROOT = environment.BASE_DIR
TOOLS = ("sh", "dirname", "pwd", "id", "env")


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A PATH with nothing on it but what a shell script needs."""
    folder = tmp_path / "tools"
    folder.mkdir()
    for name in TOOLS:
        found = shutil.which(name)
        if found:
            (folder / name).symlink_to(found)
    return folder


def program(folder: Path, name: str, text: str) -> None:
    file = folder / name
    file.unlink(missing_ok=True)
    file.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    file.chmod(0o755)


def script(name: str, path: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(ROOT / "bin" / name), *arguments],
        env={"PATH": str(path), **environ},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_old_python_gets_one_line(tools: Path) -> None:
    program(tools, "python3", 'case "$2" in *print*) echo 3.9.2;; *) exit 1;; esac')
    done = script("venv", tools, "run")
    assert done.returncode == 1
    assert done.stderr.startswith("Childwelfare needs Python 3.11 or newer: python3 is 3.9.2;")
    assert done.stderr.count("\n") == 1


def test_no_python_gets_one_line(tools: Path) -> None:
    done = script("venv", tools, "run")
    assert done.returncode == 1
    assert "needs Python 3.11 or newer: none is installed;" in done.stderr


def test_a_newer_python_beside_an_old_one_is_used(tools: Path) -> None:
    program(tools, "python3", 'case "$2" in *print*) echo 3.9.2;; *) exit 1;; esac')
    program(tools, "python3.12", 'case "$2" in *print*) echo 3.12.1;; run) echo "by 3.12: $2";; esac')
    assert script("venv", tools, "run").stdout == "by 3.12: run\n"


@pytest.fixture
def make_venv() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_venv", ROOT / "bin" / "make_venv.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("error: command 'gcc' failed: No such file or directory", "there is no compiler for it"),
        ("OSError: [Errno 28] No space left on device", "is full"),
        ("ERROR: No matching distribution found for Django", "cannot be installed: ERROR: No matching"),
    ],
)
def test_failed_installation_gets_one_line(
    make_venv: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, told: str
) -> None:
    program(tmp_path, "python", f'echo "Collecting"; echo "{said}" >&2; exit 1')
    monkeypatch.setattr(make_venv, "PYTHON", tmp_path / "python")
    with pytest.raises(make_venv.Failed, match=told) as caught:
        make_venv.install("run")
    assert "\n" not in str(caught.value)


def test_installed_lock_is_not_installed_again(
    make_venv: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installs: list[str] = []
    monkeypatch.setattr(make_venv, "PYTHON", Path(sys.executable))
    monkeypatch.setattr(make_venv, "MARK", tmp_path / "installed.json")
    monkeypatch.setattr(make_venv, "create", lambda: None)
    monkeypatch.setattr(make_venv, "install", installs.append)
    make_venv.prepare("dev")
    make_venv.prepare("dev")
    make_venv.prepare("run")  # part of the development packages
    assert installs == ["dev"]
    marks = json.loads((tmp_path / "installed.json").read_text(encoding="utf-8"))
    (tmp_path / "installed.json").write_text(json.dumps(marks | {"run": "an older lock"}), encoding="utf-8")
    make_venv.prepare("run")
    assert installs == ["dev", "run"]
    make_venv.prepare("bench")
    make_venv.prepare("dev")  # part of what the benchmarks need
    assert installs == ["dev", "run", "bench"]


def test_locks_name_no_host() -> None:
    for lock in (ROOT / "requirements").glob("*.lock"):
        text = lock.read_text(encoding="utf-8")
        assert "--hash=sha256:" in text
        assert not re.search(r"://|--(extra-)?index-url|--find-links", text), lock


def test_run_lock_is_part_of_the_development_lock() -> None:
    def versions(name: str) -> set[str]:
        text = (ROOT / "requirements" / f"{name}.lock").read_text(encoding="utf-8")
        return set(re.findall(r"^([A-Za-z0-9._-]+==[^ ;\\]+)", text, re.MULTILINE))

    assert versions("base") <= versions("run") <= versions("dev") <= versions("bench")


def test_browser_is_found_when_it_and_a_font_are_there(tools: Path) -> None:
    program(tools, "chromium", "exit 0")
    program(tools, "fc-list", "echo WenQuanYi")
    done = script("browser", tools)
    assert (done.returncode, done.stdout) == (0, f"{tools}/chromium\n")


def test_missing_browser_and_font_are_installed_from_packages(tools: Path) -> None:
    program(tools, "id", "echo 0")
    program(tools, "fc-list", f"test -e {tools}/font && echo WenQuanYi")
    (tools / "chmod").symlink_to(shutil.which("chmod") or "")
    program(
        tools,
        "apt-get",
        f"""echo "apt-get $*" >> {tools}/log
case "$*" in
*chromium*) echo > {tools}/chromium; chmod +x {tools}/chromium;;
*fonts-wqy-zenhei*) echo > {tools}/font;;
esac""",
    )
    done = script("browser", tools)
    assert (done.returncode, done.stdout) == (0, f"{tools}/chromium\n"), done.stderr
    assert "Installing chromium (once)" in done.stderr
    assert (tools / "log").read_text(encoding="utf-8").count("apt-get install") == 2


def test_missing_chinese_font_fails_in_one_line(tools: Path) -> None:
    program(tools, "chromium", "exit 0")
    program(tools, "fc-list", "exit 0")
    done = script("browser", tools)
    assert done.returncode == 1
    assert done.stderr.startswith("No Chinese font for the browser journeys: install one")
    assert done.stdout == ""


def test_ci_runs_the_whole_suite() -> None:
    text = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "exec make test" in text
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    shown = subprocess.run(
        ["make", "--no-print-directory", "-n", "test"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert shown == ["bin/venv dev", "exec bin/run-tests"]


def test_every_promised_target_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert {"run", "test", "lint", "bench", "format", "demo-reset", "stop"} <= targets


def test_a_run_without_tests_fails(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-n", "2", "-p", "no:django", "-c", "/dev/null", str(tmp_path)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 5, done.stdout
