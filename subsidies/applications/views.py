"""Pages of applications: the list, applying, one application with its steps, documents, checks and letters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cases.models import Child
from staff.access import roles
from staff.audit import log_access
from staff.enums import Role
from staff.paper import pdf_response
from staff.workflow import Actor, TransitionRefused, history
from subsidies.applications import evidence, file, letters, pages, services
from subsidies.applications.applying import apply
from subsidies.applications.decisions import decision_for
from subsidies.applications.forms import (
    ApplicationForm,
    CheckForm,
    EvidenceAddForm,
    EvidenceForm,
    open_schemes,
)
from subsidies.applications.qualification import qualify
from subsidies.applications.refusals import ApplicationRefused
from subsidies.duties import holders, is_not_yours, refuse_page
from subsidies.entitlements.departed import of_one_child
from subsidies.enums import ApplicationState
from subsidies.forms import number_or_zero
from subsidies.models import Application, Entitlement

READERS = (Role.DIRECTOR, Role.SUPERVISOR, Role.CLERK, Role.APPROVER, Role.LEADER)
APPLICANTS = (Role.DIRECTOR, Role.SUPERVISOR)
ACTORS = (Role.DIRECTOR, Role.SUPERVISOR, Role.CLERK, Role.APPROVER)
WRITERS = (Role.DIRECTOR, Role.SUPERVISOR, Role.CLERK)


def _application(pk: int) -> Application:
    found = of_one_child(
        Application.objects.filter(pk=pk).select_related(
            "scheme", "region__parent", "applied_by", "verified_by", "checked_by", "decided_by"
        )
    )
    if not found:
        raise Http404
    return found[0]


@require_GET
@roles(*READERS)
def applications(request: HttpRequest) -> HttpResponse:
    """Applications in scope by segment, the nearest deadline first."""
    role, desk = Actor.current().role, pages.desk()
    segments = pages.segments_of(role, desk)
    segment = request.GET.get("show", "")
    if segment not in segments:
        segment = next(iter(segments))
    after, start = request.GET.get("after", ""), request.GET.get("start", "")
    found, later = pages.page_of(segment, role, desk, after=after, start=start)
    context = {
        "rows": [pages.row(one, desk) for one in found],
        "later": later,
        "first": f"?show={segment}" if after or start else "",
        "segments": pages.segment_tabs(segment, role, desk),
        "segment": segment,
        "may_apply": role in APPLICANTS,
        "actions": pages.actions_of(role),
    }
    return render(request, "subsidies/applications.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
@roles(*APPLICANTS)
def application_add(request: HttpRequest) -> HttpResponse:
    """Apply for ``?child=`` under ``&scheme=`` (code): who applies, why, and the scheme's own list of documents."""
    given = request.POST.get("child") or request.GET.get("child", "")
    child = get_object_or_404(Child, pk=number_or_zero(given))
    schemes = open_schemes()
    wanted = request.POST.get("scheme") or request.GET.get("scheme", "")
    scheme = next((one for one in schemes if one.code == wanted), schemes[0] if schemes else None)
    if scheme is None:
        raise Http404
    at, actor = timezone.now(), Actor.current()
    today = timezone.localdate(at)
    decision = decision_for(child, today)
    found = qualify(child, scheme, decision, today)
    form = ApplicationForm(request.POST or None, child=child)
    asked = evidence.asked_for(child, found.terms, found.categories, today, authorised=True)
    lists = [
        EvidenceForm(
            request.POST or None, request.FILES or None, asked=item, child=child, on=today, role=actor.role
        )
        for item in asked
    ]
    if request.method == "POST" and all([form.is_valid(), *(one.is_valid() for one in lists)]):
        try:
            made = apply(
                actor=actor,
                at=at,
                child=child,
                scheme=scheme,
                statement=form.cleaned_data["statement"],
                applicant=form.applicant(),
                intake=form.intake(),
                evidence=[one for one in (entry.given() for entry in lists) if one],
            )
            return redirect("subsidies:application", pk=made.pk)
        except TransitionRefused as why:
            form.add_error(None, str(why))
    here = reverse("subsidies:application_add")
    context = {
        "form": form,
        "evidence": lists,
        "child": child,
        "scheme": scheme,
        "schemes": [
            {"label": str(one), "url": f"{here}?child={child.pk}&scheme={one.code}", "current": one == scheme}
            for one in schemes
        ],
        "questions": file.question_values(found),
        "decision": file.decision_values(decision),
        "back": reverse("cases:child", args=[child.pk]),
    }
    return render(request, "subsidies/application_add.html", context)


