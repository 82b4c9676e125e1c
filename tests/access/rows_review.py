"""The review of pairs: pair by pair, many at once, the second person, the rules."""

from __future__ import annotations

from tests.access.matrix import Rows, act, page

LISTS = {"clerk", "approver", "leader"}
SECONDS = {"clerk", "approver"}
ELSE_CLERK = {"stranger"}

ROWS: Rows = {
    "cases:candidates": [
        page(LISTS, ELSE_CLERK, pk="run"),
        page(LISTS, ELSE_CLERK, pk="run", query="state=rejected"),
    ],
    "cases:candidate_decide": act(SECONDS, ELSE_CLERK, pk="candidate"),
    "cases:review_undo": act(SECONDS, ELSE_CLERK, pk="run"),
    "cases:alike": page(LISTS, ELSE_CLERK, pk="run"),
    "cases:alike_group": [
        page(LISTS, ELSE_CLERK, pk="run", role="role_of_pairs", group="pairs_alike"),
        act({"clerk"}, ELSE_CLERK, pk="run", role="role_of_pairs", group="pairs_alike"),
    ],
    # What waits in one's own county; the clerk of another county has theirs.
    "cases:second_review": page(LISTS | ELSE_CLERK),
    "cases:second_agree": act(SECONDS, ELSE_CLERK, pk="run"),
    "cases:match_rules": page(LISTS | ELSE_CLERK),
    "cases:match_rule": act(SECONDS | ELSE_CLERK, rule="rule_of_pairs"),
}
