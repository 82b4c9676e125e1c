"""The list of children: filters, order, pages by key, and how many there are up to a limit.

The list must cost the same at a thousand and at a hundred thousand children, so every order is that of an
index (Child.Meta.indexes), a page starts after the last row of the page before instead of counting from the
top, and counting stops at COUNTED.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Any
from urllib.parse import urlencode

from django.db.models import F, Prefetch, Q, QuerySet

from cases import search
from cases.models import Child, Guardian
from staff.models import Region
from staff.models.region import township_of

PAGE = 50
COUNTED = 1000
SOON = dt.timedelta(days=7)
DUE = ("overdue", "week")
# Order → model fields; the primary key makes it total and takes the direction of the first field.
ORDERS = {"due": ("next_visit_date", "pk"), "name": ("name_pinyin", "pk"), "left": ("-left_date", "-pk")}


@dataclass(frozen=True)
class Filters:
    """What the list shows, as in its address. Empty texts and None mean no restriction."""

    q: str = ""
    region: int | None = None
    category: str = ""
    risk: str = ""
    due: str = ""
    placement: str = ""
    left: bool = False
    sort: str = ""

    @property
    def order(self) -> str:
        """Key of ORDERS: search results by name, those who left by day of leaving, else what is due first."""
        if self.left:
            return "left"
        return self.sort or ("name" if self.q else "due")

    def address(self, **changes: Any) -> str:
        """The query string of these filters with some changed; empty values are left out."""
        changed = replace(self, **changes)
        values = {field.name: getattr(changed, field.name) for field in fields(changed)}
        return "?" + urlencode({name: int(v) if v is True else v for name, v in values.items() if v})

    def as_arguments(self) -> dict[str, Any]:
        """Plain values for a job; ``Filters(**arguments)`` reads them back."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def children(self, today: dt.date) -> QuerySet[Child]:
        """Every child that the filters let through, in the order of the list."""
        found = search.find(self.q) if self.q.strip() else Child.objects.all()
        if self.left:
            found = found.filter(left_date__isnull=False)
        elif not self.q:
            found = found.filter(left_date__isnull=True)
        if self.region:
            region = Region.objects.filter(pk=self.region).first()
            found = (
                found.filter(region_id__gte=region.lo, region_id__lte=region.hi) if region else found.none()
            )
        if self.due == "overdue":
            found = found.filter(next_visit_date__lt=today, left_date__isnull=True)
        elif self.due == "week":
            found = found.filter(next_visit_date__range=(today, today + SOON), left_date__isnull=True)
        for name, value in (
            ("primary_category", self.category),
            ("risk", self.risk),
            ("placement", self.placement),
        ):
            if value:
                found = found.filter(**{name: value})
        return found.order_by(*ORDERS[self.order])


@dataclass(frozen=True)
class ChildPage:
    """One page: rows, addresses of its neighbours (empty at the ends), and the number found up to COUNTED."""

    children: list[Child]
    earlier: str
    later: str
    count: int

    @property
    def is_capped(self) -> bool:
        """There are more than were counted."""
        return self.count > COUNTED


def page_of(filters: Filters, today: dt.date, *, after: str = "", before: str = "") -> ChildPage:
    """The page that follows the key ``after``, or precedes ``before``; the first one without either.

    Keys come from this function's own addresses; one that cannot be read starts at the top.
    """
    found = filters.children(today)
    count = found.order_by()[: COUNTED + 1].count()
    key = _read_key(filters.order, before or after)
    backwards = bool(before) and key is not None
    shown = found.defer("health_note", "phone").prefetch_related(
        Prefetch("guardians", Guardian.objects.filter(end_date__isnull=True))
    )
    rows: list[Child] = []
    for part in _parts(shown, filters.order, key, backwards):
        rows += part[: PAGE + 1 - len(rows)]
        if len(rows) > PAGE:
            break
    more = len(rows) > PAGE
    rows = rows[:PAGE]
    if backwards:
        rows.reverse()
    name_places(rows)
    has_earlier = more if backwards else key is not None
    has_later = bool(key) if backwards else more
    first, last = (_key(filters.order, rows[0]), _key(filters.order, rows[-1])) if rows else ("", "")
    return ChildPage(
        rows,
        _neighbour(filters, before=first) if has_earlier and rows else "",
        _neighbour(filters, after=last) if has_later and rows else "",
        count,
    )


def _neighbour(filters: Filters, **key: str) -> str:
    address = filters.address()
    return f"{address}{'&' if address != '?' else ''}{urlencode(key)}"


def _parts(
    found: QuerySet[Child], order: str, key: tuple[Any, int] | None, backwards: bool
) -> Iterator[QuerySet[Child]]:
    """The rows from the key on: one query, or two where dates may be absent, the dated rows first.

    ``value >= key AND (value > key OR pk > …)`` lets the index begin at the key; an OR alone would not.
    """
    column, _pk = ORDERS[order]
    down = column.startswith("-") != backwards
    name = column.removeprefix("-")
    ordering = [f"{'-' if down else ''}{name}", f"{'-' if down else ''}pk"]
    if key is None:
        yield found.order_by(*ordering)
        return
    value, pk = key
    strictly, loosely = ("lt", "lte") if down else ("gt", "gte")
    undated = found.filter(**{f"{name}__isnull": True}).order_by(ordering[1])
    dated = found.filter(**{f"{name}__isnull": False}).order_by(*ordering)
    if value is None:
        yield undated.filter(**{f"pk__{strictly}": pk})
        if backwards:
            yield dated
        return
    yield dated.filter(
        Q(**{f"{name}__{strictly}": value}) | Q(**{f"pk__{strictly}": pk}), **{f"{name}__{loosely}": value}
    )
    if order == "due" and not backwards:
        yield undated


def _key(order: str, child: Child) -> str:
    value = getattr(child, ORDERS[order][0].removeprefix("-"))
    return f"{'' if value is None else value}~{child.pk}"


def _read_key(order: str, text: str) -> tuple[Any, int] | None:
    value, separator, pk = text.rpartition("~")
    if not separator or not pk.isdecimal():
        return None
    if order == "name":
        return value, int(pk)
    if not value:
        return None, int(pk)
    try:
        return dt.date.fromisoformat(value), int(pk)
    except ValueError:
        return None


def name_places(children: list[Child]) -> None:
    """Give each child ``village`` and ``township``, the names of its places. One query."""
    codes = {child.region_id for child in children} | {township_of(child.region_id) for child in children}
    names = {region.pk: region.short_name for region in Region.objects.filter(pk__in=codes)}
    for child in children:
        child.village = names.get(child.region_id, "")  # type: ignore[attr-defined]
        child.township = names.get(township_of(child.region_id), "")  # type: ignore[attr-defined]


def suggestions(query: str, limit: int = 10) -> list[Child]:
    """The first children that a query may mean, those on the register first, then by name."""
    found = (
        search.find(query)
        .order_by(F("left_date").asc(nulls_first=True), "name_pinyin", "pk")
        .defer("health_note", "phone")
    )
    children = list(found[:limit])
    name_places(children)
    return children
