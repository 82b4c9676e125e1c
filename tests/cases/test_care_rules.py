"""Articles 21 to 23 of the law on minors, branch by branch and day by day."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from cases.ages import birthday
from cases.care.rules import (
    ART_18,
    ART_21,
    ART_22,
    ART_23,
    CareFacts,
    CareFault,
    Disqualified,
    Mender,
    check_care,
    contact_due,
)

ON = dt.date(2026, 10, 20)
DAY = dt.timedelta(days=1)
GOOD = CareFacts(
    birth_date=dt.date(2016, 5, 20),
    start_date=dt.date(2026, 3, 1),
    carer_birth_date=dt.date(1960, 1, 1),
    in_school=True,
    agreed_date=dt.date(2026, 3, 1),
    heard_date=dt.date(2026, 3, 1),
    school_told_date=dt.date(2026, 3, 5),
    village_told_date=dt.date(2026, 3, 5),
    last_contact_date=ON - DAY,
)


def codes(on: dt.date = ON, **changes: Any) -> list[CareFault]:
    return [one.code for one in check_care(replace(GOOD, **changes), on)]


def test_nothing_is_wrong_with_lawful_care() -> None:
    assert check_care(GOOD, ON) == []


@pytest.mark.parametrize(
    ("changes", "code", "article"),
    [
        ({"special_care": True, "watched": False}, CareFault.UNATTENDED, ART_21),
        ({"special_care": True, "infectious": True}, CareFault.INFECTIOUS, ART_21),
        ({"lives_with": False}, CareFault.ALONE, ART_21),
        ({"carer_dead": True}, CareFault.DEAD, ART_22),
        ({"carer_birth_date": dt.date(2012, 1, 1)}, CareFault.UNDERAGE, ART_22),
        ({"capacity": False}, CareFault.INCAPABLE, ART_22),
        ({"disqualified": frozenset({Disqualified.VIOLENCE})}, CareFault.VIOLENCE, ART_22),
        ({"disqualified": frozenset({Disqualified.HABITS})}, CareFault.HABITS, ART_22),
        ({"disqualified": frozenset({Disqualified.NEGLECT})}, CareFault.NEGLECT, ART_22),
        ({"disqualified": frozenset({Disqualified.UNFIT})}, CareFault.UNFIT, ART_22),
    ],
)
def test_what_blocks(changes: dict[str, Any], code: CareFault, article: str) -> None:
    (finding,) = check_care(replace(GOOD, **changes), ON)
    assert (finding.code, finding.article, finding.blocks) == (code, article, True)
    assert str(finding.sentence)
    assert str(finding.remedy)


@pytest.mark.parametrize(
    ("changes", "code", "article", "who"),
    [
        ({"carer_birth_date": dt.date(2009, 1, 1)}, CareFault.YOUNG_CARER, ART_18, Mender.DIRECTOR),
        ({"carer_birth_date": None}, CareFault.NO_NUMBER, ART_22, Mender.DIRECTOR),
        ({"agreed_date": None}, CareFault.UNWRITTEN, ART_22, Mender.PARENTS),
        ({"heard_date": None}, CareFault.UNHEARD, ART_22, Mender.PARENTS),
        ({"school_told_date": None}, CareFault.SCHOOL_UNTOLD, ART_23, Mender.PARENTS),
        ({"village_told_date": None}, CareFault.VILLAGE_UNTOLD, ART_23, Mender.PARENTS),
        ({"last_contact_date": None}, CareFault.NO_CONTACT, ART_23, Mender.DIRECTOR),
        ({"children_of_carer": 4}, CareFault.MANY_CHILDREN, "", Mender.SUPERVISOR),
        ({"birth_date": dt.date(2008, 10, 20)}, CareFault.GROWN_UP, "", Mender.DIRECTOR),
    ],
)
def test_what_is_a_gap(changes: dict[str, Any], code: CareFault, article: str, who: Mender) -> None:
    (finding,) = check_care(replace(GOOD, **changes), ON)
    assert (finding.code, finding.article, finding.blocks, finding.who) == (code, article, False, who)
    assert str(finding.remedy)


def test_every_fault_is_covered_above_and_blocks_come_first() -> None:
    everything = replace(
        GOOD,
        birth_date=dt.date(2019, 1, 1),
        watched=False,
        infectious=True,
        lives_with=False,
        carer_dead=True,
        carer_birth_date=dt.date(2015, 1, 1),
        capacity=False,
        disqualified=frozenset(Disqualified),
        agreed_date=None,
        heard_date=None,
        school_told_date=None,
        village_told_date=None,
        last_contact_date=None,
        children_of_carer=9,
    )
    found = check_care(everything, ON)
    kinds = [one.blocks for one in found]
    assert kinds == sorted(kinds, reverse=True)
    alternatives = {CareFault.YOUNG_CARER, CareFault.NO_NUMBER, CareFault.GROWN_UP}
    assert {one.code for one in found} == set(CareFault) - alternatives


# --- Boundaries ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("years", [7, 8])
def test_a_child_may_be_left_for_a_while_from_the_8th_birthday_on(years: int) -> None:
    born = GOOD.birth_date
    on = birthday(born, years)
    facts = {
        "watched": False,
        "last_contact_date": None,
        "start_date": on,
        "carer_birth_date": dt.date(1960, 1, 1),
    }
    before = codes(on - DAY, **(facts | {"start_date": on - DAY}))
    assert before == [CareFault.UNATTENDED]
    assert codes(on, **facts) == ([CareFault.UNATTENDED] if years == 7 else [])


def test_infection_forbids_the_carer_of_a_small_child_only() -> None:
    day = birthday(GOOD.birth_date, 8)
    facts = {"infectious": True, "last_contact_date": None}
    assert codes(day - DAY, start_date=day - DAY, **facts) == [CareFault.INFECTIOUS]
    assert codes(day, start_date=day, **facts) == []


def test_living_alone_is_forbidden_until_the_day_before_the_16th_birthday() -> None:
    day = birthday(GOOD.birth_date, 16)
    facts = {"lives_with": False, "last_contact_date": None}
    assert codes(day - DAY, start_date=day - DAY, **facts) == [CareFault.ALONE]
    assert codes(day, start_date=day, **facts) == []


def test_the_carer_of_15_16_17_and_18() -> None:
    for years, code in ((16, CareFault.YOUNG_CARER), (18, None)):
        on_the_day = dt.date(ON.year - years, ON.month, ON.day)
        assert codes(carer_birth_date=on_the_day) == ([code] if code else [])
    assert codes(carer_birth_date=dt.date(2010, 10, 21)) == [CareFault.UNDERAGE]
    assert codes(carer_birth_date=dt.date(2008, 10, 21)) == [CareFault.YOUNG_CARER]


def test_contact_is_in_time_on_the_7th_day_and_late_on_the_8th() -> None:
    assert codes(last_contact_date=ON - 7 * DAY) == []
    assert codes(last_contact_date=ON - 8 * DAY) == [CareFault.NO_CONTACT]
    assert contact_due(ON, GOOD.start_date) == ON + 7 * DAY


def test_before_the_first_contact_the_clock_runs_from_the_first_day() -> None:
    assert codes(start_date=ON - 7 * DAY, last_contact_date=None) == []
    assert codes(start_date=ON - 8 * DAY, last_contact_date=None) == [CareFault.NO_CONTACT]


def test_the_county_may_ask_for_contact_more_often() -> None:
    assert codes(last_contact_date=ON - 4 * DAY, contact_days=3) == [CareFault.NO_CONTACT]
    assert codes(last_contact_date=ON - 3 * DAY, contact_days=3) == []


def test_who_cannot_speak_need_not_be_heard_and_who_has_no_school_has_none_to_tell() -> None:
    assert codes(can_speak=False, heard_date=None) == []
    assert codes(in_school=False, school_told_date=None) == []


def test_as_many_children_as_the_county_allows_are_no_finding() -> None:
    assert codes(children_of_carer=3) == []
    assert codes(children_of_carer=4) == [CareFault.MANY_CHILDREN]
    assert codes(children_of_carer=4, children_most=5) == []
