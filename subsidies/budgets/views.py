"""Pages of budgets: balances by source and year, appropriations, and their correction."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from staff.access import roles
from staff.enums import Role
from staff.models import Region
from staff.scope import current
from staff.workflow import Actor, TransitionRefused
from subsidies.batches.views import county
from subsidies.budgets import services as budgets
from subsidies.budgets.forms import AppropriationForm, CorrectionForm
from subsidies.forms import number_or_zero
from subsidies.ledger.enums import EntryKind
from subsidies.models import JournalEntry, Posting
from subsidies.month import pages as month_pages
from subsidies.reckoning.months import month_of

READERS = (Role.CLERK, Role.APPROVER, Role.RELEASER, Role.LEADER, Role.AUDITOR)


@require_GET
@roles(*READERS)
def budget_list(request: HttpRequest) -> HttpResponse:
    """``?year=2026``: balances by source with what they still carry, and the appropriations of the year."""
    today, region = timezone.localdate(), county()
    asked = number_or_zero(request.GET.get("year", ""))
    year = asked if 2000 <= asked <= 2100 else today.year
    found = budgets.balances(region.pk, year)
    context = {
        "region": region,
        "year": year,
        "years": [
            {"label": str(shown), "url": f"?year={shown}", "current": shown == year}
            for shown in range(today.year - 2, today.year + 2)
        ],
        "balances": found,
        "keeps": budgets.keeps_budget(found),
        "columns": columns(),
        "rows": [balance_row(balance) for balance in found],
        "totals": [_("Total"), *(sum(getattr(b, name) for b in found) for name in AMOUNTS)] if found else [],
        "appropriations": budgets.appropriations(region.pk, year),
        "may_correct": current().role == Role.APPROVER,
        "actions": actions(year),
    }
    return render(request, "subsidies/budgets.html", context | looking_ahead(region, year, found, today))


AMOUNTS = ("appropriated", "recovered", "committed", "in_transit", "paid", "available")


def columns() -> list[dict[str, str]]:
    """In the order in which the money goes; what was given and came back is what is bound, sent, paid and left."""
    return [
        {"label": _("Source of funds"), "kind": "text"},
        {"label": _("Received"), "kind": "money"},
        {"label": _("Recovered"), "kind": "money"},
        {"label": _("Committed"), "kind": "money"},
        {"label": _("At the bank"), "kind": "money"},
        {"label": _("Paid out"), "kind": "money"},
        {"label": _("Available"), "kind": "money"},
    ]


def balance_row(balance: budgets.Balance) -> dict[str, Any]:
    return {"cells": [balance.label, *(getattr(balance, name) for name in AMOUNTS)]}


def looking_ahead(region: Region, year: int, found: list[budgets.Balance], today: dt.date) -> dict[str, Any]:
    """How long the money of the present year lasts, with the sentences to be warned by; {} for another year."""
    if year != today.year or not budgets.keeps_budget(found):
        return {"outlook": [], "warnings": []}
    month = month_of(today)
    batches, before = month_pages.batches_of(region, month)
    rows = budgets.outlook(batches, before, found)
    return {
        "outlook": rows,
        "warnings": budgets.warnings(month, rows, waiting=budgets.waiting(batches), begun=bool(batches)),
    }


def actions(year: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"label": _("Ledger"), "url": f"{reverse('subsidies:ledger')}?year={year}", "icon": "list"}
    ]
    if current().role == Role.CLERK:
        found.append(
            {
                "label": _("Enter an appropriation"),
                "url": reverse("subsidies:appropriation_add"),
                "icon": "plus",
                "primary": True,
            }
        )
    return found


@never_cache
@require_http_methods(["GET", "POST"])
@roles(Role.CLERK)
def appropriation_add(request: HttpRequest) -> HttpResponse:
    """Enter money that a document gives the county."""
    today = timezone.localdate()
    form = AppropriationForm(request.POST or None, initial={"year": today.year, "day": today})
    if request.method == "POST" and form.is_valid():
        try:
            budgets.receive(actor=Actor.current(), at=timezone.now(), region=county(), **form.cleaned_data)
            messages.success(request, _("The appropriation is in the ledger."))
            return redirect(f"{reverse('subsidies:budgets')}?year={form.cleaned_data['year']}")
        except TransitionRefused as why:
            form.add_error(None, str(why))
    return render(request, "subsidies/appropriation_add.html", {"form": form})


@never_cache
@require_http_methods(["GET", "POST"])
@roles(Role.APPROVER)
def appropriation_correct(request: HttpRequest, pk: int) -> HttpResponse:
    """Turn an appropriation back that was entered wrongly."""
    entry = get_object_or_404(
        JournalEntry.objects.select_related("user"), pk=pk, kind=EntryKind.APPROPRIATION
    )
    posting = get_object_or_404(Posting.objects, entry=entry, amount__gt=0)
    form = CorrectionForm(request.POST or None)
    back = f"{reverse('subsidies:budgets')}?year={posting.year}"
    if request.method == "POST" and form.is_valid():
        try:
            budgets.correct(actor=Actor.current(), at=timezone.now(), entry=entry, **form.cleaned_data)
            messages.success(request, _("The entry is corrected. The clerk enters the right one anew."))
            return redirect(back)
        except TransitionRefused as why:
            form.add_error(None, str(why))
    return render(
        request,
        "subsidies/appropriation_correct.html",
        {"form": form, "entry": entry, "posting": posting, "back": back},
    )
