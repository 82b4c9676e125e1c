"""What a child lacks on a day (O-44). Pure: facts in, kinds of defect out; no register, no clock.

Four things are looked for: an identity number, a place in a household register (户口), schooling while it is compulsory,
and a guardian. What is *recorded* counts, because what nobody has recorded nobody can follow.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cases.ages import ADULT, add_months, age_on
from cases.circumstances.enums import DefectKind
from cases.enums import (
    GuardianKind,
    HouseholdRegistration,
    ParentSituationKind,
    Placement,
    Relation,
    SchoolStage,
)
from cases.visits.enums import Problem

SCHOOL_STARTS = (9, 1)  # month and day; the school year begins on 1 September
FIRST_SCHOOL_AGE = 6  # 义务教育法 art 11: a child who is six enters school
SCHOOL_YEARS = 9  # 义务教育法 art 2
LAST_AGE = (
    16  # 禁止使用童工规定 art 2: below it nobody works, so whoever is known to be out of school is followed
)
EXEMPT_MONTHS = 12  # an exemption is looked at again after a year (proposal)

AT_SCHOOL = frozenset(
    {
        SchoolStage.PRIMARY,
        SchoolStage.JUNIOR,
        SchoolStage.SENIOR,
        SchoolStage.VOCATIONAL,
        SchoolStage.TECHNICAL,
        SchoolStage.SPECIAL,
        SchoolStage.HIGHER,
        SchoolStage.POSTGRADUATE,
    }
)
# What may rightly be on record outside compulsory school age; and what says nothing at any age.
OUTSIDE_COMPULSORY = frozenset(
    {SchoolStage.BELOW_SCHOOL_AGE, SchoolStage.KINDERGARTEN, SchoolStage.LEFT_SCHOOL}
)
NOT_STATED = frozenset({"", SchoolStage.UNSTATED})
GUARDING = frozenset({GuardianKind.LEGAL, GuardianKind.BOTH})
# A parent in one of these is a guardian no longer: 民法典 art 39 (death, loss of capacity), art 36 (revocation).
NO_GUARDIAN_ANY_MORE = frozenset(
    {
        ParentSituationKind.DEAD,
        ParentSituationKind.DECLARED_MISSING,
        ParentSituationKind.CUSTODY_REVOKED,
    }
)
PARENTS = frozenset({Relation.FATHER, Relation.MOTHER})

# What a visitor ticks, and the defect that it means.
REPORTED: Mapping[Problem, DefectKind] = {
    Problem.NO_REGISTRATION: DefectKind.NO_REGISTRATION,
    Problem.DROPPED_OUT: DefectKind.OUT_OF_SCHOOL,
    Problem.NEVER_ENROLLED: DefectKind.OUT_OF_SCHOOL,
    Problem.LIVING_ALONE: DefectKind.NO_GUARDIAN,
}
# The child's own fields whose change can settle a defect or bring one.
FIELDS: Mapping[str, frozenset[DefectKind]] = {
    "id_number": frozenset({DefectKind.NO_IDENTITY}),
    "registration": frozenset({DefectKind.NO_REGISTRATION}),
    "school_stage": frozenset({DefectKind.OUT_OF_SCHOOL}),
    "birth_date": frozenset({DefectKind.OUT_OF_SCHOOL}),
    "placement": frozenset({DefectKind.NO_GUARDIAN}),
}


@dataclass(frozen=True)
class Facts:
    """What the register says of a child on a day. Codes are those of :mod:`cases.enums`.

    ``guardians`` are the (capacity, relation) of those in force that day, ``lost_parents`` the parents
    (father, mother) in a situation of NO_GUARDIAN_ANY_MORE that day.
    """

    birth_date: dt.date
    has_identity: bool = True
    registration: str = HouseholdRegistration.LOCAL
    school_stage: str = SchoolStage.PRIMARY
    placement: str = Placement.SCATTERED
    guardians: tuple[tuple[str, str], ...] = ()
    lost_parents: frozenset[str] = frozenset()


def school_year_start(on: dt.date) -> dt.date:
    """1 September on or before the day."""
    start = dt.date(on.year, *SCHOOL_STARTS)
    return start if on >= start else start.replace(year=on.year - 1)


def must_attend(birth_date: dt.date, on: dt.date) -> bool:
    """Whether schooling is compulsory: six by 1 September of this school year, for nine school years.

    义务教育法 art 11 and 2: so from the September after the sixth birthday to the August after the fifteenth.
    """
    start = school_year_start(on)
    return (
        birth_date <= start
        and FIRST_SCHOOL_AGE <= age_on(birth_date, start) < FIRST_SCHOOL_AGE + SCHOOL_YEARS
    )


def is_out_of_school(facts: Facts, on: dt.date) -> bool:
    """Known to be out of school and younger than 16, or of compulsory school age and at no school on record."""
    if age_on(facts.birth_date, on) >= LAST_AGE:
        return False
    if facts.school_stage == SchoolStage.NOT_IN_SCHOOL:
        return True
    return facts.school_stage not in AT_SCHOOL and must_attend(facts.birth_date, on)


def has_guardian(facts: Facts) -> bool:
    """Somebody in force is guardian in law, and not a parent who is dead, declared missing or deprived of it.

    A child in an institution has the institution (民法典 art 32).
    """
    if facts.placement == Placement.INSTITUTION:
        return True
    return any(
        kind in GUARDING and not (relation in PARENTS and relation in facts.lost_parents)
        for kind, relation in facts.guardians
    )


def missing(facts: Facts, on: dt.date) -> frozenset[DefectKind]:
    """Every kind of defect that the facts show on a day. ValueError for a day before birth."""
    found = set()
    if not facts.has_identity:
        found.add(DefectKind.NO_IDENTITY)
    if facts.registration == HouseholdRegistration.NONE:
        found.add(DefectKind.NO_REGISTRATION)
    if is_out_of_school(facts, on):
        found.add(DefectKind.OUT_OF_SCHOOL)
    if age_on(facts.birth_date, on) < ADULT and not has_guardian(facts):
        found.add(DefectKind.NO_GUARDIAN)
    return frozenset(found)


def is_there(kind: DefectKind, facts: Facts, on: dt.date) -> bool:
    """Whether what was missing is on record now. Not quite the opposite of ``missing``: what is not stated opens
    nothing (a registration) or is no longer asked (the stage of a child past school age), but settles nothing.
    """
    if kind == DefectKind.NO_IDENTITY:
        return facts.has_identity
    if kind == DefectKind.NO_REGISTRATION:
        return facts.registration not in ("", HouseholdRegistration.NONE)
    if kind == DefectKind.NO_GUARDIAN:
        return has_guardian(facts)
    return facts.school_stage in AT_SCHOOL or (
        facts.school_stage in OUTSIDE_COMPULSORY and not must_attend(facts.birth_date, on)
    )


def is_past(kind: DefectKind, facts: Facts, on: dt.date) -> bool:
    """Whether the child has grown out of the question unanswered: schooling at 16, or after nine school years when no
    stage is stated; a guardian at 18.
    """
    if is_there(kind, facts, on):
        return False
    age = age_on(facts.birth_date, on)
    if kind == DefectKind.OUT_OF_SCHOOL:
        return age >= LAST_AGE or (_has_finished(facts.birth_date, on) and facts.school_stage in NOT_STATED)
    return kind == DefectKind.NO_GUARDIAN and age >= ADULT


def _has_finished(birth_date: dt.date, on: dt.date) -> bool:
    start = school_year_start(on)
    return birth_date <= start and age_on(birth_date, start) >= FIRST_SCHOOL_AGE + SCHOOL_YEARS


def exempt_until(kind: DefectKind, on: dt.date) -> dt.date:
    """Until when an exemption holds: schooling to the end of the school year (缓学 is granted by the year, art 11),
    anything else EXEMPT_MONTHS.
    """
    if kind == DefectKind.OUT_OF_SCHOOL:
        start = school_year_start(on)
        return start.replace(year=start.year + 1) - dt.timedelta(days=1)
    return add_months(on, EXEMPT_MONTHS)


def kinds_touched(fields: Iterable[str]) -> frozenset[DefectKind]:
    """The kinds of defect that a change of these fields of the child can settle or bring."""
    return frozenset(kind for name in fields for kind in FIELDS.get(name, ()))


def reported(problems: Iterable[str]) -> tuple[DefectKind, ...]:
    """The kinds that the problems ticked at a visit mean, each once, in the order of DefectKind."""
    known = set(Problem.values)
    found = {REPORTED[Problem(code)] for code in problems if code in known and Problem(code) in REPORTED}
    return tuple(kind for kind in DefectKind if kind in found)
