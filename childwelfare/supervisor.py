"""``make run``: one process that starts everything, watches it and stops it.

``python -m childwelfare.supervisor [run|stop]``. Logs of the children come out prefixed with their names. The
worker and the scheduler are started again when they die; when the web server dies, all of it stops with a
message. Exit code 0 after a stop that was asked for, 1 otherwise.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import FrameType
from typing import TextIO

from childwelfare import celery as tasks
from childwelfare import embedded, environment, preparation, processes
from childwelfare.environment import SetupError
from childwelfare.processes import Child, say

READY_SECONDS = 90
STOP_SECONDS = 20
LONGEST_PAUSE = 30.0
STEADY_SECONDS = 60.0
SERVER_CHECK_SECONDS = 5.0


class Supervisor:
    def __init__(self) -> None:
        self.home = environment.home()
        self.host = environment.variable("HOST", "127.0.0.1")
        self.port = environment.number("PORT", 8000)
        self.run_dir = self.home / "run"
        self.pid_file = self.run_dir / "supervisor.json"
        self.children_file = self.run_dir / "children.json"
        self.children: list[Child] = []
        self.stopping = 0
        self.lock: TextIO | None = None

    # --- Start ------------------------------------------------------------------------------------------

    def run(self) -> int:
        self._make_home()
        self._take_lock()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        try:
            left = processes.stop_orphans(self.children_file)
            if left:
                say("setup", f"stopped what an earlier run left behind: {', '.join(left)}")
            self._check_port()
            embedded.check_space(self.home)
            for line in preparation.start_servers():
                say("setup", line)
            accounts = self._set_up()
            if self.stopping:
                return 0
            return self._serve(accounts)
        finally:
            self._stop_all()

    def _make_home(self) -> None:
        try:
            self.run_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            probe = self.run_dir / ".write"
            probe.write_text("", encoding="utf-8")
            probe.unlink()
        except OSError as error:
            if error.errno == errno.ENOSPC:
                raise SetupError(f"The disk of {self.home} is full.") from error
            raise SetupError(
                f"The data folder {self.home} cannot be written ({error.strerror}): set CHILDWELFARE_HOME."
            ) from error

    def _take_lock(self) -> None:
        """Be the only supervisor of this data folder; one that has lost its own parent is replaced."""
        self.lock = (self.run_dir / "supervisor.lock").open("w")
        if not _locked(self.lock):
            other = read_pid(self.pid_file)
            if other is None or not _is_orphan(other):
                where = other["address"] if other else self.home
                raise SetupError(
                    f"Already running at {where}: stop it with `make stop`, "
                    "or set CHILDWELFARE_HOME and PORT for a second copy."
                )
            say("setup", "an earlier run has lost its terminal: replacing it")
            os.kill(int(other["pid"]), signal.SIGTERM)
            until = time.monotonic() + STOP_SECONDS + 20
            while not _locked(self.lock):
                if time.monotonic() > until:
                    raise SetupError(
                        f"The earlier run (process {other['pid']}) does not stop: end it and try again."
                    )
                time.sleep(0.2)
        about = {"pid": os.getpid(), "parent": os.getppid(), "address": self.address}
        environment.write_private(self.pid_file, json.dumps(about))

    @property
    def address(self) -> str:
        shown = "127.0.0.1" if self.host in {"", "0.0.0.0", "::"} else self.host  # noqa: S104 (only compared)
        return f"http://{shown}:{self.port}/"

    def _check_port(self) -> None:
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((self.host, self.port))
            except (OSError, OverflowError) as error:
                number = getattr(error, "errno", None)
                if number == errno.EADDRINUSE:
                    raise SetupError(
                        f"Port {self.port} is taken by another program: choose one with `make run PORT=8001`."
                    ) from error
                raise SetupError(f"Cannot listen on {self.host}:{self.port}: {error}.") from error

    def _set_up(self) -> list[dict[str, str]]:
        """Migrations, translations, static files, demo county; returns the demo accounts."""
        child = subprocess.Popen(
            [sys.executable, str(environment.BASE_DIR / "manage.py"), "set_up", *self._set_up_options()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            env=self._environ(),
            start_new_session=True,
        )
        self.children.append(Child("setup", [], restart=False, environ={}, process=child))
        assert child.stdout is not None
        assert child.stderr is not None
        last = ""
        for line in child.stderr:
            last = line.strip() or last
            say("setup", line.rstrip())
        output = child.stdout.read()
        child.wait()
        self.children.clear()
        if self.stopping:
            return []
        if child.returncode != 0:
            hint = " The disk is full." if "No space left" in last else ""
            raise SetupError(f"The installation could not be brought up to date (see above).{hint}")
        return list(json.loads(output.splitlines()[-1])["accounts"])

    def _set_up_options(self) -> list[str]:
        wanted = environment.variable("CHILDWELFARE_DEMO", "yes").strip().lower()
        return ["--no-demo"] if wanted in {"0", "no", "off", "false"} else []

    def _environ(self) -> dict[str, str]:
        return os.environ | {
            "PYTHONUNBUFFERED": "1",
            "CHILDWELFARE_HOME": str(self.home),
            "DJANGO_SETTINGS_MODULE": "childwelfare.settings",
        }

    def _commands(self) -> dict[str, list[str]]:
        python = sys.executable
        host = f"[{self.host}]" if ":" in self.host else self.host
        return {
            "web": [
                *(python, "-m", "gunicorn", "childwelfare.wsgi:application"),
                *("--worker-class", "gthread", "--workers", "2", "--threads", "4"),
                *("--bind", f"{host}:{self.port}", "--timeout", "120", "--graceful-timeout", "10"),
                *("--preload", "--no-control-socket", "--log-level", "warning"),
            ],
            "worker": [
                *(python, "-m", "celery", "-A", "childwelfare", "--quiet", "worker", "--concurrency", "2"),
                *("--hostname", f"childwelfare-{os.getpid()}@%h", "--loglevel", "INFO"),
                *("--without-gossip", "--without-mingle"),
            ],
            "beat": [
                *(python, "-m", "celery", "-A", "childwelfare", "--quiet", "beat", "--loglevel", "WARNING"),
                *("--pidfile", ""),
            ],
        }

    # --- Watch ------------------------------------------------------------------------------------------

    def _serve(self, accounts: list[dict[str, str]]) -> int:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "childwelfare.settings")
        environ = self._environ()
        self._before_worker()
        for name, command in self._commands().items():
            child = Child(name, command, restart=name != "web", environ=environ)
            child.start()
            self.children.append(child)
            processes.write_down(self.children_file, self.children)
        if not self._wait_until_ready():
            return 0 if self.stopping else 1
        self._announce(accounts)
        checked = time.monotonic()
        while not self.stopping:
            time.sleep(0.3)
            for child in self.children:
                if not child.running() and not self._revive(child):
                    return 1
            if time.monotonic() - checked > SERVER_CHECK_SECONDS:
                checked = time.monotonic()
                self._revive_servers()
        return 0

    def _before_worker(self) -> None:
        """No worker of ours is alive now: what the last one left unfinished may be handed out again."""
        if environment.variable("REDIS_URL"):
            return  # others may work on the same queue
        waiting = tasks.restore_unacknowledged()
        if waiting:
            say("setup", f"{waiting} unfinished tasks are handed out again")

    def _revive(self, child: Child) -> bool:
        """Start a dead child again after a pause that grows; False when its death ends everything."""
        now = time.monotonic()
        if not child.restart:
            say("setup", f"the web server {child.exit_reason()}: stopping everything")
            return False
        if not child.restart_at:
            if child.process is not None:
                processes.signal_group(child.process.pid, signal.SIGKILL)
            if now - child.started_at > STEADY_SECONDS:
                child.failures = 0
            pause = min(LONGEST_PAUSE, 2.0**child.failures)
            child.failures += 1
            child.restart_at = now + pause
            say("setup", f"the {child.name} {child.exit_reason()}: starting it again in {pause:.0f} s")
        elif now >= child.restart_at:
            if child.name == "worker":
                self._before_worker()
            child.start()
            processes.write_down(self.children_file, self.children)
        return True

    def _revive_servers(self) -> None:
        try:
            preparation.revive_servers()
        except SetupError as error:
            say("setup", str(error))

    def _wait_until_ready(self) -> bool:
        """Wait for every part to be well; says what is not when it takes too long."""
        until = time.monotonic() + READY_SECONDS
        answer = "no answer"
        while time.monotonic() < until and not self.stopping:
            for child in self.children:
                if not child.running() and not self._revive(child):
                    return False
            try:
                with urllib.request.urlopen(f"{self.address}healthz", timeout=10):  # noqa: S310 (our own address)
                    return True
            except urllib.error.HTTPError as error:
                answer = _explain(error)
            except OSError:
                answer = "the web server does not answer"
            time.sleep(0.2)
        if not self.stopping:
            say("setup", f"not ready after {READY_SECONDS} s ({answer}); see the lines above")
        return False

    def _announce(self, accounts: list[dict[str, str]]) -> None:
        say("setup", "")
        say("setup", f"Childwelfare is ready: {self.address}   (Ctrl-C stops it)")
        if accounts:
            say("setup", "Demo accounts:")
            for account in accounts:
                rest = "  ".join(
                    str(value) for key, value in account.items() if key not in {"username", "password"}
                )
                say("setup", f"  {account['username']:<14} {account.get('password', ''):<14} {rest}".rstrip())
        say("setup", "")

    # --- Stop -------------------------------------------------------------------------------------------

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.stopping += 1
        for child in self.children:
            if child.process is None or not child.running():
                continue
            if self.stopping > 1:
                processes.signal_group(child.process.pid, signal.SIGKILL)
            elif child.name == "setup":
                child.process.terminate()

    def _stop_all(self) -> None:
        running = [child for child in self.children if child.running()]
        if running:
            say("setup", "stopping")
        for child in running:
            assert child.process is not None
            # Only the leader: it lets its own workers finish what they have in hand.
            with contextlib.suppress(ProcessLookupError):
                child.process.terminate()
        until = time.monotonic() + STOP_SECONDS
        while any(child.running() for child in running) and time.monotonic() < until and self.stopping < 2:
            time.sleep(0.1)
        for child in running:
            assert child.process is not None
            if child.running():
                say("setup", f"the {child.name} does not stop: ending it")
            processes.signal_group(child.process.pid, signal.SIGKILL)
            child.process.wait()
            if child.reader is not None:
                child.reader.join(timeout=1)
        if self.lock is not None and _locked(self.lock):
            self.children_file.unlink(missing_ok=True)
            for name in preparation.stop_servers(self.home):
                say("setup", f"stopped {name}")
            self.pid_file.unlink(missing_ok=True)


def _explain(error: urllib.error.HTTPError) -> str:
    """What /healthz says is wrong."""
    try:
        parts = json.loads(error.read())
    except ValueError:
        return f"the web server answers {error.code}"
    return "; ".join(f"{name}: {value}" for name, value in parts.items() if value not in {"ok", "failing"})


def _locked(file: TextIO) -> bool:
    """Take the lock on an open file; taking it twice is harmless."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def read_pid(path: Path) -> dict[str, str] | None:
    """What the running supervisor wrote about itself: pid, parent, address."""
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return None


