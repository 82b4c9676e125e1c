"""What the pages of exchanges show: plain values for the components."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from cases.matching import kinds
from cases.matching.enums import RequestState
from cases.matching.exchanges.people import LABELS, ROLES
from cases.matching.exchanges.selectors import Due
from cases.matching.exchanges.services import BY_HAND, number_of
from cases.models import DataRequest
from staff.enums import Role
from staff.models import TransitionRecord
from staff.scope import current
from staff.templatetags.look import day, moment
from staff.workflow import Actor, available, refusal


def status(state: str) -> str:
    """The key under which a state is shown."""
    return "done" if state == "arrived" else f"datarequest.{state}"


def due_rows(partners: list[Due]) -> list[dict[str, Any]]:
    """A line each regular partner: what is due in its span, and how far it is."""
    may_ask = current().role == Role.CLERK
    return [
        {
            "partner": str(due.kind.partner),
            "list": str(due.kind.name),
            "cadence": due.kind.cadence_label,
            "since": due.span.start,
            "status": status(due.state),
            "word": _("List has come") if due.state == "arrived" else "",
            "url": _where(due, may_ask),
            "link": _link(due, may_ask),
        }
        for due in partners
    ]


def _where(due: Due, may_ask: bool) -> str:
    if due.request is not None:
        return reverse("cases:request", args=[due.request.pk])
    if due.arrived is not None:
        return reverse("cases:list", args=[due.arrived.pk])
    if not may_ask:
        return ""
    if due.kind.asked is not None:
        return f"{reverse('cases:request_add')}?kind={due.kind.code}"
    return f"{reverse('cases:list_upload')}?kind={due.kind.code}"


def _link(due: Due, may_ask: bool) -> str:
    if due.request is not None:
        return _("Request")
    if due.arrived is not None:
        return _("List")
    if not may_ask:
        return ""
    return _("Ask for it") if due.kind.asked is not None else _("Import a list")


def row_of(request: DataRequest, today: dt.date) -> dict[str, Any]:
    """A row of the list of requests."""
    late = request.state == RequestState.SENT and request.due_date is not None and request.due_date < today
    return {
        "request": request,
        "number": number_of(request),
        "kind": kinds.name_of(request.kind),
        "url": reverse("cases:request", args=[request.pk]),
        "status": status(request.state),
        "due": request.due_date if request.state == RequestState.SENT else None,
        "late": late,
        "lines": [kinds.name_of(request.kind), f"{request.period:%Y-%m} · {request.requested_by.name}"],
    }


def facts(request: DataRequest) -> list[dict[str, Any]]:
    """The request as labelled values."""
    found: list[dict[str, Any]] = [
        {"label": _("Number"), "value": number_of(request), "number": True},
        {"label": _("Recipient"), "value": request.recipient},
        {"label": _("Answered by"), "value": kinds.name_of(request.kind)},
        {"label": _("Month"), "value": f"{request.period:%Y-%m}", "number": True},
        {"label": _("Whom of the files"), "value": "、".join(str(ROLES[role]) for role in request.roles)},
        {"label": _("Columns"), "value": "、".join(str(LABELS[name]) for name in request.columns)},
        {"label": _("Purpose"), "value": request.purpose, "wide": True},
        {"label": _("Legal basis"), "value": request.basis, "wide": True},
        {"label": _("Asked by"), "value": f"{request.requested_by.name} {moment(request.requested_at)}"},
    ]
    if request.approved_by:
        word = _("Not approved by") if request.state == RequestState.REFUSED else _("Approved by")
        found.append({"label": word, "value": f"{request.approved_by.name} {moment(request.approved_at)}"})
    if request.reason:
        found.append({"label": _("Reason"), "value": request.reason, "wide": True})
    if request.file_id:
        found.append({"label": _("People on the list"), "value": str(request.row_count), "number": True})
    if request.due_date:
        found.append({"label": _("Answer due"), "value": day(request.due_date), "number": True})
    return found


def actions(request: DataRequest, actor: Actor) -> list[Any]:
    """What can be decided now; what another person must decide is shown with who it is."""
    found: list[Any] = [one for one in available(request, actor) if one.name in BY_HAND]
    approve = request.workflow.by_name["approve"]
    if request.state == RequestState.SUBMITTED and refusal(request, approve, actor) and not found:
        label = str(approve.label)
        found = [
            {
                "name": "approve",
                "label": label,
                "disabled": _("The approver decides this, another person than who asked."),
            }
        ]
    return found


def events(request: DataRequest, records: list[TransitionRecord]) -> list[dict[str, Any]]:
    """What happened, latest first."""
    table = request.workflow.by_name
    return [
        {
            "icon": table[record.name].icon or "history",
            "title": str(table[record.name].label),
            "date": record.at,
            "text": " · ".join(filter(None, (record.user.name if record.user else "", record.reason))),
            "hot": record.target == RequestState.REFUSED,
        }
        for record in reversed(records)
    ]
