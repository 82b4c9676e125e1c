"""Entrusted care, assessments of guardianship, needs and help."""

from __future__ import annotations

from tests.access.matrix import ELSEWHERE, READ_OWN, READERS, Rows, act, page
from tests.access.rows_cases import DESK_LOST, DESK_OWN, WRITE_OWN

ROWS: Rows = {
    "cases:cares": page(READERS),
    "cases:cares_export": [page(READERS), act(READERS)],
    "cases:care": page(READ_OWN, ELSEWHERE, pk="care_own"),
    "cases:care_add": [page(WRITE_OWN, ELSEWHERE, pk="own"), act(WRITE_OWN, ELSEWHERE, pk="own")],
    "cases:care_change": [
        page(WRITE_OWN, ELSEWHERE, pk="care_own"),
        act(WRITE_OWN, ELSEWHERE, pk="care_own"),
    ],
    "cases:care_end": [page(WRITE_OWN, ELSEWHERE, pk="care_own"), act(WRITE_OWN, ELSEWHERE, pk="care_own")],
    "cases:care_contact": act(WRITE_OWN, ELSEWHERE, pk="care_own"),
}
ROWS |= {
    "cases:assessments_due": page(READERS),
    "cases:assessment": page(READ_OWN, ELSEWHERE, pk="assessment_own"),
    "cases:assessment_decide": act(DESK_OWN, DESK_LOST, pk="assessment_own"),
    "cases:assessment_add": [page(WRITE_OWN, ELSEWHERE, pk="own"), act(WRITE_OWN, ELSEWHERE, pk="own")],
    "cases:assessment_running": act(WRITE_OWN, ELSEWHERE, pk="own"),
}
ROWS |= {
    "cases:help_ledger": page(READERS),
    "cases:help_export": [page(READERS), act(READERS)],
    "cases:help_gaps": page(READERS),
    "cases:help_remove": [
        page(WRITE_OWN, ELSEWHERE, pk="help_own"),
        act(WRITE_OWN, ELSEWHERE, pk="help_own"),
    ],
    "cases:need_state": act(WRITE_OWN, ELSEWHERE, pk="need_own"),
    "cases:need_add": [page(WRITE_OWN, ELSEWHERE, pk="own"), act(WRITE_OWN, ELSEWHERE, pk="own")],
    "cases:help_add": [page(WRITE_OWN, ELSEWHERE, pk="own"), act(WRITE_OWN, ELSEWHERE, pk="own")],
}
