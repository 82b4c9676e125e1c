"""What the pages of defects show: plain values for the components."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from cases.circumstances.enums import DefectKind, DefectState
from cases.defects import rules, selectors
from cases.defects.selectors import COUNTY_ROLES, MEASURES, Counts, DefectFilters, Period
from cases.defects.services import LIVE, MISSING, OPEN
from cases.models import Child, Defect, DefectStep
from cases.refusals import FIELD
from cases.workflows import DEFECT
from staff.enums import Role
from staff.models import TransitionRecord
from staff.scope import current
from staff.templatetags.look import day
from staff.workflow import Actor, available, refusal

# Where the missing fact is entered: address of the form and the field on it.
ENTERED: dict[DefectKind, tuple[str, str]] = {
    DefectKind.NO_IDENTITY: ("cases:child_edit", "#id_id_number"),
    DefectKind.NO_REGISTRATION: ("cases:child_edit", "#id_registration"),
    DefectKind.OUT_OF_SCHOOL: ("cases:child_edit", "#id_school_stage"),
    DefectKind.NO_GUARDIAN: ("cases:child_guardian", ""),
}


def segments(filters: DefectFilters, role: str) -> list[dict[str, Any]]:
    """Ways of looking at the list; what has climbed is the county's."""
    words = {
        "": _("Unsolved"),
        "overdue": _("Overdue"),
        "climbed": _("Climbed to the county"),
        "check": _("To be checked"),
        "closed": _("Closed"),
        "void": _("None, or exempt"),
    }
    return [
        {
            "label": word,
            "url": filters.address(show=show, measure="", start=None, end=None),
            "current": not filters.measure and filters.show == show,
        }
        for show, word in words.items()
        if show != "climbed" or role in COUNTY_ROLES
    ]


def row_of(defect: Defect, today: dt.date) -> dict[str, Any]:
    """A row of the list."""
    place = f"{defect.township} {defect.village}".strip()  # type: ignore[attr-defined]
    owner = defect.owner.name if defect.owner else _("nobody yet")
    return {
        "defect": defect,
        "url": reverse("cases:defect", args=[defect.pk]),
        "place": place,
        "owner": owner,
        "lines": [defect.get_kind_display(), f"{place} · {owner}"],
        "due": defect.due_date if defect.state in OPEN else None,
        "state": "" if defect.state in OPEN else defect.state,
    }


def enter_url(defect: Defect) -> str:
    """Where the missing fact is entered; empty for a post that may not."""
    if current().role not in FIELD or defect.child.left_date is not None:
        return ""
    name, anchor = ENTERED[DefectKind(defect.kind)]
    return reverse(name, args=[defect.child_id]) + anchor


def actions(defect: Defect, there: bool, actor: Actor) -> list[Any]:
    """What the actor can do now. Solving by hand is offered once the fact is on record, closing told why not yet."""
    kind = DefectKind(defect.kind)
    entries: list[Any] = []
    solve = DEFECT.by_name["solve"]
    if there and refusal(defect, solve, actor) is None:
        entries.append(
            {
                "name": "solve",
                "label": solve.label,
                "icon": solve.icon,
                "needs_text": True,
                "text_label": _("How it was solved"),
            }
        )
    for one in available(defect, actor):
        if one.name == "close" and not there:
            entries.append(
                {"name": one.name, "label": one.label, "icon": one.icon, "disabled": MISSING[kind]()}
            )
        elif one.name == "void":
            entries.append(
                {
                    "name": one.name,
                    "label": one.label,
                    "icon": one.icon,
                    "needs_text": True,
                    "primary": False,
                    "prompt": _("Why is it none, or why is the child exempt?"),
                    "text_label": _("Reason and paper, such as an approved postponement of schooling"),
                }
            )
        else:
            entries.append(one)
    return entries


def facts(defect: Defect, today: dt.date) -> list[dict[str, Any]]:
    """One defect as labelled values."""
    child = defect.child
    found: list[dict[str, Any]] = [
        {"label": _("Child"), "value": child.name, "url": reverse("cases:child", args=[child.pk])},
        {"label": _("Place"), "value": f"{defect.township} {defect.village}"},  # type: ignore[attr-defined]
        {"label": _("Came to light"), "value": defect.get_source_display()},
        {"label": _("Opened on"), "value": day(defect.opened_date), "number": True},
        {"label": _("Due"), "value": day(defect.due_date), "number": True},
        {"label": _("Responsible"), "value": defect.owner.name if defect.owner else _("nobody yet")},
        {"label": _("On record now"), "value": on_record(defect)},
    ]
    if defect.note:
        found.append({"label": _("How it showed"), "value": defect.note, "wide": True})
    if defect.solved_date:
        who = defect.solved_by.name if defect.solved_by else _("the register")
        found.append({"label": _("Solved"), "value": f"{day(defect.solved_date)} {who}"})
    if defect.checked_by:
        found.append({"label": _("Checked"), "value": f"{day(defect.checked_at)} {defect.checked_by.name}"})
    if defect.state == DefectState.VOID and defect.exempt_until:
        found.append(
            {"label": _("Not asked again before"), "value": day(defect.exempt_until), "number": True}
        )
    return found


