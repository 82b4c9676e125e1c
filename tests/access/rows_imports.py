"""Imports of a register."""

from __future__ import annotations

from tests.access.matrix import Rows, act, page

DESK = {"supervisor", "other_supervisor", "clerk", "stranger"}
LOST = {"supervisor", "other_supervisor", "stranger"}  # the county's file, or another county's

ROWS: Rows = {
    "cases:imports": page(DESK),
    "cases:import_upload": [page(DESK), act(DESK)],
    "cases:import_template": page(DESK),
    "cases:import_file": [
        page({"clerk"}, LOST, pk="register_import"),
        page({"clerk", "supervisor"}, {"other_supervisor", "stranger"}, pk="township_import"),
    ],
    "cases:import_check": act({"clerk"}, LOST, pk="register_import"),
    "cases:import_apply": act({"clerk"}, LOST, pk="register_import"),
    "cases:import_decide": act({"clerk"}, LOST, pk="register_import", row="register_import_row"),
    "cases:import_discard": act({"clerk"}, LOST, pk="register_import"),
    "cases:import_undo": act({"clerk"}, LOST, pk="register_import"),
    "cases:import_corrections": act({"clerk"}, LOST, pk="register_import"),
}
