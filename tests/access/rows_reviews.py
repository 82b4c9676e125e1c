"""Re-checks, proofs of schooling, other terms, money asked back."""

from __future__ import annotations

from tests.access.matrix import DIRECTORS, ELSEWHERE, READ_OWN, SUPERVISORS, Rows, act, page

COUNTY = {"clerk", "approver", "leader"}
# The county's clerk of elsewhere, whose duty it would be there.
AWAY = {"stranger"}
REVIEWERS = {"supervisor", "clerk"}
ELSEWHERE_REVIEWERS = {"other_supervisor", "stranger"}

ROWS: Rows = {
    "subsidies:reviews": page(COUNTY | SUPERVISORS | AWAY),
    "subsidies:reviews_confirm": [
        page(REVIEWERS | ELSEWHERE_REVIEWERS),
        act(REVIEWERS | ELSEWHERE_REVIEWERS),
    ],
    "subsidies:reviews_open": act({"clerk", "stranger"}),
    "subsidies:review_decide": act(REVIEWERS, ELSEWHERE_REVIEWERS, pk="review"),
    "subsidies:rechecks": page(COUNTY | SUPERVISORS | AWAY),
    "subsidies:school_proofs": page(COUNTY | SUPERVISORS | DIRECTORS | AWAY),
    "subsidies:school_proof_add": [
        page(READ_OWN - {"approver", "leader"}, ELSEWHERE, pk="own"),
        act(READ_OWN - {"approver", "leader"}, ELSEWHERE, pk="own"),
    ],
    "subsidies:terms_change": [
        page({"clerk"}, AWAY, pk="entitlement"),
        act({"clerk"}, AWAY, pk="entitlement"),
    ],
    "subsidies:extension": [
        page({"clerk"}, AWAY, pk="entitlement"),
        act({"clerk"}, AWAY, pk="entitlement"),
    ],
    "subsidies:recoveries": page(COUNTY | SUPERVISORS | AWAY | {"auditor"}),
    "subsidies:recoveries_export": [
        page(COUNTY | SUPERVISORS | AWAY),
        act(COUNTY | SUPERVISORS | AWAY),
    ],
    "subsidies:recovery": page(READ_OWN | {"auditor"}, ELSEWHERE, pk="recovery"),
    "subsidies:recovery_part_add": [
        page({"clerk", "approver"}, AWAY, pk="recovery"),
        act({"clerk", "approver"}, AWAY, pk="recovery"),
    ],
    "subsidies:recovery_plan": [page({"clerk"}, AWAY, pk="recovery"), act({"clerk"}, AWAY, pk="recovery")],
    "subsidies:recovery_letter": page({"clerk", "approver"}, AWAY, pk="recovery"),
}
