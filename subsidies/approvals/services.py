"""Deciding many at once: applications to confirm, and entitlements to end, to change or to extend.

What is confirmed is what was shown: each row carries a seal of what the preview said, and a row that reads differently
by then is left alone. Each is decided by its own service in a transaction of its own, so that one that is refused
takes nothing else with it; who took an earlier step for a child is refused there and by the database.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from django.db import transaction
from django.utils.translation import gettext as _

from staff.enums import Role
from staff.workflow import Actor, TransitionRefused
from subsidies.applications import services as applications
from subsidies.approvals.pages import ApplicationRow, application_rows
from subsidies.approvals.proposals import EntitlementRow, entitlement_rows
from subsidies.entitlements import changes as entitlement_changes
from subsidies.entitlements import services as entitlements
from subsidies.enums import ApplicationState, EntitlementState
from subsidies.models import Application, Entitlement

MOST = 50
R = TypeVar("R", ApplicationRow, EntitlementRow)


class DecisionRefused(TransitionRefused):
    """Nothing of it can be decided; the message says why."""


@dataclass
class Outcome:
    """How many were decided, and (name, why) of those that were not."""

    done: int = 0
    refused: list[tuple[str, str]] = field(default_factory=list)


def confirm_many(*, actor: Actor, at: dt.datetime, seen: Mapping[int, str], today: dt.date) -> Outcome:
    """Confirm the applications in ``seen`` (key → seal of the preview)."""
    _check(actor, seen)
    found = Application.objects.filter(pk__in=seen, state=ApplicationState.TO_CONFIRM)
    rows = application_rows(list(found.select_related("child", "scheme", "region__parent")), actor, today)

    def decide(row: ApplicationRow) -> None:
        applications.confirm(actor=actor, at=at, application=row.application)

    return _each(rows, seen, decide)


def decide_many(
    *, actor: Actor, at: dt.datetime, seen: Mapping[int, str], reason: str, today: dt.date
) -> Outcome:
    """End, change or extend the entitlements in ``seen`` as the clerk proposed; ``reason`` is the approver's own word."""
    _check(actor, seen)
    if not reason.strip():
        raise DecisionRefused(_("Write the reason in words."))
    found = Entitlement.objects.filter(
        pk__in=seen, state__in=(EntitlementState.ENDING, EntitlementState.CHANGING)
    )
    rows = entitlement_rows(
        list(found.select_related("child", "scheme", "region__parent", "proposed_by")), actor, today
    )

    def decide(row: EntitlementRow) -> None:
        entitlement = row.entitlement
        if entitlement.state == EntitlementState.ENDING:
            entitlements.end(
                actor=actor, at=at, entitlement=entitlement, reason_code=row.reason_code, reason=reason
            )
        elif "from_month" in entitlement.proposed:
            entitlement_changes.change_terms(actor=actor, at=at, entitlement=entitlement, reason=reason)
        else:
            entitlement_changes.extend(actor=actor, at=at, entitlement=entitlement, reason=reason)

    return _each(rows, seen, decide)


def _check(actor: Actor, seen: Mapping[int, str]) -> None:
    if actor.role != Role.APPROVER:
        raise DecisionRefused(_("Your post does not have this duty."))
    if not seen:
        raise DecisionRefused(_("Choose at least one."))
    if len(seen) > MOST:
        raise DecisionRefused(_("At most %(most)d are decided at once.") % {"most": MOST})


def _each(rows: list[R], seen: Mapping[int, str], decide: Callable[[R], None]) -> Outcome:
    outcome = Outcome()
    for row in rows:
        if row.seal != seen[row.pk]:
            outcome.refused.append((row.name, _("What was shown has changed meanwhile. Look at it again.")))
            continue
        try:
            with transaction.atomic():
                decide(row)
            outcome.done += 1
        except TransitionRefused as why:
            outcome.refused.append((row.name, str(why)))
    gone = len(seen) - len(rows)
    if gone:
        outcome.refused.append(
            (_("%(count)d more") % {"count": gone}, _("decided by somebody else meanwhile"))
        )
    return outcome
