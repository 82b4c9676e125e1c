"""Processes killed and servers restarted in the middle of compute, release, export and import: afterwards every total is
right, nothing stands twice, the ledger balances.

Real processes, real SIGKILL, a PostgreSQL of its own that really goes down. Locks held by the test make "in the middle"
certain (tests/workers.py).
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import Error, connection, connections

from childwelfare import environment, postgres_server
from staff import files, jobs
from staff.models import Job, StoredFile
from staff.scope import open_scope, system_scope
from staff.sign_in import Proof
from staff.workflow import Actor
from subsidies.bank import files as bank_files
from subsidies.bank import results as bank_results
from subsidies.batches import services as batches
from subsidies.models import BankFile, BankResult, JournalEntry, Payment, PaymentBatch, Posting
from tests.subsidies.conftest import OCTOBER, Office, moment
from tests.subsidies.test_never_twice import at_once
from tests.workers import (
    Start,
    die_by_owner,
    die_in_the_middle,
    held,
    held_by_owner,
    kill,
    others,
    someone_waits,
    surroundings,
    until,
)

STANDARD = Decimal("1550.00")
# Tables that only grow can be locked by their owner alone.
STORED, POSTED = (
    f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE" for table in ("staff_storedfile", "subsidies_journalentry")
)
LAYOUTS = {"nat-xlsx", "csv"}


@dataclass
class Seen:
    """What stands in the database, read past every scope."""

    batches: list[tuple[str, str]]
    lines: list[str]
    entries: list[str]
    balances: dict[str, Decimal]
    files: set[str]
    results: int


def seen() -> Seen:
    with system_scope(reason="test", log=False):
        balances: dict[str, Decimal] = {}
        for account, amount in Posting._base_manager.values_list("account", "amount"):
            balances[account] = balances.get(account, Decimal(0)) + amount
        assert sum(balances.values()) == 0
        return Seen(
            [(b.number, b.state) for b in PaymentBatch._base_manager.order_by("pk")],
            [line.state for line in Payment._base_manager.order_by("batch_id", "line")],
            list(JournalEntry._base_manager.order_by("pk").values_list("kind", flat=True)),
            {account: amount for account, amount in balances.items() if amount},
            set(BankFile._base_manager.values_list("layout_code", flat=True)),
            BankResult._base_manager.count(),
        )


def approved(office: Office) -> PaymentBatch:
    office.entitle(office.child("own"))
    office.entitle(office.child("township"))
    return office.approve(office.prepare(OCTOBER))


def release(office: Office, batch: PaymentBatch) -> None:
    """The release alone; its files are a worker's."""
    at = moment(10, 21)
    with open_scope(office.cast.scope("releaser")):
        actor = Actor.current()
        found = PaymentBatch.objects.get(pk=batch.pk)
        batches.release(actor=actor, at=at, batch=found, proof=Proof(actor.user_id, "password", at))


def answer_of(batch: PaymentBatch) -> bytes:
    """One line paid, one failed."""
    lines = [
        f"{batch.number}-00001,1550.00,7801,成功,",
        f"{batch.number}-00002,1550.00,7803,失败,账号错误",
    ]
    return "\n".join(["业务编号,金额,银行账号,处理结果,失败原因", *lines]).encode()


def take(office: Office, batch: PaymentBatch, data: bytes) -> bank_results.Outcome:
    with open_scope(office.cast.scope("clerk")):
        found = PaymentBatch.objects.get(pk=batch.pk)
        return bank_results.import_result(
            actor=Actor.current(), at=moment(10, 23), batch=found, name="r.csv", data=data
        )


def state_of(kind: str) -> str:
    with system_scope(reason="test", log=False):
        return str(Job._base_manager.get(kind=kind).state)


RELEASED = Seen(
    [("PB-202610-01", "released")],
    ["sent", "sent"],
    ["commitment", "release"],
    {"available": -2 * STANDARD, "in_transit": 2 * STANDARD},
    set(),
    0,
)
ANSWERED = ["commitment", "release", "payment", "return"]
SETTLED = {"available": -STANDARD, "paid": STANDARD}


# --- two at once ------------------------------------------------------------------------------------------


def person(office: Office, batch: PaymentBatch, settings: Any) -> subprocess.Popen[bytes]:
    """The releaser's process."""
    return subprocess.Popen(
        [
            *(sys.executable, "-m", "tests.subsidies.releasing"),
            *(str(office.cast.assignments["releaser"].pk), str(batch.pk), moment(10, 21).isoformat()),
        ],
        env=surroundings(settings),
        cwd=environment.BASE_DIR,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )


