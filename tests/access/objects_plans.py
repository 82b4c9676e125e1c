"""A goal, an action, a conference with a participant and an entry, on the open and on the restricted case of every child."""

from __future__ import annotations

import datetime as dt
from typing import Any

from cases.models import Case, CaseAction, CaseConference, CaseEntry, CaseGoal, Child, ConferenceParticipant
from tests.cast import Cast

AT = dt.datetime(2026, 10, 20, 9, 40, tzinfo=dt.UTC)
DAY = dt.date(2026, 11, 1)


def make(cast: Cast, own: Child) -> dict[str, Any]:
    """Their keys by name: ``goal_own``, ``conference_own``, ``hidden_goal_own``, ``hidden_action_own`` …"""
    from tests.access.world import mark

    found: dict[str, Any] = {}
    supervisor = cast.users["supervisor"]
    names = {child.pk: name for name, child in cast.children.items()}
    for case in Case._base_manager.filter(child__in=names).order_by("pk"):
        name = names[case.child_id]
        text = mark(f"restricted-{name}") if case.restricted else mark(name)
        common = {
            "case": case,
            "child_id": case.child_id,
            "region_id": case.region_id,
            "restricted": case.restricted,
        }
        goal = CaseGoal.objects.create(**common, text=text, measure=text, due_date=DAY)
        action = CaseAction.objects.create(**common, goal=goal, title=text, due_date=DAY)
        conference = CaseConference.objects.create(
            **common, held_at=AT, place=text, chair=text, minutes=text, decisions=text, called_by=supervisor,
            called_at=AT, minuted_by=supervisor, minuted_at=AT,
        )  # fmt: skip
        ConferenceParticipant.objects.create(
            **common, conference=conference, role="police", name=text, attended=True
        )
        CaseEntry.objects.create(
            **common, kind="minutes", conference=conference, text=text, written_by=supervisor, written_at=AT
        )
        prefix = "hidden_" if case.restricted else ""
        found |= {
            f"{prefix}goal_{name}": goal.pk,
            f"{prefix}action_{name}": action.pk,
            f"{prefix}conference_{name}": conference.pk,
        }
    # The action that the world itself made for every child keeps its name.
    return {key: pk for key, pk in found.items() if not key.startswith("action_")}
