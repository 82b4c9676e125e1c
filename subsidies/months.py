"""Months of entitlement and the clocks of an application. Pure. A month is written as its first day.

Allowances are paid for whole months only: from the month after confirmation, to the month that the
county's rule names as the last.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from cases.ages import ADULT, add_months, birthday
from staff.calendar import Deadline, deadline
from subsidies.enums import LastMonthRule, StopRule

VERIFY_WORKING_DAYS = 15  # township, from acceptance: 民发〔2019〕62号; one city allows 10
CONFIRM_WORKING_DAYS = 15  # county, from receipt of material and conclusion; one city allows 5


def month_of(day: dt.date) -> dt.date:
    """First day of the month of ``day``."""
    return day.replace(day=1)


def first_month(confirmed_on: dt.date) -> dt.date:
    """First month to be paid: the month after confirmation (次月)."""
    return add_months(month_of(confirmed_on), 1)


def last_month(birth_date: dt.date, rule: LastMonthRule = LastMonthRule.BIRTHDAY_MONTH) -> dt.date:
    """Last month to be paid to a child who turns 18.

    BIRTHDAY_MONTH is the national system's default (birth month plus 18 years) and the same as
    重庆's "stops from the month after the 18th birthday".
    """
    month = month_of(birthday(birth_date, ADULT))
    return month if rule == LastMonthRule.BIRTHDAY_MONTH else add_months(month, -1)


def last_month_after(
    event_on: dt.date, rule: StopRule = StopRule.NEXT_MONTH, grace_months: int = 0
) -> dt.date:
    """Last month to be paid when entitlement ends by an event (death, adoption, a parent's return).

    NEXT_MONTH: the month of the event is still paid (定州). SAME_MONTH: it is not (重庆, a parent found
    alive). ``grace_months`` are paid on top (渐退期, default none). ValueError if they are negative.
    """
    if grace_months < 0:
        raise ValueError(f"grace months must not be negative: {grace_months}")
    return add_months(month_of(event_on), grace_months - (rule == StopRule.SAME_MONTH))


def months_between(first: dt.date, last: dt.date) -> tuple[dt.date, ...]:
    """Every month from that of ``first`` to that of ``last``, both included; () when ``last`` is earlier."""
    start, end = month_of(first), month_of(last)
    count = (end.year - start.year) * 12 + end.month - start.month + 1
    return tuple(add_months(start, step) for step in range(max(0, count)))


def is_payable(month: dt.date, first: dt.date, last: dt.date | None) -> bool:
    """True when the month lies in an entitlement from ``first`` to ``last`` (None: open)."""
    return month_of(first) <= month_of(month) and (last is None or month_of(month) <= month_of(last))


def verify_by(
    accepted_on: dt.date,
    working_days: int = VERIFY_WORKING_DAYS,
    overrides: Mapping[dt.date, bool] | None = None,
) -> Deadline:
    """Last day for the township's verification (查验), counted from acceptance."""
    return deadline(accepted_on, working_days, overrides or {})


def confirm_by(
    received_on: dt.date,
    working_days: int = CONFIRM_WORKING_DAYS,
    overrides: Mapping[dt.date, bool] | None = None,
) -> Deadline:
    """Last day for the county's confirmation (确认), counted from receipt of the township's conclusion."""
    return deadline(received_on, working_days, overrides or {})
