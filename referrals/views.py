"""Pages of referrals, for those who send them and for the providers."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from cases.models import Case, Child
from referrals import services
from referrals.forms import ReferralForm
from referrals.models import Referral
from referrals.workflows import ReferralState
from staff.access import roles
from staff.enums import Role
from staff.models.region import county_of
from staff.workflow import Actor, TransitionRefused, available, history

READERS = (Role.SUPERVISOR, Role.CLERK, Role.APPROVER, Role.LEADER, Role.DIRECTOR)
SENDERS = (Role.SUPERVISOR, Role.CLERK, Role.APPROVER)
PAGE = 30
ICONS = {"accept": "check", "decline": "x", "finish": "check", "withdraw": "x"}


@require_GET
@roles(*READERS, Role.PROVIDER)
def referrals(request: HttpRequest) -> HttpResponse:
    """Referrals in scope, open ones first; a provider sees those sent to its post."""
    state = request.GET.get("state", "")
    # A child whose sharing has ended cannot be joined: the provider's own referral would go with it.
    found = Referral.objects.select_related("provider", "region").prefetch_related("child")
    if state in ReferralState.values:
        found = found.filter(state=state)
    page = Paginator(found.order_by("-sent_at", "-pk"), PAGE).get_page(request.GET.get("page"))
    segments = [{"label": _("All"), "url": "?", "current": not state}] + [
        {"label": label, "url": f"?state={value}", "current": state == value}
        for value, label in ReferralState.choices
    ]
    return render(
        request,
        "referrals/referrals.html",
        {"page": page, "segments": segments, "is_provider": _is_provider(request)},
    )


@require_GET
@roles(*READERS, Role.PROVIDER)
def referral(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Referral.objects.select_related("provider", "sent_by"), pk=pk)
    is_provider = _is_provider(request)
    shared = Child.objects.filter(pk=found.child_id).first()
    context: dict[str, Any] = {
        "referral": found,
        "child": limited_view(shared) if is_provider and shared else None,
        "is_provider": is_provider,
        "actions": available(found),
        "timeline": [
            {
                "icon": ICONS.get(record.name, "clock"),
                "title": _label(found, record.name),
                "date": record.at,
                "text": record.reason,
            }
            for record in history(found)
        ],
    }
    return render(request, "referrals/referral.html", context)


@roles(*SENDERS)
def referral_add(request: HttpRequest, case_pk: int) -> HttpResponse:
    case = get_object_or_404(Case.objects.select_related("child"), pk=case_pk)
    form = ReferralForm(request.POST or None, county=county_of(case.region_id))
    if request.method == "POST" and form.is_valid():
        try:
            sent = services.send_referral(
                actor=Actor.current(), at=timezone.now(), case=case, **form.cleaned_data
            )
        except TransitionRefused as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("Sent to %(provider)s.") % {"provider": sent.provider})
            return redirect("referrals:referral", sent.pk)
    return render(request, "referrals/referral_add.html", {"form": form, "case": case})


@require_POST
@roles(*SENDERS, Role.PROVIDER)
def referral_transition(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Referral.objects, pk=pk)
    name = request.POST.get("action", "")
    if name not in found.workflow.by_name:
        messages.error(request, _("Choose what is to be done."))
        return redirect("referrals:referral", pk)
    try:
        services.change_referral(
            found, name, actor=Actor.current(), at=timezone.now(),
            reason_code=request.POST.get("reason_code", ""), reason=request.POST.get("reason", ""),
        )  # fmt: skip
    except TransitionRefused as error:
        messages.error(request, str(error))
    return redirect("referrals:referral", pk)


@require_GET
@roles(*READERS)
def child_panel(request: HttpRequest, pk: int) -> HttpResponse:
    """Fragment for the child's page."""
    child = get_object_or_404(Child, pk=pk)
    found = Referral.objects.filter(child=child).select_related("provider")[:20]
    return render(request, "referrals/_panel.html", {"referrals": found, "title": _("Referrals")})


@require_GET
@roles(*READERS)
def case_panel(request: HttpRequest, pk: int) -> HttpResponse:
    """Fragment for the case's page."""
    case = get_object_or_404(Case.objects, pk=pk)
    found = Referral.objects.filter(case=case).select_related("provider")
    may_send = request.assignment.post.role in SENDERS and case.state != "closed"  # type: ignore[attr-defined]
    return render(
        request,
        "referrals/_panel.html",
        {"referrals": found, "title": _("Referrals"), "case": case if may_send else None},
    )


def limited_view(child: Child) -> dict[str, Any]:
    """All that a provider may know of a child: name, age, sex, stage of schooling."""
    today = timezone.localdate()
    age = (
        today.year
        - child.birth_date.year
        - ((today.month, today.day) < (child.birth_date.month, child.birth_date.day))
    )
    return {
        "name": child.name,
        "age": age,
        "sex": child.get_sex_display(),
        "school": child.get_school_stage_display(),
    }


def _is_provider(request: HttpRequest) -> bool:
    return bool(request.assignment.post.role == Role.PROVIDER)  # type: ignore[attr-defined]


def _label(referral: Referral, name: str) -> Any:
    return referral.workflow.by_name[name].label
