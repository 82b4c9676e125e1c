"""Whole months of entitlement, at the ends of years and of childhoods."""

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from staff.calendar import Deadline
from subsidies.enums import LastMonthRule, StopRule
from subsidies.reckoning.months import (
    confirm_by,
    first_month,
    is_payable,
    last_month,
    last_month_after,
    month_of,
    months_between,
    verify_by,
)

D = dt.date
DAYS = st.dates(D(2000, 1, 1), D(2060, 12, 31))


@pytest.mark.parametrize(
    ("confirmed", "first"),
    [
        (D(2026, 9, 1), D(2026, 10, 1)),
        (D(2026, 9, 24), D(2026, 10, 1)),
        (D(2026, 9, 30), D(2026, 10, 1)),
        (D(2026, 12, 31), D(2027, 1, 1)),
    ],
)
def test_paid_from_the_month_after_confirmation(confirmed: dt.date, first: dt.date) -> None:
    assert first_month(confirmed) == first


@pytest.mark.parametrize(
    ("birth", "rule", "last"),
    [
        (D(2008, 9, 12), LastMonthRule.BIRTHDAY_MONTH, D(2026, 9, 1)),
        (D(2008, 9, 12), LastMonthRule.MONTH_BEFORE, D(2026, 8, 1)),
        (D(2008, 9, 1), LastMonthRule.BIRTHDAY_MONTH, D(2026, 9, 1)),
        (D(2008, 9, 30), LastMonthRule.BIRTHDAY_MONTH, D(2026, 9, 1)),
        (D(2008, 2, 29), LastMonthRule.BIRTHDAY_MONTH, D(2026, 2, 1)),
        (D(2009, 1, 5), LastMonthRule.MONTH_BEFORE, D(2026, 12, 1)),
    ],
)
def test_last_month_at_eighteen(birth: dt.date, rule: LastMonthRule, last: dt.date) -> None:
    assert last_month(birth, rule) == last
    assert last_month(birth, LastMonthRule(rule.value)) == last


@pytest.mark.parametrize(
    ("event", "rule", "grace", "last"),
    [
        (D(2026, 8, 30), StopRule.NEXT_MONTH, 0, D(2026, 8, 1)),
        (D(2026, 8, 30), StopRule.SAME_MONTH, 0, D(2026, 7, 1)),
        (D(2026, 8, 30), StopRule.NEXT_MONTH, 6, D(2027, 2, 1)),
        (D(2026, 1, 1), StopRule.SAME_MONTH, 0, D(2025, 12, 1)),
        (D(2026, 1, 1), StopRule.SAME_MONTH, 1, D(2026, 1, 1)),
    ],
)
def test_last_month_after_an_event(event: dt.date, rule: StopRule, grace: int, last: dt.date) -> None:
    assert last_month_after(event, rule, grace) == last


def test_grace_is_never_negative() -> None:
    with pytest.raises(ValueError, match="negative"):
        last_month_after(D(2026, 8, 30), grace_months=-1)


def test_months_between() -> None:
    assert months_between(D(2026, 11, 30), D(2027, 1, 1)) == (D(2026, 11, 1), D(2026, 12, 1), D(2027, 1, 1))
    assert months_between(D(2026, 11, 1), D(2026, 11, 30)) == (D(2026, 11, 1),)
    assert months_between(D(2026, 11, 1), D(2026, 10, 31)) == ()


@settings(deadline=None)
@given(DAYS, DAYS, DAYS)
def test_payable_months_are_the_months_between(first: dt.date, last: dt.date, day: dt.date) -> None:
    months = months_between(first, last)
    assert is_payable(day, first, last) is (month_of(day) in months)
    assert is_payable(day, first, None) is (month_of(day) >= month_of(first))
    assert list(months) == sorted(set(months))


def test_fifteen_working_days_over_national_day() -> None:
    # Accepted on Friday 18 September 2026; the 20th is a worked Sunday, 25-27 and 1-7 October are off.
    assert verify_by(D(2026, 9, 18)) == Deadline(D(2026, 10, 15), True)
    assert confirm_by(D(2026, 9, 18)) == Deadline(D(2026, 10, 15), True)
    assert verify_by(D(2026, 9, 18), 10) == Deadline(D(2026, 10, 9), True)
    assert confirm_by(D(2026, 9, 18), 5) == Deadline(D(2026, 9, 24), True)
    assert confirm_by(D(2026, 9, 18), 5, {D(2026, 9, 24): False}) == Deadline(D(2026, 9, 28), True)
