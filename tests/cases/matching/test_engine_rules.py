"""What the rules and guards say about single pairs."""

from __future__ import annotations

import json

import polars as pl
import pytest

from cases.matching.engine import keys
from cases.matching.engine import matcher as engine
from cases.matching.engine.dates import FAR_DATE, NEAR_DATE, compare_dates
from cases.matching.engine.frames import KEY_SCHEMA
from cases.matching.engine.places import Places
from cases.matching.engine.settings import Settings
from tests.cases.matching.engine_cases import (
    GUARDIAN,
    OTHER,
    OWN,
    PLACES,
    TWIN,
    VILLAGE,
    Cells,
    Child,
    Kin,
    listed,
    match,
    one,
    people,
    row,
)

ELSEWHERE = {"village": "外南街社区", "sender_code": "500152002000"}
CUT = OWN[:15] + "000"
SLIP = OWN[:9] + str((int(OWN[9]) + 3) % 10) + OWN[10:]


@pytest.mark.parametrize(
    ("the_row", "expected"),
    [
        (row(), ("auto", "same_number_and_name")),
        (row(own=f"’{OWN[:6]} {OWN[6:]}"), ("auto", "same_number_and_name")),
        (row(own=OWN + "43"), ("auto", "same_number_and_name")),
        (row(name="李紫涵"), ("auto", "same_number_and_sound")),
        (row(name="李?涵"), ("auto", "same_number_and_sound")),
        (row(name="李子轩"), ("review", "same_number_other_name")),
        (row(name="李涵"), ("auto", "same_number_name_slip")),
        (row(name="李涵子"), ("auto", "same_number_name_slip")),
        (row(name="李子喊"), ("auto", "same_number_and_sound")),
        (row(name="李子航"), ("auto", "same_number_name_slip")),
        (row(name="李止涵"), ("auto", "same_number_name_slip")),
        (row(name="李浩然"), ("review", "same_number_other_name")),
        (row(name="李大山"), None),
        (row(own=SLIP), ("auto", "repaired_number_and_name")),
        (row(own=OWN[:6] + OWN[8:17]), ("auto", "repaired_number_and_name")),
        (row(own=OWN[:5] + OWN[6:]), ("auto", "repaired_number_and_name")),
        (row(own=SLIP, birth_date="2011.9.7"), ("review", "repaired_number_other_name")),
        (row(own=SLIP, birth_date="2015.3.2"), ("auto", "repaired_number_and_name")),
        (row(own=CUT), ("auto", "cut_number_and_name")),
        (row(own=CUT, name="李子轩"), ("review", "cut_number_other_name")),
        (row(own="5.00152E+17", birth_date="2015-03-01"), ("auto", "name_and_birth_no_number")),
        (row(own="500152********" + OWN[-4:]), ("auto", "masked_number_and_name")),
        (row(own="500152********" + OWN[-4:], name="李子轩"), ("review", "masked_number_name_slip")),
        (row(own="500152********9999"), None),
        (row(own="无", birth_date="2015年3月1日"), ("auto", "name_and_birth_no_number")),
        (row(own="", birth_date="42064"), ("auto", "name_and_birth_no_number")),
        (row(own="", birth_date="201503"), ("auto", "name_and_birth_no_number")),
        (row(own="", head_name="李大山"), ("auto", "name_and_head_no_number")),
        (row(own="", head_name="李达山"), ("review", "name_and_household_far_number")),
        (
            row(own="", head_id=GUARDIAN, household=1, village=""),
            ("auto", "name_and_household_no_number"),
        ),
        (row(own=""), ("review", "name_and_village_no_number")),
        (row(own="", name="李子涵（曾用名李浩）", birth_date="20150301"), ("auto", "name_and_birth_no_number")),
        (row(own="", name="李浩（曾用名李子涵）", birth_date="20150301"), ("review", "name_and_birth_only")),
        (row(name="王浩（曾用名李子涵）"), ("review", "same_number_other_name")),
        (row(own=OWN.replace("0", "O").replace("1", "l")), ("auto", "same_number_and_name")),
        (row(own="", name=f"李子涵{OWN[:14]}　{OWN[14:]}"), ("auto", "same_number_and_name")),
        (row(own="", certificate=OWN + "43"), ("auto", "same_number_and_name")),
        (row(own="5001**********" + OWN[-4:]), ("auto", "masked_number_and_name")),
        (row(own="", birth_date="1900-01-01", head_name="李大山"), ("auto", "name_and_head_no_number")),
        (row(name="李子轩", own="", household=1, head_id=GUARDIAN), ("review", "name_slip_and_household")),
        (row(name="李子轩", own=GUARDIAN, head_name="李大山"), ("review", "relative_s_number_name_slip")),
        (row(own="", village="外南街社区", sender_code="500152002000"), None),
        (row(own=GUARDIAN), ("auto", "relative_s_number_and_name")),
        (row(own=GUARDIAN, name="李大山"), None),
        (row(own=OTHER), None),
        (row(own=OTHER, head_name="李大山"), ("review", "name_and_household_other_number")),
        (row(own=OTHER, name="李子轩", head_name="李大山"), None),
        (row(own=TWIN, name="李子轩", birth_date="20150301", head_name="李大山"), None),
        (row(own=TWIN, birth_date="20150301"), ("review", "name_and_near_valid_number")),
        (row(own=OTHER, birth_date="20150301"), ("review", "name_and_birth_other_number")),
        (row(name="李子涵" + OWN, own=""), ("auto", "same_number_and_name")),
        # A homonym born on the same day in the same county has the same first 14 or 15 digits.
        (row(own=CUT, **ELSEWHERE), ("review", "cut_number_other_name")),
        (row(own=CUT, name="李紫涵"), ("review", "cut_number_other_name")),
        (row(own=CUT, name="李紫涵", head_name="李大山"), ("auto", "cut_number_and_name")),
        (row(own=OWN[:14] + "****", **ELSEWHERE), ("review", "masked_number_name_slip")),
        (row(own=OWN[:14] + "****"), ("auto", "masked_number_and_name")),
        (row(own="", birth_date="2015-03-01", head_name="王五"), ("review", "name_and_birth_only")),
        (row(own="", birth_date="2015-03-01", sex="女"), ("review", "name_and_birth_only")),
        (row(own="", birth_date="2015-03-01", sex="男"), ("auto", "name_and_birth_no_number")),
        # A list that says the month of birth only (出生年月): as the day does, but never without a person from afar.
        (row(own="", birth_date="2015.03", village="外南街社区", sender_code="500152002000"),
         ("review", "name_and_birth_only")),
        (row(own="", birth_date="2015.04", village="外南街社区", sender_code="500152002000"), None),
        (row(own=OTHER, birth_date="2015.03", village="外南街社区", sender_code="500152002000"), None),
        (row(own="", name="李子轩", birth_date="2015年3月"), ("review", "birth_name_slip_and_village")),
        (row(own="", name="李子轩", birth_date="2015年4月"), None),
        # Another person of the head's name: both numbers are known and differ.
        (row(own="", head_name="李大山", head_id=OTHER), None),
    ],
)  # fmt: skip
def test_a_single_row_against_a_single_child(the_row: Cells, expected: tuple[str, str] | None) -> None:
    assert one(the_row) == expected


