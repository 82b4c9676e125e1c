"""Discrepancies, and the kinds of lists with their templates."""

from __future__ import annotations

from tests.access.matrix import ELSEWHERE, READ_OWN, READERS, Rows, act, page
from tests.access.rows_cases import DESK_LOST, DESK_OWN, ELSE_CLERK

ROWS: Rows = {
    "cases:discrepancies": page(READERS),
    "cases:discrepancies_many": act(DESK_OWN | DESK_LOST),
    "cases:discrepancy": page(READ_OWN, ELSEWHERE, pk="discrepancy"),
    "cases:discrepancy_visit": act({"supervisor"}, {"other_supervisor"}, pk="discrepancy"),
    "cases:discrepancy_found": act({"supervisor"}, {"other_supervisor"}, pk="discrepancy"),
    "cases:discrepancy_document": page(READ_OWN, ELSEWHERE, pk="discrepancy_with_paper"),
    "cases:discrepancy_decide": act({"clerk"}, ELSE_CLERK, pk="discrepancy"),
    "cases:child_discrepancies": page(READ_OWN, ELSEWHERE, pk="own"),
    "cases:list_kinds": page(READERS),
    "cases:list_template": page(READERS, code="death"),
}
