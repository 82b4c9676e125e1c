"""A batch beside the one before it, on its page: the equation, the differences with their reasons, the townships."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from staff.models import Region
from staff.models.region import township_of
from staff.templatetags.look import grouped
from subsidies.batches import comparison as compared
from subsidies.batches.bridge import Change, Difference, Sums
from subsidies.enums import BatchKind, BatchState
from subsidies.models import Entitlement, Payment, PaymentBatch
from subsidies.reckoning.reasons import why

SHOWN = 50


def kind_label(kind: Change) -> str:
    return {
        Change.NEW: _("Newly paid"),
        Change.LEFT: _("No longer paid"),
        Change.CHANGED: _("Changed"),
        Change.ARREARS: _("Arrears"),
    }[kind]


def with_previous(batches: QuerySet[PaymentBatch]) -> QuerySet[PaymentBatch]:
    """Annotates ``previous_id`` and ``previous_funding`` (source → yuan, as stored): the batch of the month before of
    the same scheme that was not returned, None for the first.
    """
    earlier = (
        PaymentBatch.objects.filter(
            region_id=OuterRef("region_id"),
            scheme_id=OuterRef("scheme_id"),
            month__lt=OuterRef("month"),
            kind=BatchKind.REGULAR,
        )
        .exclude(state=BatchState.RETURNED)
        .order_by("-month", "-pk")
    )
    return batches.annotate(
        previous_id=Subquery(earlier.values("pk")[:1]),
        previous_funding=Subquery(earlier.values("funding")[:1]),
    )


def previous_of(batch: PaymentBatch) -> int | None:
    """Key of the batch that this one is compared with; a repair stands beside nothing."""
    return batch.previous_id if batch.kind == BatchKind.REGULAR else None  # type: ignore[attr-defined]


def funding_before(batch: PaymentBatch) -> dict[str, Decimal]:
    """Yuan by source of the batch that this one is compared with; ``batch`` comes from :func:`with_previous`."""
    stored = batch.previous_funding if previous_of(batch) else None  # type: ignore[attr-defined]
    return {source: Decimal(yuan) for source, yuan in (stored or {}).items()}


def comparison(batch: PaymentBatch) -> compared.Compared:
    """Sums of this batch and the one before; ``batch`` comes from :func:`with_previous`. One query."""
    return compared.compare(previous_of(batch), batch.pk)


def page_of_differences(
    batch: PaymentBatch, sums: Sums, number: str | None, names: dict[int, str]
) -> dict[str, Any]:
    """One page of differences with the addresses of its neighbours. Two queries for any number of lines."""
    total = compared.count_differences(sums)
    pages = max(1, -(-total // SHOWN))
    page = min(int(number), pages) if number and number.isdecimal() and int(number[:9]) > 0 else 1
    found = compared.differences(previous_of(batch), batch.pk, limit=SHOWN, offset=(page - 1) * SHOWN)
    return {
        "rows": difference_rows(found, names),
        "count": total,
        "earlier": f"?page={page - 1}" if page > 1 else "",
        "later": f"?page={page + 1}" if page < pages else "",
        "summary": _("Page %(n)s of %(of)s") % {"n": page, "of": pages} if pages > 1 else "",
    }


def bridge_terms(sums: Sums, batch: PaymentBatch) -> list[dict[str, Any]]:
    """The equation for the component; each term with how many it stands for."""
    changed_minus = sums.changed < 0
    terms: list[dict[str, Any]] = [
        {"label": _("Last month, %(n)s children") % {"n": grouped(sums.people_before)}, "value": sums.before},
        {"op": "+", "label": _("%(n)s new") % {"n": sums.joined}, "value": sums.added},
        {"op": "−", "label": _("%(n)s left") % {"n": sums.left}, "value": sums.removed},
        {
            "op": "−" if changed_minus else "+",
            "label": _("%(n)s changed") % {"n": sums.changed_people},
            "value": abs(sums.changed),
        },
        {"op": "+", "label": _("%(n)s arrears") % {"n": sums.arrears_lines}, "value": sums.arrears},
    ]
    if sums.held_lines:
        terms.append({"op": "−", "label": _("%(n)s held back") % {"n": sums.held_lines}, "value": sums.held})
    terms.append(
        {
            "op": "=",
            "label": _("This month, %(n)s children, yuan") % {"n": grouped(batch.child_count)},
            "value": sums.now,
            "sum": True,
        }
    )
    return [{"kind": "money"} | term for term in terms]


def difference_rows(differences: Iterable[Difference], names: dict[int, str]) -> list[dict[str, Any]]:
    """Rows of the table of differences with their reasons. One query for any number of rows."""
    shown = list(differences)
    keys = {line.pk for d in shown for line in (d.before, d.after) if line is not None}
    found = (
        Payment.objects.filter(pk__in=keys)
        .select_related("entitlement__application")
        .defer("account", "identity_number")
    )
    payments = {payment.pk: payment for payment in found}
    rows = []
    for difference in shown:
        before = payments.get(difference.before.pk) if difference.before else None
        after = payments.get(difference.after.pk) if difference.after else None
        payment = after or before
        if payment is None:
            continue
        entitlement = payment.entitlement
        decided = entitlement.application.decided_at if entitlement.application else None
        rows.append(
            {
                "kind": kind_label(difference.kind),
                "name": payment.child_name,
                "url": reverse("subsidies:payment", args=[payment.pk]),
                "pk": payment.pk,
                "place": names.get(township_of(payment.region_id), ""),
                "before": before.amount if before else None,
                "after": after.amount if after else None,
                "difference": difference.amount,
                "why": why(
                    difference.kind,
                    before,
                    after,
                    _ended(entitlement, before),
                    timezone.localdate(decided) if decided else None,
                ),
            }
        )
    return rows


def _ended(entitlement: Entitlement, before: Payment | None) -> dict[str, Any]:
    """Why there is no line any more; ``nothing`` when the entitlement goes on and only the amount fell to
    nothing.
    """
    last = entitlement.end_month
    goes_on = before is not None and (last is None or last > before.month)
    return {"end_month": last, "end_reason": entitlement.end_reason, "nothing": goes_on}


def township_rows(found: compared.Compared, batch: PaymentBatch) -> list[dict[str, Any]]:
    """Totals per township, those with a difference first."""
    address = reverse("subsidies:batch_lines", args=[batch.pk])
    rows = [
        {
            "name": found.names[code],
            "url": f"{address}?township={code}",
            "sums": sums,
        }
        for code, sums in found.townships.items()
    ]
    return sorted(rows, key=lambda row: row["sums"].difference == 0)


def place_names(codes: Iterable[int]) -> dict[int, str]:
    return dict(Region.objects.filter(pk__in=set(codes)).values_list("pk", "name"))