def test_unregistered_twins_are_not_proposed() -> None:
    household = {"household": 7, "head_name": "李大山", "head_id": GUARDIAN, "birth_date": "2015-03-01"}
    found = match([row(1, **household), row(2, "李子轩", TWIN, **household)], [Child()])
    assert [(f[0], f[2]) for f in found] == [(1, "auto")]


def test_one_named_twice_in_a_household_goes_to_a_person() -> None:
    found = match([row(1, household=7), row(2, "李子轩", household=7)], [Child()])
    assert [(f[0], f[2]) for f in found] == [(1, "auto"), (2, "review")]
    assert "named_twice" in found[1][4]


def test_a_sibling_s_number_goes_to_a_person_with_both_children() -> None:
    siblings = [Child(1), Child(2, "李子轩", OTHER, 20110907)]
    found = match([row(1, "李子轩", OWN, household=7, head_id=GUARDIAN)], siblings)
    assert {f[2] for f in found} == {"review"}
    assert {f[1] for f in found} == {1, 2}


def test_a_cut_number_that_two_twins_share_is_the_one_whose_name_it_bears() -> None:
    twins = [Child(1, "李俊昕", OWN), Child(2, "李俊馨", TWIN)]
    assert [(f[1], f[2]) for f in match([row(1, "李俊昕", CUT)], twins)] == [(1, "auto")]


