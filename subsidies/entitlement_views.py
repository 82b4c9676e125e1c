"""Pages of entitlements: the right, its months and amounts, offsets, re-checks and the end. And the child
file's panel.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cases.ages import add_months
from cases.models import Child
from staff.access import roles
from staff.audit import log_access
from staff.enums import Role
from staff.templatetags.look import day, moment, month
from staff.workflow import Actor, TransitionRefused, available, history
from subsidies import entitlements as services
from subsidies import rules
from subsidies.departed import attach_children, paid_elsewhere
from subsidies.duties import is_not_yours, refuse_page
from subsidies.enums import EndReason, EntitlementState, PaymentKind, PaymentState
from subsidies.forms import EndForm, EndOffsetForm, OffsetForm
from subsidies.models import Application, Entitlement, Offset, Payment
from subsidies.months import is_payable, month_of
from subsidies.standards import Standards

READERS = (Role.DIRECTOR, Role.SUPERVISOR, Role.CLERK, Role.APPROVER, Role.LEADER)
ACTORS = (Role.SUPERVISOR, Role.CLERK, Role.APPROVER)
SETTERS = (Role.CLERK, Role.APPROVER)
PAYMENTS_SHOWN = 12


def _entitlement(pk: int) -> Entitlement:
    found = get_object_or_404(
        Entitlement.objects.select_related("scheme", "region__parent", "confirmed_by", "application"), pk=pk
    )
    attach_children([found])
    return found


def _choices(entitlement: Entitlement, actor: Actor, this_month: dt.date) -> list[Any]:
    """The steps open to the actor; ending asks for reason and last month."""
    found: list[Any] = []
    for transition in available(entitlement, actor):
        if transition.name not in ("propose_end", "end"):
            found.append(transition)
            continue
        initial = {
            "last_month": entitlement.proposed_end_month or this_month,
            "reason_code": entitlement.end_reason or None,
        }
        found.append(
            {
                "name": transition.name,
                "label": transition.label,
                "icon": transition.icon,
                "primary": transition.name == "end",
                "fields": EndForm(initial=initial, auto_id=f"{transition.name}_%s"),
                "prompt": _("Why does the entitlement end?"),
                "submit": transition.label,
            }
        )
    return found


@require_GET
@roles(*READERS)
def entitlement(request: HttpRequest, pk: int) -> HttpResponse:
    """One entitlement: what is due this month and why, the standards, the offsets, the payments."""
    found = _entitlement(pk)
    log_access(
        kind="read",
        child_id=found.child_id,
        region_id=found.region_id,
        subject="subsidies.entitlement",
        subject_id=pk,
    )
    actor = Actor.current()
    this_month = month_of(timezone.localdate())
    offsets = list(Offset.objects.filter(entitlement=found).order_by("-start_month", "-pk"))
    standards = Standards.load(found.scheme, found.region_id)
    asked = min(max(this_month, found.start_month), found.end_month or this_month)
    try:
        due = standards.due(asked, found.category, found.placement, offsets)
    except (rules.NoRateError, rules.AmbiguousRateError):
        due = None
    payments = list(
        Payment.objects.filter(entitlement=found, cancelled=False).order_by("-month", "-pk")[:PAYMENTS_SHOWN]
    )
    labels = {t.name: t.label for t in found.workflow.transitions} | {
        "add_offset": _("Benefit set off"),
        "end_offset": _("Benefit no longer set off"),
    }
    context = {
        "entitlement": found,
        "facts": facts(found, actor),
        "actions": _choices(found, actor, this_month),
        "offsets": offsets,
        "open_offsets": [row.pk for row in offsets if row.end_month is None or row.end_month >= this_month],
        "may_set_off": actor.role in SETTERS and found.state != EntitlementState.ENDED,
        "rates": [
            row
            for row in sorted(standards.rows.values(), key=lambda row: (row.valid_from, row.pk), reverse=True)
            if row.placement == found.placement and row.category in ("", found.category, "orphan")
        ],
        "used_rate": due.rate.pk if due else None,
        "asked_month": asked,
        "due": due,
        "due_lines": due_lines(due) if due else [],
        "payments": payments,
        "covered": is_payable(this_month, found.start_month, found.end_month),
        "events": [
            {
                "icon": "check",
                "title": f"{labels.get(record.name, record.name)} · {record.user or '—'}",
                "date": moment(record.at),
                "text": "：".join(
                    filter(
                        None,
                        (
                            str(EndReason(record.reason_code).label)
                            if record.reason_code in EndReason.values
                            else "",
                            record.reason,
                        ),
                    )
                ),
            }
            for record in history(found)
        ],
    }
    return render(request, "subsidies/entitlement.html", context)


def facts(found: Entitlement, actor: Actor) -> list[dict[str, Any]]:
    """What the entitlement is."""
    rows: list[dict[str, Any]] = [
        {
            "label": _("Child"),
            "value": found.child.name,
            "url": reverse("cases:child", args=[found.child_id]),
        },
        {
            "label": _("Category"),
            "value": found.child.__class__(primary_category=found.category).get_primary_category_display(),
        },
        {
            "label": _("Placement"),
            "value": found.child.__class__(placement=found.placement).get_placement_display(),
        },
        {"label": _("First month"), "value": month(found.start_month), "number": True},
        {"label": _("Last month paid"), "value": month(found.end_month), "number": True},
        {"label": _("Confirmed"), "value": f"{day(found.confirmed_at)} {found.confirmed_by or ''}"},
    ]
    if found.proposed_end_month:
        rows.append(
            {"label": _("Proposed last month"), "value": month(found.proposed_end_month), "number": True}
        )
    if found.end_reason:
        rows.append({"label": _("Reason for ending"), "value": found.get_end_reason_display()})
    if found.application_id:
        rows.append(
            {
                "label": _("Application"),
                "value": day(found.application.applied_at),  # type: ignore[union-attr]
                "url": reverse("subsidies:application", args=[found.application_id]),
            }
        )
    else:
        rows.append({"label": _("Application"), "value": _("taken over from an earlier system")})
    return rows


def due_lines(due: Any) -> list[dict[str, Any]]:
    """The steps of a computed amount for the component, without the total."""
    return [
        {
            "label": line.code.label,
            "note": line.source if line.code.value.startswith(("offset", "not")) else "",
            "amount": abs(line.amount),
            "minus": line.amount < 0,
        }
        for line in due.amount.lines[:-1]
    ]


@require_POST
@roles(*ACTORS)
def entitlement_transition(request: HttpRequest, pk: int) -> HttpResponse:
    """Re-check, keep, propose to end, end."""
    found = _entitlement(pk)
    actor, name, at = Actor.current(), request.POST.get("action", ""), timezone.now()
    back = reverse("subsidies:entitlement", args=[pk])
    if text := is_not_yours(found, name, actor):
        return refuse_page(request, text, back)
    try:
        if name in ("propose_end", "end"):
            form = EndForm(request.POST)
            if not form.is_valid():
                messages.error(
                    request, " ".join(str(error) for errors in form.errors.values() for error in errors)
                )
                return redirect(back)
            act = services.propose_end if name == "propose_end" else services.end
            act(actor=actor, at=at, entitlement=found, **form.cleaned_data)
        elif name in ("recheck", "keep"):
            plain = services.recheck if name == "recheck" else services.keep
            plain(actor=actor, at=at, entitlement=found, reason=request.POST.get("reason", ""))
    except TransitionRefused as why:
        messages.error(request, str(why))
    return redirect(back)


@never_cache
@require_http_methods(["GET", "POST"])
@roles(*SETTERS)
def offset_add(request: HttpRequest, pk: int) -> HttpResponse:
    """Set off another benefit from a month on."""
    found = _entitlement(pk)
    initial = {"start_month": month_of(timezone.localdate())}
    form = OffsetForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            services.add_offset(
                actor=Actor.current(), at=timezone.now(), entitlement=found, **form.cleaned_data
            )
            return redirect("subsidies:entitlement", pk=pk)
        except TransitionRefused as why:
            form.add_error(None, str(why))
    context = {"form": form, "entitlement": found, "title": _("Set off another benefit")}
    return render(request, "subsidies/offset_form.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
@roles(*SETTERS)
def offset_end(request: HttpRequest, pk: int) -> HttpResponse:
    """End an offset with its last month."""
    offset = get_object_or_404(
        Offset.objects.select_related("entitlement__child", "entitlement__scheme"), pk=pk
    )
    initial = {"last_month": add_months(month_of(timezone.localdate()), -1)}
    form = EndOffsetForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            services.end_offset(actor=Actor.current(), at=timezone.now(), offset=offset, **form.cleaned_data)
            return redirect("subsidies:entitlement", pk=offset.entitlement_id)
        except TransitionRefused as why:
            form.add_error(None, str(why))
    context = {
        "form": form,
        "entitlement": offset.entitlement,
        "offset": offset,
        "title": _("End this offset"),
    }
    return render(request, "subsidies/offset_form.html", context)


@require_GET
@roles(*READERS)
def child_panel(request: HttpRequest, pk: int) -> HttpResponse:
    """What the child's file shows of money: entitlement, this and the last payments, applications."""
    child = get_object_or_404(Child.objects.only("pk", "region_id", "name", "left_date"), pk=pk)
    rights = list(
        Entitlement.objects.filter(child_id=pk).select_related("scheme").order_by("-start_month", "-pk")
    )
    payments = list(
        # What was paid to a file that was merged into this one is found through its entitlement.
        Payment.objects.filter(Q(child_id=pk) | Q(entitlement__child_id=pk), cancelled=False)
        .select_related("scheme")
        .order_by("-month", "-pk")[:6]
    )
    found = list(
        Application.objects.filter(child_id=pk).select_related("scheme").order_by("-applied_at", "-pk")[:5]
    )
    may_apply = (
        Actor.current().role in (Role.DIRECTOR, Role.SUPERVISOR)
        and child.left_date is None
        and not any(right.state != EntitlementState.ENDED for right in rights)
        and not any(row.state not in ("confirmed", "refused", "withdrawn") for row in found)
    )
    context = {
        "child": child,
        "entitlements": rights,
        "payments": payments,
        "applications": found,
        "may_apply": may_apply,
        "failed": [p for p in payments if p.state == PaymentState.FAILED],
        "arrears": PaymentKind.ARREARS,
        "elsewhere": paid_elsewhere(pk),
    }
    fragment = bool(request.headers.get("HX-Request"))
    return render(
        request, "subsidies/_child_panel.html" if fragment else "subsidies/child_panel.html", context
    )
