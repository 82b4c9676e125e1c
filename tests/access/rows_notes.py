"""Notes, and browsers that are woken."""

from __future__ import annotations

from tests.access.matrix import Row, Rows, act, page

TOLD = {"director", "other_director", "supervisor", "other_supervisor", "clerk", "approver", "stranger"}
WRITERS = {"supervisor", "clerk", "approver"}
ELSEWHERE = {"other_supervisor", "stranger"}

ROWS: Rows = {
    "cases:notes": [page(TOLD), act(TOLD)],
    "cases:notes_sent": page(WRITERS | ELSEWHERE),
    "cases:note_add": [
        Row(frozenset(WRITERS), frozenset(ELSEWHERE), {}, query="child={own}"),
        Row(frozenset(WRITERS), frozenset(ELSEWHERE), {}, query="visit={visit_own}"),
        Row(frozenset(WRITERS), frozenset(ELSEWHERE), {}, query="village={own_village}"),
        Row(frozenset(WRITERS), frozenset(ELSEWHERE), {}, method="post", query="child={own}"),
    ],
    "cases:note_read": act({"director"}, TOLD - {"director"}, pk="note_own"),
    "cases:push_begin": act(TOLD),
    "cases:push_end": act(TOLD),
}
