"""Who is an orphan (孤儿), who is de facto unattended (事实无人抚养): the decision table, applied.

Pure: situations, dates and the county's choices go in, a Decision comes out. The table is 民发〔2019〕62号
and 民发〔2020〕125号 (:mod:`cases.eligibility.table`); where counties differ the difference is a field of
EligibilityConfig. No answer is ever guessed: what is not proven is "undecided" with the papers that would decide
it, what is not yet long enough is "no" with the day to ask again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product

from cases.ages import ADULT, add_months, birthday, end_of_month, is_adult
from cases.eligibility.table import (
    ACCEPTED_EVIDENCE,
    DEFAULT_CONFIG,
    NO_SCHOOLING,
    TABLE,
    Answer,
    AskAgain,
    Cause,
    Decision,
    EligibilityConfig,
    Gap,
    Missing,
    Parent,
    Row,
    Schooling,
    Situation,
)
from cases.enums import (
    LOST_FOR_GOOD,
    RESTRICTED_LIBERTY,
    UNABLE_TO_RAISE,
    DisabilityKind,
    ParentSituationKind,
)

Kind = ParentSituationKind


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


def decide_category(
    father: Sequence[Situation],
    mother: Sequence[Situation],
    birth_date: dt.date,
    on: dt.date,
    config: EligibilityConfig = DEFAULT_CONFIG,
    schooling: Schooling = NO_SCHOOLING,
) -> Decision:
    """Apply table 1.1 to one child on the day ``on``. ValueError when ``on`` is before birth.

    Each parent is given by every situation on record, in any order; those not in force on the day are
    ignored, and a parent without any is unknown. Past 18 only somebody in a stage of ``config.in_school_stages``
    is decided on: whether the child was recognised before is for the caller. The caller decides nothing by hand
    except the rows UNKNOWN_PARENT and CONTRADICTION.
    """

    def ask(day: dt.date) -> tuple[Row, tuple[Missing, ...]]:
        return _ask(father, mother, birth_date, day, config, schooling)

    row, gaps = ask(on)
    dates: set[AskAgain] = set()
    for date in _dates(father, mother, birth_date, config, schooling):
        # A date counts when the answer differs from the day before: that of a short sentence, say, never does.
        if date.on > on and _outcome(*ask(date.on)) != _outcome(*ask(date.on - dt.timedelta(days=1))):
            dates.add(date)
    if TABLE[row].answer is Answer.ELIGIBLE:
        dates.add(AskAgain(next_recheck(on, config.recheck_months), Cause.RECHECK))
        if not is_adult(birth_date, on):
            dates.add(AskAgain(birthday(birth_date, ADULT), Cause.ADULT))
    rule = TABLE[row]
    ordered = sorted(dates, key=lambda date: (date.on, date.cause, date.parent or "", date.kind or ""))
    return Decision(rule.answer, rule.category, row, rule.clause, gaps, tuple(ordered))


def _outcome(row: Row, gaps: tuple[Missing, ...]) -> tuple[object, ...]:
    return TABLE[row].answer, TABLE[row].category, frozenset(gaps)


def _ask(
    father: Sequence[Situation],
    mother: Sequence[Situation],
    birth_date: dt.date,
    on: dt.date,
    config: EligibilityConfig,
    schooling: Schooling,
) -> tuple[Row, tuple[Missing, ...]]:
    """The row that decides on one day, and what is missing."""
    adult = is_adult(birth_date, on)
    if adult and schooling.stage not in config.in_school_stages:
        return Row.OVER_AGE, ()
    parents = [_stand(Parent.FATHER, father, on, config), _stand(Parent.MOTHER, mother, on, config)]
    row = _row(parents, config)
    gaps = [gap for parent in parents for gap in parent.gaps]
    if adult and not schooling.is_proven(on):
        gaps.append(Missing(None, None, Gap.ENROLMENT))
        if TABLE[row].answer is Answer.ELIGIBLE:
            row = Row.ENROLMENT_UNPROVEN
    # The order in which facts were recorded is nobody's business.
    gaps = sorted(set(gaps), key=lambda gap: (gap.parent or "", gap.kind or "", gap.gap))
    return row, tuple(gaps)


def _dates(
    father: Sequence[Situation],
    mother: Sequence[Situation],
    birth_date: dt.date,
    config: EligibilityConfig,
    schooling: Schooling,
) -> Iterator[AskAgain]:
    """Every day on which anything that the table looks at may become another."""
    yield AskAgain(birthday(birth_date, ADULT), Cause.ADULT)
    if schooling.proof_until is not None:
        yield AskAgain(schooling.proof_until + dt.timedelta(days=1), Cause.ENROLMENT)
    for parent, situations in ((Parent.FATHER, father), (Parent.MOTHER, mother)):
        for situation in situations:
            kind = situation.kind
            if situation.since is not None:
                yield AskAgain(situation.since, Cause.BEGINS, parent, kind)
                if kind is Kind.LOST_CONTACT:
                    day = add_months(situation.since, config.lost_contact_months)
                    yield AskAgain(day, Cause.NO_CONTACT, parent, kind)
                elif kind in RESTRICTED_LIBERTY:
                    day = add_months(situation.since, config.liberty_months)
                    yield AskAgain(day, Cause.DETENTION, parent, kind)
            if situation.ended_on is not None:
                yield AskAgain(situation.ended_on, Cause.ENDED, parent, kind)
            if situation.expected_end is not None and kind in UNABLE_TO_RAISE:
                cause = Cause.RELEASE if kind in RESTRICTED_LIBERTY else Cause.EXPIRY
                yield AskAgain(situation.expected_end, cause, parent, kind)


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
    if all(_said(parent, Kind.UNTRACEABLE) for parent in parents):
        return _untraceable(father, mother)
    if any(parent.unknown or _said(parent, Kind.UNTRACEABLE) for parent in parents):
        return Row.UNKNOWN_PARENT
    if any(_waits(parent) for parent in parents):
        return Row.TOO_EARLY
    if not (father.proven and mother.proven):
        return Row.EVIDENCE_MISSING
    if father.kinds <= LOST_FOR_GOOD and mother.kinds <= LOST_FOR_GOOD:
        return Row.BOTH_LOST
    pairs = [frozenset(pair) for pair in product(father.kinds, mother.kinds)]
    if all(pair in config.excluded_pairs for pair in pairs):
        return Row.COUNTY_EXCLUDES
    if any(pair in config.orphan_pairs for pair in pairs):
        return Row.COUNTY_ORPHAN
    one_lost = father.kinds <= LOST_FOR_GOOD or mother.kinds <= LOST_FOR_GOOD
    return Row.ONE_LOST if one_lost else Row.BOTH_UNABLE


def _untraceable(father: _Standing, mother: _Standing) -> Row:
    """Both parents are said not to be found."""
    alone = frozenset({Kind.UNTRACEABLE})
    if father.kinds == mother.kinds == alone:
        return Row.UNTRACEABLE
    if any(Kind.UNTRACEABLE not in parent.kinds for parent in (father, mother)):
        return Row.EVIDENCE_MISSING
    # Proven never found, and proven something else besides: for a person.
    return Row.UNKNOWN_PARENT


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
