"""Pages of the pay of child directors: a month of a township, its appraisal, approval and list; a director's own."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cases import ledger_exports
from staff.access import roles
from staff.enums import RegionLevel, Role
from staff.models import Region
from staff.scope import current
from staff.templatetags.look import month as written
from staff.workflow import Actor, TransitionRefused
from subsidies.aid import staff_pay as service
from subsidies.aid.forms import GivenOnForm, PayForm
from subsidies.aid.pages import EVERYONE, READERS, column, role, say, show_list
from subsidies.aid.staff_pay import Line
from subsidies.aid.staff_pay_export import EXPORT
from subsidies.reckoning.months import month_of

OWN_SHOWN = 24


def _places(today: dt.date) -> list[Region]:
    """Townships of the reader's area."""
    found: list[Region] = []
    for low, high in current().ranges:
        found += Region.objects.in_force(today).filter(code__range=(low, high), level=RegionLevel.TOWNSHIP)
    return found


def _chosen(request: HttpRequest) -> tuple[dt.date, Region, list[Region]]:
    """Month and township of the address (or the form); the present month and the first township without."""
    today = timezone.localdate()
    places = _places(today)
    given = request.POST if request.method == "POST" else request.GET
    month, place = PayForm(given, places=places).chosen(places, month_of(today))
    return month, place, places


def _address(month: dt.date, place: Region) -> str:
    return reverse("subsidies:staff_pay") + f"?month={month:%Y-%m}&region={place.pk}"


@require_GET
@roles(*EVERYONE)
def staff_pay(request: HttpRequest) -> HttpResponse:
    """A month of a township with what was counted; a director sees their own months."""
    if role() == Role.DIRECTOR:
        return _own(request)
    month, place, places = _chosen(request)
    lines = service.month_table(place, month, timezone.localdate())
    actor = Actor.current()
    ready = [line.row for line in lines if line.row and line.row.state == "appraised"]
    granted = [line.row for line in lines if line.row and line.row.state == "approved"]
    rows = [_row(line, actor) for line in lines]
    paid = [line.row for line in lines if line.row]
    may_approve = actor.role in service.APPROVERS and bool(ready)
    may_pay = actor.role in service.PAYERS and bool(granted)
    return show_list(
        request,
        _("Pay of child directors"),
        note=_("%(month)s · %(place)s") % {"month": written(month), "place": place.short_name},
        form=PayForm({"month": f"{month:%Y-%m}", "region": place.pk}, places=places),
        rows=rows,
        actions=[
            {
                "label": _("Export"),
                "url": reverse("subsidies:staff_pay_list") + f"?month={month:%Y-%m}",
                "icon": "download",
            }
        ],
        summary={
            "base": sum((row.base for row in paid), Decimal(0)),
            "performance": sum((row.performance for row in paid), Decimal(0)),
            "month": f"{month:%Y-%m}",
            "place": place.pk,
            "may_appraise": actor.role in service.APPRAISERS and any(row["may_score"] for row in rows),
            "may_approve": may_approve,
            "may_pay": may_pay,
            "ready": len(ready),
            "granted": len(granted),
            "day": GivenOnForm(initial={"day": timezone.localdate()}),
        },
        empty_text=_("No director held a post here in this month."),
        page="subsidies/staff_pay.html",
    )


def _row(line: Line, actor: Actor) -> dict[str, Any]:
    open_to_score = line.row is None or line.row.state == "appraised"
    return {
        "line": line,
        "row": line.row,
        "score": line.row.score if line.row else line.score,
        "base": line.row.base if line.row else line.pay.base,
        "performance": line.row.performance if line.row else line.pay.performance,
        "may_score": actor.role in service.APPRAISERS and open_to_score and line.user.pk != actor.user_id,
    }


def _own(request: HttpRequest) -> HttpResponse:
    rows = list(service.own(Actor.current().user_id)[:OWN_SHOWN])
    return show_list(
        request,
        _("My pay"),
        note=_("A fixed part, and performance by the month's appraisal."),
        columns=[
            *(column(_("Month"), "name"), column(_("Score"), "number"), column(_("Fixed pay"), "money")),
            *(column(_("Performance pay"), "money"), column(_("Together"), "money"), column(_("State"))),
            column(_("Note")),
        ],
        rows=[
            {
                "cells": [
                    *(written(row.month), row.score, row.base, row.performance, row.base + row.performance),
                    *(row.get_state_display(), row.note or "—"),
                ]
            }
            for row in rows
        ],
        empty_text=_("Your supervisor has not appraised a month yet."),
    )


@require_POST
@roles(Role.SUPERVISOR)
def staff_pay_appraise(request: HttpRequest) -> HttpResponse:
    """Write down the scores of a month: fields ``score_<user>`` and ``note_<user>``."""
    month, place, _places = _chosen(request)
    given: dict[int, tuple[int, str]] = {}
    for name, text in request.POST.items():
        user = name.removeprefix("score_")
        if name.startswith("score_") and user.isdecimal() and str(text).strip():
            points = int(str(text)) if str(text).isdecimal() else -1
            given[int(user)] = (points, str(request.POST.get(f"note_{user}", "")))
    try:
        done = service.appraise(
            actor=Actor.current(), at=timezone.now(), place=place, month=month, given=given
        )
        said = ngettext("%(number)s director appraised.", "%(number)s directors appraised.", len(done))
        say(request, said % {"number": len(done)})
    except TransitionRefused as why:
        messages.error(request, str(why))
    return redirect(_address(month, place))


@require_POST
@roles(Role.CLERK, Role.APPROVER)
def staff_pay_step(request: HttpRequest) -> HttpResponse:
    """Approve what is appraised, or say that it was paid: everything of the month and township."""
    month, place, _places = _chosen(request)
    actor, at, name = Actor.current(), timezone.now(), request.POST.get("action", "")
    rows = [line.row for line in service.month_table(place, month, timezone.localdate(at)) if line.row]
    ids = [row.pk for row in rows]
    try:
        if name == "approve":
            number = service.approve(actor=actor, at=at, ids=ids)
            say(request, ngettext("%(n)s approved.", "%(n)s approved.", number) % {"n": number})
        elif name == "pay":
            form = GivenOnForm(request.POST)
            if form.is_valid():
                number = service.mark_paid(actor=actor, at=at, ids=ids, day=form.cleaned_data["day"])
                say(request, ngettext("%(n)s paid.", "%(n)s paid.", number) % {"n": number})
            else:
                messages.error(request, _("Write the day."))
    except TransitionRefused as why:
        messages.error(request, str(why))
    return redirect(_address(month, place))


@never_cache
@require_http_methods(["GET", "POST"])
@roles(*READERS)
def staff_pay_list(request: HttpRequest) -> HttpResponse:
    """The approved pay of a month as a list for the finance office."""
    form = PayForm(request.GET, places=[])
    form.is_valid()
    month = form.cleaned_data.get("month") or month_of(timezone.localdate())
    back = reverse("subsidies:staff_pay") + f"?month={month:%Y-%m}"
    return ledger_exports.ask(request, EXPORT, {"month": month.isoformat()}, back)
