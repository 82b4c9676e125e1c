"""What the bank could not pay is paid again, once: by a repair batch, or by the next month's, never by both."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from staff.scope import open_scope, system_scope
from staff.workflow import Actor, TransitionRefused
from subsidies.bank import results as bank_results
from subsidies.batches import repairs
from subsidies.batches import services as batches
from subsidies.enums import BatchKind
from subsidies.models import BatchIssue, JournalEntry, Payment, PaymentBatch, Posting
from tests.subsidies.conftest import NOVEMBER, OCTOBER, Office, moment
from tests.subsidies.test_never_twice import at_once

STANDARD = Decimal("1550.00")
AT = moment(10, 26)
NEW_ACCOUNT = "6217005555555551"


def answer(office: Office, batch: PaymentBatch, *words: str, day: int = 24, month: int = 10) -> None:
    """The bank's words for the lines that were sent, in order: 成功, or why a line failed."""
    sent = [line for line in office.lines(batch) if line.state in ("sent", "paid")]
    rows = [
        f"{batch.number}-{line.line:05d},{line.amount},{line.account[-4:]},{'成功' if word == '成功' else '失败'},{word}"
        for line, word in zip(sent, words, strict=True)
    ]
    data = "\n".join(["业务编号,金额,银行账号,处理结果,失败原因", *rows]).encode()
    with office.as_("clerk") as clerk:
        bank_results.import_result(actor=clerk, at=moment(month, day), batch=batch, name="r.csv", data=data)


def failed_batch(office: Office) -> PaymentBatch:
    """October: two children paid, the account of 秦白露 was wrong."""
    office.confirmed(office.child("own"), OCTOBER)
    office.confirmed(office.child("neighbour"), OCTOBER)
    batch = office.pay(OCTOBER)
    answer(office, batch, "成功", "账号错误")
    return batch


def repair(
    office: Office,
    batch: PaymentBatch,
    at: dt.datetime = AT,
    confirmed: list[int] | None = None,
    note: str = "",
) -> PaymentBatch:
    with office.as_("clerk") as clerk:
        return repairs.repair(actor=clerk, at=at, batch=batch, confirmed=confirmed or [], note=note)


def pay_out(office: Office, batch: PaymentBatch, day: int = 27, month: int = 10) -> PaymentBatch:
    with office.as_("approver") as approver:
        done = batches.approve(actor=approver, at=moment(month, day), batch=batch)
    return office.release(done, moment(month, day, 12))


def alive(office: Office, month: dt.date) -> list[Decimal]:
    """What reached 秦白露 or is on its way for a month."""
    with system_scope(reason="test", log=False):
        lines = Payment._base_manager.filter(
            child=office.child("neighbour"),
            month=month,
            cancelled=False,
            state__in=("prepared", "sent", "paid"),
        )
        return [line.amount for line in lines.order_by("pk")]


def accounts(office: Office) -> dict[str, Decimal]:
    """Balances of the ledger; every entry adds up to nothing."""
    with system_scope(reason="test", log=False):
        found: dict[str, Decimal] = {}
        for account, amount in Posting._base_manager.values_list("account", "amount"):
            found[account] = found.get(account, Decimal(0)) + amount
        assert sum(found.values()) == 0
        return {account: amount for account, amount in found.items() if amount}


