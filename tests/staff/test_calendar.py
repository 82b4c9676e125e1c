"""Working days against the State Council's published arrangements and beyond them."""

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from staff.calendar import (
    FIRST_YEAR,
    LAST_YEAR,
    Deadline,
    add_working_days,
    deadline,
    is_certain,
    is_working_day,
    working_days_between,
)

D = dt.date
DAYS = st.dates(min_value=D(2019, 1, 1), max_value=D(2030, 12, 31))
OVERRIDES = st.dictionaries(DAYS, st.booleans(), max_size=20)
# A year's notice as it is keyed in: enough to know that the year has been entered.
NEXT_YEAR = LAST_YEAR + 1
NOTICE = {D(NEXT_YEAR, 1, 1): False, D(NEXT_YEAR, 10, 1): False, D(NEXT_YEAR, 10, 9): True}


def test_the_package_knows_this_year() -> None:
    assert FIRST_YEAR == 2004
    assert LAST_YEAR >= 2026


@pytest.mark.parametrize(
    ("day", "worked"),
    [
        (D(2026, 9, 20), True),  # Sunday worked for National Day
        (D(2026, 9, 30), True),
        (D(2026, 10, 1), False),
        (D(2026, 10, 7), False),
        (D(2026, 10, 8), True),
        (D(2026, 10, 10), True),  # Saturday worked
        (D(2026, 10, 11), False),
        (D(2026, 11, 22), False),
        (D(2025, 1, 26), True),  # Sunday worked before the Spring Festival
        (D(2025, 1, 28), False),
        (D(2018, 12, 29), True),  # Saturday worked for New Year's Day
        (D(2018, 12, 31), False),
    ],
)
def test_published_days(day: dt.date, worked: bool) -> None:
    assert is_working_day(day) is worked


def test_fifteen_working_days_over_national_day_2026() -> None:
    # 21..24 and 28..30 September are 7; 25 (Mid-Autumn) to 27 and 1..7 October are off;
    # 8, 9, 10 (worked Saturday), 12..16 are 8 more.
    assert add_working_days(D(2026, 9, 18), 1) == D(2026, 9, 20)
    assert add_working_days(D(2026, 9, 20), 7) == D(2026, 9, 30)
    assert add_working_days(D(2026, 9, 20), 8) == D(2026, 10, 8)
    assert add_working_days(D(2026, 9, 20), 15) == D(2026, 10, 16)
    assert working_days_between(D(2026, 9, 20), D(2026, 10, 16)) == 15


def test_the_first_day_is_not_counted() -> None:
    assert add_working_days(D(2026, 11, 23), 0) == D(2026, 11, 23)
    assert add_working_days(D(2026, 11, 23), 1) == D(2026, 11, 24)
    assert add_working_days(D(2026, 11, 22), 0) == D(2026, 11, 22)  # a Sunday stays: nothing is counted


def test_negative_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        add_working_days(D(2026, 11, 23), -1)


def test_the_maintained_table_wins_both_ways() -> None:
    assert not is_working_day(D(2026, 11, 23), {D(2026, 11, 23): False})
    assert is_working_day(D(2026, 10, 1), {D(2026, 10, 1): True})
    assert add_working_days(D(2026, 11, 20), 1, {D(2026, 11, 23): False}) == D(2026, 11, 24)


def test_beyond_the_last_year_weekdays_count_and_say_so() -> None:
    friday = D(LAST_YEAR + 3, 10, 1)
    while friday.weekday() != 4:
        friday += dt.timedelta(days=1)
    found = deadline(friday, 1)
    assert found == Deadline(friday + dt.timedelta(days=3), False)
    assert deadline(D(2026, 9, 20), 15).is_certain


def test_a_deadline_that_crosses_into_an_unknown_year_is_not_certain() -> None:
    assert deadline(D(LAST_YEAR, 12, 1), 5).is_certain
    assert not deadline(D(LAST_YEAR, 12, 20), 15).is_certain


def test_entering_next_years_notice_makes_it_certain() -> None:
    assert not is_certain(D(NEXT_YEAR, 5, 6))
    assert not is_certain(D(LAST_YEAR, 12, 26))
    assert is_certain(D(LAST_YEAR, 12, 25))
    assert not is_certain(D(NEXT_YEAR, 5, 6), {D(NEXT_YEAR, 5, 1): False})  # one local day is not the notice
    assert is_certain(D(NEXT_YEAR, 5, 6), NOTICE)
    assert is_certain(D(LAST_YEAR, 12, 31), NOTICE)
    assert not is_certain(D(NEXT_YEAR, 12, 31), NOTICE)
    assert deadline(D(LAST_YEAR, 12, 20), 15, NOTICE).is_certain


def test_before_the_first_year_nothing_is_certain() -> None:
    assert not is_certain(D(FIRST_YEAR - 1, 5, 5))
    assert is_working_day(D(FIRST_YEAR - 1, 5, 5))


@settings(deadline=None)  # other work shares these cores
@given(DAYS, st.integers(min_value=0, max_value=60), OVERRIDES)
def test_counting_undoes_adding(start: dt.date, n: int, overrides: dict[dt.date, bool]) -> None:
    end = add_working_days(start, n, overrides)
    assert working_days_between(start, end, overrides) == n
    assert n == 0 or is_working_day(end, overrides)


@settings(deadline=None)  # other work shares these cores
@given(DAYS, st.integers(min_value=0, max_value=40), OVERRIDES)
def test_later_start_or_more_days_never_end_earlier(
    start: dt.date, n: int, overrides: dict[dt.date, bool]
) -> None:
    end = add_working_days(start, n, overrides)
    assert add_working_days(start, n + 1, overrides) > end
    if n:
        assert add_working_days(start + dt.timedelta(days=1), n, overrides) >= end


@settings(deadline=None)  # other work shares these cores
@given(DAYS, DAYS, OVERRIDES)
def test_between_is_antisymmetric(one: dt.date, other: dt.date, overrides: dict[dt.date, bool]) -> None:
    assert working_days_between(one, other, overrides) == -working_days_between(other, one, overrides)
