"""Pages of visits that were kept: the list, one with its decision, its photos; and photos that are awaited no longer."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cases.field import deciding
from cases.field import kept_pages as pages
from cases.field.enums import KeptState
from cases.field.offering import as_keeper
from cases.field.photos import withdraw_photo
from cases.models import KeptPhoto, KeptVisit, Visit
from staff import files
from staff.access import roles
from staff.audit import log_access
from staff.enums import Role
from staff.scope import current
from staff.workflow import Actor, TransitionRefused

DECIDERS = (Role.SUPERVISOR, Role.CLERK, Role.APPROVER)
PAGE = 30


@require_GET
@roles(*DECIDERS)
def kept_visits(request: HttpRequest) -> HttpResponse:
    """Visits kept in the reader's area by state, those that wait first, the oldest on top."""
    state = request.GET.get("state", "")
    state = state if state in KeptState.values else KeptState.KEPT
    page = Paginator(pages.listed(state), PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "rows": [pages.row_of(one) for one in page], "segments": pages.segments(state)}
    return render(request, "cases/kept_visits.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
@roles(*DECIDERS)
def kept_visit(request: HttpRequest, pk: int) -> HttpResponse:
    """One kept visit; POST ``action`` is one of its workflow."""
    found = get_object_or_404(KeptVisit.objects.select_related("author", "region", "decided_by"), pk=pk)
    actor = Actor.current()
    if request.method == "POST":
        return _decide(request, found, actor)
    # Who reads it stands with those whose staff they are: the county that is asked, or those who keep it.
    here = found.region_id if current().covers(found.region_id) else found.offered_to_id
    log_access(kind="read", region_id=here, subject="cases.keptvisit", subject_id=pk)
    return render(request, "cases/kept_visit.html", pages.kept_context(found, actor))


def _decide(request: HttpRequest, found: KeptVisit, actor: Actor) -> HttpResponse:
    action, words = request.POST.get("action", ""), request.POST.get("reason", "")
    try:
        done = deciding.decide(found, action, words, actor=actor, at=timezone.now())
    except TransitionRefused as refused:
        messages.error(request, str(refused))
        return redirect("cases:kept_visit", found.pk)
    messages.success(request, done)
    return redirect("cases:kept_visits")


@require_GET
@roles(*DECIDERS)
def kept_photo(request: HttpRequest, pk: int, photo_pk: int) -> HttpResponse:
    """The picture itself; never kept by shared caches."""
    found = get_object_or_404(KeptVisit.objects.defer("payload"), pk=pk)
    with as_keeper(found):
        photo = get_object_or_404(KeptPhoto.objects.select_related("file"), pk=photo_pk, kept=found)
    response = HttpResponse(files.read(photo.file), content_type=photo.file.content_type)
    response["Cache-Control"] = "private, max-age=600"
    response["Content-Disposition"] = "inline"
    return response


@require_POST
@roles(Role.DIRECTOR, Role.SUPERVISOR)
def visit_photos_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """The visit waits no longer for photos that will not come; only its author may say so."""
    visit = get_object_or_404(Visit, pk=pk)
    actor = Actor.current()
    if visit.conducted_by_id != actor.user_id:
        raise PermissionDenied
    for uuid in visit.photos_awaited:
        withdraw_photo(actor=actor, visit_uuid=visit.uuid, photo_uuid=uuid)
    messages.success(request, _("The visit waits for no further photos."))
    return redirect("cases:visit", pk)
