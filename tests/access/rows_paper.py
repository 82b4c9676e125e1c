"""Papers."""

from __future__ import annotations

from tests.access.matrix import ELSEWHERE, READ_OWN, Rows, act, page
from tests.access.rows_subsidies import AWAY, MONEY

ROWS: Rows = {
    "cases:child_pdf": [page(READ_OWN, ELSEWHERE, pk="own"), act(READ_OWN, ELSEWHERE, pk="own")],
    "cases:assessment_pdf": [
        page(READ_OWN, ELSEWHERE, pk="assessment_own"),
        act(READ_OWN, ELSEWHERE, pk="assessment_own"),
    ],
    "subsidies:batch_paper": [page(MONEY, AWAY, pk="batch"), act(MONEY, AWAY, pk="batch")],
}
