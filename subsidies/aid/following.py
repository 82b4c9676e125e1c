"""Allowances that follow another one, such as 照护服务补贴 (O-8): whoever has the leading allowance is entitled.

Nobody applies child by child: the clerk proposes everybody who is missing, the approver confirms them (other people, as
with every application), and when the leading allowance ends, the one that follows ends in the same act.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.ages import add_months
from staff.workflow import Actor, perform_many
from subsidies.aid.refusals import AidRefused, check_duty, record
from subsidies.entitlements import chains
from subsidies.enums import ApplicationState, EndReason, EntitlementState, SchemeCode
from subsidies.models import Application, Entitlement, Scheme
from subsidies.reckoning.months import month_of
from subsidies.terms.enums import Starts
from subsidies.terms.in_force import Rulebook, Terms
from subsidies.workflows import APPROVERS, CLERKS

MANY = 5_000  # proposed in one go; the rest with the next click


@dataclass(frozen=True)
class Follower:
    """A scheme whose terms follow another scheme, in one county on one day."""

    scheme: Scheme
    terms: Terms

    def leading(self) -> QuerySet[Entitlement]:
        """Rights of the leading scheme that are not over and of the kind that is followed."""
        return Entitlement.objects.filter(
            scheme__code=self.terms.follows,
            category__in=self.terms.categories,
            placement__in=self.terms.placements,
        ).exclude(state=EntitlementState.ENDED)


def followers(region_id: int, on: dt.date) -> list[Follower]:
    """Schemes in use that follow another one, by code. Three queries."""
    book = Rulebook.load(region_id)
    found = [
        Follower(scheme, book.terms(scheme.code, on)) for scheme in Scheme.objects.filter(is_active=True)
    ]
    return [follower for follower in found if follower.terms.follows]


def missing(follower: Follower) -> QuerySet[Entitlement]:
    """Leading rights whose child has neither the allowance that follows nor an application for it, by key."""
    held = Entitlement.objects.filter(child=OuterRef("child"), scheme=follower.scheme).exclude(
        state=EntitlementState.ENDED
    )
    asked = waiting(follower).filter(child=OuterRef("child"))
    found = follower.leading().filter(~Exists(held.order_by()), ~Exists(asked.order_by()))
    return found.filter(child__left_date__isnull=True).order_by("pk")


def waiting(follower: Follower) -> QuerySet[Application]:
    """What the clerk has proposed and nobody has decided, by key."""
    return Application.objects.filter(scheme=follower.scheme, state=ApplicationState.TO_CONFIRM).order_by(
        "pk"
    )


def in_force(follower: Follower) -> QuerySet[Entitlement]:
    """Rights that follow and are not over, by key."""
    return (
        Entitlement.objects.filter(scheme=follower.scheme)
        .exclude(state=EntitlementState.ENDED)
        .order_by("pk")
    )


def left_over(follower: Follower) -> QuerySet[Entitlement]:
    """Rights that follow nothing any more: the leading one is over, or of a kind that is not followed (institution)."""
    lead = follower.leading().filter(child=OuterRef("child")).order_by()
    return in_force(follower).filter(~Exists(lead))


def propose(*, actor: Actor, at: dt.datetime, follower: Follower) -> int:
    """The clerk proposes everybody who is missing, as applications that await confirmation. Two statements for MANY."""
    check_duty(actor, CLERKS)
    with transaction.atomic():
        rights = list(missing(follower).select_related("child")[:MANY])
        grounds = _("Follows from the %(scheme)s.") % {"scheme": follower_of(follower)}
        made = Application.objects.bulk_create(
            Application(
                child_id=right.child_id,
                scheme=follower.scheme,
                region_id=right.region_id,
                statement=grounds,
                state=ApplicationState.TO_CONFIRM,
                applied_by_id=actor.user_id,
                applied_at=at,
            )
            for right in rights
        )
        record(made, "propose", "", ApplicationState.TO_CONFIRM, actor=actor, at=at, reason=grounds)
    return len(made)


def follower_of(follower: Follower) -> str:
    """The name of the scheme that is followed."""
    return str(SchemeCode(follower.terms.follows).label) if follower.terms.follows else ""


def confirm(*, actor: Actor, at: dt.datetime, follower: Follower, ids: Iterable[int] | None = None) -> int:
    """The approver confirms what the clerk proposed (``ids`` of applications; None: all). Returns how many.

    Only for children whose leading right stands; nobody confirms what they proposed themselves. Paid from the next month,
    or from the leading right's first one when that is later.
    """
    check_duty(actor, APPROVERS)
    month = month_of(timezone.localdate(at))
    if follower.terms.starts == Starts.NEXT_MONTH:
        month = add_months(month, 1)
    with transaction.atomic():
        asked = waiting(follower) if ids is None else waiting(follower).filter(pk__in=list(ids))
        leads = {
            right.child_id: right for right in follower.leading().filter(child__in=asked.values("child"))
        }
        chosen = dict(asked.filter(child__in=list(leads)).values_list("pk", "child_id"))
        done = perform_many(Application, chosen, "confirm", at=at, actor=actor)
        if chosen and not done:
            raise AidRefused(_("This step must be taken by another person than an earlier step."))
        made = Entitlement.objects.bulk_create(
            Entitlement(
                child_id=lead.child_id,
                scheme=follower.scheme,
                region_id=lead.region_id,
                application_id=pk,
                category=lead.category,
                placement=lead.placement,
                start_month=max(month, lead.start_month),
                confirmed_by_id=actor.user_id,
                confirmed_at=at,
            )
            for pk, lead in ((pk, leads[chosen[pk]]) for pk in done)
        )
    return len(made)


def end_with(leading: Entitlement, *, actor: Actor, at: dt.datetime) -> int:
    """A right has ended: what follows it ends with the same last month and reason, in the same transaction.

    Nothing ends while another right of the followed kind goes on (changed terms). Returns how many ended.
    """
    ended = 0
    for follower in followers(leading.region_id, timezone.localdate(at)):
        if follower.terms.follows == leading.scheme.code:
            rows = left_over(follower).filter(child_id=leading.child_id)
            last = leading.end_month or month_of(timezone.localdate(at))
            reason = leading.end_reason or EndReason.OTHER
            ended += _end(rows, {leading.child_id: (last, reason)}, actor, at)
    return ended


def end_left_over(*, actor: Actor, at: dt.datetime, follower: Follower) -> int:
    """The approver ends what follows nothing any more, with the last month in which the leading right was of its kind."""
    check_duty(actor, APPROVERS)
    today = month_of(timezone.localdate(at))
    with transaction.atomic():
        rows = left_over(follower)
        leads = Entitlement.objects.filter(
            scheme__code=follower.terms.follows,
            child__in=rows.order_by().values("child"),
            category__in=follower.terms.categories,
            placement__in=follower.terms.placements,
        ).order_by("start_month", "pk")
        lasts = {
            lead.child_id: (lead.end_month or today, lead.end_reason or EndReason.OTHER) for lead in leads
        }
        return _end(rows, lasts, actor, at)


def _end(
    rows: QuerySet[Entitlement], lasts: dict[int, tuple[dt.date, str]], actor: Actor, at: dt.datetime
) -> int:
    """End each right with its child's last month and reason; a child without one was never due."""
    found = list(rows.select_for_update(of=("self",)))
    for row in found:
        never = add_months(chains.first_month(row), -1)
        last, reason = lasts.get(row.child_id, (never, EndReason.ENTERED_IN_ERROR))
        row.end_month = max(month_of(last), never)
        row.state, row.end_reason, row.proposed_end_month = EntitlementState.ENDED, reason, None
    Entitlement.objects.bulk_update(
        found, ["end_month", "state", "end_reason", "proposed_end_month"], batch_size=500
    )
    text = _("Ends together with the allowance it follows.")
    for row in found:
        chains.shorten(row, actor=actor, at=at, reason=text)
    record(found, "end", EntitlementState.ACTIVE, EntitlementState.ENDED, actor=actor, at=at, reason=text)
    return len(found)