@pytest.mark.slow
@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_a_release_that_is_killed_leaves_nothing_and_two_at_once_release_once(
    office: Office, settings: Any
) -> None:
    """Killed when lines are sent and the ledger is posted, before the commit; then two people at the same moment."""
    batch = approved(office)
    before = seen()
    # The job of the files is written last: there it waits.
    with held("LOCK TABLE staff_job IN ACCESS EXCLUSIVE MODE"):
        process = person(office, batch, settings)
        until("the release is in the middle", someone_waits)
        kill(process)
        process.communicate()
    until("the database has noticed", lambda: others() == 0)
    assert seen() == before

    both = [person(office, batch, settings) for _one in range(2)]
    said = sorted(process.communicate(timeout=60)[0].decode() for process in both)
    assert said[1] == "released" or said[0] == "released"
    assert sum(text.startswith("refused") for text in said) == 1
    assert seen() == RELEASED


@pytest.mark.slow
@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_two_answers_at_once_are_each_counted_once(office: Office) -> None:
    """The same lines in two files at the same moment, and the same file twice."""
    batch = approved(office)
    release(office, batch)
    data = answer_of(batch)
    outcomes = at_once(*(lambda data=data: take(office, batch, data) for data in (data, data + b"\n", data)))
    assert sum(outcome.paid for outcome in outcomes) == 1
    assert sum(outcome.failed for outcome in outcomes) == 1
    assert sum(outcome.repeated for outcome in outcomes) == 1
    found = seen()
    assert (found.lines, found.entries, found.balances) == (["paid", "failed"], ANSWERED, SETTLED)
    assert found.results == 2


# --- workers killed ---------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_a_worker_killed_while_it_writes_the_files(office: Office, worker: Start) -> None:
    """At the start, and with the first file on the disk: the release stands, the files come later, each once."""
    batch = approved(office)
    release(office, batch)
    die_in_the_middle(worker, "SELECT id FROM subsidies_paymentbatch WHERE id = %s FOR UPDATE", batch.pk)
    assert seen() == RELEASED
    # Its row comes after its bytes: the file lies on the disk and is not known.
    die_by_owner(worker, STORED)
    assert seen() == RELEASED
    left = stored_paths()
    assert len(left) == 1
    worker()
    until("the files are written", lambda: state_of(bank_files.JOB) == "done")
    found = seen()
    assert (found.files, found.lines, found.entries) == (LAYOUTS, RELEASED.lines, RELEASED.entries)
    # What the dead worker left was written over, not left beside.
    assert len(stored_paths()) == len(LAYOUTS)
    assert left < stored_paths()
    assert not any((Path(django_settings.MEDIA_ROOT) / "work").iterdir())
    with office.as_("releaser"):
        for file in BankFile.objects.select_related("file"):
            assert len(files.read(file.file)) == file.file.size
            assert (file.line_count, file.total) == (2, 2 * STANDARD)


def stored_paths() -> set[str]:
    root = Path(django_settings.MEDIA_ROOT)
    return {str(path) for path in root.rglob("*") if path.is_file() and "work" not in path.parts}


@pytest.mark.slow
@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_a_worker_killed_while_it_takes_over_the_answer(office: Office, worker: Start) -> None:
    """At the start, and when the lines are written and the ledger is not: all or nothing, then all, once."""
    batch = approved(office)
    office.release(batch)
    before = seen()
    with office.as_("clerk") as clerk:
        bank_results.start_import(
            actor=clerk, at=moment(10, 23), batch=batch, name="r.csv", data=answer_of(batch)
        )
    # The job of the files is in the queue as well, and finds its work done.
    die_in_the_middle(worker, "SELECT id FROM subsidies_payment WHERE batch_id = %s FOR UPDATE", batch.pk)
    assert seen() == before
    die_by_owner(worker, POSTED)
    assert seen() == before
    worker()
    until("the answer is taken over", lambda: state_of(bank_results.JOB) == "done")
    found = seen()
    assert (found.batches, found.lines) == ([("PB-202610-01", "reconciled")], ["paid", "failed"])
    assert (found.entries, found.balances, found.results) == (ANSWERED, SETTLED, 1)
    with system_scope(reason="test", log=False):
        assert StoredFile._base_manager.filter(kind="bank_result").count() == 1
        job = Job._base_manager.get(kind=bank_results.JOB)
    assert (job.result["paid"], job.result["failed"], job.result["repeated"]) == (1, 1, False)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_a_refused_answer_of_a_worker_says_why(office: Office, worker: Start) -> None:
    batch = approved(office)
    office.release(batch)
    data = answer_of(batch).replace(b"1550.00,7801", b"1.00,7801")
    with office.as_("clerk") as clerk:
        bank_results.start_import(actor=clerk, at=moment(10, 23), batch=batch, name="r.csv", data=data)
    worker()
    until("the answer is refused", lambda: state_of(bank_results.JOB) == "done")
    with system_scope(reason="test", log=False):
        job = Job._base_manager.get(kind=bank_results.JOB)
    assert [problem[:2] for problem in job.result["problems"]] == [[2, "金额"]]
    text = office.cast.client("clerk").get(job.done_url).content.decode()
    assert "1550.00" in text
    assert seen().lines == ["sent", "sent"]


