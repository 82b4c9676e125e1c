"""The merged queue: one query for a page over every source, one for all counts, whatever their number and size.

Each source gives its first rows by promise after the key of the page before; the database merges them. The order is
total: promise, rank of the source, primary key.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import BigIntegerField, F, IntegerField, JSONField, Q, QuerySet, TextField, Value
from django.db.models.functions import Cast, JSONObject

from cases.desk.sources import Reader, WorkSource, sources_for
from staff.models import Region

PAGE = 30
COUNTED = 1000
ORDER = ("work_promised", "work_rank", "work_pk")
# What sources were called in the addresses of the former queue.
FORMER = {"review": "visits"}
COLUMNS = (*ORDER, "work_who", "work_region", "work_level", "work_person", "work_about")


@dataclass(frozen=True)
class Key:
    """A row's place in the order."""

    promised: dt.datetime
    rank: int
    pk: int

    def __str__(self) -> str:
        return f"{self.promised.astimezone(dt.UTC):%Y%m%dT%H%M%S.%f}~{self.rank}~{self.pk}"

    @classmethod
    def read(cls, text: str) -> Key | None:
        """Out of a page's address; None when it cannot be read: the first page then."""
        moment, _, rest = text.partition("~")
        rank, _, pk = rest.partition("~")
        if not (rank.isdecimal() and pk.isdecimal() and len(rank) < 4 and len(pk) < 19):
            return None
        try:
            return cls(
                dt.datetime.strptime(moment, "%Y%m%dT%H%M%S.%f").replace(tzinfo=dt.UTC), int(rank), int(pk)
            )
        except ValueError:
            return None


@dataclass(frozen=True)
class Filters:
    """What the queue is narrowed to: a source by code, a region, the colleague whose work it is."""

    source: str = ""
    region: Region | None = None
    person: int | None = None

    @classmethod
    def read(cls, asked: Mapping[str, str], reader: Reader) -> Filters:
        """Out of an address; what is not understood is no restriction. A query where a region is named."""
        codes = {one.code for one in sources_for(reader).values()}
        source = asked.get("source", asked.get("show", ""))
        region, person = (asked.get(name, "") for name in ("region", "person"))
        place = (
            Region.objects.filter(pk=int(region)).first()
            if region.isdecimal() and len(region) == 12
            else None
        )
        source = FORMER.get(source, source)
        known = int(person) if person.isdecimal() and len(person) < 19 else None
        return cls(source if source in codes else "", place, known)

    def query(self, **more: Any) -> str:
        """As a query string: empty, or with its question mark."""
        region = self.region.pk if self.region else None
        values = {"source": self.source, "region": region, "person": self.person} | more
        return "".join(f"?{text}" for text in [urlencode({k: v for k, v in values.items() if v})] if text)


@dataclass(frozen=True)
class Work:
    """One row of the queue."""

    source: WorkSource
    key: Key
    who: str
    region_id: int
    level: str
    person_id: int | None
    about: dict[str, Any]

    @property
    def pk(self) -> int:
        return self.key.pk


@dataclass
class Tally:
    """How many rows a source has, counted up to COUNTED + 1, and how many of them are late."""

    number: int = 0
    late: int = 0


@dataclass
class Page:
    rows: list[Work] = field(default_factory=list)
    later: Key | None = None  # where the next page goes on


def page_of(reader: Reader, filters: Filters, after: Key | None = None, size: int = PAGE) -> Page:
    """The rows after a key, oldest promise first. One query."""
    sources = _wanted(reader, filters)
    parts = [_rows(rank, source, reader, filters, after)[: size + 1] for rank, source in sources.items()]
    found = [_work(sources, row) for row in _merged(parts)[: size + 1]] if parts else []
    return Page(found[:size], found[size - 1].key if len(found) > size else None)


def tallies(reader: Reader, filters: Filters) -> dict[str, Tally]:
    """Source code → its count and how many are late, of every source of the reader. One query."""
    sources = _wanted(reader, replace(filters, source=""))
    found = {source.code: Tally() for source in sources_for(reader).values()}
    rows = _aggregate(
        (_rows(rank, source, reader, filters)[: COUNTED + 1] for rank, source in sources.items()),
        "work_rank, count(*), count(*) FILTER (WHERE work_promised <= %s)",
        [reader.at],
        "GROUP BY work_rank",
    )
    for rank, number, late in rows:
        found[sources[rank].code] = Tally(number, late)
    return found


