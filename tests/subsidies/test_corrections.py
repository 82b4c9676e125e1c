"""What earlier months owe and what they were paid too much: proposed month by month, with the reason, confirmed by a person."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from cases.models import Payee
from staff.scope import system_scope
from staff.workflow import TransitionRefused
from subsidies.aid.enums import Cadence
from subsidies.batches import services as batches
from subsidies.models import (
    BatchIssue,
    Entitlement,
    Payment,
    PaymentBatch,
    Rate,
    Recalculation,
    Recovery,
    RecoveryPart,
    SchemeRule,
)
from subsidies.preparing.lines import gap
from subsidies.preparing.periods import Period, period_of, periods_between
from subsidies.preparing.tables import SOURCES
from subsidies.reckoning import funding, rules
from tests.cast import COUNTY
from tests.subsidies.conftest import DECEMBER, NOVEMBER, OCTOBER, Office, card, moment

SEPTEMBER = dt.date(2026, 9, 1)


def raise_standard(office: Office, amount: str, since: dt.date) -> None:
    Rate.objects.create(
        scheme=office.scheme, region_id=COUNTY, placement="scattered", amount=Decimal(amount), valid_from=since, source="通知"
    )  # fmt: skip


def arrears(office: Office, batch: PaymentBatch) -> list[tuple[dt.date, str, str]]:
    """(month, amount, reason) of the arrears lines."""
    return [
        (line.month, str(line.amount), line.explanation["reason"])
        for line in office.lines(batch)
        if line.kind == "arrears"
    ]


def recoveries(office: Office) -> list[tuple[dt.date, str, str, str]]:
    """(month, amount, state, reason) of every recovery."""
    with system_scope(reason="test", log=False):
        return [
            (row.month, str(row.amount), row.state, row.explanation["reason"])
            for row in Recovery._base_manager.order_by("pk")
        ]


def issue(office: Office, batch: PaymentBatch, kind: str) -> BatchIssue:
    with office.as_("clerk"):
        return BatchIssue.objects.get(batch=batch, kind=kind)


def edit(right: Entitlement, **fields: Any) -> None:
    with system_scope(reason="test", log=False):
        for name, value in fields.items():
            setattr(right, name, value)
        right.save()


def test_a_raise_published_late_is_paid_month_by_month_with_its_reason(office: Office) -> None:
    office.confirmed(office.child("own"), SEPTEMBER)
    office.pay(SEPTEMBER)
    office.pay(OCTOBER)
    raise_standard(office, "1600.00", SEPTEMBER)
    november = office.prepare(NOVEMBER)
    assert arrears(office, november) == [
        (SEPTEMBER, "50.00", "standard"),
        (OCTOBER, "50.00", "standard"),
    ]
    found = issue(office, november, "arrears").detail
    assert (found["months"], found["amount"], found["was"], found["now"]) == (
        ["2026-09", "2026-10"], "100.00", "1550.00", "1600.00",
    )  # fmt: skip
    for line in office.lines(november):
        assert rules.adds_up(line.explanation["lines"])


def test_nothing_is_paid_or_asked_back_before_a_person_has_confirmed_it(office: Office) -> None:
    right = office.confirmed(office.child("own"), SEPTEMBER)
    office.pay(SEPTEMBER)
    office.pay(OCTOBER)
    edit(right, end_month=SEPTEMBER)
    november = office.prepare(NOVEMBER)
    assert recoveries(office) == [(OCTOBER, "1550.00", "proposed", "ended")]
    with office.as_("approver") as approver, pytest.raises(TransitionRefused, match="1 exception"):
        batches.approve(actor=approver, at=moment(11, 20), batch=november)
    office.approve(november)
    assert recoveries(office) == [(OCTOBER, "1550.00", "open", "ended")]
    with system_scope(reason="test", log=False):
        recovery = Recovery._base_manager.get()
    assert recovery.funding == {"county": "1550.00"}
    assert recovery.explanation["delivered"] == "1550.00"
    assert recovery.decided_by_id == office.cast.users["approver"].pk


def test_a_death_reported_late_asks_back_each_month_after_it(office: Office) -> None:
    right = office.confirmed(office.child("own"), SEPTEMBER)
    for month in (SEPTEMBER, OCTOBER, NOVEMBER):
        office.pay(month)
    edit(right, end_month=SEPTEMBER, end_reason="death", state="ended")
    december = office.prepare(DECEMBER)
    assert [(month, amount) for month, amount, _state, _reason in recoveries(office)] == [
        (OCTOBER, "1550.00"),
        (NOVEMBER, "1550.00"),
    ]
    assert office.lines(december) == []
    assert issue(office, december, "overpaid").payment is None


def test_what_turns_out_to_be_due_after_all_is_not_asked_back(office: Office) -> None:
    right = office.confirmed(office.child("own"), OCTOBER)
    office.pay(OCTOBER)
    edit(right, end_month=SEPTEMBER)
    office.approve(office.prepare(NOVEMBER))
    edit(right, end_month=None)
    december = office.prepare(DECEMBER)
    assert [row[2] for row in recoveries(office)] == ["dropped"]
    assert arrears(office, december) == [(NOVEMBER, "1550.00", "unpaid")]


def test_what_came_back_already_is_paid_out_again(office: Office) -> None:
    right = office.confirmed(office.child("own"), OCTOBER)
    office.pay(OCTOBER)
    edit(right, end_month=SEPTEMBER)
    office.approve(office.prepare(NOVEMBER))
    with system_scope(reason="test", log=False):
        recovery = Recovery._base_manager.get()
        RecoveryPart.objects.create(
            recovery=recovery, region_id=COUNTY, kind="paid_back", amount=Decimal("1550.00"),
            date=dt.date(2026, 11, 25), at=moment(11, 25),
        )  # fmt: skip
    edit(right, end_month=None)
    december = office.prepare(DECEMBER)
    assert [row[2] for row in recoveries(office)] == ["settled"]
    assert [(month, amount) for month, amount, _reason in arrears(office, december)] == [
        (OCTOBER, "1550.00"),
        (NOVEMBER, "1550.00"),
    ]


def test_a_returned_batch_gives_everything_back(office: Office) -> None:
    right = office.confirmed(office.child("own"), SEPTEMBER)
    office.pay(SEPTEMBER)
    office.pay(OCTOBER)
    edit(right, end_month=SEPTEMBER)
    office.approve(office.prepare(NOVEMBER))
    edit(right, end_month=None)
    raise_standard(office, "1600.00", SEPTEMBER)
    december = office.prepare(DECEMBER)
    before = arrears(office, december)
    assert [row[0] for row in before] == [SEPTEMBER, OCTOBER, NOVEMBER]
    assert [row[2] for row in recoveries(office)] == ["dropped"]
    with office.as_("approver") as approver:
        batches.send_back(actor=approver, at=moment(12, 20), batch=december, reason="重算")
    assert [row[2] for row in recoveries(office)] == ["open"]
    with system_scope(reason="test", log=False):
        assert Recalculation._base_manager.get(batch__isnull=True).from_month <= SEPTEMBER
    assert arrears(office, office.prepare(DECEMBER)) == before


def test_a_returned_batch_drops_what_it_proposed(office: Office) -> None:
    right = office.confirmed(office.child("own"), OCTOBER)
    office.pay(OCTOBER)
    office.offset(right, "320.00", OCTOBER)
    for _again in range(2):
        november = office.prepare(NOVEMBER)
        with office.as_("approver") as approver:
            batches.send_back(actor=approver, at=moment(11, 20), batch=november, reason="重算")
    assert [row[2] for row in recoveries(office)] == ["dropped", "dropped"]
    office.approve(office.prepare(NOVEMBER))
    assert [row[2] for row in recoveries(office)] == ["dropped", "dropped", "open"]


def test_a_month_that_was_never_prepared_is_owed_by_the_next_batch(office: Office) -> None:
    office.entitle(office.child("own"), SEPTEMBER)
    office.pay(SEPTEMBER)
    assert arrears(office, office.prepare(NOVEMBER)) == [(OCTOBER, "1550.00", "unpaid")]


def test_what_an_earlier_system_paid_is_not_owed(office: Office) -> None:
    office.entitle(office.child("own"), dt.date(2020, 1, 1))
    october = office.prepare(OCTOBER)
    assert arrears(office, october) == []
    raise_standard(office, "1600.00", dt.date(2026, 1, 1))
    office.approve(october)
    assert arrears(office, office.prepare(NOVEMBER)) == [(OCTOBER, "50.00", "standard")]


def test_a_failed_line_is_paid_again_by_a_line_that_names_it(office: Office) -> None:
    office.confirmed(office.child("own"), OCTOBER)
    (failed,) = office.lines(office.pay(OCTOBER))
    with system_scope(reason="test", log=False):
        Payment._base_manager.update(state="failed", fail_reason="account_closed")
    office.give_account(office.child("own"), card("9901"))
    november = office.prepare(NOVEMBER)
    (again,) = [line for line in office.lines(november) if line.kind == "arrears"]
    assert (again.repays_id, again.amount, again.month, again.explanation["reason"]) == (
        failed.pk, Decimal("1550.00"), OCTOBER, "failed",
    )  # fmt: skip
    office.release(office.approve(november))
    assert arrears(office, office.prepare(DECEMBER)) == []


def test_a_line_held_back_is_owed_once_its_batch_is_released(office: Office) -> None:
    office.confirmed(office.child("own"), OCTOBER)
    batch = office.prepare(OCTOBER)
    with office.as_("clerk") as clerk:
        batches.hold(
            actor=clerk,
            at=moment(10, 19),
            payment=office.lines(batch)[0],
            reason_code="under_check",
            note="核查中",
        )
        batch.refresh_from_db()
    november = office.prepare(NOVEMBER)
    assert arrears(office, november) == []  # it may still be let go
    with office.as_("approver") as approver:
        batches.send_back(actor=approver, at=moment(11, 20), batch=november, reason="先发十月")
    office.release(office.approve(batch))
    assert arrears(office, office.prepare(NOVEMBER)) == [(OCTOBER, "1550.00", "held")]


def test_what_cannot_be_paid_stays_owed(office: Office) -> None:
    office.confirmed(office.child("township"), SEPTEMBER)
    office.pay(SEPTEMBER)
    office.confirmed(office.child("own"), SEPTEMBER)
    with system_scope(reason="test", log=False):
        Payee._base_manager.filter(child=office.child("own")).update(end_date=dt.date(2026, 1, 2))
    october = office.prepare(OCTOBER)
    assert arrears(office, october) == []
    assert issue(office, october, "payee_missing").detail == {"owed": "1550.00"}
    office.release(office.approve(october))
    with system_scope(reason="test", log=False):
        Payee._base_manager.filter(child=office.child("own")).update(end_date=None)
    assert [(month, amount) for month, amount, _reason in arrears(office, office.prepare(NOVEMBER))] == [
        (SEPTEMBER, "1550.00"),
        (OCTOBER, "1550.00"),
    ]


def test_other_terms_from_a_month_that_is_paid(office: Office) -> None:
    right = office.confirmed(office.child("own"), SEPTEMBER)
    office.pay(SEPTEMBER)
    office.pay(OCTOBER)
    edit(right, end_month=SEPTEMBER, state="ended", end_reason="other")
    office.entitle(office.child("own"), OCTOBER, placement="institution", continues=right)
    assert arrears(office, office.prepare(NOVEMBER)) == [(OCTOBER, "450.00", "terms")]


def test_a_clock_that_was_moved_back_prepares_no_month_twice(office: Office) -> None:
    office.confirmed(office.child("own"), OCTOBER)
    november = office.prepare(NOVEMBER)
    assert arrears(office, november) == [(OCTOBER, "1550.00", "unpaid")]
    with pytest.raises(batches.BatchRefused, match="later month"):
        office.prepare(OCTOBER, at=moment(1, 3))
    assert office.prepare(NOVEMBER, at=moment(1, 3)).pk == november.pk
    with office.as_("clerk") as clerk:
        batches.note_issues(actor=clerk, at=moment(1, 3), batch=november, kind="arrears", note="x")
    with office.as_("approver") as approver, pytest.raises(TransitionRefused, match="clock"):
        batches.approve(actor=approver, at=moment(1, 3), batch=november)


# --- sources of funds -------------------------------------------------------------------------------------

YUAN = st.integers(0, 300_000).map(lambda cents: Decimal(cents) / 100)
BY_SOURCE = st.fixed_dictionaries(dict.fromkeys(SOURCES, YUAN))


@pytest.mark.django_db
@given(due=BY_SOURCE, had=BY_SOURCE)
def test_the_sources_of_a_correction_are_those_of_the_pure_rule(
    due: dict[str, Decimal], had: dict[str, Decimal]
) -> None:
    owed, paid = sum(due.values(), Decimal(0)), sum(had.values(), Decimal(0))
    more, less = (due, had) if owed >= paid else (had, due)
    names = ("due", "had") if owed >= paid else ("had", "due")
    columns = ", ".join(
        [f"{due[s]}::numeric AS due_{s}, {had[s]}::numeric AS had_{s}" for s in SOURCES]
        + [f"{owed}::numeric AS due, {paid}::numeric AS delivered"]
    )
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(gap(s, *names) for s in SOURCES)} FROM (SELECT {columns}) x")
        found = dict(zip(SOURCES, cursor.fetchone(), strict=True))
    assert found == funding.still_owed(more, less)
    assert sum(found.values()) == abs(owed - paid)


def test_arrears_are_funded_by_what_each_source_lacks(office: Office) -> None:
    def shares(province: str, since: dt.date) -> None:
        SchemeRule.objects.create(
            scheme=office.scheme, region_id=COUNTY, valid_from=since, document=f"财社 {since}",
            changes={"funding": [
                {"source": "provincial", "kind": "fixed", "value": province}, {"source": "county", "kind": "rest"},
            ]},
        )  # fmt: skip

    shares("1000.00", dt.date(2026, 1, 1))
    office.confirmed(office.child("own"), OCTOBER)
    office.pay(OCTOBER)
    raise_standard(office, "1700.00", OCTOBER)
    shares("1100.00", OCTOBER)
    (line,) = [line for line in office.lines(office.prepare(NOVEMBER)) if line.kind == "arrears"]
    assert (line.amount, line.from_provincial, line.from_county) == tuple(map(Decimal, ("150", "100", "50")))


# --- longer periods ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cadence", "month", "first", "last"),
    [
        (Cadence.MONTH, OCTOBER, OCTOBER, OCTOBER),
        (Cadence.QUARTER, DECEMBER, OCTOBER, DECEMBER),
        (Cadence.SCHOOL_YEAR, dt.date(2026, 8, 1), dt.date(2025, 9, 1), dt.date(2026, 8, 1)),
        (Cadence.SCHOOL_YEAR, SEPTEMBER, SEPTEMBER, dt.date(2027, 8, 1)),
        (Cadence.YEAR, OCTOBER, dt.date(2026, 1, 1), DECEMBER),
        (Cadence.ONCE, OCTOBER, OCTOBER, OCTOBER),
    ],
)
def test_the_period_of_a_month(cadence: Cadence, month: dt.date, first: dt.date, last: dt.date) -> None:
    assert period_of(month, cadence) == Period(first, last, cadence is Cadence.ONCE)


def test_every_month_lies_in_one_period_when_the_cadence_changes() -> None:
    changed = dt.date(2026, 5, 1)
    found = list(
        periods_between(
            dt.date(2026, 2, 1), DECEMBER, lambda month: Cadence.MONTH if month < changed else Cadence.QUARTER
        )
    )
    assert [(row.month.month, row.last.month) for row in found] == [
        (2, 2), (3, 3), (4, 4), (5, 6), (7, 9), (10, 12),
    ]  # fmt: skip


def test_a_quarter_is_paid_once_and_whoever_comes_late_is_paid_in_it(office: Office) -> None:
    SchemeRule.objects.create(
        scheme=office.scheme, region_id=COUNTY, valid_from=dt.date(2026, 1, 1), document="县民 1",
        changes={"cadence": "quarter"},
    )  # fmt: skip
    office.confirmed(office.child("own"), OCTOBER)
    october = office.pay(OCTOBER)
    assert [(line.month, line.kind, line.amount) for line in office.lines(october)] == [
        (OCTOBER, "regular", Decimal("1550.00"))
    ]
    office.confirmed(office.child("township"), NOVEMBER)
    november = office.pay(NOVEMBER)
    assert [(line.month, line.kind, line.child_name) for line in office.lines(november)] == [
        (OCTOBER, "arrears", "田立夏")
    ]
    assert office.lines(office.prepare(DECEMBER)) == []


def test_what_is_paid_once_is_paid_in_the_first_month_alone(office: Office) -> None:
    SchemeRule.objects.create(
        scheme=office.scheme, region_id=COUNTY, valid_from=dt.date(2026, 1, 1), document="县民 2",
        changes={"cadence": "once"},
    )  # fmt: skip
    office.confirmed(office.child("own"), OCTOBER)
    assert len(office.lines(office.pay(OCTOBER))) == 1
    assert office.lines(office.prepare(NOVEMBER)) == []
