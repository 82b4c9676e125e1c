"""Paid by the quarter or year, reckoned by the month: 次月, whole months, other benefits month by month (rules.md 2.1–2.3)."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from staff.scope import system_scope
from subsidies.entitlements import changes
from subsidies.models import Entitlement, PaymentBatch, Rate, Recovery, SchemeRule
from subsidies.reckoning import funding
from subsidies.reckoning.reasons import lines_of
from subsidies.reckoning.rules import adds_up
from subsidies.terms.simulation import Supposition, simulate
from tests.cast import COUNTY, Cast
from tests.subsidies.conftest import DECEMBER, NOVEMBER, OCTOBER, Office, moment

A_QUARTER = Decimal("4650.00")
JANUARY = dt.date(2027, 1, 1)


def rule(office: Office, since: dt.date = dt.date(2026, 1, 1), **changed: Any) -> None:
    with system_scope(reason="test", log=False):
        SchemeRule.objects.create(
            scheme=office.scheme, region_id=COUNTY, valid_from=since, document="县民 1",
            changes={"cadence": "quarter"} | changed,
        )  # fmt: skip


@pytest.fixture
def quarterly(office: Office) -> Office:
    rule(office)
    Rate.objects.filter(scheme=office.scheme, placement="scattered").update(amount=A_QUARTER)
    Rate.objects.filter(scheme=office.scheme, placement="institution").update(amount=Decimal("6000.00"))
    return office


def of(office: Office, batch: PaymentBatch) -> list[tuple[str, dt.date, str]]:
    return [(line.kind, line.month, str(line.amount)) for line in office.lines(batch)]


@pytest.mark.parametrize(
    ("start", "end", "amount"),
    [
        (OCTOBER, None, "4650.00"),
        (NOVEMBER, None, "3100.00"),
        (DECEMBER, None, "1550.00"),
        (OCTOBER, OCTOBER, "1550.00"),
        (OCTOBER, NOVEMBER, "3100.00"),
        (NOVEMBER, NOVEMBER, "1550.00"),
        (dt.date(2026, 8, 1), dt.date(2027, 8, 1), "4650.00"),
    ],
)
def test_the_months_of_the_quarter_are_paid(
    quarterly: Office, start: dt.date, end: dt.date | None, amount: str
) -> None:
    quarterly.confirmed(quarterly.child("own"), start, end_month=end)
    lines = quarterly.lines(quarterly.prepare(OCTOBER))
    (line,) = [line for line in lines if line.kind == "regular"]
    assert (line.month, str(line.amount), str(line.standard)) == (OCTOBER, amount, amount)
    assert adds_up(line.explanation["lines"])


@pytest.mark.parametrize(
    ("start", "end", "off"),
    [
        (OCTOBER, None, 3),
        (NOVEMBER, None, 2),
        (OCTOBER, OCTOBER, 1),
        (DECEMBER, DECEMBER, 1),
        (dt.date(2026, 1, 1), NOVEMBER, 2),
        (JANUARY, None, 0),
    ],
)
def test_a_benefit_is_set_off_in_each_of_its_months(
    quarterly: Office, start: dt.date, end: dt.date | None, off: int
) -> None:
    """4,650 less 3 × 320 is 3,690."""
    right = quarterly.confirmed(quarterly.child("own"), OCTOBER)
    quarterly.offset(right, "320.00", start, end_month=end)
    (line,) = quarterly.lines(quarterly.prepare(OCTOBER))
    assert line.amount == A_QUARTER - off * Decimal("320.00")
    assert line.standard == A_QUARTER
    assert len(line.explanation["offsets"]) == bool(off)
    assert adds_up(line.explanation["lines"])


def test_more_than_the_standard_in_one_month_takes_nothing_from_another(quarterly: Office) -> None:
    right = quarterly.confirmed(quarterly.child("own"), OCTOBER)
    quarterly.offset(right, "2000.00", NOVEMBER, end_month=NOVEMBER)
    (line,) = quarterly.lines(quarterly.prepare(OCTOBER))
    assert str(line.amount) == "3100.00"


def test_the_steps_name_their_months(quarterly: Office) -> None:
    right = quarterly.confirmed(quarterly.child("own"), NOVEMBER)
    quarterly.offset(right, "320.00", DECEMBER)
    (line,) = quarterly.lines(quarterly.prepare(OCTOBER))
    steps = [(step["note"].split(" · ")[0], step["amount"], step["minus"]) for step in lines_of(line)]
    assert steps == [
        ("2026-11", Decimal("1550.00"), False),
        ("2026-12", Decimal("1550.00"), False),
        ("2026-12", Decimal("320.00"), True),
    ]


def test_a_benefit_that_begins_later_and_an_end_in_mid_quarter_are_put_right(quarterly: Office) -> None:
    own = quarterly.confirmed(quarterly.child("own"), OCTOBER)
    other = quarterly.confirmed(quarterly.child("township"), OCTOBER)
    quarterly.pay(OCTOBER)
    quarterly.offset(own, "320.00", NOVEMBER)
    with system_scope(reason="test", log=False):
        Entitlement.objects.filter(pk=other.pk).update(
            end_month=NOVEMBER, state="ended", end_reason="adopted"
        )
    assert quarterly.lines(quarterly.prepare(NOVEMBER)) == []
    with system_scope(reason="test", log=False):
        found = Recovery._base_manager.order_by("-amount").values_list("month", "amount")
        assert list(found) == [(OCTOBER, Decimal("1550.00")), (OCTOBER, Decimal("640.00"))]


def test_who_is_confirmed_in_mid_quarter_is_paid_the_months_that_are_left(quarterly: Office) -> None:
    quarterly.confirmed(quarterly.child("township"), OCTOBER)
    quarterly.pay(OCTOBER)
    quarterly.confirmed(quarterly.child("own"), DECEMBER)
    assert of(quarterly, quarterly.pay(NOVEMBER)) == []
    assert of(quarterly, quarterly.pay(DECEMBER)) == [("arrears", OCTOBER, "1550.00")]
    assert [line.amount for line in quarterly.lines(quarterly.prepare(JANUARY))] == [A_QUARTER, A_QUARTER]


def test_other_terms_from_the_second_month_on_are_paid_from_then_on(quarterly: Office) -> None:
    """One month with kin, two in the institution: 1,550 and twice 2,000, on one line."""
    right = quarterly.confirmed(quarterly.child("own"), OCTOBER)
    with quarterly.as_("clerk") as actor:
        changes.propose_terms(
            actor=actor, at=moment(10, 5), entitlement=right, from_month=NOVEMBER, placement="institution", reason="x"
        )  # fmt: skip
    with quarterly.as_("approver") as actor:
        changes.change_terms(actor=actor, at=moment(10, 6), entitlement=right, reason="x")
    assert of(quarterly, quarterly.pay(OCTOBER)) == [("regular", OCTOBER, "5550.00")]
    assert quarterly.lines(quarterly.prepare(JANUARY)) != []


def test_a_fixed_share_is_for_the_months_that_are_paid(quarterly: Office) -> None:
    rule(
        quarterly,
        dt.date(2026, 2, 1),
        funding=[
            {"source": "central", "kind": "fixed", "value": "1000"},
            {"source": "county", "kind": "rest"},
        ],
    )
    quarterly.confirmed(quarterly.child("own"), OCTOBER)
    quarterly.confirmed(quarterly.child("township"), NOVEMBER)
    lines = {line.child_name: line for line in quarterly.lines(quarterly.prepare(OCTOBER))}
    own, township = lines["林小满"], lines["田立夏"]
    assert (own.from_central, own.from_county) == (Decimal("1000.00"), Decimal("3650.00"))
    assert (township.from_central, township.from_county) == (Decimal("666.67"), Decimal("2433.33"))


def test_the_simulator_counts_the_months(quarterly: Office) -> None:
    right = quarterly.confirmed(quarterly.child("own"), NOVEMBER)
    quarterly.offset(right, "320.00", DECEMBER)
    quarterly.entitle(quarterly.child("township"), OCTOBER)
    paid = sum(line.amount for line in quarterly.lines(quarterly.prepare(OCTOBER)))
    with quarterly.as_("clerk"):
        supposed = Supposition(quarterly.scheme, "scattered", "", "", Decimal("4950"), OCTOBER, DECEMBER)
        found = simulate(supposed, quarterly.region())
    assert found.total.before == paid == Decimal("7430.00")
    assert (found.total.difference, found.total.payments) == (500, 2)


def test_a_year_is_twelve_months(office: Office) -> None:
    rule(office, cadence="year")
    Rate.objects.filter(placement="scattered").update(amount=Decimal("10000.00"))
    office.confirmed(office.child("own"), dt.date(2026, 1, 1))
    office.confirmed(office.child("township"), NOVEMBER)
    amounts = {line.child_name: str(line.amount) for line in office.lines(office.prepare(DECEMBER))}
    assert amounts == {"林小满": "10000.00", "田立夏": "1666.67"}


def test_the_page_of_a_right_reckons_the_months_it_covers(
    quarterly: Office, cast: Cast, page_budget: Any
) -> None:
    right = quarterly.confirmed(quarterly.child("own"), NOVEMBER, end_month=NOVEMBER)
    page = cast.client("clerk").get(reverse("subsidies:entitlement", args=[right.pk]))
    assert page.context["due"].amount.total == Decimal("1550.00")


@given(st.decimals(0, 99999, places=2), st.integers(1, 12))
def test_the_parts_of_a_sum_make_the_sum(amount: Decimal, count: int) -> None:
    parts = [funding.part(amount, place, count) for place in range(count)]
    assert sum(parts) == amount
    assert max(parts) - min(parts) <= Decimal("0.01")
