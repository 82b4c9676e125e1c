"""Visits that phones send: put by whoever visits, kept ones decided by the supervisor or the county."""

from __future__ import annotations

from dataclasses import replace

from tests.access.matrix import DIRECTORS, SUPERVISORS, Row, Rows, act, page

DECIDERS = {"supervisor", "clerk", "approver"}
ELSEWHERE = {"other_supervisor", "stranger"}
# The county bureau that is asked, and those who keep it; not the townships of the county.
ASKED, UNASKED = {"clerk", "approver", "stranger"}, {"supervisor", "other_supervisor"}
# Who visited once still sends what was written then.
OTHERS = {"other_director", "supervisor", "other_supervisor", "nobody"}
AWAITED = {"uuid": "sent_uuid", "photo": "awaited_uuid"}


def api(row: Row) -> Row:
    return replace(row, api=True)


ROWS: Rows = {
    "api:field-visit": api(page({"director"}, OTHERS, uuid="sent_uuid")),
    # Nothing is sent, so whoever may is told what is missing.
    "api:field-photo": api(replace(act(DIRECTORS | SUPERVISORS | {"nobody"}, **AWAITED), method="put")),
    "cases:kept_visits": page(DECIDERS | ELSEWHERE),
    "cases:kept_visit": [
        page(DECIDERS, ELSEWHERE, pk="kept_own"),
        act(DECIDERS, ELSEWHERE, pk="kept_own"),
        page(ASKED, UNASKED, pk="kept_offered"),
        act(ASKED, UNASKED, pk="kept_offered"),
    ],
    "cases:kept_photo": [
        page(DECIDERS, ELSEWHERE, pk="kept_own", photo_pk="kept_photo_own"),
        page(ASKED, UNASKED, pk="kept_offered", photo_pk="kept_photo_offered"),
    ],
    "cases:visit_photos_withdraw": act({"director"}, {"other_director", "other_supervisor"}, pk="visit_sent"),
}
