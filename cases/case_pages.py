"""What the pages of cases show: plain values for the components."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.case_forms import CloseForm
from cases.case_selectors import Person
from cases.models import Case, CaseAction
from cases.visit_enums import CaseState
from cases.visit_pages import events_of, place
from cases.workflows import COUNTY
from staff.models import TransitionRecord, User
from staff.templatetags.look import day, moment
from staff.workflow import Actor, available


def segments(current: str, counts: dict[str, int]) -> list[dict[str, Any]]:
    """Filters of the list of cases."""
    labels = {"open": _("Open cases"), "county": _("With the county"), "closed": _("Closed")}
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


def case_row(case: Case) -> dict[str, Any]:
    """A row of the table of cases."""
    return {
        "case": case,
        "url": reverse("cases:case", args=[case.pk]),
        "place": case.region.short_name,
        "clock": clock_of(case),
    }


def clock_of(case: Case) -> Any:
    """The day by which somebody must begin; None once a plan stands."""
    waiting = case.state in (CaseState.OPEN, CaseState.ESCALATED)
    return timezone.localdate(case.due_at) if case.due_at and waiting else None


def case_values(case: Case, plan: list[CaseAction], actor: Actor) -> dict[str, Any]:
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
    return {
        "case": case,
        "child": case.child,
        "facts": facts,
        "steps": steps(case),
        "plan": plan,
        "todo": sum(1 for action in plan if action.done_at is None),
        "open": case.state != CaseState.CLOSED,
        "actions": actions(case, actor),
        "clock": clock_of(case),
    }


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
    entries.append({"label": _("Closed"), "note": note, "state": "done" if closed else "later"})
    return entries


def actions(case: Case, actor: Actor) -> list[Any]:
    """The steps open to the actor; closing asks for an outcome."""
    entries: list[Any] = []
    for one in available(case, actor):
        if one.name == "close":
            entries.append(
                {
                    "name": one.name,
                    "label": _("Close the case"),
                    "icon": one.icon,
                    "primary": False,
                    "fields": CloseForm(auto_id="close_%s"),
                    "prompt": _("How did the case end?"),
                }
            )
        else:
            entries.append(one)
    return entries


def events(case: Case, records: list[TransitionRecord]) -> list[dict[str, Any]]:
    """What happened to a case, newest first, down to its opening."""
    opening = {
        "icon": "flag",
        "title": _("Case opened") + f" · {case.opened_by}",
        "date": case.opened_at,
        "text": case.get_level_display(),
    }
    return [*events_of(records, case), opening]


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
