"""Who comes of age: 16 (留守, 流动 and the entry into 特困 end) and 18, some months ahead, month by month."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import Exists, OuterRef, Q
from django.utils.functional import Promise
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from cases import ages
from cases.children.filters import births_between
from cases.enums import PrimaryCategory, SchoolStage
from cases.models import Child, ChildAttribute
from staff import parameters
from staff.scope import current

MOST = 500
LEFT_BEHIND, MIGRANT, TEKUN = PrimaryCategory.LEFT_BEHIND, PrimaryCategory.MIGRANT, PrimaryCategory.TEKUN
ENDING_AT_16 = (LEFT_BEHIND, MIGRANT)
# Households whose children may be entitled to 特困 support, for which they must have entered before 16.
NEAR_TEKUN = (PrimaryCategory.DIBAO, PrimaryCategory.LOW_INCOME, PrimaryCategory.DE_FACTO_UNATTENDED)
# 重庆: 全日制中学或中等职业学校; 广东: also 普通高校, no postgraduates. Which hold is the county's rule.
STUDYING = frozenset(
    {
        *(SchoolStage.JUNIOR, SchoolStage.SENIOR, SchoolStage.VOCATIONAL, SchoolStage.TECHNICAL),
        *(SchoolStage.SPECIAL, SchoolStage.HIGHER),
    }
)
ALLOWANCE = frozenset(
    {PrimaryCategory.ORPHAN, PrimaryCategory.PROTECTED, PrimaryCategory.DE_FACTO_UNATTENDED}
)


@dataclass(frozen=True)
class Coming:
    """One child, the day on which it completes 16 or 18 years, and what follows from that."""

    child: Child
    day: dt.date
    follows: list[Promise]
    last_month: dt.date | None = None


@dataclass
class Month:
    """The children of one month; ``past`` gathers those whose day is over while nothing was done."""

    first: dt.date | None
    children: list[Coming] = field(default_factory=list)

    @property
    def title(self) -> str:
        """2026-11, or that the day is past."""
        return f"{self.first:%Y-%m}" if self.first else _now("The day is past")


def coming_of_age(years: int, today: dt.date) -> tuple[list[Month], int]:
    """Months with the children who complete ``years`` (16 or 18) until the parameter's horizon, and that horizon.

    First those already past their day who still stand as before. At most MOST children, by birth date; read
    through the index of birth dates. Two queries.
    """
    ranges = current().ranges
    rules = parameters.values(ranges[0][0] if ranges else 0, ("age_out_months", "last_month_rule"), today)
    ahead = int(rules["age_out_months"])
    last = ages.add_months(today, ahead)
    lowest = births_between(years + (9 if years == ages.ADULT else 2), today, today)[1]
    highest = births_between(years, today, last)[1]
    found = Child.objects.on_register().filter(birth_date__gt=lowest, birth_date__lte=highest)
    if years == ages.LEFT_BEHIND_LIMIT:
        kinds = (*ENDING_AT_16, TEKUN, *NEAR_TEKUN)
        held = ChildAttribute.objects.filter(
            child=OuterRef("pk"), kind__in=ENDING_AT_16, end_date__isnull=True
        )
        ending = Q(primary_category__in=ENDING_AT_16) | Exists(held)
        past = births_between(years, today, today)[1]
        # After the day only what should have ended is still to be done.
        found = found.filter(ending | Q(primary_category__in=kinds, birth_date__gt=past))
        found = found.annotate(is_ending=ending)
    children = found.defer("health_note", "phone", "id_number").order_by("birth_date", "pk")[:MOST]
    return _by_month(years, children, today, rules["last_month_rule"]), ahead


def _by_month(years: int, children: Iterable[Child], today: dt.date, rule: str) -> list[Month]:
    months: dict[dt.date | None, Month] = {}
    for child in children:
        day = ages.birthday(child.birth_date, years)
        first = day.replace(day=1) if day >= today else None
        coming = at_16(child, day) if years == ages.LEFT_BEHIND_LIMIT else at_18(child, day, rule)
        months.setdefault(first, Month(first)).children.append(coming)
    return list(months.values())


def at_16(child: Child, day: dt.date) -> Coming:
    """What follows from the sixteenth birthday."""
    follows: list[Promise] = []
    if child.primary_category in ENDING_AT_16:
        follows.append(
            _("The category ends: decide under which the child is counted from then on, or let it leave.")
        )
    elif getattr(child, "is_ending", False):
        follows.append(_("The attribute “left-behind” or “migrant” ends on this day."))
    if child.primary_category == TEKUN:
        follows.append(_("Entered before 16: support may go on until 18, and beyond while in school."))
    elif child.primary_category in NEAR_TEKUN:
        follows.append(_("Extreme-poverty support can be entered only before 16: examine it now."))
    return Coming(child, day, follows)


def at_18(child: Child, day: dt.date, rule: str = "birthday_month") -> Coming:
    """What follows from the eighteenth birthday. ``last_month`` of the allowance by the county's parameter
    ``last_month_rule``: the month of the birthday (全国儿童福利信息系统: 末领年月), or the month before it."""
    follows: list[Promise] = []
    paid = child.primary_category in ALLOWANCE
    if paid and child.school_stage in STUDYING:
        follows.append(_("In school: payment may go on. Ask for the proof of enrolment."))
    elif paid and child.school_stage in ("", SchoolStage.UNSTATED):
        follows.append(_("Stage of schooling is not stated: find out, since payment may go on in school."))
    if child.primary_category == TEKUN and child.school_stage in STUDYING:
        follows.append(_("In school: extreme-poverty support may go on."))
    if not follows:
        follows.append(_("Leaves the register as over age."))
    last = day.replace(day=1) if rule == "birthday_month" else ages.add_months(day.replace(day=1), -1)
    return Coming(child, day, follows, last if paid else None)


__all__ = ["Coming", "Month", "at_16", "at_18", "coming_of_age"]
