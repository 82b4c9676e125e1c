"""How far a sweep has come: set-based, so that a number and the list behind it come from one condition.

Who is counted, and where, is told in docs/visits.md: who is on the register on the counted day (``counted_on``), in the
village that keeps the file then; and who left during the sweep after having been visited in it. Whoever came during
the sweep is counted from the day of registration on; whoever left unvisited is not counted any more.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet, Sum
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cases.models import Child, Sweep, SweepCoverage, Visit
from cases.sweeps import rules
from cases.visits.enums import MET_NOBODY, VisitState
from staff.models import Region
from staff.models.region import county_of, township_of
from staff.scope import Range, current

# A visit counts once it is handed in; a returned one again when it is handed in anew.
HANDED_IN = (VisitState.SUBMITTED, VisitState.APPROVED, VisitState.ESCALATED)
SHOWS = {
    "all": _("Children"),
    "visited": _("Visited"),
    "left": _("Not yet visited"),
    "found": _("Something found"),
}


@dataclass(frozen=True)
class Reach:
    """A sweep as it stands on a day, within the open scope. ``place`` narrows it to a township or village."""

    sweep: Sweep
    today: dt.date
    place: Region | None = None

    @property
    def day(self) -> dt.date:
        """The counted day."""
        return rules.counted_on(self.sweep.start_date, self.sweep.end_date, self.today)

    def visits(self) -> QuerySet[Visit]:
        """The visits that count."""
        found = Visit.objects.filter(
            state__in=HANDED_IN,
            visited_at__gte=_midnight(self.sweep.start_date),
            visited_at__lt=_midnight(self.sweep.end_date + dt.timedelta(days=1)),
        ).exclude(people_met=MET_NOBODY)
        return found.filter(form_code=self.sweep.form_code) if self.sweep.form_code else found

    def children(self, show: str = "all") -> QuerySet[Child]:
        """The children counted by ``show``, a key of SHOWS."""
        place = self.place or self.sweep.region
        visited = self.visits().order_by().values("child_id")
        there = Q(left_date__isnull=True) | Q(left_date__gt=self.day)
        found: QuerySet[Child] = Child.objects.filter(
            there | Q(left_date__gte=self.sweep.start_date, pk__in=visited),
            self._shown(show),
            region_id__gte=place.lo,
            region_id__lte=place.hi,
            registered_date__lte=self.day,
            merged_into__isnull=True,
        )
        for key, field in (("categories", "primary_category"), ("risks", "risk")):
            if chosen := self.sweep.whom.get(key):
                found = found.filter(**{f"{field}__in": chosen})
        return found

    def _shown(self, show: str) -> Q:
        visited = self.visits().order_by().values("child_id")
        if show == "visited":
            return Q(pk__in=visited)
        if show == "left":
            return ~Q(pk__in=visited)
        if show == "found":
            return Q(pk__in=self.visits().exclude(concern="").order_by().values("child_id"))
        return Q()

    def by_village(self) -> list[Reached]:
        """Every village with a counted child, by code. One query whatever the number of children."""
        counted = self.children().order_by().values("region_id")
        rows = counted.annotate(
            children=Count("pk"),
            visited=Count("pk", filter=self._shown("visited")),
            found=Count("pk", filter=self._shown("found")),
        ).order_by("region_id")
        return [Reached(row["region_id"], row["children"], row["visited"], row["found"]) for row in rows]

    def total(self) -> Reached:
        """All of it in one line. One query."""
        found = self.children().aggregate(
            children=Count("pk"),
            visited=Count("pk", filter=self._shown("visited")),
            found=Count("pk", filter=self._shown("found")),
        )
        return Reached((self.place or self.sweep.region).pk, **found)


@dataclass(frozen=True)
class Reached:
    """What a sweep has reached in a place."""

    region_id: int
    children: int
    visited: int
    found: int

    @property
    def left(self) -> int:
        return self.children - self.visited

    @property
    def percent(self) -> int:
        """Whole percent visited, rounded down, so that 100 is everybody."""
        return 100 * self.visited // self.children if self.children else 100


def _midnight(day: dt.date) -> dt.datetime:
    return timezone.make_aware(dt.datetime.combine(day, dt.time()))


def together(rows: Iterable[Reached], region_id: int) -> Reached:
    """Several places as one."""
    rows = list(rows)
    return Reached(
        region_id,
        sum(row.children for row in rows),
        sum(row.visited for row in rows),
        sum(row.found for row in rows),
    )


def by_township(rows: Iterable[Reached]) -> list[Reached]:
    """Villages summed up by township, by code."""
    groups: dict[int, list[Reached]] = {}
    for row in rows:
        groups.setdefault(township_of(row.region_id), []).append(row)
    return [together(found, code) for code, found in sorted(groups.items())]


def frozen(sweep: Sweep) -> list[Reached]:
    """The villages of a closed sweep as they were reported, those of the open scope. One query."""
    rows = SweepCoverage.objects.filter(sweep=sweep).order_by("region_id")
    return [Reached(row.region_id, row.children, row.visited, row.found) for row in rows]


def frozen_totals(sweeps: Iterable[Sweep]) -> dict[int, Reached]:
    """Closed sweep → its numbers in the open scope. One query."""
    rows = SweepCoverage.objects.filter(sweep__in=list(sweeps)).order_by().values("sweep_id")
    sums = rows.annotate(children=Sum("children"), visited=Sum("visited"), found=Sum("found"))
    return {row["sweep_id"]: Reached(0, row["children"], row["visited"], row["found"]) for row in sums}


def sweeps_of(ranges: Iterable[Range]) -> QuerySet[Sweep]:
    """Sweeps that concern the ranges: of a place inside them, or of one that they lie in."""
    places = Q(pk__in=[])
    for low, high in ranges:
        above = {township_of(low), county_of(low), low // 10**8 * 10**8, low // 10**10 * 10**10}
        places |= Q(region_id__gte=low, region_id__lte=high) | Q(region_id__in=above)
    return Sweep._base_manager.filter(places).select_related("region").order_by("-start_date", "-pk")


def running(ranges: Iterable[Range], today: dt.date) -> list[Sweep]:
    """Sweeps in which a visit of today counts, whichever ends first on top. One query."""
    found = sweeps_of(ranges).filter(closed_at=None, start_date__lte=today, end_date__gte=today)
    return list(found.order_by("end_date", "pk"))


def left_in_sweeps(ranges: Iterable[Range], today: dt.date) -> dict[int, Sweep]:
    """Child → the running sweep in which it was not yet visited (the one that ends first).

    One query, and one more for each running sweep.
    """
    left: dict[int, Sweep] = {}
    for sweep in running(ranges, today):
        for child in Reach(sweep, today).children("left").order_by().values_list("pk", flat=True):
            left.setdefault(child, sweep)
    return left


def progress(today: dt.date) -> list[tuple[Sweep, Reached]]:
    """The running sweeps of the open scope that have somebody left in it. One query, and one more for each."""
    found = [(sweep, Reach(sweep, today).total()) for sweep in running(current().ranges, today)]
    return [(sweep, reached) for sweep, reached in found if reached.children]