@require_GET
@roles(*READERS)
def application(request: HttpRequest, pk: int) -> HttpResponse:
    """One application: steps, facts, documents, checks, the table's answer, what can be done now, what happened."""
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
    context = file.values(found, Actor.current(), names) | {
        "events": file.events(found, list(history(found))),
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
    more: dict[str, Any] = {}
    if name == "ask_supplement":
        more["items"] = request.POST.getlist("items")
    elif name == "check":
        more["grade"] = request.POST.get("grade", "")
    return _do(
        request,
        back,
        lambda: services.act(
            name,
            actor=actor,
            at=timezone.now(),
            application=found,
            reason_code=request.POST.get("reason_code", ""),
            reason=request.POST.get("reason", ""),
            **more,
        ),
    )


@require_POST
@roles(*WRITERS)
def application_evidence_add(request: HttpRequest, pk: int) -> HttpResponse:
    """Put one more document on record, or say where it was seen."""
    found = _application(pk)
    actor, at = Actor.current(), timezone.now()
    back = reverse("subsidies:application", args=[pk])
    items = evidence.items_of(found, found.child) if found.child.birth_date else []
    form = EvidenceAddForm(
        request.POST,
        request.FILES,
        items=[item.asked for item in items],
        child=found.child,
        on=timezone.localdate(at),
        role=actor.role,
    )
    given = form.given() if form.is_valid() else None
    if given is None:
        return _wrong(request, form, back)
    return _do(
        request,
        back,
        lambda: evidence.add_evidence(actor=actor, at=at, application=found, given=given),
    )


@require_POST
@roles(Role.SUPERVISOR)
def application_check_add(request: HttpRequest, pk: int) -> HttpResponse:
    """Record how the township looked into it."""
    found = _application(pk)
    back = reverse("subsidies:application", args=[pk])
    form = CheckForm(request.POST)
    if not form.is_valid():
        return _wrong(request, form, back)
    return _do(
        request,
        back,
        lambda: evidence.add_check(
            actor=Actor.current(), at=timezone.now(), application=found, **form.cleaned_data
        ),
    )


def _do(request: HttpRequest, back: str, act: Callable[[], object]) -> HttpResponse:
    """Perform, say why not, and go back."""
    try:
        act()
    except TransitionRefused as why:
        messages.error(request, str(why))
    return redirect(back)


def _wrong(request: HttpRequest, form: Any, back: str) -> HttpResponse:
    """What is wrong with a form, said on the page it was sent from."""
    for field, problems in form.errors.items():
        label = form.fields[field].label if field in form.fields else ""
        messages.error(request, "：".join(filter(None, (str(label), " ".join(problems)))))
    return redirect(back)


@require_GET
@roles(*READERS)
def application_letter(request: HttpRequest, pk: int) -> HttpResponse:
    """The notice of confirmation (确认通知书) or the refusal with its reasons (不予确认告知书), as PDF."""
    return _letter(letters.decision_letter, pk)


@require_GET
@roles(*READERS)
def supplement_notice(request: HttpRequest, pk: int) -> HttpResponse:
    """What was asked for in writing (补正告知书), as PDF."""
    return _letter(letters.supplement_notice, pk)


def _letter(write: Callable[..., letters.Letter], pk: int) -> HttpResponse:
    try:
        letter = write(_application(pk), at=timezone.now())
    except ApplicationRefused as none:
        raise Http404 from none
    return pdf_response(letter.data, letter.name)