def test_a_head_without_number_is_not_the_grandchild_named_after_him() -> None:
    namesake = Child(name="徐勇", kin=[Kin("徐勇", GUARDIAN, "head")])
    found = match([row(1, "徐勇", "不详", household=7, head_name="徐勇", head_id=GUARDIAN)], [namesake])
    assert [f[2] for f in found if f[2] == "auto"] == []
    assert (
        match([row(1, "徐勇", GUARDIAN, household=7, head_name="徐勇", head_id=GUARDIAN)], [namesake]) == []
    )


def test_homonyms_with_numbers_of_their_own_are_left_alone() -> None:
    stranger = row(own=TWIN, birth_date="2015-03-01", village="外南街社区", sender_code="500152002000")
    assert one(stranger) is None


def test_a_mistyped_number_in_the_register_is_repaired_too() -> None:
    assert one(row(), Child(own=SLIP)) == ("auto", "repaired_number_and_name")


def test_a_child_without_number_is_found_by_name_birth_and_place() -> None:
    assert one(row(), Child(own="")) == ("auto", "name_and_birth_no_number")


def test_a_village_that_was_renamed_costs_no_match_that_has_other_support() -> None:
    assert one(row(village="团结新村", birth_date="2015-3-1", own="")) == ("auto", "name_and_birth_no_number")


def test_a_sound_alike_twin_without_number_is_not_taken_for_the_child_on_the_next_row() -> None:
    household = {"household": 7, "head_name": "李大山", "head_id": GUARDIAN}
    found = match([row(1, **household), row(2, "李紫涵", "", **household)], [Child()])
    assert [(f[0], f[2]) for f in found] == [(1, "auto"), (2, "review")]


def test_nobody_is_matched_with_his_grandson_of_the_same_name_by_a_mistyped_number() -> None:
    namesake = Child(name="徐勇", kin=[Kin("徐勇", GUARDIAN, "head")])
    old = GUARDIAN[:6] + GUARDIAN[8:17]
    assert match([row(1, "徐勇", old, household=7, head_name="徐勇", head_id=GUARDIAN)], [namesake]) == []
    given = row(1, "徐勇", OWN, birth_date="1960-01-02", relation="户主")
    assert {f[2] for f in match([given], [namesake])} == {"review"}


def test_a_daughter_in_law_of_the_child_s_name_is_not_taken_for_the_child() -> None:
    household = {"household": 7, "head_name": "李大山", "head_id": GUARDIAN}
    assert one(row(own="", **household)) == ("auto", "name_and_household_no_number")
    found = match([row(own="", relation="儿媳", **household)], [Child()])
    assert [(f[2], "elder" in f[4]) for f in found] == [("review", True)]


def test_a_child_of_the_head_s_name_with_the_head_s_number_is_not_taken_for_the_head() -> None:
    the_row = row(1, "李大山", GUARDIAN, head_name="李大山", head_id=GUARDIAN, relation="孙子")
    assert [f[2] for f in match([the_row], [Child()], guardians=True)] == ["review"]


def test_a_child_that_was_entered_as_its_own_guardian_is_no_relative_of_itself() -> None:
    own_guardian = Child(own="", kin=[Kin("李子涵", OWN)])
    assert one(row(birth_date="2013-01-01"), own_guardian) == ("auto", "same_number_and_name")


def test_a_row_that_fits_two_children_goes_to_a_person() -> None:
    found = match([row()], [Child(1), Child(2)])
    assert [(f[2], "two_candidates" in f[4]) for f in found] == [("review", True), ("review", True)]


def test_a_guardian_of_two_children_is_one_person() -> None:
    sons = [Child(1), Child(2, "李子轩", OTHER, 20110907)]
    found = match([row(1, "李大山", GUARDIAN)], sons, guardians=True)
    assert [(f[1], f[2], f[3]) for f in found] == [
        (1000, "auto", "same_number_and_name"),
        (2000, "auto", "same_number_and_name"),
    ]
    typed_once = [Child(1, kin=[Kin("李大山", "")]), sons[1]]
    assert {
        f[2] for f in match([row(1, "李大山", GUARDIAN, village="莲花")], typed_once, guardians=True)
    } == {"auto"}


def test_a_guardian_s_number_may_stand_with_the_head_of_the_same_name() -> None:
    file = Child(kin=[Kin("李大山", "", "guardian"), Kin("李大山", GUARDIAN, "head")])
    found = match([row(1, "李大山", GUARDIAN)], [file], guardians=True)
    assert [(f[1], f[2]) for f in found] == [(1000, "auto"), (1001, "auto")]


