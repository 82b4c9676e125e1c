"""Runs of the matcher: the months, and the times each was carried out."""

from __future__ import annotations

from tests.access.matrix import COUNTY_DESK, Rows, act, page

EVERY_DESK = COUNTY_DESK | {"stranger"}

ROWS: Rows = {
    "cases:runs": page(EVERY_DESK),
    "cases:run_execution": page(COUNTY_DESK, {"stranger"}, pk="execution"),
    "cases:run_compare": page(COUNTY_DESK, {"stranger"}, pk="execution", query="with=1"),
    "cases:run_repeat": act({"clerk"}, {"stranger"}, pk="execution"),
}
