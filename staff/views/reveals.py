"""The eye beside a masked value: ask why, log it, show the value."""

from __future__ import annotations

from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from staff.access import ActingRequest, roles
from staff.enums import Role
from staff.reveal import KEPT_ON_SCREEN_SECONDS, REVEALABLE, RevealReason, RevealRefused
from staff.reveal import reveal as give


@roles(*Role)
@never_cache
@require_http_methods(["GET", "POST"])
def reveal(request: ActingRequest, key: str, pk: int) -> HttpResponse:
    """GET asks the reason, POST answers with the value. In the page's dialog, or as a page without scripts.

    The record is looked up for GET as well: one out of scope is a 404 before any reason is asked.
    """
    what = REVEALABLE.get(key)
    if what is None:
        raise Http404
    if request.assignment.post.role not in what.roles:
        raise PermissionDenied
    value, error = "", ""
    try:
        person = what.find(pk).person
        if request.method == "POST":
            value = give(
                key,
                pk,
                reason_code=request.POST.get("reason_code", ""),
                reason=request.POST.get("reason", "")[:200],
            ).text
    except ObjectDoesNotExist:
        raise Http404 from None
    except RevealRefused as refused:
        error = str(refused)
    title = (
        _("%(what)s of %(person)s") % {"what": what.label, "person": person} if person else str(what.label)
    )
    return render(
        request,
        "staff/_reveal.html" if request.headers.get("HX-Request") else "staff/reveal.html",
        {
            "title": title,
            "reasons": RevealReason.choices,
            "value": value,
            "error": error,
            "seconds": KEPT_ON_SCREEN_SECONDS,
            "posted": request.method == "POST" and not error,
        },
        status=422 if error else 200,
    )
