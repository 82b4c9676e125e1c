"""The decision table of 孤儿 and 事实无人抚养: rows, clauses, accepted papers, and what a county may set.

How the table is applied stands in :mod:`cases.eligibility.decision`. Pure.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from cases.enums import Evidence, ParentSituationKind, PrimaryCategory, SchoolStage

Kind = ParentSituationKind


class Answer(models.TextChoices):
    """What the table says."""

    ELIGIBLE = "eligible", _("Eligible")
    NOT_ELIGIBLE = "not_eligible", _("Not eligible")
    UNDECIDED = "undecided", _("Cannot be decided yet")


class Row(models.TextChoices):
    """The row of the table that decided, in the order in which the rows are tried."""

    OVER_AGE = "over_age", _("The child is 18 or older.")
    CONTRADICTION = "contradiction", _("A parent is recorded as able and as unable at the same time.")
    PARENT_IN_NEITHER = "parent_in_neither", _("A parent can raise the child.")
    UNTRACEABLE = "untraceable", _("Neither birth parent can be found.")
    UNKNOWN_PARENT = "unknown_parent", _("A parent is unknown: decide by hand, with a reason.")
    TOO_EARLY = "too_early", _("A parent's situation has not yet lasted long enough.")
    EVIDENCE_MISSING = "evidence_missing", _("Evidence or a date is missing.")
    ENROLMENT_UNPROVEN = (
        "enrolment_unproven",
        _("Over 18 and in education: the proof of enrolment is missing."),
    )
    BOTH_LOST = "both_lost", _("Both parents are dead or declared missing.")
    COUNTY_EXCLUDES = "county_excludes", _("This county does not accept this combination.")
    COUNTY_ORPHAN = "county_orphan", _("This county counts this combination as an orphan.")
    ONE_LOST = "one_lost", _("One parent is dead or declared missing, the other is unable.")
    BOTH_UNABLE = "both_unable", _("Both parents are unable to raise the child.")


@dataclass(frozen=True, slots=True)
class Rule:
    """One row's outcome and the regulation it stands on."""

    answer: Answer
    category: PrimaryCategory | None
    clause: str


_DE_FACTO = "民发〔2019〕62号；民发〔2020〕125号"
_ORPHAN = "国办发〔2010〕54号"
TABLE: dict[Row, Rule] = {
    Row.OVER_AGE: Rule(Answer.NOT_ELIGIBLE, None, "未成年人保护法第二条"),
    Row.CONTRADICTION: Rule(Answer.UNDECIDED, None, _DE_FACTO),
    Row.PARENT_IN_NEITHER: Rule(Answer.NOT_ELIGIBLE, None, _DE_FACTO),
    Row.UNTRACEABLE: Rule(Answer.ELIGIBLE, PrimaryCategory.ORPHAN, _ORPHAN),
    Row.UNKNOWN_PARENT: Rule(Answer.UNDECIDED, None, ""),  # no national rule was found
    Row.TOO_EARLY: Rule(Answer.NOT_ELIGIBLE, None, _DE_FACTO),
    Row.EVIDENCE_MISSING: Rule(Answer.UNDECIDED, None, _DE_FACTO),
    Row.ENROLMENT_UNPROVEN: Rule(Answer.UNDECIDED, None, ""),  # the county's own rule
    Row.BOTH_LOST: Rule(Answer.ELIGIBLE, PrimaryCategory.ORPHAN, _ORPHAN),
    Row.COUNTY_EXCLUDES: Rule(Answer.NOT_ELIGIBLE, None, ""),  # the county's own rule
    Row.COUNTY_ORPHAN: Rule(Answer.ELIGIBLE, PrimaryCategory.ORPHAN, ""),  # the county's own rule
    Row.ONE_LOST: Rule(Answer.ELIGIBLE, PrimaryCategory.DE_FACTO_UNATTENDED, _DE_FACTO),
    Row.BOTH_UNABLE: Rule(Answer.ELIGIBLE, PrimaryCategory.DE_FACTO_UNATTENDED, _DE_FACTO),
}

