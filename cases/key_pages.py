"""Pages by key for lists ordered by a day and the primary key: a page starts after the last row of the one before."""

from __future__ import annotations

import datetime as dt
from typing import Any
from urllib.parse import urlencode

from django.db.models import Q, QuerySet

from staff.enums import RegionLevel
from staff.models import Region
from staff.models.region import township_of
from staff.scope import current

PAGE = 50
COUNTED = 1000
Key = tuple[dt.date, int]


def read_key(text: str) -> Key | None:
    """Day and primary key out of a page's address; None when it cannot be read: the first page then."""
    day, _separator, pk = text.rpartition("~")
    if not pk.isdecimal() or len(pk) > 18:
        return None
    try:
        return dt.date.fromisoformat(day), int(pk)
    except ValueError:
        return None


def beyond(found: QuerySet[Any], name: str, key: Key | None, *, down: bool) -> QuerySet[Any]:
    """The rows after the key in the order of ``name`` and pk, both ``down`` or both up.

    ``value <= day AND (value < day OR pk < …)`` lets the index begin at the key; an OR alone would not.
    """
    order = [f"{'-' if down else ''}{name}", f"{'-' if down else ''}pk"]
    found = found.order_by(*order)
    if key is None:
        return found
    day, pk = key
    way = "lt" if down else "gt"
    return found.filter(Q(**{f"{name}__{way}": day}) | Q(**{f"pk__{way}": pk}), **{f"{name}__{way}e": day})


def cut(rows: list[Any], name: str, address: str) -> tuple[list[Any], str]:
    """At most PAGE rows of PAGE + 1, and the address of the next page: empty at the end."""
    if len(rows) <= PAGE:
        return rows, ""
    last = rows[PAGE - 1]
    key = urlencode({"after": f"{getattr(last, name)}~{last.pk}"})
    return rows[:PAGE], f"{address}{'&' if address not in ('', '?') else '?' if not address else ''}{key}"


def name_places(rows: list[Any]) -> None:
    """Give each row that has a region ``village`` and ``township``, the names of its places. One query."""
    codes = {row.region_id for row in rows} | {township_of(row.region_id) for row in rows}
    names = {region.pk: region.short_name for region in Region.objects.filter(pk__in=codes)}
    for row in rows:
        row.village = names.get(row.region_id, "")
        row.township = names.get(township_of(row.region_id), "")


def places_below(today: dt.date) -> list[Region]:
    """What a list can be narrowed to: townships of a county, several villages of a smaller area."""
    found: list[Region] = []
    for low, high in current().ranges:
        level = RegionLevel.TOWNSHIP if high - low > 1_000 else RegionLevel.VILLAGE
        found += Region.objects.in_force(today).filter(pk__range=(low, high), level=level)
    return found if len(found) > 1 else []
