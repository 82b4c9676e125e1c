"""Pages of entitlements: the right, its months and amounts, offsets, re-checks, other terms and the end."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cases.ages import add_months
from cases.enums import Placement, PrimaryCategory, SchoolStage
from staff.access import roles
from staff.audit import log_access
from staff.enums import Role
from staff.templatetags.look import day, moment, month
from staff.workflow import Actor, TransitionRefused, available, history
from subsidies.duties import is_not_yours, refuse_page
from subsidies.entitlements import changes, services
from subsidies.entitlements.departed import of_one_child
from subsidies.entitlements.last_months import last_month_of
from subsidies.enums import EndReason, EntitlementState
from subsidies.forms import EndForm, EndOffsetForm, OffsetForm
from subsidies.models import Entitlement, EntitlementReview, Offset, Payment
from subsidies.reckoning import rules
from subsidies.reckoning.months import is_payable, month_of
from subsidies.reckoning.standards import Standards
from subsidies.reviews import views as review_views
from subsidies.reviews.facts import words as review_words

READERS = (Role.DIRECTOR, Role.SUPERVISOR, Role.CLERK, Role.APPROVER, Role.LEADER)
ACTORS = (Role.SUPERVISOR, Role.CLERK, Role.APPROVER)
SETTERS = (Role.CLERK, Role.APPROVER)
PAYMENTS_SHOWN = 12
REVIEWS_SHOWN = 6


def _entitlement(pk: int) -> Entitlement:
    found = of_one_child(
        Entitlement.objects.filter(pk=pk).select_related(
            "scheme", "region__parent", "confirmed_by", "proposed_by", "application", "continued_by"
        )
    )
    if not found:
        raise Http404
    return found[0]


def proposed_reason(entitlement: Entitlement) -> str:
    """The reason for which the end is proposed; "" when it is not."""
    if entitlement.state != EntitlementState.ENDING:
        return ""
    last = history(entitlement).filter(name="propose_end").last()
    return last.reason_code if last else ""


def _choices(entitlement: Entitlement, actor: Actor) -> list[Any]:
    """The steps open to the actor; ending asks for reason and last month."""
    found: list[Any] = []
    for transition in available(entitlement, actor):
        if transition.name == "propose_change":
            continue  # by forms of their own (subsidies.entitlements.change_views)
        if transition.name not in ("propose_end", "end"):
            found.append(transition)
            continue
        initial = {
            "last_month": entitlement.proposed_end_month,
            "reason_code": proposed_reason(entitlement) or None,
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
    # Where a right goes on under other terms, benefits are kept there; one that has ended keeps them up to its end.
    goes_on = getattr(found, "continued_by", None) is not None
    until = this_month if goes_on else min(this_month, found.end_month or this_month)
    standards = Standards.load(found.scheme, found.region_id)
    asked = min(max(this_month, found.start_month), found.end_month or this_month)
    try:
        also = found.application.decision.get("also", ()) if found.application else ()
        due = standards.due(asked, found.category, found.placement, offsets, found.grade, also)
    except (rules.NoRateError, rules.AmbiguousRateError):
        due = None
    payments = list(
        Payment.objects.filter(entitlement=found, cancelled=False).order_by("-month", "-pk")[:PAYMENTS_SHOWN]
    )
    labels = {t.name: t.label for t in found.workflow.transitions} | {
        "add_offset": _("Benefit set off"),
        "end_offset": _("Benefit no longer set off"),
        "continue": _("Continues on other terms"),
        "shorten": _("Ended earlier"),
    }
    context = {
        "entitlement": found,
        "facts": facts(found, actor),
        "actions": _choices(found, actor),
        "reviews": reviews_of(found, actor),
        "may_change": actor.role == Role.CLERK
        and "propose_change" in {t.name for t in available(found, actor)},
        "offsets": offsets,
        "open_offsets": [row.pk for row in offsets if row.end_month is None or row.end_month >= until],
        "may_set_off": actor.role in SETTERS and not goes_on,
        "rates": [
            row
            for row in sorted(standards.rows.values(), key=lambda row: (row.valid_from, row.pk), reverse=True)
            if row.placement == found.placement
            and row.category in ("", found.category, "orphan")
            and row.grade in ("", found.grade)
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
    rows += _proposed(found)
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


def _proposed(found: Entitlement) -> list[dict[str, Any]]:
    """What waits for the approver, and the rows before and after this one."""
    rows: list[dict[str, Any]] = []
    terms = found.proposed
    if found.state != EntitlementState.CHANGING:
        terms = {}
    if "from_month" in terms:
        text = " · ".join(
            filter(
                None,
                (
                    str(PrimaryCategory(terms["category"]).label),
                    str(Placement(terms["placement"]).label),
                    terms["grade"],
                ),
            )
        )
        label = _("Proposed from %(month)s") % {"month": terms["from_month"][:7]}
        rows.append({"label": label, "value": text})
    if "until" in terms:
        text = f"{terms['until'][:7]} · {SchoolStage(terms['stage']).label}"
        rows.append({"label": _("Proposed last month, for schooling"), "value": text})
    if found.proposed_by_id and found.state in (EntitlementState.CHANGING, EntitlementState.ENDING):
        rows.append({"label": _("Proposed by"), "value": f"{found.proposed_by} {day(found.proposed_at)}"})
    if found.grade:
        rows.append({"label": _("Grade"), "value": found.grade})
    if found.continues_id:
        url = reverse("subsidies:entitlement", args=[found.continues_id])
        rows.append({"label": _("Continues"), "value": _("the right before"), "url": url})
    successor = getattr(found, "continued_by", None)
    if successor is not None:
        url = reverse("subsidies:entitlement", args=[successor.pk])
        rows.append({"label": _("Continued from"), "value": month(successor.start_month), "url": url})
    return rows


def reviews_of(found: Entitlement, actor: Actor) -> list[dict[str, Any]]:
    """The last re-checks, open ones with what may be recorded about them."""
    rows = EntitlementReview.objects.filter(entitlement=found).select_related("done_by")
    return [
        {
            "review": row,
            "changes": review_words(row.changes),
            "actions": review_views.choices_of(row, actor),
            "url": reverse("subsidies:review_decide", args=[row.pk]),
        }
        for row in rows.order_by("-cycle", "-pk")[:REVIEWS_SHOWN]
    ]


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
            values = dict(form.cleaned_data)
            day = values.pop("day") or timezone.localdate(at)
            if values["last_month"] is None and name == "propose_end":
                values["last_month"], _rule = last_month_of(found, found.child, values["reason_code"], day)
            act = services.propose_end if name == "propose_end" else services.end
            act(actor=actor, at=at, entitlement=found, **values)
        elif name in ("recheck", "keep"):
            plain = services.recheck if name == "recheck" else services.keep
            plain(actor=actor, at=at, entitlement=found, reason=request.POST.get("reason", ""))
        elif name in ("change", "extend"):
            decide = changes.change_terms if name == "change" else changes.extend
            done = decide(actor=actor, at=at, entitlement=found, reason=request.POST.get("reason", ""))
            return redirect("subsidies:entitlement", pk=done.pk)
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
