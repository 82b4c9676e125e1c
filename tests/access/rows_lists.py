"""The children's list: filters, saved lists, bulk actions, export, who comes of age."""

from __future__ import annotations

from tests.access.matrix import READERS, Rows, act, page
from tests.access.rows_cases import DESK_LOST, DESK_OWN

ROWS: Rows = {
    "cases:children": page(READERS),
    "cases:child_suggest": page(READERS, query="q=林"),
    "cases:children_export": [page(READERS), act(READERS)],
    "cases:views": page(READERS),
    "cases:views_save": act(READERS, data={"name": "我的名单", "query": "risk=red"}),
    # A list is changed by the one who saved it: a shared one is seen by the county, and still not theirs.
    "cases:views_change": act({"supervisor"}, READERS - {"supervisor"}, pk="saved_view", data={"name": "x"}),
    "cases:views_delete": act({"supervisor"}, READERS - {"supervisor"}, pk="saved_view"),
    "cases:bulk": act(DESK_OWN | DESK_LOST),
    "cases:bulk_done": page({"clerk"}, (DESK_OWN | DESK_LOST) - {"clerk"}, job="bulk_job"),
    "cases:ageing": page(READERS),
}
