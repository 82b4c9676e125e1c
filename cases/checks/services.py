"""What people say of a visit that was drawn or marked. Nothing follows by itself: whoever checks acts."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from cases.field.enums import MarkVerdict
from cases.models import SpotCheck, VisitMark
from cases.workflows import COUNTY, REVIEW
from staff.workflow import Actor, TransitionRefused, perform

CHECKERS = REVIEW | COUNTY
DECISIONS = ("confirm", "contradict", "unreached")


class CheckRefused(TransitionRefused):
    """The check or the look cannot be recorded; the message says why."""


def decide_check(
    *,
    actor: Actor,
    at: dt.datetime,
    check: SpotCheck,
    decision: str,
    spoke_with: str = "",
    answers: dict[str, Any] | None = None,
    words: str = "",
) -> SpotCheck:
    """Record a call: ``confirm``, ``contradict`` (words are required) or ``unreached``, which may be called again.

    TransitionRefused when it is decided already, or by the visitor themselves. A contradiction changes neither the visit
    nor the child.
    """
    if decision not in DECISIONS:
        raise CheckRefused(_("Choose what the call has shown."))
    if decision != "unreached" and not spoke_with.strip():
        raise CheckRefused(_("Write whom you spoke with."))
    return perform(
        check,
        decision,
        at=at,
        actor=actor,
        reason=words,
        fields={"spoke_with": spoke_with.strip(), "answers": answers or {}, "words": words.strip()},
    )


def look_at_mark(
    *, actor: Actor, at: dt.datetime, mark: VisitMark, verdict: str, words: str = ""
) -> VisitMark:
    """Say what a look at a marked visit has shown. Once; words are required unless it is in order.

    CheckRefused without the duty, by the visitor, or after somebody else has looked.
    """
    if actor.role not in CHECKERS:
        raise CheckRefused(_("Your post does not have this duty."))
    if verdict not in MarkVerdict.values:
        raise CheckRefused(_("Choose what the look has shown."))
    if verdict != MarkVerdict.FINE and not words.strip():
        raise CheckRefused(_("Write what you found."))
    with transaction.atomic():
        locked = (
            VisitMark.objects.select_for_update(of=("self",))
            .select_related("visit")
            .filter(pk=mark.pk)
            .first()
        )
        if locked is None or locked.looked_at is not None:
            raise CheckRefused(_("Somebody has looked at this meanwhile. Reload the page to see it."))
        if locked.visit.conducted_by_id == actor.user_id:
            raise CheckRefused(_("Another person than the visitor takes the look."))
        locked.verdict, locked.words = MarkVerdict(verdict), words.strip()
        locked.looked_by_id, locked.looked_at = actor.user_id or None, at
        locked.save(update_fields=["verdict", "words", "looked_by", "looked_at"])
    return locked
