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
from cases.enums import PrimaryCategory
from cases.matching.discrepancies.finding_data import Finding, Pairs, of_child
from cases.matching.discrepancies.findings import finder, is_on_list
from cases.matching.discrepancies.remedies import Remedy, RemedyForm, remedy
from cases.matching.forms import MonthField
from cases.matching.kinds import KINDS
from cases.models import Child, Discrepancy, ListRow
from staff.workflow import Actor, TransitionRefused
from subsidies.entitlements import services as entitlements
from subsidies.entitlements.last_months import last_month_of
from subsidies.enums import ConflictMode, EndReason, EntitlementState, OffsetKind, SchemeCode, TekunMode
from subsidies.models import Entitlement, Offset
from subsidies.reckoning import rules
from subsidies.terms.in_force import Terms, terms_of

Kind = Discrepancy.Kind


def offset_kinds() -> dict[str, OffsetKind]:
    """The kinds of list that say who receives a benefit which is set off, and as what."""
    return {code: OffsetKind(kind.offset) for code, kind in KINDS.items() if kind.offset}


# --- Finding --------------------------------------------------------------------------------------------


@finder
def paid_beside_a_list(pairs: Pairs) -> Iterator[Finding]:
    """Children on a list of a benefit who are paid as if they were not: no offset (paid in full), or one of another
    amount.

    rules.md 2.3: who receives 低保 or 特困 below the standard is paid the difference.
    """
    offset_of = offset_kinds()
    rows = {kind: pairs.children_on(kind) for kind in offset_of}
    listed = {child for of_kind in rows.values() for child in of_kind}
    if not listed:
        return
    paid = {e.child_id: e for e in payable(listed, pairs.run.period)}
    offsets = _offsets_of(paid.values(), pairs.run.period)
    known = _facts_of_offsets(offsets.values())
    for kind, of_kind in rows.items():
        for child_id, row in sorted(of_kind.items()):
            entitlement = paid.get(child_id)
            if entitlement is None or child_id not in pairs.children:
                continue
            facts = _benefit(row, pairs.people_in_household(row))
            offset = offsets.get((child_id, offset_of[kind]))
            if offset is not None:
                agreed = known.get(offset.discrepancy_id or 0)
                unchanged = agreed == (facts["amount"], facts["people"])
                if facts["share"] is None or unchanged or Decimal(facts["share"]) == offset.amount:
                    continue
            yield Finding(
                Kind.AMOUNT if offset else Kind.PAID_IN_FULL,
                kind,
                pairs.children[child_id].region_id,
                child_id,
                row,
                {"entitlement": entitlement.pk, "offset": str(offset.amount) if offset else None, **facts},
            )


@finder
def offsets_without_a_list(pairs: Pairs) -> Iterator[Finding]:
    """Offsets in force whose child is on no list of that kind, where the township has sent one."""
    run = pairs.run
    kinds = {offset: kind for kind, offset in offset_kinds().items()}
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
            "last_month": of_child(row.child_id) in pairs.before.get(kind, {}),
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


def _open_right(discrepancy: Discrepancy) -> Entitlement | None:
    return entitlements.entitlement_of(discrepancy.child_id) if discrepancy.child_id else None


def _entitlement(discrepancy: Discrepancy) -> Entitlement:
    found = _open_right(discrepancy)
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
    kind = offset_kinds()[discrepancy.list_kind]
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
    beside = entitlement.category == PrimaryCategory.ORPHAN
    words = (
        _(
            "%(amount)s yuan a month are on record from %(month)s: an orphan is paid in full, the benefit is to be cancelled."
        )
        if beside and _terms(discrepancy).conflict_mode == ConflictMode.CANCEL_OTHER
        else _("%(amount)s yuan a month are set off from %(month)s.")
    )
    return words % {"amount": offset.amount, "month": f"{offset.start_month:%Y-%m}"}


