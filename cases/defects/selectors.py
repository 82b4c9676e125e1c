"""Shaped reads of defects: the list with its filters, page by key, and the counts by township and kind (O-44).

A figure of the counts and the list behind it come from the same condition, so they cannot differ.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any
from urllib.parse import urlencode

from django.db.models import BigIntegerField, Count, F, Func, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from cases import key_pages
from cases.circumstances.enums import DefectKind, DefectState
from cases.defects.facts import days_allowed
from cases.defects.services import LIVE, OPEN
from cases.models import Child, Defect
from staff.enums import RegionLevel, Role
from staff.models import Region
from staff.models.region import township_of
from staff.scope import current

SHOWS = ("", "overdue", "climbed", "check", "closed", "void")
DONE = ("closed", "void")
# Who sees what has climbed: overdue goes to the supervisor at once, to the county after one interval more.
COUNTY_ROLES = frozenset({Role.CLERK, Role.APPROVER, Role.LEADER})


@dataclass(frozen=True)
class Period:
    """First and last day of what was opened and solved; ``today`` judges what is overdue."""

    start: dt.date
    end: dt.date
    today: dt.date


@dataclass(frozen=True)
class Measure:
    """One column of the counts: which defects it takes."""

    code: str
    label: Any
    condition: Callable[[Period], Q]


MEASURES = {
    measure.code: measure
    for measure in (
        Measure("open", _("Open now"), lambda p: Q(state__in=OPEN)),
        Measure("overdue", _("Overdue now"), lambda p: Q(state__in=OPEN, due_date__lt=p.today)),
        Measure("check", _("To be checked now"), lambda p: Q(state=DefectState.SOLVED)),
        Measure(
            "opened",
            _("Opened in the period"),
            lambda p: Q(opened_date__range=(p.start, p.end)) & ~Q(state=DefectState.VOID),
        ),
        Measure(
            "solved",
            _("Solved in the period"),
            lambda p: Q(
                solved_date__range=(p.start, p.end), state__in=(DefectState.SOLVED, DefectState.CLOSED)
            ),
        ),
    )
}
TOWNSHIP = Func(F("region_id"), template="(%(expressions)s / 1000 * 1000)", output_field=BigIntegerField())


def climbed(today: dt.date, days: dict[int, dict[str, int]]) -> Q:
    """Defects overdue by more than one further interval of their kind; ``days`` as ``days_allowed`` gives them."""
    condition = Q(pk__in=[])
    for county, allowed in days.items():
        for kind, interval in allowed.items():
            late = today - dt.timedelta(days=interval)
            condition |= Q(
                region_id__gte=county, region_id__lte=county + 999_999, kind=kind, due_date__lt=late
            )
    return Q(state__in=OPEN) & condition


# --- The list ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class DefectFilters:
    """What the list shows, as in its address. With a ``measure`` it is the list behind a figure of the counts."""

    show: str = ""
    kind: str = ""
    region: int | None = None
    measure: str = ""
    start: dt.date | None = None
    end: dt.date | None = None

    def address(self, **changes: Any) -> str:
        """The query string with some filters changed; empty values are left out."""
        changed = replace(self, **changes)
        values = {one.name: getattr(changed, one.name) for one in fields(changed)}
        return "?" + urlencode({name: value for name, value in values.items() if value})

    @property
    def by_due(self) -> bool:
        """What is due first on top; what is done, and the list behind a figure, by the latest opened."""
        return not self.measure and self.show not in DONE

    def defects(self, today: dt.date) -> QuerySet[Defect]:
        """Everything the filters let through."""
        found: QuerySet[Defect] = Defect.objects.all()
        if self.measure:
            period = Period(self.start or dt.date.min, self.end or today, today)
            found = found.filter(MEASURES[self.measure].condition(period))
        elif self.show == "overdue":
            found = found.filter(state__in=OPEN, due_date__lt=today)
        elif self.show == "climbed":
            found = found.filter(
                climbed(today, days_allowed([low for low, _high in current().ranges], today))
            )
        elif self.show == "check":
            found = found.filter(state=DefectState.SOLVED)
        elif self.show in DONE:
            found = found.filter(state=self.show)
        else:
            found = found.filter(state__in=OPEN)
        if self.kind:
            found = found.filter(kind=self.kind)
        if self.region:
            region = Region.objects.filter(pk=self.region).first()
            found = (
                found.filter(region_id__gte=region.lo, region_id__lte=region.hi) if region else found.none()
            )
        return found


@dataclass(frozen=True)
class DefectPage:
    """One page of the list. ``count`` stops at COUNTED + 1, but not behind a figure."""

    rows: list[Defect]
    later: str
    count: int
    exact: bool = False

    @property
    def is_capped(self) -> bool:
        """There are more than were counted."""
        return self.count == key_pages.COUNTED + 1 and not self.exact


def page_of(filters: DefectFilters, today: dt.date, *, after: str = "") -> DefectPage:
    """The page that follows the key ``after``. At most five queries."""
    found = filters.defects(today)
    counted = found if filters.measure else found.order_by()[: key_pages.COUNTED + 1]
    count = counted.count()
    shown = found.select_related("child", "owner").only(
        *("kind", "state", "source", "note", "opened_date", "due_date", "solved_date", "region"),
        *(
            "child__name",
            "child__number",
            "child__birth_date",
            "child__risk",
            "child__left_date",
            "owner__name",
        ),
    )
    if filters.by_due:
        shown = key_pages.beyond(shown, "due_date", key_pages.read_key(after), down=False)
        rows, later = key_pages.cut(list(shown[: key_pages.PAGE + 1]), "due_date", filters.address())
    else:
        rows, later = _by_number(shown, after, filters.address())
    key_pages.name_places(rows)
    return DefectPage(rows, later, count, bool(filters.measure))


def _by_number(shown: QuerySet[Defect], after: str, address: str) -> tuple[list[Defect], str]:
    if after.isdecimal() and len(after) < 19:
        shown = shown.filter(pk__lt=int(after))
    rows = list(shown.order_by("-pk")[: key_pages.PAGE + 1])
    if len(rows) <= key_pages.PAGE:
        return rows, ""
    rows = rows[: key_pages.PAGE]
    return rows, f"{address}{'' if address == '?' else '&'}after={rows[-1].pk}"


def of_child(child: Child) -> list[Defect]:
    """Every defect of a child, live ones first, then the latest. One query."""
    found = list(Defect.objects.filter(child=child).select_related("owner").order_by("-opened_date", "-pk"))
    return sorted(found, key=lambda one: one.state not in LIVE)


def former(defect: Defect) -> list[Defect]:
    """Earlier defects of the same kind of the same child, latest first."""
    return list(
        Defect.objects.filter(child_id=defect.child_id, kind=defect.kind, pk__lt=defect.pk).order_by("-pk")[
            :20
        ]
    )


@dataclass(frozen=True)
class Waiting:
    """How many defects wait in the open scope: still open, of them overdue, and solved ones to check."""

    open: int
    overdue: int
    check: int


def waiting(today: dt.date) -> Waiting:
    """For the strip on a director's home and the tile of a supervisor's queue. One query over what is live."""
    live = Defect.objects.filter(state__in=LIVE).order_by()
    return Waiting(
        **live.aggregate(
            open=Count("pk", filter=Q(state__in=OPEN)),
            overdue=Count("pk", filter=Q(state__in=OPEN, due_date__lt=today)),
            check=Count("pk", filter=Q(state=DefectState.SOLVED)),
        )
    )


# --- Counts ------------------------------------------------------------------------------------------------------


@dataclass
class Counts:
    """Township → kind → measure → number, for every township of the scope, those without any defect too."""

    townships: list[Region]
    numbers: dict[int, dict[str, dict[str, int]]]

    def number(self, measure: str, kind: str = "", township: int | None = None) -> int:
        """One figure; without kind or township the sum over them."""
        places = [township] if township is not None else list(self.numbers)
        return sum(
            values[measure]
            for place in places
            for found, values in self.numbers.get(place, {}).items()
            if kind in ("", found)
        )


def counts(period: Period) -> Counts:
    """Open, overdue and to be checked now, opened and solved in the period, by township and kind. Two queries."""
    grouped = Defect.objects.order_by().annotate(township=TOWNSHIP).values("township", "kind")
    aggregates = {f"m_{m.code}": Count("pk", filter=m.condition(period)) for m in MEASURES.values()}
    numbers: dict[int, dict[str, dict[str, int]]] = defaultdict(dict)
    rows: Any = grouped.annotate(**aggregates)
    for row in rows:
        numbers[row["township"]][row["kind"]] = {code: row[f"m_{code}"] for code in MEASURES}
    places = Q(pk__in=list(numbers))
    for low, high in current().ranges:
        places |= Q(pk__range=(township_of(low), high), valid_from__lte=period.today) & (
            Q(valid_to__isnull=True) | Q(valid_to__gte=period.today)
        )
    townships = list(Region.objects.filter(places, level=RegionLevel.TOWNSHIP).order_by("pk"))
    return Counts(townships, dict(numbers))


KINDS = tuple(DefectKind)
