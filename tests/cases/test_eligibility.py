"""Decision table 1.1: every pair of situations, every boundary, and what the answers promise."""

import datetime as dt
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases.ages import birthday
from cases.eligibility.decision import decide_category, is_severe_disability, next_recheck
from cases.eligibility.table import (
    ACCEPTED_EVIDENCE,
    DEFAULT_CONFIG,
    TABLE,
    Answer,
    EligibilityConfig,
    Gap,
    Missing,
    Parent,
    Row,
    Situation,
    config_from,
)
from cases.enums import (
    LOST_FOR_GOOD,
    RESTRICTED_LIBERTY,
    UNABLE_TO_RAISE,
    DisabilityKind,
    Evidence,
    PrimaryCategory,
)
from cases.enums import ParentSituationKind as Kind

D = dt.date
ON = D(2026, 11, 22)
BIRTH = D(2017, 10, 13)
CHONGQING = EligibilityConfig(excluded_pairs=frozenset({frozenset({Kind.DEPORTED})}))


LONG_AGO = D(2025, 3, 12)


def proven(kind: Kind, since: dt.date = LONG_AGO, end: dt.date | None = None) -> Situation:
    """A situation with every paper that could be asked for."""
    return Situation(kind, since, end, evidence=frozenset(ACCEPTED_EVIDENCE.get(kind, ())))


def decide(father: list[Situation], mother: list[Situation], on: dt.date = ON, config=DEFAULT_CONFIG):
    return decide_category(father, mother, BIRTH, on, config)


def expected(father: Kind, mother: Kind) -> tuple[Answer, PrimaryCategory | None]:
    """The table as the regulation words it, written without the module's help."""
    lost, unable = LOST_FOR_GOOD, UNABLE_TO_RAISE
    if Kind.ABLE in (father, mother):
        return Answer.NOT_ELIGIBLE, None
    if father is mother is Kind.UNTRACEABLE:
        return Answer.ELIGIBLE, PrimaryCategory.ORPHAN
    if {father, mother} & {Kind.UNKNOWN, Kind.UNTRACEABLE}:
        return Answer.UNDECIDED, None
    if father in lost and mother in lost:
        return Answer.ELIGIBLE, PrimaryCategory.ORPHAN
    assert {father, mother} <= lost | unable
    return Answer.ELIGIBLE, PrimaryCategory.DE_FACTO_UNATTENDED


@pytest.mark.parametrize(("father", "mother"), list(product(Kind, Kind)))
def test_every_pair_of_proven_situations(father: Kind, mother: Kind) -> None:
    decision = decide([proven(father)], [proven(mother)])
    assert (decision.answer, decision.category) == expected(father, mother)
    assert decision.missing_evidence == ()
    assert decision.clause == TABLE[decision.row].clause
    mirrored = decide([proven(mother)], [proven(father)])
    assert (mirrored.row, mirrored.ask_again_on) == (decision.row, decision.ask_again_on)


def test_rows_and_clauses() -> None:
    assert decide([proven(Kind.DEAD)], [proven(Kind.DECLARED_MISSING)]).row is Row.BOTH_LOST
    assert decide([proven(Kind.DEAD)], [proven(Kind.IMPRISONED)]).row is Row.ONE_LOST
    both = decide([proven(Kind.IMPRISONED)], [proven(Kind.LOST_CONTACT)])
    assert both.row is Row.BOTH_UNABLE
    assert "民发〔2019〕62号" in both.clause
    assert "国办发〔2010〕54号" in decide([proven(Kind.DEAD)], [proven(Kind.DEAD)]).clause
    assert set(TABLE) == set(Row)
    without = {row for row, rule in TABLE.items() if not rule.clause}
    # No national rule was found, or the rule is the county's own.
    assert without == {
        Row.UNKNOWN_PARENT,
        Row.COUNTY_EXCLUDES,
        Row.COUNTY_ORPHAN,
        Row.ENROLMENT_UNPROVEN,
    }


def test_the_child_of_the_mock_up() -> None:
    father = proven(Kind.IMPRISONED, D(2025, 3, 12), D(2028, 3, 11))
    mother = proven(Kind.LOST_CONTACT, D(2024, 11, 2))
    decision = decide([father], [mother], on=D(2026, 9, 8))
    assert decision.category is PrimaryCategory.DE_FACTO_UNATTENDED
    assert decision.ask_again_on == D(2027, 1, 31)


