"""Pages of the desk: what is late, and what may be posted."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from cases import ledger_exports
from staff.access import roles
from staff.enums import RegionLevel, Role
from staff.models import Region
from staff.paper import pdf_response
from staff.scope import current
from staff.workflow import Actor
from subsidies.applications import late as selectors
from subsidies.applications import pages as application_pages
from subsidies.applications import postings
from subsidies.models import Scheme

READERS = (Role.SUPERVISOR, Role.CLERK, Role.APPROVER, Role.LEADER)
POSTERS = (Role.SUPERVISOR, Role.CLERK)


def _whose(request: HttpRequest) -> str:
    whose = request.GET.get("whose", "")
    return whose if whose in selectors.WHOSE else ""


@require_GET
@roles(*READERS)
def late(request: HttpRequest) -> HttpResponse:
    """``?whose=township|county``: clocks that are over, the longest first, then those that run out within days."""
    desk, whose = application_pages.desk(), _whose(request)
    found = selectors.rows(desk, whose, soon=True, most=selectors.MOST)
    over = [row for row in found if row.clock.late]
    here = reverse("subsidies:late")
    context = {
        "late": over,
        "soon": [row for row in found if not row.clock.late],
        "warn_from": desk.warn_from,
        "capped": len(found) >= selectors.MOST,
        "segments": [
            {"label": label, "url": f"{here}?whose={name}" if name else here, "current": name == whose}
            for name, label in (("", _("Both")), ("township", _("Township")), ("county", _("County")))
        ],
        "actions": [
            {
                "label": _("Export"),
                "url": reverse("subsidies:late_export") + (f"?whose={whose}" if whose else ""),
                "icon": "download",
            }
        ],
    }
    return render(request, "subsidies/late.html", context)


@roles(*READERS)
def late_export(request: HttpRequest) -> HttpResponse:
    """Ask what the list is for, then write it in a job."""
    whose = _whose(request)
    return ledger_exports.ask(request, selectors.LATE, {"whose": whose}, reverse("subsidies:late"))


@require_GET
@roles(*POSTERS)
def posting_list(request: HttpRequest) -> HttpResponse:
    """Which schemes are posted at all, and the lists of the townships."""
    low, high = current().ranges[0]
    today = timezone.localdate()
    townships = list(
        Region.objects.in_force(today).filter(level=RegionLevel.TOWNSHIP, pk__gte=low, pk__lte=high)
    )
    rows: list[dict[str, Any]] = [
        {
            "scheme": scheme,
            "townships": [
                {"name": place.short_name, "url": reverse("subsidies:posting", args=[scheme.code, place.pk])}
                for place in townships
            ],
        }
        for scheme in postings.schemes_posted(low, today)
    ]
    return render(request, "subsidies/postings.html", {"rows": rows})


@require_GET
@roles(*POSTERS)
def posting(request: HttpRequest, code: str, township: int) -> HttpResponse:
    """The list of one township for the wall, as PDF; refused for a scheme that nothing is posted of."""
    scheme = get_object_or_404(Scheme, code=code)
    place = get_object_or_404(Region, pk=township, level=RegionLevel.TOWNSHIP)
    if not current().covers(place.pk):
        raise Http404
    at = timezone.now()
    try:
        found = postings.posting(actor=Actor.current(), at=at, scheme=scheme, township=place)
    except postings.PostingRefused as why:
        back = reverse("subsidies:postings")
        return render(request, "subsidies/not_yours.html", {"text": str(why), "back": back}, status=422)
    data, name = postings.posting_pdf(found, at=at)
    return pdf_response(data, name)