# --- the database goes down -------------------------------------------------------------------------------


@contextmanager
def own_server(home: Path) -> Iterator[Path]:
    """A copy of the tests' server that may be stopped without disturbing anybody; Django's connections lead to it."""
    server = postgres_server._layout(home)
    shared = postgres_server.socket_dir(environment.home())
    done = server.command(
        "pg_basebackup", "-h", shared, "-p", postgres_server.PORT, "-U", "postgres", "-D", server.data,
        "--checkpoint=fast", "--wal-method=stream", "--no-sync",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    # The machine stays up: what a killed server has written, the kernel keeps. Commits stay synchronous.
    with (server.data / "postgresql.auto.conf").open("a") as own:
        own.write("fsync = off\n")
    sockets = postgres_server.start(home)
    kept = {alias: connections[alias].settings_dict["HOST"] for alias in ("default", "owner")}
    for alias in kept:
        connections[alias].close()
        connections[alias].settings_dict["HOST"] = str(sockets)
    try:
        yield home
    finally:
        for alias, host in kept.items():
            connections[alias].close()
            connections[alias].settings_dict["HOST"] = host
        postgres_server.stop(home)
        subprocess.run(["rm", "-rf", str(server.data)], check=True)


def go_down(home: Path, how: str) -> None:
    """Stop the server in an orderly way, or kill it as a power cut does; then start it again."""
    if how == "stop":
        postgres_server.stop(home)
    else:
        pid = int((postgres_server._layout(home).data / "postmaster.pid").read_text().split("\n", 1)[0])
        os.kill(pid, signal.SIGKILL)
        time.sleep(0.5)
    connection.close()
    postgres_server.start(home)


def interrupted(home: Path, how: str, work: Callable[[], Any], sql: str) -> None:
    """Let ``work`` run into a lock, take the database down under it and up again. The work must have failed."""
    failed: list[Exception] = []

    def run() -> None:
        connection.settings_dict["HOST"] = str(postgres_server.socket_dir(home))
        try:
            work()
        except Error as error:
            failed.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    try:
        with held_by_owner(sql):
            thread.start()
            until("the work is in the middle", someone_waits)
            go_down(home, how)
    except Error:
        # The lock's own connection went down as well.
        connections["owner"].close()
    thread.join(60)
    assert not thread.is_alive()
    assert len(failed) == 1


@pytest.mark.slow
@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
@pytest.mark.parametrize("how", ["stop", "kill"])
def test_the_database_goes_down_in_the_middle(
    request: pytest.FixtureRequest, tmp_path: Path, settings: Any, how: str
) -> None:
    """In the middle of compute, release, writing of the files and import; each is then done again and stands once."""
    settings.CELERY_TASK_ALWAYS_EAGER = False
    settings.CELERY_TASK_EAGER_PROPAGATES = False
    with own_server(tmp_path / "home") as home:
        office: Office = request.getfixturevalue("office")
        office.entitle(office.child("own"))
        office.entitle(office.child("township"))

        def prepare() -> PaymentBatch:
            return office.prepare(OCTOBER)

        interrupted(home, how, prepare, "LOCK TABLE subsidies_batchissue IN ACCESS EXCLUSIVE MODE")
        assert seen().batches == []
        assert seen().lines == []
        batch = office.approve(prepare())
        before = seen()

        interrupted(
            home, how, lambda: release(office, batch), "LOCK TABLE staff_job IN ACCESS EXCLUSIVE MODE"
        )
        assert seen() == before
        release(office, batch)
        assert seen() == RELEASED

        with system_scope(reason="test", log=False):
            job = Job._base_manager.get(kind=bank_files.JOB)

        def write() -> None:
            jobs.run_job(str(job.pk))

        interrupted(home, how, write, STORED)
        assert seen() == RELEASED
        assert state_of(bank_files.JOB) == "queued"
        write()
        assert seen().files == LAYOUTS

        def import_answer() -> bank_results.Outcome:
            return take(office, batch, answer_of(batch))

        before = seen()
        interrupted(home, how, import_answer, POSTED)
        assert seen() == before
        assert import_answer() == bank_results.Outcome(paid=1, failed=1)
        assert import_answer() == bank_results.Outcome(repeated=True)
        found = seen()
        assert (found.lines, found.entries, found.balances) == (["paid", "failed"], ANSWERED, SETTLED)
