"""Applications: the list, applying, one application with documents, checks and letters; what is late, what is posted."""

from __future__ import annotations

from tests.access.matrix import ELSEWHERE, READ_OWN, READERS, SUPERVISORS, Rows, act, page
from tests.access.rows_subsidies import AWAY, COUNTY

FIELD = {"director", "supervisor"}
FIELD_LOST = {"other_director", "other_supervisor"}
DESKS = SUPERVISORS | COUNTY | AWAY

ROWS: Rows = {
    "subsidies:applications": page(READERS),
    "subsidies:application_add": [
        page(FIELD, FIELD_LOST, query="child={own}"),
        act(FIELD, FIELD_LOST, query="child={own}"),
    ],
    "subsidies:application": [
        page(READ_OWN, ELSEWHERE, pk="application"),
        page(READ_OWN, ELSEWHERE, pk="asked"),
    ],
    "subsidies:application_transition": act(READ_OWN - {"leader"}, ELSEWHERE, pk="application"),
    "subsidies:application_evidence_add": act(
        {"director", "supervisor", "clerk"}, ELSEWHERE, pk="application"
    ),
    "subsidies:application_check_add": act({"supervisor"}, {"other_supervisor"}, pk="asked"),
    "subsidies:application_letter": page(READ_OWN, ELSEWHERE, pk="refused"),
    "subsidies:supplement_notice": page(READ_OWN, ELSEWHERE, pk="asked"),
    "subsidies:late": page(DESKS),
    "subsidies:late_export": [page(DESKS), act(DESKS)],
    "subsidies:postings": page(SUPERVISORS | {"clerk"} | AWAY),
    "subsidies:posting": page(
        {"supervisor", "clerk"}, {"other_supervisor", *AWAY}, code="basic_living", township=500152001000
    ),
}
