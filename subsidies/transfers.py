"""What a transfer does to money: what is under way is settled first, another county decides anew, and what was paid stays
with who paid.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from cases.ages import add_months
from cases.models import Child, Transfer
from cases.transfer_rules import Distance, distance
from cases.transfers import blocks_transfer, on_transfer
from staff import parameters
from staff.models import TransitionRecord
from staff.workflow import Actor
from subsidies.enums import (
    ApplicationState,
    EndReason,
    EntitlementState,
    PaymentKind,
    PaymentState,
    StopRule,
)
from subsidies.models import Application, Entitlement, Payment
from subsidies.months import last_month_after

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
        _lines(child).order_by("month", "sequence").values_list("scheme_id", "month", "kind", "state")
    )
    if any(state == PaymentState.PREPARED for *_rest, state in lines):
        yield _("A payment for this child is worked out and not released. Release or return the batch first.")
    made_good = {
        (scheme, month)
        for scheme, month, kind, state in lines
        if kind == PaymentKind.ARREARS and state in DELIVERED
    }
    owed = sorted(
        {
            month
            for scheme, month, _kind, state in lines
            if state in (PaymentState.HELD, PaymentState.FAILED) and (scheme, month) not in made_good
        }
    )
    if owed:
        yield _("The money for %(months)s has not reached the child. Pay it as arrears first.") % {
            "months": ", ".join(f"{month:%Y-%m}" for month in owed)
        }
    last = _last_month(child.region_id, day)
    later = [month for _scheme, month, _kind, state in lines if month > last and state in DELIVERED]
    if later:
        yield _(
            "%(month)s is paid already, but from this day on this county would pay until %(last)s only. "
            "Choose a later day."
        ) % {"month": f"{max(later):%Y-%m}", "last": f"{last:%Y-%m}"}
    written = {(scheme, month) for scheme, month, _kind, _state in lines}
    rights = Entitlement.objects.filter(child=child, start_month__lte=last).exclude(
        state=EntitlementState.ENDED
    )
    if any((right.scheme_id, last) not in written for right in rights):
        yield _(
            "The allowance for %(month)s, the last month here, is not paid yet. Pay it first; "
            "until then the file can be shared with the director of the new village."
        ) % {"month": f"{last:%Y-%m}"}


def _lines(child: Child) -> QuerySet[Payment]:
    """Lines paid to the child; those of a file merged into this one are found through its entitlement."""
    return Payment.objects.filter(Q(child=child) | Q(entitlement__child=child), cancelled=False)


def _last_month(region_id: int, day: dt.date) -> dt.date:
    """The last month that the sending county pays for a transfer on a day: its rule for the month of an event."""
    return last_month_after(day, StopRule(parameters.value(region_id, "stop_rule", day)))


@on_transfer
def end_entitlements(transfer: Transfer, child: Child, actor: Actor, at: dt.datetime) -> dict[str, Any]:
    """Across counties: end what is paid, by the sending county's rule for the month of an event.

    Both counties have decided it by proposing and accepting, so no proposal to end is needed. The receiving county
    is told until which month the other one paid, and no amounts.
    """
    if distance(transfer.region_id, transfer.to_region_id) != Distance.BEYOND:
        return {}
    last = _last_month(transfer.region_id, transfer.effective_date)
    ended = 0
    found = Entitlement.objects.select_for_update(of=("self",)).filter(child=child)
    for entitlement in found.exclude(state=EntitlementState.ENDED).order_by("pk"):
        before = entitlement.state
        entitlement.end_month = max(last, add_months(entitlement.start_month, -1))
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
            reason=_("The child's file was transferred to another county."),
        )
        ended += 1
    paid = (
        _lines(child).filter(state__in=DELIVERED).order_by("-month").values_list("month", flat=True).first()
    )
    told: dict[str, Any] = {"entitlements_ended": ended}
    if paid is not None:
        told["paid_until"] = f"{paid:%Y-%m}"
    if ended:
        told["entitled_until"] = f"{last:%Y-%m}"
    return told