def test_a_corrected_line_is_paid_again_in_a_batch_of_its_own(office: Office) -> None:
    batch = failed_batch(office)
    office.give_account(office.child("neighbour"), NEW_ACCOUNT)
    made = repair(office, batch)
    assert (made.number, made.kind, made.month, made.state) == (
        "PB-202610-01-R1",
        BatchKind.REPAIR,
        OCTOBER,
        "prepared",
    )
    (line,) = office.lines(made)
    with office.as_("clerk"):
        failed = Payment.objects.get(batch=batch, state="failed")
        assert (made.line_count, made.total) == (1, STANDARD)
        assert list(BatchIssue.objects.filter(batch=made, note="").values_list("kind", "detail")) == []
    assert (line.kind, line.month, line.sequence, line.amount, line.repays_id) == (
        "arrears", OCTOBER, 1, STANDARD, failed.pk,
    )  # fmt: skip
    assert (line.account, line.child_name) == (NEW_ACCOUNT, "秦白露")
    steps = [Decimal(step["amount"]) for step in line.explanation["lines"]]
    assert sum(steps[:-1]) == steps[-1] == STANDARD
    released = pay_out(office, made)
    answer(office, released, "成功", day=28)
    with office.as_("clerk"):
        assert PaymentBatch.objects.get(pk=made.pk).state == "reconciled"
        assert Payment.objects.get(pk=failed.pk).state == "failed"
        kinds = list(JournalEntry.objects.order_by("at", "pk").values_list("kind", flat=True))
    assert kinds == ["commitment", "release", "payment", "return", "commitment", "release", "payment"]
    assert accounts(office) == {"available": -2 * STANDARD, "paid": 2 * STANDARD}


def test_the_same_account_is_paid_again_only_when_somebody_says_why(office: Office) -> None:
    batch = failed_batch(office)
    with office.as_("clerk"):
        failed = Payment.objects.get(batch=batch, state="failed")
    with pytest.raises(TransitionRefused, match="No failed line has been corrected"):
        repair(office, batch)
    with pytest.raises(TransitionRefused, match="Write why"):
        repair(office, batch, confirmed=[failed.pk])
    made = repair(office, batch, confirmed=[failed.pk], note="银行已解除冻结，电话核实")
    with office.as_("clerk"):
        notes = dict(BatchIssue.objects.filter(batch=made).values_list("kind", "note"))
    assert notes["account_refused"] == "银行已解除冻结，电话核实"
    assert "电话核实" in notes["arrears"]
    pay_out(office, made)


def test_repair_first_then_the_month(office: Office) -> None:
    batch = failed_batch(office)
    office.give_account(office.child("neighbour"), NEW_ACCOUNT)
    repair(office, batch)
    november = office.prepare(NOVEMBER)
    assert [(line.kind, line.month) for line in office.lines(november)] == [
        ("regular", NOVEMBER),
        ("regular", NOVEMBER),
    ]
    assert alive(office, OCTOBER) == [STANDARD]


def test_the_month_first_then_repair(office: Office) -> None:
    batch = failed_batch(office)
    office.give_account(office.child("neighbour"), NEW_ACCOUNT)
    november = office.prepare(NOVEMBER)
    arrears = [line for line in office.lines(november) if line.kind == "arrears"]
    assert [(line.month, line.amount) for line in arrears] == [(OCTOBER, STANDARD)]
    with office.as_("clerk"):
        assert arrears[0].repays_id == Payment.objects.get(batch=batch, state="failed").pk
    with pytest.raises(TransitionRefused):
        repair(office, batch, at=moment(11, 20))
    assert alive(office, OCTOBER) == [STANDARD]


def test_returned_and_repaired_anew(office: Office) -> None:
    """What was owed waits for the next batch again; a second repair has the next number."""
    batch = failed_batch(office)
    office.give_account(office.child("neighbour"), NEW_ACCOUNT)
    made = repair(office, batch)
    with pytest.raises(TransitionRefused):
        repair(office, batch)
    with office.as_("approver") as approver:
        batches.send_back(actor=approver, at=moment(10, 27), batch=made, reason="重办")
    assert alive(office, OCTOBER) == []
    assert repair(office, batch, at=moment(10, 28)).number == "PB-202610-01-R2"
    assert alive(office, OCTOBER) == [STANDARD]


def test_a_repair_that_fails_is_repaired_in_its_turn(office: Office) -> None:
    batch = failed_batch(office)
    office.give_account(office.child("neighbour"), NEW_ACCOUNT)
    first = pay_out(office, repair(office, batch))
    answer(office, first, "户名不符", day=28)
    office.give_account(office.child("neighbour"), "6217006666666667")
    second = pay_out(office, repair(office, first, at=moment(10, 29)), day=30)
    answer(office, second, "成功", day=31)
    assert alive(office, OCTOBER) == [STANDARD]
    assert accounts(office) == {"available": -2 * STANDARD, "paid": 2 * STANDARD}
    # The chain of the lines: regular ← repair ← repair.
    (last,) = office.lines(second)
    assert last.sequence == 2
    with office.as_("clerk"):
        assert last.repays is not None
        assert last.repays.repays is not None
        assert last.repays.repays.kind == "regular"


