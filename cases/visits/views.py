"""Pages of those who visit: home, recording a visit, the list of visits, one visit, what is to be sent,
handover.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from cases.care.selectors import overdue_count
from cases.checks.pages import visit_context
from cases.defects.pages import home_strip
from cases.duplicates.merging import standing_file
from cases.field.same_day import same_day_visits
from cases.field.visitors import visitors
from cases.models import Child, Visit, VisitPhoto
from cases.plans.pages import home_actions
from cases.sweeps.pages import strips
from cases.sweeps.selectors import progress
from cases.visits import pages, selectors
from cases.visits.enums import VisitState
from cases.visits.forms import VisitForm
from cases.visits.services import EDITABLE, create_visit, is_written_by, save_draft
from cases.workflows import FIELD
from staff import files
from staff.access import roles, signed_in
from staff.audit import log_access
from staff.enums import Role
from staff.models import Assignment
from staff.workflow import Actor, TransitionRefused, available

READERS = (Role.DIRECTOR, Role.SUPERVISOR, Role.CLERK, Role.APPROVER, Role.LEADER)
VISITORS = (Role.DIRECTOR, Role.SUPERVISOR)
PAGE = 30


@require_GET
@signed_in
def home(request: HttpRequest) -> HttpResponse:
    """The director's day; everybody else is taken to the page their post starts from."""
    assignment = request.assignment  # type: ignore[attr-defined]
    role = assignment.post.role if assignment else ""
    if role != Role.DIRECTOR:
        return redirect(settings.HOME_BY_ROLE.get(role, "staff:me"))
    today = timezone.localdate()
    found = selectors.director_home(
        user_id=request.user.pk or 0, today=today, region_id=assignment.post.region_id
    )
    context = {
        "home": found,
        "place": assignment.post.region.short_name,
        "hour": timezone.localtime().hour,
        "contacts_late": overdue_count(assignment.post.region_id, today),
    }
    context |= pages.home_rows(found) | home_strip(today) | home_actions(request.user.pk or 0, today)
    context["sweep_strips"] = strips(progress(today), today)
    return render(request, "cases/home.html", context)