# --- age


@pytest.mark.parametrize(
    ("birth", "on", "row"),
    [
        (D(2008, 11, 23), D(2026, 11, 22), Row.BOTH_LOST),
        (D(2008, 11, 22), D(2026, 11, 22), Row.OVER_AGE),
        (D(2008, 2, 29), D(2026, 2, 27), Row.BOTH_LOST),
        (D(2008, 2, 29), D(2026, 2, 28), Row.OVER_AGE),
    ],
)
def test_eighteenth_birthday(birth: dt.date, on: dt.date, row: Row) -> None:
    both = [proven(Kind.DEAD)]
    assert decide_category(both, both, birth, on).row is row


def test_the_eighteenth_birthday_is_asked_before_the_recheck() -> None:
    both = [proven(Kind.DEAD)]
    assert decide_category(both, both, D(2008, 12, 5), ON).ask_again_on == D(2026, 12, 5)


# --- half a year

ILL = proven(Kind.SEVERE_ILLNESS)


@pytest.mark.parametrize(
    ("since", "first_day"),
    [
        (D(2026, 2, 28), D(2026, 8, 28)),
        (D(2025, 8, 31), D(2026, 2, 28)),  # February has no 31st: its last day
        (D(2026, 5, 22), D(2026, 11, 22)),
    ],
)
def test_out_of_contact_for_six_months(since: dt.date, first_day: dt.date) -> None:
    lost = proven(Kind.LOST_CONTACT, since)
    before = decide([lost], [ILL], on=first_day - dt.timedelta(days=1))
    assert (before.row, before.answer) == (Row.TOO_EARLY, Answer.NOT_ELIGIBLE)
    assert before.ask_again_on == first_day
    assert decide([lost], [ILL], on=first_day).row is Row.BOTH_UNABLE


def test_both_parents_must_have_waited() -> None:
    father = proven(Kind.LOST_CONTACT, D(2026, 9, 1))
    mother = proven(Kind.LOST_CONTACT, D(2026, 10, 1))
    assert decide([father], [mother]).ask_again_on == D(2027, 4, 1)


@pytest.mark.parametrize("kind", sorted(RESTRICTED_LIBERTY))
class TestLiberty:
    def test_a_term_of_six_months_counts_from_the_first_day(self, kind: Kind) -> None:
        sentenced = proven(kind, D(2026, 11, 1), D(2027, 5, 1))
        assert decide([sentenced], [ILL]).row is Row.BOTH_UNABLE

    def test_a_term_one_day_short_never_counts(self, kind: Kind) -> None:
        sentenced = proven(kind, D(2026, 11, 1), D(2027, 4, 30))
        decision = decide([sentenced], [ILL])
        assert decision.row is Row.PARENT_IN_NEITHER
        assert decision.ask_again_on is None

    def test_a_county_that_counts_time_passed_waits(self, kind: Kind) -> None:
        sentenced = proven(kind, D(2026, 11, 1), D(2028, 5, 1))
        config = replace(DEFAULT_CONFIG, count_term=False)
        decision = decide([sentenced], [ILL], config=config)
        assert (decision.row, decision.ask_again_on) == (Row.TOO_EARLY, D(2027, 5, 1))
        assert decide([sentenced], [ILL], on=D(2027, 5, 1), config=config).row is Row.BOTH_UNABLE

    def test_held_without_a_term_waits_for_six_months(self, kind: Kind) -> None:
        held = proven(kind, D(2026, 6, 1))
        assert decide([held], [ILL], on=D(2026, 11, 30)).ask_again_on == D(2026, 12, 1)
        assert decide([held], [ILL], on=D(2026, 12, 1)).row is Row.BOTH_UNABLE

    def test_without_a_start_date_nothing_is_decided(self, kind: Kind) -> None:
        undated = replace(proven(kind), since=None)
        decision = decide([undated], [ILL])
        assert decision.row is Row.EVIDENCE_MISSING
        assert decision.missing_evidence == (Missing(Parent.FATHER, kind, Gap.START_DATE),)

    def test_after_the_expected_release_somebody_must_look(self, kind: Kind) -> None:
        until = D(2026, 11, 22)
        served = proven(kind, D(2025, 1, 1), until)
        assert decide([served], [ILL], on=until - dt.timedelta(days=1)).ask_again_on == until
        decision = decide([served], [ILL], on=until)
        assert decision.row is Row.EVIDENCE_MISSING
        assert decision.missing_evidence == (Missing(Parent.FATHER, kind, Gap.STILL_TRUE),)


