"""Two people at one child's door on the same day: each of them is told of the other."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from cases.models import Visit
from cases.visits.enums import VisitState


def same_day_visits(visit: Visit) -> list[Visit]:
    """Other visits of the child on the same local day, drafts left out, in order of time. One query."""
    local = timezone.localtime(visit.visited_at)
    start = local.replace(hour=0, minute=0, second=0, microsecond=0)
    return list(
        Visit.objects.filter(
            child_id=visit.child_id, visited_at__gte=start, visited_at__lt=start + dt.timedelta(days=1)
        )
        .exclude(pk=visit.pk)
        .exclude(state=VisitState.DRAFT)
        .select_related("conducted_by")
        .only("visited_at", "kind", "conducted_by__name", "conducted_by__username")
        .order_by("visited_at", "pk")
    )
