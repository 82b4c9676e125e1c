"""Shaped reads of potential children: the list page by key, and the funnel (O-18). A figure and the list behind it come
from the same condition, so they cannot differ."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from typing import Any, Final
from urllib.parse import urlencode

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import TruncMonth
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cases import key_pages
from cases.defects.selectors import TOWNSHIP
from cases.matching.enums import LeadState
from cases.matching.leads.services import LIVE
from cases.models import PotentialChild
from staff.enums import RegionLevel
from staff.models import Region
from staff.models.region import township_of
from staff.scope import current

NOT_VISITED: Final = (LeadState.FOUND, LeadState.ASSIGNED)
SHOWS = ("", "mine", "overdue", *LeadState.values)


@dataclass(frozen=True)
class Measure:
    """One figure of the funnel: which of the leads found in a period it counts. ``today`` says what is overdue."""

    label: Any
    condition: Callable[[dt.date], Q]


# How far leads have come that were found in a period. Who is brought in by the register itself was never visited.
MEASURES = {
    "found": Measure(_("Found"), lambda today: Q()),
    "assigned": Measure(
        _("Visit assigned"), lambda today: Q(assigned_at__isnull=False) | Q(visited_at__isnull=False)
    ),
    "visited": Measure(_("Visited"), lambda today: Q(visited_at__isnull=False)),
    "applying": Measure(_("Taken into the register"), lambda today: Q(child__isnull=False)),
    "brought_in": Measure(_("Brought into scope"), lambda today: Q(state=LeadState.BROUGHT_IN)),
    "dropped": Measure(_("Does not qualify"), lambda today: Q(state=LeadState.DROPPED)),
    "open": Measure(_("Still open"), lambda today: Q(state__in=LIVE)),
    "overdue": Measure(_("Overdue"), lambda today: Q(state__in=NOT_VISITED, due_date__lt=today)),
}
# Counted by the day on which it happened, whenever the lead was found.
BROUGHT_IN = "brought_in_then"


def _start(day: dt.date) -> dt.datetime:
    return timezone.make_aware(dt.datetime.combine(day, dt.time()))


def found_between(start: dt.date, end: dt.date) -> Q:
    """Leads found from ``start`` to ``end``, both included."""
    return Q(created_at__gte=_start(start), created_at__lt=_start(end + dt.timedelta(days=1)))


def brought_in_between(start: dt.date, end: dt.date) -> Q:
    """Leads closed as brought in from ``start`` to ``end``, both included."""
    return Q(
        state=LeadState.BROUGHT_IN,
        closed_at__gte=_start(start),
        closed_at__lt=_start(end + dt.timedelta(days=1)),
    )


# --- The list ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class LeadFilters:
    """What the list shows, as in its address. With a ``measure`` it is the list behind a figure of the funnel."""

    show: str = ""
    region: int | None = None
    measure: str = ""
    start: dt.date | None = None
    end: dt.date | None = None

    def address(self, **changes: Any) -> str:
        """The query string with some filters changed; empty values are left out."""
        changed = replace(self, **changes)
        values = {one.name: getattr(changed, one.name) for one in fields(changed)}
        return "?" + urlencode({name: value for name, value in values.items() if value})

    def leads(self, today: dt.date) -> QuerySet[PotentialChild]:
        """Everything the filters let through."""
        found: QuerySet[PotentialChild] = PotentialChild.objects.all()
        start, end = self.start or dt.date(2000, 1, 1), self.end or today
        if self.measure == BROUGHT_IN:
            found = found.filter(brought_in_between(start, end))
        elif self.measure:
            found = found.filter(found_between(start, end), MEASURES[self.measure].condition(today))
        elif self.show == "mine":
            found = found.filter(state__in=LIVE, assigned_to_id=current().user_id)
        elif self.show == "overdue":
            found = found.filter(MEASURES["overdue"].condition(today))
        else:
            found = found.filter(state__in=[self.show] if self.show else LIVE)
        if self.region:
            region = Region.objects.filter(pk=self.region).first()
            # Behind the county's own line stand those of whom no township is known.
            high = region.hi if region and region.level != RegionLevel.COUNTY else self.region
            found = found.filter(region__gte=self.region, region__lte=high) if region else found.none()
        return found


@dataclass(frozen=True)
class LeadPage:
    """One page of the list. ``count`` stops at COUNTED + 1, but not behind a figure."""

    rows: list[PotentialChild]
    later: str
    count: int
    exact: bool

    @property
    def is_capped(self) -> bool:
        return self.count == key_pages.COUNTED + 1 and not self.exact


def page_of(filters: LeadFilters, today: dt.date, *, after: str = "") -> LeadPage:
    """The page that follows the key ``after``, what is due first on top. Four queries."""
    found = filters.leads(today)
    counted = found.order_by() if filters.measure else found.order_by()[: key_pages.COUNTED + 1]
    shown = found.select_related("assigned_to").defer("id_number", "clue", "finding")
    shown = key_pages.beyond(shown, "due_date", key_pages.read_key(after), down=False)
    rows, later = key_pages.cut(list(shown[: key_pages.PAGE + 1]), "due_date", filters.address())
    key_pages.name_places(rows)
    return LeadPage(rows, later, counted.count(), bool(filters.measure))


# --- The funnel ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Funnel:
    """A year's leads by township and by month found: (township or month) → measure → number. ``brought_in``: how many
    were brought in during the year, whenever they were found."""

    start: dt.date
    end: dt.date
    whole: dict[str, int]
    by_month: dict[dt.date, dict[str, int]]
    by_township: dict[int, dict[str, int]]
    townships: list[Region] = field(default_factory=list)
    brought_in: int = 0


def funnel(year: int, today: dt.date) -> Funnel:
    """The counts of a calendar year up to today. Three queries."""
    start, end = dt.date(year, 1, 1), min(dt.date(year, 12, 31), today)
    counts = {
        code: Count("pk", filter=measure.condition(today))
        for code, measure in MEASURES.items()
        if code != "found"
    }
    rows: Any = (
        PotentialChild.objects.filter(found_between(start, end))
        .order_by()
        .annotate(township=TOWNSHIP, month=TruncMonth("created_at"))
        .values("township", "month")
        .annotate(found=Count("pk"), **counts)
    )
    whole = dict.fromkeys(MEASURES, 0)
    months: dict[dt.date, dict[str, int]] = {}
    townships: dict[int, dict[str, int]] = {}
    for row in rows:
        month = timezone.localdate(row["month"]).replace(day=1)
        for counted in (
            whole,
            months.setdefault(month, dict.fromkeys(MEASURES, 0)),
            townships.setdefault(row["township"], dict.fromkeys(MEASURES, 0)),
        ):
            for code in MEASURES:
                counted[code] += row[code]
    return Funnel(
        start,
        end,
        whole,
        dict(sorted(months.items())),
        townships,
        _townships(townships),
        PotentialChild.objects.filter(brought_in_between(start, end)).count(),
    )


def _townships(counted: dict[int, Any]) -> list[Region]:
    """The townships that count anything, in the order of their codes; what no township is known of stands under the
    county."""
    return list(Region.objects.filter(pk__in=counted).order_by("pk"))


def villages_near(lead: PotentialChild, today: dt.date) -> list[Region]:
    """Where a lead's child may live: the villages of its township, or of the whole county, within the open scope."""
    low, high = (township_of(lead.region_id), township_of(lead.region_id) + 999)
    if lead.region_id % 1_000_000 == 0:
        low, high = lead.region_id, lead.region_id + 999_999
    found = Region.objects.in_force(today).filter(pk__range=(low, high), level=RegionLevel.VILLAGE)
    return [region for region in found if current().covers(region.pk)]
