"""A worker that is killed in the middle leaves nothing behind, and no identity number in the clear; a new one ends
with the right rows and none twice.

Real processes on the real servers: the worker is stopped by locks that the test holds, so "in the middle" is certain,
killed with all its children, and started again as the supervisor does.
"""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core.cache import cache
from django.db import connection, transaction
from django.urls import reverse
from django.utils import translation

from cases.matching.discrepancies.closing import CLOSE
from cases.matching.intake import services as intake
from cases.matching.intake import uploads
from cases.matching.intake.stage import COLUMNS_TYPE, frame_of
from cases.matching.runs import pages as run_pages
from cases.matching.runs.match import run_match
from cases.models import (
    Discrepancy,
    ListImport,
    ListRow,
    MatchCandidate,
    MatchExecution,
    MatchRun,
    RegisterKeys,
)
from staff import jobs
from staff.models import Job, StoredFile
from staff.scope import system_scope
from tests.cases.matching.conftest import (
    AT,
    OCTOBER,
    OWN,
    SECOND,
    acting,
    another_child,
    csv_list,
    number,
    row,
)
from tests.cast import COUNTY, Cast
from tests.workers import Start, die_in_the_middle, held, kill, others, someone_waits, until, worker

__all__ = ["worker"]

PEOPLE = 40
STRANGER = number("50015219800101101")
# Where the worker stands when it needs the lock: rows are locked for readers of their own lock, tables for writers.
STAGES = {
    "staging": "SELECT id FROM cases_listimport FOR UPDATE",
    "keys": "LOCK TABLE cases_registerkeys IN SHARE MODE",
    "matched, nothing written": "LOCK TABLE cases_listrow IN SHARE MODE",
    "writing pairs": "LOCK TABLE cases_matchcandidate IN SHARE MODE",
    "result kept as a file": "LOCK TABLE cases_matchexecution IN SHARE MODE",
    "discrepancies": "LOCK TABLE cases_discrepancy IN ACCESS EXCLUSIVE MODE",
}


def count(model: type) -> int:
    with system_scope(reason="test", log=False):
        return int(model._base_manager.count())  # type: ignore[attr-defined]


def list_file() -> bytes:
    people = [row("林小满", OWN, head="林桂芳"), row("苏谷雨", SECOND, head="苏长林")]
    people += [row("路人", STRANGER, head="路人")]
    people += [row(f"路人{chr(0x4E00 + n)}", "", head=f"户主{chr(0x4E00 + n)}") for n in range(PEOPLE - 3)]
    return csv_list(*people)


def confirmed(cast: Cast) -> tuple[ListImport, MatchRun]:
    with acting(cast, "clerk") as actor:
        received, _new = intake.take_list(
            actor=actor,
            at=AT,
            data=list_file(),
            name="低保.csv",
            kind="dibao",
            period=OCTOBER,
            region_id=COUNTY,
        )
        return received, uploads.confirm_list(actor=actor, at=AT, list_import=received)


def state_of(run: MatchRun) -> str:
    with system_scope(reason="test", log=False):
        return str(MatchRun._base_manager.get(pk=run.pk).state)


# --- Looking for a number -----------------------------------------------------------------------------------


def clear_in_tables(*numbers: str) -> list[str]:
    """The tables that hold one of the numbers as text, or as bytes of text."""
    found = []
    with system_scope(reason="test", log=False), connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE c.relkind IN ('r', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema') "
            "AND has_table_privilege(c.oid, 'SELECT')"
        )
        tables = [name for (name,) in cursor.fetchall()]
        for table in tables:
            for text in (*numbers, *(n.encode().hex() for n in numbers)):
                cursor.execute(f"SELECT EXISTS (SELECT FROM {table} t WHERE t::text LIKE %s)", [f"%{text}%"])
                if cursor.fetchone()[0]:
                    found.append(table)
    return found


def clear_in_files(*numbers: str, folders: list[Path]) -> list[Path]:
    """The files below the folders that hold one of the numbers."""
    found = []
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file() and not path.is_symlink():
                data = path.read_bytes()
                if any(n.encode() in data for n in numbers):
                    found.append(path)
    return found


def nowhere_in_the_clear(temporary: Path) -> None:
    planted = (OWN, SECOND, STRANGER)
    assert clear_in_tables(*planted) == []
    assert clear_in_files(*planted, folders=[Path(django_settings.MEDIA_ROOT), temporary]) == []


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The temporary directory of the worker: whatever spills to disk spills here."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    for name in ("TMPDIR", "POLARS_TEMP_DIR"):
        monkeypatch.setenv(name, str(folder))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.mark.django_db
