"""What the rules and guards say about single pairs, on the real passes."""

import csv
import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from django.db import connection, transaction

from cases import identity
from cases.matching import keys, scoring
from cases.matching.keys import ChildFacts, KinFacts, Places, RowFacts
from cases.matching.normalise import clean_date, clean_sex

DATA = Path(__file__).parent.parent / "data" / "matching"
VILLAGE, FAR_VILLAGE = 500152001001, 500152002001
PLACES = Places.of([(VILLAGE, "莲花社区居民委员会"), (FAR_VILLAGE, "外南街社区居民委员会")])
Found = dict[int, tuple[int, str, str]]

pytestmark = pytest.mark.django_db


def number(birth: str, sequence: int, area: str = "500152") -> str:
    first17 = f"{area}{birth}{sequence:03d}"
    return first17 + identity.check_character(first17)


OWN = number("20150301", 127)
TWIN = number("20150301", 129)
OTHER = number("20110907", 232)
GUARDIAN = number("19600102", 31)
HEAD = KinFacts("李大山", GUARDIAN, True)


def child(
    pk: int = 1,
    name: str = "李子涵",
    own: str = OWN,
    birth: int = 20150301,
    kin: Sequence[KinFacts] = (HEAD,),
) -> ChildFacts:
    return ChildFacts(pk, name, own, birth, VILLAGE, tuple(kin), "male")


def row(
    pk: int = 1, name: str = "李子涵", own: str = OWN, *, household: str = "", birth: str = "",
    head: str = "", head_id: str = "", village: str = "莲花社区", sender: str = "500152001000", sex: str = "",
) -> RowFacts:  # fmt: skip
    return RowFacts(pk, household, name, own, birth, head, head_id, village, sender, sex)


def match(
    rows: Sequence[RowFacts], children: Sequence[ChildFacts], places: Places = PLACES
) -> list[tuple[int, int, str, str, list[str]]]:
    with transaction.atomic(), connection.cursor() as cursor:
        keys.load(cursor, rows, children, places)
        scoring.match(cursor)
        cursor.execute("SELECT row, child, tier, rule, reasons FROM matched ORDER BY row, score DESC, child")
        found = cursor.fetchall()
        transaction.set_rollback(True)
    return found


def one(the_row: RowFacts, *children: ChildFacts) -> tuple[str, str] | None:
    """Tier and rule of the only pair, None when there is none."""
    found = match([the_row], children or [child()])
    assert len(found) <= 1, found
    return (found[0][2], found[0][3]) if found else None


ELSEWHERE = {"village": "外南街社区", "sender": "500152002000"}
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
        (row(name="李子轩"), ("auto", "same_number_name_slip")),
        (row(name="李浩然"), ("review", "same_number_other_name")),
        (row(name="李大山"), None),
        (row(own=SLIP), ("auto", "repaired_number_and_name")),
        (row(own=OWN[:6] + OWN[8:17]), ("auto", "repaired_number_and_name")),
        (row(own=OWN[:5] + OWN[6:]), ("auto", "repaired_number_and_name")),
        (row(own=SLIP, birth="2011.9.7"), ("review", "repaired_number_other_name")),
        (row(own=SLIP, birth="2015.3.2"), ("auto", "repaired_number_and_name")),
        (row(own=CUT), ("auto", "cut_number_and_name")),
        (row(own=CUT, name="李子轩"), ("review", "cut_number_other_name")),
        (row(own="5.00152E+17", birth="2015-03-01"), ("auto", "name_and_birth_no_number")),
        (row(own="500152********" + OWN[-4:]), ("auto", "masked_number_and_name")),
        (row(own="500152********" + OWN[-4:], name="李子轩"), ("review", "masked_number_name_slip")),
        (row(own="500152********9999"), None),
        (row(own="无", birth="2015年3月1日"), ("auto", "name_and_birth_no_number")),
        (row(own="", birth="42064"), ("auto", "name_and_birth_no_number")),
        (row(own="", birth="201503"), ("auto", "name_and_birth_no_number")),
        (row(own="", head="李大山"), ("auto", "name_and_head_no_number")),
        (
            row(own="", head_id=GUARDIAN, household="1:1", village=""),
            ("auto", "name_and_household_no_number"),
        ),
        (row(own=""), ("review", "name_and_village_no_number")),
        (row(own="", village="外南街社区", sender="500152002000"), None),
        (row(own=GUARDIAN), ("auto", "relative_s_number_and_name")),
        (row(own=GUARDIAN, name="李大山"), None),
        (row(own=OTHER), None),
        (row(own=OTHER, head="李大山"), ("review", "name_and_household_other_number")),
        (row(own=OTHER, name="李子轩", head="李大山"), None),
        (row(own=TWIN, name="李子轩", birth="20150301", head="李大山"), None),
        (row(own=TWIN, birth="20150301"), ("review", "name_and_birth_other_number")),
        (row(name="李子涵" + OWN, own=""), ("auto", "same_number_and_name")),
        # A homonym born on the same day in the same county has the same first 14 or 15 digits.
        (row(own=CUT, **ELSEWHERE), ("review", "cut_number_other_name")),
        (row(own=CUT, name="李紫涵"), ("review", "cut_number_other_name")),
        (row(own=CUT, name="李紫涵", head="李大山"), ("auto", "cut_number_and_name")),
        (row(own=OWN[:14] + "****", **ELSEWHERE), ("review", "masked_number_name_slip")),
        (row(own=OWN[:14] + "****"), ("auto", "masked_number_and_name")),
        (row(own="", birth="2015-03-01", head="王五"), ("review", "name_and_birth_only")),
        (row(own="", birth="2015-03-01", sex="女"), ("review", "name_and_birth_only")),
        (row(own="", birth="2015-03-01", sex="男"), ("auto", "name_and_birth_no_number")),
        # Another person of the head's name: both numbers are known and differ.
        (row(own="", head="李大山", head_id=OTHER), None),
    ],
)  # fmt: skip
def test_a_single_row_against_a_single_child(the_row: RowFacts, expected: tuple[str, str] | None) -> None:
    assert one(the_row) == expected


