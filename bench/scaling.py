"""A prefecture matched by 1, 2 and 4 worker processes on one broker: the same pairs, and how long it takes.

The workers are real Celery processes on the bench's own database, one task at a time each. Work is started as the beat
starts it: one job for the prefecture, which starts one for each county.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

WORKERS = (1, 2, 4)
CHILDREN, ROWS = 5_000, 60_000
PERIOD = dt.date(2026, 10, 1)
PATIENCE = 900
STARTED = 12  # seconds in which all workers have come up; not counted


def measure() -> dict[str, Any]:
    """Seconds by number of workers, counties, and whether all found the same pairs."""
    from django.conf import settings

    from bench.lists.writing import make_lists

    with tempfile.TemporaryDirectory() as folder:
        settings.CELERY_TASK_ALWAYS_EAGER = False
        settings.MEDIA_ROOT = Path(folder) / "files"
        made = make_lists(Path(folder) / "lists", size="city", seed=5, children=CHILDREN, rows=ROWS)
        prefecture = prepare(made)
        seconds, hashes = {}, {}
        for number in WORKERS:
            forget()
            with workers(number, settings.MEDIA_ROOT):
                time.sleep(STARTED)
                began = time.perf_counter()
                run_id = start(prefecture)
                wait(run_id)
                seconds[number] = round(time.perf_counter() - began, 1)
            hashes[number] = pairs_hash()
        return {
            "children": made.children,
            "rows": made.rows,
            "counties": counties(run_id),
            "seconds": seconds,
            "speedup": {n: round(seconds[1] / s, 2) for n, s in seconds.items()},
            "hash_of_pairs": hashes[1][:16],
            "identical": len(set(hashes.values())) == 1,
            "cores": os.cpu_count(),
        }


def prepare(made: Any) -> int:
    """Divisions, register and the prefecture's list; the prefecture's code."""
    from django.db import connection
    from django.utils import timezone

    from cases.importing.trusted import import_register
    from cases.matching.intake.imports import receive_list, stage_received
    from staff.models import Region
    from staff.scope import system_scope

    with made.regions.open(encoding="utf-8") as stream:
        rows = [(int(r["code"]), r["name"], r["level"]) for r in csv.DictReader(stream)]
    known = {code for code, _name, _level in rows}
    prefecture = min(known) // 10**8 * 10**8
    upper = [(prefecture // 10**10 * 10**10, "省", "province"), (prefecture, "市", "prefecture")]
    counties = {code // 10**6 * 10**6 for code in known} - known
    rows += [each for each in upper if each[0] not in known] + [
        (c, f"县{c}", "county") for c in sorted(counties)
    ]
    rows += [(t, f"镇{t}", "township") for t in sorted({c // 1000 * 1000 for c in known} - known - counties)]
    Region.objects.bulk_create((Region(code=c, name=n, level=v) for c, n, v in rows), ignore_conflicts=True)
    with system_scope(reason="bench", log=False):
        import_register(made.register, name="register.csv", at=timezone.localtime())
        received, _new = receive_list(
            data=made.list.read_bytes(), name="list_all.csv", kind="dibao", period=PERIOD, region_id=prefecture,
            at=timezone.now(),
        )  # fmt: skip
        stage_received(received)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return prefecture


def start(prefecture: int) -> int:
    """Ask for the match, as the beat does; the run's key."""
    from django.utils import timezone

    from cases.matching.intake.imports import open_run
    from cases.matching.intake.uploads import start_match
    from staff.scope import system_scope

    with system_scope(reason="bench", log=False):
        run = open_run(region_id=prefecture, period=PERIOD)
        start_match(run, at=timezone.now())
        return int(run.pk)


def wait(run_id: int) -> None:
    """Until the run and all its counties are done."""
    from cases.models import MatchRun
    from staff.scope import system_scope

    deadline = time.monotonic() + PATIENCE
    while True:
        with system_scope(reason="bench", log=False):
            if MatchRun.objects.get(pk=run_id).state in ("done", "review"):
                return
        if time.monotonic() > deadline:
            raise TimeoutError("the workers did not finish")
        time.sleep(0.1)


def counties(run_id: int) -> int:
    from cases.models import MatchRun
    from staff.scope import system_scope

    with system_scope(reason="bench", log=False):
        return MatchRun.objects.filter(part_of=run_id).count()


def pairs_hash() -> str:
    """sha256 over all pairs with their rules, tiers and scores, whatever their keys."""
    from django.db import connection

    from staff.scope import system_scope

    with system_scope(reason="bench", log=False), connection.cursor() as cursor:
        cursor.execute(
            "SELECT r.row, c.child_id, c.role, c.person_id, c.tier, c.score, c.rule, c.reasons::text "
            "FROM cases_matchcandidate c JOIN cases_listrow r ON r.id = c.list_row_id "
            "ORDER BY r.row, c.child_id, c.role, c.person_id"
        )
        state = hashlib.sha256()
        for line in cursor:
            state.update(repr(line).encode())
    return state.hexdigest()


def forget() -> None:
    """Nothing of an earlier measure is left: neither pairs nor keys."""
    from django.db import transaction

    from cases.models import Discrepancy, ListRow, MatchCandidate, MatchRun, PotentialChild, RegisterKeys
    from staff.models import Job
    from staff.scope import system_scope

    with transaction.atomic(), system_scope(reason="bench", log=False):
        for model in (PotentialChild, Discrepancy, MatchCandidate, ListRow, RegisterKeys):
            model._base_manager.all()._raw_delete("default")
        MatchRun._base_manager.update(job=None, part_of=None)
        MatchRun._base_manager.all().delete()
        Job._base_manager.filter(state="queued").update(state="cancelled")


@contextmanager
def workers(number: int, media: Path) -> Iterator[None]:
    """So many Celery workers, one process each, on this database, broker and files."""
    from django.db import connection

    from childwelfare import connections

    environ = os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.cases.matching.worker_settings",
        "DATABASE_URL": connections.with_database(
            connections.addresses().application, connection.settings_dict["NAME"]
        ),
        "REDIS_URL": connections.redis_url(),
        "CHILDWELFARE_TEST_FILES": str(media),
        # As many threads as a worker has where each has a core of its own.
        "POLARS_MAX_THREADS": "1",
    }
    words = [sys.executable, "-m", "celery", "-A", "childwelfare", "--quiet", "worker", "--pool", "solo"]
    words += ["--loglevel", "ERROR", "--without-gossip", "--without-mingle", "--without-heartbeat"]
    started = [
        subprocess.Popen([*words, "-n", f"bench{n}@%h"], env=environ, start_new_session=True)
        for n in range(number)
    ]
    try:
        yield
    finally:
        for process in started:
            os.killpg(process.pid, signal.SIGTERM)
        for process in started:
            process.wait()
