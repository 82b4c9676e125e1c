"""Referrals: the provider reaches what was sent to it and nothing else."""

from __future__ import annotations

from tests.access.matrix import ELSEWHERE, READ_OWN, READERS, Rows, act, page

SENDERS = {"supervisor", "clerk", "approver"}
SENDERS_LOST = {"other_supervisor", "stranger"}

ROWS: Rows = {
    "referrals:referrals": page(READERS | {"provider"}),
    "referrals:referral": page(READ_OWN | {"provider"}, ELSEWHERE, pk="referral"),
    "referrals:referral_transition": act(SENDERS | {"provider"}, SENDERS_LOST, pk="referral"),
    "referrals:referral_add": [
        page(SENDERS, SENDERS_LOST, case_pk="case_own"),
        act(SENDERS, SENDERS_LOST, case_pk="case_own"),
    ],
    "referrals:child_panel": page(READ_OWN, ELSEWHERE, pk="own"),
    "referrals:case_panel": page(READ_OWN, ELSEWHERE, pk="case_own"),
}
