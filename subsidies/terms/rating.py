"""Putting standards on record, and putting one right that was entered wrong: by another person, with a reason.

What was paid with a wrong standard is worked out again by the next batch, as after any change of standards
(subsidies.recovery.corrections).
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from staff.enums import Role
from staff.models import Region
from staff.workflow import Actor, TransitionRefused
from subsidies.models import Rate
from subsidies.terms.ruling import begin_scheme


class RateRefused(TransitionRefused):
    """The standard cannot be recorded; the message names the remedy. ``field``: what it is about, or ""."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


def add_rate(*, actor: Actor, at: dt.datetime, region: Region, **values: Any) -> Rate:
    """Record a standard. Raises RateRefused when one of this kind begins in this month already."""
    try:
        with transaction.atomic():
            rate = Rate.objects.create(region=region, user_id=actor.user_id or None, at=at, **values)
            begin_scheme(rate.scheme)
    except IntegrityError as error:
        raise _in_words(error) from error
    return rate


def may_correct(rate: Rate, actor: Actor, region_id: int) -> bool:
    """Whether this person may put this standard right: the approver of its county, who has not entered it."""
    return (
        actor.role == Role.APPROVER
        and rate.region_id == region_id
        and not rate.superseded
        and rate.user_id != actor.user_id
    )


def correct_rate(*, actor: Actor, at: dt.datetime, rate: Rate, reason: str, **values: Any) -> Rate:
    """Record the standard as it should have been; the wrong one stays on record and counts no more. Raises RateRefused."""
    if not reason.strip():
        raise RateRefused(_("Write why it is corrected."), "reason")
    try:
        with transaction.atomic():
            wrong = Rate.objects.select_for_update().get(pk=rate.pk)
            if wrong.superseded:
                raise RateRefused(
                    _("This standard has been corrected already. Correct the one in its place.")
                )
            if not may_correct(wrong, actor, wrong.region_id):
                raise RateRefused(_("A standard is corrected by the approver, not by who entered it."))
            Rate.objects.filter(pk=wrong.pk).update(superseded=True)
            right = Rate.objects.create(
                region_id=wrong.region_id, user_id=actor.user_id or None, at=at, corrects=wrong,
                reason=reason.strip()[:200], **values,
            )  # fmt: skip
            begin_scheme(right.scheme)
    except IntegrityError as error:
        raise _in_words(error) from error
    return right


def _in_words(error: IntegrityError) -> Exception:
    if "rate_once_a_month" not in str(error):
        return error
    return RateRefused(
        _(
            "A standard of this kind begins in this month already. If it is wrong, the approver corrects it on the page "
            "of standards."
        ),
        "valid_from",
    )
