"""What a list means for money: children paid in full beside a benefit, offsets without one, and what is done
about it.

Registered with :mod:`cases.matching`, which knows nothing of money. Every remedy calls the service of the
entitlement's
own page, with the clerk's rights; what is proposed here stops no payment until the approver ends it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.ages import add_months
from cases.matching.findings import Finding, Pairs, finder, is_on_list
from cases.matching.forms import MonthField
from cases.matching.remedies import Remedy, RemedyForm, remedy
from cases.models import Child, Discrepancy, ListRow
from cases.models.matching import ListKind
from staff import parameters
from staff.workflow import Actor, TransitionRefused
from subsidies import entitlements, rules
from subsidies.enums import EndReason, EntitlementState, OffsetKind, SchemeCode, TekunMode
from subsidies.models import Entitlement, Offset

Kind = Discrepancy.Kind
# Lists that say who receives a benefit, and the offset that belongs to it.
OFFSETS: dict[str, OffsetKind] = {ListKind.DIBAO: OffsetKind.DIBAO, ListKind.TEKUN: OffsetKind.TEKUN}


# --- Finding --------------------------------------------------------------------------------------------


@finder
def paid_beside_a_list(pairs: Pairs) -> Iterator[Finding]:
    """Children on a list who are paid as if they were not: no offset, another amount, or registered as dead.

    rules.md 2.3: who receives 低保 or 特困 below the standard is paid the difference.
    """
    kinds = (*OFFSETS, ListKind.DEATH)
    listed = {child for kind in kinds for child in pairs.accepted.get(kind, {})}
    if not listed:
        return
    paid = {e.child_id: e for e in payable(listed, pairs.run.period)}
    offsets = _offsets_of(paid.values(), pairs.run.period)
    known = _facts_of_offsets(offsets.values())
    for kind in kinds:
        for child_id, row in sorted(pairs.accepted.get(kind, {}).items()):
            entitlement = paid.get(child_id)
            if entitlement is None or child_id not in pairs.children:
                continue
            region_id = pairs.children[child_id].region_id
            if kind == ListKind.DEATH:
                if entitlement.state != EntitlementState.ENDING:
                    yield Finding(
                        Kind.PAID_IN_FULL, kind, region_id, child_id, row, {"entitlement": entitlement.pk}
                    )
                continue
            facts = _benefit(row, pairs.people_in_household(row))
            offset = offsets.get((child_id, OFFSETS[kind]))
            if offset is not None:
                agreed = known.get(offset.discrepancy_id or 0)
                unchanged = agreed == (facts["amount"], facts["people"])
                if facts["share"] is None or unchanged or Decimal(facts["share"]) == offset.amount:
                    continue
            yield Finding(
                Kind.PAID_IN_FULL,
                kind,
                region_id,
                child_id,
                row,
                {"entitlement": entitlement.pk, "offset": str(offset.amount) if offset else None, **facts},
            )


@finder
def offsets_without_a_list(pairs: Pairs) -> Iterator[Finding]:
    """Offsets in force whose child is on no list of that kind, where the township has sent one."""
    run = pairs.run
    kinds = {offset: kind for kind, offset in OFFSETS.items()}
    found = (
        _in_force(run.period)
        .filter(region__gte=run.region.lo, region__lte=run.region.hi, kind__in=list(kinds))
        .exclude(entitlement__state=EntitlementState.ENDED)
    )
    rows = list(found.order_by("child_id", "kind", "pk"))
    children = {
        c.pk: c
        for c in Child.objects.filter(pk__in={r.child_id for r in rows}, left_date__isnull=True).only(
            "region_id"
        )
    }
    for row in rows:
        kind, child = kinds[OffsetKind(row.kind)], children.get(row.child_id)
        if child is None or is_on_list(pairs, kind, row.child_id, child.region_id):
            continue
        facts = {
            "offset_id": row.pk,
            "offset": str(row.amount),
            "offset_since": f"{row.start_month:%Y-%m}",
            "last_month": (kind, row.child_id) in pairs.earlier,
        }
        yield Finding(Kind.GONE, kind, child.region_id, row.child_id, None, facts)


def payable(children: set[int], month: dt.date) -> list[Entitlement]:
    """The basic living allowances of these children that cover a month."""
    found = Entitlement.objects.filter(
        child_id__in=children, scheme__code=SchemeCode.BASIC_LIVING, start_month__lte=month
    ).filter(Q(end_month__isnull=True) | Q(end_month__gte=month))
    return list(found.order_by("child_id", "start_month", "pk"))


def _in_force(month: dt.date) -> Any:
    return Offset.objects.filter(start_month__lte=month).filter(
        Q(end_month__isnull=True) | Q(end_month__gte=month)
    )


def _offsets_of(paid: Any, month: dt.date) -> dict[tuple[int, str], Offset]:
    """In force in the month, or decided already for a later one."""
    found = Offset.objects.filter(entitlement__in=[e.pk for e in paid]).filter(
        Q(end_month__isnull=True) | Q(end_month__gte=month)
    )
    return {(offset.child_id, offset.kind): offset for offset in found.order_by("-start_month", "-pk")}


def _facts_of_offsets(offsets: Any) -> dict[int, tuple[str | None, int]]:
    """The benefit on which an offset of an earlier discrepancy was decided: the list says the same, so
    nothing is new.
    """
    ids = [offset.discrepancy_id for offset in offsets if offset.discrepancy_id]
    details = Discrepancy.objects.filter(pk__in=ids).values_list("pk", "detail")
    return {pk: (detail.get("amount"), detail.get("people", 1)) for pk, detail in details}


def _benefit(row: ListRow, people: int) -> dict[str, Any]:
    """What the list says the household receives, and the child's share of it, yuan a month as text."""
    if row.amount is None or row.amount <= 0:
        return {"amount": None, "people": people, "share": None}
    return {
        "amount": str(row.amount),
        "people": people,
        "share": str(rules.household_share(row.amount, people)),
    }


