"""The review queue: what is late, what waits for a decision, and the decision itself, on one screen."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods
from django.views.decorators.vary import vary_on_headers

from cases import queue_pages as pages
from cases import visit_selectors as selectors
from cases.defect_pages import defect_tiles
from cases.enums import RiskLevel
from cases.models import Child, Visit
from cases.visit_forms import EscalateForm, ReviewForm
from cases.visit_pages import visit_facts
from cases.visits import approve_many, review_visit
from staff.access import roles
from staff.audit import log_access
from staff.enums import Role
from staff.workflow import Actor, TransitionRefused

COUNTY = (Role.CLERK, Role.APPROVER)
SHOWS = ("", "overdue", "review", "cases")


def _load(request: HttpRequest) -> tuple[selectors.Queue, str, bool]:
    """The list of the reader's post, what of it is shown, and whether that is the county's."""
    post = request.assignment.post  # type: ignore[attr-defined]
    show = request.GET.get("show", "")
    show = show if show in SHOWS else ""
    at_county = post.role in COUNTY
    found = selectors.queue_for(
        user_id=request.user.pk or 0,
        today=timezone.localdate(),
        region_id=post.region_id,
        at_county=at_county,
        show=show,
    )
    return found, show, at_county


def _values(
    request: HttpRequest, loaded: tuple[selectors.Queue, str, bool], current: Visit | None = None
) -> dict[str, Any]:
    """Context of the list and its tiles."""
    post = request.assignment.post  # type: ignore[attr-defined]
    today = timezone.localdate()
    values = pages.queue_values(*loaded, current, today) | {"place": post.region.name}
    values["tiles"] += defect_tiles(today, at_county=values["at_county"])
    return values


@never_cache
@require_GET
@roles(Role.SUPERVISOR, *COUNTY)
def queue(request: HttpRequest) -> HttpResponse:
    """The list; at the county, what has climbed to it."""
    return render(request, "cases/queue.html", _values(request, _load(request)))


@never_cache
@require_http_methods(["GET", "POST"])
@vary_on_headers("HX-Request")
@roles(Role.SUPERVISOR)
def visit_review(request: HttpRequest, pk: int) -> HttpResponse:
    """One visit with its decision: beside the list on a desktop, alone on a phone, a fragment for htmx."""
    whole = request.method == "GET" and not request.htmx  # type: ignore[attr-defined]
    loaded = _load(request) if whole else None
    listed = next((one for one in loaded[0].review if one.pk == pk), None) if loaded else None
    visit = listed or get_object_or_404(
        Visit.objects.select_related("child", "region__parent", "conducted_by"), pk=pk
    )
    escalate: EscalateForm | None = None
    status = 200
    if request.method == "POST":
        form = ReviewForm(request.POST)
        if request.POST.get("action") == "escalate":
            escalate = pages.escalate_form(visit, request.POST)
        if (
            form.is_valid()
            and (escalate is None or escalate.is_valid())
            and _decide(request, visit, form, escalate)
        ):
            return _next(request)
        status = 422
    else:
        log_access(
            kind="read",
            child_id=visit.child_id,
            region_id=visit.region_id,
            subject="cases.visit",
            subject_id=pk,
        )
    panel = visit_facts(visit) | {
        "actions": pages.review_actions(visit, Actor.current(), escalate),
        "refused": status == 422,
    }
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "cases/_review_panel.html", panel)
    loaded = loaded or _load(request)
    return render(request, "cases/queue.html", _values(request, loaded, visit) | panel, status=status)


def _decide(request: HttpRequest, visit: Visit, form: ReviewForm, escalate: EscalateForm | None) -> bool:
    data = form.cleaned_data | (escalate.cleaned_data if escalate else {})
    decision = data.pop("action")
    try:
        review_visit(actor=Actor.current(), at=timezone.now(), visit=visit, decision=decision, **data)
    except TransitionRefused as why:
        messages.error(request, str(why))
        return False
    done = {
        "approve": _("Visit to %(child)s approved."),
        "return": _("Visit to %(child)s returned to %(person)s."),
        "escalate": _("Case opened for %(child)s."),
    }
    messages.success(request, done[decision] % {"child": visit.child, "person": visit.conducted_by})
    if decision == "approve" and visit.risk != visit.risk_before:
        now = Child.objects.only("risk").get(pk=visit.child_id)
        if RiskLevel(now.risk).is_worse_than(RiskLevel(visit.risk)):
            held = _("The colour is %(colour)s: the last assessment of the guardian allows no better one.")
            messages.warning(request, held % {"colour": RiskLevel(now.risk).label})
    return True


def _next(request: HttpRequest) -> HttpResponse:
    """On to the next visit that waits, or back to the list."""
    waiting = selectors.visits_to_review(request.user.pk or 0).first()
    return redirect("cases:queue") if waiting is None else redirect("cases:visit_review", pk=waiting.pk)


@never_cache
@require_http_methods(["GET", "POST"])
@roles(Role.SUPERVISOR)
def queue_approve(request: HttpRequest) -> HttpResponse:
    """Quiet green visits on one page: look through them, take out what needs a closer look, approve the
    rest.
    """
    waiting = selectors.quiet_visits(request.user.pk or 0)
    if request.method == "POST":
        wanted = set(request.POST.getlist("visit"))
        chosen = [visit for visit in waiting if str(visit.pk) in wanted]
        approved, refused = approve_many(actor=Actor.current(), at=timezone.now(), visits=chosen)
        if approved:
            words = ngettext("%(n)d visit approved.", "%(n)d visits approved.", len(approved))
            messages.success(request, words % {"n": len(approved)})
        for visit, why in refused:
            messages.error(request, f"{visit.child}: {why}")
        if len(wanted) > len(chosen):
            messages.warning(request, _("Some visits no longer wait for review and were left as they are."))
        if not wanted:
            messages.warning(request, _("Choose at least one visit."))
        return redirect("cases:queue_approve" if refused or not wanted else reverse("cases:queue"))
    return render(request, "cases/queue_approve.html", {"rows": pages.quiet_rows(waiting)})
