"""The bank reports a line as failed and later as paid: booked once by a second person, and nothing is kept twice."""

from __future__ import annotations

import pytest

from staff.scope import system_scope
from subsidies.bank.results import Outcome, ResultRefused, import_result
from subsidies.batches import repairs
from subsidies.batches import services as batches
from subsidies.ledger.checks import check
from subsidies.models import JournalEntry, PaymentBatch, Recovery
from tests.cast import COUNTY
from tests.subsidies.conftest import NOVEMBER, OCTOBER, Office, moment
from tests.subsidies.paying import HEAD, settle


def take(office: Office, batch: PaymentBatch, word: str, who: str, day: int = 24) -> Outcome:
    text = f"{HEAD}\n{batch.number}-00001,1550.00,7801,{word},,\n"
    with office.as_(who) as actor:
        return import_result(actor=actor, at=moment(10, day), batch=batch, name="a.csv", data=text.encode())


def failed(office: Office, who: str = "clerk") -> PaymentBatch:
    office.confirmed(office.child("own"))
    batch = office.pay(OCTOBER)
    assert take(office, batch, "失败", who, 23).failed == 1
    return batch


def repaired(office: Office, batch: PaymentBatch) -> PaymentBatch:
    with office.as_("clerk") as clerk:
        keys = [line.pk for line in repairs.unpaid_lines(batch)]
        return repairs.repair(
            actor=clerk, at=moment(10, 23, 11), batch=batch, confirmed=keys, note="账号无误"
        )


def sound() -> list[str]:
    with system_scope(reason="test", log=False):
        return [problem.text for problem in check(COUNTY)]


def asked_back() -> list[tuple[object, str, str]]:
    with system_scope(reason="test", log=False):
        return [(r.month, str(r.amount), r.explanation["reason"]) for r in Recovery._base_manager.all()]


def test_a_second_person_books_it(office: Office) -> None:
    batch = failed(office)
    with pytest.raises(ResultRefused) as caught:
        take(office, batch, "成功", "clerk")
    assert "the releaser, who did not import that answer" in caught.value.problems[0].message
    assert take(office, batch, "成功", "releaser") == Outcome(paid=1)
    assert [(line.state, line.fail_reason) for line in office.lines(batch)] == [("paid", "")]
    with system_scope(reason="test", log=False):
        assert JournalEntry._base_manager.filter(region_id=COUNTY, kind="late_payment").count() == 1
    assert sound() == []
    # The family has October's money: nothing is owed and nothing asked back.
    assert [(line.month, line.kind) for line in office.lines(office.prepare(NOVEMBER))] == [
        (NOVEMBER, "regular")
    ]
    assert asked_back() == []


def test_not_by_who_imported_the_failure(office: Office) -> None:
    batch = failed(office, "releaser")
    with pytest.raises(ResultRefused):
        take(office, batch, "成功", "releaser")


def test_not_while_it_is_being_paid_again(office: Office) -> None:
    batch = failed(office)
    again = repaired(office, batch)
    with pytest.raises(ResultRefused) as caught:
        take(office, batch, "成功", "releaser")
    assert f"batch {again.number}, which is not released yet" in caught.value.problems[0].message
    with office.as_("approver") as approver:
        batches.send_back(actor=approver, at=moment(10, 24), batch=again, reason="银行已付")
    assert take(office, batch, "成功", "releaser") == Outcome(paid=1)


def test_what_was_delivered_twice_is_asked_back(office: Office) -> None:
    batch = failed(office)
    again = repaired(office, batch)
    office.explain(again)
    with office.as_("approver") as approver:
        batches.approve(actor=approver, at=moment(10, 23, 12), batch=again)
    again = office.release(again, moment(10, 23, 13))
    settle(office, again, at=moment(10, 24, 14))
    assert take(office, batch, "成功", "releaser", 25) == Outcome(paid=1)
    assert sound() == []
    office.prepare(NOVEMBER)
    assert asked_back() == [(OCTOBER, "1550.00", "twice")]
