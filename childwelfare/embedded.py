"""What the embedded servers share: private folders, one start at a time, room on the disk, who is alive."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from childwelfare.environment import SetupError, short_hash

SOCKET_PATH_LIMIT = 85  # sun_path holds 107 bytes, less the longest file name in the folder
FREE_BYTES_NEEDED = 300 * 1024 * 1024


def short_dir(home: Path, kind: str) -> Path:
    name = f"childwelfare-{os.geteuid()}-{short_hash(str(home))}-{kind}"
    return Path(tempfile.gettempdir()) / name


def socket_dir(home: Path) -> Path:
    """Folder for unix sockets of this user: ``run`` in the data folder, or a short one; creates nothing."""
    folder = home / "run"
    return folder if len(str(folder)) <= SOCKET_PATH_LIMIT else short_dir(home, "run")


def private_dir(folder: Path, uid: int, gid: int) -> Path:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if os.geteuid() == 0 and folder.stat().st_uid != uid and not any(folder.iterdir()):
        os.chown(folder, uid, gid)
    state = folder.lstat()
    if state.st_uid != uid or state.st_mode & 0o077:
        raise SetupError(
            f"{folder} must be a private folder (mode 0700) of the user that starts the servers."
        )
    return folder


@contextlib.contextmanager
def one_at_a_time(home: Path) -> Iterator[None]:
    folder = home / "run"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (folder / "servers.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
    except PermissionError as error:
        raise SetupError(
            f"The data folder {home} belongs to another user ({error.filename}): set CHILDWELFARE_HOME."
        ) from error


def check_space(home: Path) -> None:
    """Raise SetupError when the disk of the data folder is nearly full."""
    present = next(folder for folder in (home, *home.parents) if folder.exists())
    free = shutil.disk_usage(present).free
    if free < FREE_BYTES_NEEDED:
        raise SetupError(
            f"The disk of {home} is full: {free >> 20} MB free, {FREE_BYTES_NEEDED >> 20} MB needed."
        )


def process_command(pid: int) -> str:
    """Command line of a living process; empty for a zombie or when there is none (or no /proc)."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        if state.rsplit(")", 1)[1].split()[0] == "Z":
            return ""
        words = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, IndexError):
        return ""
    return words.replace(b"\0", b" ").decode(errors="replace").strip()


def last_line(log: Path, otherwise: str) -> str:
    try:
        text = log.read_text(encoding="utf-8", errors="replace")
    except OSError:
        text = ""
    lines = [line for line in text.splitlines() if "FATAL" in line or "No space" in line or "PANIC" in line]
    if not lines:
        lines = [line for line in otherwise.splitlines() if line.strip()]
    return lines[-1].strip() if lines else "no message"
