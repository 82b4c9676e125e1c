"""Arithmetic on 12-digit administrative division codes (行政区划代码). Pure: no ORM, no names.

A code is 2 digits of province, 2 of prefecture, 2 of county, 3 of township and 3 of village
(GB/T 2260 for the first six, GB/T 10114 for the next three, the statistical code for the last
three). A higher division is the same code with the lower digits zero, so everything inside a
division is one contiguous range of integers: this is what row scope and "the most specific rate"
both rest on.
"""

from __future__ import annotations

from staff.enums import RegionLevel

# Value of one step at each level, largest division first: a county owns 1_000_000 codes.
_SPAN: dict[RegionLevel, int] = {
    RegionLevel.PROVINCE: 10**10,
    RegionLevel.PREFECTURE: 10**8,
    RegionLevel.COUNTY: 10**6,
    RegionLevel.TOWNSHIP: 10**3,
    RegionLevel.VILLAGE: 1,
}
FIRST_CODE = 11 * 10**10  # 110000000000, Beijing: the first province code is 11
LAST_CODE = 10**12 - 1


def level_of(code: int) -> RegionLevel:
    """Level of a 12-digit division code, read from its trailing zeros. ValueError if not 12 digits."""
    if not FIRST_CODE <= code <= LAST_CODE:
        raise ValueError(f"not a 12-digit division code: {code}")
    for level, span in _SPAN.items():
        if code % span == 0:
            return level
    raise AssertionError("unreachable: every integer is divisible by 1")


def code_range(code: int) -> tuple[int, int]:
    """First and last code, both inclusive, of the division and everything below it."""
    return code, code + _SPAN[level_of(code)] - 1


def contains(outer: int, inner: int) -> bool:
    """True when ``inner`` is ``outer`` itself or lies below it."""
    low, high = code_range(outer)
    return low <= inner <= high


def ancestor(code: int, level: RegionLevel) -> int:
    """Code of the division at ``level`` that holds ``code``. ValueError if ``code`` is itself higher."""
    if _SPAN[level_of(code)] > _SPAN[level]:
        raise ValueError(f"{code} is above level {level.value}")
    return code - code % _SPAN[level]
