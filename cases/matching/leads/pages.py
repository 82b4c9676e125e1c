"""What the pages of potential children show: plain values for the components."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from cases import identity
from cases.children.reveals import address_shown
from cases.enums import Sex
from cases.matching import kinds
from cases.matching.enums import LeadState, LeadWhy
from cases.matching.leads.selectors import BROUGHT_IN, MEASURES, NOT_VISITED, Funnel, LeadFilters
from cases.matching.leads.services import DOOR, Why, directors_of, spoken
from cases.models import PotentialChild
from cases.refusals import FIELD
from staff.enums import Role
from staff.models import Region, TransitionRecord, User
from staff.scope import current
from staff.templatetags.look import day
from staff.workflow import Actor, available


def reasons(why: list[Why]) -> list[str]:
    """What the lists say, a sentence a reason."""
    found = []
    for code, list_kind in sorted(spoken(why)):
        label = str(LeadWhy(code).label)
        source = _("door-to-door round") if list_kind == DOOR else kinds.short_name(list_kind)
        found.append(_("%(what)s (%(source)s)") % {"what": label, "source": source})
    return found


def segments(filters: LeadFilters) -> list[dict[str, Any]]:
    """Ways of looking at the list."""
    words = {
        "": _("Still open"),
        "mine": _("Assigned to me"),
        "overdue": _("Overdue"),
        LeadState.VISITED.value: _("Visited"),
        LeadState.APPLYING.value: _("Helped to apply"),
        LeadState.BROUGHT_IN.value: _("Brought into scope"),
        LeadState.DROPPED.value: _("Does not qualify"),
    }
    return [
        {
            "label": word,
            "url": filters.address(show=show, measure="", start=None, end=None),
            "current": not filters.measure and filters.show == show,
        }
        for show, word in words.items()
        if show != "mine" or current().role == Role.DIRECTOR
    ]


def row_of(lead: PotentialChild) -> dict[str, Any]:
    """A row of the list."""
    place = f"{lead.township} {lead.village}".strip()  # type: ignore[attr-defined]
    why = reasons(lead.why)
    return {
        "lead": lead,
        "url": reverse("cases:lead", args=[lead.pk]),
        "place": place,
        "why": "；".join(why),
        "who": lead.assigned_to.name if lead.assigned_to else _("nobody yet"),
        "lines": ["；".join(why), f"{place} · {lead.head_name}" if lead.head_name else place],
        "due": lead.due_date if lead.state in NOT_VISITED else None,
        "status": status(lead.state),
    }


def status(state: str) -> str:
    """The key under which a state is shown."""
    return f"potentialchild.{state}"


def measure_label(measure: str) -> str:
    if measure == BROUGHT_IN:
        return _("Brought into scope in the period")
    return str(MEASURES[measure].label) if measure else ""


def facts(lead: PotentialChild) -> list[dict[str, Any]]:
    """Who it is, as labelled values; the number masked."""
    found: list[dict[str, Any]] = [
        {"label": _("Name"), "value": lead.name},
        {
            "label": _("Date of birth"),
            "value": day(lead.birth_date) if lead.birth_date else "—",
            "number": True,
        },
        {"label": _("Sex"), "value": str(Sex(lead.sex).label) if lead.sex else "—"},
        {"label": _("Head of household"), "value": lead.head_name or "—"},
        {"label": _("Place"), "value": f"{lead.township} {lead.village}"},  # type: ignore[attr-defined]
        {"label": _("Address"), "value": address_shown(lead.address) or "—"},
        {"label": _("Visit due"), "value": day(lead.due_date), "number": True},
        {
            "label": _("Visit assigned to"),
            "value": lead.assigned_to.name if lead.assigned_to else _("nobody yet"),
        },
    ]
    if lead.id_number:
        number = {
            "label": _("Identity number"),
            "masked": identity.mask(lead.id_number),
            "reveal": reverse("staff:reveal", args=["lead-identity", lead.pk]),
            "person": lead.name,
        }
        found.insert(1, number)
    if lead.clue:
        found.append({"label": _("What was seen or heard"), "value": lead.clue, "wide": True})
    return found


def visit_facts(lead: PotentialChild) -> list[dict[str, Any]]:
    """What the visit found; empty before it."""
    if lead.visited_at is None:
        return []
    found: list[dict[str, Any]] = [
        {"label": _("Day of the visit"), "value": day(lead.visit_date), "number": True},
        {"label": _("Visited by"), "value": lead.visited_by.name if lead.visited_by else "—"},
        {"label": _("What was found"), "value": lead.finding, "wide": True},
    ]
    if lead.problem:
        found.append({"label": _("Problem found"), "value": lead.problem, "wide": True})
    if lead.solution:
        found.append({"label": _("Solution"), "value": lead.solution, "wide": True})
    return found


def next_steps(lead: PotentialChild) -> list[dict[str, Any]]:
    """Pages on which the reader goes on: record the visit, take the child into the register."""
    if current().role not in FIELD:
        return []
    if lead.state in NOT_VISITED:
        return [{"label": _("Record the visit"), "url": reverse("cases:lead_visit", args=[lead.pk])}]
    if lead.state == LeadState.VISITED:
        return [{"label": _("Take into the register"), "url": f"{reverse('cases:child_add')}?lead={lead.pk}"}]
    return []


def actions(lead: PotentialChild, actor: Actor) -> list[Any]:
    """What is decided on the page itself: does not qualify, open again. Neither is what the page is for."""
    return [
        {
            "name": one.name,
            "label": one.label,
            "icon": one.icon,
            "needs_text": True,
            "primary": False,
            "prompt": _("Why does the child not qualify?")
            if one.name == "drop"
            else _("Why is it opened again?"),
            "text_label": _("Reason"),
        }
        for one in available(lead, actor)
        if one.name in ("drop", "reopen")
    ]


def villages_with_directors(villages: list[Region], on: dt.date) -> list[tuple[int, str]]:
    """Villages that have a director, named with the person who would make the visit. Two queries."""
    directors = directors_of([village.pk for village in villages], on)
    names = dict(
        User.objects.filter(pk__in={users[0] for users in directors.values()}).values_list("pk", "name")
    )
    return [
        (village.pk, f"{village.short_name} · {names.get(directors[village.pk][0], '')}")
        for village in villages
        if village.pk in directors
    ]


def events(lead: PotentialChild, records: list[TransitionRecord]) -> list[dict[str, Any]]:
    """What happened, latest first."""
    words = {t.name: t.label for t in lead.workflow.transitions}
    icons = {t.name: t.icon for t in lead.workflow.transitions}
    found = [
        {
            "icon": icons.get(record.name) or "history",
            "title": str(words.get(record.name, record.name)),
            "date": record.at,
            "text": " · ".join(
                filter(None, (record.user.name if record.user else _("matching"), record.reason))
            ),
            "hot": record.target in (LeadState.DROPPED, LeadState.BROUGHT_IN),
        }
        for record in reversed(records)
    ]
    source = lead.entered_by.name if lead.entered_by else _("matching")
    first = {
        "icon": "search",
        "title": pgettext("potential child", "Found"),
        "date": lead.created_at,
        "text": source,
    }
    return [*found, first]


# --- The funnel ----------------------------------------------------------------------------------------------


def funnel_tiles(counted: Funnel) -> list[dict[str, Any]]:
    """The way from found to brought in, each number leading to its list."""
    filters = LeadFilters(start=counted.start, end=counted.end)
    return [
        {
            "number": counted.whole[code],
            "label": str(MEASURES[code].label),
            "url": reverse("cases:leads") + filters.address(measure=code),
            "hot": code == "overdue" and counted.whole[code] > 0,
        }
        for code in ("found", "assigned", "visited", "applying", "brought_in", "dropped", "overdue")
    ]


def year_total(counted: Funnel) -> dict[str, Any]:
    """How many were brought in during the year, whenever they were found (莱阳: 84)."""
    filters = LeadFilters(start=counted.start, end=counted.end)
    return {"number": counted.brought_in, "url": reverse("cases:leads") + filters.address(measure=BROUGHT_IN)}


def funnel_rows(counted: Funnel) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Rows by township and by month; each cell is (number, address of its list)."""
    whole = LeadFilters(start=counted.start, end=counted.end)
    townships = [
        _funnel_row(
            region.short_name,
            counted.by_township[region.pk],
            LeadFilters(region=region.pk, start=whole.start, end=whole.end),
        )
        for region in counted.townships
    ]
    months = [
        _funnel_row(f"{month:%Y-%m}", numbers, LeadFilters(start=month, end=_last_day(month, counted.end)))
        for month, numbers in counted.by_month.items()
    ]
    return townships, months


def _last_day(month: dt.date, end: dt.date) -> dt.date:
    after = (month.replace(day=28) + dt.timedelta(days=4)).replace(day=1)
    return min(after - dt.timedelta(days=1), end)


def _funnel_row(name: str, numbers: dict[str, int], filters: LeadFilters) -> dict[str, Any]:
    here = reverse("cases:leads")
    cells = [(numbers[code], here + filters.address(measure=code)) for code in MEASURES]
    return {"name": name, "cells": cells}