def test_a_number_in_a_file_or_a_table_would_be_found(cast: Cast, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text(f"林小满,{OWN}\n")
    assert clear_in_files(OWN, folders=[tmp_path]) == [tmp_path / "x.csv"]
    with system_scope(reason="test", log=False):
        for digest in (OWN, OWN.encode().hex()):
            ListImport._base_manager.create(
                region_id=COUNTY, kind="dibao", period=OCTOBER, name="x", sha256=digest, created_at=AT
            )
            assert "cases_listimport" in clear_in_tables(OWN)
            ListImport._base_manager.all().delete()


# --- Deaths -------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_killed_at_each_stage(cast: Cast, worker: Start, temporary: Path) -> None:
    another_child(cast)
    received, run = confirmed(cast)
    for stage, lock in STAGES.items():
        die_in_the_middle(worker, lock)
        staged = stage != "staging"
        with system_scope(reason="test", log=False):
            assert ListImport._base_manager.get(pk=received.pk).state == (
                "staged" if staged else "preview"
            ), stage
        # Of the whole match nothing is kept before its end.
        assert [count(m) for m in (ListRow, MatchCandidate, RegisterKeys)] == [0, 0, 0], stage
        assert state_of(run) == "queued", stage
        nowhere_in_the_clear(temporary)

    worker()
    until("the run is done", lambda: state_of(run) in ("done", "review"))
    nowhere_in_the_clear(temporary)
    with system_scope(reason="test", log=False):
        received = ListImport._base_manager.select_related("frame", "region").get(pk=received.pk)
        assert frame_of(received).height == received.row_count == PEOPLE
        kept = StoredFile._base_manager.filter(kind=StoredFile.Kind.STAGED)
        assert kept.filter(content_type=COLUMNS_TYPE).count() == 2
        assert kept.exclude(content_type=COLUMNS_TYPE).count() == 1  # what the pages of the list show
        children = MatchCandidate._base_manager.filter(role="child").order_by("pk")
        pairs = list(children.values_list("pk", "list_row_id", "child_id", "state"))
        found = list(Job._base_manager.order_by("kind").values_list("kind", "state", "attempts"))
        assert list(MatchExecution._base_manager.values_list("number", "state")) == [(1, "done")]
    assert len(pairs) == len({(row_id, child) for _pk, row_id, child, _state in pairs}) == 2
    assert found == [(uploads.MATCH, "done", len(STAGES)), (uploads.STAGE, "done", 2)]
    with acting(cast, "clerk"), translation.override("en"):
        (told,) = run_pages.told(run)
    assert f"Workers stopped in the middle {len(STAGES) - 1} times" in " ".join(told["words"])
    with acting(cast, "clerk"), transaction.atomic():
        run_match(run.pk)
        assert list(children.values_list("pk", "list_row_id", "child_id", "state")) == pairs


@contextmanager
def database_gone() -> Iterator[None]:
    """Whoever else is connected loses the connection, as when the server is restarted."""
    yield
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
            "AND usename = current_user AND pid <> pg_backend_pid()"
        )


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_restarted_in_the_middle(cast: Cast, worker: Start, temporary: Path) -> None:
    another_child(cast)
    _received, run = confirmed(cast)
    with held(STAGES["writing pairs"]):
        worker()
        until("the worker is in the middle", someone_waits)
        with database_gone():
            pass
    until("the worker has noticed", lambda: others() == 0 or count(MatchCandidate) == 0)
    with system_scope(reason="test", log=False):
        (job,) = Job._base_manager.filter(kind=uploads.MATCH)
        assert job.state == Job.State.QUEUED
        # A minute later the sweep has the work begun again.
        Job._base_manager.filter(pk=job.pk).update(created_at=AT - dt.timedelta(days=1))
        cache.delete(f"job:{job.pk}")
    assert jobs.resume_jobs() == 1
    until("the run is done", lambda: state_of(run) in ("done", "review"))
    with system_scope(reason="test", log=False):
        assert MatchCandidate._base_manager.filter(role="child").count() == 2
        assert Job._base_manager.get(pk=job.pk).attempts == 2
    nowhere_in_the_clear(temporary)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_killed_while_it_closes_the_month(cast: Cast, worker: Start) -> None:
    """The last decision stands; what the dead worker found is gone, and the next one finds it once."""
    with acting(cast, "clerk") as actor:
        received, _new = intake.take_list(
            actor=actor, at=AT, data=csv_list(row("林小曼儿", OWN, head="林桂芳", sex="女")), name="低保.csv",
            kind="dibao", period=OCTOBER, region_id=COUNTY,
        )  # fmt: skip
        run = uploads.confirm_list(actor=actor, at=AT, list_import=received)
    first = worker()
    until("the run waits for a person", lambda: state_of(run) == "review")
    kill(first)
    with system_scope(reason="test", log=False):
        pair = MatchCandidate._base_manager.get(run=run)
    cast.client("clerk").post(reverse("cases:candidate_decide", args=[pair.pk]), {"action": "none"})
    die_in_the_middle(worker, STAGES["discrepancies"])
    assert (state_of(run), count(Discrepancy)) == ("review", 0)
    page = cast.client("clerk").get(reverse("cases:run", args=[run.pk]))
    assert page.context["closing"].state == "queued"
    worker()
    until("the run is done", lambda: state_of(run) == "done")
    with system_scope(reason="test", log=False):
        assert MatchCandidate._base_manager.get(pk=pair.pk).state == "rejected"
        assert list(Discrepancy._base_manager.values_list("kind", flat=True)) == ["not_registered"]
        assert Job._base_manager.get(kind=CLOSE).attempts == 2
