"""The queue and its items: who has a desk, and whose work is on it."""

from __future__ import annotations

from tests.access.matrix import SUPERVISORS, Row, Rows, act, page

DESKS = SUPERVISORS | {"clerk", "approver", "stranger"}
COUNTY = {"clerk", "approver"}
OWN = {"supervisor"}
LOST = {"other_supervisor"}


def item(source: str, pk: str, see: set[str], lost: set[str]) -> list[Row]:
    """One item of a source, looked at and decided by nothing in particular."""
    return [page(see, lost, source=source, pk=pk), act(see, lost, source=source, pk=pk)]


ROWS: Rows = {
    "cases:queue": page(DESKS),
    "cases:queue_approve": act(SUPERVISORS),
    "cases:visit_review": [page(OWN, LOST, pk="visit_own"), act(OWN, LOST, pk="visit_own")],
    "cases:work_item": [
        *item("visits", "visit_own", OWN, LOST),
        *item("overdue", "own", OWN | COUNTY, LOST | {"stranger"}),
        *item("cases", "case_own", OWN | COUNTY, LOST | {"stranger"}),
        *item("actions", "action_own", OWN, LOST),
        *item("leads", "lead_own", OWN, LOST),
        *item("applications", "application", OWN | COUNTY, LOST | {"stranger"}),
        # Restricted to named people, and nobody is named.
        *item("cases", "restricted_own", set(), DESKS),
    ],
}