def test_the_months_are_the_countys() -> None:
    config = replace(DEFAULT_CONFIG, lost_contact_months=12)
    lost = proven(Kind.LOST_CONTACT, D(2026, 1, 1))
    assert decide([lost], [ILL]).answer is Answer.ELIGIBLE
    assert decide([lost], [ILL], config=config).ask_again_on == D(2027, 1, 1)


# --- evidence


@pytest.mark.parametrize("kind", sorted(LOST_FOR_GOOD | UNABLE_TO_RAISE))
def test_each_paper_alone_is_enough_and_none_is_not(kind: Kind) -> None:
    bare = replace(proven(kind), evidence=frozenset())
    decision = decide([ILL], [bare])
    assert (decision.answer, decision.category) == (Answer.UNDECIDED, None)
    assert decision.missing_evidence == (Missing(Parent.MOTHER, kind, Gap.EVIDENCE, ACCEPTED_EVIDENCE[kind]),)
    for paper in Evidence:
        answer = decide([ILL], [replace(bare, evidence=frozenset({paper}))]).answer
        assert answer is (Answer.ELIGIBLE if paper in ACCEPTED_EVIDENCE[kind] else Answer.UNDECIDED)


@pytest.mark.parametrize("kind", [Kind.DECLARED_MISSING, Kind.LOST_CONTACT, Kind.CUSTODY_REVOKED])
def test_where_the_rule_names_a_paper_a_data_match_is_not_enough(kind: Kind) -> None:
    assert Evidence.DEPARTMENT_MATCH not in ACCEPTED_EVIDENCE[kind]


def test_what_is_missing_is_told_while_waiting_too() -> None:
    decision = decide([proven(Kind.LOST_CONTACT, D(2026, 10, 1))], [Situation(Kind.DEAD)])
    assert decision.row is Row.TOO_EARLY
    assert [missing.parent for missing in decision.missing_evidence] == [Parent.MOTHER]


def test_a_waiting_situation_gives_the_day_while_a_paper_is_missing() -> None:
    mother = [Situation(Kind.DEAD), proven(Kind.LOST_CONTACT, D(2026, 10, 1))]
    decision = decide([ILL], mother)
    assert (decision.row, decision.ask_again_on) == (Row.EVIDENCE_MISSING, D(2027, 4, 1))


def test_untraceable_parents_need_the_police_certificate() -> None:
    bare = [Situation(Kind.UNTRACEABLE)]
    decision = decide(bare, bare)
    assert decision.row is Row.EVIDENCE_MISSING
    assert len(decision.missing_evidence) == 2


# --- several situations of one parent


def test_one_proven_situation_is_enough_and_the_other_gap_is_still_told() -> None:
    decision = decide([ILL, Situation(Kind.DEAD)], [ILL])
    assert decision.row is Row.BOTH_UNABLE
    assert [missing.kind for missing in decision.missing_evidence] == [Kind.DEAD]


def test_a_dead_parent_is_dead_whatever_came_before() -> None:
    assert decide([ILL, proven(Kind.DEAD)], [proven(Kind.DEAD)]).row is Row.BOTH_LOST


def test_ended_and_future_situations_do_not_count() -> None:
    ended = replace(ILL, ended_on=ON)
    assert decide([ended], [ILL]).row is Row.UNKNOWN_PARENT
    assert decide([replace(ILL, ended_on=ON + dt.timedelta(days=1))], [ILL]).row is Row.BOTH_UNABLE
    assert decide([replace(ILL, since=ON)], [ILL]).row is Row.BOTH_UNABLE
    assert decide([replace(ILL, since=ON + dt.timedelta(days=1))], [ILL]).row is Row.UNKNOWN_PARENT


def test_released_and_able_again_ends_it() -> None:
    released = replace(proven(Kind.IMPRISONED), ended_on=D(2026, 8, 30))
    able = Situation(Kind.ABLE, D(2026, 8, 30))
    assert decide([released, able], [ILL]).row is Row.PARENT_IN_NEITHER


