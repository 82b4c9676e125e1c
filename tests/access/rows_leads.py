"""Potential children, and exchanges with other departments."""

from __future__ import annotations

from tests.access.matrix import ELSEWHERE, READ_OWN, READERS, Rows, act, page
from tests.access.rows_defects import DESK_LOST, DESK_OWN, WRITE_OWN

EDITORS = {"director", "other_director", "supervisor", "other_supervisor", "clerk", "stranger"}
COUNTY = {"clerk", "approver", "leader"}

ROWS: Rows = {
    "cases:leads": [page(READERS), page(READERS, query="show=overdue")],
    "cases:lead_funnel": page(READERS),
    "cases:lead_export": [page(READERS), act(READERS)],
    "cases:lead_add": [page(EDITORS), act(EDITORS)],
    "cases:lead": page(READ_OWN, ELSEWHERE, pk="lead_own"),
    "cases:lead_assign": act(DESK_OWN, DESK_LOST, pk="lead_own"),
    "cases:lead_visit": [page(WRITE_OWN, ELSEWHERE, pk="lead_own"), act(WRITE_OWN, ELSEWHERE, pk="lead_own")],
    "cases:lead_decide": act(DESK_OWN, DESK_LOST, pk="lead_own"),
    "cases:lead_link": act(WRITE_OWN, ELSEWHERE, pk="lead_own"),
    # The form of a new file with a potential child's data in it.
    "cases:child_add": page(WRITE_OWN, ELSEWHERE, query="lead={lead_visited}"),
    "cases:requests": page(COUNTY | {"stranger"}),
    "cases:request_add": [
        page({"clerk", "stranger"}, query="kind=police"),
        act({"clerk", "stranger"}, query="kind=police"),
    ],
    "cases:request": page(COUNTY, {"stranger"}, pk="request_own"),
    "cases:request_act": act({"clerk", "approver"}, {"stranger"}, pk="request_own"),
    "cases:request_make": act({"clerk"}, {"stranger"}, pk="request_own"),
    "cases:request_link": act({"clerk"}, {"stranger"}, pk="request_own"),
    "cases:request_feedback": act({"clerk"}, {"stranger"}, pk="request_own"),
    "cases:request_list_file": page({"clerk"}, {"stranger"}, pk="request_own"),
    "cases:request_feedback_file": page({"clerk"}, {"stranger"}, pk="request_own"),
}