def test_the_head_of_a_list_has_the_head_s_number() -> None:
    the_row = row(1, "李大山", "未上户", head_name="李大山", head_id=GUARDIAN, relation="户 主")
    assert [(f[2], f[3]) for f in match([the_row], [Child()], guardians=True)] == [
        ("auto", "same_number_and_name")
    ]
    son = match([{**the_row, "relation": "子"}], [Child()], guardians=True)
    assert [(f[2], f[3]) for f in son] == [("review", "name_and_village_no_number")]


def test_a_mistyped_head_still_makes_a_household() -> None:
    mistyped = GUARDIAN[:4] + "99" + GUARDIAN[6:]
    slip = GUARDIAN[:9] + str((int(GUARDIAN[9]) + 3) % 10) + GUARDIAN[10:]
    for head_id, expected in ((slip, ("auto", "name_and_household_no_number")), (mistyped, None)):
        assert one(row(own="", village="", sender_code="500152", household=1, head_id=head_id)) == expected


def test_a_demoted_rule_sends_its_pairs_to_a_person() -> None:
    careful = Settings().demoted("repaired_number_and_name")
    assert [(f[2], f[3]) for f in match([row(own=SLIP)], [Child()], settings=careful)] == [
        ("review", "repaired_number_and_name")
    ]
    assert "repaired_number_and_name" not in careful.automatic
    with pytest.raises(KeyError):
        Settings().demoted("no_such_rule")


def test_settings_survive_json_and_decide_the_digest() -> None:
    careful = Settings(near_slips=1).demoted("cut_number_and_name")
    again = Settings.from_json(json.loads(json.dumps(careful.to_json())))
    assert again == careful
    assert again.digest == careful.digest != Settings().digest


def test_pairs_below_the_least_score_are_not_proposed() -> None:
    assert match([row(own="")], [Child()], settings=Settings(least_score=1000)) == []


def test_prepared_people_give_the_same_pairs_as_people() -> None:
    persons, relatives = people([Child(), Child(2, "王浩", SLIP, 20110907)])
    rows = listed([row(), row(2, "王浩", OTHER, head_name="李大山")])
    prepared = [keys.person_keys(each) for each in (persons, relatives)]
    assert prepared[0].schema == KEY_SCHEMA
    assert engine.match(rows, *prepared, PLACES).equals(engine.match(rows, persons, relatives, PLACES))


def test_lists_read_once_give_the_same_pairs_for_every_group_of_people() -> None:
    persons, relatives = people([Child(), Child(2, "王浩", SLIP, 20110907)])
    rows = listed([row(), row(2, "李大山", GUARDIAN)])
    reading = engine.read(rows, pl.concat([persons, relatives]), PLACES)
    for looked_for, others in ((persons, relatives), (relatives, persons)):
        expected = engine.match(rows, looked_for, others, PLACES)
        assert expected.height > 0
        assert engine.match(reading, looked_for, others, PLACES).equals(expected)
    second = engine.match(reading.only(pl.Series([2])), relatives, persons, PLACES)
    assert second["row"].unique().to_list() == [2]


def test_a_village_is_found_under_its_old_name_and_in_its_township() -> None:
    places = Places.of(
        [
            (VILLAGE, "莲花社区"),
            (500152001002, "石镜村"),
            (500152002002, "石镜村"),
            (500152001000, "桂林街道"),
        ],
        successors={500152001002: VILLAGE},
    )
    assert places.find("500152001", "石镜村3组") == VILLAGE
    assert places.find("500152", "石镜村") is None
    assert places.find("500152", "桂林街道石镜村") == VILLAGE
    assert places.find("500152", "石镜村", "桂林街道办事处") == VILLAGE
    assert places.township("500152", "桂林") == 500152001000


def test_steps_are_told_and_may_stop_the_run() -> None:
    told: list[str] = []
    persons, relatives = people([Child()])
    engine.match(listed([row()]), persons, relatives, PLACES, tick=told.append)
    assert tuple(told) == engine.STEPS


def test_no_rows_and_no_people_give_no_pairs() -> None:
    assert match([], [Child()]) == []
    assert match([row()], []) == []


def test_dates_a_slip_apart_are_told_from_others() -> None:
    assert compare_dates(20150311, 20150301) == NEAR_DATE
    assert compare_dates(20150103, 20150301) == NEAR_DATE
    assert compare_dates(20150110, 20150301) == NEAR_DATE  # the lunar date
    assert compare_dates(20150200, 20150301) == NEAR_DATE
    assert compare_dates(20110907, 20150301) == FAR_DATE
    assert compare_dates(20111100, 20150301) == FAR_DATE
