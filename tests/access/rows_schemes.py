"""Schemes, their rules, and the simulator."""

from __future__ import annotations

from tests.access.matrix import COUNTY_DESK, SUPERVISORS, Rows, act, page

CLERKS = {"clerk", "stranger"}
READ = COUNTY_DESK | SUPERVISORS | {"auditor", "stranger"}

ROWS: Rows = {
    "subsidies:schemes": page(READ),
    "subsidies:scheme": page(READ, code="basic_living"),
    "subsidies:scheme_rule_add": [page(CLERKS, code="basic_living"), act(CLERKS, code="basic_living")],
    "subsidies:simulate": page(COUNTY_DESK | {"stranger"}),
    # Without an answer there is nothing to export.
    "subsidies:simulate_export": page((), COUNTY_DESK | {"stranger"}),
}
