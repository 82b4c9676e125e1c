"""Child processes of the supervisor: each in a group of its own, written down, and found after a crash."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from childwelfare.embedded import process_command
from childwelfare.environment import write_private

PRINT_LOCK = threading.Lock()


def say(prefix: str, line: str) -> None:
    """One prefixed line on standard output; silence when nobody reads any more."""
    with PRINT_LOCK, contextlib.suppress(BrokenPipeError, ValueError):
        sys.stdout.write(f"{prefix:<7}| {line}\n")
        sys.stdout.flush()


def start_mark(pid: int) -> str:
    """What tells this process from a later one with the same id: its start time, empty where unknown."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return text.rsplit(")", 1)[1].split()[19]


def is_alive(pid: int) -> bool:
    """Whether the process runs; a zombie does not."""
    if Path("/proc/self").exists():
        return bool(process_command(pid))
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def signal_group(pid: int, number: signal.Signals) -> None:
    """Send a signal to the group led by ``pid``, if it is still there."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


@dataclass
class Child:
    """One program the supervisor keeps: how it is started, and how it is doing."""

    name: str
    command: list[str]
    restart: bool
    environ: dict[str, str]
    process: subprocess.Popen[str] | None = None
    started_at: float = 0.0
    restart_at: float = 0.0
    failures: int = 0
    reader: threading.Thread | None = field(default=None, repr=False)

    def start(self) -> None:
        self.process = subprocess.Popen(
            self.command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=self.environ,
            start_new_session=True,  # Ctrl-C reaches the supervisor alone, which stops the rest in order
        )
        self.started_at = time.monotonic()
        self.restart_at = 0.0
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        assert self.process is not None
        assert self.process.stdout is not None
        with self.process.stdout as said:
            for line in said:
                say(self.name, line.rstrip())

    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def exit_reason(self) -> str:
        code = self.process.returncode if self.process else None
        if code is not None and code < 0:
            return f"was ended by {signal.Signals(-code).name}"
        return f"ended with exit code {code}"


def write_down(path: Path, children: list[Child]) -> None:
    """Keep the ids of the running children, for a supervisor that has to clean up after this one."""
    rows = [
        {"name": child.name, "pid": child.process.pid, "mark": start_mark(child.process.pid)}
        for child in children
        if child.process is not None and child.running()
    ]
    write_private(path, json.dumps(rows))


def stop_orphans(path: Path, patience: float = 10.0) -> list[str]:
    """Stop children that a killed supervisor left behind; returns their names.

    Only processes with the start time written down are touched: an id may be a stranger's by now.
    """
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    found = [row for row in rows if is_alive(row["pid"]) and start_mark(row["pid"]) == row["mark"]]
    for row in found:
        signal_group(row["pid"], signal.SIGTERM)
    until = time.monotonic() + patience
    while time.monotonic() < until and any(is_alive(row["pid"]) for row in found):
        time.sleep(0.1)
    for row in rows:
        # The leader may be gone while its own children are not: the group keeps the number.
        if row in found or not is_alive(row["pid"]):
            _kill_group_of_ours(row["pid"])
    path.unlink(missing_ok=True)
    return [row["name"] for row in found]


def _kill_group_of_ours(group: int) -> None:
    """SIGKILL for what is left of a process group, if its members are our programs."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text(encoding="utf-8", errors="replace").rsplit(")", 1)[1].split()
        except (OSError, IndexError):
            continue
        if int(fields[2]) == group and "childwelfare" in process_command(int(folder.name)):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(int(folder.name), signal.SIGKILL)