def test_unregistered_twins_are_not_proposed() -> None:
    household = {"household": "1:7", "head": "李大山", "head_id": GUARDIAN, "birth": "2015-03-01"}
    found = match([row(1, **household), row(2, "李子轩", TWIN, **household)], [child()])
    assert [(f[0], f[2]) for f in found] == [(1, "auto")]


def test_one_named_twice_in_a_household_goes_to_a_person() -> None:
    found = match([row(1, household="1:7"), row(2, "李子轩", household="1:7")], [child()])
    assert [(f[0], f[2]) for f in found] == [(1, "auto"), (2, "review")]
    assert "named_twice" in found[1][4]


def test_a_sibling_s_number_goes_to_a_person_with_both_children() -> None:
    siblings = [child(1), child(2, "李子轩", OTHER, 20110907)]
    found = match([row(1, "李子轩", OWN, household="1:7", head_id=GUARDIAN)], siblings)
    assert {f[2] for f in found} == {"review"}
    assert {f[1] for f in found} == {1, 2}


def test_a_cut_number_that_two_twins_share_is_the_one_whose_name_it_bears() -> None:
    twins = [child(1, "李俊昕", OWN), child(2, "李俊馨", TWIN)]
    assert [(f[1], f[2]) for f in match([row(1, "李俊昕", CUT)], twins)] == [(1, "auto")]


def test_a_head_without_number_is_not_the_grandchild_named_after_him() -> None:
    namesake = child(name="徐勇", kin=[KinFacts("徐勇", GUARDIAN, True)])
    found = match([row(1, "徐勇", "不详", household="1:7", head="徐勇", head_id=GUARDIAN)], [namesake])
    assert [f[2] for f in found if f[2] == "auto"] == []
    assert match([row(1, "徐勇", GUARDIAN, household="1:7", head="徐勇", head_id=GUARDIAN)], [namesake]) == []


def test_homonyms_with_numbers_of_their_own_are_left_alone() -> None:
    stranger = row(own=TWIN, birth="2015-03-01", village="外南街社区", sender="500152002000")
    assert one(stranger) is None


def test_a_mistyped_number_in_the_register_is_repaired_too() -> None:
    assert one(row(), child(own=SLIP)) == ("auto", "repaired_number_and_name")


def test_a_child_without_number_is_found_by_name_birth_and_place() -> None:
    assert one(row(), child(own="")) == ("auto", "name_and_birth_no_number")


def test_a_village_that_was_renamed_costs_no_match_that_has_other_support() -> None:
    assert one(row(village="团结新村", birth="2015-3-1", own="")) == ("auto", "name_and_birth_no_number")