def test_able_and_unable_at_once_is_for_a_person() -> None:
    able = Situation(Kind.ABLE, D(2026, 8, 30))
    for other in (ILL, Situation(Kind.DEAD), proven(Kind.LOST_CONTACT, D(2026, 11, 1))):
        assert decide([able, other], [ILL]).row is Row.CONTRADICTION


def test_each_of_two_known_ends_is_asked_about() -> None:
    two = [
        proven(Kind.IMPRISONED, D(2025, 1, 1), D(2026, 12, 1)),
        proven(Kind.SEVERE_DISABILITY, D(2025, 1, 1), D(2026, 12, 20)),
    ]
    decision = decide(two, [ILL])
    # After the first end the child is still eligible, but somebody must look; after the second nothing is proven.
    assert [date.on for date in decision.dates[:3]] == [D(2026, 12, 1), D(2026, 12, 20), D(2027, 1, 31)]
    assert decide(two, [ILL], on=D(2026, 12, 19)).answer is Answer.ELIGIBLE
    assert decide(two, [ILL], on=D(2026, 12, 20)).answer is Answer.UNDECIDED


def test_an_end_noted_beside_a_death_means_nothing() -> None:
    dead = [proven(Kind.DEAD, end=ON)]
    assert decide(dead, dead).ask_again_on == D(2027, 1, 31)


def test_stored_codes_are_situations_too() -> None:
    stored = Situation("dead", evidence=["cremation_certificate"])  # type: ignore[arg-type]
    assert stored == Situation(Kind.DEAD, evidence=frozenset({Evidence.CREMATION_CERTIFICATE}))
    assert decide([stored], [stored]).row is Row.BOTH_LOST
    with pytest.raises(ValueError, match="gone"):
        Situation("gone")  # type: ignore[arg-type]


def test_nobody_on_record_is_unknown() -> None:
    assert decide([], [ILL]).row is Row.UNKNOWN_PARENT
    assert decide([], [Situation(Kind.ABLE)]).row is Row.PARENT_IN_NEITHER


# --- county variants


def test_chongqing_does_not_take_both_deported() -> None:
    deported = proven(Kind.DEPORTED)
    assert decide([deported], [deported]).answer is Answer.ELIGIBLE
    decision = decide([deported], [deported], config=CHONGQING)
    assert (decision.answer, decision.row) == (Answer.NOT_ELIGIBLE, Row.COUNTY_EXCLUDES)
    for other in (UNABLE_TO_RAISE - {Kind.DEPORTED}) | LOST_FOR_GOOD:
        assert decide([deported], [proven(other)], config=CHONGQING).answer is Answer.ELIGIBLE
    # A second proven situation of either parent makes another, accepted combination.
    assert decide([deported, ILL], [deported], config=CHONGQING).answer is Answer.ELIGIBLE


def test_config_from_stored_parameters() -> None:
    assert config_from({}) == DEFAULT_CONFIG
    stored = {
        "excluded_pairs": [["deported"], ["dead", "deported"]],
        "recheck_months": [3],
        "count_term": False,
    }
    assert config_from(stored) == EligibilityConfig(
        count_term=False,
        excluded_pairs=frozenset({frozenset({Kind.DEPORTED}), frozenset({Kind.DEAD, Kind.DEPORTED})}),
        recheck_months=(3,),
    )
    with pytest.raises(TypeError):
        config_from({"liberty_month": 3})
    with pytest.raises(ValueError, match="deportation"):
        config_from({"excluded_pairs": [["deportation"]]})


@pytest.mark.parametrize(
    ("on", "months", "day"),
    [
        (D(2026, 9, 8), (1, 7), D(2027, 1, 31)),
        (D(2026, 12, 31), (1, 7), D(2027, 1, 31)),
        (D(2027, 1, 1), (1, 7), D(2027, 7, 31)),
        (D(2027, 7, 31), (1, 7), D(2028, 1, 31)),
        (D(2027, 2, 28), (2,), D(2028, 2, 29)),
        (D(2026, 1, 31), range(1, 13), D(2026, 2, 28)),
    ],
)
def test_next_recheck(on: dt.date, months: tuple[int, ...], day: dt.date) -> None:
    assert next_recheck(on, months) == day


