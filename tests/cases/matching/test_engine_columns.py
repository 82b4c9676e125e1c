"""Columns say of every text what the functions say of it, and repair finds every number one slip away."""

from __future__ import annotations

import datetime as dt

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from cases import identity
from cases.matching.engine import columns, days, normalise
from cases.matching.engine.columns import TEXT

NASTY = st.text(
    alphabet=st.one_of(
        st.sampled_from(
            "0123456789Xx０９Ｘ*＊×●OoIl '’`\t\n\u00a0\u200b\u3000.-+E无不详女已故（）()[]?□\ue863\ue001"
        ),
        st.sampled_from("李張张夢梦軒轩曽喆哲欧阳买提吾尔·・•．曾用名原现户主本人䶮㛃𠮷豈"),
        st.characters(exclude_categories=["Cs"]),
    ),
    max_size=24,
)
DIGITS = st.text(alphabet="0123456789X", min_size=13, max_size=21)
BIRTHS = st.dates(dt.date(1900, 1, 1), dt.date(2099, 12, 31))


@st.composite
def valid_numbers(draw: st.DrawFn) -> str:
    area, sequence = draw(st.integers(110000, 829999)), draw(st.integers(0, 999))
    first17 = f"{area}{draw(BIRTHS):%Y%m%d}{sequence:03d}"
    return first17 + identity.check_character(first17)


@st.composite
def slipped(draw: st.DrawFn) -> tuple[str, str]:
    """A valid number and the same with one slip: a wrong digit, neighbours swapped, one lost, one too many,
    or the 15 digits it had before 1999."""
    number = draw(valid_numbers())
    place, digit = draw(st.integers(0, 16)), draw(st.sampled_from("0123456789"))
    match draw(st.sampled_from(("wrong", "swapped", "lost", "doubled", "old"))):
        case "wrong":
            return number, number[:place] + digit + number[place + 1 :]
        case "swapped":
            return number, number[:place] + number[place + 1] + number[place] + number[place + 2 :]
        case "lost":
            return number, number[:place] + number[place + 1 :]
        case "doubled":
            return number, number[:place] + digit + number[place:]
        case _:
            return number, number[:6] + number[8:17]


CELLS = st.lists(st.one_of(NASTY, DIGITS, valid_numbers(), slipped().map(lambda pair: pair[1])), max_size=40)


def distinct(texts: list[str]) -> pl.Series:
    return pl.Series(TEXT, list(dict.fromkeys(texts)), dtype=pl.String)


@settings(max_examples=60, deadline=None)
@given(CELLS)
def test_a_column_of_numbers_is_read_as_each_of_its_cells(texts: list[str]) -> None:
    read = columns.read_numbers(pl.Series(texts, dtype=pl.String))
    expected = [normalise.clean_id(text) for text in texts]
    assert read.rows() == [(e.kind.value, e.text, e.birth) for e in expected]


@settings(max_examples=20, deadline=None)
@given(CELLS, st.booleans())
def test_a_column_of_rounded_numbers_is_read_as_each_of_its_cells(texts: list[str], lost: bool) -> None:
    flags = pl.Series([lost] * len(texts), dtype=pl.Boolean)
    read = columns.rounded(columns.read_numbers(pl.Series(texts, dtype=pl.String)), flags)
    expected = [normalise.rounded_id(text) if lost else normalise.clean_id(text) for text in texts]
    assert read.select("kind", "number").rows() == [(e.kind.value, e.text) for e in expected]


@settings(max_examples=60, deadline=None)
@given(st.lists(NASTY, max_size=60))
def test_a_column_of_names_is_read_as_each_of_its_cells(texts: list[str]) -> None:
    for text, name, other, inside, sound in columns.read_names(distinct(texts)).iter_rows():
        rest, number = normalise.split_number_from_name(text)
        assert (name, other) == normalise.read_name(rest)
        assert inside == number
        assert (sound or "") == normalise.sound_key(name)


PARTS = st.text(
    alphabet=" \u3000\u200b\t·•・‧∙﹒．.張张無无國国死亡曾用原名戶户主呉李子涵〇()1", min_size=1, max_size=14
)


@settings(max_examples=200, deadline=None)
@given(st.lists(PARTS, max_size=40))
def test_blanks_dots_and_old_forms_are_read_as_by_the_function(texts: list[str]) -> None:
    for text, name, other, inside, _sound in columns.read_names(distinct(texts)).iter_rows():
        assert (name, other, inside) == (*normalise.read_name(text), ""), text


@given(
    st.lists(st.one_of(NASTY, BIRTHS.map(str), st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")), max_size=12)
)
def test_a_column_of_dates_is_read_as_each_of_its_cells(texts: list[str]) -> None:
    for text, day in days.read_dates(distinct(texts)).iter_rows():
        assert day == normalise.clean_date(text)


@given(st.lists(st.one_of(NASTY, valid_numbers(), slipped().map(lambda pair: pair[1])), max_size=12))
def test_validity_is_the_same_for_a_column(texts: list[str]) -> None:
    assert columns.fits(pl.Series(texts, dtype=pl.String)).to_list() == [identity.is_valid(t) for t in texts]


def repaired(numbers: list[str]) -> list[set[str]]:
    """The numbers proposed for each number."""
    found: list[set[str]] = [set() for _each in numbers]
    typed = pl.DataFrame(
        {"key": range(len(numbers)), "number": numbers}, schema_overrides={"number": pl.String}
    )
    for key, number in columns.repairs(typed).select("key", "number").collect().iter_rows():
        found[key].add(number)
    return found


@settings(max_examples=12, deadline=None)
@given(st.lists(slipped(), min_size=20, max_size=60))
def test_repair_finds_every_number_one_slip_away(pairs: list[tuple[str, str]]) -> None:
    # A slip may give another valid number, or put the X inside: what is no number is not repaired.
    pairs = [(n, t) for n, t in pairs if not identity.is_valid(t) and "X" not in t[:-1]]
    for (number, typed), found in zip(pairs, repaired([typed for _number, typed in pairs]), strict=True):
        assert number in found, typed
        assert number in identity.repair_candidates(typed)


@settings(max_examples=12, deadline=None)
@given(st.lists(st.one_of(DIGITS, slipped().map(lambda pair: pair[1])), max_size=60))
def test_repair_proposes_what_the_function_proposes(numbers: list[str]) -> None:
    for typed, found in zip(numbers, repaired(numbers), strict=True):
        if not identity.is_valid(typed):
            assert found == identity.repair_candidates(typed), typed


def test_each_row_gets_what_its_text_was_read_as() -> None:
    read = columns.spread(pl.Series(["2015.3.1", None, "2015.3.1", "x"]), days.read_dates)
    assert read["day"].to_list() == [20150301, 0, 20150301, 0]


def test_an_address_loses_what_lies_below_its_village() -> None:
    cells = pl.DataFrame({"a": ["莲花社区3组12号", " 莲花　社区", "8组", ""]})
    assert cells.select(columns.bare_village(pl.col("a")))["a"].to_list() == [
        "莲花社区",
        "莲花社区",
        "8组",
        "",
    ]
