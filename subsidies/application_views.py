"""Pages of applications: the list, applying, one application with its steps, the refusal letter."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cases.models import Child
from staff.access import roles
from staff.audit import log_access
from staff.enums import Role
from staff.models import Region
from staff.models.region import county_of
from staff.workflow import Actor, TransitionRefused, history
from subsidies import application_pages as pages
from subsidies import applications as services
from subsidies.departed import attach_children
from subsidies.duties import holders, is_not_yours, refuse_page
from subsidies.enums import ApplicationState
from subsidies.forms import ApplicationForm, number_or_zero
from subsidies.models import Application, Entitlement

READERS = (Role.DIRECTOR, Role.SUPERVISOR, Role.CLERK, Role.APPROVER, Role.LEADER)
APPLICANTS = (Role.DIRECTOR, Role.SUPERVISOR)
ACTORS = (Role.DIRECTOR, Role.SUPERVISOR, Role.CLERK, Role.APPROVER)
PAGE = 30


def _application(pk: int) -> Application:
    found = get_object_or_404(
        Application.objects.select_related(
            "scheme", "region__parent", "applied_by", "verified_by", "checked_by", "decided_by"
        ),
        pk=pk,
    )
    attach_children([found])
    return found


@require_GET
@roles(*READERS)
def applications(request: HttpRequest) -> HttpResponse:
    """Applications in scope by segment, the nearest deadline first."""
    role = Actor.current().role
    segments = pages.segments_of(role)
    segment = request.GET.get("show", "")
    if segment not in segments:
        segment = next(iter(segments))
    page = Paginator(pages.listed(segment, role), PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "rows": pages.rows(page),
        "segments": pages.segment_tabs(segment, role),
        "segment": segment,
        "may_apply": role in APPLICANTS,
    }
    return render(request, "subsidies/applications.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
@roles(*APPLICANTS)
def application_add(request: HttpRequest) -> HttpResponse:
    """Apply for ``?child=``."""
    given = request.POST.get("child") or request.GET.get("child", "")
    child = get_object_or_404(Child, pk=number_or_zero(given))
    form = ApplicationForm(request.POST or None)
    at = timezone.now()
    if request.method == "POST" and form.is_valid():
        try:
            made = services.apply(
                actor=Actor.current(),
                at=at,
                child=child,
                scheme=form.cleaned_data["scheme"],
                statement=form.cleaned_data["statement"],
            )
            return redirect("subsidies:application", pk=made.pk)
        except TransitionRefused as why:
            form.add_error(None, str(why))
    context = {
        "form": form,
        "child": child,
        "decision": pages.decision_values(services.decision_for(child, timezone.localdate(at))),
        "back": reverse("cases:child", args=[child.pk]),
    }
    return render(request, "subsidies/application_add.html", context)


@require_GET
@roles(*READERS)
def application(request: HttpRequest, pk: int) -> HttpResponse:
    """One application: steps, facts, the table's answer with its evidence, what can be done now, what
    happened.
    """
    found = _application(pk)
    log_access(
        kind="read",
        child_id=found.child_id,
        region_id=found.region_id,
        subject="subsidies.application",
        subject_id=pk,
    )
    names: dict[str, str] = {}
    if not services.is_decided(found):
        roles_ahead = (Role.SUPERVISOR, Role.CLERK, Role.APPROVER)
        names = holders(roles_ahead, found.region_id, timezone.localdate())
    context = pages.values(found, Actor.current(), names) | {
        "events": pages.events(found, list(history(found))),
        "entitlement": Entitlement.objects.filter(application=found).first()
        if found.state == ApplicationState.CONFIRMED
        else None,
    }
    return render(request, "subsidies/application.html", context)


@require_POST
@roles(*ACTORS)
def application_transition(request: HttpRequest, pk: int) -> HttpResponse:
    """Perform the step that a button names."""
    found = _application(pk)
    actor, name = Actor.current(), request.POST.get("action", "")
    back = reverse("subsidies:application", args=[pk])
    if text := is_not_yours(found, name, actor):
        return refuse_page(request, text, back)
    try:
        services.act(
            name,
            actor=actor,
            at=timezone.now(),
            application=found,
            reason_code=request.POST.get("reason_code", ""),
            reason=request.POST.get("reason", ""),
        )
    except TransitionRefused as why:
        messages.error(request, str(why))
    return redirect(back)


@require_GET
@roles(*READERS)
def application_letter(request: HttpRequest, pk: int) -> HttpResponse:
    """The written refusal with its reasons, to print and hand over (不予确认告知书)."""
    found = _application(pk)
    if found.state != ApplicationState.REFUSED:
        raise Http404
    log_access(
        kind="read",
        child_id=found.child_id,
        region_id=found.region_id,
        subject="subsidies.application",
        subject_id=pk,
        reason=_("refusal letter"),
    )
    context = pages.values(found, Actor.current(), {}) | {
        "county": Region.objects.get(pk=county_of(found.region_id)),
    }
    return render(request, "subsidies/application_letter.html", context)
