"""Months and periods of entitlement, and the clocks of an application. Pure. A month is written as its first day.

Allowances are paid for whole months only, whether by the month, quarter or year, grants for whole school years: from the
month after confirmation, or that of the application, to the one that the rule names as the last. A period is named by
its first month.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from cases.ages import ADULT, add_months, birthday
from staff.calendar import Deadline, deadline
from subsidies.aid.enums import Cadence
from subsidies.enums import LastMonthRule, StopRule
from subsidies.terms.enums import Starts
from subsidies.terms.types import Terms

VERIFY_WORKING_DAYS = 15  # township, from acceptance: 民发〔2019〕62号; one city allows 10
CONFIRM_WORKING_DAYS = 15  # county, from receipt of material and conclusion; one city allows 5


def month_of(day: dt.date) -> dt.date:
    """First day of the month of ``day``."""
    return day.replace(day=1)


def first_month(confirmed_on: dt.date) -> dt.date:
    """First month to be paid: the month after confirmation (次月)."""
    return add_months(month_of(confirmed_on), 1)


def last_month(
    birth_date: dt.date, rule: LastMonthRule = LastMonthRule.BIRTHDAY_MONTH, age: int = ADULT
) -> dt.date:
    """Last month to be paid to a child who turns 18 (or ``age``).

    BIRTHDAY_MONTH is the national system's default (birth month plus 18 years) and the same as
    重庆's "stops from the month after the 18th birthday".
    """
    month = month_of(birthday(birth_date, age))
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


SCHOOL_YEAR_BEGINS = 9  # 1 September
_LENGTHS: dict[Cadence, int] = {
    Cadence.MONTH: 1,
    Cadence.QUARTER: 3,
    Cadence.SCHOOL_YEAR: 12,
    Cadence.YEAR: 12,
    Cadence.ONCE: 1,
}


# A standard for one of these periods is for its months, equal parts of it: 发放周期 季 and 年 say how often is paid. A grant of
# a school year, and what is given once, are one sum.
BY_MONTH = (Cadence.QUARTER, Cadence.YEAR)


def period_of(month: dt.date, cadence: Cadence = Cadence.MONTH) -> dt.date:
    """First month of the period that a month lies in: itself, of its quarter, school year (September) or year."""
    first = month_of(month)
    if cadence == Cadence.QUARTER:
        return first.replace(month=(first.month - 1) // 3 * 3 + 1)
    if cadence == Cadence.YEAR:
        return first.replace(month=1)
    if cadence == Cadence.SCHOOL_YEAR:
        year = first.year - (first.month < SCHOOL_YEAR_BEGINS)
        return dt.date(year, SCHOOL_YEAR_BEGINS, 1)
    return first


def place_of(month: dt.date, cadence: Cadence) -> tuple[int, int]:
    """Which of how many months of its period a month is, from 0; (0, 1) where the period is one sum."""
    if cadence not in BY_MONTH:
        return 0, 1
    return (month.month - 1) % _LENGTHS[cadence], _LENGTHS[cadence]


def start_of(month: dt.date, cadence: Cadence) -> dt.date:
    """The first month of a right that begins in a month: itself, or that of the period where it is one sum."""
    return month_of(month) if cadence in BY_MONTH else period_of(month, cadence)


def whole_from(month: dt.date, cadence: Cadence) -> dt.date:
    """The first month from a month on of which everything is still ahead: itself, or where the period is one sum that of
    the next one unless this one begins with the month.
    """
    first = month_of(month)
    return first if start_of(first, cadence) == first else add_months(period_end(first, cadence), 1)


def period_end(month: dt.date, cadence: Cadence = Cadence.MONTH) -> dt.date:
    """Last month of the period that a month lies in."""
    return add_months(period_of(month, cadence), _LENGTHS[cadence] - 1)


def periods_between(first: dt.date, last: dt.date, cadence: Cadence = Cadence.MONTH) -> tuple[dt.date, ...]:
    """First months of the periods that begin from the month of ``first`` to that of ``last``, both included.

    ONCE: the first month alone.
    """
    months = months_between(first, last)
    if cadence == Cadence.ONCE:
        return months[:1]
    return tuple(month for month in months if period_of(month, cadence) == month)


@dataclass(frozen=True, slots=True)
class Facts:
    """What a child's months rest on; ``enrolled_until`` is the day until which schooling is proved. Of a student:
    ``proved_from`` lies in the first term since the application that is proved, ``proved_last`` in the last one.
    """

    birth_date: dt.date
    school_stage: str = ""
    enrolled_until: dt.date | None = None
    proved_from: dt.date | None = None
    proved_last: dt.date | None = None


def entitled_months(
    terms: Terms, facts: Facts, decided_on: dt.date, applied_on: dt.date
) -> tuple[dt.date, dt.date]:
    """First and last month of an entitlement that is decided on a day. The last lies before the first when the child
    is too old (or not yet old enough to be paid within the proof of schooling): the caller refuses.

    It starts with the month after the decision (次月), where the period is one sum with the first whole one from then on;
    or with the month or period of the application (两项补贴, study grants), a student's never before the first one that is
    proved, so that who applies in the summer is paid for the school year that begins. It ends by age; who studies at a
    stage of the scheme's own is paid on until the proof of schooling ends (在校延续), and a scheme of students ends with
    it in any case.
    """
    if terms.starts == Starts.APPLICATION_MONTH:
        first = start_of(applied_on, terms.cadence)
        if terms.school_proof:
            # The proof that is asked for is that of the school year in which it is decided.
            unknown = decided_on if terms.cadence == Cadence.SCHOOL_YEAR else applied_on
            first = max(first, start_of(facts.proved_from or unknown, terms.cadence))
    else:
        first = whole_from(first_month(decided_on), terms.cadence)
    if terms.age_least:
        first = max(first, start_of(birthday(facts.birth_date, terms.age_least), terms.cadence))
    return first, last_by_age(terms, facts, first)


def last_by_age(terms: Terms, facts: Facts, first: dt.date) -> dt.date:
    """Last month by age and schooling, for an entitlement from ``first`` on; see :func:`entitled_months`."""
    by_age = last_month(facts.birth_date, terms.last_month_rule, terms.age_most)
    studies = facts.school_stage in terms.extension_stages
    if terms.school_proof:
        if not studies:
            return add_months(first, -1)
        until = facts.enrolled_until or period_end(
            max(first, facts.proved_last or first), Cadence.SCHOOL_YEAR
        )
        return min(by_age, month_of(until))
    if studies and facts.enrolled_until is not None:
        return max(by_age, month_of(facts.enrolled_until))
    return by_age


def last_month_of_end(terms: Terms, reason: str, event_on: dt.date) -> dt.date:
    """Last month to be paid when an entitlement ends for a reason (EndReason) on a day: by the scheme's stop rule for
    that reason, and its months of grace (渐退期).
    """
    return last_month_after(event_on, terms.stop_of(reason), terms.grace_of(reason))


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
