"""What other pages show of plans: plain values for the components."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.urls import reverse

from cases.plans.selectors import own_actions


def home_actions(user_id: int, today: dt.date) -> dict[str, Any]:
    """What a person has to do in cases these days, as rows of their home. One query."""
    rows = [
        {
            "title": action.title,
            "url": reverse("cases:case_action_done", args=[action.case_id, action.pk]),
            "level": action.case.level,
            "lines": [f"{action.child.name} · {action.case.title}"],
            "date": action.due_date,
        }
        for action in own_actions(user_id, today)
    ]
    return {"plan_actions": rows}
