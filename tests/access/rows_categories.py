"""Totals of the register, category schemes, circumstances of a child, re-checks."""

from __future__ import annotations

from tests.access.matrix import COUNTY_DESK, ELSEWHERE, READERS, SUPERVISORS, Rows, act, page
from tests.access.rows_cases import DESK_LOST, DESK_OWN, WRITE_OWN

TOTALS = SUPERVISORS | COUNTY_DESK | {"stranger"}
END = {"pk": "own", "what": "what_absence", "row": "absence"}

ROWS: Rows = {
    "cases:register_totals": page(TOTALS),
    "cases:register_totals_export": page(TOTALS),
    "cases:register_totals_list": page(
        COUNTY_DESK, {"stranger", *SUPERVISORS}, query="day=2026-10-20&region=500152000000"
    ),
    "cases:category_schemes": [
        page(COUNTY_DESK | {"stranger"}),
        act({"clerk", "stranger"}),
    ],
    "cases:recheck_dates": page(READERS),
    "cases:child_absence": [page(WRITE_OWN, ELSEWHERE, pk="own"), act(WRITE_OWN, ELSEWHERE, pk="own")],
    "cases:child_card": [page(WRITE_OWN, ELSEWHERE, pk="own"), act(WRITE_OWN, ELSEWHERE, pk="own")],
    "cases:child_illness": [page(WRITE_OWN, ELSEWHERE, pk="own"), act(WRITE_OWN, ELSEWHERE, pk="own")],
    "cases:child_circumstance_end": [page(WRITE_OWN, ELSEWHERE, **END), act(WRITE_OWN, ELSEWHERE, **END)],
    "cases:child_take_over": [
        page(DESK_OWN, DESK_LOST, pk="own", query="kind=left_behind"),
        act(DESK_OWN, DESK_LOST, pk="own"),
    ],
}
