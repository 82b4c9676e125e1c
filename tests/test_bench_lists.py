"""The made-up lists of the benchmarks: repeatable, as large as asked, true to what they say of themselves."""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path

import pytest

from bench.lists import noise, people
from bench.lists.writing import Made, make_lists
from cases import identity
from cases.matching.reading.lists import read_list


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="module")
def typical(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return make_lists(tmp_path_factory.mktemp("typical"), size="small", seed=3, files=True)


@pytest.fixture(scope="module")
def stress(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return make_lists(tmp_path_factory.mktemp("stress"), size="county", seed=4, profile="stress")


def test_the_same_seed_makes_the_same_bytes_and_another_seed_others(typical: Made, tmp_path: Path) -> None:
    again = make_lists(tmp_path / "again", size="small", seed=3)
    other = make_lists(tmp_path / "other", size="small", seed=5)
    for name in ("register.csv", "list_all.csv", "truth.csv", "regions.csv"):
        assert (again.folder / name).read_bytes() == (typical.folder / name).read_bytes()
    assert other.list.read_bytes() != typical.list.read_bytes()


def test_as_many_children_and_rows_as_asked(typical: Made) -> None:
    assert (len(rows_of(typical.register)), len(rows_of(typical.list))) == (500, 5_000)
    assert [r["list_row_id"] for r in rows_of(typical.truth)] == [
        r["list_row_id"] for r in rows_of(typical.list)
    ]


def test_a_clean_row_bears_the_name_and_number_of_the_child_it_is(typical: Made) -> None:
    children = {r["child_id"]: r for r in rows_of(typical.register)}
    rows = {r["list_row_id"]: r for r in rows_of(typical.list)}
    checked = 0
    for fact in rows_of(typical.truth):
        if fact["kind"] == "clean" and fact["child_id"] and "reg_" not in fact["tags"]:
            row, child = rows[fact["list_row_id"]], children[fact["child_id"]]
            assert (row["name"], row["id_number"]) == (child["name"], child["id_number"])
            checked += 1
    assert checked > 150


def test_numbers_are_valid_unique_and_say_the_birth_date(typical: Made) -> None:
    children = rows_of(typical.register)
    numbers = [r["id_number"] for r in children if identity.is_valid(r["id_number"])]
    assert len(numbers) == len(set(numbers)) > 480
    by_number = {r["id_number"]: r for r in children}
    for number in numbers:
        read = identity.parse(number)
        child = by_number[number]
        assert read.birth_date == dt.date.fromisoformat(child["birth_date"])
        assert (read.sex == "male") == (child["sex"] == "男")


def test_guardians_in_the_truth_are_those_of_the_register(typical: Made) -> None:
    guardians = {r["child_id"]: r["guardian_name"] for r in rows_of(typical.register)}
    names = {r["list_row_id"]: r["name"] for r in rows_of(typical.list)}
    seen = [
        (names[fact["list_row_id"]], guardians[child])
        for fact in rows_of(typical.truth)
        if fact["guardian_of"] and fact["kind"] == "clean"
        for child in fact["guardian_of"].split(";")
    ]
    assert len(seen) > 100
    assert all(name == guardian for name, guardian in seen)


def test_fourfold_noise_holds_every_kind_and_many_more_of_each(typical: Made, stress: Made) -> None:
    kinds = {kind for fact in rows_of(stress.truth) for kind in fact["kind"].split("+")}
    declared = {
        d.kind for d in (*noise.ID_DEFECTS, *noise.X_DEFECTS, *noise.NAME_DEFECTS, *noise.SPECIAL_NAMES)
    }
    declared |= {kind for kind, _share, _damage in noise.BIRTH_DEFECTS}
    whose = {"wrong_guardian", "wrong_sibling", "adult_has_child_id", "id_shift", "id_other_valid"}
    assert kinds == declared | whose | {"clean", "id_15", "id_certificate", "id_in_name"}
    tags = {tag for fact in rows_of(stress.truth) for tag in fact["tags"].split("+") if tag}
    assert tags == {
        "twin", "homonym", "moved", "dup", "reg_id", "reg_name", "village_renamed", "village_merged",
    }  # fmt: skip
    clean = [sum(f["kind"] == "clean" for f in rows_of(made.truth)) / made.rows for made in (typical, stress)]
    assert clean[0] > 0.7 > clean[1]


@pytest.mark.parametrize(
    "defect", [d for d in noise.ID_DEFECTS if d.kind.startswith(("id_typo", "id_tr", "id_len"))]
)
def test_a_mistyped_number_is_another_text(defect: noise.Defect) -> None:
    import random

    draw = random.Random(1)
    for _each in range(200):
        assert defect.damage("500152201705201027", draw) != "500152201705201027"


def test_files_of_the_offices_hold_the_rows_of_the_list(typical: Made) -> None:
    expected: dict[str, list[str]] = {}
    for row in rows_of(typical.list):
        expected.setdefault(row["file"], []).append(row["id_number"].strip())
    files = sorted((typical.folder / "files").iterdir())
    assert {f.name for f in files} == set(expected)
    assert {f.suffix for f in files} == {".csv", ".txt", ".xlsx"}
    for path in files:
        read = read_list(path, name=path.name, kind=path.stem.split("_")[1]).frame
        assert read.height == len(expected[path.name]), path.name


def test_twins_are_born_on_one_day_in_one_area() -> None:
    import random

    draw = people.People(random.Random(2), "500152", set(), 0.0)
    one = draw.person("林小满", False, 1, 17, kid=True)
    twin = draw.twin(one, "林小雨", True)
    assert twin.number[:14] == one.number[:14]
    assert twin.number != one.number
    assert identity.is_valid(twin.number)
    assert one.tag == twin.tag == "twin"
