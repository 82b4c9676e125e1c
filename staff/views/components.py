"""Every component of the look, filled in: for those who build pages, never in production."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from staff.access import open_to_all
from staff.samples import samples


@open_to_all
@require_GET
def components(request: HttpRequest) -> HttpResponse:
    if not (settings.DEBUG or settings.DEMO_ACCOUNTS):
        raise Http404
    return render(request, "staff/components.html", {"sample": samples()})
