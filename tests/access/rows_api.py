"""The API: the same duties and the same scope as the pages."""

from __future__ import annotations

from dataclasses import replace

from tests.access.matrix import ANYONE, ELSEWHERE, EVERYBODY, READ_OWN, READERS, Row, Rows, act, page
from tests.cast import VILLAGE

COUNTY = {"clerk", "approver", "leader"}
MONEY = READ_OWN | {"releaser"}


def api(row: Row) -> Row:
    return replace(row, api=True)


ROWS: Rows = {
    "api:schema": api(page(ANYONE)),
    "api:region-list": api(page(EVERYBODY)),
    "api:region-detail": api(page(EVERYBODY, pk=VILLAGE)),
    "api:child-list": api(page(READERS)),
    "api:child-detail": api(page(READ_OWN, ELSEWHERE, pk="own")),
    "api:visit-list": [
        api(page(READERS)),
        api(act({"director", "other_director", "supervisor", "other_supervisor"})),
    ],
    "api:visit-detail": api(page(READ_OWN, ELSEWHERE, pk="visit_own")),
    "api:case-list": api(page(READERS)),
    "api:case-detail": [
        api(page(READ_OWN, ELSEWHERE, pk="case_own")),
        api(page((), READERS, pk="restricted_own")),
    ],
    "api:match-candidate-list": api(page(COUNTY | {"stranger"})),
    "api:match-candidate-detail": api(page(COUNTY, {"stranger"}, pk="candidate")),
    "api:entitlement-list": api(page(MONEY | ELSEWHERE)),
    "api:entitlement-detail": api(page(MONEY, ELSEWHERE, pk="entitlement")),
    "api:payment-list": api(page(COUNTY | {"releaser", "stranger"})),
    "api:payment-detail": api(page(COUNTY | {"releaser"}, {"stranger"}, pk="payment")),
}
