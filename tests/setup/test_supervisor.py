"""``make run`` for real: started, damaged, killed, started again and stopped, in a folder of its own."""

from __future__ import annotations

import json
import os
import queue
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from childwelfare import environment, postgres_server, processes, supervisor
from tests.settings import SUFFIX, WORKER

pytestmark = pytest.mark.slow
PATIENCE = 240.0
OURS = ("CHILDWELFARE_", "DATABASE_", "REDIS_URL", "PORT", "HOST", "DJANGO_")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Copy:
    """One installation: its folder, its port, and the supervisor that runs it now."""

    def __init__(self, home: Path, **environ: str) -> None:
        self.home = home
        self.port = free_port()
        self.environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith(OURS)},
            "CHILDWELFARE_HOME": str(home),
            "CHILDWELFARE_REDIS_PREFIX": f"copy-{SUFFIX}-{WORKER}",
            "CHILDWELFARE_DEMO": "no",
            "PORT": str(self.port),
            **environ,
        }
        self.process: subprocess.Popen[str] | None = None
        self.lines: list[str] = []
        self.news: queue.Queue[str] = queue.Queue()

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "childwelfare.supervisor", "run"],
            cwd=environment.BASE_DIR,
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        threading.Thread(target=self._read, args=(self.process,), daemon=True).start()

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        with process.stdout as said:
            for line in said:
                self.lines.append(line.rstrip())
                self.news.put(line)

    def wait_for(self, text: str) -> str:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            try:
                line = self.news.get(timeout=0.2)
            except queue.Empty:
                assert self.process is not None
                assert self.process.poll() is None, "\n".join(self.lines)
                continue
            if text in line:
                return line
        raise AssertionError(f"{text!r} was not said:\n" + "\n".join(self.lines))

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)

    def health(self) -> dict[str, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=10) as response:
                return dict(json.load(response))
        except urllib.error.HTTPError as error:
            return dict(json.loads(error.read()))

    def children(self) -> dict[str, int]:
        rows = json.loads((self.home / "run" / "children.json").read_text(encoding="utf-8"))
        return {row["name"]: row["pid"] for row in rows}

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "childwelfare.supervisor", *words],
            cwd=environment.BASE_DIR,
            env=self.environ,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )


@pytest.fixture
def copy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copy]:
    made = Copy(tmp_path_factory.mktemp("a copy") / "with space")
    yield made
    if made.process is not None and made.process.poll() is None:
        made.process.kill()
        made.process.wait()
    made.command("stop")


def told_from(lines: list[str], word: str) -> list[str]:
    """The lines from five before the first with a word to forty after it; none without it."""
    at = next((place for place, line in enumerate(lines) if word in line), None)
    return [] if at is None else lines[max(0, at - 5) : at + 40]


def test_life_of_an_installation(copy: Copy) -> None:
    copy.start()
    copy.wait_for("Childwelfare is ready")
    assert copy.health()["status"] == "ok"

    # A second one in the same folder, and one elsewhere on the same port, get one line each.
    again = copy.command("run")
    assert again.returncode == 1
    assert re.fullmatch(r"Already running at http://127\.0\.0\.1:\d+/: stop it .*\n", again.stderr)
    other = Copy(copy.home.parent / "other", PORT=str(copy.port)).command("run")
    assert other.returncode == 1
    assert (
        other.stderr
        == f"Port {copy.port} is taken by another program: choose one with `make run PORT=8001`.\n"
    )

    # A worker that is killed comes back.
    before = copy.children()
    os.kill(before["worker"], signal.SIGKILL)
    copy.wait_for("the worker was ended by SIGKILL: starting it again")
    copy.wait_for("ready.")
    assert copy.children()["worker"] != before["worker"]
    assert copy.children()["web"] == before["web"]

    # The supervisor itself is killed: the next start cleans up and has nothing left to set up.
    orphans = copy.children()
    copy.end(signal.SIGKILL)
    assert all(processes.is_alive(pid) for pid in orphans.values())
    copy.start()
    copy.wait_for("stopped what an earlier run left behind: web, worker, beat")
    copy.wait_for("Childwelfare is ready")
    assert not any(processes.is_alive(pid) for pid in orphans.values())
    assert sum("migrating" in line for line in copy.lines) == 1

    # SIGTERM stops everything, the servers too.
    children = copy.children()
    assert copy.end() == 0
    assert not any(processes.is_alive(pid) for pid in children.values())
    assert not (copy.home / "run" / "valkey.sock").exists()
    assert "setup  | stopped PostgreSQL" in copy.lines
    assert not postgres_server.socket_dir(copy.home).exists() or os.geteuid() != 0
    assert not (broken := told_from(copy.lines, "Traceback")), "\n".join(broken)


SHORT_LIVED_SITE = """
import http.server, sys, threading, time
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{}")
server = http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Answer)
threading.Thread(target=server.serve_forever, daemon=True).start()
time.sleep(2)
sys.exit(7)
"""


def test_dead_web_server_stops_everything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    port = free_port()
    monkeypatch.setenv("CHILDWELFARE_HOME", str(tmp_path))
    monkeypatch.setenv("PORT", str(port))
    monkeypatch.setenv("REDIS_URL", "unix:///nowhere")
    kept = supervisor.Supervisor()
    site = [sys.executable, "-c", SHORT_LIVED_SITE, str(port)]
    other = [sys.executable, "-c", "import time; time.sleep(60)"]
    monkeypatch.setattr(kept, "_commands", lambda: {"web": site, "worker": other, "beat": other})
    (tmp_path / "run").mkdir()
    assert kept._serve([]) == 1
    workers = [child.process for child in kept.children[1:]]
    kept._stop_all()
    assert [process.returncode for process in workers if process] == [-signal.SIGTERM] * 2
    said = capsys.readouterr().out
    assert f"Childwelfare is ready: http://127.0.0.1:{port}/" in said
    assert "the web server ended with exit code 7: stopping everything" in said


def test_bad_port_is_one_line(copy: Copy) -> None:
    copy.environ["PORT"] = "many"
    done = copy.command("run")
    assert done.returncode == 1
    assert done.stderr == "PORT must be a whole number, not 'many'.\n"


def test_unwritable_home_is_one_line(copy: Copy, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    copy.environ["CHILDWELFARE_HOME"] = str(tmp_path / "file" / "home")
    done = copy.command("run")
    assert done.returncode == 1
    assert done.stderr.startswith("The data folder ")
    assert done.stderr.count("\n") == 1


def test_given_servers_replace_the_embedded_ones(copy: Copy, root_url: str) -> None:
    copy.environ |= {"DATABASE_URL": root_url, "REDIS_URL": "unix:///nowhere/valkey.sock"}
    done = subprocess.run(
        [sys.executable, "manage.py", "prepare"],
        cwd=environment.BASE_DIR,
        env=copy.environ | {"DJANGO_SETTINGS_MODULE": "childwelfare.settings"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr.splitlines() == ["database: given by DATABASE_URL", "redis: given by REDIS_URL"]
    assert {path.name for path in copy.home.iterdir()} == {"secrets"}
