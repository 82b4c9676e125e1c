"""Entitlements: re-check, end, and the other benefits that are set off. A month is its first day.

What is decided here takes effect in the next batch that is prepared: months already paid are put right
there, as arrears or as an exception that names what was paid too much. Nothing here touches a payment.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.ages import add_months
from staff.enums import Role
from staff.workflow import Actor, TransitionRefused, perform
from subsidies.aid import following
from subsidies.entitlements import chains
from subsidies.entitlements.last_months import last_month_of
from subsidies.enums import EndReason, EntitlementState, OffsetKind, SchemeCode
from subsidies.models import Entitlement, Offset
from subsidies.reckoning import rules
from subsidies.reckoning.months import month_of
from subsidies.reviews import services as reviews

MAY_SET_OFF = frozenset({Role.CLERK, Role.APPROVER})
NOTHING_PROPOSED: dict[str, Any] = {"proposed": {}, "proposed_by": None, "proposed_at": None}


class EntitlementRefused(TransitionRefused):
    """The act cannot be done on this entitlement; the message says why."""


def entitlement_of(
    child_id: int, scheme_code: str = SchemeCode.BASIC_LIVING, month: dt.date | None = None
) -> Entitlement | None:
    """The child's open entitlement, or with ``month`` the one that covers that month; None without one."""
    found = Entitlement.objects.filter(child_id=child_id, scheme__code=scheme_code).select_related("scheme")
    if month is None:
        found = found.exclude(state=EntitlementState.ENDED)
    else:
        found = found.filter(start_month__lte=month).filter(
            Q(end_month__isnull=True) | Q(end_month__gte=month)
        )
    return found.order_by("-start_month", "-pk").first()


def recheck(
    *, actor: Actor, at: dt.datetime, entitlement: Entitlement, reason: str, reason_code: str = ""
) -> Entitlement:
    """Start a re-check; payment goes on."""
    return perform_on("recheck", actor, at, entitlement, reason)


def keep(
    *, actor: Actor, at: dt.datetime, entitlement: Entitlement, reason: str, reason_code: str = ""
) -> Entitlement:
    """Still entitled, on the same terms: a re-check or a proposal is over."""
    kept = perform_on("keep", actor, at, entitlement, reason, proposed_end_month=None, **NOTHING_PROPOSED)
    reviews.close_for(kept.pk, actor=actor, at=at, note=reason)
    return kept


def propose_end(
    *,
    actor: Actor,
    at: dt.datetime,
    entitlement: Entitlement,
    reason_code: str,
    reason: str,
    last_month: dt.date | None = None,
) -> Entitlement:
    """The clerk proposes to end, with the last month to be paid (default: what the scheme's terms say for something
    that happened today). It stops nothing yet.
    """
    if last_month is None and reason_code in EndReason.values:
        last_month, _rule = last_month_of(entitlement, entitlement.child, reason_code, timezone.localdate(at))
    last = month_of(last_month or timezone.localdate(at))
    proposed = perform_on(
        "propose_end",
        actor,
        at,
        entitlement,
        reason,
        reason_code,
        proposed_end_month=last,
        proposed={},
        decided_by=None,
    )
    reviews.close_for(proposed.pk, actor=actor, at=at, note=reason)
    return proposed


def end(
    *,
    actor: Actor,
    at: dt.datetime,
    entitlement: Entitlement,
    reason_code: str,
    reason: str,
    last_month: dt.date | None = None,
) -> Entitlement:
    """The approver ends it with the proposed last month, or another one that is given; what follows it ends too, and so
    do the rights that it continues when the month lies before it.
    """
    proposed = Entitlement.objects.filter(pk=entitlement.pk).values_list("proposed_end_month", flat=True)
    never = add_months(chains.first_month(entitlement), -1)  # entered in error: no month was ever due
    last = max(month_of(last_month or proposed.first() or timezone.localdate(at)), never)
    with transaction.atomic():
        ended = perform_on(
            "end",
            actor,
            at,
            entitlement,
            reason,
            reason_code,
            end_month=last,
            end_reason=reason_code,
        )
        chains.shorten(ended, actor=actor, at=at, reason=reason)
        following.end_with(ended, actor=actor, at=at)
    return ended


def perform_on(
    name: str,
    actor: Actor,
    at: dt.datetime,
    entitlement: Entitlement,
    reason: str,
    reason_code: str = "",
    **fields: Any,
) -> Entitlement:
    done: Entitlement = perform(
        entitlement, name, at=at, actor=actor, reason_code=reason_code, reason=reason, fields=fields
    )
    return done


