"""Working days (工作日) in China. Pure: the maintained table of holidays is passed in.

Three sources, the strongest first: the maintained table (``overrides``), into which a year's notice is entered
(:mod:`staff.holidays`), the arrangements of the State Council (国务院办公厅 节假日安排) as the ``chinesecalendar``
package carries them, and, in a year that neither knows, the week with the statutory holidays (全国年节及纪念日放假办法).
The State Council publishes a year's arrangement only in the last weeks of the year before, so a date counted into a
year that nobody knows yet is marked as not certain, and callers show it so, instead of a promise that a moved
Saturday would break.
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
# 全国年节及纪念日放假办法 (国令第795号) art 2: days off by law, before the State Council moves any. Month and day.
_STATUTORY = frozenset({(1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)})
# Year → 正月初一, 清明, 端午, 中秋 as month and day; the law also gives New Year's Eve and two days after 初一.
_BY_MOON: dict[int, tuple[tuple[int, int], ...]] = {
    2027: ((2, 6), (4, 5), (6, 9), (9, 15)),
    2028: ((1, 26), (4, 4), (5, 28), (10, 3)),
    2029: ((2, 13), (4, 4), (6, 16), (9, 22)),
    2030: ((2, 3), (4, 5), (6, 5), (9, 12)),
    2031: ((1, 23), (4, 5), (6, 24), (10, 1)),
    2032: ((2, 11), (4, 4), (6, 12), (9, 19)),
    2033: ((1, 31), (4, 4), (6, 1), (9, 8)),
    2034: ((2, 19), (4, 5), (6, 20), (9, 27)),
    2035: ((2, 8), (4, 5), (6, 10), (9, 16)),
    2036: ((1, 28), (4, 4), (5, 30), (10, 4)),
}


class Deadline(NamedTuple):
    """The last day of a period counted in working days, and whether its holidays are all known."""

    day: dt.date
    is_certain: bool


def is_working_day(day: dt.date, overrides: Overrides = _NO_OVERRIDES) -> bool:
    """True when offices work on ``day``; in a year without a notice every weekday but the statutory holidays."""
    if day in overrides:
        return overrides[day]
    if FIRST_YEAR <= day.year <= LAST_YEAR:
        return bool(chinese_calendar.is_workday(day))
    return day.weekday() < _SATURDAY and not is_statutory_holiday(day)


def is_statutory_holiday(day: dt.date) -> bool:
    """A day off by law, whatever the year's notice moves; those of the moon and the sun are known to 2036."""
    if (day.month, day.day) in _STATUTORY:
        return True
    if day.year not in _BY_MOON:
        return False
    spring, *others = (dt.date(day.year, *found) for found in _BY_MOON[day.year])
    return -1 <= (day - spring).days <= 2 or day in others


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
    if not is_known_year(day.year, overrides):
        return False
    return (day.month, day.day) <= (12, 25) or is_known_year(day.year + 1, overrides)


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


def moved_deadlines(before: Overrides, after: Overrides) -> dict[dt.date, dt.date]:
    """Deadline → what it is once ``after`` is the maintained table instead of ``before``: as many working days as were
    left on the day before the first one that differs. Deadlines up to 400 days after the last difference.
    """
    changed = [
        day
        for day in before.keys() | after.keys()
        if is_working_day(day, before) != is_working_day(day, after)
    ]
    if not changed:
        return {}
    due = start = min(changed) - dt.timedelta(days=1)
    moved: dict[dt.date, dt.date] = {}
    for distance in range(1, (max(changed) - start).days + 400):
        day = start + dt.timedelta(days=distance)
        if is_working_day(day, before):
            due = add_working_days(due, 1, after)
            if due != day:
                moved[day] = due
    return moved


def working_days_between(start: dt.date, end: dt.date, overrides: Overrides = _NO_OVERRIDES) -> int:
    """Working days after ``start`` up to and including ``end``; negative when ``end`` lies before ``start``.

    ``working_days_between(start, add_working_days(start, n)) == n``; from a deadline to today it is the
    number of working days overdue.
    """
    if end < start:
        return -working_days_between(end, start, overrides)
    days = (start + dt.timedelta(days=offset) for offset in range(1, (end - start).days + 1))
    return sum(is_working_day(day, overrides) for day in days)


def is_known_year(year: int, overrides: Overrides = _NO_OVERRIDES) -> bool:
    """Whether the notice of a year is in the package or was entered."""
    if FIRST_YEAR <= year <= LAST_YEAR:
        return True
    return dt.date(year, 1, 1) in overrides and dt.date(year, 10, 1) in overrides
