"""Which children the list shows: its filters, as they stand in its address, and the query they make.

Every single filter is served by an index of Child (Child.Meta.indexes) or of the table it asks, so that a page
and its count cost the same at a thousand and at a hundred thousand children. Only ``no_guardian`` grows with the
county: it subtracts those with a guardian from all, reading two indexes and no table.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, fields, replace
from typing import Any
from urllib.parse import urlencode

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import BooleanField, Func, Q, QuerySet

from cases import ages, search
from cases.enums import GuardianKind
from cases.models import Child, ChildAttribute, Defect, Guardian
from staff import parameters
from staff.models import Region
from staff.scope import current

SOON = dt.timedelta(days=7)
DUE = ("overdue", "week")
AGEING = (16, 18)
OPEN_DEFECTS = ("open", "followed", "solved")
# Order → model fields; the primary key makes it total and takes the direction of the first field.
ORDERS = {
    "due": "next_visit_date",
    "name": "name_pinyin",
    "birth": "birth_date",
    "registered": "registered_date",
    "visited": "last_visit_date",
    "left": "left_date",
}
NULLABLE = frozenset({"due", "visited"})
# Filters that compare one column.
PLAIN = {
    "category": "primary_category",
    "detail": "category_detail",
    "risk": "risk",
    "placement": "placement",
    "stage": "school_stage",
    "health": "health_status",
    "sex": "sex",
    "registration": "registration",
    "insurance": "insurance",
}


class _OneOf(Func):
    """``pk = ANY (array)``."""

    template = "%(expressions)s)"
    arg_joiner = " = ANY ("
    output_field = BooleanField()


@dataclass(frozen=True)
class Filters:
    """What the list shows, as in its address. Empty texts, None and False mean no restriction.

    ``ageing``: 16 or 18, whoever completes these years within the county's ``age_out_months``. Ages are full
    years, both ends included. ``sort``: a key of ORDERS, with a minus for the other direction. ``cols``: column
    keys parted by dots.
    """

    q: str = ""
    region: int | None = None
    category: str = ""
    detail: str = ""
    attribute: str = ""
    risk: str = ""
    due: str = ""
    placement: str = ""
    stage: str = ""
    health: str = ""
    age_from: int | None = None
    age_to: int | None = None
    sex: str = ""
    registration: str = ""
    insurance: str = ""
    defect: str = ""
    ageing: int | None = None
    no_guardian: bool = False
    no_identity: bool = False
    left: bool = False
    left_reason: str = ""
    left_from: dt.date | None = None
    left_to: dt.date | None = None
    sort: str = ""
    cols: str = ""

    @property
    def order(self) -> str:
        """Key of ORDERS, perhaps with a minus: search results by name, those who left by their last day, the
        latest first, else what is due first."""
        if self.left:
            return self.sort if self.sort.removeprefix("-") == "left" else "-left"
        if self.sort.removeprefix("-") in ORDERS.keys() - {"left"}:
            return self.sort
        return "name" if self.q.strip() else "due"

    @property
    def is_search_alone(self) -> bool:
        """Nothing but the search narrows the list."""
        return replace(self, q="", sort="", cols="") == Filters()

    def address(self, **changes: Any) -> str:
        """The query string of these filters with some changed; empty values are left out."""
        return "?" + urlencode(replace(self, **changes).as_arguments())

    def as_arguments(self) -> dict[str, Any]:
        """What is not empty, as plain values for an address, a job or a saved list; see ``read``."""
        found = ((field.name, getattr(self, field.name)) for field in fields(self))
        return {
            name: int(value) if value is True else value.isoformat() if isinstance(value, dt.date) else value
            for name, value in found
            if value not in (None, "") and value is not False
        }

    @classmethod
    def read(cls, arguments: dict[str, Any]) -> Filters:
        """The filters that ``as_arguments`` wrote."""
        values = dict(arguments)
        for name in ("left_from", "left_to"):
            if isinstance(values.get(name), str):
                values[name] = dt.date.fromisoformat(values[name])
        for name in ("no_guardian", "no_identity", "left"):
            values[name] = bool(values.get(name))
        return cls(**values)

    def children(self, today: dt.date) -> QuerySet[Child]:
        """Every child that the filters let through, in the order of the list."""
        return self.narrowed(search.find(self.q) if self.q.strip() else Child.objects.all(), today)

    def narrowed(self, found: QuerySet[Child], today: dt.date) -> QuerySet[Child]:
        """``found`` by every filter but the search, in the order of the list."""
        if self.left:
            found = found.filter(left_date__isnull=False)
        elif not self.q.strip() or self._about_the_present():
            found = found.filter(left_date__isnull=True)
        if self.region:
            region = Region.objects.filter(pk=self.region).first()
            found = (
                found.filter(region_id__gte=region.lo, region_id__lte=region.hi) if region else found.none()
            )
        plain = {field: getattr(self, name) for name, field in PLAIN.items() if getattr(self, name)}
        found = self._by_day(found.filter(**plain), today)
        found = self._by_circumstance(found, today)
        return found.order_by(*ordering(self.order))

    def _about_the_present(self) -> bool:
        return bool(self.due or self.ageing or self.defect or self.no_guardian or self.no_identity)

    def _by_day(self, found: QuerySet[Child], today: dt.date) -> QuerySet[Child]:
        if self.due == "overdue":
            found = found.filter(next_visit_date__lt=today)
        elif self.due == "week":
            found = found.filter(next_visit_date__range=(today, today + SOON))
        if self.age_from is not None:
            found = found.filter(birth_date__lte=births_between(self.age_from, today, today)[1])
        if self.age_to is not None:
            found = found.filter(birth_date__gt=births_between(self.age_to + 1, today, today)[1])
        if self.ageing:
            last = ages.add_months(today, age_out_months(today))
            found = found.filter(birth_date__range=births_between(self.ageing, today, last))
        if self.left:
            if self.left_reason:
                found = found.filter(left_reason=self.left_reason)
            if self.left_from:
                found = found.filter(left_date__gte=self.left_from)
            if self.left_to:
                found = found.filter(left_date__lte=self.left_to)
        return found

    def _by_circumstance(self, found: QuerySet[Child], today: dt.date) -> QuerySet[Child]:
        in_force = Q(start_date__lte=today) & (Q(end_date__isnull=True) | Q(end_date__gte=today))
        if self.attribute:
            held = ChildAttribute.objects.filter(in_force, kind=self.attribute)
            found = found.filter(pk__in=held.values("child"))
        if self.defect:
            defects = Defect.objects.filter(state__in=OPEN_DEFECTS)
            if self.defect != "any":
                defects = defects.filter(kind=self.defect)
            found = found.filter(pk__in=defects.values("child"))
        if self.no_guardian:
            # In law: an actual caregiver (实际照料人) alone is no guardian.
            legal = Guardian.objects.filter(in_force, kind__in=(GuardianKind.LEGAL, GuardianKind.BOTH))
            everybody = Child.objects.filter(left_date__isnull=not self.left).order_by()
            without = everybody.values("pk").difference(legal.order_by().values("child"))
            # As an array the few that are left are known before the list is read, in whatever order.
            found = found.filter(_OneOf("pk", ArraySubquery(without)))
        if self.no_identity:
            found = found.filter(id_digest__isnull=True)
        return found


def ordering(order: str, *, backwards: bool = False) -> tuple[str, str]:
    """The model fields of an order, total by the primary key; ``backwards`` turns it round."""
    down = order.startswith("-") != backwards
    sign = "-" if down else ""
    return f"{sign}{ORDERS[order.removeprefix('-')]}", f"{sign}pk"


def age_out_months(today: dt.date) -> int:
    """How many months ahead those who grow up are listed: the parameter of the reader's county."""
    ranges = current().ranges
    return int(parameters.value(ranges[0][0] if ranges else 0, "age_out_months", today))


def births_between(years: int, first: dt.date, last: dt.date) -> tuple[dt.date, dt.date]:
    """The earliest and the latest date of birth of those who complete ``years`` from ``first`` to ``last``.

    The birthday of somebody born on 29 February is the 28th where the year has no 29th (cases.ages).
    """
    one = dt.timedelta(days=1)
    low = ages.add_months(first, -12 * years) - one
    while ages.birthday(low, years) < first:
        low += one
    high = ages.add_months(last, -12 * years) + one
    while ages.birthday(high, years) > last:
        high -= one
    return low, high
