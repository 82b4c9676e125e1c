"""What there is to remind of: counts by village, set-based, within the open scope."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, Q

from cases.models import Child, Sweep, Visit
from cases.sweeps.selectors import Reach, running
from cases.visits.enums import OverdueLevel, VisitState
from cases.visits.selectors import Intervals, lateness
from staff.enums import Role
from staff.models import Assignment, PostRegion, Region
from staff.models.people import AssignmentQuerySet
from staff.scope import Range

COUNTS = ("today", "soon", "late", "supervisor", "county")


@dataclass
class Figures:
    """Of one village, or of everything that one person answers for. ``sweeps``: sweep → (left, children)."""

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTS, 0))
    sweeps: dict[int, tuple[int, int]] = field(default_factory=dict)

    def add(self, other: Figures) -> None:
        for code, number in other.counts.items():
            self.counts[code] += number
        for sweep, (left, everybody) in other.sweeps.items():
            before = self.sweeps.get(sweep, (0, 0))
            self.sweeps[sweep] = (before[0] + left, before[1] + everybody)


@dataclass(frozen=True)
class Seat:
    """A person in a post, and the ranges it covers."""

    user_id: int
    role: str
    ranges: tuple[Range, ...]


def figures(
    today: dt.date, intervals: Intervals, ahead: int, sweeps: Iterable[Sweep]
) -> Mapping[int, Figures]:
    """Village → what is due today, within ``ahead`` days and late by level, and who is left in each sweep.

    One query, and one more for each sweep.
    """
    waiting = Visit.objects.filter(state=VisitState.SUBMITTED).order_by().values("child_id")
    due = ~Q(pk__in=waiting)
    last = today + dt.timedelta(days=ahead)
    conditions = {
        "today": due & Q(next_visit_date=today),
        "soon": due & Q(next_visit_date__gt=today, next_visit_date__lte=last),
        "late": lateness(today, intervals, OverdueLevel.DIRECTOR),
        "supervisor": lateness(today, intervals, OverdueLevel.SUPERVISOR),
        "county": lateness(today, intervals, OverdueLevel.COUNTY),
    }
    rows: Any = (
        Child.objects.filter(left_date__isnull=True)
        .order_by()
        .values("region_id")
        .annotate(**{f"n_{code}": Count("pk", filter=condition) for code, condition in conditions.items()})
    )
    found: dict[int, Figures] = defaultdict(Figures)
    for row in rows:
        found[row["region_id"]].counts = {code: row[f"n_{code}"] for code in COUNTS}
    for sweep in sweeps:
        for reached in Reach(sweep, today).by_village():
            found[reached.region_id].sweeps[sweep.pk] = (reached.left, reached.children)
    return found


def sweeps_of_county(county: int, today: dt.date) -> list[Sweep]:
    """The sweeps under way that concern the county. One query."""
    return running([(county, county + 999_999)], today)


def seats(on: dt.date) -> list[Seat]:
    """Everybody who is reminded: directors, supervisors and clerks in office. Three queries."""
    held: AssignmentQuerySet = Assignment.objects.on(on)
    rows = list(
        held.filter(role__in=(Role.DIRECTOR, Role.SUPERVISOR, Role.CLERK), user__is_active=True)
        .order_by("start_date", "pk")
        .values_list("user_id", "role", "region_id", "post_id")
    )
    further: dict[int, list[int]] = defaultdict(list)
    for post, place in PostRegion.objects.filter(post_id__in={row[3] for row in rows}).values_list(
        "post_id", "region_id"
    ):
        further[post].append(place)
    codes = {row[2] for row in rows} | {place for places in further.values() for place in places}
    places = Region.objects.in_bulk(codes)
    return [
        Seat(
            user,
            role,
            tuple(
                (places[code].lo, places[code].hi)
                for code in (region, *further.get(post, ()))
                if code in places
            ),
        )
        for user, role, region, post in rows
    ]


def of_person(held: Iterable[Seat], found: Mapping[int, Figures]) -> Figures:
    """What the villages of a person's posts add up to, each village once."""
    ranges = [ends for seat in held for ends in seat.ranges]
    total = Figures()
    for village, figures_of in found.items():
        if any(low <= village <= high for low, high in ranges):
            total.add(figures_of)
    return total
