"""The numbers of the villages. Each is the length of its list: both come from the same condition."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, Max, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cases.children.filters import OPEN_DEFECTS
from cases.enums import RiskLevel
from cases.field.enums import TaskKind
from cases.held_villages import without_director
from cases.models import Child, Defect, Visit, VisitTask
from cases.sweeps.selectors import HANDED_IN
from cases.visits.enums import MET_NOBODY, OverdueLevel, VisitState
from cases.visits.selectors import Intervals, intervals_for, lateness
from staff.models import Region
from staff.models.region import township_of


@dataclass(frozen=True)
class Day:
    """What the conditions ask: the day and the county's intervals."""

    today: dt.date
    intervals: Intervals


@dataclass(frozen=True)
class Measure:
    """One number of a village: which of the children on the register it takes."""

    code: str
    label: Any
    condition: Callable[[Day], Q]


def _made(since: dt.date) -> Q:
    """Children with a visit handed in that was made on or after a day, somebody having been met."""
    start = timezone.make_aware(dt.datetime.combine(since, dt.time()))
    visits = Visit.objects.filter(state__in=HANDED_IN, visited_at__gte=start).exclude(people_met=MET_NOBODY)
    return Q(pk__in=visits.order_by().values("child_id"))


def _in_interval(day: Day) -> Q:
    """Visited within the interval of the colour, the visit handed in."""
    found = Q(pk__in=[])
    for colour, days in day.intervals.items():
        found |= Q(risk=colour) & _made(day.today - dt.timedelta(days=days))
    return found


def _late(level: OverdueLevel, above: OverdueLevel | None = None) -> Callable[[Day], Q]:
    """Late at exactly this level: it has reached this one and not the one above."""

    def condition(day: Day) -> Q:
        found = lateness(day.today, day.intervals, level)
        return found & ~lateness(day.today, day.intervals, above) if above else found

    return condition


def _of_colour(level: RiskLevel) -> Callable[[Day], Q]:
    return lambda _day: Q(risk=level)


def _never(day: Day) -> Q:
    waiting = Visit.objects.filter(state=VisitState.SUBMITTED).order_by().values("child_id")
    return Q(last_visit_date__isnull=True) & ~Q(pk__in=waiting)


def _nobody(day: Day) -> Q:
    """Red, no director in the village, and nobody else was asked to visit."""
    asked = VisitTask.objects.filter(kind=TaskKind.VISIT, done_at=None, visitor__isnull=False)
    return (
        Q(risk=RiskLevel.RED) & without_director(day.today) & ~Q(pk__in=asked.order_by().values("child_id"))
    )


def _defects(day: Day) -> Q:
    return Q(pk__in=Defect.objects.filter(state__in=OPEN_DEFECTS).order_by().values("child_id"))


MEASURES = {
    measure.code: measure
    for measure in (
        Measure("all", _("Children"), lambda _day: Q()),
        *(Measure(level.value, level.label, _of_colour(level)) for level in RiskLevel),
        Measure("interval", _("Visited within the interval"), _in_interval),
        Measure("month", _("Visited this month"), lambda day: _made(day.today.replace(day=1))),
        Measure("director", _("Overdue: director"), _late(OverdueLevel.DIRECTOR, OverdueLevel.SUPERVISOR)),
        Measure("supervisor", _("Overdue: supervisor"), _late(OverdueLevel.SUPERVISOR, OverdueLevel.COUNTY)),
        Measure("county", _("Overdue: county"), _late(OverdueLevel.COUNTY)),
        Measure("never", _("Never visited"), _never),
        Measure("nobody", _("Red with nobody"), _nobody),
        Measure("defects", _("With an open defect"), _defects),
    )
}
# What asks for a look, worst first; the order of the villages.
ALARMS = ("nobody", "county", "supervisor", "never", "director", "red")


@dataclass(frozen=True)
class Standing:
    """How a village or township stands. ``last`` is the day of the last reviewed visit."""

    region_id: int
    numbers: Mapping[str, int] = field(default_factory=dict)
    last: dt.date | None = None

    @property
    def percent(self) -> int:
        """Whole percent visited within the interval, rounded down."""
        return 100 * self.numbers["interval"] // self.numbers["all"] if self.numbers["all"] else 100

    @property
    def urgency(self) -> tuple[int, ...]:
        """Greater is more urgent."""
        return (*(self.numbers[code] for code in ALARMS), 100 - self.percent)


def day_of(region_id: int, today: dt.date) -> Day:
    """The day with the intervals of the county. One query."""
    return Day(today, intervals_for(region_id, today))


def children(day: Day, code: str, place: Region | None = None) -> QuerySet[Child]:
    """The children behind a number, in the open scope or a place of it."""
    found: QuerySet[Child] = Child.objects.filter(MEASURES[code].condition(day), left_date__isnull=True)
    return found.filter(region_id__gte=place.lo, region_id__lte=place.hi) if place else found


def standings(day: Day) -> list[Standing]:
    """Every village of the open scope with children, what needs a look first. One query however many children."""
    counts = {
        f"n_{code}": Count("pk", filter=condition) if (condition := measure.condition(day)) else Count("pk")
        for code, measure in MEASURES.items()
    }
    rows: Any = (
        Child.objects.filter(left_date__isnull=True)
        .order_by()
        .values("region_id")
        .annotate(last=Max("last_visit_date"), **counts)
    )
    found = [
        Standing(row["region_id"], {code: row[f"n_{code}"] for code in MEASURES}, row["last"]) for row in rows
    ]
    return ranked(found)


def ranked(found: Iterable[Standing]) -> list[Standing]:
    """What needs a look first, then by code."""
    return sorted(found, key=lambda one: (tuple(-n for n in one.urgency), one.region_id))


def by_township(found: Iterable[Standing]) -> list[Standing]:
    """Villages summed up by township, what needs a look first."""
    groups: dict[int, list[Standing]] = {}
    for one in found:
        groups.setdefault(township_of(one.region_id), []).append(one)
    return ranked(together(rows, code) for code, rows in groups.items())


def together(rows: Iterable[Standing], region_id: int) -> Standing:
    """Several places as one."""
    rows = list(rows)
    numbers = {code: sum(row.numbers[code] for row in rows) for code in MEASURES}
    return Standing(region_id, numbers, max(filter(None, (row.last for row in rows)), default=None))
