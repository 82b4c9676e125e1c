"""The year's notice of holidays (国务院办公厅关于部分节假日安排的通知): read from its words, entered, and what is still missing.

The notice for a year comes in November of the year before. Until it is entered, dates are counted by the week and the
statutory holidays (:mod:`staff.calendar`) and marked as provisional; entering it moves every deadline that was counted
without it. Models name the fields that hold such deadlines in ``working_day_fields``.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from django.apps import apps
from django.db import models, transaction
from django.db.models import Case, Value, When
from django.utils.translation import gettext as _

from staff.audit import log_access
from staff.calendar import LAST_YEAR, is_known_year, is_statutory_holiday, moved_deadlines
from staff.enums import Role
from staff.models import AccessLog, Holiday
from staff.scope import system_scope
from staff.workflow import Actor, TransitionRefused

KEEPERS = frozenset({Role.SYSADMIN, Role.CLERK})
WARN_FROM_MONTH = 12
LONGEST = 12  # days off in one go; no notice ever had more
_DAY = r"(?:(?P<{0}year>\d{{4}})年)?(?P<{0}month>\d{{1,2}})月(?P<{0}day>\d{{1,2}})日(?:[（(][^）)]*[）)])?"
_UNTIL = r"(?:\s*(?:至|到|—|–|-|～|~)\s*(?:(?P<to_year>\d{4})年)?(?:(?P<to_month>\d{1,2})月)?(?P<to_day>\d{1,2})日)?"
_TOKEN = re.compile(
    _DAY.format("") + _UNTIL + r"|(?P<feast>元旦|春节|清明|劳动|端午|中秋|国庆)|(?P<act>放假|补休|休息|上班)"
)
_BREAK = re.compile(r"[。；;\n]")


class NoticeRefused(TransitionRefused):
    """The words cannot be the notice of that year, or it is there already."""


@dataclass(frozen=True)
class NoticeDay:
    """A day that the notice names: off, or worked instead of another."""

    date: dt.date
    is_working: bool
    name: str


def overrides() -> dict[dt.date, bool]:
    """The maintained calendar exceptions as :mod:`staff.calendar` wants them. One query."""
    return dict(Holiday.objects.values_list("date", "is_working"))


def missing_year(today: dt.date) -> int | None:
    """The year whose notice should be there by now and is not: this one, and from December the next. At most one query."""
    due = [today.year, today.year + 1] if today.month >= WARN_FROM_MONTH else [today.year]
    late = [year for year in due if year > LAST_YEAR]
    if not late:
        return None
    known = overrides()
    return next((year for year in late if not is_known_year(year, known)), None)


def warning(today: dt.date) -> str:
    """One sentence for the pages of those who can enter the notice; empty when nothing is missing."""
    year = missing_year(today)
    if year is None:
        return ""
    return _(
        "The State Council's notice of holidays for %(year)d is not entered yet: days in it are counted by the week and "
        "the statutory holidays, and may move."
    ) % {"year": year}


def read_notice(year: int, text: str) -> list[NoticeDay]:
    """The days off and the days worked that the words of a notice name, in order.

    NoticeRefused, saying what is missing or wrong: a statutory holiday that is not named, a day of another year, a
    working day that is none of a week's end, a day both off and worked.
    """
    found: dict[dt.date, NoticeDay] = {}
    for sentence in _BREAK.split(text):
        waiting: list[dt.date] = []
        feast = ""
        for token in _TOKEN.finditer(sentence):
            if token["feast"]:
                feast = token["feast"]
            elif token["act"]:
                for day in waiting:
                    one = NoticeDay(day, token["act"] == "上班", _name(feast, found))
                    if day in found and found[day].is_working != one.is_working:
                        raise NoticeRefused(_("%(day)s is named as a day off and as worked.") % {"day": day})
                    found[day] = one
                waiting = []
            else:
                waiting += _days(year, token)
    days = [found[day] for day in sorted(found)]
    _check(year, days)
    return days


def _name(feast: str, found: dict[dt.date, NoticeDay]) -> str:
    """The feast that the sentence names, else that of the sentence before."""
    return feast or (list(found.values())[-1].name if found else "")


def _days(year: int, token: re.Match[str]) -> list[dt.date]:
    try:
        first = dt.date(int(token["year"] or year), int(token["month"]), int(token["day"]))
        last = first
        if token["to_day"]:
            last = dt.date(
                int(token["to_year"] or first.year),
                int(token["to_month"] or first.month),
                int(token["to_day"]),
            )
    except ValueError as error:
        raise NoticeRefused(_("“%(words)s” is no date.") % {"words": token[0]}) from error
    length = (last - first).days + 1
    if not 0 < length <= LONGEST:
        raise NoticeRefused(_("“%(words)s” are not days of one holiday.") % {"words": token[0]})
    return [first + dt.timedelta(days=step) for step in range(length)]


def _check(year: int, days: list[NoticeDay]) -> None:
    off = {one.date for one in days if not one.is_working}
    for one in days:
        if not dt.date(year - 1, 12, 25) <= one.date <= dt.date(year, 12, 31):
            raise NoticeRefused(
                _("%(day)s does not belong to the notice for %(year)d.") % {"day": one.date, "year": year}
            )
        if one.is_working and one.date.weekday() < 5:
            raise NoticeRefused(
                _("%(day)s is a weekday: only Saturdays and Sundays are worked instead.") % {"day": one.date}
            )
    every = (dt.date(year, 1, 1) + dt.timedelta(days=step) for step in range(365))
    lacking = [day for day in every if is_statutory_holiday(day) and day not in off]
    if lacking:
        raise NoticeRefused(
            _("The notice names no day off on %(days)s, which the law gives. Enter all of its text.")
            % {"days": "、".join(day.isoformat() for day in lacking[:5])}
        )


@transaction.atomic
def enter_notice(*, actor: Actor, year: int, days: list[NoticeDay], source: str, today: dt.date) -> int:
    """Enter a year's notice under its document number and move the deadlines that were counted without it; how many moved.

    The calendar is one for the whole installation: a clerk enters a year that is missing, a system administrator may
    also replace one. NoticeRefused for a year that is over or that the programme brought with it.
    """
    if actor.role not in KEEPERS:
        raise NoticeRefused(_("Your post does not have this duty."))
    if year <= LAST_YEAR or not today.year <= year <= today.year + 1:
        raise NoticeRefused(_("The notice for %(year)d cannot be entered now.") % {"year": year})
    before = overrides()
    if is_known_year(year, before) and actor.role != Role.SYSADMIN:
        raise NoticeRefused(
            _("The notice for %(year)d is entered already; a system administrator replaces it.")
            % {"year": year}
        )
    Holiday.objects.filter(date__year=year).delete()
    for one in days:
        Holiday.objects.update_or_create(
            date=one.date, defaults={"is_working": one.is_working, "name": one.name, "source": source}
        )
    moved = move_deadlines(before, overrides())
    log_access(
        kind=AccessLog.Kind.SETTING,
        subject="staff.holiday",
        subject_id=year,
        reason=source,
        detail={"days": len(days), "deadlines": moved},
    )
    return moved


def move_deadlines(before: dict[dt.date, bool], after: dict[dt.date, bool]) -> int:
    """Deadlines on record keep their number of working days under another calendar; how many moved."""
    moved = moved_deadlines(before, after)
    if not moved:
        return 0
    count = 0
    with system_scope(reason="the year's notice of holidays moves deadlines"):
        for model in apps.get_models():
            for field in getattr(model, "working_day_fields", ()):
                becomes = Case(
                    *(When(**{field: day}, then=Value(due)) for day, due in moved.items()),
                    output_field=models.DateField(),
                )
                count += model._base_manager.filter(**{f"{field}__in": list(moved)}).update(
                    **{field: becomes}
                )
    return count
