"""Entrusted care, assessments of guardianship, needs and help."""

from __future__ import annotations

from tests.access.matrix import ELSEWHERE, READ_OWN, READERS, Rows, act, page
from tests.access.rows_cases import WRITE_OWN

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
