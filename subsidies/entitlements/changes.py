"""Other terms from a month on, and longer for schooling: the clerk proposes, the approver decides. A month is its first day.

Terms are never edited: the right ends with the month before, and another one continues it. What was paid meanwhile is
put right in the next batch, month by month.
"""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.ages import add_months
from cases.enums import Placement, PrimaryCategory
from staff.workflow import Actor
from subsidies.entitlements.chains import record
from subsidies.entitlements.services import EntitlementRefused, perform_on
from subsidies.enums import EndReason
from subsidies.models import Entitlement, Offset, SchoolProof
from subsidies.reckoning import rules
from subsidies.reckoning.months import last_month, month_of
from subsidies.reckoning.standards import Standards
from subsidies.reviews import services as reviews
from subsidies.reviews.cycles import Term
from subsidies.terms.in_force import terms_of


def propose_terms(
    *,
    actor: Actor,
    at: dt.datetime,
    entitlement: Entitlement,
    from_month: dt.date,
    reason: str,
    category: str | None = None,
    placement: str | None = None,
    grade: str | None = None,
) -> Entitlement:
    """The clerk proposes other terms from a month on, which may lie in the past; what is None stays as it is.

    It changes nothing yet. Raises EntitlementRefused, TransitionRefused.
    """
    start = month_of(from_month)
    terms = {
        "category": entitlement.category if category is None else category,
        "placement": entitlement.placement if placement is None else placement,
        "grade": entitlement.grade if grade is None else grade,
    }
    if terms["category"] not in PrimaryCategory.values or terms["placement"] not in Placement.values:
        raise EntitlementRefused(_("Choose category and placement."))
    if terms == {name: getattr(entitlement, name) for name in terms}:
        raise EntitlementRefused(_("These are the terms it has. Choose what is different."))
    if start < entitlement.start_month or (entitlement.end_month and start > entitlement.end_month):
        raise EntitlementRefused(
            _("The month lies outside this entitlement, which runs from %(first)s to %(last)s.")
            % {
                "first": f"{entitlement.start_month:%Y-%m}",
                "last": f"{entitlement.end_month:%Y-%m}" if entitlement.end_month else "…",
            }
        )
    try:
        Standards.load(entitlement.scheme, entitlement.region_id).due(
            start, terms["category"], terms["placement"], grade=terms["grade"]
        )
    except (rules.NoRateError, rules.AmbiguousRateError) as error:
        raise EntitlementRefused(
            _(
                "No standard is in force for this category and placement. "
                "Enter it on the page of standards first."
            )
        ) from error
    proposed = perform_on(
        "propose_change", actor, at, entitlement, reason, proposed={"from_month": start.isoformat(), **terms},
        proposed_end_month=None, decided_by=None,
    )  # fmt: skip
    reviews.close_for(proposed.pk, actor=actor, at=at, note=reason)
    return proposed


def change_terms(*, actor: Actor, at: dt.datetime, entitlement: Entitlement, reason: str) -> Entitlement:
    """The approver lets the right continue on the proposed terms; returns the successor.

    The row ends with the month before, also if that leaves it no month at all; benefits that are set off go on.
    """
    with transaction.atomic():
        held = Entitlement.objects.select_for_update(of=("self",)).get(pk=entitlement.pk)
        terms, last = dict(held.proposed), held.end_month
        start = dt.date.fromisoformat(terms.pop("from_month", held.start_month.isoformat()))
        ended = perform_on(
            "change", actor, at, entitlement, reason, end_month=add_months(start, -1),
            end_reason=EndReason.TERMS_CHANGED, proposed_end_month=None,
        )  # fmt: skip
        successor = Entitlement.objects.create(
            child_id=ended.child_id,
            scheme_id=ended.scheme_id,
            region_id=ended.region_id,
            continues=ended,
            start_month=start,
            end_month=last,
            confirmed_by_id=actor.user_id or None,
            confirmed_at=at,
            **terms,
        )
        _hand_over_offsets(ended, successor)
        text = f"{ended.start_month:%Y-%m}–{add_months(start, -1):%Y-%m} → {start:%Y-%m} · {reason}"
        record(successor, "continue", actor, at, text)
    return successor


def _hand_over_offsets(ended: Entitlement, successor: Entitlement) -> None:
    start = successor.start_month
    for row in Offset.objects.filter(entitlement=ended).order_by("start_month", "pk"):
        if row.end_month is not None and row.end_month < start:
            continue
        if row.start_month >= start:
            row.entitlement = successor
            row.save(update_fields=["entitlement"])
            continue
        end_month, row.end_month = row.end_month, add_months(start, -1)
        row.save(update_fields=["end_month"])
        row.pk, row.entitlement, row.start_month, row.end_month = None, successor, start, end_month
        row.save(force_insert=True)


def last_month_by(proof: SchoolProof) -> dt.date:
    """Until when a proof of schooling carries a right: the end of its term, or of schooling itself."""
    by_term = Term(proof.school_year, proof.term).last_month
    return min(by_term, month_of(proof.until)) if proof.until else by_term


def propose_extension(
    *,
    actor: Actor,
    at: dt.datetime,
    entitlement: Entitlement,
    proof: SchoolProof,
    reason: str,
    until: dt.date | None = None,
) -> Entitlement:
    """The clerk proposes to pay longer because the child still studies full-time (在校延续, rules.md 2.4).

    ``until``: the last month, by default and at most as far as the proof reaches. Which schooling counts is in the
    scheme's terms (extension_stages). It changes nothing yet. Raises EntitlementRefused, TransitionRefused.
    """
    reach = last_month_by(proof)
    last = month_of(until) if until else reach
    now = entitlement.end_month or last_month(entitlement.child.birth_date)
    stages = terms_of(entitlement.scheme, entitlement.region_id, timezone.localdate(at)).extension_stages
    if proof.child_id != entitlement.child_id:
        raise EntitlementRefused(_("This proof is of another child."))
    if not proof.full_time or proof.stage not in stages:
        raise EntitlementRefused(
            _("This scheme is not extended for %(stage)s.") % {"stage": proof.get_stage_display()}
            if proof.full_time
            else _("Only full-time schooling extends an allowance.")
        )
    if last > reach:
        raise EntitlementRefused(
            _("The proof reaches to %(month)s. Add the next term's proof first.")
            % {"month": f"{reach:%Y-%m}"}
        )
    if last <= now:
        raise EntitlementRefused(_("It is paid until %(month)s already.") % {"month": f"{now:%Y-%m}"})
    return perform_on(
        "propose_change", actor, at, entitlement, reason,
        proposed={"until": last.isoformat(), "stage": proof.stage, "proof": proof.pk}, proposed_end_month=None, decided_by=None,
    )  # fmt: skip


def extend(*, actor: Actor, at: dt.datetime, entitlement: Entitlement, reason: str) -> Entitlement:
    """The approver moves the last month to the proposed one."""
    with transaction.atomic():
        held = Entitlement.objects.select_for_update(of=("self",)).get(pk=entitlement.pk)
        until = held.proposed.get("until")
        last = dt.date.fromisoformat(until) if until else held.end_month
        return perform_on("extend", actor, at, entitlement, reason, end_month=last, proposed={})
