"""Pages of money that is asked back (追缴): the list, one month with its steps, instalments, waivers, the letter."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from cases import key_pages, ledger_exports
from staff import paper
from staff.access import roles
from staff.audit import log_access
from staff.enums import Role
from staff.scope import current
from staff.templatetags.look import money, month
from staff.workflow import Actor, TransitionRefused, history
from subsidies.entitlements.departed import attach_children
from subsidies.enums import clause_source, clause_text
from subsidies.ledger.enums import RecoveryPartKind, RecoveryState, Source
from subsidies.models import JournalEntry, Payment, PaymentBatch, Recovery, RecoveryPart
from subsidies.reckoning.reasons import lines_of
from subsidies.recovery import instalments, selectors
from subsidies.recovery import paper as recovery_paper
from subsidies.recovery.forms import PartForm, PlanForm, RecoveryFilterForm
from subsidies.recovery.selectors import RecoveryFilters

LIST_READERS = (Role.SUPERVISOR, Role.CLERK, Role.APPROVER, Role.LEADER, Role.AUDITOR)
READERS = (Role.DIRECTOR, *LIST_READERS)
RECORDERS = (Role.CLERK, Role.APPROVER)
# Why a batch found that too much was paid (subsidies.recovery.corrections).
WHY: dict[str, Promise] = {
    "ended": gettext_lazy("The right had ended"),
    "terms": gettext_lazy("Other terms hold for the month"),
    "standard": gettext_lazy("Another standard holds for the month"),
    "offsets": gettext_lazy("Another benefit is set off"),
}
ROW = tuple[str, Any]


def _filters(request: HttpRequest) -> tuple[RecoveryFilterForm, RecoveryFilters]:
    form = RecoveryFilterForm(request.GET, places=key_pages.places_below(timezone.localdate()))
    return form, form.filters()


@require_GET
@roles(*LIST_READERS)
def recoveries(request: HttpRequest) -> HttpResponse:
    """What is asked back, by state and township, with what it comes to."""
    today = timezone.localdate()
    form, filters = _filters(request)
    after = request.GET.get("after", "")
    counts = selectors.counts(filters, today)
    page = selectors.page_of(filters, today, after=after)
    sums = selectors.by_township(filters, today)
    labels = {
        "open": _("To be paid back"),
        "overdue": _("Instalment overdue"),
        "proposed": _("Proposed"),
        "settled": _("Settled"),
        "dropped": _("Not owed after all"),
    }
    context = {
        "form": form,
        "filters": filters,
        "segments": [
            {
                "label": label,
                "count": counts.get(code),
                "url": filters.address(show=code),
                "current": code == filters.show,
            }
            for code, label in labels.items()
        ],
        "page": page,
        "rows": [{"recovery": row, "left": row.amount - row.recovered} for row in page.rows],
        "sums": _sums(filters, sums) if sums else None,
        "first": filters.address() if after else "",
        "counted": key_pages.COUNTED,
        "actions": [
            {
                "label": _("Export"),
                "url": reverse("subsidies:recoveries_export") + filters.address(),
                "icon": "download",
            }
        ]
        if current().role != Role.AUDITOR
        else [],
        "today": today,
    }
    return render(request, "subsidies/recoveries.html", context)


def _sums(filters: RecoveryFilters, found: list[selectors.TownshipSum]) -> dict[str, Any]:
    names = ("months", "amount", "paid_back", "waived", "left")
    labels = (_("Months"), _("Paid too much"), _("Paid back"), _("Waived"), _("Still owed"))
    return {
        "columns": [
            {"label": _("Township"), "kind": "text"},
            {"label": labels[0], "kind": "number"},
            *({"label": label, "kind": "money"} for label in labels[1:]),
        ],
        "rows": [
            {
                "cells": [
                    (row.region.short_name, filters.address(region=row.region.pk)),
                    *(getattr(row, name) for name in names),
                ]
            }
            for row in found
        ],
        "totals": [
            _("Total"),
            *(sum((getattr(row, name) for row in found), 0 * getattr(found[0], name)) for name in names),
        ],
    }


@roles(Role.SUPERVISOR, Role.CLERK, Role.APPROVER, Role.LEADER)
def recoveries_export(request: HttpRequest) -> HttpResponse:
    """Ask what the list is for, then make the spreadsheet in a job."""
    _form, filters = _filters(request)
    back = reverse("subsidies:recoveries") + filters.address()
    return ledger_exports.ask(request, selectors.EXPORT, filters.as_arguments(), back)


def _recovery(pk: int) -> Recovery:
    found = get_object_or_404(
        Recovery.objects.select_related("scheme", "entitlement", "batch", "decided_by"), pk=pk
    )
    attach_children([found])
    return found


@require_GET
@roles(*READERS)
def recovery(request: HttpRequest, pk: int) -> HttpResponse:
    """One month that was paid too much: why, what was paid and what is right, the plan, the parts, the ledger."""
    found = _recovery(pk)
    log_access(
        kind="read",
        child_id=found.child_id,
        region_id=found.region_id,
        subject="subsidies.recovery",
        subject_id=pk,
    )
    role, right = current().role, found.entitlement
    explained = Payment(
        explanation=found.explanation,
        category=right.category,
        placement=right.placement,
        grade=right.grade,
        amount=Decimal(found.explanation.get("due") or 0),
    )
    parts = list(RecoveryPart.objects.filter(recovery=found).select_related("user").order_by("pk"))
    shares = instalments.shares_of(found, parts)
    entries = JournalEntry.objects.filter(recovery_part__recovery=found).order_by("at", "pk")
    clause = found.explanation.get("clause", "")
    context = {
        "recovery": found,
        "title": f"{found.child_name} · {month(found.month)}",
        "facts": _facts(found),
        "paid": selectors.lines_of_month(found),
        "due": explained.amount,
        "due_lines": lines_of(explained),
        "clause": str(clause_text(clause)),
        "cite": str(clause_source(clause)),
        "plan": [
            {"part": part, "late": part.left > 0 and part.due_date < timezone.localdate()}
            for part in instalments.plan_of(found)
        ],
        "parts": [
            {"part": part, "sources": _sources(share) if part.kind == RecoveryPartKind.PAID_BACK else ""}
            for part, share in zip(parts, shares, strict=True)
        ],
        "entries": list(entries.prefetch_related("postings"))
        if role not in (Role.DIRECTOR, Role.SUPERVISOR)
        else [],
        "actions": _actions(found, role),
        "events": [
            {
                "icon": "check",
                "title": f"{_EVENTS.get(row.name, row.name)} · {row.user or '—'}",
                "date": row.at,
                "text": row.reason,
            }
            for row in history(found)
        ],
        "today": timezone.localdate(),
    }
    return render(request, "subsidies/recovery.html", context)


_EVENTS: dict[str, Promise] = {
    "agree_plan": gettext_lazy("Instalments agreed"),
    "paid_back": gettext_lazy("Paid back"),
    "waived": gettext_lazy("Waived"),
}


def _facts(found: Recovery) -> list[dict[str, Any]]:
    reason = found.explanation.get("reason", "")
    rows: list[ROW] = [
        (_("Scheme"), found.scheme),
        (_("Why"), WHY.get(reason, _("What is right for the month has changed"))),
        (_("Was paid"), money(Decimal(found.explanation.get("delivered") or 0))),
        (_("Is right"), money(Decimal(found.explanation.get("due") or 0))),
        (_("Paid too much"), money(found.amount)),
        *_due_after_all(found),
        (_("Settled"), money(found.recovered)),
        (_("Still owed"), money(found.amount - found.recovered)),
        (_("Sources of funds"), _sources(instalments.funding_of(found))),
    ]
    if found.decided_by_id and found.decided_at:
        rows.append(
            (_("Approved by"), f"{found.decided_by} {timezone.localdate(found.decided_at).isoformat()}")
        )
    if found.note:
        rows.append((_("What was agreed"), found.note))
    facts: list[dict[str, Any]] = [{"label": label, "value": value} for label, value in rows]
    if current().role != Role.AUDITOR:
        facts.insert(
            0,
            {
                "label": _("Child"),
                "value": found.child_name,
                "url": reverse("subsidies:entitlement", args=[found.entitlement_id]),
            },
        )
    if found.batch_id and current().role in (Role.CLERK, Role.APPROVER, Role.LEADER):
        facts.append(
            {
                "label": _("Found by"),
                "value": str(found.batch),
                "url": reverse("subsidies:batch", args=[found.batch_id]),
            }
        )
    return facts


def _due_after_all(found: Recovery) -> list[ROW]:
    """What of it turned out to be due, and which batches found that."""
    if not found.due_after_all:
        return []
    by = [use.batch for use in instalments.uses_of(found) if use.until is None]
    numbers = PaymentBatch.objects.filter(pk__in=by).order_by("pk").values_list("number", flat=True)
    return [(_("Of it due after all"), " · ".join([money(found.due_after_all), *numbers]))]


def _sources(shares: dict[str, Decimal]) -> str:
    return " · ".join(f"{Source(source).label} {money(yuan)}" for source, yuan in shares.items() if yuan)


def _actions(found: Recovery, role: str) -> list[dict[str, Any]]:
    if found.state != RecoveryState.OPEN:
        return []
    actions: list[dict[str, Any]] = []
    add = reverse("subsidies:recovery_part_add", args=[found.pk])
    if role == Role.CLERK:
        plan = reverse("subsidies:recovery_plan", args=[found.pk])
        actions += [
            {"label": _("Record what came back"), "url": add, "icon": "cash", "primary": True},
            {"label": _("Agree instalments"), "url": plan, "icon": "calendar-event"},
        ]
    if role == Role.APPROVER:
        actions.append({"label": _("Waive by a document"), "url": add, "icon": "ban"})
    if role in RECORDERS:
        url = reverse("subsidies:recovery_letter", args=[found.pk])
        actions.append(
            {"label": _("Letter to the family (PDF)"), "url": url, "icon": "download", "download": True}
        )
    return actions


@never_cache
@require_http_methods(["GET", "POST"])
@roles(*RECORDERS)
def recovery_part_add(request: HttpRequest, pk: int) -> HttpResponse:
    """The clerk records what came back; the approver waives by a document."""
    found, actor, today = _recovery(pk), Actor.current(), timezone.localdate()
    waives = actor.role == Role.APPROVER
    kind = RecoveryPartKind.WAIVED if waives else RecoveryPartKind.PAID_BACK
    posted = request.method == "POST"
    due = next(
        (part.left for part in instalments.plan_of(found) if part.left), found.amount - found.recovered
    )
    form = PartForm(
        request.POST if posted else None,
        request.FILES if posted else None,
        kind=kind,
        region_id=found.region_id,
        today=today,
        initial={"amount": due, "date": today},
    )
    if posted and form.is_valid():
        act = instalments.waive if waives else instalments.pay_back
        try:
            act(actor=actor, at=timezone.now(), recovery=found, **form.cleaned_data)
            messages.success(
                request, _("The waiver is recorded.") if waives else _("It is recorded and in the ledger.")
            )
            return redirect("subsidies:recovery", pk=pk)
        except TransitionRefused as why:
            form.add_error(None, str(why))
    title = _("Waive by a document") if waives else _("Record what came back")
    return _form(request, found, form, title)


@never_cache
@require_http_methods(["GET", "POST"])
@roles(Role.CLERK)
def recovery_plan(request: HttpRequest, pk: int) -> HttpResponse:
    """Agree with the family on instalments."""
    found = _recovery(pk)
    initial = {
        "instalments": found.instalments,
        "first_due_date": found.first_due_date or timezone.localdate(),
        "note": found.note,
    }
    form = PlanForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            instalments.agree_plan(
                actor=Actor.current(), at=timezone.now(), recovery=found, **form.cleaned_data
            )
            messages.success(request, _("The instalments are agreed."))
            return redirect("subsidies:recovery", pk=pk)
        except TransitionRefused as why:
            form.add_error(None, str(why))
    return _form(request, found, form, _("Agree instalments"))


def _form(request: HttpRequest, found: Recovery, form: PartForm | PlanForm, title: str) -> HttpResponse:
    left = money(found.amount - found.recovered)
    context = {
        "child": found.child,
        "form": form,
        "title": title,
        "facts": [
            {"label": _("Month"), "value": month(found.month), "number": True},
            {"label": _("Still owed"), "value": left, "number": True},
        ],
        "back": reverse("subsidies:recovery", args=[found.pk]),
    }
    return render(request, "subsidies/child_form.html", context)


@never_cache
@require_GET
@roles(*RECORDERS)
def recovery_letter(request: HttpRequest, pk: int) -> HttpResponse:
    """The letter to the family about every month of the child that is asked back (PDF)."""
    found = _recovery(pk)
    if found.state != RecoveryState.OPEN:
        raise Http404
    owed = selectors.owed_by(found.child_id) or [found]
    data, name = recovery_paper.make_letter(owed, at=timezone.now())
    return paper.pdf_response(data, name)
