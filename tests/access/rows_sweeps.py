"""Sweeps, the overview of villages, and late visits."""

from __future__ import annotations

from tests.access.matrix import ELSEWHERE, READ_OWN, READERS, Rows, act, page

PLANNERS = {"supervisor", "clerk", "other_supervisor", "stranger"}
OF_TOWNSHIP = {"supervisor", "clerk"}
# A township's sweep is read by the township and the county above it.
LOST = {"other_supervisor", "stranger"}

ROWS: Rows = {
    "cases:sweeps": page(READERS),
    "cases:sweep_add": [page(PLANNERS), act(PLANNERS)],
    "cases:sweep": page(READ_OWN, ELSEWHERE, pk="sweep_village"),
    "cases:sweep_children": page(READ_OWN, ELSEWHERE, pk="sweep_village"),
    "cases:sweep_export": page(READ_OWN, ELSEWHERE, pk="sweep_village"),
    "cases:sweep_edit": [
        page(OF_TOWNSHIP, LOST, pk="sweep_village"),
        act(OF_TOWNSHIP, LOST, pk="sweep_village"),
    ],
    "cases:sweep_close": act(OF_TOWNSHIP, LOST, pk="sweep_village"),
    "cases:sweep_ask": act(OF_TOWNSHIP, LOST, pk="sweep_village"),
    "cases:villages": page(READERS),
    "cases:village_children": page(READERS),
    "cases:late": page(READERS),
    "cases:late_child": [page(READ_OWN, ELSEWHERE, pk="own"), act(READ_OWN, ELSEWHERE, pk="own")],
}
