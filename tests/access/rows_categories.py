"""Totals of the register, category schemes, circumstances of a child."""

from __future__ import annotations

from tests.access.matrix import COUNTY_DESK, SUPERVISORS, Rows, page

TOTALS = SUPERVISORS | COUNTY_DESK | {"stranger"}

ROWS: Rows = {
    "cases:register_totals": page(TOTALS),
    "cases:register_totals_export": page(TOTALS),
    "cases:register_totals_list": [
        page(
            {"clerk", "approver", "leader"},
            {"stranger", *SUPERVISORS},
            query="day=2026-10-20&region=500152000000",
        ),
    ],
    "cases:category_schemes": page(COUNTY_DESK | {"stranger"}),
}
