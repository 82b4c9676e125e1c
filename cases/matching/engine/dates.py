"""How far two birth dates are apart. Pure."""

from __future__ import annotations

import datetime as dt
from typing import Final

_LUNAR_DELAY: Final = range(17, 53)  # days by which the lunar calendar runs behind
NEAR_DATE: Final = -1
FAR_DATE: Final = -2


def compare_dates(listed: int, registered: int) -> int:
    """NEAR_DATE when two unequal dates yyyymmdd are a slip apart, else FAR_DATE.

    A slip: one wrong digit, month and day swapped, or the lunar date written for the solar one.
    """
    a, b = str(listed), str(registered)
    if len(a) != 8 or len(b) != 8:
        return FAR_DATE
    if _one_digit(a, b) or a[:4] + a[6:] + a[4:6] == b:
        return NEAR_DATE
    if 0 in (listed % 100, registered % 100):
        months = [d // 10_000 * 12 + d // 100 % 100 for d in (listed, registered)]
        return NEAR_DATE if abs(months[0] - months[1]) == 1 or _one_digit(a[:6], b[:6]) else FAR_DATE
    one, other = (dt.date(int(d[:4]), int(d[4:6]), int(d[6:])) for d in (a, b))
    return NEAR_DATE if abs((one - other).days) in _LUNAR_DELAY else FAR_DATE


def _one_digit(a: str, b: str) -> bool:
    return sum(x != y for x, y in zip(a, b, strict=True)) == 1
