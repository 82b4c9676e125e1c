"""Working days (工作日) in China. Pure: the maintained table of holidays is passed in.

Three sources, the strongest first: the county's maintained table (``overrides``), the arrangements of
the State Council (国务院办公厅 节假日安排) as the ``chinesecalendar`` package carries them, and the bare
week beyond its last year. The State Council publishes a year's arrangement only in the last weeks of
the year before, so a date counted into a year that nobody knows yet is marked as not certain, and
callers show it so, instead of a promise that a moved Saturday would break.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import NamedTuple

import chinese_calendar
from chinese_calendar.constants import holidays as _published

# Day → True when it is worked, False when it is a day off. Rows of the maintained holiday table.
Overrides = Mapping[dt.date, bool]

FIRST_YEAR: int = min(_published).year
LAST_YEAR: int = max(_published).year
_NO_OVERRIDES: Overrides = {}
_SATURDAY = 5


class Deadline(NamedTuple):
    """The last day of a period counted in working days, and whether its holidays are all known."""

    day: dt.date
    is_certain: bool


def is_working_day(day: dt.date, overrides: Overrides = _NO_OVERRIDES) -> bool:
    """True when offices work on ``day``; a weekday counts as worked where nothing better is known."""
    if day in overrides:
        return overrides[day]
    if FIRST_YEAR <= day.year <= LAST_YEAR:
        return bool(chinese_calendar.is_workday(day))
    return day.weekday() < _SATURDAY


def is_certain(day: dt.date, overrides: Overrides = _NO_OVERRIDES) -> bool:
    """True when the State Council's arrangement for ``day`` is known.

    Known are the years of the package and every year for which the table holds both 1 January and
    1 October, the first and the last holiday of any year's notice. The final week of a known year
    needs the next year's notice too: New Year's has taken days of December (2018-12-29 was worked).
    """
    if day in overrides:
        return True
    if day < dt.date(FIRST_YEAR, 1, 1):
        return False
    if not _year_is_known(day.year, overrides):
        return False
    return (day.month, day.day) <= (12, 25) or _year_is_known(day.year + 1, overrides)


def add_working_days(start: dt.date, n: int, overrides: Overrides = _NO_OVERRIDES) -> dt.date:
    """The ``n``-th working day after ``start``; ``start`` itself when ``n`` is 0. ValueError if ``n`` < 0.

    The first day is not counted: 民法典 art 201.
    """
    return deadline(start, n, overrides).day


def deadline(start: dt.date, n: int, overrides: Overrides = _NO_OVERRIDES) -> Deadline:
    """Like ``add_working_days``, together with whether every day that was passed is certain."""
    if n < 0:
        raise ValueError(f"working days must not be negative: {n}")
    day, left, certain = start, n, True
    while left:
        day += dt.timedelta(days=1)
        certain = certain and is_certain(day, overrides)
        left -= is_working_day(day, overrides)
    return Deadline(day, certain)


def working_days_between(start: dt.date, end: dt.date, overrides: Overrides = _NO_OVERRIDES) -> int:
    """Working days after ``start`` up to and including ``end``; negative when ``end`` lies before ``start``.

    ``working_days_between(start, add_working_days(start, n)) == n``; from a deadline to today it is the
    number of working days overdue.
    """
    if end < start:
        return -working_days_between(end, start, overrides)
    days = (start + dt.timedelta(days=offset) for offset in range(1, (end - start).days + 1))
    return sum(is_working_day(day, overrides) for day in days)


def _year_is_known(year: int, overrides: Overrides) -> bool:
    if FIRST_YEAR <= year <= LAST_YEAR:
        return True
    return dt.date(year, 1, 1) in overrides and dt.date(year, 10, 1) in overrides
