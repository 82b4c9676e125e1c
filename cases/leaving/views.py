"""Pages: a child leaves the register, and a leaving entered in error is taken back."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from cases.children.timeline import address
from cases.children.views import DECIDERS, open_file, posted, show_errors
from cases.enums import LeaveReason
from cases.leaving import services as leaving
from cases.leaving.forms import LeaveForm, ReturnForm
from cases.leaving.pages import leaving_facts
from cases.models import Child
from cases.refusals import RegisterRefused
from staff.access import roles


@never_cache
@roles(*DECIDERS)
def child_leave(request: HttpRequest, pk: int) -> HttpResponse:
    """The child leaves the register. Asked by htmx: the details that the chosen reason demands, and until when is paid."""
    child, today = open_file(pk), timezone.localdate()
    chosen = request.GET.get("reason_code", "")
    initial: dict[str, Any] = {"day": today, "reason_code": chosen} | {
        name: request.GET[name] for name in LeaveForm.base_fields if name in request.GET
    }
    form = LeaveForm(posted(request), initial=initial)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            leaving.leave_register(
                child, day=data["day"], reason_code=data["reason_code"], at=timezone.now(), **form.details()
            )
            messages.success(request, _("The child has left the register."))
            return redirect("cases:child", pk)
        except (ValidationError, RegisterRefused) as error:
            show_errors({"": form}, error)
    day = parse_date(str(form["day"].value() or "")) if form.is_bound else _day(str(initial["day"]), today)
    context = {
        "child": child,
        "form": form,
        "title": _("%(name)s leaves the register") % {"name": child.name},
        "back": reverse("cases:child", args=[pk]),
    } | _consequences(child, str(form["reason_code"].value() or ""), day or today)
    template = "cases/_leave_details.html" if request.headers.get("HX-Request") else "cases/child_leave.html"
    return render(request, template, context)


def _day(text: str, today: dt.date) -> dt.date:
    try:
        return parse_date(text) or today
    except ValueError:
        return today


def _consequences(child: Child, code: str, day: dt.date) -> dict[str, Any]:
    """Until when is paid, and that who only moves is transferred rather than struck off."""
    if code not in LeaveReason.values:
        return {"pay": None, "asked": False, "transfer_url": ""}
    reason = LeaveReason(code)
    moves = reason == LeaveReason.MOVED_AWAY
    return {
        "asked": True,
        "pay": leaving.last_pay(child, day, reason),
        "transfer_url": address("cases:transfer_propose", child.pk) if moves else "",
        "moves": moves,
    }


@never_cache
@roles(*DECIDERS)
def child_return(request: HttpRequest, pk: int) -> HttpResponse:
    """Take back a leaving that was entered in error."""
    child = open_file(pk)
    form = ReturnForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            leaving.return_to_register(child, reason=form.cleaned_data["reason"], at=timezone.now())
            messages.success(request, _("The child is on the register again, as if it had never left."))
            return redirect("cases:child", pk)
        except (ValidationError, RegisterRefused) as error:
            show_errors({"": form}, error)
    return render(
        request,
        "cases/child_part_form.html",
        {
            "child": child,
            "form": form,
            "title": _("Take back the leaving of %(name)s") % {"name": child.name},
            "warnings": [],
            "submit": _("Put back on the register"),
            "note": _(
                "For a leaving that was entered in error. Who came back after having left is added anew."
            ),
            "facts": leaving_facts(child),
            "shares": [],
            "back": reverse("cases:child", args=[pk]),
        },
    )