def add_offset(
    *,
    actor: Actor,
    at: dt.datetime,
    entitlement: Entitlement,
    kind: str,
    amount: Decimal,
    start_month: dt.date,
    source: str,
    end_month: dt.date | None = None,
    discrepancy_id: int | None = None,
) -> Offset:
    """Set off another benefit from a month on: ``amount`` is the child's own share in yuan a month.

    It is set off in each month under the right that covers it, also where terms have changed since, and up to the last
    month of one that has ended; the first of these rows is returned. An open offset of the same kind ends the month
    before (a change of amount). The same again changes nothing and returns what is there. Raises EntitlementRefused.
    """
    _check_duty(actor)
    start = month_of(start_month)
    last = month_of(end_month) if end_month else None
    source = source.strip()
    if kind not in OffsetKind.values:
        raise EntitlementRefused(_("Choose the benefit."))
    if not source:
        raise EntitlementRefused(_("Write where the benefit is known from."))
    if last is not None and last < start:
        raise EntitlementRefused(_("The last month lies before the first month."))
    try:
        yuan = rules.money(amount)
    except (TypeError, ValueError) as error:
        raise EntitlementRefused(_("Write the amount in yuan with at most two decimals.")) from error
    if yuan == 0:
        raise EntitlementRefused(_("The amount must be more than 0."))
    with transaction.atomic():
        rights = _lock(entitlement)
        wanted = chains.pieces(rights, start, last)
        if not wanted:
            until = rights[-1].end_month
            raise EntitlementRefused(
                _("The month lies outside this entitlement, which runs from %(first)s to %(last)s.")
                % {"first": f"{rights[0].start_month:%Y-%m}", "last": f"{until:%Y-%m}" if until else "…"}
            )
        present = {
            (row.entitlement_id, row.start_month, row.end_month, row.amount): row
            for row in Offset.objects.filter(entitlement__in=rights, kind=kind)
        }
        same = [present.get((right.pk, since, through, yuan)) for right, since, through in wanted]
        if same[0] is not None and None not in same:
            return same[0]
        for span in chains.spans(rights, kind):
            if (span.last is not None and span.last < start) or (last is not None and span.start > last):
                continue
            if span.last is not None or span.start >= start:
                raise EntitlementRefused(
                    _("This benefit is already set off from %(month)s. End that first.")
                    % {"month": f"{span.start:%Y-%m}"}
                )
            chains.cut(span, add_months(start, -1))
        made = [
            Offset.objects.create(
                entitlement=right,
                child_id=right.child_id,
                region_id=right.region_id,
                kind=kind,
                amount=yuan,
                start_month=since,
                end_month=through,
                source=source[:200],
                discrepancy_id=discrepancy_id,
            )
            for right, since, through in wanted
        ]
        for offset in made:
            text = f"{offset.get_kind_display()} {yuan} {offset.start_month:%Y-%m} · {source}"
            chains.record(offset.entitlement, "add_offset", actor, at, text)
    return made[0]


def end_offset(
    *, actor: Actor, at: dt.datetime, offset: Offset, last_month: dt.date, source: str = ""
) -> Offset:
    """The benefit is set off for the last time in ``last_month``, under whichever right covers that month. An offset that
    never applied is ended before its start by removal.
    """
    _check_duty(actor)
    last = month_of(last_month)
    with transaction.atomic():
        rights = _lock(offset.entitlement)
        span = next(
            (
                span
                for span in chains.spans(rights, offset.kind)
                if offset.pk in {row.pk for row in span.rows}
            ),
            None,
        )
        if span is None:
            raise EntitlementRefused(_("The offset is no longer there. Reload the page."))
        for row in chains.cut(span, last):
            text = f"{row.get_kind_display()} {row.amount} {row.start_month:%Y-%m}–{last:%Y-%m} · {source.strip()}"
            chains.record(row.entitlement, "end_offset", actor, at, text)
    offset.end_month = last
    return offset


def _check_duty(actor: Actor) -> None:
    if actor.role not in MAY_SET_OFF:
        raise EntitlementRefused(_("Your post does not have this duty."))


def _lock(entitlement: Entitlement) -> list[Entitlement]:
    rights = chains.lock_all(entitlement)
    if not rights:
        raise EntitlementRefused(_("The record is no longer in your area."))
    return rights
