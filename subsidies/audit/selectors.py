"""The auditor's way down: totals of the ledger by month, scheme and source of funds, and the lines behind each of them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, Q, QuerySet, Sum
from django.http import QueryDict

from cases import key_pages
from staff.models import Region
from subsidies.enums import BatchState, PaymentState
from subsidies.ledger.enums import Account, EntryKind, Source
from subsidies.models import Payment, PaymentBatch, Posting

ZERO = Decimal("0.00")
PAGE = 50
# What came back, less what was paid after all.
RETURNS = (EntryKind.RETURN, EntryKind.LATE_RETURN, EntryKind.LATE_PAYMENT)
# Figure → what the ledger posts for it, and the lines that make it up.
POSTED = {
    "released": Q(account=Account.IN_TRANSIT, entry__kind=EntryKind.RELEASE),
    "paid": Q(account=Account.PAID),
    "returned": Q(account=Account.AVAILABLE, entry__kind__in=RETURNS),
}
LINES = {
    "released": (PaymentState.SENT, PaymentState.PAID, PaymentState.FAILED),
    "paid": (PaymentState.PAID,),
    "returned": (PaymentState.FAILED,),
}


@dataclass(frozen=True)
class AuditFilter:
    """Which lines: of a scheme's batches of a month, by figure (a key of LINES), source of funds and township."""

    month: dt.date
    scheme_id: int
    figure: str = "paid"
    source: str = ""
    township: Region | None = None

    @classmethod
    def read(cls, given: QueryDict) -> AuditFilter | None:
        """What an address asks for; None when it names no month or scheme. What else cannot be read restricts nothing."""
        try:
            month = dt.date.fromisoformat(f"{given.get('month', '')}-01")
        except ValueError:
            return None
        scheme, code = given.get("scheme", ""), given.get("township", "")
        if not scheme.isdecimal() or len(scheme) > 9:
            return None
        figure, source = given.get("figure", ""), given.get("source", "")
        place = code.isdecimal() and len(code) == 12 and Region.objects.filter(pk=int(code)).first()
        return cls(
            month,
            int(scheme),
            figure if figure in LINES else "paid",
            source if source in Source.values else "",
            place or None,
        )

    def query(self, **other: str) -> str:
        """As the query of an address; ``other`` replaces single values."""
        values = {
            "month": f"{self.month:%Y-%m}",
            "scheme": str(self.scheme_id),
            "figure": self.figure,
            "source": self.source,
            "township": str(self.township.pk) if self.township else "",
        } | other
        return "?" + urlencode({name: value for name, value in values.items() if value})

    @property
    def column(self) -> str:
        """The field of a line that is summed."""
        return f"from_{self.source}" if self.source else "amount"

    def lines(self) -> QuerySet[Payment]:
        """The lines, in no order."""
        batches = PaymentBatch.objects.filter(month=self.month, scheme_id=self.scheme_id).exclude(
            state=BatchState.RETURNED
        )
        found = Payment.objects.filter(
            batch__in=list(batches.values_list("pk", flat=True)), state__in=LINES[self.figure]
        )
        if self.source:
            found = found.filter(**{f"{self.column}__gt": 0})
        if self.township is not None:
            found = found.filter(region__gte=self.township.lo, region__lte=self.township.hi)
        return found


def years() -> list[int]:
    """Years with a batch, the latest first."""
    return [day.year for day in PaymentBatch.objects.dates("month", "year", order="DESC")]


def totals(year: int) -> list[dict[str, Any]]:
    """One row a month, scheme and source: ``month``, ``scheme``, ``code``, ``source``, and yuan for each of POSTED.

    One query over the ledger, whose size follows the batches and not the children.
    """
    sums: dict[str, Any] = {name: Sum("amount", filter=which, default=ZERO) for name, which in POSTED.items()}
    found: Any = (
        Posting.objects.filter(entry__batch__month__year=year)
        .exclude(entry__batch__state=BatchState.RETURNED)
        .values("entry__batch__month", "entry__batch__scheme", "entry__batch__scheme__code", "source")
        .annotate(**sums)
        .order_by("-entry__batch__month", "entry__batch__scheme__code", "source")
    )
    return [
        {
            "month": row["entry__batch__month"],
            "scheme": row["entry__batch__scheme"],
            "code": row["entry__batch__scheme__code"],
            "source": row["source"],
            **{name: row[name] for name in POSTED},
        }
        for row in found
    ]


def posted(chosen: AuditFilter) -> Decimal:
    """What the ledger says of the same figure, for the whole county. Yuan."""
    found = Posting.objects.filter(
        POSTED[chosen.figure],
        entry__batch__month=chosen.month,
        entry__batch__scheme_id=chosen.scheme_id,
    ).exclude(entry__batch__state=BatchState.RETURNED)
    if chosen.source:
        found = found.filter(source=chosen.source)
    return found.aggregate(sum=Sum("amount", default=ZERO))["sum"]


def summed(chosen: AuditFilter) -> tuple[int, Decimal]:
    """Number of the lines, and their yuan (of the chosen source)."""
    found = chosen.lines().aggregate(count=Count("pk"), sum=Sum(chosen.column, default=ZERO))
    return found["count"], found["sum"]


def page(chosen: AuditFilter, after: str) -> tuple[list[Payment], str]:
    """A page of lines in the order of batch and line, each with ``village`` and ``township``; and the next page's key."""
    found = chosen.lines().defer("account", "explanation").order_by("batch_id", "line")
    batch, _mark, line = after.partition("~")
    if batch.isdecimal() and line.isdecimal() and len(after) < 30:
        found = found.filter(batch_id__gte=int(batch)).filter(
            Q(batch_id__gt=int(batch)) | Q(line__gt=int(line))
        )
    rows = list(found[: PAGE + 1])
    later = f"{rows[PAGE - 1].batch_id}~{rows[PAGE - 1].line}" if len(rows) > PAGE else ""
    rows = rows[:PAGE]
    key_pages.name_places(rows)
    return rows, later


def townships(chosen: AuditFilter) -> list[Region]:
    """Townships to choose from: those of the batches' counties."""
    counties = PaymentBatch.objects.filter(month=chosen.month, scheme_id=chosen.scheme_id)
    found: list[Region] = []
    for county in Region.objects.filter(pk__in=counties.values("region_id")):
        found += Region.objects.below(county, "township")
    return found
