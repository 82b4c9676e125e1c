"""Accounts, posts, the trail, reveal, files, long work."""

from __future__ import annotations

from tests.access.matrix import ANYONE, COUNTY_DESK, ELSEWHERE, EVERYBODY, READ_OWN, Row, Rows, act, page

ADMIN = {"sysadmin"}
AUDIT = {"auditor"}
CALENDAR = {"clerk", "stranger", "sysadmin"}
# Who keeps a child's file, so may need a number in full; the leader only reads.
KEEPERS = READ_OWN - {"leader"}

ROWS: Rows = {
    "staff:sign_in": Row(ANYONE, open=True),
    "staff:sign_out": Row(ANYONE, method="post", open=True),
    "staff:components": Row(ANYONE, open=True),
    "set_language": Row(ANYONE, method="post", data={"language": "en"}, open=True),
    "staff:password": [page(ANYONE), act(ANYONE)],
    # Somebody else's post, and none at all: nothing to switch to.
    "staff:switch": [act((), data={"assignment": "0"}), act((), data={"assignment": "x"})],
    "staff:me": page(EVERYBODY),
    "staff:token_add": act(EVERYBODY),
    "staff:token_revoke": act({"clerk"}, EVERYBODY - {"clerk"}, pk="token"),
    "staff:accounts": page(ADMIN),
    "staff:account_add": [page(ADMIN), act(ADMIN)],
    "staff:account": page(ADMIN, pk="director_user"),
    "staff:account_change": act(ADMIN, pk="director_user"),
    "staff:posts": page(ADMIN),
    "staff:post_add": [page(ADMIN), act(ADMIN)],
    "staff:post": [page(ADMIN, pk="vacant_post"), act(ADMIN, pk="vacant_post")],
    "staff:assignment_end": [page(ADMIN, pk="director_assignment"), act(ADMIN, pk="director_assignment")],
    "staff:handover": page(READ_OWN | ADMIN, ELSEWHERE, pk="left"),
    "staff:holidays": page(ANYONE & (READ_OWN | ELSEWHERE | ADMIN)),
    "staff:holiday_notice": [page(CALENDAR), act(CALENDAR)],
    "staff:trail": [page(AUDIT), page(AUDIT, query="list=changes"), page(AUDIT, query="list=decisions")],
    "staff:trail_export": act(AUDIT, data={"since": "not a day"}),
    "staff:reveal": [
        page((), EVERYBODY, key="unknown", pk="own"),
        *(
            row
            for key, pk in [("child-identity", "own"), ("guardian-phone", "guardian")]
            for row in (page(KEEPERS, ELSEWHERE, key=key, pk=pk), act(KEEPERS, ELSEWHERE, key=key, pk=pk))
        ),
    ],
    "staff:file": [
        page(READ_OWN, EVERYBODY - READ_OWN, pk="file_own"),
        page({"stranger"}, EVERYBODY - {"stranger"}, pk="file_strange"),
        page(
            {"clerk", "approver", "releaser", "leader"},
            EVERYBODY - {"clerk", "approver", "releaser", "leader"},
            pk="bank_stored",
        ),
        page({"clerk"}, EVERYBODY - {"clerk"}, pk="export"),
    ],
    "staff:job": page(COUNTY_DESK, EVERYBODY - COUNTY_DESK, pk="job"),
    "staff:job_cancel": act({"clerk"}, EVERYBODY - COUNTY_DESK, pk="job"),
}
