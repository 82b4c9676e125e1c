"""Days of birth read in columns are those that are read one by one; what columns leave open is left to the latter."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.matching.engine import days
from cases.matching.engine.normalise import clean_date

HABITS = (
    "{y}-{m:02}-{d:02}",
    "{y}.{m}.{d}",
    "{y}/{m}/{d}",
    "{y}年{m}月{d}日",
    "{y}{m:02}{d:02}",
    " {y}-{m}-{d} ",
)
DAYS = st.builds(
    lambda day, habit: habit.format(y=day.year, m=day.month, d=day.day),
    st.dates(dt.date(1800, 1, 1), dt.date(2150, 12, 31)),
    st.sampled_from(HABITS),
)
SERIALS = st.integers(0, 120_000).map(str) | st.integers(30_000, 50_000).map("{}.0".format)


@given(st.lists(DAYS | SERIALS | st.text("0123456789.-/年月日 Ｘ", max_size=12), min_size=1, max_size=30))
def test_columns_and_single_texts_agree(texts: list[str]) -> None:
    for text, day in zip(texts, days.plain(pl.Series(texts, dtype=pl.String)), strict=True):
        assert day in (None, clean_date(text)), text


@pytest.mark.parametrize("habit", HABITS)
def test_every_habit_is_read_in_columns(habit: str) -> None:
    """Otherwise nothing would be won."""
    assert days.plain(pl.Series([habit.format(y=2015, m=3, d=1)])).to_list() == [20150301]


def test_days_that_do_not_exist_are_left_to_a_closer_look() -> None:
    assert days.plain(pl.Series(["2015-02-30", "1700-01-01", "201503", "", "42064"])).to_list() == [
        *(None, None, None, None),
        20150301,
    ]