# Any one of these proves the situation. Verification is mainly by comparing departments' data, so a
# department's record counts, except where the rule names a paper: a court's declaration or judgment,
# the police receipt for parents out of contact, the certificate of a child found abandoned.
ACCEPTED_EVIDENCE: dict[Kind, tuple[Evidence, ...]] = {
    Kind.DEAD: (
        Evidence.DEATH_CERTIFICATE,
        Evidence.REGISTRATION_CANCELLED,
        Evidence.CREMATION_CERTIFICATE,
        Evidence.COURT_DECLARATION,
        Evidence.DEPARTMENT_MATCH,
    ),
    Kind.DECLARED_MISSING: (Evidence.COURT_DECLARATION,),
    Kind.SEVERE_DISABILITY: (Evidence.DISABILITY_CARD, Evidence.DEPARTMENT_MATCH),
    Kind.SEVERE_ILLNESS: (Evidence.MEDICAL_RECORD, Evidence.DEPARTMENT_MATCH),
    Kind.IMPRISONED: (
        Evidence.CRIMINAL_JUDGMENT,
        Evidence.DETENTION_NOTICE,
        Evidence.DEPARTMENT_MATCH,
    ),
    Kind.DRUG_REHABILITATION: (Evidence.REHABILITATION_DECISION, Evidence.DEPARTMENT_MATCH),
    Kind.OTHER_RESTRICTION: (Evidence.RESTRICTION_DECISION, Evidence.DEPARTMENT_MATCH),
    Kind.LOST_CONTACT: (Evidence.POLICE_SEARCH_RECEIPT,),
    Kind.CUSTODY_REVOKED: (Evidence.REVOCATION_JUDGMENT,),
    Kind.DEPORTED: (Evidence.DEPORTATION_DOCUMENT, Evidence.DEPARTMENT_MATCH),
    Kind.UNTRACEABLE: (Evidence.FOUNDLING_CERTIFICATE,),
}


@dataclass(frozen=True, slots=True)
class Situation:
    """One dated fact about one parent. ``SEVERE_DISABILITY`` presumes ``is_severe_disability``.

    ``expected_end`` is the day of release, or on which a card or a decision expires; ``ended_on`` the day
    on which the situation was found to be over. Neither belongs to a death. Stored codes are accepted for
    ``kind`` and ``evidence``; an unknown code is a ValueError.
    """

    kind: ParentSituationKind
    since: dt.date | None = None
    expected_end: dt.date | None = None
    ended_on: dt.date | None = None
    evidence: frozenset[Evidence] = frozenset()

    def __post_init__(self) -> None:
        object.__setattr__(self, "kind", Kind(self.kind))
        object.__setattr__(self, "evidence", frozenset(map(Evidence, self.evidence)))

    def holds_on(self, on: dt.date) -> bool:
        """True when the situation has begun (or has no date) and has not been ended."""
        return (self.since is None or self.since <= on) and (self.ended_on is None or on < self.ended_on)


@dataclass(frozen=True, slots=True)
class EligibilityConfig:
    """What a county may set (effective-dated parameters).

    ``count_term``: a sentence of six months counts from its first day (广东); False asks for six months
    that have passed (重庆, for those not yet sentenced always so). ``excluded_pairs``: combinations of the
    two parents' situations that do not qualify; a set of one kind means both parents (重庆: both deported).
    ``orphan_pairs``: combinations that are counted as an orphan (吉林). ``in_school_stages``: stages of schooling
    in which somebody stays eligible past 18 while a proof of enrolment is valid (重庆: secondary only; 广东: also
    higher education, no graduate study); none by default. ``recheck_months``: calendar months in which everybody
    is re-verified.
    """

    liberty_months: int = 6
    lost_contact_months: int = 6
    count_term: bool = True
    excluded_pairs: frozenset[frozenset[ParentSituationKind]] = frozenset()
    orphan_pairs: frozenset[frozenset[ParentSituationKind]] = frozenset()
    in_school_stages: frozenset[SchoolStage] = frozenset()
    recheck_months: tuple[int, ...] = (1, 7)


