"""Why something about other help is refused, and how what was done to it is recorded."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _

from staff.models import TransitionRecord
from staff.workflow import Actor, TransitionRefused


class AidRefused(TransitionRefused):
    """The change cannot be made; the message says why and what to do."""


def check_duty(actor: Actor, allowed: Iterable[str]) -> None:
    """AidRefused when the post has not this duty. A system scope (user 0, no role) has every duty."""
    if actor.role not in frozenset(allowed) and (actor.user_id or actor.role):
        raise AidRefused(_("Your post does not have this duty."))


def record(
    rows: Iterable[Any],
    name: str,
    source: str,
    target: str,
    *,
    actor: Actor,
    at: dt.datetime,
    reason: str = "",
) -> None:
    """One line of history for each row, in one statement."""
    TransitionRecord.objects.bulk_create(
        TransitionRecord(
            subject=row._meta.label_lower,
            subject_id=str(row.pk),
            region_id=row.region_id,
            child_id=getattr(row, "child_id", None),
            name=name,
            source=source,
            target=target,
            user_id=actor.user_id or None,
            assignment_id=actor.assignment_id,
            role=actor.role,
            at=at,
            reason=reason,
        )
        for row in rows
    )
