"""Two files of one child: typing, pairs, merging."""

from __future__ import annotations

from tests.access.matrix import ELSEWHERE, SUPERVISORS, Rows, act, page

DESK = SUPERVISORS | {"clerk", "stranger"}
OWN, LOST = {"supervisor", "clerk"}, {"other_supervisor", "stranger"}

ROWS: Rows = {
    "cases:child_twins": act(
        {"director", "supervisor", "clerk"} | ELSEWHERE, data={"name": "林小满", "birth_date": "2017-05-20"}
    ),
    "cases:duplicates": page(DESK),
    # Both files must be in sight: the neighbour's lies in another village of the township.
    "cases:merge": [page(OWN, LOST, a="own", b="neighbour"), act(OWN, LOST, a="own", b="neighbour")],
    "cases:not_same": act(OWN, LOST, a="own", b="twin_file"),
    "cases:not_same_undo": act(OWN, LOST, pk="parting"),
    "cases:merge_undo": [page(OWN, LOST, pk="merge"), act(OWN, LOST, pk="merge")],
}
