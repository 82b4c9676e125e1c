"""Ages at their boundaries, leap days included."""

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases.ages import add_months, age_on, birthday, end_of_month, is_adult, is_under_16

D = dt.date
BIRTHS = st.dates(min_value=D(1990, 1, 1), max_value=D(2040, 12, 31))


@pytest.mark.parametrize(
    ("birth", "on", "age"),
    [
        (D(2008, 11, 22), D(2026, 11, 21), 17),
        (D(2008, 11, 22), D(2026, 11, 22), 18),
        (D(2008, 2, 29), D(2026, 2, 27), 17),
        (D(2008, 2, 29), D(2026, 2, 28), 18),
        (D(2008, 2, 29), D(2028, 2, 28), 19),  # 2028 has the day itself
        (D(2008, 2, 29), D(2028, 2, 29), 20),
        (D(2026, 11, 22), D(2026, 11, 22), 0),
        (D(2025, 12, 31), D(2026, 1, 1), 0),
    ],
)
def test_age(birth: dt.date, on: dt.date, age: int) -> None:
    assert age_on(birth, on) == age


def test_age_before_birth_is_an_error() -> None:
    with pytest.raises(ValueError, match="before the birth date"):
        age_on(D(2026, 1, 2), D(2026, 1, 1))


def test_eighteen_and_sixteen_on_the_day_itself() -> None:
    assert not is_adult(D(2008, 11, 22), D(2026, 11, 21))
    assert is_adult(D(2008, 11, 22), D(2026, 11, 22))
    assert is_under_16(D(2010, 11, 22), D(2026, 11, 21))
    assert not is_under_16(D(2010, 11, 22), D(2026, 11, 22))


@pytest.mark.parametrize(
    ("day", "months", "result"),
    [
        (D(2026, 8, 31), 6, D(2027, 2, 28)),
        (D(2027, 8, 31), 6, D(2028, 2, 29)),
        (D(2026, 1, 31), 1, D(2026, 2, 28)),
        (D(2026, 12, 15), 1, D(2027, 1, 15)),
        (D(2026, 1, 15), -1, D(2025, 12, 15)),
        (D(2026, 5, 5), 0, D(2026, 5, 5)),
    ],
)
def test_add_months(day: dt.date, months: int, result: dt.date) -> None:
    assert add_months(day, months) == result


def test_end_of_month() -> None:
    assert end_of_month(D(2028, 2, 1)) == D(2028, 2, 29)
    assert end_of_month(D(2026, 11, 30)) == D(2026, 11, 30)


@settings(deadline=None)
@given(BIRTHS, st.integers(min_value=0, max_value=30))
def test_age_steps_up_exactly_on_the_birthday(birth: dt.date, years: int) -> None:
    day = birthday(birth, years)
    assert age_on(birth, day) == years
    if years:
        assert age_on(birth, day - dt.timedelta(days=1)) == years - 1


@settings(deadline=None)
@given(BIRTHS, st.integers(min_value=0, max_value=12000))
def test_age_never_goes_down(birth: dt.date, days: int) -> None:
    on = birth + dt.timedelta(days=days)
    assert 0 <= age_on(birth, on + dt.timedelta(days=1)) - age_on(birth, on) <= 1