# --- Remedies -------------------------------------------------------------------------------------------


def _next_month(discrepancy: Discrepancy) -> dt.date:
    return add_months(_period(discrepancy), 1)


def _period(discrepancy: Discrepancy) -> dt.date:
    return dt.date.fromisoformat(f"{discrepancy.detail['period']}-01")


def _entitlement(discrepancy: Discrepancy) -> Entitlement:
    found = entitlements.entitlement_of(discrepancy.child_id) if discrepancy.child_id else None
    if found is None:
        raise TransitionRefused(_("This child has no entitlement any more."))
    return found


class TopUpForm(RemedyForm):
    """The child's share of the benefit, and from which month it is set off."""

    amount = forms.DecimalField(
        label=gettext_lazy("The child's share, yuan a month"),
        max_digits=10,
        decimal_places=2,
        min_value=Decimal("0.01"),
    )
    start_month = MonthField(label=gettext_lazy("Set off from"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["amount"].initial = self.discrepancy.detail.get("share")
        self.fields["start_month"].initial = _next_month(self.discrepancy)


def _top_up(
    discrepancy: Discrepancy, actor: Actor, at: dt.datetime, data: dict[str, Any], reason: str
) -> str:
    entitlement = _entitlement(discrepancy)
    kind = OFFSETS[discrepancy.list_kind]
    source = _("%(list)s %(month)s") % {
        "list": discrepancy.get_list_kind_display(),
        "month": discrepancy.detail["period"],
    }
    row = discrepancy.detail.get("row")
    if row:
        source += f" · {row['list']} {row['sheet']} {row['line']}".rstrip()
    offset = entitlements.add_offset(
        actor=actor,
        at=at,
        entitlement=entitlement,
        kind=kind,
        amount=data["amount"],
        start_month=data["start_month"],
        source=source,
        discrepancy_id=discrepancy.pk,
    )
    return _("%(amount)s yuan a month are set off from %(month)s.") % {
        "amount": offset.amount,
        "month": f"{offset.start_month:%Y-%m}",
    }


class ProposeEndForm(RemedyForm):
    """Why the entitlement is to end, and the last month to be paid."""

    end_reason = forms.ChoiceField(label=gettext_lazy("Reason for ending"), choices=EndReason.choices)
    last_month = MonthField(label=gettext_lazy("Last month to be paid"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        dead = self.discrepancy.list_kind == ListKind.DEATH
        self.fields["end_reason"].initial = EndReason.DEATH if dead else EndReason.OTHER_SCHEME
        self.fields["last_month"].initial = _period(self.discrepancy)


def _propose_end(
    discrepancy: Discrepancy, actor: Actor, at: dt.datetime, data: dict[str, Any], reason: str
) -> str:
    done = entitlements.propose_end(
        actor=actor,
        at=at,
        entitlement=_entitlement(discrepancy),
        reason_code=data["end_reason"],
        reason=reason,
        last_month=data["last_month"],
    )
    return _("Ending after %(month)s was proposed; the approver decides.") % {
        "month": f"{done.proposed_end_month:%Y-%m}"
    }


class EndOffsetForm(RemedyForm):
    """The last month in which the benefit is set off."""

    last_month = MonthField(label=gettext_lazy("Set off for the last time in"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["last_month"].initial = add_months(_period(self.discrepancy), -1)


def _end_offset(
    discrepancy: Discrepancy, actor: Actor, at: dt.datetime, data: dict[str, Any], reason: str
) -> str:
    offset = (
        Offset.objects.select_related("entitlement")
        .filter(pk=discrepancy.detail.get("offset_id"), end_month=None)
        .first()
    )
    if offset is None:
        raise TransitionRefused(_("The offset has been ended already."))
    entitlements.end_offset(actor=actor, at=at, offset=offset, last_month=data["last_month"], source=reason)
    return _("%(amount)s yuan a month are set off for the last time in %(month)s.") % {
        "amount": offset.amount,
        "month": f"{data['last_month']:%Y-%m}",
    }


def _is_benefit(discrepancy: Discrepancy) -> bool:
    return discrepancy.list_kind in OFFSETS


def _excludes(discrepancy: Discrepancy) -> bool:
    """Whether the county pays nothing beside this list: the dead, and 特困 where the county excludes it."""
    if discrepancy.list_kind == ListKind.DEATH:
        return True
    mode = parameters.value(discrepancy.region_id, "tekun_mode", _period(discrepancy))
    return discrepancy.list_kind == ListKind.TEKUN and mode == TekunMode.EXCLUDE


remedy(
    Remedy(
        "top_up",
        gettext_lazy("Pay the difference"),
        gettext_lazy(
            "The child's share is set off from the month on; "
            "months already paid are put right in the next batch."
        ),
        frozenset({Kind.PAID_IN_FULL}),
        _top_up,
        TopUpForm,
        _is_benefit,
        icon="receipt-refund",
    )
)
remedy(
    Remedy(
        "exclude",
        gettext_lazy("Propose to end the allowance"),
        gettext_lazy("The approver decides. Until then payment goes on."),
        frozenset({Kind.PAID_IN_FULL}),
        _propose_end,
        ProposeEndForm,
        _excludes,
        icon="circle-off",
    )
)
remedy(
    Remedy(
        "end_offset",
        gettext_lazy("End the offset"),
        gettext_lazy("From the month after, the child is paid in full again."),
        frozenset({Kind.GONE}),
        _end_offset,
        EndOffsetForm,
        lambda discrepancy: bool(discrepancy.detail.get("offset_id")),
        icon="receipt-refund",
    )
)
