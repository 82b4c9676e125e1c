"""Who is an orphan (孤儿), who is de facto unattended (事实无人抚养): the decision table, clause by clause.

Pure: situations, dates and the county's choices go in, a Decision comes out. The table is 民发〔2019〕62号
and 民发〔2020〕125号; where counties differ the difference is a field of EligibilityConfig. No answer is
ever guessed: what is not proven is "undecided" with the papers that would decide it, what is not yet
long enough is "no" with the day to ask again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from cases.ages import ADULT, add_months, birthday, end_of_month, is_adult
from cases.enums import (
    LOST_FOR_GOOD,
    RESTRICTED_LIBERTY,
    UNABLE_TO_RAISE,
    DisabilityKind,
    Evidence,
    ParentSituationKind,
    PrimaryCategory,
)

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
    BOTH_LOST = "both_lost", _("Both parents are dead or declared missing.")
    COUNTY_EXCLUDES = "county_excludes", _("This county does not accept this combination.")
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
    Row.BOTH_LOST: Rule(Answer.ELIGIBLE, PrimaryCategory.ORPHAN, _ORPHAN),
    Row.COUNTY_EXCLUDES: Rule(Answer.NOT_ELIGIBLE, None, ""),  # the county's own rule
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
    ``recheck_months``: calendar months in which everybody is re-verified.
    """

    liberty_months: int = 6
    lost_contact_months: int = 6
    count_term: bool = True
    excluded_pairs: frozenset[frozenset[ParentSituationKind]] = frozenset()
    recheck_months: tuple[int, ...] = (1, 7)


DEFAULT_CONFIG = EligibilityConfig()


def config_from(parameters: Mapping[str, Any]) -> EligibilityConfig:
    """A county's stored parameters (JSON) as a config; absent keys keep their defaults.

    ``excluded_pairs`` is a list of lists of one or two situation codes. An unknown key or code is a
    TypeError or ValueError: a misspelt rule must not be silently ignored.
    """
    values = dict(parameters)
    if "excluded_pairs" in values:
        pairs = (frozenset(Kind(code) for code in pair) for pair in values["excluded_pairs"])
        values["excluded_pairs"] = frozenset(pairs)
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


