"""The approver's desk: many decided with the differences in view; batches that wait, with the bridge from last month."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from cases import key_pages
from staff.access import roles
from staff.enums import Role
from staff.workflow import Actor, TransitionRefused
from subsidies.approvals import pages, proposals, services
from subsidies.batches import differences as batch_differences
from subsidies.batches.views import county
from subsidies.budgets import services as budgets
from subsidies.enums import BatchState
from subsidies.forms import number_or_zero
from subsidies.models import PaymentBatch

SHOWN = ("applications", "entitlements", "batches")
BATCHES = 5


@require_GET
@never_cache
@roles(Role.APPROVER)
def approvals(request: HttpRequest) -> HttpResponse:
    """``?show=applications|entitlements|batches&select=clear&after=``."""
    show = _show(request)
    counts = proposals.counts()
    labels = {
        "applications": _("Applications to confirm"),
        "entitlements": _("Entitlements to end or change"),
        "batches": _("Batches to approve"),
    }
    context = {
        "show": show,
        "tabs": [
            {"label": label, "url": f"?show={code}", "current": code == show, "count": counts[code]}
            for code, label in labels.items()
        ],
        "first": f"?show={show}" if request.GET.get("after") else "",
        "select": request.GET.get("select") == "clear",
        "decide_url": f"{reverse('subsidies:approvals_decide')}?show={show}",
    }
    if show == "batches":
        return render(request, "subsidies/approvals_batches.html", context | {"batches": _batches()})
    return render(request, "subsidies/approvals.html", context | _page(show, request.GET.get("after", "")))


def _show(request: HttpRequest) -> str:
    show = request.GET.get("show", "")
    return show if show in SHOWN else SHOWN[0]


def _page(show: str, after: str) -> dict[str, Any]:
    """Rows of a page and the address of the next."""
    actor, today = Actor.current(), timezone.localdate()
    if show == "applications":
        queue = key_pages.beyond(
            pages.waiting_applications(), "confirm_due_date", key_pages.read_key(after), down=False
        )
        found = list(queue[: pages.PAGE + 1])
        last = found[pages.PAGE - 1] if len(found) > pages.PAGE else None
        later = f"?show={show}&after={last.confirm_due_date}~{last.pk}" if last else ""
        rows: list[Any] = pages.application_rows(found[: pages.PAGE], actor, today)
        return {"rows": rows, "later": later, "clear": sum(row.is_clear for row in rows), "today": today}
    waiting = list(
        proposals.waiting_entitlements().filter(pk__gt=number_or_zero(after)).order_by("pk")[: pages.PAGE + 1]
    )
    later = f"?show={show}&after={waiting[pages.PAGE - 1].pk}" if len(waiting) > pages.PAGE else ""
    rows = proposals.entitlement_rows(waiting[: pages.PAGE], actor, today)
    return {"rows": rows, "later": later, "today": today}


def _batches() -> list[dict[str, Any]]:
    """Batches that wait, the oldest first: bridge, exceptions, and what funds lack."""
    found = list(
        batch_differences.with_previous(
            PaymentBatch.objects.filter(state=BatchState.PREPARED).select_related("scheme", "prepared_by")
        ).order_by("month", "pk")[:BATCHES]
    )
    balances: dict[int, list[budgets.Balance]] = {}
    rows = []
    for batch in found:
        year = batch.month.year
        if year not in balances:
            balances[year] = budgets.balances(county().pk, year)
        compared = batch_differences.comparison(batch)
        rows.append(
            {
                "batch": batch,
                "terms": batch_differences.bridge_terms(compared.total, batch),
                "lacking": budgets.shortfall_text(budgets.missing(budgets.needs(batch), balances[year])),
            }
        )
    return rows


@require_POST
@never_cache
@roles(Role.APPROVER)
def decide(request: HttpRequest) -> HttpResponse:
    """First the preview of what was chosen, then, with ``confirmed``, the decisions; each for itself."""
    show = _show(request)
    back = f"{reverse('subsidies:approvals')}?show={show}"
    keys = [key for text in request.POST.getlist("row") if (key := number_or_zero(text))][: services.MOST + 1]
    actor, at = Actor.current(), timezone.now()
    today = timezone.localdate(at)
    if not keys or show == "batches":
        messages.error(request, _("Choose at least one."))
        return redirect(back)
    if "confirmed" not in request.POST:
        return _preview(request, show, keys[: services.MOST], actor, today, back)
    seen = {key: request.POST.get(f"seal-{key}", "") for key in keys}
    try:
        if show == "applications":
            outcome = services.confirm_many(actor=actor, at=at, seen=seen, today=today)
        else:
            reason = request.POST.get("reason", "")
            outcome = services.decide_many(actor=actor, at=at, seen=seen, reason=reason, today=today)
    except TransitionRefused as why:
        messages.error(request, str(why))
        return redirect(back)
    if outcome.done:
        text = ngettext("%(count)d was decided.", "%(count)d were decided.", outcome.done)
        messages.success(request, text % {"count": outcome.done})
    for name, why_not in outcome.refused:
        messages.error(request, f"{name}：{why_not}")
    return redirect(back)


def _preview(
    request: HttpRequest, show: str, keys: list[int], actor: Actor, today: dt.date, back: str
) -> HttpResponse:
    rows: list[Any]
    if show == "applications":
        rows = pages.application_rows(list(pages.waiting_applications().filter(pk__in=keys)), actor, today)
        yuan = sum((row.amount or 0 for row in rows if not row.own), 0)
    else:
        rows = proposals.entitlement_rows(
            list(proposals.waiting_entitlements().filter(pk__in=keys)), actor, today
        )
        yuan = sum((row.difference or 0 for row in rows if not row.own), 0)
    context = {
        "show": show,
        "rows": [row for row in rows if not row.own],
        "own": [row for row in rows if row.own],
        "yuan": yuan,
        "back": back,
        "decide_url": f"{reverse('subsidies:approvals_decide')}?show={show}",
        "title": _("Confirm applications") if show == "applications" else _("Decide proposals"),
    }
    return render(request, "subsidies/approvals_preview.html", context)
