"""Taking lists in: the county's clerk uploads, names columns, confirms and takes back; others of the bureau look."""

from __future__ import annotations

from tests.access.matrix import COUNTY_DESK, Rows, act, page

READ = frozenset(COUNTY_DESK)
CLERK = frozenset({"clerk"})
ELSEWHERE = frozenset({"stranger"})

ROWS: Rows = {
    "cases:list_upload": [page(CLERK | ELSEWHERE), act(CLERK | ELSEWHERE)],
    "cases:lists_waiting": page(CLERK | ELSEWHERE, query="month=2026-10"),
    "cases:lists_confirm": act(CLERK | ELSEWHERE, data={"month": "2026-01"}),
    "cases:list": page(READ, ELSEWHERE, pk="list"),
    "cases:list_columns": page(CLERK, ELSEWHERE, pk="list"),
    "cases:list_confirm": act(CLERK, ELSEWHERE, pk="list"),
    "cases:list_discard": act(CLERK, ELSEWHERE, pk="list"),
    "cases:list_withdraw": act(CLERK, ELSEWHERE, pk="list"),
    "cases:list_problems": act(CLERK, ELSEWHERE, pk="list", data={"reason": "退回更正"}),
}
