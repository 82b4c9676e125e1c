"""What the bureau's month shows (mock-up 06), each part in one query whatever the size of the county."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, DecimalField, F, Min, Q, Sum, Value
from django.urls import reverse
from django.utils.translation import gettext as _

from cases.ages import add_months, end_of_month
from cases.matching import kinds as list_kinds
from cases.models import Discrepancy
from staff.models import Region
from subsidies.budgets import services as budgets
from subsidies.enums import BatchState
from subsidies.ledger.enums import RecoveryState, ReviewKind, ReviewOutcome
from subsidies.models import EntitlementReview, PaymentBatch, Recovery
from subsidies.reviews.selectors import by_reason


@dataclass(frozen=True)
class Due:
    """One line of what must be looked at again: how many there are and, of a cycle, how many are done."""

    label: str
    count: int
    done: int | None
    due: dt.date | None
    url: str

    @property
    def left(self) -> int:
        return self.count - (self.done or 0)


@dataclass(frozen=True)
class Owed:
    """Money that is asked back: of how many months, yuan outstanding, and what is past its first day."""

    count: int
    yuan: Decimal
    late: int
    late_yuan: Decimal


def batches_of(region: Region, shown: dt.date) -> tuple[list[PaymentBatch], list[PaymentBatch]]:
    """The month's batches that were not returned, with people and the number of exceptions, and those of the month
    before. One query.
    """
    found = list(
        PaymentBatch.objects.filter(region=region, month__in=(shown, add_months(shown, -1)))
        .exclude(state=BatchState.RETURNED)
        .select_related("scheme", "prepared_by", "approved_by", "released_by", "reconciled_by")
        .annotate(issue_count=Count("issues"))
        .order_by("scheme_id", "pk")
    )
    return [b for b in found if b.month == shown], [b for b in found if b.month != shown]


@dataclass(frozen=True)
class SchemeSum:
    """What the batches of one scheme send to the bank: yuan and children (人次) of the month and of the one before."""

    label: str
    before: Decimal
    now: Decimal
    children_before: int
    children: int

    @property
    def difference(self) -> Decimal:
        return self.now - self.before


def by_scheme(batches: list[PaymentBatch], before: list[PaymentBatch]) -> list[SchemeSum]:
    """Totals per scheme beside those of the month before, in the order of the schemes; repairs count with the rest."""
    schemes = {batch.scheme_id: str(batch.scheme) for batch in [*before, *batches]}
    rows = []
    for key, label in sorted(schemes.items()):
        earlier = [batch for batch in before if batch.scheme_id == key]
        now = [batch for batch in batches if batch.scheme_id == key]
        rows.append(
            SchemeSum(
                label,
                before=sum((batch.total for batch in earlier), Decimal("0.00")),
                now=sum((batch.total for batch in now), Decimal("0.00")),
                children_before=sum(batch.child_count for batch in earlier),
                children=sum(batch.child_count for batch in now),
            )
        )
    return rows


def sum_of(rows: list[SchemeSum]) -> SchemeSum:
    """All schemes together; a child with two schemes counts twice."""
    return SchemeSum(
        "",
        sum((row.before for row in rows), Decimal("0.00")),
        sum((row.now for row in rows), Decimal("0.00")),
        sum(row.children_before for row in rows),
        sum(row.children for row in rows),
    )


EVENTS = ("release", "adult", "running", "proposed")
OWED = "owed"
NOTHING = Value(Decimal("0.00"), output_field=DecimalField(max_digits=14, decimal_places=2))


def tallies(shown: dt.date, today: dt.date) -> tuple[list[Due], Owed]:
    """What must be looked at again by the end of the month, and the money that is asked back. One query.

    Re-checks and proofs of schooling of a cycle that were not done before the month; entitlements with a reason of
    their own, by the conditions of the list behind; open recoveries.
    """
    last = end_of_month(shown)
    still = Q(outcome=ReviewOutcome.OPEN, due_date__lte=last) | Q(due_date__range=(shown, last))
    cycles = EntitlementReview.objects.filter(still).order_by().values_list("kind")
    events = [
        by_reason(why, shown).order_by().annotate(what=Value(why)).values_list("what") for why in EVENTS
    ]
    owed = Recovery.objects.filter(state=RecoveryState.OPEN).order_by().annotate(what=Value(OWED))
    late, left = Q(first_due_date__lt=today), F("amount") - F("recovered")
    parts = [
        cycles.annotate(
            n=Count("pk"),
            m=Count("pk", filter=Q(outcome=ReviewOutcome.OPEN)),
            day=Min("due_date"),
            y=NOTHING,
            z=NOTHING,
        ),
        *(
            event.annotate(n=Count("pk"), m=Count("pk"), day=Value(last), y=NOTHING, z=NOTHING)
            for event in events
        ),
        owed.values_list("what").annotate(
            n=Count("pk"),
            m=Count("pk", filter=late),
            day=Min("first_due_date"),
            y=Sum(left),
            z=Sum(left, filter=late),
        ),
    ]
    found: dict[str, Any] = {row[0]: row[1:] for row in parts[0].union(*parts[1:], all=True)}
    count, over, _day, yuan, late_yuan = found.get(OWED, (0, 0, None, None, None))
    nothing = Decimal("0.00")
    return _due(found, shown), Owed(count, yuan or nothing, over, late_yuan or nothing)


def _due(found: dict[str, Any], shown: dt.date) -> list[Due]:
    cycles = {
        ReviewKind.RECHECK: (_("Re-check of the cycle"), reverse("subsidies:reviews")),
        ReviewKind.SCHOOL: (_("Proof of schooling of the term"), reverse("subsidies:school_proofs")),
    }
    events = {
        "release": _("A parent's prison term or rehabilitation ends within 60 days"),
        "adult": _("Turns 18 within three months"),
        "running": _("Re-check under way"),
        "proposed": _("Proposed, waits for the approver"),
    }
    address = reverse("subsidies:rechecks")
    lines = []
    for kind, (label, url) in cycles.items():
        if kind in found:
            count, left, day, *_money = found[kind]
            lines.append(Due(label, count, count - left, day, url))
    for why in EVENTS:
        count = found.get(why, (0,))[0]
        url = f"{address}?why={why}&month={shown:%Y-%m}"
        lines.append(Due(events[why], count, None, end_of_month(shown), url))
    return lines


def discrepancies() -> dict[str, Any]:
    """Open discrepancies by kind of list and of difference, those due first on top. One query."""
    rows = list(
        Discrepancy.objects.filter(state__in=Discrepancy.OPEN)
        .values("kind", "list_kind")
        .annotate(count=Count("pk"), due=Min("due_date"))
        .order_by("due", "kind", "list_kind")
    )
    kinds = dict(Discrepancy._meta.get_field("kind").flatchoices)
    address = reverse("cases:discrepancies")
    return {
        "total": sum(row["count"] for row in rows),
        "rows": [
            {
                "label": f"{list_kinds.name_of(row['list_kind'])}：{kinds.get(row['kind'], '')}",
                "count": row["count"],
                "due": row["due"],
                "url": address,
            }
            for row in rows
        ],
    }


def funds(
    region: Region, shown: dt.date, batches: list[PaymentBatch], before: list[PaymentBatch]
) -> dict[str, Any]:
    """Balances of the year with what they still carry, and sentences to be warned by. One query."""
    found = budgets.balances(region.pk, shown.year)
    if not budgets.keeps_budget(found):
        return {"outlook": [], "warnings": []}
    rows = budgets.outlook(batches, before, found)
    return {
        "outlook": rows,
        "warnings": budgets.warnings(shown, rows, waiting=budgets.waiting(batches), begun=bool(batches)),
    }