def test_paid_and_returned_weeks_later(office: Office) -> None:
    """The money goes back from paid to available, the batch stays reconciled, the line can be paid again."""
    batch = failed_batch(office)
    assert accounts(office) == {"available": -STANDARD, "paid": STANDARD}
    answer(office, batch, "账户已销户", day=30)
    with office.as_("clerk"):
        assert list(Payment.objects.filter(batch=batch).values_list("state", flat=True)) == [
            "failed",
            "failed",
        ]
        assert JournalEntry.objects.filter(kind="late_return").count() == 1
        assert PaymentBatch.objects.get(pk=batch.pk).state == "reconciled"
    assert accounts(office) == {}
    office.give_account(office.child("own"), "6217007777777773")
    made = repair(office, batch, at=moment(10, 31))
    assert [(line.child_name, line.amount) for line in office.lines(made)] == [("林小满", STANDARD)]


def test_the_database_pays_a_failed_line_again_once(office: Office) -> None:
    batch = failed_batch(office)
    office.give_account(office.child("neighbour"), NEW_ACCOUNT)
    (line,) = office.lines(repair(office, batch))
    with system_scope(reason="test", log=False):
        copy = Payment._base_manager.get(pk=line.pk)
        copy.pk, copy.line, copy.sequence = None, 99, 7
        with pytest.raises(IntegrityError, match="payment_repaid_once"), transaction.atomic():
            copy.save(force_insert=True)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_both_at_once(office: Office) -> None:
    """The month's batch and two repairs at the same moment: October is paid again by one of them."""
    batch = failed_batch(office)
    office.give_account(office.child("neighbour"), NEW_ACCOUNT)
    scope = office.cast.scope("clerk")

    def again() -> str:
        with open_scope(scope):
            found = PaymentBatch.objects.get(pk=batch.pk)
            return repairs.repair(actor=Actor.current(), at=moment(11, 20), batch=found).number

    def month() -> str:
        with open_scope(scope):
            return batches.prepare_batch(
                actor=Actor.current(),
                at=moment(11, 20),
                region=office.region(),
                scheme=office.scheme,
                month=NOVEMBER,
            ).number

    outcomes = at_once(again, month, again)
    refused = [outcome for outcome in outcomes if isinstance(outcome, TransitionRefused)]
    assert len(refused) in (1, 2)
    assert all(isinstance(outcome, str | TransitionRefused) for outcome in outcomes), outcomes
    assert alive(office, OCTOBER) == [STANDARD]
    assert alive(office, NOVEMBER) == [STANDARD]


def test_the_page_of_failed_lines(office: Office) -> None:
    batch = failed_batch(office)
    address = reverse("subsidies:batch_repair", args=[batch.pk])
    headers = {"Accept-Language": "en"}
    clerk = office.cast.client("clerk")
    text = clerk.get(address, headers=headers).content.decode()
    for expected in ("秦白露", "Account number wrong", "To the same account", "…7802"):
        assert expected in text
    assert "6217001234567802" not in text
    refused = clerk.post(address, {"note": ""}, headers=headers).content.decode()
    assert "No failed line has been corrected" in refused
    office.give_account(office.child("neighbour"), NEW_ACCOUNT)
    assert "Corrected" in clerk.get(address, headers=headers).content.decode()
    assert office.cast.client("releaser").post(address, {"note": ""}).status_code == 403
    made = clerk.post(address, {"note": ""})
    with office.as_("clerk"):
        again = PaymentBatch.objects.get(kind=BatchKind.REPAIR)
    assert made["Location"] == reverse("subsidies:batch", args=[again.pk])
    assert again.number in clerk.get(address, headers=headers).content.decode()
    page = clerk.get(reverse("subsidies:batch", args=[again.pk]), headers=headers).content.decode()
    assert "1,550.00" in page
    assert "does not add up" not in page
