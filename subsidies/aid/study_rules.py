"""助学: who can have a study grant for a school year (福彩圆梦·孤儿助学工程, 民办发〔2019〕24号; 事实无人抚养 by province). Pure.

An orphan recognised before 18, not adopted (a disabled orphan who was adopted can), after 18 in continuous full-time
普高、中职、高校 or as 全日制硕士. A school year is named by its first year and begins on 1 September.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from django.db import models
from django.utils.translation import gettext_lazy as _

from cases.ages import age_on
from cases.enums import LeaveReason, PrimaryCategory, SchoolStage
from subsidies.enums import SchemeCode

GROWN = 18
STAGES = frozenset(
    {
        SchoolStage.SENIOR,
        SchoolStage.VOCATIONAL,
        SchoolStage.TECHNICAL,
        SchoolStage.HIGHER,
        SchoolStage.POSTGRADUATE,
    }
)
SCHEMES = {
    PrimaryCategory.ORPHAN: SchemeCode.STUDY_ORPHAN,
    PrimaryCategory.DE_FACTO_UNATTENDED: SchemeCode.STUDY,
}
ADOPTIONS = (LeaveReason.ADOPTED_IN_PROVINCE, LeaveReason.ADOPTED_OTHER_PROVINCE, LeaveReason.ADOPTED_ABROAD)
# Who left the register for these reasons is still a former ward of this county.
STILL_OURS = (LeaveReason.OVER_AGE, LeaveReason.INDEPENDENT)
FORMER_WARDS = (*STILL_OURS, *ADOPTIONS)


class Lack(models.TextChoices):
    """Why somebody cannot have the grant now."""

    NOT_RECOGNISED = "not_recognised", _("Was not recognised as a child of this scheme before turning 18")
    TOO_YOUNG = "too_young", _("Is younger than the scheme asks")
    ADOPTED = "adopted", _("Was adopted, and has no disability card")
    GONE = "gone", _("Has left the register for a reason that ends all aid")
    NOT_STUDYING = "not_studying", _("Is not in full-time senior, vocational or higher education")
    NO_PROOF = "no_proof", _("There is no proof of schooling for this school year")


@dataclass(frozen=True)
class Student:
    """What the rules ask. ``recognised``: held the scheme's category before turning 18; ``stage`` and ``full_time`` are
    those of the proof of the school year, else of the file; ``proven``: that proof is on record."""

    birth_date: dt.date
    recognised: bool
    left_reason: str = ""
    disabled: bool = False
    stage: str = ""
    full_time: bool = True
    proven: bool = False


def school_year_of(day: dt.date) -> int:
    """The school year in which a day lies: from September on that of the calendar year."""
    return day.year if day.month >= 9 else day.year - 1


def first_month(school_year: int) -> dt.date:
    """The month that names a school year."""
    return dt.date(school_year, 9, 1)


def lacks(
    student: Student, on: dt.date, *, age_least: int = GROWN, stages: Collection[str] = STAGES
) -> tuple[Lack, ...]:
    """Everything that stands in the way on a day, in the order of :class:`Lack`; () when nothing does.

    ``age_least`` and ``stages`` are the scheme's terms: a province may pay minors too (安徽).
    """
    found = []
    if not student.recognised:
        found.append(Lack.NOT_RECOGNISED)
    if age_on(student.birth_date, on) < age_least:
        found.append(Lack.TOO_YOUNG)
    if student.left_reason in ADOPTIONS and not student.disabled:
        found.append(Lack.ADOPTED)
    elif student.left_reason and student.left_reason not in FORMER_WARDS:
        found.append(Lack.GONE)
    if student.stage not in stages or not student.full_time:
        found.append(Lack.NOT_STUDYING)
    if not student.proven:
        found.append(Lack.NO_PROOF)
    return tuple(found)