def test_dates_a_slip_apart_are_told_from_others() -> None:
    assert scoring.compare_dates("20150301", "20150311") == scoring.NEAR_DATE
    assert scoring.compare_dates("20150301", "20150103") == scoring.NEAR_DATE
    assert scoring.compare_dates("20150301", "20110907") == scoring.FAR_DATE
    assert clean_date("2015.3.1") == 20150301


def test_a_sound_alike_twin_without_number_is_not_taken_for_the_child_on_the_next_row() -> None:
    household = {"household": "1:7", "head": "李大山", "head_id": GUARDIAN}
    found = match([row(1, **household), row(2, "李紫涵", "", **household)], [child()])
    assert [(f[0], f[2]) for f in found] == [(1, "auto"), (2, "review")]


def read_sample() -> tuple[list[RowFacts], list[ChildFacts], dict[int, int], Places]:
    """The sample county: rows, children, which row is which child, and the villages."""
    with (DATA / "register.csv").open(encoding="utf-8") as stream:
        register = list(csv.DictReader(stream))
    places = {r["child_id"]: i for i, r in enumerate(register)}
    children = [
        ChildFacts(
            i, r["name"], r["id_number"], clean_date(r["birth_date"]), int(r["village_code"]),
            (
                KinFacts(r["guardian_name"], r["guardian_id"], False),
                KinFacts(r["head_name"], r["head_id"], True),
            ),
            clean_sex(r["sex"]),
        )
        for i, r in enumerate(register)
    ]  # fmt: skip
    with (DATA / "list_all.csv").open(encoding="utf-8") as stream:
        rows = [
            RowFacts(
                int(r["list_row_id"]), r["hh_no"], r["name"], r["id_number"], r["birth_date"], r["head_name"],
                r["head_id"], r["village_name"], r["sender_code"], r["sex"],
            )
            for r in csv.DictReader(stream)
        ]  # fmt: skip
    with (DATA / "truth.csv").open(encoding="utf-8") as stream:
        truth = {
            int(t["list_row_id"]): places[t["child_id"]] for t in csv.DictReader(stream) if t["child_id"]
        }
    with (DATA / "villages.csv").open(encoding="utf-8") as stream:
        villages = Places.of((int(v["code"]), v["name"]) for v in csv.DictReader(stream))
    return rows, children, truth, villages


def full(number: str) -> bool:
    return len(number) == 18 and number[:17].isdigit()


def spelt(day: str, place: int) -> str:
    year, month, rest = day.split("-")
    serial = (dt.date.fromisoformat(day) - dt.date(1899, 12, 30)).days
    return [
        f"{year}.{int(month)}.{int(rest)}",
        f"{year}{month}{rest}",
        str(serial),
        f"{year}年{int(month)}月",
    ][place % 4]


DEGRADED: dict[str, Callable[[RowFacts], RowFacts]] = {
    "every number masked": lambda r: (
        r._replace(number=f"{r.number[:6]}********{r.number[14:]}") if full(r.number) else r
    ),
    "every tail masked": lambda r: r._replace(number=f"{r.number[:14]}****") if full(r.number) else r,
    "every number cut": lambda r: r._replace(number=f"{r.number[:15]}000") if full(r.number) else r,
    "certificate numbers": lambda r: r._replace(number=r.number + "43") if full(r.number) else r,
    "no numbers": lambda r: r._replace(number=""),
    "names masked": lambda r: r._replace(name=f"{r.name[:1]}*{r.name[2:]}"),
    "villages renamed": lambda r: r._replace(village="新" + r.village[::-1]),
    "dates spelt otherwise": lambda r: r._replace(birth=spelt(r.birth, r.row)) if r.birth else r,
    "dates wrong": lambda r: r._replace(birth="2013-05-05") if r.birth else r,
}


@pytest.mark.parametrize("defect", DEGRADED)
def test_a_list_that_is_bad_throughout_gives_no_wrong_certain_pair(defect: str) -> None:
    rows, children, truth, villages = read_sample()
    found = match([DEGRADED[defect](r) for r in rows], children, villages)
    auto = [(row_id, child_id) for row_id, child_id, tier, _rule, _reasons in found if tier == "auto"]
    assert [pair for pair in auto if truth.get(pair[0]) != pair[1]] == []
    assert len(auto) > 0.9 * len(truth)
