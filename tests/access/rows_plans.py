"""Plans of cases and their conferences. Of a restricted case nobody finds them who is not named on it."""

from __future__ import annotations

from tests.access.matrix import ELSEWHERE, READ_OWN, READERS, Row, Rows, act, page
from tests.access.rows_cases import CASE_OWN, DESK_LOST

WORK_OWN = READ_OWN - {"leader"}
WORKERS = READERS - {"leader"}
LEADERS = CASE_OWN | DESK_LOST
ACTION = {"pk": "case_own", "action_pk": "action_own"}
GOAL = {"pk": "case_own", "goal_pk": "goal_own"}
CONFERENCE = {"pk": "case_own", "conference_pk": "conference_own"}
HIDDEN_GOAL = {"pk": "restricted_own", "goal_pk": "hidden_goal_own"}
HIDDEN_ACTION = {"pk": "restricted_own", "action_pk": "hidden_action_own"}
HIDDEN = {"pk": "restricted_own", "conference_pk": "hidden_conference_own"}


def led(own: dict[str, str], hidden: dict[str, str]) -> list[Row]:
    """What the supervisor and the county do in a case of their area."""
    return [
        page(CASE_OWN, DESK_LOST, **own),
        act(CASE_OWN, DESK_LOST, **own),
        page((), LEADERS, **hidden),
        act((), LEADERS, **hidden),
    ]


def read(own: dict[str, str], hidden: dict[str, str]) -> list[Row]:
    """A paper: asked for, and refused for want of a reason."""
    return [
        page(READ_OWN, ELSEWHERE, **own),
        act(READ_OWN, ELSEWHERE, **own),
        page((), READERS, **hidden),
        act((), READERS, **hidden),
    ]


def worked(own: dict[str, str], hidden: dict[str, str]) -> list[Row]:
    """What the director does beside them."""
    return [
        page(WORK_OWN, ELSEWHERE, **own),
        act(WORK_OWN, ELSEWHERE, **own),
        page((), WORKERS, **hidden),
        act((), WORKERS, **hidden),
    ]


CASE, HIDDEN_CASE = {"pk": "case_own"}, {"pk": "restricted_own"}
ROWS: Rows = {
    "cases:goal_add": led(CASE, HIDDEN_CASE),
    "cases:goal_judge": led(GOAL, HIDDEN_GOAL),
    "cases:goal_date": led(GOAL, HIDDEN_GOAL),
    "cases:goal_words": led(GOAL, HIDDEN_GOAL),
    "cases:case_action_add": worked(CASE, HIDDEN_CASE),
    "cases:case_action_done": worked(ACTION, HIDDEN_ACTION),
    "cases:action_date": worked(ACTION, HIDDEN_ACTION),
    "cases:action_words": worked(ACTION, HIDDEN_ACTION),
    "cases:plan_review": led(CASE, HIDDEN_CASE),
    "cases:case_close": led(CASE, HIDDEN_CASE),
    "cases:case_pdf": read(CASE, HIDDEN_CASE),
    "cases:conference_add": led(CASE, HIDDEN_CASE),
    "cases:conference": [page(READ_OWN, ELSEWHERE, **CONFERENCE), page((), READERS, **HIDDEN)],
    "cases:conference_minutes": led(CONFERENCE, HIDDEN),
    "cases:conference_words": led(CONFERENCE, HIDDEN),
    "cases:conference_decisions": led(CONFERENCE, HIDDEN),
    "cases:conference_pdf": read(CONFERENCE, HIDDEN),
}
