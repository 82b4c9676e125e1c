"""The register, visits, cases, list matching."""

from __future__ import annotations

from tests.access.matrix import ANYONE, DIRECTORS, ELSEWHERE, READ_OWN, READERS, SUPERVISORS, Rows, act, page

WRITE_OWN = {"director", "supervisor", "clerk"}
DESK_OWN = {"supervisor", "clerk"}
CASE_OWN = {"supervisor", "clerk", "approver"}
FIELD = DIRECTORS | SUPERVISORS
DESK_LOST = {"other_supervisor", "stranger"}

LISTS = {"clerk", "approver", "leader"}
ELSE_CLERK = {"stranger"}

ROWS: Rows = {
    "cases:home": page(ANYONE),
    "cases:child_add": [page(WRITE_OWN | ELSEWHERE), act(WRITE_OWN | ELSEWHERE)],
    "cases:child": page(READ_OWN | {"provider"}, ELSEWHERE, pk="own"),
    "cases:child_section": page(READ_OWN, ELSEWHERE, pk="own", section="timeline"),
    "cases:child_edit": [page(WRITE_OWN, ELSEWHERE, pk="own"), act(WRITE_OWN, ELSEWHERE, pk="own")],
    "cases:child_guardian": [page(WRITE_OWN, ELSEWHERE, pk="own"), act(WRITE_OWN, ELSEWHERE, pk="own")],
    "cases:child_guardian_end": act(WRITE_OWN, ELSEWHERE, pk="own", guardian="guardian"),
    "cases:child_parent": [page(WRITE_OWN, ELSEWHERE, pk="own"), act(WRITE_OWN, ELSEWHERE, pk="own")],
    "cases:child_parent_end": act(WRITE_OWN, ELSEWHERE, pk="own", situation="situation"),
    "cases:child_payee": [page(WRITE_OWN, ELSEWHERE, pk="own"), act(WRITE_OWN, ELSEWHERE, pk="own")],
    "cases:child_category": [page(DESK_OWN, DESK_LOST, pk="own"), act(DESK_OWN, DESK_LOST, pk="own")],
    "cases:child_leave": [page(DESK_OWN, DESK_LOST, pk="own"), act(DESK_OWN, DESK_LOST, pk="own")],
    "cases:child_share": [page(DESK_OWN, DESK_LOST, pk="own"), act(DESK_OWN, DESK_LOST, pk="own")],
    "cases:child_unshare": act(DESK_OWN, DESK_LOST, pk="own", user="director_user"),
    "cases:visits": page(READERS),
    "cases:visit_add": [
        page({"director", "supervisor"}, {"other_director", "other_supervisor"}, query="child={own}"),
        act({"director", "supervisor"}, {"other_director", "other_supervisor"}, query="child={own}"),
    ],
    "cases:visit": page(READ_OWN, ELSEWHERE, pk="visit_own"),
    "cases:visit_edit": page({"director"}, {"other_director", "other_supervisor"}, pk="visit_own"),
    "cases:visit_photo": page(READ_OWN, ELSEWHERE, pk="visit_own", photo_pk="photo_own"),
    "cases:outbox": page(FIELD | {"nobody"}),
    "cases:handover_panel": page(READ_OWN, ELSEWHERE, assignment="left"),
    "cases:cases": page(READERS),
    "cases:case_add": [
        page(CASE_OWN, DESK_LOST, query="child={own}"),
        act(CASE_OWN, DESK_LOST, query="child={own}"),
    ],
    "cases:case": [
        page(READ_OWN, ELSEWHERE, pk="case_own"),
        # Restricted to named people, and nobody is named.
        page((), READERS, pk="restricted_own"),
    ],
    "cases:case_transition": act(CASE_OWN, DESK_LOST, pk="case_own"),
    "cases:case_people": act(CASE_OWN, DESK_LOST, pk="case_own"),
    "cases:lists": page(LISTS | ELSE_CLERK),
    "cases:lists_panel": page(LISTS | ELSE_CLERK),
    "cases:run": page(LISTS, ELSE_CLERK, pk="run"),
    "cases:run_progress": page(LISTS, ELSE_CLERK, pk="run"),
    "cases:run_start": act({"clerk"}, ELSE_CLERK, pk="run"),
    "cases:run_cancel": act({"clerk"}, ELSE_CLERK, pk="run"),
    "cases:run_finish": act({"clerk"}, ELSE_CLERK, pk="run"),
}
