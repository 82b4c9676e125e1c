"""Pages of lists: what has arrived for a month, by kind, and how far it is."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from cases.ages import add_months
from cases.matching import selectors
from cases.matching.forms import first_of_month
from cases.matching.intake.forms import UploadForm
from staff.access import roles
from staff.enums import Role

READERS = (Role.CLERK, Role.APPROVER, Role.LEADER)


def _county(request: HttpRequest) -> int:
    return int(request.assignment.post.region_id)  # type: ignore[attr-defined]


def _may_write(request: HttpRequest) -> bool:
    return bool(request.assignment.post.role == Role.CLERK)  # type: ignore[attr-defined]


@require_GET
@roles(*READERS)
def lists(request: HttpRequest) -> HttpResponse:
    """What has arrived for a month, by kind, and how far it is."""
    period = first_of_month(request.GET.get("month", ""), timezone.localdate())
    context = {
        "month": selectors.month_of_lists(_county(request), period),
        "earlier": add_months(period, -1),
        "later": add_months(period, 1),
        "may_write": _may_write(request),
        "form": UploadForm(initial={"period": period}),
    }
    return render(request, "cases/lists.html", context)


@require_GET
@roles(*READERS)
def lists_panel(request: HttpRequest) -> HttpResponse:
    """Fragment for the bureau's month page."""
    period = first_of_month(request.GET.get("month", ""), timezone.localdate())
    month = selectors.month_of_lists(_county(request), period)
    return render(request, "cases/_lists_panel.html", {"month": month, "may_write": _may_write(request)})
