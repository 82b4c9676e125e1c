"""Transition table of referrals."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from staff import scope
from staff.enums import Role
from staff.workflow import Actor, Transition, Workflow


class ReferralState(models.TextChoices):
    PENDING = "pending", _("Awaiting the provider")
    ACCEPTED = "accepted", _("Accepted")
    DECLINED = "declined", _("Declined")
    DONE = "done", _("Done")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class DeclineReason(models.TextChoices):
    NOT_OUR_SERVICE = "not_our_service", _("Outside our services")
    NO_CAPACITY = "no_capacity", _("No capacity at present")
    OUT_OF_AREA = "out_of_area", _("Outside our area")
    NEED_MORE = "need_more", _("More information is needed")
    OTHER = "other", _("Other reason")


def _addressee(referral: Any, actor: Actor) -> str | None:
    if referral.provider_post_id != scope.current().post_id:
        return str(_("Only the provider it was sent to may answer."))
    return None


PROVIDER = frozenset({Role.PROVIDER})
SENDERS = frozenset({Role.SUPERVISOR, Role.CLERK, Role.APPROVER})

REFERRAL = Workflow(
    "referral",
    (
        Transition(
            "accept", (ReferralState.PENDING,), ReferralState.ACCEPTED, pgettext_lazy("referral", "Accept"), PROVIDER, guard=_addressee,
            stamps=("answered_by", "answered_at"), icon="check",
        ),
        Transition(
            "decline", (ReferralState.PENDING,), ReferralState.DECLINED, _("Decline"), PROVIDER, guard=_addressee,
            reasons=DeclineReason, needs_text=True, stamps=("answered_by", "answered_at"), icon="x",
        ),
        Transition(
            "finish", (ReferralState.ACCEPTED,), ReferralState.DONE, _("Report as done"), PROVIDER, guard=_addressee,
            needs_text=True, stamps=("done_by", "done_at"), icon="check",
        ),
        Transition(
            "withdraw", (ReferralState.PENDING, ReferralState.ACCEPTED), ReferralState.WITHDRAWN, _("Withdraw"), SENDERS,
            needs_text=True, icon="x", danger=True,
        ),
    ),
)  # fmt: skip