def _is_orphan(about: dict[str, str]) -> bool:
    """Whether the process that started this supervisor is gone."""
    try:
        text = Path(f"/proc/{about['pid']}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return True
    return int(text.rsplit(")", 1)[1].split()[1]) != int(about["parent"])


def stop() -> int:
    """Stop a running supervisor, what a killed one left behind, and the embedded servers."""
    home = environment.home()
    if not home.exists():
        say("setup", "nothing is running")
        return 0
    supervisor = Supervisor()
    supervisor.run_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    supervisor.lock = (supervisor.run_dir / "supervisor.lock").open("w")
    if not _locked(supervisor.lock):
        other = read_pid(supervisor.pid_file)
        if other is not None:
            os.kill(int(other["pid"]), signal.SIGTERM)
        until = time.monotonic() + STOP_SECONDS + 20
        while not _locked(supervisor.lock):
            if time.monotonic() > until:
                raise SetupError("The running copy does not stop; end its process and try again.")
            time.sleep(0.2)
        say("setup", "stopped the running copy")
    left = processes.stop_orphans(supervisor.children_file)
    stopped = left + preparation.stop_servers(home)
    tests = environment.BASE_DIR / "var" / "test"
    if home == environment.BASE_DIR / "var" and tests.exists():
        stopped += [f"{name} of the tests" for name in preparation.stop_servers(tests)]
    say("setup", f"stopped {', '.join(stopped)}" if stopped else "nothing else is running")
    return 0


def main() -> int:
    action = sys.argv[1] if len(sys.argv) > 1 else "run"
    try:
        if action == "stop":
            return stop()
        if action == "run":
            return Supervisor().run()
    except SetupError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stderr.write("usage: python -m childwelfare.supervisor [run|stop]\n")
    return 2


if __name__ == "__main__":
    sys.exit(main())
