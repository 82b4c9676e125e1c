"""云南's defects of left-behind children (O-44) at full size: found, settled and counted, beside a plain SQL count."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from typing import Any

from django.db import connection
from django.utils import timezone

from bench import county, lacking
from cases.circumstances.enums import DefectKind
from cases.defects import scan as defect_scan
from cases.defects import services as defects
from cases.defects.selectors import DefectFilters, Period, counts, page_of
from cases.models import Defect
from staff.models import Region
from staff.scope import open_scope, scope_of, system_scope

YUNNAN = {"no_guardian": 38_600, "no_registration": 13_500, "out_of_school": 1_949}  # ≈ mid-2019
COUNTY = 500152000000
ROUNDS = 10
# What the counts page answers, asked in the plainest way.
PLAIN = """
    SELECT region_code / 1000, kind, count(*) FILTER (WHERE solved_date BETWEEN %s AND %s AND state IN ('solved', 'closed'))
    FROM cases_defect GROUP BY 1, 2
"""


def measure() -> dict[str, Any]:
    """Numbers that came out, seconds of each step, and the counts page's selector against PLAIN (fastest of ROUNDS)."""
    assignments = county.make(100)
    at = timezone.now()
    today = timezone.localdate(at)
    period = Period(today.replace(month=1, day=1), today, today)
    taken: dict[str, float] = {}

    def timed(name: str, act: Callable[[], Any]) -> Any:
        started = time.perf_counter()
        found = act()
        taken[name] = round(time.perf_counter() - started, 2)
        return found

    with system_scope(reason="bench"):
        region = Region.objects.get(pk=COUNTY)
        villages = list(Region.objects.below(region, "village").values_list("pk", flat=True))
        made = timed("generate", lambda: lacking.lacking_children(YUNNAN, villages))
        clerk = scope_of(assignments["zhaoqinghe"])
    county.analyse()
    own = defect_scan.scan_county  # the nightly look is what finds them
    opened = timed("find and open", lambda: own(COUNTY, at=at)).followed.opened
    timed("look again, nothing new", lambda: own(COUNTY, at=at))
    ids = [pk for keys in made.values() for pk in keys]
    with open_scope(clerk):
        timed("record the facts", lambda: lacking.record_facts(made))
        solved = timed("settle", lambda: defects.follow_register(ids, at=at)).solved
        county_wide = timed("count", lambda: counts(period))
        numbers = {kind: county_wide.number("solved", kind) for kind in YUNNAN}
        listed = {
            kind: page_of(
                DefectFilters(kind=kind, measure="solved", start=period.start, end=period.end), today
            ).count
            for kind in YUNNAN
        }
    # Another person checks: the one who solved them may not.
    with system_scope(reason="bench"):
        keys = list(Defect.objects.filter(state="solved").values_list("pk", flat=True))
        closed = timed("check and close", lambda: defects.close_many(keys, at=at))
    county.analyse()
    with open_scope(clerk):
        selector, plain = _fastest(lambda: counts(period)), _fastest(lambda: _plain(period.start, period.end))
        wanted = sum(_plain(period.start, period.end).values())
        after = counts(period)
    assert numbers == listed == YUNNAN, (numbers, listed)
    assert wanted == after.number("solved") == closed == solved, (
        wanted,
        after.number("solved"),
        closed,
        solved,
    )
    return {
        "children": sum(YUNNAN.values()),
        "opened": opened,
        "solved": numbers,
        "checked and closed": closed,
        "seconds": taken,
        "counts page ms": selector,
        "plain SQL count ms": plain,
        "ratio": round(selector / plain, 2),
        "kinds": len(DefectKind),
    }


def _plain(start: dt.date, end: dt.date) -> dict[tuple[int, str], int]:
    with connection.cursor() as cursor:
        cursor.execute(PLAIN, [start, end])
        return {(township, kind): number for township, kind, number in cursor.fetchall()}


def _fastest(act: Callable[[], Any]) -> float:
    times = []
    for _each in range(ROUNDS):
        started = time.perf_counter()
        act()
        times.append(time.perf_counter() - started)
    return round(min(times) * 1000, 1)
