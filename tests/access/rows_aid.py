"""Other help: care allowance, study grants, services, disability subsidies, insurance, relief, pay of directors."""

from __future__ import annotations

from tests.access.matrix import DIRECTORS, ELSEWHERE, READ_OWN, READERS, SUPERVISORS, Rows, act, page

AWAY = {"stranger"}
DESK = READERS - DIRECTORS
SERVERS, SERVERS_LOST = {"supervisor", "clerk"}, {"other_supervisor", "stranger"}
HELPERS = {"director", "supervisor", "clerk"}

ROWS: Rows = {
    "subsidies:aid": page(READERS),
    "subsidies:child_aid": page(READ_OWN, ELSEWHERE, pk="own"),
    "subsidies:care_list": page(DESK),
    "subsidies:care_act": act({"clerk", "approver"} | AWAY),
    "subsidies:study_list": page(READERS),
    "subsidies:services": page(DESK),
    "subsidies:service_add": [page(SERVERS, SERVERS_LOST, pk="own"), act(SERVERS, SERVERS_LOST, pk="own")],
    "subsidies:service_remove": [
        page(SERVERS, SERVERS_LOST, pk="service_own"),
        act(SERVERS, SERVERS_LOST, pk="service_own"),
    ],
    "subsidies:disability_subsidies": page(DESK),
    "subsidies:disability_add": [page({"clerk"}, AWAY, pk="own"), act({"clerk"}, AWAY, pk="own")],
    "subsidies:disability_end": [
        page({"clerk"}, AWAY, pk="disability_own"),
        act({"clerk"}, AWAY, pk="disability_own"),
    ],
    "subsidies:disability_set_off": act({"clerk", "approver"}, AWAY, pk="disability_own"),
    "subsidies:insurance": page(DESK),
    "subsidies:insurance_upload": [page({"clerk"} | AWAY), act({"clerk"} | AWAY)],
    "subsidies:insurance_export": [page(DESK), act(DESK)],
    "subsidies:insurance_cover": [page({"clerk"}, AWAY, pk="own"), act({"clerk"}, AWAY, pk="own")],
    "subsidies:relief": page(READERS),
    "subsidies:relief_add": [
        page(HELPERS, ELSEWHERE, query="child={own}"),
        act(HELPERS, ELSEWHERE, query="child={own}"),
    ],
    "subsidies:relief_case": page(READ_OWN, ELSEWHERE, pk="relief_own"),
    "subsidies:relief_step": act(HELPERS | {"approver"}, ELSEWHERE, pk="relief_own"),
    "subsidies:staff_pay": page(READERS),
    "subsidies:staff_pay_appraise": act(SUPERVISORS),
    "subsidies:staff_pay_step": act({"clerk", "approver"} | AWAY),
    "subsidies:staff_pay_list": [page(DESK), act(DESK)],
}
