"""What the pages of cases show: plain values for the components."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from cases.casework.selectors import Person
from cases.enums import RiskLevel
from cases.field.enums import EntryKind, FollowUp, GoalState
from cases.models import Case, CaseAction, CaseEntry
from cases.plans.closing import may_reopen
from cases.plans.paper import about
from cases.plans.selectors import Plan, Standing
from cases.visits.enums import CaseState
from cases.visits.pages import events_of, place
from cases.workflows import COUNTY
from staff.models import TransitionRecord, User
from staff.templatetags.look import day, moment
from staff.workflow import Actor, available


def segments(current: str, counts: dict[str, int]) -> list[dict[str, Any]]:
    """Filters of the list of cases."""
    labels = {
        "open": _("Open cases"),
        "late": _("Overdue"),
        "county": _("With the county"),
        "closed": pgettext("case", "Closed"),
    }
    here = reverse("cases:cases")
    return [
        {"label": label, "url": f"{here}?show={code}", "current": code == current, "count": counts[code]}
        for code, label in labels.items()
    ]


def list_actions(actor: Actor) -> list[dict[str, Any]]:
    """Ways on from the list: the county finds there what has climbed to it."""
    if actor.role not in COUNTY:
        return []
    return [{"label": _("Climbed to the county"), "url": reverse("cases:queue"), "icon": "arrow-up-right"}]


def case_row(case: Case, standing: Standing) -> dict[str, Any]:
    """A row of the table of cases."""
    return {
        "case": case,
        "url": reverse("cases:case", args=[case.pk]),
        "place": case.region.short_name,
        "clock": clock_of(case),
        "standing": standing,
    }


def clock_of(case: Case) -> Any:
    """The day by which somebody must begin; None once a plan stands."""
    waiting = case.state in (CaseState.OPEN, CaseState.ESCALATED)
    return timezone.localdate(case.due_at) if case.due_at and waiting else None


def case_values(case: Case, plan: Plan, actor: Actor, today: dt.date) -> dict[str, Any]:
    """One case with its facts, steps, plan and what the actor can do."""
    facts = [
        {"label": _("Child"), "value": case.child, "url": reverse("cases:child", args=[case.child_id])},
        {"label": _("Place"), "value": place(case)},
        {"label": _("Opened"), "value": moment(case.opened_at), "number": True},
        {"label": _("Opened by"), "value": case.opened_by},
        {"label": _("Owner"), "value": case.owner},
        {"label": _("Respond by"), "value": moment(case.due_at), "number": True},
    ]
    if case.visit_id:
        label = _("Visit of %(day)s") % {"day": day(case.visit.visited_at)}  # type: ignore[union-attr]
        facts.append(
            {"label": _("Opened from"), "value": label, "url": reverse("cases:visit", args=[case.visit_id])}
        )
    if case.state == CaseState.CLOSED:
        facts.append({"label": _("Outcome"), "value": case.get_outcome_display()})
        if case.follow_up:
            facts.append({"label": _("What follows"), "value": case.get_follow_up_display()})
    still_open = case.state != CaseState.CLOSED
    steps_open = available(case, actor)
    return {
        "case": case,
        "child": case.child,
        "facts": facts,
        "steps": steps(case),
        "plan": plan,
        "groups": groups(plan),
        "to_do": sum(1 for action in plan.actions if action.done_at is None),
        "open": still_open,
        "actions": [one for one in steps_open if one.name != "close" and _offered(one.name, case, today)],
        "may_close": any(one.name == "close" for one in steps_open),
        "assess": case.follow_up == FollowUp.ASSESS and case.child.risk != RiskLevel.GREEN,
        "clock": clock_of(case),
        "review": case.review_date if still_open else None,
        "today": today,
    }


def _offered(name: str, case: Case, today: dt.date) -> bool:
    return name != "reopen" or may_reopen(case, today)


def groups(plan: Plan) -> list[dict[str, Any]]:
    """The plan as it is read: each goal with its actions, then the actions without a goal."""
    moved = [entry for entry in plan.entries if entry.kind in (EntryKind.DAY, EntryKind.WORDS)]
    rows: list[dict[str, Any]] = [
        {
            "goal": goal,
            "steps": [_step(one, moved) for one in plan.steps.get(goal.pk, [])],
            **_changes([entry for entry in moved if entry.goal_id == goal.pk]),
            "open": goal.state == GoalState.OPEN,
        }
        for goal in plan.goals
    ]
    if loose := plan.steps.get(None):
        rows.append({"goal": None, "steps": [_step(one, moved) for one in loose]})
    return rows


def _step(action: CaseAction, moved: list[CaseEntry]) -> dict[str, Any]:
    return {"action": action, **_changes([entry for entry in moved if entry.action_id == action.pk])}


def _changes(own: list[CaseEntry]) -> dict[str, Any]:
    return {"moved": len(own), "why": own[-1].text if own else ""}


def steps(case: Case) -> list[dict[str, Any]]:
    """The way of a case: opened, handed up if it was, helped, closed."""
    ahead = case.state in (CaseState.PLANNED, CaseState.CLOSED)
    entries = [{"label": _("Case opened"), "note": moment(case.opened_at), "state": "done"}]
    if case.at_county:
        waiting = case.state == CaseState.ESCALATED
        entries.append({"label": _("With the county"), "note": "", "state": "now" if waiting else "done"})
    helping = "done" if case.state == CaseState.CLOSED else "now" if ahead or not case.at_county else "later"
    entries.append({"label": _("Help in progress"), "note": str(case.owner or ""), "state": helping})
    closed = case.state == CaseState.CLOSED
    note = f"{moment(case.closed_at)} {case.get_outcome_display()}" if closed else ""
    entries.append(
        {"label": pgettext("case", "Closed"), "note": note, "state": "done" if closed else "later"}
    )
    return entries


def events(case: Case, records: list[TransitionRecord], plan: Plan) -> list[dict[str, Any]]:
    """What happened to a case, newest first, down to its opening: steps, entries, judgements, reports, conferences."""
    found = [*events_of(records, case), *_written(plan), *_done(plan)]
    opening = {
        "icon": "flag",
        "title": _("Case opened") + f" · {case.opened_by}",
        "date": case.opened_at,
        "text": case.get_level_display(),
    }
    return [*sorted(found, key=lambda event: event["date"], reverse=True), opening]


ENTRY_ICONS = {EntryKind.DAY: "calendar-event", EntryKind.REVIEW: "eye", EntryKind.MINUTES: "clipboard-text"}


def _written(plan: Plan) -> list[dict[str, Any]]:
    return [
        {
            "icon": ENTRY_ICONS.get(EntryKind(entry.kind), "pencil"),
            "title": f"{entry.get_kind_display()} · {entry.written_by}",
            "date": entry.written_at,
            "text": " · ".join(filter(None, (about(entry), entry.text))),
        }
        for entry in plan.entries
    ]


def _done(plan: Plan) -> list[dict[str, Any]]:
    judged = [
        {
            "icon": "flag",
            "title": f"{goal.get_state_display()} · {goal.judged_by}",
            "date": goal.judged_at,
            "text": f"{goal.text} · {goal.outcome}",
        }
        for goal in plan.goals
        if goal.judged_at is not None
    ]
    reported = [
        {
            "icon": "check",
            "title": _("Action done") + f" · {action.owner or ''}",
            "date": action.done_at,
            "text": f"{action.title} · {action.note}",
        }
        for action in plan.actions
        if action.done_at is not None
    ]
    met = [
        {"icon": "users", "title": _("Case conference"), "date": one.held_at, "text": one.place}
        for one in plan.conferences
        if one.minuted_at is not None
    ]
    return [*judged, *reported, *met]


def named_rows(case: Case, named: list[User], people: list[Person]) -> list[dict[str, Any]]:
    """The people named on a restricted case, with their posts."""
    titles: dict[int, list[str]] = {}
    for person in people:
        titles.setdefault(person.user_id, []).append(person.title)
    return [
        {
            "pk": one.pk,
            "name": one.name,
            "posts": _(", ").join(titles.get(one.pk, [])),
            "owner": one.pk == case.owner_id,
        }
        for one in named
    ]
