"""When a county's sweeps fall, and which days one counts. Pure."""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _

# 一年两排 (江苏 16部门 2024); the months are the county's parameter ``sweep_months``.
LAST_SPRING_MONTH = 6


@dataclass(frozen=True)
class Proposal:
    """A sweep that the county's months suggest: a whole month."""

    title: str
    start: dt.date
    end: dt.date


def proposals(months: Iterable[int], today: dt.date) -> list[Proposal]:
    """The next sweep of each month, running ones first; ValueError for what is no month."""
    found = []
    for month in sorted(set(months)):
        if not 1 <= month <= 12:
            raise ValueError(f"not a month: {month}")
        year = today.year + (month < today.month)
        first, last = dt.date(year, month, 1), dt.date(year, month, calendar.monthrange(year, month)[1])
        words = _("Spring sweep %(year)s") if month <= LAST_SPRING_MONTH else _("Autumn sweep %(year)s")
        found.append(Proposal(words % {"year": year}, first, last))
    return sorted(found, key=lambda one: one.start)


def counted_on(start: dt.date, end: dt.date, today: dt.date) -> dt.date:
    """The day whose register a sweep counts: today, and its last day from then on."""
    return min(today, end)


def is_running(start: dt.date, end: dt.date, closed: bool, today: dt.date) -> bool:
    """Whether visits of today count."""
    return not closed and start <= today <= end