# Why an entitlement ends when this is true of the child.
END_REASONS: dict[str, EndReason] = {Kind.CHILD_DEAD: EndReason.DEATH, Kind.MOVED: EndReason.MOVED_AWAY}


class ProposeEndForm(RemedyForm):
    """Why the entitlement is to end, and the last month to be paid."""

    end_reason = forms.ChoiceField(label=gettext_lazy("Reason for ending"), choices=EndReason.choices)
    last_month = MonthField(label=gettext_lazy("Last month to be paid"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        reason = END_REASONS.get(self.discrepancy.kind, EndReason.OTHER_SCHEME)
        self.fields["end_reason"].initial = reason
        self.fields["last_month"].initial = _last_month(self.discrepancy, reason)


def _last_month(discrepancy: Discrepancy, reason: EndReason) -> dt.date:
    """By the scheme's rule for the day on which it happened, where the list tells the day; else the list's month."""
    day, right = discrepancy.detail.get("event"), _open_right(discrepancy)
    if not day or right is None:
        return _period(discrepancy)
    return last_month_of(right, right.child, reason, dt.date.fromisoformat(day))[0]


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


def _recheck(
    discrepancy: Discrepancy, actor: Actor, at: dt.datetime, data: dict[str, Any], reason: str
) -> str:
    entitlements.recheck(actor=actor, at=at, entitlement=_entitlement(discrepancy), reason=reason)
    return _("The entitlement is being re-checked; payment goes on until the approver decides.")


def _is_benefit(discrepancy: Discrepancy) -> bool:
    """Whether the list is about a benefit that the county sets off."""
    offset = offset_kinds().get(discrepancy.list_kind)
    return (
        offset is not None and offset in _terms(discrepancy).offsets and _open_right(discrepancy) is not None
    )


def _excludes(discrepancy: Discrepancy) -> bool:
    """Whether the county pays nothing beside this list: a child who is dead or has moved away, and 特困 where the
    county excludes it."""
    right = _open_right(discrepancy)
    if right is None or right.state == EntitlementState.ENDING:
        return False
    if discrepancy.kind in END_REASONS:
        return True
    offset = offset_kinds().get(discrepancy.list_kind)
    return offset == OffsetKind.TEKUN and _terms(discrepancy).tekun_mode == TekunMode.EXCLUDE


def _may_recheck(discrepancy: Discrepancy) -> bool:
    right = _open_right(discrepancy)
    return right is not None and right.state == EntitlementState.ACTIVE


def _terms(discrepancy: Discrepancy) -> Terms:
    return terms_of(SchemeCode.BASIC_LIVING, discrepancy.region_id, _period(discrepancy))


remedy(
    Remedy(
        "top_up",
        gettext_lazy("Pay the difference"),
        gettext_lazy(
            "The child's share is set off from the month on; "
            "months already paid are put right in the next batch."
        ),
        frozenset({Kind.PAID_IN_FULL, Kind.AMOUNT, Kind.NEW}),
        _top_up,
        TopUpForm,
        _is_benefit,
        icon="receipt-refund",
        place=20,
    )
)
remedy(
    Remedy(
        "exclude",
        gettext_lazy("Propose to end the allowance"),
        gettext_lazy("The approver decides. Until then payment goes on."),
        frozenset({Kind.PAID_IN_FULL, *END_REASONS}),
        _propose_end,
        ProposeEndForm,
        _excludes,
        icon="circle-off",
        place=20,
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
        place=20,
    )
)
remedy(
    Remedy(
        "recheck",
        gettext_lazy("Re-check the entitlement"),
        gettext_lazy("Payment goes on until the approver decides that it ends or stays."),
        frozenset(
            {
                Kind.RELEASED,
                Kind.MOVED,
                Kind.GONE,
                Kind.PARENT_DEAD,
                Kind.CUSTODY,
                Kind.PARENT_DISABLED,
                Kind.DISABLED,
            }
        ),
        _recheck,
        fits=_may_recheck,
        icon="refresh",
        place=60,
    )
)
