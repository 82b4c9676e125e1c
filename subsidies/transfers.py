"""What a transfer does to money: what is under way is settled first, another county decides anew, and what was paid stays
with who paid.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from cases.ages import add_months
from cases.models import Child, Transfer
from cases.transfers.rules import Distance, distance
from cases.transfers.services import blocks_transfer, on_transfer
from staff.models import TransitionRecord
from staff.workflow import Actor
from subsidies.entitlements import chains
from subsidies.enums import (
    ApplicationState,
    EndReason,
    EntitlementState,
    PaymentKind,
    PaymentState,
)
from subsidies.models import Application, Entitlement, Payment, Scheme
from subsidies.reckoning.months import last_month_of_end, period_of
from subsidies.terms.in_force import Rulebook, Terms

OVER = (ApplicationState.CONFIRMED, ApplicationState.REFUSED, ApplicationState.WITHDRAWN)
DELIVERED = (PaymentState.SENT, PaymentState.PAID)


@blocks_transfer
def money_under_way(child: Child, to: Distance, day: dt.date) -> Iterator[str]:
    """To another county nothing goes that this county has begun and only it can finish: its payee goes along."""
    if to != Distance.BEYOND:
        return
    if Application.objects.filter(child=child).exclude(state__in=OVER).exists():
        yield _("An application for this child is under way. Decide or withdraw it first.")
    lines = list(
        _lines(child)
        .order_by("month", "sequence")
        .values_list("scheme_id", "month", "kind", "state", "amount")
    )
    if any(state == PaymentState.PREPARED for *_rest, state, _amount in lines):
        yield _("A payment for this child is worked out and not released. Release or return the batch first.")
    made_good = {
        (scheme, month)
        for scheme, month, kind, state, _amount in lines
        if kind == PaymentKind.ARREARS and state in DELIVERED
    }
    owed = {
        month
        for scheme, month, _kind, state, _amount in lines
        if state in (PaymentState.HELD, PaymentState.FAILED) and (scheme, month) not in made_good
    }
    # Arrears for another reason do not make good what came back from the bank: that is paid again, or was once more.
    failed = _lines(child).filter(state=PaymentState.FAILED)
    again = Payment.objects.filter(repays=OuterRef("pk"), cancelled=False)
    for scheme, month, amount in failed.filter(~Exists(again)).values_list("scheme_id", "month", "amount"):
        reached = sum(row[4] for row in lines if row[:2] == (scheme, month) and row[3] in DELIVERED)
        if reached < amount:
            owed.add(month)
    if owed:
        yield _("The money for %(months)s has not reached the child. Pay it as arrears first.") % {
            "months": ", ".join(f"{month:%Y-%m}" for month in sorted(owed))
        }
    months = LastMonths(child.region_id, day)
    later = [
        (month, last)
        for scheme, month, _kind, state, _amount in lines
        if state in DELIVERED and month > (last := months.of(scheme))
    ]
    if later:
        paid, last = max(later)
        yield _(
            "%(month)s is paid already, but from this day on this county would pay until %(last)s only. "
            "Choose a later day."
        ) % {"month": f"{paid:%Y-%m}", "last": f"{last:%Y-%m}"}
    written = {(scheme, month) for scheme, month, *_rest in lines}
    rights = Entitlement.objects.filter(child=child).exclude(state=EntitlementState.ENDED)
    unpaid = sorted(
        period
        for right in rights
        if right.start_month <= months.of(right.scheme_id)
        and (right.scheme_id, period := months.period(right.scheme_id)) not in written
    )
    if unpaid:
        yield _(
            "The allowance for %(month)s, the last month here, is not paid yet. Pay it first; "
            "until then the file can be shared with the director of the new village."
        ) % {"month": f"{unpaid[0]:%Y-%m}"}


def _lines(child: Child) -> QuerySet[Payment]:
    """Lines paid to the child; those of a file merged into this one are found through its entitlement."""
    return Payment.objects.filter(Q(child=child) | Q(entitlement__child=child), cancelled=False)


class LastMonths:
    """The last month that the sending county pays for a transfer on a day, by scheme (key): by the scheme's rule for
    moving away.
    """

    def __init__(self, region_id: int, day: dt.date) -> None:
        self.day = day
        self.book = Rulebook.load(region_id)
        self.codes = dict(Scheme.objects.values_list("pk", "code"))

    def of(self, scheme_id: int) -> dt.date:
        """The last month paid."""
        return last_month_of_end(self._terms(scheme_id), EndReason.MOVED_AWAY, self.day)

    def period(self, scheme_id: int) -> dt.date:
        """The period (its first month) in which that month lies."""
        return period_of(self.of(scheme_id), self._terms(scheme_id).cadence)

    def _terms(self, scheme_id: int) -> Terms:
        return self.book.terms(self.codes[scheme_id], self.day)


@on_transfer
def end_entitlements(transfer: Transfer, child: Child, actor: Actor, at: dt.datetime) -> dict[str, Any]:
    """Across counties: end what is paid, by the sending county's rule for the month of an event.

    Both counties have decided it by proposing and accepting, so no proposal to end is needed. The receiving county
    is told until which month the other one paid, and no amounts.
    """
    if distance(transfer.region_id, transfer.to_region_id) != Distance.BEYOND:
        return {}
    months = LastMonths(transfer.region_id, transfer.effective_date)
    until: list[dt.date] = []
    text = _("The child's file was transferred to another county.")
    found = Entitlement.objects.select_for_update(of=("self",)).filter(child=child)
    for entitlement in found.exclude(state=EntitlementState.ENDED).order_by("pk"):
        before, last = entitlement.state, months.of(entitlement.scheme_id)
        entitlement.end_month = max(last, add_months(chains.first_month(entitlement), -1))
        entitlement.state, entitlement.end_reason = EntitlementState.ENDED, EndReason.MOVED_AWAY
        entitlement.proposed_end_month = None
        entitlement.save(update_fields=["end_month", "state", "end_reason", "proposed_end_month"])
        TransitionRecord.objects.create(
            subject=entitlement._meta.label_lower,
            subject_id=str(entitlement.pk),
            region_id=entitlement.region_id,
            child_id=entitlement.child_id,
            name="end",
            source=before,
            target=EntitlementState.ENDED,
            user_id=actor.user_id or None,
            assignment_id=actor.assignment_id,
            role=actor.role,
            at=at,
            reason_code=EndReason.MOVED_AWAY,
            reason=text,
        )
        chains.shorten(entitlement, actor=actor, at=at, reason=text)
        until.append(last)
    paid = (
        _lines(child).filter(state__in=DELIVERED).order_by("-month").values_list("month", flat=True).first()
    )
    told: dict[str, Any] = {"entitlements_ended": len(until)}
    if paid is not None:
        told["paid_until"] = f"{paid:%Y-%m}"
    if until:
        told["entitled_until"] = f"{max(until):%Y-%m}"
    return told
