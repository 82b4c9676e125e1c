"""Writes of this app: sending a referral, and what the provider answers."""

from __future__ import annotations

import datetime as dt

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from guardian.shortcuts import assign_perm, remove_perm

from cases.casework.services import on_restrict
from cases.models import Case
from referrals.models import Provider, Referral
from referrals.workflows import SENDERS, ReferralState
from staff.audit import log_access
from staff.models import Assignment, User
from staff.scope import system_scope
from staff.workflow import Actor, TransitionRefused, perform

OPEN = (ReferralState.PENDING, ReferralState.ACCEPTED)
PERMISSION = "cases.view_limited_child"


def send_referral(
    *,
    actor: Actor,
    at: dt.datetime,
    case: Case,
    provider: Provider,
    need: str,
    summary: str,
    due_date: dt.date | None = None,
) -> Referral:
    """Refer a case to a provider and show it the child's limited view. Raises TransitionRefused."""
    if actor.role not in SENDERS:
        raise TransitionRefused(_("Your post does not have this duty."))
    if case.state == "closed":
        raise TransitionRefused(_("The case is closed. Reopen it or open a new one first."))
    if not provider.is_active:
        raise TransitionRefused(_("This provider takes no referrals at present."))
    try:
        with transaction.atomic():
            referral = Referral.objects.create(
                case=case,
                child_id=case.child_id,
                restricted=case.restricted,
                region_id=case.region_id,
                provider=provider,
                provider_post_id=provider.post_id,
                need=need,
                summary=summary,
                due_date=due_date,
                sent_by_id=actor.user_id,
                sent_at=at,
            )
    except IntegrityError as error:
        raise TransitionRefused(_("This case is already referred to this provider.")) from error
    share_with_provider(referral, at=at)
    return referral


@on_restrict
def restrict_referrals(case: Case) -> None:
    """A case that named people alone may see takes its referrals along."""
    Referral.objects.filter(case=case).update(restricted=True)


def change_referral(
    referral: Referral, name: str, *, actor: Actor, at: dt.datetime, reason_code: str = "", reason: str = ""
) -> Referral:
    """Perform a transition; a referral that is over ends the provider's view of the child."""
    fields = {"feedback": reason} if name in {"decline", "finish"} else None
    referral = perform(
        referral, name, actor=actor, at=at, reason_code=reason_code, reason=reason, fields=fields
    )
    if referral.state not in OPEN:
        end_sharing(referral)
    return referral


def share_with_provider(referral: Referral, *, at: dt.datetime) -> None:
    """Everyone who holds the provider's post today sees the child's limited view."""
    for user in _holders(referral, at.date()):
        assign_perm(PERMISSION, user, referral.child)
    log_access(
        kind="share",
        child_id=referral.child_id,
        region_id=referral.region_id,
        subject="referral",
        subject_id=referral.pk,
    )


def end_sharing(referral: Referral) -> None:
    """Take the limited view back, unless another open referral of the same provider needs it."""
    with system_scope(reason="end the sharing of a referral", lenses=("cases", "staff"), log=False):
        others = Referral._base_manager.filter(
            child_id=referral.child_id, provider_post_id=referral.provider_post_id, state__in=OPEN
        ).exclude(pk=referral.pk)
        if others.exists():
            return
        for user in User.objects.filter(assignments__post_id=referral.provider_post_id).distinct():
            remove_perm(PERMISSION, user, referral.child)


def _holders(referral: Referral, day: dt.date) -> list[User]:
    # The sender's post cannot see the provider's assignments, so they are looked up for the system.
    with system_scope(reason="share a child with a provider", lenses=("staff",), log=False):
        held = Assignment.objects.filter(post_id=referral.provider_post_id, start_date__lte=day).exclude(
            end_date__lt=day
        )
        return [assignment.user for assignment in held.select_related("user")]
