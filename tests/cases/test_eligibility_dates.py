"""When the decision must be asked again: every date with its cause, complete and no more; counties' variants."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from itertools import pairwise, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases.ages import birthday
from cases.eligibility.decision import decide_category
from cases.eligibility.table import (
    ACCEPTED_EVIDENCE,
    DEFAULT_CONFIG,
    NO_SCHOOLING,
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
    config_from,
)
from cases.enums import LOST_FOR_GOOD, UNABLE_TO_RAISE, Evidence, PrimaryCategory, SchoolStage
from cases.enums import ParentSituationKind as Kind

D = dt.date
ON = D(2026, 11, 22)
BIRTH = D(2017, 10, 13)
DAY = dt.timedelta(days=1)


LONG_AGO = D(2025, 3, 12)


def proven(kind: Kind, since: dt.date | None = LONG_AGO, end: dt.date | None = None) -> Situation:
    return Situation(kind, since, end, evidence=frozenset(ACCEPTED_EVIDENCE.get(kind, ())))


ILL = proven(Kind.SEVERE_ILLNESS)


def dates(decision: Decision) -> list[tuple[dt.date, Cause, Parent | None]]:
    return [(date.on, date.cause, date.parent) for date in decision.dates]


# --- each cause


def test_every_date_has_its_cause_and_parent() -> None:
    father = [proven(Kind.IMPRISONED, D(2025, 3, 12), D(2028, 3, 11))]
    mother = [
        proven(Kind.SEVERE_DISABILITY, D(2024, 1, 1), D(2029, 5, 1)),
        replace(proven(Kind.LOST_CONTACT, D(2025, 1, 1)), ended_on=D(2027, 2, 1)),
    ]
    assert dates(decide_category(father, mother, BIRTH, ON)) == [
        (D(2027, 1, 31), Cause.RECHECK, None),
        (D(2028, 3, 11), Cause.RELEASE, Parent.FATHER),
        (D(2029, 5, 1), Cause.EXPIRY, Parent.MOTHER),
        (D(2035, 10, 13), Cause.ADULT, None),
    ]


@pytest.mark.parametrize(
    ("kind", "cause"),
    [
        (Kind.LOST_CONTACT, Cause.NO_CONTACT),
        (Kind.IMPRISONED, Cause.DETENTION),
        (Kind.DRUG_REHABILITATION, Cause.DETENTION),
        (Kind.OTHER_RESTRICTION, Cause.DETENTION),
    ],
)
def test_six_months_reached(kind: Kind, cause: Cause) -> None:
    decision = decide_category([ILL], [proven(kind, D(2026, 8, 31))], BIRTH, ON)
    assert decision.row is Row.TOO_EARLY
    assert decision.dates[0] == AskAgain(D(2027, 2, 28), cause, Parent.MOTHER, kind)
    # By then eligible, so that the 18th birthday matters too.
    assert [date.cause for date in decision.dates[1:]] == [Cause.ADULT]


def test_a_record_of_the_future_is_a_date_too() -> None:
    released = replace(proven(Kind.IMPRISONED), ended_on=D(2027, 1, 1))
    able = Situation(Kind.ABLE, D(2027, 1, 1))
    decision = decide_category([released, able], [ILL], BIRTH, ON)
    assert {date.cause for date in decision.dates if date.on == D(2027, 1, 1)} == {Cause.ENDED, Cause.BEGINS}


def test_who_will_never_be_eligible_by_waiting_has_no_date() -> None:
    able, short = [Situation(Kind.ABLE)], proven(Kind.IMPRISONED, D(2026, 11, 1), D(2027, 2, 1))
    assert decide_category(able, [ILL], BIRTH, ON).dates == ()
    assert decide_category([short], [ILL], BIRTH, ON).dates == ()


def test_a_dead_parents_other_dates_do_not_matter() -> None:
    father = [proven(Kind.DEAD), proven(Kind.DEAD, end=D(2027, 1, 1))]
    assert [date.cause for date in decide_category(father, [proven(Kind.DEAD)], BIRTH, ON).dates] == [
        Cause.RECHECK,
        Cause.ADULT,
    ]


# --- every pair of kinds, with the day before, on and after each boundary


@pytest.mark.parametrize(("father", "mother"), list(product(Kind, Kind)))
def test_around_every_boundary_of_every_pair(father: Kind, mother: Kind) -> None:
    """A fact that began half a year ago less a day, or ends tomorrow, decides on exactly its day."""
    began = D(2026, 5, 23)
    facts = [proven(father, began, None)], [proven(mother, began, D(2026, 12, 24))]
    walked = [decide_category(*facts, BIRTH, ON + n * DAY) for n in range(40)]
    first = walked[0]
    for n, (before, after) in enumerate(pairwise(walked), start=1):
        if _outcome(before) != _outcome(after):
            assert ON + n * DAY in {D(2026, 11, 23), D(2026, 12, 24)}
            assert ON + n * DAY in {date.on for date in first.dates}
    mirrored = decide_category(facts[1], facts[0], BIRTH, ON)
    assert [date.on for date in mirrored.dates] == [date.on for date in first.dates]


def _outcome(decision: Decision) -> tuple[object, ...]:
    return decision.answer, decision.category, frozenset(decision.missing_evidence)


# --- past 18

SECONDARY = config_from({"in_school_stages": ["senior", "vocational", "technical"]})
UNIVERSITY = config_from({"in_school_stages": ["senior", "vocational", "technical", "higher"]})
DEAD = [proven(Kind.DEAD)]
GROWN = D(2008, 6, 1)  # 18 on 2026-06-01


@pytest.mark.parametrize(
    ("stage", "chongqing", "guangdong"),
    [
        ("senior", True, True),
        ("vocational", True, True),
        ("higher", False, True),
        ("postgraduate", False, False),
        ("left_school", False, False),
        ("", False, False),
    ],
)
def test_which_schooling_counts_is_the_countys(stage: str, chongqing: bool, guangdong: bool) -> None:
    schooling = Schooling(stage, D(2027, 1, 31))
    for config, counts in ((SECONDARY, chongqing), (UNIVERSITY, guangdong), (DEFAULT_CONFIG, False)):
        decision = decide_category(DEAD, DEAD, GROWN, ON, config, schooling)
        expected = (Answer.ELIGIBLE, Row.BOTH_LOST) if counts else (Answer.NOT_ELIGIBLE, Row.OVER_AGE)
        assert (decision.answer, decision.row) == expected
        minor = decide_category(DEAD, DEAD, BIRTH, ON, config, schooling)
        assert minor.answer is Answer.ELIGIBLE


def test_the_proof_of_enrolment_runs_out() -> None:
    until = D(2027, 1, 15)
    schooling = Schooling("senior", until)
    on_last = decide_category(DEAD, DEAD, GROWN, until, SECONDARY, schooling)
    assert on_last.answer is Answer.ELIGIBLE
    assert (until + DAY, Cause.ENROLMENT, None) in dates(on_last)
    after = decide_category(DEAD, DEAD, GROWN, until + DAY, SECONDARY, schooling)
    assert (after.answer, after.row) == (Answer.UNDECIDED, Row.ENROLMENT_UNPROVEN)
    assert after.missing_evidence == (Missing(None, None, Gap.ENROLMENT),)
    without = decide_category(DEAD, DEAD, GROWN, ON, SECONDARY, Schooling("senior"))
    assert without.row is Row.ENROLMENT_UNPROVEN
    # A parent who can raise the grown child: no paper of the school changes that.
    able = [Situation(Kind.ABLE)]
    assert (
        decide_category(able, able, GROWN, ON, SECONDARY, Schooling("senior")).answer is Answer.NOT_ELIGIBLE
    )


@pytest.mark.parametrize(
    ("birth", "day"),
    [(D(2008, 11, 23), D(2026, 11, 23)), (D(2008, 2, 29), D(2026, 2, 28)), (D(2010, 2, 28), D(2028, 2, 28))],
)
def test_the_eighteenth_birthday_with_and_without_school(birth: dt.date, day: dt.date) -> None:
    senior = Schooling("senior", day + 100 * DAY)
    for schooling, on_the_day in ((senior, Answer.ELIGIBLE), (NO_SCHOOLING, Answer.NOT_ELIGIBLE)):
        before, on, after = (
            decide_category(DEAD, DEAD, birth, day + n * DAY, SECONDARY, schooling) for n in (-1, 0, 1)
        )
        assert (before.answer, on.answer, after.answer) == (Answer.ELIGIBLE, on_the_day, on_the_day)
        assert (day, Cause.ADULT, None) in dates(before)
        assert Cause.ADULT not in {date.cause for date in (*on.dates, *after.dates)}
    assert (day + 101 * DAY, Cause.ENROLMENT, None) in dates(
        decide_category(DEAD, DEAD, birth, day - DAY, SECONDARY, senior)
    )


# --- combinations that a province counts as orphans

JILIN = config_from({"orphan_pairs": [["dead", "imprisoned"], ["custody_revoked"]]})


def test_some_combinations_count_as_orphans() -> None:
    for father, mother in product(LOST_FOR_GOOD | UNABLE_TO_RAISE, repeat=2):
        decision = decide_category([proven(father)], [proven(mother)], BIRTH, ON, JILIN)
        as_orphan = frozenset({father, mother}) in JILIN.orphan_pairs
        lost = {father, mother} <= LOST_FOR_GOOD
        expected = PrimaryCategory.ORPHAN if as_orphan or lost else PrimaryCategory.DE_FACTO_UNATTENDED
        assert decision.category is expected
        assert (decision.row is Row.COUNTY_ORPHAN) is as_orphan
    with pytest.raises(ValueError, match="jailed"):
        config_from({"orphan_pairs": [["dead", "jailed"]]})
    with pytest.raises(ValueError, match="college"):
        config_from({"in_school_stages": ["college"]})


def test_untraceable_and_something_else_is_for_a_person() -> None:
    both = [proven(Kind.UNTRACEABLE), ILL]
    decision = decide_category(both, [proven(Kind.UNTRACEABLE)], BIRTH, ON)
    assert (decision.row, decision.missing_evidence) == (Row.UNKNOWN_PARENT, ())


# --- properties

NEAR = st.dates(D(2025, 12, 1), D(2027, 2, 1))
SITUATIONS = st.lists(
    st.builds(
        Situation,
        st.sampled_from(Kind),
        st.none() | NEAR,
        st.none() | NEAR,
        st.none() | NEAR,
        st.frozensets(st.sampled_from(Evidence), max_size=6) | st.just(frozenset(Evidence)),
    ),
    max_size=3,
)
CONFIGS = st.builds(
    EligibilityConfig,
    liberty_months=st.integers(1, 9),
    lost_contact_months=st.integers(1, 9),
    count_term=st.booleans(),
    excluded_pairs=st.just(frozenset({frozenset({Kind.DEPORTED})})),
    orphan_pairs=st.just(frozenset({frozenset({Kind.DEAD, Kind.IMPRISONED})})),
    in_school_stages=st.just(frozenset({SchoolStage.SENIOR})),
)
SCHOOLING = st.builds(Schooling, st.sampled_from(["", "senior", "higher"]), st.none() | NEAR)
BIRTHS = st.dates(D(2008, 1, 1), D(2009, 3, 1)) | st.just(BIRTH) | st.just(D(2008, 2, 29))
START = D(2026, 1, 1)


@settings(deadline=None, max_examples=50)
@given(SITUATIONS, SITUATIONS, BIRTHS, CONFIGS, SCHOOLING)
def test_the_answer_changes_on_listed_dates_only_and_on_each_of_them(
    father: list[Situation],
    mother: list[Situation],
    birth: dt.date,
    config: EligibilityConfig,
    schooling: Schooling,
) -> None:
    days = [START + n * DAY for n in range(600)]
    first = decide_category(father, mother, birth, START, config, schooling)
    listed = {date.on for date in first.dates}
    before = first
    for day in days[1:]:
        decision = decide_category(father, mother, birth, day, config, schooling)
        if _outcome(decision) != _outcome(before):
            assert day in listed, (day, before, decision)
            assert day in {date.on for date in before.dates}
            assert any(date.on == day and date.cause is not Cause.RECHECK for date in before.dates)
        elif day in listed:
            # Only the birthday and the regular re-check are asked without anything having changed.
            causes = {date.cause for date in first.dates if date.on == day}
            assert causes <= {Cause.RECHECK, Cause.ADULT}
        before = decision


@settings(deadline=None, max_examples=150)
@given(SITUATIONS, SITUATIONS, st.dates(START, D(2027, 12, 1)), CONFIGS, SCHOOLING, st.randoms())
def test_the_order_of_the_facts_and_of_the_parents_is_nothing(
    father: list[Situation],
    mother: list[Situation],
    on: dt.date,
    config: EligibilityConfig,
    schooling: Schooling,
    random: object,
) -> None:
    decision = decide_category(father, mother, BIRTH, on, config, schooling)
    shuffled = list(father), list(mother)
    for side in shuffled:
        random.shuffle(side)  # type: ignore[attr-defined]
    assert decide_category(*shuffled, BIRTH, on, config, schooling) == decision
    mirrored = decide_category(mother, father, BIRTH, on, config, schooling)
    assert (mirrored.answer, mirrored.category, mirrored.row) == (
        decision.answer,
        decision.category,
        decision.row,
    )
    assert [(date.on, date.cause) for date in mirrored.dates] == [
        (date.on, date.cause) for date in decision.dates
    ]


@settings(deadline=None, max_examples=200)
@given(SITUATIONS, SITUATIONS, st.dates(START, D(2027, 12, 1)), BIRTHS, CONFIGS, SCHOOLING)
def test_what_is_missing_is_always_named(
    father: list[Situation],
    mother: list[Situation],
    on: dt.date,
    birth: dt.date,
    config: EligibilityConfig,
    schooling: Schooling,
) -> None:
    decision = decide_category(father, mother, birth, on, config, schooling)
    if decision.row in (Row.EVIDENCE_MISSING, Row.ENROLMENT_UNPROVEN):
        assert decision.missing_evidence
    for missing in decision.missing_evidence:
        assert (missing.parent is None) is (missing.gap is Gap.ENROLMENT)
        assert bool(missing.accepted) is (missing.gap is Gap.EVIDENCE)
    if decision.answer is Answer.ELIGIBLE:
        assert on < birthday(birth, 18) or schooling.is_proven(on)
        assert decision.ask_again_on is not None
        assert all(date.on > on for date in decision.dates)
