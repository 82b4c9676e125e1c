"""Totals of the register on any day: place × category by the county's scheme, sub-types, attributes.

Counted by the database in three statements, whatever the size of the register. A child is on the register of a day
when it was registered by then and had not left by its end; its category is that of the period of the day, so
the categories always add up to the register. Places are those that keep the files now.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import BigIntegerField, Count, F, Func, Q, QuerySet

from cases.categories.schemes import Category, Scheme, Subtype, canonical_codes, counted_under
from cases.enums import Attribute
from cases.models import CategoryPeriod, Child, ChildAttribute
from staff.enums import RegionLevel
from staff.models import Region

PAGE = 50


def on_register(day: dt.date, path: str = "") -> Q:
    """Registered by the end of a day and not left; ``path`` leads from another model to the child."""
    return Q(**{f"{path}registered_date__lte": day}) & (
        Q(**{f"{path}left_date__isnull": True}) | Q(**{f"{path}left_date__gt": day})
    )


def in_force(day: dt.date, path: str = "") -> Q:
    """A dated row that holds on a day."""
    return Q(**{f"{path}start_date__lte": day}) & (
        Q(**{f"{path}end_date__isnull": True}) | Q(**{f"{path}end_date__gte": day})
    )


def _inside(area: Region, path: str = "") -> Q:
    return Q(**{f"{path}region_id__gte": area.lo, f"{path}region_id__lte": area.hi})


@dataclass(frozen=True)
class Line:
    """A category (``part`` None) or one of its sub-types, with the number of children."""

    category: Category
    part: Subtype | None
    count: int


@dataclass(frozen=True)
class PlaceRow:
    """One place: children by code of the scheme's category, and the register's own total."""

    region: Region
    counts: dict[str, int]
    total: int


@dataclass(frozen=True)
class Totals:
    """Everything the page shows. ``total`` is counted from the register itself, not from the categories."""

    day: dt.date
    scheme: Scheme
    area: Region
    places: list[PlaceRow]
    counts: dict[str, int]
    parts: list[Line]
    attributes: list[tuple[str, int]]
    total: int = 0

    @property
    def adds_up(self) -> bool:
        """The categories of every place and of the area add up to the register."""
        return sum(self.counts.values()) == self.total and all(
            sum(place.counts.values()) == place.total for place in self.places
        )


def place_level(area: Region) -> RegionLevel:
    """Villages of a township, townships of everything larger."""
    return RegionLevel.VILLAGE if area.level == RegionLevel.TOWNSHIP else RegionLevel.TOWNSHIP


def totals(area: Region, day: dt.date, scheme: Scheme) -> Totals:
    """Count the register of an area on a day by a scheme. Four queries."""
    width = 1 if place_level(area) == RegionLevel.VILLAGE else 1_000
    registered = _by_place(Child.objects.filter(_inside(area), on_register(day)), "region", width)
    periods = _by_place(
        CategoryPeriod.objects.filter(in_force(day), _inside(area, "child__"), on_register(day, "child__")),
        "child__region",
        width,
        "category",
        "detail",
    )
    by_place: dict[int, Counter[str]] = {}
    parts: Counter[tuple[str, str]] = Counter()
    for code, category, detail, count in periods:
        place, part = counted_under(scheme, category, detail)
        by_place.setdefault(code, Counter())[place.code] += count
        parts[place.code, part.code if part else ""] += count
    total_of = dict(registered)
    regions = (
        Region.objects.filter(pk__range=(area.lo, area.hi), level=place_level(area))
        .filter(
            Q(pk__in=total_of) | (Q(valid_from__lte=day) & (Q(valid_to__isnull=True) | Q(valid_to__gte=day)))
        )
        .order_by("pk")
    )
    places = [
        PlaceRow(region, dict(by_place.get(region.pk, {})), total_of.get(region.pk, 0)) for region in regions
    ]
    counts: Counter[str] = Counter()
    for found in by_place.values():
        counts.update(found)
    held = dict(
        ChildAttribute.objects.filter(in_force(day), _inside(area, "child__"), on_register(day, "child__"))
        .order_by()
        .values("kind")
        .annotate(n=Count("child", distinct=True))
        .values_list("kind", "n")
    )
    return Totals(
        day=day,
        scheme=scheme,
        area=area,
        places=places,
        counts=dict(counts),
        parts=[
            Line(category, part, parts[category.code, part.code if part else ""])
            for category in scheme.categories
            for part in (*category.subtypes, None)
            if (part or (category.subtypes and parts[category.code, ""]))
        ],
        attributes=[(kind, held[kind]) for kind in Attribute.values if kind in held],
        total=sum(total_of.values()),
    )


def _by_place(rows: QuerySet[Any], region: str, width: int, *names: str) -> Iterable[Any]:
    place = Func(F(region), template=f"(%(expressions)s / {width} * {width})", output_field=BigIntegerField())
    return (
        rows.order_by()
        .annotate(place=place)
        .values("place", *names)
        .annotate(n=Count("pk"))
        .values_list("place", *names, "n")
    )


def counted_children(
    area: Region,
    day: dt.date,
    scheme: Scheme,
    *,
    category: str = "",
    part: str = "",
    attribute: str = "",
) -> QuerySet[Child]:
    """Exactly the children behind one number of the page: codes of the scheme's category and sub-type ("-" for
    those without one), or of an attribute. None for a code that the scheme does not have.
    """
    found = Child.objects.filter(_inside(area), on_register(day))
    if attribute:
        # One row a child even when an attribute is noted twice.
        return found.filter(
            pk__in=ChildAttribute.objects.filter(in_force(day), kind=attribute).values("child_id")
        )
    if not category:
        return found
    chosen = scheme.category(category)
    if chosen is None:
        return found.none()
    if part == "-":
        pairs = [pair for pair in canonical_codes(scheme, chosen) if counted_under(scheme, *pair)[1] is None]
    else:
        wanted = next((found for found in chosen.subtypes if found.code == part), None)
        if part and wanted is None:
            return found.none()
        pairs = canonical_codes(scheme, chosen, wanted)
    condition = Q(pk__in=[])
    for code, detail in pairs:
        condition |= Q(category=code, detail=detail)
    periods = CategoryPeriod.objects.filter(condition, in_force(day), _inside(area))
    return found.filter(pk__in=periods.values("child_id"))
