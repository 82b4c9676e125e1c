"""Applications, entitlements, batches, reports."""

from __future__ import annotations

from tests.access.matrix import ELSEWHERE, READ_OWN, SUPERVISORS, Rows, act, page

COUNTY = {"clerk", "approver", "leader"}
# The county's clerk of elsewhere, whose duty it would be there.
AWAY = {"stranger"}
MONEY = COUNTY | {"releaser"}
PAYERS = {"clerk", "approver", "releaser"}
REPORTED = MONEY | {"supervisor", "viewer"}
REPORT_READERS = REPORTED | SUPERVISORS | AWAY

ROWS: Rows = {
    "subsidies:month": page(COUNTY | AWAY),
    "subsidies:handover_panel": page(READ_OWN, ELSEWHERE, assignment="left"),
    "subsidies:entitlement": page(READ_OWN, ELSEWHERE, pk="entitlement"),
    "subsidies:entitlement_transition": act(
        {"supervisor", "clerk", "approver"}, {"other_supervisor", "stranger"}, pk="entitlement"
    ),
    "subsidies:offset_add": [
        page({"clerk", "approver"}, AWAY, pk="entitlement"),
        act({"clerk", "approver"}, AWAY, pk="entitlement"),
    ],
    "subsidies:offset_end": act({"clerk", "approver"}, AWAY, pk="offset"),
    "subsidies:child_panel": page(READ_OWN, ELSEWHERE, pk="own"),
    "subsidies:batches": page(MONEY | AWAY),
    "subsidies:batch_prepare": act({"clerk", "stranger"}),
    "subsidies:batch": page(MONEY, AWAY, pk="batch"),
    "subsidies:batch_lines": page(MONEY, AWAY, pk="batch"),
    "subsidies:batch_transition": act(PAYERS, AWAY, pk="batch"),
    "subsidies:batch_issue": act({"clerk"}, AWAY, pk="batch", issue_pk="issue"),
    "subsidies:bank_result": act({"clerk", "releaser"}, AWAY, pk="batch"),
    "subsidies:bank_file": page({"releaser"}, pk="bank_file"),
    "subsidies:payment": page(READ_OWN | {"releaser", "auditor"}, ELSEWHERE, pk="payment"),
    "subsidies:rates": page(COUNTY | AWAY),
    "subsidies:rate_add": [page({"clerk", "stranger"}), act({"clerk", "stranger"})],
    "subsidies:rate_correct": [page({"approver"}, pk="rate"), act({"approver"}, pk="rate")],
    "subsidies:report": page(REPORT_READERS, query="month=2026-10"),
    # Whoever may not see the rows gets the workbook once it is locked; this one is not.
    "subsidies:report_export": page(
        REPORT_READERS - {"releaser", "viewer"}, {"releaser", "viewer"}, query="month=2026-10"
    ),
    "subsidies:report_rows": page(
        COUNTY | SUPERVISORS | AWAY, query="month=2026-10&family=register&measure=closing"
    ),
    "subsidies:report_lock": act({"clerk", "approver", "stranger"}),
}