def standing(reader: Reader, filters: Filters, key: Key) -> tuple[int, int]:
    """Which of how many a row is in the filtered queue, each source counted up to COUNTED. One query."""
    sources = _wanted(reader, filters)
    rows = _aggregate(
        (_rows(rank, source, reader, filters)[: COUNTED + 1] for rank, source in sources.items()),
        "count(*) FILTER (WHERE (work_promised, work_rank, work_pk) <= (%s, %s, %s)), count(*)",
        [key.promised, key.rank, key.pk],
    )
    return rows[0] if rows else (0, 0)


def work_of(reader: Reader, source: WorkSource, pk: int) -> Work | None:
    """One row by its source and key; None when it does not wait (any more). One query."""
    rank = next((rank for rank, one in sources_for(reader).items() if one.code == source.code), None)
    if rank is None:
        return None
    row = _rows(rank, source, reader, Filters()).filter(pk=pk).first()
    return _work({rank: source}, row) if row else None


def next_after(reader: Reader, filters: Filters, key: Key | None) -> Work | None:
    """What comes after a row that is decided, or the first that is left. At most two queries."""
    for start in dict.fromkeys((key, None)):
        if rows := page_of(reader, filters, start, size=1).rows:
            return rows[0]
    return None


# --- SQL ----------------------------------------------------------------------------------------------------------


def _wanted(reader: Reader, filters: Filters) -> dict[int, WorkSource]:
    """The sources that a filter leaves: whose work is nobody's is in no colleague's list."""
    return {
        rank: source
        for rank, source in sources_for(reader).items()
        if filters.source in ("", source.code) and (filters.person is None or source.person)
    }


def _rows(
    rank: int, source: WorkSource, reader: Reader, filters: Filters, after: Key | None = None
) -> QuerySet[Any, tuple[Any, ...]]:
    rows = source.waiting(reader).order_by()
    if filters.region is not None:
        rows = rows.filter(
            **{f"{source.region}__gte": filters.region.lo, f"{source.region}__lte": filters.region.hi}
        )
    if filters.person is not None:
        rows = rows.filter(**{source.person: filters.person})
    columns = {
        "work_promised": source.promised(reader),
        "work_rank": Value(rank, IntegerField()),
        "work_pk": Cast("pk", BigIntegerField()),
        "work_who": _text(source.who),
        "work_region": Cast(source.region, BigIntegerField()),
        "work_level": _text(source.level or Value("")),
        "work_person": Cast(F(source.person) if source.person else Value(None), BigIntegerField()),
        "work_about": JSONObject(**source.about) if source.about else Value({}, JSONField()),
    }
    rows = rows.annotate(**columns)
    if after is not None:
        # In the order (promise, rank, key) only rows of the same source are compared by key.
        later = Q(work_promised__gt=after.promised)
        if rank == after.rank:
            later |= Q(work_promised=after.promised, pk__gt=after.pk)
        elif rank > after.rank:
            later |= Q(work_promised=after.promised)
        rows = rows.filter(later)
    return rows.order_by("work_promised", "pk").values_list(*COLUMNS)


def _text(expression: Any) -> Any:
    return Cast(F(expression) if isinstance(expression, str) else expression, TextField())


def _merged(parts: list[QuerySet[Any, tuple[Any, ...]]]) -> QuerySet[Any, tuple[Any, ...]]:
    first, *others = parts
    return first.union(*others, all=True).order_by(*ORDER) if others else first


def _aggregate(
    parts: Iterable[QuerySet[Any, tuple[Any, ...]]], columns: str, values: list[Any], end: str = ""
) -> list[Any]:
    """``SELECT columns FROM`` the union of the parts, which Django's aggregation does not reach."""
    listed = list(parts)
    if not listed:
        return []
    first, *others = listed
    whole = first.union(*others, all=True) if others else first
    try:
        sql, params = whole.query.sql_with_params()
    except EmptyResultSet:
        return []
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM ({sql}) AS waiting {end}", [*values, *params])  # noqa: S608
        return cursor.fetchall()


def _work(sources: dict[int, WorkSource], row: tuple[Any, ...]) -> Work:
    promised, rank, pk, who, region_id, level, person_id, about = row
    return Work(
        sources[rank], Key(promised, rank, pk), who or "", region_id, level or "", person_id, about or {}
    )
