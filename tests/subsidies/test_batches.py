"""Preparing, approving and releasing a month, and never paying it twice."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from cases.models import Discrepancy, MatchRun, Payee
from staff import files, jobs
from staff.scope import system_scope
from staff.workflow import TransitionRefused
from subsidies.batches import services as batches
from subsidies.models import BankFile, BatchIssue, Payment, PaymentBatch, Rate, Recalculation, Recovery
from subsidies.reckoning import rules
from tests.cast import COUNTY, FAR_VILLAGE
from tests.subsidies.conftest import DECEMBER, NOVEMBER, OCTOBER, Office, card, moment


def test_a_month_from_preparation_to_release(office: Office) -> None:
    first = office.entitle(office.child("own"))
    second = office.entitle(office.child("township"))
    office.offset(second, "320.00", OCTOBER)
    batch = office.prepare()
    assert (batch.number, batch.state, batch.line_count, batch.child_count, batch.total) == (
        "PB-202610-01", "prepared", 2, 2, Decimal("2780.00"),
    )  # fmt: skip
    lines = office.lines(batch)
    assert [(line.line, line.child_name, line.amount, line.standard) for line in lines] == [
        (1, "林小满", Decimal("1550.00"), Decimal("1550.00")),
        (2, "田立夏", Decimal("1230.00"), Decimal("1550.00")),
    ]
    assert lines[0].entitlement_id == first.pk
    assert (lines[0].payee_name, lines[0].account, lines[0].bank_name) == (
        "林桂芳",
        "6217001234577801",
        "重庆农村商业银行",
    )
    for line in lines:
        assert rules.adds_up(line.explanation["lines"])
        assert line.explanation["rate"]["source"] == "渝民发〔2024〕88号"
    assert lines[1].explanation["offsets"][0]["amount"] == "320.00"
    assert office.approve(batch).state == "approved"
    assert office.release(batch).state == "released"
    with office.as_("releaser"):
        assert set(Payment.objects.values_list("state", flat=True)) == {"sent"}
        assert [(f.format, f.line_count, f.total) for f in BankFile.objects.all()] == [
            ("csv", 2, Decimal("2780.00")), ("xlsx", 2, Decimal("2780.00")),
        ]  # fmt: skip


def test_preparing_twice_gives_the_same_batch(office: Office) -> None:
    office.entitle(office.child("own"))
    first, second = office.prepare(), office.prepare()
    assert first.pk == second.pk
    assert len(office.lines(first)) == 1


def test_the_database_refuses_a_second_regular_line_and_second_arrears(office: Office) -> None:
    entitlement = office.entitle(office.child("own"))
    line = office.lines(office.prepare())[0]
    with office.as_("clerk"):
        for kind, sequence, number in (("regular", 0, 91), ("arrears", 1, 92)):
            twin = Payment.objects.get(pk=line.pk)
            twin.pk, twin.line, twin.kind, twin.sequence = None, number, kind, sequence
            twin._state.adding = True
            if kind == "arrears":
                twin.save()  # the first arrears of this month
                twin.pk, twin.line = None, 93
            with (
                pytest.raises(IntegrityError, match=r"payment_(regular|child|arrears)_once"),
                transaction.atomic(),
            ):
                twin.save(force_insert=True)
    assert entitlement.pk == line.entitlement_id


@pytest.mark.parametrize(
    ("step", "member"), [("approve", "clerk"), ("release", "approver"), ("release", "clerk")]
)
def test_three_persons(office: Office, step: str, member: str) -> None:
    office.entitle(office.child("own"))
    batch = office.prepare()
    if step == "release":
        batch = office.approve(batch)
    with office.as_(member) as actor, pytest.raises(TransitionRefused):
        batches.act(step, actor=actor, at=moment(10, 20), batch=batch)


def test_the_database_knows_the_three_persons_too(office: Office) -> None:
    office.entitle(office.child("own"))
    batch = office.prepare()
    own = PaymentBatch.objects.filter(pk=batch.pk)
    clerk, releaser = (office.cast.users[who].pk for who in ("clerk", "releaser"))
    with office.as_("clerk"):
        with pytest.raises(IntegrityError, match="batch_approver_is_another"), transaction.atomic():
            own.update(approved_by=clerk)
        with pytest.raises(IntegrityError, match="signed by whoever takes it"), transaction.atomic():
            own.update(released_by=releaser, release_proof="x")
    with (
        office.as_("releaser"),
        pytest.raises(IntegrityError, match="batch_releaser_is_another"),
        transaction.atomic(),
    ):
        own.update(released_by=releaser, release_proof="x")


def test_a_returned_batch_is_cancelled_and_the_month_prepared_again(office: Office) -> None:
    office.entitle(office.child("own"))
    batch = office.prepare()
    with office.as_("approver") as actor:
        with pytest.raises(TransitionRefused):
            batches.send_back(actor=actor, at=moment(10, 20), batch=batch, reason=" ")
        batches.send_back(actor=actor, at=moment(10, 20), batch=batch, reason="低保未更新")
    assert all(line.cancelled for line in office.lines(batch))
    again = office.prepare()
    assert (again.number, again.pk != batch.pk) == ("PB-202610-02", True)
    office.approve(again)
    with office.as_("releaser") as actor:
        assert (
            batches.act("stop", actor=actor, at=moment(10, 21), batch=again, reason="银行系统停机").state
            == "returned"
        )
    assert office.prepare().number == "PB-202610-03"


def test_a_line_of_nothing_is_explained_and_not_sent(office: Office) -> None:
    office.entitle(office.child("own"))
    full = office.entitle(office.child("township"))
    office.offset(full, "1550.00", OCTOBER)
    batch = office.pay()
    own, nothing = office.lines(batch)
    assert (nothing.state, nothing.amount, own.state) == ("nothing", Decimal("0.00"), "sent")
    assert rules.adds_up(nothing.explanation["lines"])
    assert (batch.line_count, batch.total) == (1, Decimal("1550.00"))
    with office.as_("releaser"):
        csv_file = BankFile.objects.get(format="csv")
        text = files.read(csv_file.file).decode("gb18030")
    assert "林小满" in text
    assert "田立夏" not in text


def test_arrears_name_the_months_they_repair(office: Office) -> None:
    office.entitle(office.child("township"))
    office.pay(OCTOBER)
    late = office.confirmed(office.child("own"), OCTOBER)
    november = office.prepare(NOVEMBER)
    lines = [line for line in office.lines(november) if line.entitlement_id == late.pk]
    assert [(line.kind, line.month, line.amount, line.sequence) for line in lines] == [
        ("regular", NOVEMBER, Decimal("1550.00"), 0),
        ("arrears", OCTOBER, Decimal("1550.00"), 1),
    ]
    assert lines[1].explanation["delivered"] == "0.00"
    assert rules.adds_up(lines[1].explanation["lines"])


def test_a_benefit_that_had_already_ended_is_paid_back_as_the_difference(office: Office) -> None:
    entitlement = office.entitle(office.child("own"))
    offset = office.offset(entitlement, "320.00", OCTOBER)
    office.pay(OCTOBER)
    with system_scope(reason="test", log=False):
        offset.delete()
    arrears = office.lines(office.pay(NOVEMBER))[1]
    assert (arrears.kind, arrears.month, arrears.amount) == ("arrears", OCTOBER, Decimal("320.00"))
    assert (arrears.explanation["due"], arrears.explanation["delivered"]) == ("1550.00", "1230.00")
    december = office.prepare(DECEMBER)
    assert [line.kind for line in office.lines(december)] == ["regular"]


def test_a_standard_raised_later_for_earlier_months_is_paid_back(office: Office) -> None:
    office.entitle(office.child("own"))
    office.pay(OCTOBER)
    Rate.objects.create(
        scheme=office.scheme,
        region_id=COUNTY,
        placement="scattered",
        amount=Decimal("1600.00"),
        valid_from=OCTOBER,
        source="通知",
    )
    lines = office.lines(office.prepare(NOVEMBER))
    assert [(line.kind, line.amount) for line in lines] == [
        ("regular", Decimal("1600.00")),
        ("arrears", Decimal("50.00")),
    ]


def test_what_was_taken_over_has_no_arrears_before_the_first_batch(office: Office) -> None:
    office.entitle(office.child("own"), dt.date(2025, 3, 1))
    assert [line.kind for line in office.lines(office.prepare())] == ["regular"]


def test_paid_too_much_is_an_exception_not_a_deduction(office: Office) -> None:
    entitlement = office.entitle(office.child("own"))
    office.pay(OCTOBER)
    office.offset(entitlement, "320.00", OCTOBER)
    november = office.prepare(NOVEMBER)
    assert [line.amount for line in office.lines(november)] == [Decimal("1230.00")]
    with office.as_("clerk"):
        issue = BatchIssue.objects.get(batch=november)
        assert (issue.kind, issue.detail["months"], issue.detail["amount"], issue.detail["reason"]) == (
            "overpaid", ["2026-10"], "320.00", "offsets",
        )  # fmt: skip
        recovery = Recovery.objects.get()
    assert (recovery.month, recovery.amount, recovery.state) == (OCTOBER, Decimal("320.00"), "proposed")


def test_months_outside_the_entitlement_are_not_paid(office: Office) -> None:
    office.entitle(office.child("own"), NOVEMBER)
    office.entitle(office.child("township"), dt.date(2026, 1, 1), end_month=dt.date(2026, 9, 1))
    assert office.lines(office.prepare()) == []


def test_nobody_is_paid_after_the_month_of_the_18th_birthday(office: Office) -> None:
    own = office.child("own")
    with system_scope(reason="test", log=False):
        type(own).objects.filter(pk=own.pk).update(birth_date=dt.date(2008, 10, 30))
    office.entitle(own, dt.date(2026, 1, 1))
    assert len(office.lines(office.prepare(OCTOBER))) == 1
    assert office.lines(office.prepare(NOVEMBER)) == []


def test_an_earlier_month_is_not_prepared_after_a_later_one(office: Office) -> None:
    office.entitle(office.child("own"))
    office.prepare(NOVEMBER)
    with pytest.raises(batches.BatchRefused, match="later month"):
        office.prepare(OCTOBER)


def test_a_missing_standard_stops_the_batch_and_says_which(office: Office) -> None:
    office.entitle(office.child("own"), dt.date(2024, 12, 1), placement="scattered", application=None)
    with system_scope(reason="test", log=False):
        Rate.objects.filter(placement="scattered").delete()
    with pytest.raises(batches.BatchRefused, match="2026-10"):
        office.prepare()


# --- exceptions ------------------------------------------------------------------------------------------


def issues(office: Office, batch: PaymentBatch) -> list[str]:
    with office.as_("clerk"):
        return list(BatchIssue.objects.filter(batch=batch).values_list("kind", flat=True))


def change(office: Office, **fields: object) -> None:
    with system_scope(reason="test", log=False):
        Payee.objects.filter(child=office.child("own")).update(**fields)


def test_without_a_payee_the_line_is_held_and_owed_later(office: Office) -> None:
    office.entitle(office.child("own"))
    office.entitle(office.child("township"))
    change(office, end_date=dt.date(2026, 9, 30))
    batch = office.prepare()
    assert issues(office, batch) == ["payee_missing"]
    assert [(line.state, line.hold_reason) for line in office.lines(batch)] == [
        ("held", "account_missing"),
        ("prepared", ""),
    ]
    assert batch.total == Decimal("1550.00")
    held = office.lines(batch)[0]
    with office.as_("clerk") as clerk, pytest.raises(batches.BatchRefused, match="no account"):
        batches.unhold(actor=clerk, at=moment(10, 19), payment=held, note="x")
    office.release(office.approve(batch))
    change(office, end_date=None)
    november = [line for line in office.lines(office.prepare(NOVEMBER)) if line.child_id == held.child_id]
    assert [(line.kind, line.month, line.amount) for line in november] == [
        ("regular", NOVEMBER, Decimal("1550.00")),
        ("arrears", OCTOBER, Decimal("1550.00")),
    ]


def test_one_account_for_unrelated_children(office: Office) -> None:
    for key in ("own", "township"):
        office.give_account(office.child(key), "6217009999991000")
    office.entitle(office.child("own"))
    office.entitle(office.child("township"))
    batch = office.prepare()
    assert issues(office, batch) == ["shared_account", "shared_account"]


def test_siblings_may_share_an_account(office: Office) -> None:
    own = office.child("own")
    office.entitle(own)
    office.entitle(office.another_child("林小雪", account="6217001234577801"))
    with system_scope(reason="test", log=False):
        type(own).objects.filter(name="林小雪").update(household=own.household)
    assert issues(office, office.prepare()) == []


def test_holder_child_left_and_doubt(office: Office) -> None:
    own = office.child("own")
    office.entitle(own)
    change(office, name="陌生人")
    with system_scope(reason="test", log=False):
        type(own).objects.filter(pk=own.pk).update(left_date=dt.date(2026, 10, 2), left_reason="06")
        run = MatchRun.objects.create(region_id=COUNTY, period=OCTOBER)
        Discrepancy.objects.create(
            run=run,
            region_id=own.region_id,
            kind="paid_full",
            list_kind="dibao",
            child=own,
            due_date=dt.date(2026, 10, 31),
        )
    batch = office.prepare()
    assert issues(office, batch) == ["child_left", "holder_not_payee", "open_discrepancy"]
    assert office.lines(batch)[0].state == "prepared"  # nothing stops a payment by itself


def test_approval_waits_for_the_clerks_notes(office: Office) -> None:
    office.entitle(office.child("own"))
    change(office, name="陌生人")
    batch = office.prepare()
    with office.as_("approver") as actor, pytest.raises(TransitionRefused, match="1 exception"):
        batches.approve(actor=actor, at=moment(10, 20), batch=batch)
    with office.as_("approver") as actor, pytest.raises(batches.BatchRefused):
        batches.note_issue(actor=actor, at=moment(10, 19), issue=BatchIssue.objects.get(), note="x")
    with office.as_("clerk") as clerk:
        batches.note_issue(
            actor=clerk, at=moment(10, 19), issue=BatchIssue.objects.get(), note="改卡材料已收"
        )
    assert office.approve(batch).state == "approved"
    with office.as_("clerk") as clerk, pytest.raises(batches.BatchRefused, match="already approved"):
        batches.note_issue(actor=clerk, at=moment(10, 20), issue=BatchIssue.objects.get(), note="y")


def test_hold_and_let_go(office: Office) -> None:
    office.entitle(office.child("own"))
    office.entitle(office.child("township"), placement="institution")
    batch = office.prepare()
    line = office.lines(batch)[0]
    with office.as_("clerk") as clerk:
        for issue in BatchIssue.objects.all():
            batches.note_issue(actor=clerk, at=moment(10, 19), issue=issue, note="已核")
        with pytest.raises(batches.BatchRefused):
            batches.hold(actor=clerk, at=moment(10, 19), payment=line, reason_code="nonsense", note="x")
        batches.hold(actor=clerk, at=moment(10, 19), payment=line, reason_code="payee_dead", note="等新账户")
        batch.refresh_from_db()
        assert (batch.line_count, batch.total) == (1, Decimal("2000.00"))
        batches.unhold(actor=clerk, at=moment(10, 19), payment=line, note="已补")
        batch.refresh_from_db()
        assert (batch.line_count, batch.total) == (2, Decimal("3550.00"))


def test_the_far_township_is_in_the_county_batch_and_the_other_county_is_not(office: Office) -> None:
    office.entitle(office.child("township"))
    office.entitle(office.child("strange"))
    assert [line.region_id for line in office.lines(office.prepare())] == [FAR_VILLAGE]


# --- in the database, not child by child -------------------------------------------------------------------


def test_more_children_are_not_more_statements(office: Office) -> None:
    def statements(month: dt.date) -> int:
        with CaptureQueriesContext(connection) as found:
            office.prepare(month)
        return len(found)

    office.confirmed(office.child("own"), OCTOBER)
    few = statements(OCTOBER)
    for number in range(6):
        child = office.another_child(f"林{number}", account=card(f"99{number}1"))
        office.offset(office.confirmed(child, OCTOBER), f"{100 + number}.00", OCTOBER)
    assert statements(NOVEMBER) <= few


def test_a_preparation_that_is_cancelled_leaves_nothing(office: Office) -> None:
    office.confirmed(office.child("own"), dt.date(2026, 8, 1))
    told: list[tuple[int, int]] = []

    def stop(done: int, total: int, _text: str) -> None:
        told.append((done, total))
        if done == 4:
            raise jobs.Cancelled

    with office.as_("clerk") as clerk, pytest.raises(jobs.Cancelled):
        batches.prepare_batch(
            actor=clerk,
            at=moment(10, 19),
            region=office.region(),
            scheme=office.scheme,
            month=OCTOBER,
            report=stop,
        )
    assert told[-1][0] == 4
    assert all(done <= total for done, total in told)
    with system_scope(reason="test", log=False):
        assert not PaymentBatch._base_manager.exists()
        assert not Payment._base_manager.exists()
        assert list(Recalculation._base_manager.values_list("batch", flat=True)) == [None]
    assert office.prepare().line_count == 3  # October, and August and September as arrears
