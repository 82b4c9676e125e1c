"""Pages of the children's list, by key, and how many children there are up to a limit.

The list must cost the same at a thousand and at a hundred thousand children, so every order is that of an
index (Child.Meta.indexes), a page starts after the last row of the page before instead of counting from the
top, and counting stops at COUNTED.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db.models import F, Q, QuerySet

from cases import search
from cases.children.columns import Column, Surroundings, surroundings, with_parts
from cases.children.filters import NULLABLE, ORDERS, SOON, Filters, ordering
from cases.models import Child, ChildToken
from staff.models.region import township_of

__all__ = [
    "COUNTED",
    "PAGE",
    "SOON",
    "ChildPage",
    "Filters",
    "count_of",
    "name_places",
    "page_of",
    "suggestions",
]

PAGE = 50
COUNTED = 1000


@dataclass(frozen=True)
class ChildPage:
    """One page: rows, addresses of its neighbours (empty at the ends), and the number found up to ``counted``."""

    children: list[Child]
    around: Surroundings
    earlier: str
    later: str
    count: int
    counted: int

    @property
    def is_capped(self) -> bool:
        """There are more than were counted."""
        return self.count > self.counted


def count_of(children: QuerySet[Child]) -> int:
    """How many children there are; COUNTED + 1 when there are more than that. One query."""
    return children.order_by()[: COUNTED + 1].count()


def page_of(
    filters: Filters, columns: Sequence[Column], today: dt.date, *, after: str = "", before: str = ""
) -> ChildPage:
    """The page that follows the key ``after``, or precedes ``before``; the first one without either.

    Keys come from this function's own addresses; one that cannot be read starts at the top. A first page that
    holds everything is not counted again. What a short search finds among filtered children is not counted
    beyond the page: that alone would fetch everybody with a common character.
    """
    order = filters.order
    key = _read_key(order, before or after)
    backwards = bool(before) and key is not None
    tokens = search.in_order(filters.q) if order.removeprefix("-") == "name" else []
    if tokens:
        rows = _rows_of(tokens, filters, columns, today, key, backwards)
    else:
        children = filters.children(today)
        rows = []
        for part in _parts(with_parts(children, columns, today), order, key, backwards):
            rows += part[: PAGE + 1 - len(rows)]
            if len(rows) > PAGE:
                break
    more, counted = len(rows) > PAGE, COUNTED
    if key is None and not more:
        count = len(rows)
    elif tokens and not filters.is_search_alone:
        count, counted = PAGE + 1, PAGE
    else:
        count = count_of(filters.children(today) if tokens else children)
    rows = rows[:PAGE]
    if backwards:
        rows.reverse()
    around = name_places(rows, today)
    has_earlier = more if backwards else key is not None
    has_later = bool(key) if backwards else more
    first, last = (_key(order, rows[0]), _key(order, rows[-1])) if rows else ("", "")
    return ChildPage(
        rows,
        around,
        _neighbour(filters, before=first) if has_earlier and rows else "",
        _neighbour(filters, after=last) if has_later and rows else "",
        count,
        counted,
    )


def _rows_of(
    tokens: Sequence[QuerySet[ChildToken]],
    filters: Filters,
    columns: Sequence[Column],
    today: dt.date,
    key: tuple[Any, int] | None,
    backwards: bool,
) -> list[Child]:
    """The rows of a page and one more that a short search finds, read from the tokens' own order of names."""
    allowed = filters.narrowed(Child.objects.all(), today).order_by()
    found: set[int] = set()
    for hits in tokens:
        inside = hits.filter(child_id__in=allowed.values("pk"))
        (part,) = _parts(inside, filters.order, key, backwards, pk="child_id")
        found.update(part.values_list("child_id", flat=True)[: PAGE + 1])
    shown = with_parts(Child.objects.filter(pk__in=found), columns, today)
    return list(shown.order_by(*ordering(filters.order, backwards=backwards))[: PAGE + 1])


def _neighbour(filters: Filters, **key: str) -> str:
    address = filters.address()
    return f"{address}{'&' if address != '?' else ''}{urlencode(key)}"


def _parts(
    found: QuerySet[Any], order: str, key: tuple[Any, int] | None, backwards: bool, pk: str = "pk"
) -> Iterator[QuerySet[Any]]:
    """The rows from the key on: one query, or two where dates may be absent (those come last, or first when
    the order is turned round).

    ``value >= key AND (value > key OR pk > …)`` lets the index begin at the key; an OR alone would not.
    """
    name = ORDERS[order.removeprefix("-")]
    sorting = tuple(part.replace("pk", pk) for part in ordering(order, backwards=backwards))
    down = sorting[0].startswith("-")
    found = found.order_by(*sorting)
    if key is None:
        yield found
        return
    value, number = key
    strictly, loosely = ("lt", "lte") if down else ("gt", "gte")
    nullable = order.removeprefix("-") in NULLABLE
    undated = found.filter(**{f"{name}__isnull": True}).order_by(sorting[1])
    dated = found.filter(**{f"{name}__isnull": False}) if nullable else found
    if value is None:
        yield undated.filter(**{f"{pk}__{strictly}": number})
        if down:
            yield dated
        return
    yield dated.filter(
        Q(**{f"{name}__{strictly}": value}) | Q(**{f"{pk}__{strictly}": number}),
        **{f"{name}__{loosely}": value},
    )
    if nullable and not down:
        yield undated


def _key(order: str, child: Child) -> str:
    value = getattr(child, ORDERS[order.removeprefix("-")])
    return f"{'' if value is None else value}~{child.pk}"


def _read_key(order: str, text: str) -> tuple[Any, int] | None:
    value, separator, pk = text.rpartition("~")
    if not separator or not pk.isdecimal():
        return None
    if order.removeprefix("-") == "name":
        return value, int(pk)
    if not value:
        return (None, int(pk)) if order.removeprefix("-") in NULLABLE else None
    try:
        return dt.date.fromisoformat(value), int(pk)
    except ValueError:
        return None


def name_places(children: Sequence[Child], today: dt.date | None = None) -> Surroundings:
    """Give each child ``village`` and ``township``, the names of its places. One query."""
    around = surroundings(children, today or dt.date.min)
    for child in children:
        child.village = around.place(child.region_id)  # type: ignore[attr-defined]
        child.township = around.place(township_of(child.region_id))  # type: ignore[attr-defined]
    return around


def suggestions(query: str, limit: int = 10) -> list[Child]:
    """The first children that a query may mean, those on the register first, then by name."""
    unread = ("health_note", "phone", "id_number")
    by_name = ("name_pinyin", "pk")
    tokens = search.in_order(query)
    if not tokens:
        found = search.find(query).order_by(F("left_date").asc(nulls_first=True), *by_name)
        children = list(found.defer(*unread)[:limit])
    else:
        children = []
        for group in (
            Child.objects.filter(left_date__isnull=True),
            Child.objects.filter(left_date__isnull=False),
        ):
            ids: set[int] = set()
            for hits in tokens if len(children) < limit else []:
                inside = hits.filter(child_id__in=group.values("pk")).order_by("name_pinyin", "child_id")
                ids.update(inside.values_list("child_id", flat=True)[:limit])
            if ids:
                children += (
                    group.filter(pk__in=ids).order_by(*by_name).defer(*unread)[: limit - len(children)]
                )
    name_places(children)
    return children
