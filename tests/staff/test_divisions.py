"""Division codes are nested ranges; the codes below are Tongnan's own."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from staff.divisions import FIRST_CODE, LAST_CODE, ancestor, code_range, contains, level_of
from staff.enums import RegionLevel

CODES = st.integers(min_value=FIRST_CODE, max_value=LAST_CODE)


@pytest.mark.parametrize(
    ("code", "level", "last"),
    [
        (500000000000, RegionLevel.PROVINCE, 509999999999),
        (500100000000, RegionLevel.PREFECTURE, 500199999999),
        (500152000000, RegionLevel.COUNTY, 500152999999),
        (500152001000, RegionLevel.TOWNSHIP, 500152001999),
        (500152001001, RegionLevel.VILLAGE, 500152001001),
    ],
)
def test_level_and_range(code: int, level: RegionLevel, last: int) -> None:
    assert level_of(code) is level
    assert code_range(code) == (code, last)


@pytest.mark.parametrize("code", [0, 500152, 500152001, 99_999_999_999, 10**12, -500152001001])
def test_what_is_no_code(code: int) -> None:
    with pytest.raises(ValueError, match="not a 12-digit"):
        level_of(code)


def test_contains_at_both_edges() -> None:
    assert contains(500152001000, 500152001000)
    assert contains(500152001000, 500152001999)
    assert not contains(500152001000, 500152002000)
    assert not contains(500152001000, 500152000999)
    assert not contains(500152001001, 500152001000)


def test_ancestor() -> None:
    assert ancestor(500152001001, RegionLevel.TOWNSHIP) == 500152001000
    assert ancestor(500152001001, RegionLevel.COUNTY) == 500152000000
    assert ancestor(500152001001, RegionLevel.PREFECTURE) == 500100000000
    assert ancestor(500152001001, RegionLevel.PROVINCE) == 500000000000
    assert ancestor(500152000000, RegionLevel.COUNTY) == 500152000000
    with pytest.raises(ValueError, match="above level township"):
        ancestor(500152000000, RegionLevel.TOWNSHIP)


@settings(deadline=None)  # other work shares these cores
@given(CODES)
def test_every_ancestor_contains_and_ranges_nest(code: int) -> None:
    inner = code_range(code)
    for level in reversed(RegionLevel):
        if level.depth > level_of(code).depth:
            continue
        above = ancestor(code, level)
        outer = code_range(above)
        assert contains(above, code)
        assert outer[0] <= inner[0] <= inner[1] <= outer[1]
        # The ancestor may itself have more trailing zeros (township 000): never fewer.
        assert level_of(above).depth <= level.depth


@settings(deadline=None)  # other work shares these cores
@given(CODES, CODES)
def test_two_divisions_nest_or_are_disjoint(one: int, other: int) -> None:
    (low, high), (other_low, other_high) = code_range(one), code_range(other)
    nested = contains(one, other) or contains(other, one)
    assert nested != (high < other_low or other_high < low)
