"""Transfers: both ends read them, the field and the county clerk propose and decide."""

from __future__ import annotations

from tests.access.matrix import DIRECTORS, ELSEWHERE, READ_OWN, READERS, SUPERVISORS, Rows, act, page

WRITE_OWN = {"director", "supervisor", "clerk"}
BOTH_ENDS = READ_OWN | {"other_supervisor"}
ELSE = {"other_director", "stranger"}

ROWS: Rows = {
    "cases:transfers": page(READERS),
    "cases:transfer_places": page(DIRECTORS | SUPERVISORS | {"clerk", "stranger"}, query="at=500000000000"),
    "cases:transfer": [
        page(BOTH_ENDS, ELSE, pk="transfer_own"),
        act(BOTH_ENDS, ELSE, pk="transfer_own"),
    ],
    "cases:transfer_propose": [
        page(WRITE_OWN, ELSEWHERE, pk="own"),
        act(WRITE_OWN, ELSEWHERE, pk="own"),
    ],
}
