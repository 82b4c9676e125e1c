"""Pages of transfers: the list, proposing one from a child's file, one transfer with its decision."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from cases.children.views import open_file, posted, show_errors
from cases.models import Transfer
from cases.refusals import FIELD, RegisterRefused
from cases.transfers import pages, selectors, services
from cases.transfers.forms import TransferForm, walk
from staff.access import roles
from staff.audit import log_access
from staff.enums import Role
from staff.scope import current
from staff.workflow import TransitionRefused, available

READERS = (Role.DIRECTOR, Role.SUPERVISOR, Role.CLERK, Role.APPROVER, Role.LEADER)
EDITORS = tuple(sorted(FIELD))
ACTS = {
    "accept": lambda found, at, reason: services.accept_transfer(found, at=at),
    "refuse": lambda found, at, reason: services.refuse_transfer(found, at=at, reason=reason),
    "withdraw": lambda found, at, reason: services.withdraw_transfer(found, at=at, reason=reason),
}


@require_GET
@roles(*READERS)
def transfers(request: HttpRequest) -> HttpResponse:
    """What waits for a decision here, what was proposed here, what is over."""
    view = request.GET.get("show", "")
    view = view if view in selectors.VIEWS else selectors.TO_DECIDE
    before = request.GET.get("before", "")
    page = selectors.page_of(view, int(before) if before.isdecimal() else None)
    context = {
        "rows": [pages.row_of(one) for one in page.rows],
        "segments": pages.segments(view),
        "view": view,
        "later": f"?show={view}&before={page.older}" if page.older else "",
        "earlier": f"?show={view}" if before else "",
    }
    return render(request, "cases/transfers.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
@roles(*READERS)
def transfer(request: HttpRequest, pk: int) -> HttpResponse:
    """One transfer as both sides read it; POST ``action`` accept, refuse or withdraw."""
    found = get_object_or_404(selectors.with_places(Transfer.objects.all()), pk=pk)
    if request.method == "POST":
        return _act(request, found)
    log_access(
        kind="read",
        child_id=found.child_id,
        region_id=current().ranges[0][0],
        subject="cases.transfer",
        subject_id=pk,
    )
    return render(request, "cases/transfer.html", pages.transfer_context(found, available(found)))


def _act(request: HttpRequest, found: Transfer) -> HttpResponse:
    name = request.POST.get("action", "")
    if name not in ACTS:
        messages.error(request, _("Choose what to do."))
        return redirect("cases:transfer", found.pk)
    try:
        done = ACTS[name](found, timezone.now(), request.POST.get("reason", ""))
    except TransitionRefused as refused:
        messages.error(request, str(refused))
        return redirect("cases:transfer", found.pk)
    messages.success(request, pages.said(done))
    return redirect("cases:transfer", found.pk)


@never_cache
@require_http_methods(["GET", "POST"])
@roles(*EDITORS)
def transfer_propose(request: HttpRequest, pk: int) -> HttpResponse:
    """Offer a child's file to another village."""
    child = open_file(pk)
    at = timezone.now()
    today = timezone.localdate(at)
    given = request.POST if request.method == "POST" else request.GET
    asked = "show" not in request.POST
    kept = (
        {}
        if asked
        else {name: request.POST.get(name, "") for name in ("reason_code", "effective_date", "reason")}
    )
    form = TransferForm(posted(request) if asked else None, today=today, initial=kept)
    if request.method == "POST" and asked and form.is_valid():
        data = form.cleaned_data
        try:
            new = services.propose_transfer(
                child,
                to_region_id=data["to_region"],
                reason_code=data["reason_code"],
                effective_date=data["effective_date"],
                reason=data["reason"],
                at=at,
            )
        except (ValidationError, RegisterRefused) as error:
            show_errors({"": form}, error)
        else:
            messages.success(
                request,
                _("The transfer of %(name)s is proposed. The receiving side decides.") % {"name": child.name},
            )
            return redirect("cases:transfer", new.pk)
    chosen = [*given.getlist("at"), *given.getlist("to_region")]
    context: dict[str, Any] = {
        "child": child,
        "form": form,
        "steps": walk(chosen, child.region_id, today),
        "pending": selectors.open_transfer(pk),
        "back": reverse("cases:child", args=[pk]),
        "title": _("Transfer to another village"),
        "rules": pages.proposing_rules(),
    }
    return render(request, "cases/transfer_propose.html", context)


@require_GET
@roles(*EDITORS)
def transfer_places(request: HttpRequest) -> HttpResponse:
    """The selects of the divisions for what is chosen so far, as a fragment."""
    chosen = [*request.GET.getlist("at"), *request.GET.getlist("to_region")]
    steps = walk(chosen, current().ranges[0][0], timezone.localdate())
    return render(request, "cases/_transfer_places.html", {"steps": steps})
