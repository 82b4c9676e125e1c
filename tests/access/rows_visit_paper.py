"""Visits on paper, lists of visits, days on paper."""

from __future__ import annotations

from tests.access.matrix import DIRECTORS, ELSEWHERE, READ_OWN, READERS, SUPERVISORS, Rows, act, page

VISITORS = DIRECTORS | SUPERVISORS
HERE, AWAY = {"director", "supervisor"}, {"other_director", "other_supervisor"}

ROWS: Rows = {
    "cases:visit_pdf": [
        page(READ_OWN, ELSEWHERE, pk="visit_own"),
        act(READ_OWN, ELSEWHERE, pk="visit_own"),
        act(READ_OWN, ELSEWHERE, pk="visit_own", data={"reason": "核对"}),
    ],
    "cases:visit_lists": page(READERS),
    "cases:visits_pdf": [
        page(READERS),
        act(READERS),
        page(READ_OWN, ELSEWHERE, query="child={own}"),
        act(READ_OWN, ELSEWHERE, query="child={own}"),
    ],
    "cases:visits_export": [page(READERS), act(READERS)],
    "cases:visit_problems_export": [page(READERS), act(READERS)],
    "cases:blank_forms": [
        page(VISITORS),
        act(VISITORS),
        page(HERE, AWAY, query="child={own}"),
        act(HERE, AWAY, query="child={own}"),
    ],
    "cases:stacks": page(VISITORS),
    "cases:stack_add": [page(VISITORS), act(VISITORS)],
    "cases:stack": page(HERE, AWAY, pk="stack_own"),
    "cases:stack_sheet": [
        page(HERE, AWAY, pk="stack_own", child="own"),
        act(HERE, AWAY, pk="stack_own", child="own"),
    ],
    "cases:stack_undo": act(HERE, AWAY, pk="stack_own"),
    "cases:stack_close": act(HERE, AWAY, pk="stack_own"),
}
