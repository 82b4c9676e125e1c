"""Leaving the register (减员), with the paper that says so, and taking back what was entered in error (rules.md 2.4).

The monthly figures are read from the child's own days (opening + new − left = closing); :class:`~cases.models.Leaving`
keeps why and on which paper, also of leavings that were taken back.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cases import ages
from cases.defects import services as defects
from cases.enums import LeaveReason, RiskLevel
from cases.models import Child, Leaving, Visit
from cases.refusals import REVIEWERS, AlreadyRegistered, RegisterRefused, check_duty
from cases.visits import rules as visit_rules
from staff import parameters
from staff.scope import current, open_scope
from staff.workflow import Actor

OVER_AGE_FROM = 16  # 留守 and 流动 end at 16, everything else at 18 or later
ADOPTED = frozenset(
    {LeaveReason.ADOPTED_IN_PROVINCE, LeaveReason.ADOPTED_OTHER_PROVINCE, LeaveReason.ADOPTED_ABROAD}
)
# What a reason must be told with (NAT: 死亡原因, 处理方式; 收养登记证号). The first words are the fields of Leaving.
DEMANDED: dict[LeaveReason, tuple[str, ...]] = {
    **dict.fromkeys(ADOPTED, ("document",)),
    LeaveReason.PARENTS_FOUND: ("text",),
    LeaveReason.INDEPENDENT: ("text",),
    LeaveReason.DEATH: ("document", "cause", "handling"),
    LeaveReason.MOVED_AWAY: ("destination",),
    LeaveReason.ENTERED_IN_ERROR: ("text",),
    LeaveReason.OVER_AGE: (),
    LeaveReason.OTHER: ("text",),
}

Handler = Callable[[Child, Actor, dt.datetime], None]
_LEAVING: list[Handler] = []


@dataclass(frozen=True)
class LastPay:
    """The last month (its first day) for which a leaving child is paid, and the rule that says so.

    ``month`` None: money is paid to the child, but no month was ever due.
    """

    month: dt.date | None
    source: str


PayQuestion = Callable[[Child, dt.date, LeaveReason], LastPay | None]
_PAY: list[PayQuestion] = []


def on_leave(handler: Handler) -> Handler:
    """Register what another app does when a child leaves, such as ending an entitlement. Same transaction."""
    _LEAVING.append(handler)
    return handler


def tells_last_pay(question: PayQuestion) -> PayQuestion:
    """Register who knows until when a child is paid; None from it means that nothing is paid."""
    _PAY.append(question)
    return question


def last_pay(child: Child, day: dt.date, reason: LeaveReason) -> LastPay | None:
    """Until when the child is paid if it leaves on ``day`` for ``reason``; None when nothing is paid."""
    return next((found for question in _PAY if (found := question(child, day, reason)) is not None), None)


def leave_register(
    child: Child,
    *,
    day: dt.date,
    reason_code: str,
    reason: str = "",
    document: str = "",
    cause: str = "",
    handling: str = "",
    destination: str = "",
    at: dt.datetime,
    actor: Actor | None = None,
) -> Child:
    """The child leaves the register on a day, for one of NAT's reasons. Its file stays and can be read.

    ``reason`` are the details in words. ValidationError by field (day, reason_code, and what DEMANDED asks for);
    RegisterRefused while a visit waits for review or a case is open: they would never be finished. An open case that
    is restricted and whose people do not include the actor stands in nobody's way, since a refusal would tell of it;
    it stays open with those who are named on it.
    """
    actor = actor or Actor.current()
    check_duty(actor, REVIEWERS)
    code = LeaveReason(reason_code)
    said = {
        "text": reason.strip(),
        "document": document.strip(),
        "cause": cause.strip(),
        "handling": handling.strip(),
        "destination": destination.strip(),
    }
    _check_said(child, code, day, said, timezone.localdate(at))
    with open_scope(replace(current(), reason=said["text"] or str(code.label))):
        locked = Child.objects.select_for_update(of=("self",)).get(pk=child.pk)
        if locked.left_date is not None:
            raise RegisterRefused(_("The child has already left the register."))
        if Visit.objects.filter(child=locked, state="submitted").exists():
            raise RegisterRefused(_("A visit of this child waits for review. Decide it first."))
        if locked.cases.exclude(state="closed").exists():
            raise RegisterRefused(_("A case of this child is open. Close it first."))
        paid = last_pay(locked, day, code)
        Leaving.objects.create(
            child=locked,
            region_id=locked.region_id,
            day=day,
            reason_code=code,
            last_pay_month=paid.month if paid else None,
            next_visit_date=locked.next_visit_date,
            left_by_id=actor.user_id or None,
            left_at=at,
            **said,
        )
        locked.left_date, locked.left_reason, locked.next_visit_date = day, code, None
        locked.save(update_fields=["left_date", "left_reason", "next_visit_date", "updated_at"])
        defects.drop_for_leaving(locked, at=at, actor=actor)
        for handler in _LEAVING:
            handler(locked, actor, at)
    return locked


def _check_said(child: Child, code: LeaveReason, day: dt.date, said: dict[str, str], today: dt.date) -> None:
    errors: dict[str, str] = {}
    if day > today:
        errors["day"] = _("This day is still to come.")
    elif day < child.registered_date:
        errors["day"] = _("The child was registered later than this day.")
    elif code == LeaveReason.OVER_AGE and ages.age_on(child.birth_date, day) < OVER_AGE_FROM:
        errors["reason_code"] = _("The child was younger than 16 on this day.")
    for name in DEMANDED[code]:
        if not said[name]:
            errors["reason" if name == "text" else name] = str(WORDS[name]())
    if errors:
        raise ValidationError({name: [text] for name, text in errors.items()})


WORDS = {
    "text": lambda: _("Write the reason in words."),
    "document": lambda: _("Enter the number of the certificate."),
    "cause": lambda: _("Enter the cause of death."),
    "handling": lambda: _("Write how it was handled: cremated, buried, investigated…"),
    "destination": lambda: _("Write where the household registration went: province, county, township."),
}


def return_to_register(child: Child, *, reason: str, at: dt.datetime, actor: Actor | None = None) -> Child:
    """Take back a leaving that was entered in error: the child is on the register as if it had never left.

    ValidationError without words; RegisterRefused when it has not left or its file was merged into another;
    AlreadyRegistered when the identity number is on a register again meanwhile.
    """
    actor = actor or Actor.current()
    check_duty(actor, REVIEWERS)
    if not reason.strip():
        raise ValidationError({"reason": _("Write the reason in words.")})
    today = timezone.localdate(at)
    with open_scope(replace(current(), reason=reason.strip())):
        locked = Child.objects.select_for_update(of=("self",)).get(pk=child.pk)
        if locked.left_date is None:
            raise RegisterRefused(_("The child is on the register."))
        if locked.merged_into_id is not None:
            raise RegisterRefused(_("This file was merged into another. Undo the merge instead."))
        if locked.id_digest:
            twin = Child.objects.filter(id_digest=locked.id_digest, left_date__isnull=True).first()
            if twin is not None:
                raise AlreadyRegistered(twin)
        left = Leaving.objects.select_for_update(of=("self",)).filter(child=locked, reversed_at=None).first()
        due = left.next_visit_date if left is not None else None
        if due is None:
            days = visit_rules.intervals_from(
                parameters.value(locked.region_id, "visit_interval_days", today)
            )
            due = visit_rules.next_due(locked.last_visit_date or today, RiskLevel(locked.risk), days)
        locked.left_date, locked.left_reason, locked.next_visit_date = None, "", due
        try:
            with transaction.atomic():
                locked.save(update_fields=["left_date", "left_reason", "next_visit_date", "updated_at"])
        except IntegrityError as error:
            if "child_identity_once" in str(error):
                raise AlreadyRegistered(None) from error
            raise
        if left is not None:
            left.reversed_by_id, left.reversed_at, left.reversed_reason = (
                actor.user_id or None,
                at,
                reason.strip()[:300],
            )
            left.save(update_fields=["reversed_by", "reversed_at", "reversed_reason"])
        defects.follow_register([locked.pk], at=at, actor=actor)
    return locked
