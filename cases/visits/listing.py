"""Which visits a paper or an export holds: those of a child, or of a place, within a month."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.utils import timezone

from cases.children import selectors
from cases.models import Child, Visit
from cases.visits.enums import VisitState
from staff.models import Region


@dataclass(frozen=True)
class VisitFilters:
    """``month`` as ``2026-10`` (empty: all), ``region`` a division's code with all below it, ``child`` an id."""

    month: str = ""
    region: int | None = None
    child: int | None = None

    def as_arguments(self) -> dict[str, Any]:
        """Plain values for a job."""
        return asdict(self)

    def address(self) -> str:
        """The query string."""
        return "?" + urlencode({name: value for name, value in asdict(self).items() if value})

    def visits(self) -> QuerySet[Visit]:
        """Visits that were handed in, in scope, earliest first; without an order of villages."""
        found = Visit.objects.exclude(state=VisitState.DRAFT)
        if self.child:
            found = found.filter(child_id=self.child)
        if self.region:
            region = Region.objects.filter(pk=self.region).first()
            found = (
                found.filter(region_id__gte=region.lo, region_id__lte=region.hi) if region else found.none()
            )
        if self.month:
            first, after = bounds(self.month)
            found = found.filter(visited_at__gte=first, visited_at__lt=after)
        return found.order_by("visited_at", "pk")

    def said(self) -> str:
        """The filters in words, for titles and file names. No child's name: the number of the file."""
        child = Child.objects.filter(pk=self.child).first() if self.child else None
        region = (
            Region.objects.select_related("parent").filter(pk=self.region).first() if self.region else None
        )
        pieces = (child.number if child else "", selectors.place_name(region), self.month)
        return " ".join(filter(None, pieces))


def bounds(month: str) -> tuple[dt.datetime, dt.datetime]:
    """The first moment of a month written 2026-10, and the first after it, in local time. ValueError for no month."""
    first = dt.date.fromisoformat(f"{month}-01")
    after = (first + dt.timedelta(days=31)).replace(day=1)
    zone = timezone.get_current_timezone()
    start, end = (dt.datetime.combine(day, dt.time(), zone) for day in (first, after))
    return start, end
