"""留守 and 流动: ages, months, counties, and when to ask again."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases.eligibility.absences import (
    Absence,
    AbsenceConfig,
    Finding,
    Ground,
    When,
    crosses_county,
    is_rural,
    is_urban_district,
    leaves_township,
    left_behind,
    migrant,
    twelve,
)
from cases.eligibility.table import Answer, Parent, Situation
from cases.enums import LOST_FOR_GOOD, UNABLE_TO_RAISE, CategoryDetail
from cases.enums import ParentSituationKind as Kind

D = dt.date
DAY = dt.timedelta(days=1)
ON = D(2026, 11, 22)
BIRTH = D(2016, 3, 5)
HOME = 341222100205  # 太和县 village, 村委会
SHENZHEN = 440305
FATHER, MOTHER = Parent.FATHER, Parent.MOTHER
LONG_AGO = D(2025, 2, 1)


def away(
    parent: Parent, since: dt.date = LONG_AGO, until: dt.date | None = None, to: int | None = SHENZHEN
) -> Absence:
    return Absence(parent, since, until, to)


def ask(
    *absences: Absence,
    father: tuple[Situation, ...] = (),
    mother: tuple[Situation, ...] = (),
    on: dt.date = ON,
    home: int | None = HOME,
    birth: dt.date = BIRTH,
    config: AbsenceConfig | None = None,
) -> Finding:
    return left_behind(birth, home, absences, father, mother, on, config or AbsenceConfig())


ABLE = (Situation(Kind.ABLE),)
ILL = (Situation(Kind.SEVERE_ILLNESS, D(2024, 1, 1)),)


# --- who


def test_both_parents_away() -> None:
    found = ask(away(FATHER), away(MOTHER))
    assert (found.answer, found.ground) == (Answer.ELIGIBLE, Ground.BOTH_AWAY)
    assert (found.detail, found.counted_at) == (CategoryDetail.BOTH_AWAY, HOME)


def test_one_away_and_the_other_there() -> None:
    assert ask(away(FATHER), mother=ABLE).ground is Ground.PARENT_PRESENT
    nothing_of_mother = ask(away(FATHER))
    assert (nothing_of_mother.answer, nothing_of_mother.missing) == (Answer.UNDECIDED, (MOTHER,))
    assert ask().ground is Ground.NOT_RECORDED
    assert ask().answer is Answer.NOT_ELIGIBLE


@pytest.mark.parametrize("kind", sorted(Kind))
def test_one_away_and_the_other_unable(kind: Kind) -> None:
    found = ask(away(MOTHER), father=(Situation(kind, D(2024, 1, 1)),))
    if kind in LOST_FOR_GOOD | UNABLE_TO_RAISE:
        assert (found.answer, found.detail) == (Answer.ELIGIBLE, CategoryDetail.ONE_AWAY_ONE_UNABLE)
    else:
        assert (found.answer, found.ground) == (Answer.NOT_ELIGIBLE, Ground.PARENT_PRESENT)
    both = ask(father=(Situation(kind),), mother=ILL)
    assert (both.detail is CategoryDetail.NEITHER_ABLE) is (kind in LOST_FOR_GOOD | UNABLE_TO_RAISE)


def test_only_rural_registrations() -> None:
    both = (away(FATHER), away(MOTHER))
    assert ask(*both, home=341222100001).ground is Ground.NOT_RURAL
    assert ask(*both, home=341222100000).ground is Ground.REGISTRATION_UNKNOWN
    assert ask(*both, home=None).answer is Answer.UNDECIDED
    assert [is_rural(code) for code in (341222100199, 341222100200, 341222100000)] == [False, True, None]


@pytest.mark.parametrize(
    ("birth", "on", "counts"),
    [
        (D(2010, 11, 23), ON, True),
        (D(2010, 11, 22), ON, False),
        (D(2012, 2, 29), D(2028, 2, 28), True),
        (D(2012, 2, 29), D(2028, 2, 29), False),
        (D(2012, 2, 29) + 366 * DAY, D(2029, 2, 28), True),
    ],
)
def test_under_sixteen(birth: dt.date, on: dt.date, counts: bool) -> None:
    found = ask(away(FATHER), away(MOTHER), birth=birth, on=on)
    assert (found.answer is Answer.ELIGIBLE) is counts
    assert (found.ground is Ground.OVER_AGE) is not counts


# --- how long


@pytest.mark.parametrize(
    ("since", "day"), [(D(2026, 5, 22), D(2026, 11, 22)), (D(2026, 8, 31), D(2027, 2, 28))]
)
def test_six_months_to_the_day(since: dt.date, day: dt.date) -> None:
    both = (away(FATHER), away(MOTHER, since))
    before = ask(*both, on=day - DAY)
    assert (before.answer, before.ground) == (Answer.NOT_ELIGIBLE, Ground.TOO_EARLY)
    assert before.dates[0] == (day, When.LONG_ENOUGH)
    for on in (day, day + DAY):
        assert ask(*both, on=on).answer is Answer.ELIGIBLE
    assert ask(*both, on=day - DAY, config=AbsenceConfig(months=3)).answer is Answer.ELIGIBLE


@pytest.mark.parametrize(("days_at_home", "broken"), [(0, False), (15, False), (16, True), (60, True)])
def test_short_visits_do_not_break_it(days_at_home: int, broken: bool) -> None:
    last = D(2026, 8, 31)
    again = last + DAY * (days_at_home + 1)
    both = (away(FATHER), away(MOTHER, D(2026, 1, 1), last), away(MOTHER, again))
    assert (ask(*both).answer is Answer.ELIGIBLE) is not broken
    assert ask(*both, config=AbsenceConfig(visit_days=90)).answer is Answer.ELIGIBLE


def test_back_for_good() -> None:
    found = ask(away(FATHER), away(MOTHER, until=D(2026, 11, 30)))
    assert (D(2026, 12, 1), When.ENDS) in found.dates
    assert ask(away(FATHER), away(MOTHER, until=D(2026, 11, 30)), on=D(2026, 12, 1)).answer is (
        Answer.NOT_ELIGIBLE
    )


# --- how far


@pytest.mark.parametrize(
    ("home", "there", "crosses"),
    [
        (500152001001, 500152002001, False),  # the same county
        (500152001001, 500101001001, False),  # districts of 重庆
        (500152001001, 500229001001, True),  # a county of 重庆
        (110101001001, 110115001001, False),  # districts of 北京
        (341202001200, 341203001200, False),  # districts of 阜阳
        (341202001200, 341222100200, True),  # a district and a county of it
        (341222100205, 341225100205, True),  # two counties
        (341222100205, 341282100205, True),  # a county and a city of county level
        (341202001200, 340102001200, True),  # districts of two cities
        (429004001200, 429005001200, True),  # run by the province: no districts
        (HOME, 440305, True),
        (341202001200, 341203, False),
    ],
)
def test_across_counties(home: int, there: int, crosses: bool) -> None:
    assert crosses_county(home, there) is crosses
    assert crosses_county(there, home) is crosses


def test_names_decide_before_codes() -> None:
    assert is_urban_district(341202000000)
    assert not is_urban_district(341202000000, "颍州县")
    assert is_urban_district(341290000000, "新区")
    assert not is_urban_district(429021000000, "神农架林区")
    assert not is_urban_district(520203000000, "六枝特区")
    names = {341202000000: "颍州区", 341203000000: "颍东县"}
    assert crosses_county(341202001200, 341203001200, names.get)  # type: ignore[arg-type]


def test_codes_of_six_and_twelve_digits() -> None:
    assert twelve(341222) == 341222000000
    assert twelve(341222100205) == 341222100205
    for wrong in (0, 34122, 3412221, -341222):
        with pytest.raises(ValueError, match="6 or 12"):
            twelve(wrong)


def test_leaving_the_township_only_is_for_statistics() -> None:
    near = 341222101200
    found = ask(away(FATHER, to=near), away(MOTHER, to=near))
    assert (found.answer, found.ground, found.statistics) == (
        Answer.NOT_ELIGIBLE,
        Ground.NOT_CROSS_COUNTY,
        True,
    )
    inside = ask(away(FATHER, to=341222100206), away(MOTHER, to=near))
    assert not inside.statistics
    assert not leaves_township(HOME, 341222)  # the same county, nothing finer said
    assert leaves_township(HOME, 341221)


def test_where_a_parent_went_must_be_recorded() -> None:
    found = ask(away(FATHER), away(MOTHER, to=None))
    assert (found.answer, found.ground, found.missing) == (
        Answer.UNDECIDED,
        Ground.DESTINATION_UNKNOWN,
        (MOTHER,),
    )


# --- 流动


@pytest.mark.parametrize(
    ("there", "since", "answer", "statistics"),
    [
        (440305001001, D(2026, 5, 22), Answer.ELIGIBLE, True),
        (440305001001, D(2026, 5, 23), Answer.NOT_ELIGIBLE, False),
        (440305001001, None, Answer.UNDECIDED, False),
        (None, D(2025, 1, 1), Answer.UNDECIDED, False),
        (341222101200, D(2025, 1, 1), Answer.NOT_ELIGIBLE, True),
        (341222100206, D(2025, 1, 1), Answer.NOT_ELIGIBLE, False),
        (HOME, None, Answer.NOT_ELIGIBLE, False),
    ],
)
def test_migrant_children(there: int | None, since: dt.date | None, answer: Answer, statistics: bool) -> None:
    found = migrant(BIRTH, HOME, there, since, ON)
    assert (found.answer, found.statistics, found.counted_at) == (answer, statistics, there)
    if answer is Answer.ELIGIBLE:
        assert found.detail is CategoryDetail.CROSS_COUNTY
        assert found.dates == ((D(2032, 3, 5), When.SIXTEEN),)


def test_migrants_of_one_city_and_of_sixteen() -> None:
    assert migrant(BIRTH, 341202001200, 341203001001, LONG_AGO, ON).ground is Ground.NOT_CROSS_COUNTY
    assert migrant(D(2010, 11, 22), HOME, 440305001001, LONG_AGO, ON).ground is Ground.OVER_AGE
    assert migrant(BIRTH, None, 440305001001, LONG_AGO, ON).answer is Answer.UNDECIDED


# --- properties

NEAR = st.dates(D(2025, 6, 1), D(2027, 3, 1))
PLACES = st.sampled_from([None, SHENZHEN, 341222101200, 341222, 341203, 341225])


@st.composite
def absences(draw: st.DrawFn) -> list[Absence]:
    found = []
    for _number in range(draw(st.integers(0, 4))):
        since, until = draw(NEAR), draw(st.none() | NEAR)
        if until is not None and until < since:
            since, until = until, since
        found.append(Absence(draw(st.sampled_from(Parent)), since, until, draw(PLACES)))
    return found


SITUATIONS = st.lists(
    st.builds(Situation, st.sampled_from(Kind), st.none() | NEAR, st.none(), st.none() | NEAR), max_size=2
)


def _said(finding: Finding) -> tuple[object, ...]:
    return finding.answer, finding.detail, finding.statistics, finding.missing


@settings(deadline=None, max_examples=60)
@given(absences(), SITUATIONS, SITUATIONS, st.sampled_from([BIRTH, D(2010, 8, 1)]), st.integers(1, 8))
def test_the_answer_changes_on_listed_dates_only(
    gone: list[Absence], father: list[Situation], mother: list[Situation], birth: dt.date, months: int
) -> None:
    config = AbsenceConfig(months=months)
    start = D(2026, 1, 1)
    walked = [
        (day, left_behind(birth, HOME, gone, father, mother, day, config))
        for day in (start + n * DAY for n in range(500))
    ]
    listed = {day for day, _why in walked[0][1].dates}
    for (_eve, before), (day, after) in pairwise(walked):
        assert (_said(before) != _said(after)) is (day in listed)


@settings(deadline=None, max_examples=100)
@given(absences(), SITUATIONS, SITUATIONS, NEAR, st.randoms())
def test_parents_are_treated_alike_and_the_order_is_nothing(
    gone: list[Absence], father: list[Situation], mother: list[Situation], on: dt.date, random: object
) -> None:
    found = left_behind(BIRTH, HOME, gone, father, mother, on)
    swapped = [replace(a, parent=MOTHER if a.parent is FATHER else FATHER) for a in gone]
    random.shuffle(swapped)  # type: ignore[attr-defined]
    mirrored = left_behind(BIRTH, HOME, swapped, mother, father, on)
    assert (found.answer, found.ground, found.detail) == (mirrored.answer, mirrored.ground, mirrored.detail)
    assert len(found.missing) == len(mirrored.missing)
