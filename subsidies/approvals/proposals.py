"""Proposals to end, to change or to extend as the approver sees them: what it is now, what it would be, the money."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, QuerySet, Value
from django.urls import reverse
from django.utils.translation import gettext as _

from cases.enums import Placement
from staff.models import TransitionRecord
from staff.workflow import Actor
from subsidies.approvals.pages import Money, label_of, own_step, seal_of, waiting_applications
from subsidies.enums import BatchState, EndReason, EntitlementState
from subsidies.models import Entitlement, Offset, PaymentBatch
from subsidies.preparing.facts import also_of
from subsidies.reckoning.months import first_month


def waiting_entitlements() -> QuerySet[Entitlement]:
    """What was proposed to end or to change, the oldest proposal first."""
    return (
        Entitlement.objects.filter(state__in=(EntitlementState.ENDING, EntitlementState.CHANGING))
        .select_related("child", "scheme", "region__parent", "proposed_by")
        .order_by(F("proposed_at").asc(nulls_first=True), "pk")
    )


def counts() -> dict[str, int]:
    """How much waits, by what the desk shows. One query."""
    parts = {
        "applications": waiting_applications(),
        "entitlements": waiting_entitlements(),
        "batches": PaymentBatch.objects.filter(state=BatchState.PREPARED),
    }
    each: list[QuerySet[Any]] = [
        rows.order_by().annotate(show=Value(show)).values_list("show").annotate(count=Count("pk"))
        for show, rows in parts.items()
    ]
    return dict.fromkeys(parts, 0) | dict(each[0].union(*each[1:], all=True))


@dataclass(frozen=True)
class EntitlementRow:
    """A proposal to end, to change terms or to extend: what it is now, what it would be, what that does to a month."""

    entitlement: Entitlement
    place: str
    what: str
    was: str
    becomes: str
    before: Decimal | None
    after: Decimal | None
    reason_code: str
    reason: str
    own: str

    @property
    def pk(self) -> int:
        return self.entitlement.pk

    @property
    def name(self) -> str:
        return self.entitlement.child.name

    @property
    def url(self) -> str:
        return reverse("subsidies:entitlement", args=[self.pk])

    @property
    def difference(self) -> Decimal | None:
        return None if self.before is None or self.after is None else self.after - self.before

    @property
    def seal(self) -> str:
        return seal_of(
            f"{self.pk}|{self.entitlement.state}|{self.was}|{self.becomes}|{self.difference}|{self.reason_code}"
        )


def entitlement_rows(found: list[Entitlement], actor: Actor, today: dt.date) -> list[EntitlementRow]:
    """Rows of a page of proposals; three queries and three a scheme."""
    if not found:
        return []
    money = Money(found[0].region_id, first_month(today))
    records: dict[str, TransitionRecord] = {}
    for record in TransitionRecord.objects.filter(
        subject=Entitlement._meta.label_lower,
        subject_id__in=[str(e.pk) for e in found],
        name__in=("propose_end", "propose_change"),
    ).order_by("at", "pk"):
        records[record.subject_id] = record
    offsets: dict[int, list[Offset]] = defaultdict(list)
    for offset in Offset.objects.filter(entitlement__in=found):
        offsets[offset.entitlement_id].append(offset)
    also = also_of(entitlement.pk for entitlement in found)
    return [
        _entitlement_row(
            entitlement,
            actor,
            money,
            records.get(str(entitlement.pk)),
            offsets[entitlement.pk],
            also.get(entitlement.pk, ()),
        )
        for entitlement in found
    ]


def _entitlement_row(
    entitlement: Entitlement,
    actor: Actor,
    money: Money,
    record: TransitionRecord | None,
    offsets: list[Offset],
    also: tuple[str, ...],
) -> EntitlementRow:
    scheme, proposed = entitlement.scheme, dict(entitlement.proposed)
    now = money.due(scheme, entitlement.category, entitlement.placement, entitlement.grade, offsets, also)
    before = now.amount.total if now else None
    code = record.reason_code if record else ""
    last = f"{entitlement.end_month:%Y-%m}" if entitlement.end_month else "…"
    was = (
        f"{label_of(entitlement.category)} · {_placement(entitlement.placement)} {entitlement.grade}".strip()
    )
    if entitlement.state == EntitlementState.ENDING:
        what = _("End")
        becomes = _("last month %(month)s") % {"month": _month(entitlement.proposed_end_month)}
        after: Decimal | None = Decimal("0.00")
    elif "from_month" in proposed:
        what = _("Other terms")
        then = money.due(
            scheme, proposed["category"], proposed["placement"], proposed.get("grade", ""), offsets, also
        )
        after = then.amount.total if then else None
        terms = f"{label_of(proposed['category'])} · {_placement(proposed['placement'])} {proposed.get('grade', '')}"
        becomes = _("%(terms)s from %(month)s") % {
            "terms": terms.strip(),
            "month": proposed["from_month"][:7],
        }
    else:
        what, after = _("Extend"), before
        was = _("last month %(month)s") % {"month": last}
        becomes = _("last month %(month)s") % {"month": str(proposed.get("until", ""))[:7]}
    words = [str(EndReason(code).label)] if code in EndReason.values else []
    if record and record.reason:
        words.append(record.reason)
    parent = entitlement.region.parent
    return EntitlementRow(
        entitlement,
        parent.name if parent is not None else entitlement.region.name,
        what,
        was,
        becomes,
        before,
        after,
        code,
        "：".join(words),
        own_step(actor, entitlement.proposed_by_id),
    )


def _placement(code: str) -> str:
    return str(Placement(code).label) if code in Placement.values else code


def _month(month: dt.date | None) -> str:
    return f"{month:%Y-%m}" if month else "—"
