"""Visit forms: the county's pages, and the blank form that phones keep."""

from __future__ import annotations

from tests.access.matrix import COUNTY_DESK, DIRECTORS, SUPERVISORS, Rows, act, page

CLERKS = {"clerk", "stranger"}
READ = COUNTY_DESK | {"stranger"}
PACKAGED = {"code": "regular_form", "version": "regular_version"}
OWN = {"code": "own_form", "version": "own_form_version"}

ROWS: Rows = {
    "cases:visit_forms": page(READ),
    "cases:visit_problems": page(READ | SUPERVISORS),
    "cases:visit_form_set": [page(READ, **PACKAGED), page(COUNTY_DESK, {"stranger"}, **OWN)],
    "cases:visit_form_file": [page(READ, **PACKAGED), page(COUNTY_DESK, {"stranger"}, **OWN)],
    "cases:visit_form_edit": [
        page(CLERKS, **PACKAGED),
        page({"clerk"}, {"stranger"}, **OWN),
        act({"clerk"}, {"stranger"}, **OWN),
    ],
    "cases:visit_form_withdraw": act({"clerk"}, {"stranger"}, **OWN),
    "cases:field_form": [
        page(DIRECTORS | SUPERVISORS | CLERKS, **PACKAGED),
        page(DIRECTORS | SUPERVISORS | CLERKS, **OWN),
    ],
}
