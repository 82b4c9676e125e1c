"""What a post leaves open in subsidies, as a fragment of the handover page."""

from __future__ import annotations

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from staff.access import roles
from staff.enums import Role
from staff.models import Assignment
from subsidies.enums import ApplicationState
from subsidies.models import Application

OVER = (ApplicationState.CONFIRMED, ApplicationState.REFUSED, ApplicationState.WITHDRAWN)
MOST = 50


@require_GET
@roles(Role.DIRECTOR, Role.SUPERVISOR, Role.CLERK, Role.APPROVER, Role.LEADER)
def handover_panel(request: HttpRequest, assignment: int) -> HttpResponse:
    """Applications that are not decided yet in the regions of the post."""
    left = get_object_or_404(Assignment.objects.select_related("post__region", "user"), pk=assignment)
    here = Q()
    for low, high in left.post.ranges():
        here |= Q(region__gte=low, region__lte=high)
    found = (
        Application.objects.filter(here).exclude(state__in=OVER).select_related("child", "scheme", "region")
    )
    return render(
        request,
        "subsidies/_handover.html",
        {"person": left.user, "applications": found.order_by("applied_at", "pk")[:MOST]},
    )
