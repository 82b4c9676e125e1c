"""Shaped reads of re-checks: the list with its filters, page by key, and the counts by township.

A figure of the counts and the list behind it come from the same condition, so they cannot differ.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, fields, replace
from typing import Any
from urllib.parse import urlencode

from django.db.models import BigIntegerField, Count, F, Func, Q, QuerySet

from cases import key_pages
from cases.ages import add_months
from cases.enums import RESTRICTED_LIBERTY
from cases.models import ParentSituation
from staff.models import Region
from subsidies.enums import EntitlementState
from subsidies.ledger.enums import ReviewKind, ReviewOutcome
from subsidies.models import Entitlement, EntitlementReview

TOWNSHIP = Func(F("region_id"), template="(%(expressions)s / 1000 * 1000)", output_field=BigIntegerField())
# How long before the event a re-check begins.
BEFORE_RELEASE = dt.timedelta(days=60)
BEFORE_18_MONTHS = 3
OPEN = Q(outcome=ReviewOutcome.OPEN)


def conditions(today: dt.date) -> dict[str, Q]:
    """What each choice of the list shows, by its code."""
    return {
        "": OPEN,
        "unchanged": OPEN & Q(changes=[]),
        "changed": OPEN & ~Q(changes=[]),
        "overdue": OPEN & Q(due_date__lt=today),
        "missing": Q(outcome=ReviewOutcome.MISSING),
        "done": Q(outcome__in=(ReviewOutcome.UNCHANGED, ReviewOutcome.CHANGED)),
    }


@dataclass(frozen=True)
class ReviewFilters:
    """What the list shows, as in its address."""

    show: str = ""
    scheme: int | None = None
    cycle: dt.date | None = None
    region: int | None = None

    def address(self, **changes: Any) -> str:
        """The query string with some filters changed; empty values are left out."""
        changed = replace(self, **changes)
        values = {one.name: getattr(changed, one.name) for one in fields(changed)}
        return "?" + urlencode({name: value for name, value in values.items() if value})

    def narrowed(self, kind: str = ReviewKind.RECHECK) -> QuerySet[EntitlementReview]:
        """Re-checks of the chosen scheme, cycle and place, whatever came out of them."""
        found: QuerySet[EntitlementReview] = EntitlementReview.objects.filter(kind=kind)
        if self.scheme:
            found = found.filter(entitlement__scheme_id=self.scheme)
        if self.cycle:
            found = found.filter(cycle=self.cycle)
        if self.region:
            place = Region.objects.filter(pk=self.region).first()
            found = found.filter(region_id__gte=place.lo, region_id__lte=place.hi) if place else found.none()
        return found

    def reviews(self, today: dt.date, kind: str = ReviewKind.RECHECK) -> QuerySet[EntitlementReview]:
        """Everything the filters let through."""
        return self.narrowed(kind).filter(conditions(today)[self.show])


@dataclass(frozen=True)
class ReviewPage:
    """One page of the list, what was due first on top. ``count`` stops at COUNTED + 1."""

    rows: list[EntitlementReview]
    later: str
    count: int

    @property
    def is_capped(self) -> bool:
        """There are more than were counted."""
        return self.count > key_pages.COUNTED


def page_of(
    filters: ReviewFilters, today: dt.date, *, kind: str = ReviewKind.RECHECK, after: str = ""
) -> ReviewPage:
    """The page that follows the key ``after``. At most four queries."""
    found = filters.reviews(today, kind)
    count = found.order_by()[: key_pages.COUNTED + 1].count()
    shown = key_pages.beyond(with_names(found), "due_date", key_pages.read_key(after), down=False)
    rows, later = key_pages.cut(list(shown[: key_pages.PAGE + 1]), "due_date", filters.address())
    key_pages.name_places(rows)
    return ReviewPage(rows, later, count)


def with_names(found: QuerySet[EntitlementReview]) -> QuerySet[EntitlementReview]:
    """With child, scheme and who did it, and nothing of the child that is not shown."""
    return found.select_related("child", "entitlement__scheme", "done_by").only(
        *("kind", "cycle", "due_date", "outcome", "changes", "note", "done_at", "region"),
        *("child__name", "child__number", "child__birth_date", "child__risk", "child__school_name"),
        *("entitlement__state", "entitlement__start_month", "entitlement__end_month"),
        *("entitlement__category", "entitlement__placement", "entitlement__scheme__code", "done_by__name"),
    )


def counts(filters: ReviewFilters, today: dt.date, kind: str = ReviewKind.RECHECK) -> dict[str, int]:
    """How many each choice shows, of those that are open. One query over what is open."""
    wanted = conditions(today)
    figures = {
        code or "open": Count("pk", filter=wanted[code]) for code in ("", "unchanged", "changed", "overdue")
    }
    return filters.narrowed(kind).filter(OPEN).order_by().aggregate(**figures)


@dataclass(frozen=True)
class TownshipCount:
    """One line of the counts by township."""

    region: Region
    open: int
    unchanged: int
    changed: int
    overdue: int


def by_township(
    filters: ReviewFilters, today: dt.date, kind: str = ReviewKind.RECHECK
) -> list[TownshipCount]:
    """Open re-checks by township, the most overdue first. Two queries."""
    wanted = conditions(today)
    figures: dict[str, Any] = {
        code or "open": Count("pk", filter=wanted[code]) for code in ("", "unchanged", "changed", "overdue")
    }
    found: Any = (
        replace(filters, region=None)
        .narrowed(kind)
        .filter(OPEN)
        .order_by()
        .annotate(township=TOWNSHIP)
        .values("township")
        .annotate(**figures)
    )
    rows = sorted(found, key=lambda row: (-row["overdue"], -row["open"], row["township"]))
    places = Region.objects.in_bulk([row["township"] for row in rows])
    return [
        TownshipCount(place, row["open"], row["unchanged"], row["changed"], row["overdue"])
        for row in rows
        if (place := places.get(row["township"])) is not None
    ]


def cycles(kind: str = ReviewKind.RECHECK) -> list[dt.date]:
    """The last cycles there are, latest first. One query."""
    found = EntitlementReview.objects.filter(kind=kind).order_by("-cycle").values_list("cycle", flat=True)
    return list(found.distinct()[:12])


# --- By date and by state --------------------------------------------------------------------------------------


def by_reason(reason: str, shown: dt.date) -> QuerySet[Entitlement]:
    """Entitlements that must be looked at in a month for a reason of their own.

    ``release``: a parent's prison term or rehabilitation ends within 60 days; ``adult``: the last month is near;
    ``running``, ``proposed``: a step that has begun.
    """
    last = add_months(shown, 1) - dt.timedelta(days=1)
    rows = Entitlement.objects.exclude(state=EntitlementState.ENDED).filter(
        Q(end_month__isnull=True) | Q(end_month__gte=shown)
    )
    if reason == "release":
        ending = ParentSituation.objects.filter(
            end_date__isnull=True, expected_end_date__lte=last + BEFORE_RELEASE, kind__in=RESTRICTED_LIBERTY
        )
        return rows.filter(child_id__in=ending.values("child_id"))
    if reason == "running":
        return rows.filter(state=EntitlementState.RECHECKING)
    if reason == "proposed":
        return rows.filter(state__in=(EntitlementState.ENDING, EntitlementState.CHANGING))
    return rows.filter(end_month__range=(shown, add_months(shown, BEFORE_18_MONTHS)))