def on_record(defect: Defect) -> str:
    """What the child's file says of the matter now."""
    child = defect.child
    match DefectKind(defect.kind):
        case DefectKind.NO_IDENTITY:
            return child.masked_identity or _("No identity number")
        case DefectKind.NO_REGISTRATION:
            return child.get_registration_display() or _("Not stated")
        case DefectKind.OUT_OF_SCHOOL:
            return " ".join(filter(None, (child.get_school_stage_display(), child.school_name))) or _(
                "Not stated"
            )
        case DefectKind.NO_GUARDIAN:
            names = [
                f"{one.name}（{one.get_relation_display()}）"
                for one in child.guardians.all()
                if one.end_date is None and one.kind in rules.GUARDING
            ]
            return _(", ").join(names) or _("No guardian")


def events(defect: Defect, records: list[TransitionRecord], steps: list[DefectStep]) -> list[dict[str, Any]]:
    """What was done and decided, newest first, down to the opening."""
    rows: list[tuple[dt.datetime, dict[str, Any]]] = []
    for step in steps:
        who = step.user.name if step.user else ""
        rows.append((step.created_at, {"icon": "pencil", "title": who, "date": step.date, "text": step.text}))
    for record in records:
        transition = DEFECT.by_name.get(record.name)
        if record.name == "follow":
            continue  # the first step says it
        who = record.user.name if record.user else ""
        label = str(transition.label) if transition else record.name
        rows.append(
            (
                record.at,
                {
                    "icon": transition.icon if transition else "history",
                    "title": " · ".join(filter(None, (label, who))),
                    "date": record.at,
                    "text": record.reason,
                    "hot": record.name in ("solve", "close"),
                },
            )
        )
    found = [row for _at, row in sorted(rows, key=lambda pair: pair[0], reverse=True)]
    opening = {
        "icon": "flag",
        "title": _("Opened: %(kind)s") % {"kind": defect.get_kind_display()},
        "date": defect.opened_date,
        "text": defect.note or defect.get_source_display(),
    }
    return [*found, opening]


def former_rows(found: list[Defect]) -> list[dict[str, Any]]:
    """Earlier defects of the same kind."""
    return [
        {
            "url": reverse("cases:defect", args=[one.pk]),
            "opened": one.opened_date,
            "solved": one.solved_date,
            "state": one.state,
        }
        for one in found
    ]


# --- Panels on other pages -------------------------------------------------------------------------------------


def child_panel(child: Child, today: dt.date) -> dict[str, Any]:
    """For the child's file: ``defects`` (live ones, then at most three that are over), ``may_open_defect``."""
    found = selectors.of_child(child)
    shown = [one for one in found if one.state in LIVE] + [one for one in found if one.state not in LIVE][:3]
    return {
        "defects": [
            {
                "title": one.get_kind_display(),
                "url": reverse("cases:defect", args=[one.pk]),
                "state": one.state,
                "due": one.due_date if one.state in OPEN else None,
                "owner": one.owner.name if one.owner else _("nobody yet"),
                "live": one.state in LIVE,
            }
            for one in shown
        ],
        "defect_count": sum(1 for one in found if one.state in OPEN),
        "may_open_defect": current().role in FIELD and child.left_date is None,
    }


def home_strip(today: dt.date) -> dict[str, Any]:
    """For the director's home: how many defects are open and overdue."""
    found = selectors.waiting(today)
    return {"defects": found, "defects_url": reverse("cases:defects")}


# --- Counts ----------------------------------------------------------------------------------------------------


def _cell(
    counts: Counts, period: Period, measure: str, kind: str = "", township: int | None = None
) -> dict[str, Any]:
    number = counts.number(measure, kind, township)
    filters = DefectFilters(kind=kind, region=township, measure=measure, start=period.start, end=period.end)
    return {"value": number, "url": reverse("cases:defects") + filters.address() if number else ""}


def kind_rows(counts: Counts, period: Period) -> list[dict[str, Any]]:
    """One row a kind, and their sum: every measure."""
    rows = [(str(kind.label), kind.value) for kind in DefectKind] + [(_("Together"), "")]
    return [
        {
            "name": name,
            "total": not kind,
            "cells": [_cell(counts, period, measure, kind) for measure in MEASURES],
        }
        for name, kind in rows
    ]


def township_rows(counts: Counts, period: Period, measure: str) -> list[dict[str, Any]]:
    """One row a township: the chosen measure by kind, and together."""
    kinds = [*(kind.value for kind in DefectKind), ""]
    rows: list[tuple[str, int | None]] = [(place.short_name, place.pk) for place in counts.townships]
    if len(rows) > 1:
        rows.append((_("Together"), None))
    return [
        {
            "name": name,
            "total": code is None,
            "cells": [_cell(counts, period, measure, kind, code) for kind in kinds],
        }
        for name, code in rows
    ]


def default_period(today: dt.date) -> tuple[dt.date, dt.date]:
    """This year up to today."""
    return today.replace(month=1, day=1), today


def is_county(role: str) -> bool:
    """Whether the reader sees several townships."""
    return role in (Role.CLERK, Role.APPROVER, Role.LEADER)