DEFAULT_CONFIG = EligibilityConfig()


@dataclass(frozen=True, slots=True)
class Schooling:
    """Stage of schooling (a code, empty when not stated) and the last day of the proof of enrolment."""

    stage: str = ""
    proof_until: dt.date | None = None

    def is_proven(self, on: dt.date) -> bool:
        """The proof of enrolment is valid on a day."""
        return self.proof_until is not None and on <= self.proof_until


NO_SCHOOLING = Schooling()


def config_from(parameters: Mapping[str, Any]) -> EligibilityConfig:
    """A county's stored parameters (JSON) as a config; absent keys keep their defaults.

    ``excluded_pairs`` and ``orphan_pairs`` are lists of lists of one or two situation codes. An unknown key or code is a
    TypeError or ValueError: a misspelt rule must not be silently ignored.
    """
    values = dict(parameters)
    for name in ("excluded_pairs", "orphan_pairs"):
        if name in values:
            pairs = (frozenset(Kind(code) for code in pair) for pair in values[name])
            values[name] = frozenset(pairs)
    if "in_school_stages" in values:
        values["in_school_stages"] = frozenset(SchoolStage(code) for code in values["in_school_stages"])
    if "recheck_months" in values:
        values["recheck_months"] = tuple(values["recheck_months"])
    return EligibilityConfig(**values)


class Parent(models.TextChoices):
    """Whose situation."""

    FATHER = "father", _("Father")
    MOTHER = "mother", _("Mother")


class Gap(models.TextChoices):
    """What is missing."""

    EVIDENCE = "evidence", _("A document is missing")
    START_DATE = "start_date", _("The start date is missing")
    STILL_TRUE = "still_true", _("The expected end has passed: check whether it still holds")
    ENROLMENT = "enrolment", _("A valid proof of enrolment is missing")


@dataclass(frozen=True, slots=True)
class Missing:
    """One thing to bring or to check; ``accepted`` lists the papers of which one is enough.

    ``parent`` and ``kind`` are None when it is about the child itself.
    """

    parent: Parent | None
    kind: ParentSituationKind | None
    gap: Gap
    accepted: tuple[Evidence, ...] = ()


class Cause(models.TextChoices):
    """Why the question must be asked again on a day."""

    BEGINS = "begins", _("A recorded situation begins")
    ENDED = "ended", _("A recorded situation has ended")
    RELEASE = "release", _("Expected release")
    EXPIRY = "expiry", _("Expected end, or the paper expires")
    NO_CONTACT = "no_contact", _("The time without contact is long enough")
    DETENTION = "detention", _("The time in custody is long enough")
    ADULT = "adult", _("The child is 18")
    ENROLMENT = "enrolment", _("The proof of enrolment has expired")
    RECHECK = "recheck", _("Regular re-check")


@dataclass(frozen=True, slots=True, order=True)
class AskAgain:
    """A day on which the answer may change, and why; parent and kind are empty when it is about the child."""

    on: dt.date
    cause: Cause
    parent: Parent | None = None
    kind: ParentSituationKind | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer, why, what is missing, and every known day on which the question must be asked again.

    ``dates`` are in order; as long as no record changes, the answer, its category and what is missing change on
    no other day.
    """

    answer: Answer
    category: PrimaryCategory | None
    row: Row
    clause: str
    missing_evidence: tuple[Missing, ...] = ()
    dates: tuple[AskAgain, ...] = ()

    @property
    def ask_again_on(self) -> dt.date | None:
        """The first of the dates; None: not by date."""
        return self.dates[0].on if self.dates else None
