"""Budgets, the ledger, decisions by the many, charts, the month's workbook."""

from __future__ import annotations

from tests.access.matrix import Rows, act, page

AWAY = {"stranger"}
MONEY = {"clerk", "approver", "releaser", "leader", "auditor"}

ROWS: Rows = {
    "subsidies:budgets": page(MONEY | AWAY),
    "subsidies:appropriation_add": [page({"clerk"} | AWAY), act({"clerk"} | AWAY)],
    "subsidies:appropriation_correct": [
        page({"approver"}, pk="appropriation"),
        act({"approver"}, pk="appropriation"),
    ],
    "subsidies:ledger": page(MONEY | AWAY),
    "subsidies:ledger_export": page(MONEY | AWAY),
    "subsidies:ledger_entry": page(MONEY, AWAY, pk="appropriation"),
    "subsidies:approvals": [
        page({"approver"}),
        page({"approver"}, query="show=entitlements"),
        page({"approver"}, query="show=batches"),
    ],
    "subsidies:approvals_decide": act({"approver"}),
    "subsidies:month_export": page({"clerk", "approver", "leader"} | AWAY),
    "subsidies:charts": page(MONEY | AWAY | {"viewer"}),
    "subsidies:charts_export": page(MONEY | AWAY | {"viewer"}),
}
