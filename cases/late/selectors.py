"""The ladder as it stands for a child, and the list of late visits by level."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import QuerySet

from cases.enums import RiskLevel
from cases.held_villages import without_director
from cases.models import Child, LateStep
from cases.visits.enums import OverdueLevel
from cases.visits.rules import level_starts, overdue_level
from cases.visits.selectors import Intervals, intervals_for, lateness, overdue_children
from staff.enums import Role
from staff.models import Assignment
from staff.models.region import township_of

ABOVE = {
    OverdueLevel.DIRECTOR: OverdueLevel.SUPERVISOR,
    OverdueLevel.SUPERVISOR: OverdueLevel.COUNTY,
    OverdueLevel.COUNTY: None,
}


@dataclass(frozen=True)
class Lateness:
    """Who must act on a visit due on ``due``, and since when. ``level`` NONE: it is not late."""

    due: dt.date
    level: OverdueLevel
    since: dt.date | None
    vacant: bool


def lateness_of(child: Child, today: dt.date, intervals: Intervals, *, vacant: bool) -> Lateness | None:
    """None for a child without a due day."""
    due = child.next_visit_date
    if due is None:
        return None
    days = intervals[RiskLevel(child.risk)]
    level = overdue_level(due, today, days, vacant=vacant)
    since = None if level == OverdueLevel.NONE else level_starts(due, days, vacant=vacant)[level]
    return Lateness(due, level, since, vacant)


def late_at(today: dt.date, intervals: Intervals, level: OverdueLevel) -> QuerySet[Child]:
    """Children late at exactly this level, with ``vacant``; worst colour and longest wait first."""
    found = overdue_children(today, intervals, level).annotate(vacant=without_director(today))
    above = ABOVE[level]
    return found.filter(~lateness(today, intervals, above)) if above else found


def find_late(pk: int, today: dt.date) -> tuple[Child, Lateness] | None:
    """A child whose visit is late, in the open scope; None for any other. Three queries."""
    region = Child.objects.filter(pk=pk).values_list("region_id", flat=True).first()
    if region is None:
        return None
    intervals = intervals_for(region, today)
    found = (
        overdue_children(today, intervals)
        .filter(pk=pk)
        .select_related("region__parent")
        .annotate(vacant=without_director(today))
        .first()
    )
    if found is None:
        return None
    stands = lateness_of(found, today, intervals, vacant=found.vacant)
    return (found, stands) if stands else None


def steps_of(children: Iterable[Child]) -> dict[int, list[LateStep]]:
    """Child → what was done about its present late visit, latest first. One query."""
    due = {child.pk: child.next_visit_date for child in children}
    steps: dict[int, list[LateStep]] = defaultdict(list)
    rows = LateStep.objects.filter(child_id__in=list(due)).select_related("visitor", "taken_by")
    for step in rows.order_by("-taken_at", "-pk"):
        if step.due_date == due[step.child_id]:
            steps[step.child_id].append(step)
    return dict(steps)


def visitors_for(child: Child, on: dt.date) -> list[Assignment]:
    """Who can be sent: directors and supervisors of the child's township in the open scope, those of the village first."""
    low = township_of(child.region_id)
    held = (
        Assignment.objects.on(on)
        .filter(
            region_id__gte=low,
            region_id__lte=low + 999,
            role__in=(Role.DIRECTOR, Role.SUPERVISOR),
            user__is_active=True,
        )
        .select_related("user", "post__region")
        .prefetch_related("post__further_regions")
    )
    return sorted(held, key=lambda one: (one.region_id != child.region_id, one.region_id, one.pk))
