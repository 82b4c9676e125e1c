"""Calls to families and marks: for those who check visits, never for those whose visits are checked."""

from __future__ import annotations

from tests.access.matrix import Rows, act, page

CHECKERS = {"supervisor", "clerk", "approver"}
LOST = {"other_supervisor", "stranger"}

ROWS: Rows = {
    "cases:checks": page(CHECKERS | LOST),
    "cases:check_people": page(CHECKERS | LOST),
    "cases:check": [page(CHECKERS, LOST, pk="check_own"), act(CHECKERS, LOST, pk="check_own")],
    "cases:marks": page(CHECKERS | LOST),
    "cases:mark": [page(CHECKERS, LOST, pk="mark_own"), act(CHECKERS, LOST, pk="mark_own")],
}
