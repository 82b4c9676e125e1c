"""Celery workers as real processes on a test's own database, broker and files, to be killed with SIGKILL.

Locks that the test holds make "in the middle" certain: whoever needs one stops there, everything before it written and
not committed.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections, transaction

from childwelfare import connections as addresses
from childwelfare.celery import restore_unacknowledged
from staff.scope import system_scope

PATIENCE = 60  # seconds for a worker to start or a lock to be met; far more than it takes
Start = Callable[[], "subprocess.Popen[bytes]"]


def surroundings(settings: Any) -> dict[str, str]:
    """The environment of a process that works on this test's database, broker and files."""
    return os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.cases.matching.worker_settings",
        "DATABASE_URL": addresses.with_database(
            addresses.addresses().application, connection.settings_dict["NAME"]
        ),
        "REDIS_URL": addresses.redis_url(),
        "CHILDWELFARE_TEST_FILES": str(settings.MEDIA_ROOT),
    }


@pytest.fixture
def worker(settings: Any, tmp_path: Path) -> Iterator[Start]:
    """Starts a Celery worker on this test's database, broker and files; none outlives the test."""
    settings.CELERY_TASK_ALWAYS_EAGER = False
    # Of its own: in a fresh database the same keys, and names made from them, come again.
    settings.MEDIA_ROOT = tmp_path / "files"
    started: list[subprocess.Popen[bytes]] = []
    log = (tmp_path / "worker.log").open("ab")
    words = [sys.executable, "-m", "celery", "-A", "childwelfare", "--quiet", "worker", "--concurrency", "1"]
    words += ["--loglevel", "WARNING", "--without-gossip", "--without-mingle", "--without-heartbeat"]

    def start() -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            words, env=surroundings(settings), stdout=log, stderr=log, start_new_session=True
        )
        started.append(process)
        return process

    yield start
    for process in started:
        kill(process)
    log.close()


def kill(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL to the worker and the process of its pool, as when the machine loses power."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def until(what: str, holds: Callable[[], Any]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, f"waited {PATIENCE} s in vain: {what}"
        time.sleep(0.02)


def answer(sql: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return int(cursor.fetchone()[0])


def someone_waits() -> bool:
    """Whether somebody waits for a lock in this test's database; what other tests wait for on the server is their own."""
    return bool(
        answer(
            "SELECT count(*) FROM pg_locks waiting JOIN pg_locks held USING (pid) WHERE NOT waiting.granted"
            " AND held.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
    )


def others() -> int:
    """Connections of the application role to this test's database beside our own. Not inside a transaction, which
    sees the connections of its beginning."""
    return answer(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
        "AND usename = current_user AND pid <> pg_backend_pid()"
    )


@contextmanager
def held(sql: str, *values: int) -> Iterator[None]:
    """Hold a lock, so that whoever needs it stops there, its own rows written and not committed."""
    with system_scope(reason="test", log=False), connection.cursor() as cursor:
        cursor.execute(sql, values)
        yield


@contextmanager
def held_by_owner(sql: str) -> Iterator[None]:
    """As ``held``, a lock that only the tables' owner may take."""
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        cursor.execute(sql)
        yield


def die_in_the_middle(start: Start, sql: str, *values: int) -> None:
    """A worker is started, runs into the lock and is killed there; its task waits for the next worker."""
    with held(sql, *values):
        _die(start)
    _forget()


def die_by_owner(start: Start, sql: str) -> None:
    """As die_in_the_middle, at a lock that the tables' owner holds."""
    with held_by_owner(sql):
        _die(start)
    _forget()


def _die(start: Start) -> None:
    process = start()
    until("the worker is in the middle", someone_waits)
    kill(process)


def _forget() -> None:
    until("the database has noticed", lambda: others() == 0)
    restore_unacknowledged()
