"""A child who leaves the register: until when it is paid is told, and the end of each right is proposed by itself.

It stops nothing yet: the approver decides, as about every end.
"""

from __future__ import annotations

import datetime as dt

from django.utils.translation import gettext as _

from cases.enums import LeaveReason
from cases.leaving.services import LastPay, on_leave, tells_last_pay
from cases.models import Child
from staff.workflow import Actor, perform_many
from subsidies.entitlements.chains import first_month
from subsidies.entitlements.last_months import last_month_of
from subsidies.entitlements.services import entitlement_of
from subsidies.enums import EndReason, EntitlementState
from subsidies.models import Entitlement
from subsidies.reckoning.months import month_of
from subsidies.reviews import services as reviews

ENDS: dict[str, EndReason] = {
    LeaveReason.ADOPTED_IN_PROVINCE: EndReason.ADOPTED,
    LeaveReason.ADOPTED_OTHER_PROVINCE: EndReason.ADOPTED,
    LeaveReason.ADOPTED_ABROAD: EndReason.ADOPTED,
    LeaveReason.PARENTS_FOUND: EndReason.PARENT_FOUND,
    LeaveReason.INDEPENDENT: EndReason.OTHER,
    LeaveReason.DEATH: EndReason.DEATH,
    LeaveReason.MOVED_AWAY: EndReason.MOVED_AWAY,
    LeaveReason.ENTERED_IN_ERROR: EndReason.ENTERED_IN_ERROR,
    LeaveReason.OVER_AGE: EndReason.TURNED_18,
    LeaveReason.OTHER: EndReason.OTHER,
}


@tells_last_pay
def last_pay(child: Child, day: dt.date, reason: LeaveReason) -> LastPay | None:
    """None without an entitlement that is open; for a file entered in error no month was due (rules.md 2.4)."""
    right = entitlement_of(child.pk)
    if right is None:
        return None
    month, rule = last_month_of(right, child, ENDS[reason], day)
    if reason == LeaveReason.ENTERED_IN_ERROR:
        return LastPay(None, "")
    return LastPay(month if month >= month_of(first_month(right)) else None, rule)


@on_leave
def propose_ends(child: Child, actor: Actor, at: dt.datetime) -> None:
    """Propose to end every open right of the child, with the last month of its scheme's terms."""
    if child.left_date is None:
        return
    reason = ENDS[child.left_reason]
    rights = Entitlement.objects.filter(child=child).exclude(
        state__in=(EntitlementState.ENDED, EntitlementState.ENDING)
    )
    for right in rights.select_related("scheme").order_by("pk"):
        month, rule = last_month_of(right, child, reason, child.left_date)
        text = _("Left the register on %(day)s: %(why)s. %(rule)s") % {
            "day": child.left_date.isoformat(),
            "why": LeaveReason(child.left_reason).label,
            "rule": rule,
        }
        fields = {"proposed_end_month": month, "proposed": {}, "decided_by": None}
        perform_many(
            Entitlement, [right.pk], "propose_end", at=at, actor=actor, reason_code=reason, reason=text, fields=fields,
            follows=True,
        )  # fmt: skip
        reviews.close_for(right.pk, actor=actor, at=at, note=text)
