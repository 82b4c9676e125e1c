"""Pages of the auditor, official tables, the public table, notices."""

from __future__ import annotations

from tests.access.matrix import ELSEWHERE, SUPERVISORS, Rows, act, page

COUNTY = {"clerk", "approver", "leader"}
AUDITORS = {"auditor", "leader", "approver"}
AWAY = {"stranger"}
MONTH = "month=2026-10"

ROWS: Rows = {
    "subsidies:audit": page(AUDITORS),
    "subsidies:audit_lines": page(AUDITORS, query="month=2026-10&scheme={scheme}&figure=released"),
    "subsidies:payment_evidence": page(AUDITORS | {"clerk"}, AWAY, pk="payment"),
    "subsidies:payment_notice": page({"director", "supervisor", "clerk"}, ELSEWHERE, pk="sent_payment"),
    "subsidies:payment_notices": [
        page(
            {"clerk", "supervisor"},
            {"stranger", "other_supervisor"},
            query="month=2026-10&township=500152001000",
        ),
        act(
            {"clerk", "supervisor"},
            {"stranger", "other_supervisor"},
            query="month=2026-10&township=500152001000",
        ),
        page({"clerk", "stranger"} | SUPERVISORS, query=MONTH),
    ],
    "subsidies:funds_report": page(COUNTY | AWAY, query=MONTH),
    "subsidies:payment_list_export": [
        page(COUNTY | AWAY, query=MONTH),
        act(COUNTY | AWAY, query=MONTH),
        page(COUNTY, AWAY, query="batch={batch}"),
        act(COUNTY, AWAY, query="batch={batch}"),
    ],
    "subsidies:funds_export": [page(COUNTY | AWAY, query=MONTH), act(COUNTY | AWAY, query=MONTH)],
    "subsidies:baoshan_export": [page(COUNTY | AWAY, query=MONTH), act(COUNTY | AWAY, query=MONTH)],
    "subsidies:public_table": page(COUNTY | AWAY | {"auditor"}, query=MONTH),
}
