"""Changes of divisions: the county clerk makes them, the offices of the county read them."""

from __future__ import annotations

from tests.access.matrix import Rows, act, page

CLERKS = {"clerk", "stranger"}

ROWS: Rows = {
    "staff:region_changes": page(CLERKS | {"approver", "leader", "sysadmin", "auditor"}),
    "staff:region_change_add": [page(CLERKS), act(CLERKS)],
}