@require_GET
@roles(*READERS)
def visits(request: HttpRequest) -> HttpResponse:
    """All visits in scope, latest first, by state."""
    wanted = request.GET.get("state", "")
    found = Visit.objects.select_related("child", "region", "conducted_by").order_by("-visited_at", "-pk")
    # A draft belongs to nobody but its author.
    found = (
        found.exclude(state=VisitState.DRAFT)
        if wanted != VisitState.DRAFT
        else found.filter(conducted_by_id=request.user.pk)
    )
    if wanted in VisitState.values:
        found = found.filter(state=wanted)
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "rows": [pages.visit_item(visit) for visit in page],
        "segments": pages.state_segments(wanted),
        "may_visit": Actor.current().role in FIELD,
    }
    return render(request, "cases/visits.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
@roles(*VISITORS)
def visit_add(request: HttpRequest) -> HttpResponse:
    """Record a visit of ``?child=``; without one, choose the child first."""
    wanted = request.POST.get("child") or request.GET.get("child") or ""
    if not wanted:
        query = request.GET.get("q", "")
        children = selectors.children_to_visit(query)
        return render(request, "cases/visit_child.html", {"rows": pages.child_rows(children), "query": query})
    # No key has more than 18 digits.
    standing = standing_file(int(wanted)) if wanted.isdecimal() and len(wanted) <= 18 else None
    child = get_object_or_404(
        Child.objects.filter(left_date__isnull=True).prefetch_related("guardians"),
        pk=standing.pk if standing else 0,
    )
    return _visit_form(request, child, None)


@never_cache
@require_http_methods(["GET", "POST"])
@roles(*VISITORS)
def visit_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Go on with a draft, or change a returned visit; only its author may."""
    visit = get_object_or_404(
        Visit.objects.select_related("child").prefetch_related("photos", "child__guardians"), pk=pk
    )
    if not is_written_by(visit, Actor.current()):
        raise PermissionDenied
    if visit.state not in EDITABLE:
        return redirect("cases:visit", pk=pk)
    return _visit_form(request, visit.child, visit)


def _visit_form(request: HttpRequest, child: Child, visit: Visit | None) -> HttpResponse:
    now = timezone.now()
    draft = request.POST.get("save") == "draft"
    if request.method == "POST":
        form = VisitForm(request.POST, request.FILES, child=child, at=now, visit=visit, draft=draft)
        if form.is_valid() and _write(request, form, draft):
            return redirect("cases:home" if Actor.current().role == Role.DIRECTOR else "cases:visits")
    else:
        form = VisitForm(child=child, at=now, visit=visit, kind=request.GET.get("kind", ""))
    returned = visit is not None and visit.state == VisitState.RETURNED
    context = pages.form_values(form, child, visit) | {
        "special_url": pages.special_form_url(form),
        "said": selectors.return_words([visit]).get(visit.pk, "") if visit is not None and returned else "",
        "next_url": reverse("cases:home" if Actor.current().role == Role.DIRECTOR else "cases:visits"),
    }
    return render(request, "cases/visit_form.html", context)


def _write(request: HttpRequest, form: VisitForm, draft: bool) -> bool:
    """Hand a valid form to the service; a refusal becomes an error of the form."""
    data = form.cleaned_data
    values: dict[str, Any] = {
        "actor": Actor.current(),
        "at": form.at,
        "uuid": data["client_id"],
        "child": form.child,
        "data": form.visit_data(),
        "photos": data["photos"] or (),
        "basis": data["basis"],
        "drop": data["drop_photos"] or (),
    }
    try:
        if draft:
            save_draft(**values)
            messages.success(request, _("Draft of the visit to %(child)s kept.") % {"child": form.child})
        else:
            create_visit(**values)
            messages.success(
                request, _("Visit to %(child)s submitted, awaiting review.") % {"child": form.child}
            )
    except TransitionRefused as why:
        form.add_error(None, str(why))
        return False
    return True


@require_GET
@roles(*READERS)
def visit(request: HttpRequest, pk: int) -> HttpResponse:
    """One visit, with what became of it."""
    found = get_object_or_404(
        Visit.objects.filter(selectors.readable())
        .select_related("child", "region__parent", "conducted_by")
        .prefetch_related("photos"),
        pk=pk,
    )
    _log_reading(found)
    actor = Actor.current()
    mine = is_written_by(found, actor)
    context = pages.visit_facts(found) | {
        "events": pages.events_of(selectors.steps_of([found]).get(found.pk, []), found),
        "own": found.conducted_by_id == actor.user_id,
        "same_day": same_day_visits(found),
        "may_edit": mine and found.state in EDITABLE and actor.role in FIELD,
        "may_review": bool(available(found, actor)),
        "checked": visit_context(found),
    }
    return render(request, "cases/visit.html", context)


@require_GET
@roles(*READERS)
def visit_photo(request: HttpRequest, pk: int, photo_pk: int) -> HttpResponse:
    """The picture itself, shown within the page; never kept by shared caches."""
    photo = get_object_or_404(
        VisitPhoto.objects.select_related("file"),
        pk=photo_pk,
        visit__in=Visit.objects.filter(selectors.readable(), pk=pk),
    )
    response = HttpResponse(files.read(photo.file), content_type=photo.file.content_type)
    response["Cache-Control"] = "private, max-age=600"
    response["Content-Disposition"] = "inline"
    return response


@require_GET
@visitors
def outbox(request: HttpRequest) -> HttpResponse:
    """Visits on this device that are not sent yet; the device's own script fills the list."""
    return render(request, "cases/outbox.html", {"in_field": True})


@require_GET
@roles(*READERS)
def handover_panel(request: HttpRequest, assignment: int) -> HttpResponse:
    """What a post leaves open, as a fragment of the handover page."""
    left = get_object_or_404(Assignment.objects.select_related("post__region", "user"), pk=assignment)
    today = timezone.localdate()
    found = selectors.left_open(
        user_id=left.user_id, ranges=left.post.ranges(), today=today, region_id=left.post.region_id
    )
    return render(
        request, "cases/_handover.html", {"person": left.user} | pages.handover_groups(found, today)
    )


def _log_reading(visit: Visit) -> None:
    log_access(
        kind="read",
        child_id=visit.child_id,
        region_id=visit.region_id,
        subject="cases.visit",
        subject_id=visit.pk,
    )