@dataclass(frozen=True, slots=True)
class Missing:
    """One thing to bring or to check; ``accepted`` lists the papers of which one is enough."""

    parent: Parent
    kind: ParentSituationKind
    gap: Gap
    accepted: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer, why, what is missing, and when the question must be asked again (None: not by date)."""

    answer: Answer
    category: PrimaryCategory | None
    row: Row
    clause: str
    missing_evidence: tuple[Missing, ...] = ()
    ask_again_on: dt.date | None = None


@dataclass(slots=True)
class _Standing:
    """What is known about one parent on the day."""

    proven: list[Situation] = field(default_factory=list)
    gaps: list[Missing] = field(default_factory=list)
    waits_until: list[dt.date] = field(default_factory=list)
    able: bool = False
    unknown: bool = False

    @property
    def kinds(self) -> frozenset[Kind]:
        """Proven situations that matter: a parent lost for good is nothing else besides."""
        found = frozenset(situation.kind for situation in self.proven)
        return found & LOST_FOR_GOOD or found

    @property
    def lasts_until(self) -> dt.date | None:
        """Day from which nothing proven is known to hold; None when something has no known end."""
        # An end noted beside a death means nothing: only a situation of set B comes to one.
        ends = [
            situation.expected_end if situation.kind in UNABLE_TO_RAISE else None
            for situation in self.proven
            if situation.kind in self.kinds
        ]
        known = [end for end in ends if end is not None]
        return max(known) if ends and len(known) == len(ends) else None


def decide_category(
    father: Sequence[Situation],
    mother: Sequence[Situation],
    birth_date: dt.date,
    on: dt.date,
    config: EligibilityConfig = DEFAULT_CONFIG,
) -> Decision:
    """Apply table 1.1 to one child on the day ``on``. ValueError when ``on`` is before birth.

    Each parent is given by every situation on record, in any order; those not in force on the day are
    ignored, and a parent without any is unknown. The caller decides nothing by hand except the rows
    UNKNOWN_PARENT and CONTRADICTION.
    """
    if is_adult(birth_date, on):
        return _decision(Row.OVER_AGE)
    parents = [_stand(Parent.FATHER, father, on, config), _stand(Parent.MOTHER, mother, on, config)]
    gaps = tuple(gap for parent in parents for gap in parent.gaps)
    row = _row(parents, config)
    ask_again: dt.date | None = None
    if row is Row.TOO_EARLY:
        ask_again = max(min(parent.waits_until) for parent in parents if _waits(parent))
    elif row is Row.EVIDENCE_MISSING:
        # Time may decide it before the paper comes, when a parent has another situation that is waiting.
        ask_again = min((day for parent in parents for day in parent.waits_until), default=None)
    elif TABLE[row].answer is Answer.ELIGIBLE:
        ends = [parent.lasts_until for parent in parents if parent.lasts_until is not None]
        ask_again = min([birthday(birth_date, ADULT), next_recheck(on, config.recheck_months), *ends])
    return _decision(row, gaps, ask_again)


def next_recheck(on: dt.date, months: Iterable[int]) -> dt.date:
    """Last day of the next re-verification month after the month of ``on`` (定州: January and July)."""
    wanted = frozenset(months)
    if not wanted <= frozenset(range(1, 13)) or not wanted:
        raise ValueError(f"not months of the year: {sorted(wanted)}")
    later = (add_months(on.replace(day=1), step) for step in range(1, 13))
    return end_of_month(next(day for day in later if day.month in wanted))


def is_severe_disability(kind: DisabilityKind, level: int) -> bool:
    """重残: level 1 or 2 of any kind, or level 3 or 4 of an intellectual or mental disability.

    For multiple disabilities give each component in turn. ValueError when the level is not 1 to 4.
    """
    if level not in (1, 2, 3, 4):
        raise ValueError(f"disability level is 1 to 4, not {level}")
    return level <= 2 or kind in (DisabilityKind.INTELLECTUAL, DisabilityKind.MENTAL)


def _row(parents: list[_Standing], config: EligibilityConfig) -> Row:
    father, mother = parents
    if any(parent.able and (parent.proven or _waits(parent) or parent.gaps) for parent in parents):
        return Row.CONTRADICTION
    if any(parent.able for parent in parents):
        return Row.PARENT_IN_NEITHER
    untraceable = frozenset({Kind.UNTRACEABLE})
    if father.kinds == mother.kinds == untraceable:
        return Row.UNTRACEABLE
    both_said_untraceable = all(_said(parent, Kind.UNTRACEABLE) for parent in parents)
    if both_said_untraceable:
        return Row.EVIDENCE_MISSING
    if any(parent.unknown or _said(parent, Kind.UNTRACEABLE) for parent in parents):
        return Row.UNKNOWN_PARENT
    if any(_waits(parent) for parent in parents):
        return Row.TOO_EARLY
    if not (father.proven and mother.proven):
        return Row.EVIDENCE_MISSING
    if father.kinds <= LOST_FOR_GOOD and mother.kinds <= LOST_FOR_GOOD:
        return Row.BOTH_LOST
    if all(frozenset(pair) in config.excluded_pairs for pair in product(father.kinds, mother.kinds)):
        return Row.COUNTY_EXCLUDES
    one_lost = father.kinds <= LOST_FOR_GOOD or mother.kinds <= LOST_FOR_GOOD
    return Row.ONE_LOST if one_lost else Row.BOTH_UNABLE


def _stand(who: Parent, situations: Sequence[Situation], on: dt.date, config: EligibilityConfig) -> _Standing:
    standing = _Standing()
    current = [situation for situation in situations if situation.holds_on(on)]
    counted = False
    for situation in current:
        if situation.kind is Kind.ABLE:
            standing.able = True
        elif situation.kind is not Kind.UNKNOWN and _count(standing, who, situation, on, config):
            counted = True
    if not counted and not standing.able:
        # Nothing on record, or only "unknown": nobody can say. Only terms under six months: able.
        standing.unknown = all(situation.kind is Kind.UNKNOWN for situation in current)
        standing.able = not standing.unknown
    return standing


def _count(
    standing: _Standing, who: Parent, situation: Situation, on: dt.date, config: EligibilityConfig
) -> bool:
    """Enter one situation of set A or B (or untraceable) into the standing; False if it never counts."""
    kind = situation.kind
    if kind in RESTRICTED_LIBERTY or kind is Kind.LOST_CONTACT:
        if situation.since is None:
            standing.gaps.append(Missing(who, kind, Gap.START_DATE))
            return True
        months = config.lost_contact_months if kind is Kind.LOST_CONTACT else config.liberty_months
        long_enough_on = add_months(situation.since, months)
        end = situation.expected_end
        if end is not None and end < long_enough_on:
            return False
        by_term = kind in RESTRICTED_LIBERTY and config.count_term and end is not None
        if on < long_enough_on and not by_term:
            standing.waits_until.append(long_enough_on)
            return True
    if kind in UNABLE_TO_RAISE and situation.expected_end is not None and situation.expected_end <= on:
        standing.gaps.append(Missing(who, kind, Gap.STILL_TRUE))
        return True
    accepted = ACCEPTED_EVIDENCE[kind]
    if situation.evidence.isdisjoint(accepted):
        standing.gaps.append(Missing(who, kind, Gap.EVIDENCE, accepted))
        return True
    standing.proven.append(situation)
    return True


def _waits(parent: _Standing) -> bool:
    """True when only time is lacking for this parent: nothing proven, no paper that could prove another."""
    return bool(parent.waits_until) and not parent.proven and not parent.gaps


def _said(parent: _Standing, kind: Kind) -> bool:
    return any(kind is found for found in [*parent.kinds, *(gap.kind for gap in parent.gaps)])


def _decision(row: Row, gaps: tuple[Missing, ...] = (), ask_again_on: dt.date | None = None) -> Decision:
    rule = TABLE[row]
    return Decision(rule.answer, rule.category, row, rule.clause, gaps, ask_again_on)
