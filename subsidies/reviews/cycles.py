"""Cycles of re-checks and terms of school. Pure. A cycle is named by its first day."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from cases.ages import add_months
from subsidies.reckoning.months import month_of
from subsidies.terms.enums import Recheck

AUTUMN, SPRING = 1, 2
_MONTHS = {Recheck.MONTHLY: 1, Recheck.QUARTERLY: 3, Recheck.HALF_YEARLY: 6, Recheck.TERM: 6}


@dataclass(frozen=True, order=True, slots=True)
class Term:
    """A school term: of a school year named by its first year, 1 autumn (September to February), 2 spring (March to August)."""

    school_year: int
    number: int

    @property
    def start(self) -> dt.date:
        return (
            dt.date(self.school_year, 9, 1) if self.number == AUTUMN else dt.date(self.school_year + 1, 3, 1)
        )

    @property
    def end(self) -> dt.date:
        """The last day."""
        return add_months(self.start, 6) - dt.timedelta(days=1)

    @property
    def last_month(self) -> dt.date:
        return month_of(self.end)

    @property
    def before(self) -> Term:
        return Term(self.school_year, AUTUMN) if self.number == SPRING else Term(self.school_year - 1, SPRING)


def term_of(day: dt.date) -> Term:
    """The term that a day lies in."""
    if day.month >= 9:
        return Term(day.year, AUTUMN)
    return Term(day.year - 1, AUTUMN if day.month <= 2 else SPRING)


def cycle_of(recheck: str, day: dt.date) -> dt.date | None:
    """First day of the cycle that a day lies in; None without a fixed cycle.

    Monthly (闽侯), by the quarter (西昌), January and July (定州), by the school term.
    """
    if recheck == Recheck.NONE:
        return None
    if recheck == Recheck.TERM:
        return term_of(day).start
    length = _MONTHS[Recheck(recheck)]
    return dt.date(day.year, (day.month - 1) // length * length + 1, 1)


def cycle_end(recheck: str, cycle: dt.date) -> dt.date:
    """Last day of the cycle that begins on ``cycle``. ValueError without a fixed cycle."""
    if recheck == Recheck.NONE:
        raise ValueError("no fixed cycle")
    return add_months(cycle, _MONTHS[Recheck(recheck)]) - dt.timedelta(days=1)
