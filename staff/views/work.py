"""Files and long work."""

from __future__ import annotations

import uuid

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import content_disposition_header
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import HttpResponseClientRedirect

from staff import files, jobs, scope
from staff.access import ActingRequest, roles
from staff.audit import log_access
from staff.enums import Role
from staff.models import AccessLog, Job, StoredFile

# What a browser may show inside a page; everything else is saved as a file.
SHOWN_INLINE = {"image/jpeg", "image/png", "image/webp"}
# Files with whole account numbers: an auditor sees that they exist and their digest, not the numbers.
WHOLE_ACCOUNTS = {StoredFile.Kind.BANK, StoredFile.Kind.BANK_RESULT}


@roles(*Role)
@never_cache
@require_GET
def file(request: ActingRequest, pk: uuid.UUID) -> HttpResponse:
    """The clear bytes of a stored file in the reader's scope, after one line in the access log."""
    stored = get_object_or_404(StoredFile.objects, pk=pk)
    if stored.kind in WHOLE_ACCOUNTS and scope.current().role == Role.AUDITOR:
        raise Http404
    try:
        data = files.read(stored)
    except FileNotFoundError as error:
        raise Http404 from error
    log_access(
        kind=AccessLog.Kind.DOWNLOAD,
        child_id=stored.child_id,
        region_id=stored.region_id,
        subject=f"file.{stored.kind}",
        subject_id=stored.pk,
        detail={"sha256": stored.sha256},
    )
    inline = (
        stored.kind in (StoredFile.Kind.PHOTO, StoredFile.Kind.EVIDENCE)
        and stored.content_type in SHOWN_INLINE
    )
    response = HttpResponse(data, content_type=stored.content_type)
    response.headers["Content-Disposition"] = (
        content_disposition_header(not inline, stored.name) or "attachment"
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


@roles(*Role)
@never_cache
@require_GET
def job(request: ActingRequest, pk: uuid.UUID) -> HttpResponse:
    """How far a piece of work is: a page, the fragment that htmx asks for each second, or JSON. Pages lead to the result.

    JSON: ``state`` (queued, running, done, failed, cancelled), ``done``, ``total``, ``result``, ``error``,
    ``done_url``.
    """
    work = get_object_or_404(Job.objects.select_related("user"), pk=pk)
    progress = jobs.progress_of(work)
    state = "running" if work.state == Job.State.QUEUED and progress else work.state
    if request.headers.get("Accept", "").startswith("application/json"):
        return JsonResponse(
            {
                "id": str(work.pk),
                "kind": work.kind,
                "state": state,
                "done": progress.get("done", 0),
                "total": progress.get("total", 0),
                "result": work.result,
                "error": work.error,
                "done_url": work.done_url,
            }
        )
    asked_again = bool(request.headers.get("HX-Request"))
    if work.state == Job.State.DONE and work.done_url:  # also when it had ended before its page was opened
        return HttpResponseClientRedirect(work.done_url) if asked_again else redirect(work.done_url)
    context = {
        "job": work,
        "state": "broken" if state == Job.State.FAILED else state,
        "progress": progress,
        "waiting": work.state == Job.State.QUEUED,
        "mine": work.user_id == request.user.pk,
        "title": jobs.title(work.kind),
    }
    return render(request, "staff/_job.html" if asked_again else "staff/job.html", context)


@roles(*Role)
@require_POST
def job_cancel(request: ActingRequest, pk: uuid.UUID) -> HttpResponse:
    """Ask the work to stop; only the person who started it may."""
    work = get_object_or_404(Job.objects, pk=pk)
    if work.user_id != request.user.pk:
        raise PermissionDenied
    if work.state == Job.State.QUEUED:
        jobs.cancel(work)
    return redirect("staff:job", pk)
