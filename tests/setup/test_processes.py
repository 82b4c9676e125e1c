"""Children of a killed supervisor are found and stopped; strangers are left alone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from childwelfare import processes

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)  # childwelfare"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal as s, time; s.signal(s.SIGTERM, s.SIG_IGN); print('on', flush=True); time.sleep(60)",
    "childwelfare",
]


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(SLEEP, start_new_session=True) as process:
        yield process
        process.kill()


def written(folder: Path, pid: int, mark: str) -> Path:
    path = folder / "children.json"
    path.write_text(json.dumps([{"name": "worker", "pid": pid, "mark": mark}]), encoding="utf-8")
    return path


def test_orphan_is_stopped(child: subprocess.Popen[bytes], tmp_path: Path) -> None:
    path = written(tmp_path, child.pid, processes.start_mark(child.pid))
    assert processes.stop_orphans(path, patience=5) == ["worker"]
    assert child.wait(5) == -signal.SIGTERM
    assert not path.exists()


def test_stubborn_orphan_is_ended(tmp_path: Path) -> None:
    with subprocess.Popen(STUBBORN, start_new_session=True, stdout=subprocess.PIPE) as stubborn:
        assert stubborn.stdout is not None
        stubborn.stdout.readline()
        path = written(tmp_path, stubborn.pid, processes.start_mark(stubborn.pid))
        assert processes.stop_orphans(path, patience=0.3) == ["worker"]
        assert stubborn.wait(5) == -signal.SIGKILL


def test_stranger_with_the_same_id_lives_on(child: subprocess.Popen[bytes], tmp_path: Path) -> None:
    assert processes.stop_orphans(written(tmp_path, child.pid, "another start"), patience=0.3) == []
    assert child.poll() is None


@pytest.mark.parametrize("content", ["", "{", "[]"])
def test_unreadable_list_is_no_obstacle(content: str, tmp_path: Path) -> None:
    path = tmp_path / "children.json"
    path.write_text(content, encoding="utf-8")
    assert processes.stop_orphans(path, patience=0.1) == []
    assert processes.stop_orphans(tmp_path / "none.json") == []


def test_zombie_is_not_alive() -> None:
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    try:
        assert not processes.is_alive(pid)
        assert processes.is_alive(os.getpid())
    finally:
        os.waitpid(pid, 0)
