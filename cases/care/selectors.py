"""Shaped reads of entrusted care: the list with its filters, page by key, and who waits for a contact."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, fields, replace
from typing import Any
from urllib.parse import urlencode

from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce

from cases import key_pages
from cases.care.services import IN_SCHOOL
from cases.models import EntrustedCare
from staff import parameters
from staff.models import Region

SHOWS = ("", "overdue", "gaps", "ended")


@dataclass(frozen=True)
class CareFilters:
    """What the list shows, as in its address."""

    show: str = ""
    region: int | None = None

    def address(self, **changes: Any) -> str:
        """The query string with some filters changed; empty values are left out."""
        changed = replace(self, **changes)
        values = {one.name: getattr(changed, one.name) for one in fields(changed)}
        return "?" + urlencode({name: value for name, value in values.items() if value})

    def as_arguments(self) -> dict[str, Any]:
        """Plain values for a job."""
        return {one.name: getattr(self, one.name) for one in fields(self)}

    @property
    def by_wait(self) -> bool:
        """Longest without contact first; otherwise the latest begun first."""
        return self.show == "overdue"

    def cares(self, today: dt.date, contact_days: int) -> QuerySet[EntrustedCare]:
        """Everything the filters let through, in the order of the list."""
        found = EntrustedCare.objects.annotate(waiting_since=Coalesce("last_contact_date", "start_date"))
        found = found.filter(end_date__isnull=self.show != "ended")
        if self.show != "ended":  # who has left the register needs no reminder
            found = found.filter(child__left_date__isnull=True)
        if self.show == "overdue":
            found = found.filter(waiting_since__lt=today - dt.timedelta(days=contact_days))
        elif self.show == "gaps":
            found = found.filter(
                Q(agreed_date__isnull=True)
                | Q(village_told_date__isnull=True)
                | Q(school_told_date__isnull=True, child__school_stage__in=IN_SCHOOL)
                | Q(heard_date__isnull=True, checks__can_speak=True)
                | Q(carer_id_digest__isnull=True)
            )
        if self.region:
            region = Region.objects.filter(pk=self.region).first()
            found = (
                found.filter(region_id__gte=region.lo, region_id__lte=region.hi) if region else found.none()
            )
        return found.order_by("waiting_since", "pk") if self.by_wait else found.order_by("-start_date", "-pk")


@dataclass(frozen=True)
class CarePage:
    """One page of the list; ``count`` stops at COUNTED + 1."""

    cares: list[EntrustedCare]
    later: str
    count: int

    @property
    def is_capped(self) -> bool:
        """There are more than were counted."""
        return self.count > key_pages.COUNTED


def contact_days(region_id: int, on: dt.date) -> int:
    """Days within which the parents must be in touch. One query."""
    return int(parameters.value(region_id, "care_contact_days", on))


def page_of(filters: CareFilters, today: dt.date, days: int, *, after: str = "") -> CarePage:
    """The page that follows the key ``after``. Three queries."""
    found = filters.cares(today, days)
    count = found.order_by()[: key_pages.COUNTED + 1].count()
    name = "waiting_since" if filters.by_wait else "start_date"
    shown = key_pages.beyond(found, name, key_pages.read_key(after), down=not filters.by_wait)
    shown = shown.select_related("child").defer("child__health_note", "child__phone", "child__id_number")
    rows, later = key_pages.cut(list(shown[: key_pages.PAGE + 1]), name, filters.address())
    key_pages.name_places(rows)
    return CarePage(rows, later, count)


def overdue_count(region_id: int, today: dt.date) -> int:
    """How many entrusted children have waited too long for their parents, up to COUNTED. Two queries."""
    found = CareFilters(show="overdue").cares(today, contact_days(region_id, today))
    return found.order_by()[: key_pages.COUNTED].count()
