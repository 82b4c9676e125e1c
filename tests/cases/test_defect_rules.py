"""What a child lacks: every boundary of age, school year and guardianship."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.circumstances.enums import DefectKind
from cases.defects import rules
from cases.defects.rules import Facts
from cases.enums import GuardianKind, HouseholdRegistration, SchoolStage

D = dt.date
ON = D(2026, 10, 20)
COMPLETE = Facts(birth_date=D(2017, 5, 20), guardians=(("both", "grandmother"),))


def test_a_complete_file_lacks_nothing() -> None:
    assert rules.missing(COMPLETE, ON) == frozenset()


def test_an_empty_file_of_a_schoolchild_lacks_all_four() -> None:
    empty = Facts(D(2017, 5, 20), has_identity=False, registration="none", school_stage="")
    assert rules.missing(empty, ON) == frozenset(DefectKind)


@pytest.mark.parametrize(
    ("birth", "on", "expected"),
    [
        (D(2020, 9, 1), D(2026, 9, 1), True),  # six on the very first day of school
        (D(2020, 9, 2), D(2026, 9, 1), False),  # six a day later: next September
        (D(2020, 9, 2), D(2027, 8, 31), False),
        (D(2020, 9, 2), D(2027, 9, 1), True),
        (D(2020, 9, 1), D(2026, 8, 31), False),  # the day before school begins
        (D(2011, 9, 2), D(2026, 9, 1), True),  # turns 15 a day later: the ninth year
        (D(2011, 9, 1), D(2026, 9, 1), False),  # 15 on 1 September: nine years are over
        (D(2011, 9, 1), D(2026, 8, 31), True),  # the last day of the ninth year
        (D(2020, 2, 29), D(2026, 9, 1), True),
        (D(2026, 10, 1), ON, False),  # born after this school year began
    ],
)
def test_compulsory_school_age(birth: dt.date, on: dt.date, expected: bool) -> None:
    assert rules.must_attend(birth, on) is expected
    for stage in ("", "unstated", "left_school", "kindergarten", "below_school_age"):
        assert rules.is_out_of_school(replace(COMPLETE, birth_date=birth, school_stage=stage), on) is expected
    for stage in sorted(rules.AT_SCHOOL):
        assert not rules.is_out_of_school(replace(COMPLETE, birth_date=birth, school_stage=stage), on)


@pytest.mark.parametrize(
    ("birth", "expected"), [(D(2010, 10, 21), True), (D(2010, 10, 20), False), (D(2022, 1, 1), True)]
)
def test_known_to_be_out_of_school_counts_until_16(birth: dt.date, expected: bool) -> None:
    facts = replace(COMPLETE, birth_date=birth, school_stage="not_in_school")
    assert (DefectKind.OUT_OF_SCHOOL in rules.missing(facts, ON)) is expected
    assert rules.is_past(DefectKind.OUT_OF_SCHOOL, facts, ON) is not expected


@pytest.mark.parametrize(
    ("birth", "stage", "there", "past"),
    [
        (D(2017, 5, 20), "primary", True, False),
        (D(2017, 5, 20), "unstated", False, False),
        (
            D(2011, 9, 1),
            "unstated",
            False,
            True,
        ),  # 15 on 1 September: no longer asked, but not answered either
        (D(2011, 9, 1), "left_school", True, False),
        (D(2011, 9, 2), "left_school", False, False),  # cannot have finished
        (D(2011, 9, 1), "not_in_school", False, False),  # known to be out of school: followed until 16
        (D(2010, 10, 20), "not_in_school", False, True),
        (D(2022, 1, 1), "kindergarten", True, False),
        (D(2022, 1, 1), "", False, False),
    ],
)
def test_when_schooling_is_settled_or_past(birth: dt.date, stage: str, there: bool, past: bool) -> None:
    facts = replace(COMPLETE, birth_date=birth, school_stage=stage)
    assert rules.is_there(DefectKind.OUT_OF_SCHOOL, facts, ON) is there
    assert rules.is_past(DefectKind.OUT_OF_SCHOOL, facts, ON) is past


def test_every_stage_is_either_at_school_or_not() -> None:
    outside = {"below_school_age", "kindergarten", "not_in_school", "left_school", "unstated"}
    assert {stage.value for stage in rules.AT_SCHOOL} | outside == set(SchoolStage.values)


@pytest.mark.parametrize("registration", ["", *HouseholdRegistration.values])
def test_registration(registration: str) -> None:
    facts = replace(COMPLETE, registration=registration)
    assert (DefectKind.NO_REGISTRATION in rules.missing(facts, ON)) is (registration == "none")
    # What is not stated opens nothing, and settles nothing either.
    assert rules.is_there(DefectKind.NO_REGISTRATION, facts, ON) is (registration not in ("", "none"))


@pytest.mark.parametrize("kind", GuardianKind.values)
@pytest.mark.parametrize("relation", ["father", "mother", "grandmother"])
@pytest.mark.parametrize("lost", [(), ("father",), ("father", "mother")])
def test_who_is_a_guardian(kind: str, relation: str, lost: tuple[str, ...]) -> None:
    facts = replace(COMPLETE, guardians=((kind, relation),), lost_parents=frozenset(lost))
    expected = kind in ("legal", "both") and relation not in lost
    assert rules.has_guardian(facts) is expected
    assert rules.is_there(DefectKind.NO_GUARDIAN, facts, ON) is expected


def test_one_living_guardian_beside_a_dead_one_is_enough() -> None:
    facts = replace(
        COMPLETE, guardians=(("both", "father"), ("legal", "mother")), lost_parents=frozenset({"father"})
    )
    assert rules.has_guardian(facts)


def test_an_institution_is_guardian_of_its_children() -> None:
    alone = replace(COMPLETE, guardians=())
    assert DefectKind.NO_GUARDIAN in rules.missing(alone, ON)
    assert rules.missing(replace(alone, placement="institution"), ON) == frozenset()


@pytest.mark.parametrize(("birth", "expected"), [(D(2008, 10, 21), True), (D(2008, 10, 20), False)])
def test_nobody_needs_a_guardian_from_18_on(birth: dt.date, expected: bool) -> None:
    facts = replace(COMPLETE, birth_date=birth, school_stage="senior", guardians=())
    assert (DefectKind.NO_GUARDIAN in rules.missing(facts, ON)) is expected
    assert rules.is_past(DefectKind.NO_GUARDIAN, facts, ON) is not expected


@pytest.mark.parametrize(
    ("kind", "on", "until"),
    [
        ("out_of_school", D(2026, 8, 31), D(2026, 8, 31)),
        ("out_of_school", D(2026, 9, 1), D(2027, 8, 31)),
        ("no_registration", D(2026, 10, 20), D(2027, 10, 20)),
        ("no_identity", D(2028, 2, 29), D(2029, 2, 28)),
    ],
)
def test_an_exemption_is_asked_again(kind: str, on: dt.date, until: dt.date) -> None:
    assert rules.exempt_until(DefectKind(kind), on) == until


def test_what_a_visit_reports() -> None:
    assert rules.reported(["dropped_out", "never_enrolled", "no_registration", "house_leaks", "unknown"]) == (
        DefectKind.NO_REGISTRATION,
        DefectKind.OUT_OF_SCHOOL,
    )
    assert rules.reported([]) == ()


FACTS = st.builds(
    Facts,
    birth_date=st.dates(D(2003, 1, 1), ON),
    has_identity=st.booleans(),
    registration=st.sampled_from(["", *HouseholdRegistration.values]),
    school_stage=st.sampled_from(["", *SchoolStage.values]),
    placement=st.sampled_from(["scattered", "institution"]),
    guardians=st.lists(
        st.tuples(st.sampled_from(GuardianKind.values), st.sampled_from(["father", "mother", "other"])),
        max_size=3,
    ).map(tuple),
    lost_parents=st.frozensets(st.sampled_from(["father", "mother"])),
)


@given(FACTS)
def test_what_is_missing_is_not_there(facts: Facts) -> None:
    missing = rules.missing(facts, ON)
    for kind in DefectKind:
        assert not (kind in missing and rules.is_there(kind, facts, ON))
        assert not (kind in missing and rules.is_past(kind, facts, ON))
        assert not (rules.is_there(kind, facts, ON) and rules.is_past(kind, facts, ON))


@given(FACTS, st.sampled_from(sorted(rules.AT_SCHOOL)))
def test_recording_everything_leaves_nothing_missing(facts: Facts, stage: str) -> None:
    whole = replace(
        facts, has_identity=True, registration="local", school_stage=stage, guardians=(("legal", "other"),)
    )
    assert rules.missing(whole, ON) == frozenset()
    assert all(rules.is_there(kind, whole, ON) for kind in DefectKind)
