"""A worker that is killed in the middle leaves nothing behind; a new one ends with the right rows and none
twice.

Real processes on the real servers: the worker is stopped by locks that the test holds, so "in the middle" is
certain,
killed with all its children, and started again as the supervisor does.
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
from django.db import connection, transaction

from cases.matching import uploads
from cases.matching.match import run_match
from cases.models import ListImport, ListRow, MatchCandidate, MatchRun
from childwelfare import connections
from childwelfare.celery import restore_unacknowledged
from staff.models import Job
from staff.scope import system_scope
from tests.cases.matching.conftest import AT, OCTOBER, OWN, SECOND, acting, another_child, csv_list, row
from tests.cast import COUNTY, Cast

PATIENCE = 60  # seconds for a worker to start or a lock to be met; far more than it takes
PEOPLE = 40


@pytest.fixture
def worker(settings: Any, tmp_path: Path) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Starts a Celery worker on this test's database, broker and files; none outlives the test."""
    settings.CELERY_TASK_ALWAYS_EAGER = False
    started: list[subprocess.Popen[bytes]] = []
    environ = os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.cases.matching.worker_settings",
        "DATABASE_URL": connections.with_database(
            connections.addresses().application, connection.settings_dict["NAME"]
        ),
        "REDIS_URL": connections.redis_url(),
        "CHILDWELFARE_TEST_FILES": str(settings.MEDIA_ROOT),
    }
    log = (tmp_path / "worker.log").open("ab")

    def start() -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [
                *(
                    sys.executable,
                    "-m",
                    "celery",
                    "-A",
                    "childwelfare",
                    "--quiet",
                    "worker",
                    "--concurrency",
                    "1",
                ),
                *("--loglevel", "WARNING", "--without-gossip", "--without-mingle", "--without-heartbeat"),
            ],
            env=environ,
            stdout=log,
            stderr=log,
            start_new_session=True,
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
        time.sleep(0.05)


def answer(sql: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone()[0]


def someone_waits() -> bool:
    return bool(answer("SELECT count(*) FROM pg_locks WHERE NOT granted AND pid <> pg_backend_pid()"))


def others() -> int:
    """Connections of the application role to this test's database beside our own."""
    return int(
        answer(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
            "AND usename = current_user AND pid <> pg_backend_pid()"
        )
    )


@contextmanager
def held(sql: str, *values: object) -> Iterator[None]:
    """Hold a lock, so that whoever needs it stops there, its own rows written and not committed."""
    with system_scope(reason="test", log=False), connection.cursor() as cursor:
        cursor.execute(sql, values)
        yield


def die_in_the_middle(start: Callable[[], subprocess.Popen[bytes]], sql: str, *values: object) -> None:
    with held(sql, *values):
        process = start()
        until("the worker is in the middle", someone_waits)
        kill(process)
    until("the database has noticed", lambda: others() == 0)
    restore_unacknowledged()


def count(model: type) -> int:
    with system_scope(reason="test", log=False):
        return int(model._base_manager.count())  # type: ignore[attr-defined]


def list_file() -> bytes:
    people = [row("林小满", OWN, head="林桂芳"), row("苏谷雨", SECOND, head="苏长林")]
    people += [row(f"路人{chr(0x4E00 + n)}", "", head=f"户主{chr(0x4E00 + n)}") for n in range(PEOPLE - 2)]
    return csv_list(*people)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_killed_while_staging_and_while_matching(
    cast: Cast, worker: Callable[[], subprocess.Popen[bytes]]
) -> None:
    another_child(cast)
    with acting(cast, "clerk") as actor:
        received, _new = uploads.upload_list(
            actor=actor,
            at=AT,
            data=list_file(),
            name="低保.csv",
            kind="dibao",
            period=OCTOBER,
            region_id=COUNTY,
        )
        run = uploads.confirm_list(actor=actor, at=AT, list_import=received)

    # The import is marked as staged after its rows were inserted: the worker waits there for our lock.
    die_in_the_middle(worker, "SELECT id FROM cases_listimport WHERE id = %s FOR UPDATE", received.pk)
    assert count(ListRow) == 0
    with system_scope(reason="test", log=False):
        assert ListImport._base_manager.get(pk=received.pk).state == "preview"

    # Discrepancies are looked for after the pairs were written; staging is done by then.
    die_in_the_middle(worker, "LOCK TABLE cases_discrepancy IN ACCESS EXCLUSIVE MODE")
    assert count(ListRow) == PEOPLE
    assert count(MatchCandidate) == 0

    worker()
    until("the run is done", lambda: _state(run) == MatchRun.State.DONE)
    with system_scope(reason="test", log=False):
        rows = list(ListRow._base_manager.values_list("sheet", "line"))
        pairs = list(
            MatchCandidate._base_manager.order_by("pk").values_list("pk", "list_row_id", "child_id", "state")
        )
        jobs = list(Job._base_manager.values_list("kind", "state"))
    assert len(rows) == len(set(rows)) == PEOPLE
    assert len(pairs) == len({(row_id, child) for _pk, row_id, child, _state in pairs}) == 2
    assert sorted(jobs) == [(uploads.MATCH, "done"), (uploads.STAGE, "done")]
    with acting(cast, "clerk"), transaction.atomic():
        run_match(run.pk)
        assert (
            list(MatchCandidate.objects.order_by("pk").values_list("pk", "list_row_id", "child_id", "state"))
            == pairs
        )


def _state(run: MatchRun) -> str:
    with system_scope(reason="test", log=False):
        return str(MatchRun._base_manager.get(pk=run.pk).state)
