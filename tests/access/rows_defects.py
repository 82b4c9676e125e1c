"""Defects, and taking back a leaving."""

from __future__ import annotations

from tests.access.matrix import ELSEWHERE, READ_OWN, READERS, Rows, act, page

WRITE_OWN = {"director", "supervisor", "clerk"}
DESK_OWN = {"supervisor", "clerk"}
DESK_LOST = {"other_supervisor", "stranger"}

ROWS: Rows = {
    "cases:defects": page(READERS),
    "cases:defect_counts": page(READERS),
    "cases:defect_counts_export": page(READERS),
    "cases:defect": page(READ_OWN, ELSEWHERE, pk="defect_own"),
    "cases:defect_transition": act(WRITE_OWN, ELSEWHERE, pk="defect_own"),
    "cases:defect_step": [
        page(WRITE_OWN, ELSEWHERE, pk="defect_own"),
        act(WRITE_OWN, ELSEWHERE, pk="defect_own"),
    ],
    "cases:defect_owner": [
        page(DESK_OWN, DESK_LOST, pk="defect_own"),
        act(DESK_OWN, DESK_LOST, pk="defect_own"),
    ],
    "cases:defect_open": [page(WRITE_OWN, ELSEWHERE, pk="own"), act(WRITE_OWN, ELSEWHERE, pk="own")],
    "cases:child_return": [page(DESK_OWN, DESK_LOST, pk="own"), act(DESK_OWN, DESK_LOST, pk="own")],
}