@pytest.mark.parametrize("months", [(), (0,), (13,), (1, 14)])
def test_months_that_are_none(months: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="not months"):
        next_recheck(ON, months)


# --- definitions beside the table


@pytest.mark.parametrize(("kind", "level"), list(product(DisabilityKind, [1, 2, 3, 4])))
def test_severe_disability(kind: DisabilityKind, level: int) -> None:
    assert is_severe_disability(kind, level) is (level <= 2 or kind.value in ("5", "6"))


@pytest.mark.parametrize("level", [0, 5])
def test_levels_that_do_not_exist(level: int) -> None:
    with pytest.raises(ValueError, match="1 to 4"):
        is_severe_disability(DisabilityKind.VISUAL, level)


# --- properties

SITUATIONS = st.lists(
    st.builds(
        Situation,
        st.sampled_from(Kind),
        st.none() | st.dates(D(2020, 1, 1), D(2027, 12, 31)),
        st.none() | st.dates(D(2020, 1, 1), D(2030, 12, 31)),
        st.none() | st.dates(D(2020, 1, 1), D(2027, 12, 31)),
        st.frozensets(st.sampled_from(Evidence), max_size=4),
    ),
    max_size=3,
)
DAYS = st.dates(D(2018, 1, 1), D(2036, 12, 31))


@settings(deadline=None, max_examples=300)
@given(SITUATIONS, SITUATIONS, DAYS, st.booleans())
def test_answers_keep_their_promises(
    father: list[Situation], mother: list[Situation], on: dt.date, count_term: bool
) -> None:
    config = replace(DEFAULT_CONFIG, count_term=count_term)
    decision = decide(father, mother, on, config)
    assert (decision.category is not None) is (decision.answer is Answer.ELIGIBLE)
    assert decision.ask_again_on is None or decision.ask_again_on > on
    if decision.row is Row.EVIDENCE_MISSING:
        assert decision.missing_evidence
    if decision.answer is Answer.ELIGIBLE:
        assert on < birthday(BIRTH, 18)
        assert decision.ask_again_on is not None
        # Until the day it promises, time alone does not change an eligible answer. Records dated
        # after today would be new facts, not the passing of time.
        future = [s for s in [*father, *mother] if any(d and d > on for d in (s.since, s.ended_on))]
        if not future:
            eve = decision.ask_again_on - dt.timedelta(days=1)
            assert decide(father, mother, eve, config).answer is Answer.ELIGIBLE


@settings(deadline=None, max_examples=200)
@given(SITUATIONS, SITUATIONS, DAYS)
def test_father_and_mother_are_treated_alike(
    father: list[Situation], mother: list[Situation], on: dt.date
) -> None:
    one, other = decide(father, mother, on), decide(mother, father, on)
    assert (one.answer, one.row, one.ask_again_on) == (other.answer, other.row, other.ask_again_on)


@settings(deadline=None, max_examples=200)
@given(SITUATIONS, SITUATIONS, DAYS)
def test_more_paper_never_takes_eligibility_away(
    father: list[Situation], mother: list[Situation], on: dt.date
) -> None:
    def known(situations: list[Situation]) -> list[Situation]:
        # A parent proven both dead and never found is left to a person, so more paper may stop there.
        return [situation for situation in situations if situation.kind is not Kind.UNTRACEABLE]

    def complete(situations: list[Situation]) -> list[Situation]:
        return [replace(situation, evidence=frozenset(Evidence)) for situation in situations]

    father, mother = known(father), known(mother)
    before, after = decide(father, mother, on), decide(complete(father), complete(mother), on)
    if before.answer is Answer.ELIGIBLE:
        assert after.answer is Answer.ELIGIBLE
    assert all(missing.gap is not Gap.EVIDENCE for missing in after.missing_evidence)


@settings(deadline=None)
@given(st.sampled_from(sorted(LOST_FOR_GOOD | UNABLE_TO_RAISE)), SITUATIONS, DAYS)
def test_without_paper_a_parent_makes_nobody_eligible(
    kind: Kind, mother: list[Situation], on: dt.date
) -> None:
    assert decide([Situation(kind, D(2017, 12, 1))], mother, on).answer is not Answer.ELIGIBLE
