"""A whole county in memory: how right the pairs are, also on lists that are bad throughout."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

import polars as pl
import pytest

from cases.matching.engine import keys
from cases.matching.engine import matcher as engine
from cases.matching.engine.places import Places
from tests.cases.matching.engine_cases import listed

DATA = Path(__file__).parent.parent.parent / "data" / "matching"
Cells = dict[str, object]


class Sample(NamedTuple):
    """The sample county: list rows, keys of the register, which row is which child, and the villages."""

    rows: list[Cells]
    children: pl.DataFrame
    relatives: pl.DataFrame
    truth: dict[int, int]
    guardians: dict[int, set[int]]
    places: Places


def read(name: str) -> pl.DataFrame:
    return pl.read_csv(DATA / name, infer_schema=False).fill_null("")


@cache
def sample() -> Sample:
    register = read("register.csv").with_row_index("child")
    child_of = dict(register.select("child_id", "child").iter_rows())
    common = {"child": pl.col("child").cast(pl.Int64), "village": pl.col("village_code").cast(pl.Int64)}
    persons = [
        register.select(
            role=pl.lit(role),
            name=name,
            number=number,
            birth=pl.col("birth_date").str.replace_all("-", "").cast(pl.Int32)
            if role == "child"
            else pl.lit(0),
            sex=pl.col("sex").replace_strict({"男": "male", "女": "female"})
            if role == "child"
            else pl.lit(""),
            **common,
        )
        for role, name, number in (
            ("child", "name", "id_number"),
            ("guardian", "guardian_name", "guardian_id"),
            ("head", "head_name", "head_id"),
        )
    ]
    people = keys.person_keys(pl.concat(persons).with_row_index("person"))
    of_lists = read("list_all.csv").select(
        "name", "id_number", "relation", "sex", "birth_date", "head_name", "head_id", "sender_code",
        row=pl.col("list_row_id").cast(pl.Int64),
        household=pl.col("hh_no").cast(pl.Int64),
        village="village_name",
    )  # fmt: skip
    truth = read("truth.csv").with_columns(pl.col("list_row_id").cast(pl.Int64))
    villages = ((int(code), name) for code, name in read("villages.csv").select("code", "name").iter_rows())
    return Sample(
        rows=of_lists.to_dicts(),
        children=people.filter(pl.col("role") == "child"),
        relatives=people.filter(pl.col("role") != "child"),
        truth={r: child_of[c] for r, c in truth.select("list_row_id", "child_id").iter_rows() if c},
        guardians={
            r: {child_of[c] for c in of.split(";")}
            for r, of in truth.select("list_row_id", "guardian_of").iter_rows()
            if of
        },
        places=Places.of(villages),
    )


def match(rows: list[Cells]) -> pl.DataFrame:
    """The candidates among the children, with their `child`."""
    county = sample()
    found = engine.match(listed(rows), county.children, county.relatives, county.places)
    return found.join(county.children.select("person", "child"), on="person")


def test_the_sample_is_matched_without_a_wrong_certain_pair() -> None:
    county, found = sample(), match(sample().rows)
    auto = found.filter(pl.col("tier") == "auto").select("row", "child").rows()
    assert [pair for pair in auto if county.truth.get(pair[0]) != pair[1]] == []
    assert len({row for row, _child in auto}) >= 0.985 * len(county.truth)
    reached = {
        row for row, child in found.select("row", "child").iter_rows() if county.truth.get(row) == child
    }
    assert len(reached) >= 0.998 * len(county.truth)
    assert found.filter(pl.col("tier") == "review")["row"].n_unique() <= 0.002 * len(county.rows)
    assert found["score"].is_between(0, 1000).all()


def test_guardians_are_matched_as_well_as_children() -> None:
    county = sample()
    guardians = county.relatives.filter(pl.col("role") == "guardian")
    everybody = pl.concat([county.children, county.relatives])
    found = engine.match(listed(county.rows), guardians, everybody, county.places)
    found = found.join(guardians.select("person", "child"), on="person")
    auto = found.filter(pl.col("tier") == "auto").select("row", "child").rows()
    assert [pair for pair in auto if pair[1] not in county.guardians.get(pair[0], ())] == []
    assert len({row for row, _child in auto}) >= 0.985 * len(county.guardians)


def full(number: object) -> bool:
    return isinstance(number, str) and len(number) == 18 and number[:17].isdigit()


def numbered(change: Callable[[str], str]) -> Callable[[Cells], Cells]:
    return lambda r: {**r, "id_number": change(str(r["id_number"]))} if full(r["id_number"]) else r


def spelt(day: str, place: int) -> str:
    year, month, rest = day.split("-")
    serial = (dt.date.fromisoformat(day) - dt.date(1899, 12, 30)).days
    spellings = (
        f"{year}.{int(month)}.{int(rest)}",
        f"{year}{month}{rest}",
        str(serial),
        f"{year}年{int(month)}月",
    )
    return spellings[place % 4]


def dated(change: Callable[[str, int], str]) -> Callable[[Cells], Cells]:
    return lambda r: (
        {**r, "birth_date": change(str(r["birth_date"]), int(str(r["row"])))} if r["birth_date"] else r
    )


DEGRADED: dict[str, Callable[[Cells], Cells]] = {
    "every number masked": numbered(lambda n: f"{n[:6]}********{n[14:]}"),
    "more of it masked": numbered(lambda n: f"{n[:4]}**********{n[14:]}"),
    "every tail masked": numbered(lambda n: f"{n[:14]}****"),
    "every number cut": numbered(lambda n: f"{n[:15]}000"),
    "certificate numbers": numbered(lambda n: n + "43"),
    "letters for digits": numbered(lambda n: n.replace("0", "O").replace("1", "l")),
    "no numbers": lambda r: {**r, "id_number": ""},
    "names masked": lambda r: {**r, "name": f"{str(r['name'])[:1]}*{str(r['name'])[2:]}"},
    "former names told": lambda r: {**r, "name": f"{r['name']}（曾用名：王小二）"},
    "villages renamed": lambda r: {**r, "village": "新" + str(r["village"])[::-1]},
    "dates spelt otherwise": dated(spelt),
    "dates wrong": dated(lambda day, row: "2013-05-05"),
}


@pytest.mark.parametrize("defect", DEGRADED)
def test_a_list_that_is_bad_throughout_gives_no_wrong_certain_pair(defect: str) -> None:
    county, found = sample(), match([DEGRADED[defect](r) for r in sample().rows])
    auto = found.filter(pl.col("tier") == "auto").select("row", "child").rows()
    assert [pair for pair in auto if county.truth.get(pair[0]) != pair[1]] == []
    assert len(auto) > 0.9 * len(county.truth)


def test_the_order_of_the_rows_and_of_the_people_changes_nothing() -> None:
    county = sample()
    again = engine.match(
        listed(county.rows[::-1]), county.children.reverse(), county.relatives.reverse(), county.places
    )
    assert again.equals(engine.match(listed(county.rows), county.children, county.relatives, county.places))


def test_slices_find_what_the_whole_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = match(sample().rows)
    monkeypatch.setattr(engine, "SLICE", 700)
    assert match(sample().rows).equals(whole)
