"""Ages and calendar months. Pure; every function takes the day it is asked about.

Age is counted in full years by the calendar (公历周岁). Whoever was born on 29 February has the
birthday on 28 February in a year without that day, so that nobody stays a minor a day longer in the
years the calendar happens to leave out.
"""

from __future__ import annotations

import calendar
import datetime as dt

ADULT = 18  # 未成年人保护法 art 2
LEFT_BEHIND_LIMIT = 16  # 国发〔2016〕13号; also the age from which a child may live alone (未保法 art 21)


def birthday(birth_date: dt.date, years: int) -> dt.date:
    """The day on which the person born on ``birth_date`` completes ``years`` years."""
    return add_months(birth_date, 12 * years)


def age_on(birth_date: dt.date, on: dt.date) -> int:
    """Completed years on the day ``on``. ValueError when ``on`` is before birth."""
    if on < birth_date:
        raise ValueError(f"{on} is before the birth date {birth_date}")
    years = on.year - birth_date.year
    return years if on >= birthday(birth_date, years) else years - 1


def is_adult(birth_date: dt.date, on: dt.date) -> bool:
    """True from the 18th birthday on."""
    return age_on(birth_date, on) >= ADULT


def is_under_16(birth_date: dt.date, on: dt.date) -> bool:
    """True until the day before the 16th birthday: the age of 留守 and 流动 counts."""
    return age_on(birth_date, on) < LEFT_BEHIND_LIMIT


def add_months(day: dt.date, months: int) -> dt.date:
    """The same day ``months`` months later (or earlier), or that month's last day if it is shorter."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return dt.date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def end_of_month(day: dt.date) -> dt.date:
    """Last day of the month of ``day``."""
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])
