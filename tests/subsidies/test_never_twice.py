"""Two at once, a killed worker, random histories: no month is ever paid twice."""

from __future__ import annotations

import datetime as dt
import threading
from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cases.ages import add_months
from staff.models import Job
from staff.scope import open_scope, system_scope
from staff.sign_in import Proof
from staff.workflow import Actor, TransitionRefused
from subsidies.bank import results as bank_results
from subsidies.batches import services as batches
from subsidies.models import BankFile, Offset, Payment, PaymentBatch, Recalculation
from tests.subsidies.conftest import NOVEMBER, OCTOBER, Office, moment
from tests.workers import Start, die_in_the_middle, until

STANDARD = Decimal("1550.00")


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Run the acts in threads with connections of their own, all at the same moment; results or exceptions in order."""
    gate = threading.Barrier(len(acts))
    results: list[Any] = [None] * len(acts)

    def run(number: int) -> None:
        try:
            gate.wait()
            results[number] = acts[number]()
        except Exception as error:
            results[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results


def everything(office: Office) -> list[Payment]:
    with system_scope(reason="test", log=False):
        return list(Payment._base_manager.select_related("batch").order_by("pk"))


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_two_at_once_give_one_batch_one_release_and_one_import(office: Office) -> None:
    office.entitle(office.child("own"))
    office.entitle(office.child("township"))
    scope = office.cast.scope("clerk")

    def prepare() -> int:
        with open_scope(scope):
            return batches.prepare_batch(
                actor=Actor.current(),
                at=moment(10, 19),
                region=office.region(),
                scheme=office.scheme,
                month=OCTOBER,
            ).pk

    first, second, third = at_once(prepare, prepare, prepare)
    assert first == second == third
    assert len(everything(office)) == 2

    with system_scope(reason="test", log=False):
        batch = PaymentBatch._base_manager.get()
    office.approve(batch)
    money = office.cast.scope("releaser")

    def release() -> bool:
        with open_scope(money):
            found = PaymentBatch.objects.get(pk=batch.pk)
            actor, at = Actor.current(), moment(10, 21)
            proof = Proof(actor.user_id, "password", at)
            return batches.release(actor=actor, at=at, batch=found, proof=proof).state == "released"

    outcomes = at_once(release, release)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["TransitionRefused", "bool"]
    with system_scope(reason="test", log=False):
        assert BankFile._base_manager.count() == 2

    data = f"业务编号,金额,银行账号,处理结果\n{batch.number}-00001,1550.00,7801,成功\n".encode()

    def take() -> bank_results.Outcome:
        with open_scope(money):
            found = PaymentBatch.objects.get(pk=batch.pk)
            return bank_results.import_result(
                actor=Actor.current(), at=moment(10, 23), batch=found, name="r.csv", data=data
            )

    outcomes = at_once(take, take)
    assert {(outcome.paid, outcome.repeated) for outcome in outcomes} == {(1, False), (0, True)}


# Where marks are taken, lines written, exceptions written: the worker waits there and is killed.
@pytest.mark.parametrize(
    "table",
    ["subsidies_recalculation", "subsidies_payment", "subsidies_batchissue"],
)
@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_in_the_middle_of_a_batch(office: Office, worker: Start, table: str) -> None:
    office.give_account(office.child("own"), "6217001234557803")  # an account of two families is an exception
    office.entitle(office.child("own"))
    office.confirmed(office.child("township"), dt.date(2026, 8, 1))
    with office.as_("clerk") as clerk:
        job = batches.start_preparation(
            actor=clerk, at=moment(10, 19), region=office.region(), scheme=office.scheme, month=OCTOBER
        )
    die_in_the_middle(worker, f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
    assert everything(office) == []
    with system_scope(reason="test", log=False):
        assert not PaymentBatch._base_manager.exists()
        assert not Recalculation._base_manager.filter(batch__isnull=False).exists()
        assert Job._base_manager.get(pk=job.pk).state == "queued"

    worker()

    def done() -> bool:
        with system_scope(reason="test", log=False):
            return bool(Job._base_manager.get(pk=job.pk).state == "done")

    until("the batch is prepared", done)
    lines = everything(office)
    assert [(line.line, line.kind, line.month, line.amount) for line in lines] == [
        (1, "regular", OCTOBER, STANDARD),
        (2, "regular", OCTOBER, STANDARD),
        (3, "arrears", dt.date(2026, 8, 1), STANDARD),
        (4, "arrears", dt.date(2026, 9, 1), STANDARD),
    ]
    with system_scope(reason="test", log=False):
        result = Job._base_manager.get(pk=job.pk).result
        batch = PaymentBatch._base_manager.get()
    assert (result["number"], result["lines"], result["total"]) == ("PB-202610-01", 4, "6200.00")
    assert (batch.line_count, batch.child_count, batch.total) == (4, 2, Decimal("6200.00"))


# --- random histories -------------------------------------------------------------------------------------

# What happens between two months: the bank's answer for each line, and a change of the child's other benefits.
ANSWERS = st.lists(st.sampled_from(["成功", "失败", "silence"]), min_size=6, max_size=6)
BENEFITS = st.lists(st.one_of(st.none(), st.integers(1, 2000)), min_size=4, max_size=4)
RETURNED = st.lists(st.booleans(), min_size=4, max_size=4)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(answers=st.lists(ANSWERS, min_size=4, max_size=4), benefits=BENEFITS, returned=RETURNED)
def test_no_month_is_paid_twice_whatever_happens(
    office: Office, answers: list[list[str]], benefits: list[int | None], returned: list[bool]
) -> None:
    """Over four months with failures, silence, returned batches and changing benefits: what reached the child or is on its
    way for a month is never more than the standard, nothing that is due stays forgotten, and the explanations add up."""
    with transaction.atomic():
        right = office.confirmed(office.child("own"), dt.date(2026, 8, 1))
        month = dt.date(2026, 8, 1)
        for number in range(4):
            with system_scope(reason="test", log=False):
                Offset._base_manager.filter(entitlement=right).delete()
            if benefits[number] is not None:
                office.offset(right, f"{benefits[number]}.00", dt.date(2026, 8, 1))
            batch = office.prepare(month)
            if returned[number]:
                with office.as_("approver") as approver:
                    batches.send_back(actor=approver, at=moment(month.month, 20), batch=batch, reason="重算")
                batch = office.prepare(month)
            explain_all(office, batch)
            batch = office.release(approve_with_notes(office, batch))
            answer(office, batch, answers[number])
            month = add_months(month, 1)
        check(office)
        transaction.set_rollback(True)


def approve_with_notes(office: Office, batch: PaymentBatch) -> PaymentBatch:
    with office.as_("clerk") as clerk:
        for issue in batch.issues.filter(note=""):
            batches.note_issue(actor=clerk, at=moment(batch.month.month, 19), issue=issue, note="已核")
    return office.approve(batch)


def explain_all(office: Office, batch: PaymentBatch) -> None:
    for line in office.lines(batch):
        amounts = [Decimal(step["amount"]) for step in line.explanation["lines"]]
        assert sum(amounts[:-1], Decimal(0)) == amounts[-1] == line.amount


def answer(office: Office, batch: PaymentBatch, words: list[str]) -> None:
    sent = [line for line in office.lines(batch) if line.state == "sent"]
    told = [(line, word) for line, word in zip(sent, words, strict=False) if word != "silence"]
    if not told:
        return
    rows = [
        f"{batch.number}-{line.line:05d},{line.amount},{line.account[-4:]},{word},系统超时"
        for line, word in told
    ]
    data = "\n".join(["业务编号,金额,银行账号,处理结果,失败原因", *rows]).encode()
    with office.as_("releaser") as releaser:
        bank_results.import_result(
            actor=releaser, at=moment(batch.month.month, 25), batch=batch, name="r.csv", data=data
        )


def check(office: Office) -> None:
    by_month: dict[dt.date, list[Payment]] = defaultdict(list)
    for line in everything(office):
        if not line.cancelled:
            by_month[line.month].append(line)
    for month, lines in by_month.items():
        alive = sum((line.amount for line in lines if line.state in ("sent", "paid")), Decimal(0))
        assert alive <= STANDARD, month
        assert sum(line.kind == "regular" for line in lines) == 1
        assert [line.sequence for line in lines if line.kind == "arrears"] == list(range(1, len(lines)))


def test_what_is_still_owed_is_paid_in_the_next_batch(office: Office) -> None:
    office.confirmed(office.child("own"), OCTOBER)
    batch = office.pay(OCTOBER)
    answer(office, batch, ["失败"])
    second = office.pay(NOVEMBER)
    answer(office, second, ["成功", "失败"])
    third = office.pay(dt.date(2026, 12, 1))
    assert [(line.kind, line.month, line.sequence) for line in office.lines(third)] == [
        ("regular", dt.date(2026, 12, 1), 0),
        ("arrears", OCTOBER, 2),
    ]
    with pytest.raises(TransitionRefused):
        office.release(third)
