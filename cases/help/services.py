"""Needs and help (养治教康, 帮扶台账): every write, and what a visit's findings say a child needs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass, replace
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.circumstances.enums import HelpArea, HelpForm, NeedState
from cases.models import Child, Help, Need
from cases.refusals import FIELD, REVIEWERS, RegisterRefused, check_duty
from cases.visits.enums import Problem
from staff.scope import current, open_scope
from staff.workflow import Actor

SETTLED = frozenset({NeedState.MET, NeedState.DROPPED})

# What a problem found at a visit asks for. What calls for a case or the police is no need of this kind.
NEEDS_OF: dict[Problem, HelpArea] = {
    Problem.ENTITLED_NOT_COVERED: HelpArea.UPBRINGING,
    Problem.COVERED_NOT_FULLY: HelpArea.UPBRINGING,
    Problem.SUBSIDY_NOT_RECEIVED: HelpArea.UPBRINGING,
    Problem.HOUSE_LEAKS: HelpArea.UPBRINGING,
    Problem.LACKS_CLOTHING: HelpArea.UPBRINGING,
    Problem.LACKS_FOOD: HelpArea.UPBRINGING,
    Problem.UNSAFE_HOME: HelpArea.UPBRINGING,
    Problem.NEEDS_TREATMENT: HelpArea.TREATMENT,
    Problem.NOT_INSURED: HelpArea.TREATMENT,
    Problem.LOW_MOOD: HelpArea.TREATMENT,
    Problem.WITHDRAWN: HelpArea.TREATMENT,
    Problem.NEEDS_REHABILITATION: HelpArea.REHABILITATION,
    Problem.ABSENT: HelpArea.SCHOOLING,
    Problem.LACKS_STATIONERY: HelpArea.SCHOOLING,
    Problem.GUARDIAN_ILL: HelpArea.GUARDIANSHIP,
    Problem.ENTRUSTMENT_UNSIGNED: HelpArea.GUARDIANSHIP,
}


@dataclass(frozen=True)
class HelpData:
    """One line of the ledger; ``amount`` in yuan, None where nothing is counted in money."""

    area: str
    form: str
    giver: str
    what: str
    date: dt.date
    amount: Decimal | None = None
    need: Need | None = None
    need_state: str = ""


def add_need(
    child: Child,
    *,
    area: str,
    text: str,
    at: dt.datetime,
    noted_date: dt.date | None = None,
    actor: Actor | None = None,
) -> Need:
    """Write down what a child needs. ValidationError by field, also for the same need still unmet."""
    actor = actor or Actor.current()
    check_duty(actor, FIELD)
    _check_here(child)
    today = timezone.localdate(at)
    day = noted_date or today
    if day > today:
        raise ValidationError({"noted_date": _("This day is still to come.")})
    if not text.strip():
        raise ValidationError({"text": _("Write what the child needs.")})
    if Need.objects.filter(child=child, area=area, text=text.strip()).exclude(state__in=SETTLED).exists():
        raise ValidationError({"text": _("This need is on the list already.")})
    need = Need(
        child=child,
        region_id=child.region_id,
        area=HelpArea(area),
        text=text.strip(),
        noted_date=day,
        user_id=actor.user_id or None,
        created_at=at,
    )
    need.clean_fields(exclude=["child", "region", "user"])
    need.save()
    return need


def set_need_state(
    need: Need, state: str, *, at: dt.datetime, day: dt.date | None = None, actor: Actor | None = None
) -> Need:
    """The need is met, partly met, no longer there, or unmet again. Settled ones get their day."""
    check_duty(actor or Actor.current(), FIELD)
    chosen, today = NeedState(state), timezone.localdate(at)
    settled = (day or today) if chosen in SETTLED else None
    with transaction.atomic():
        locked = Need.objects.select_for_update(of=("self",)).filter(pk=need.pk).first()
        if locked is None:
            raise RegisterRefused(_("The record is no longer in your area."))
        if settled and settled > today:
            raise ValidationError({"day": _("This day is still to come.")})
        if settled and settled < locked.noted_date:
            raise ValidationError({"day": _("The need was noted later.")})
        locked.state, locked.settled_date = chosen, settled
        locked.save(update_fields=["state", "settled_date"])
    return locked


def add_help(child: Child, data: HelpData, *, at: dt.datetime, actor: Actor | None = None) -> Help:
    """Write a line into the ledger, and say what it made of the need it answers.

    ValidationError by field: money without an amount, a day to come, a need of another child.
    """
    actor = actor or Actor.current()
    check_duty(actor, FIELD)
    if data.date > timezone.localdate(at):
        raise ValidationError({"date": _("This day is still to come.")})
    if data.form == HelpForm.MONEY and data.amount is None:
        raise ValidationError({"amount": _("Write how much money was given.")})
    if data.amount is not None and data.amount <= 0:
        raise ValidationError({"amount": _("The amount must be above zero.")})
    if data.need is not None and data.need.child_id != child.pk:
        raise ValidationError({"need": _("This is a need of another child.")})
    line = Help(
        child=child,
        region_id=child.region_id,
        need=data.need,
        area=HelpArea(data.area),
        form=HelpForm(data.form),
        date=data.date,
        giver=data.giver.strip(),
        what=data.what.strip(),
        amount=data.amount,
        user_id=actor.user_id or None,
        created_at=at,
    )
    line.clean_fields(exclude=["child", "region", "need", "user"])
    with transaction.atomic():
        line.save()
        if data.need is not None and data.need_state:
            set_need_state(data.need, data.need_state, at=at, day=None, actor=actor)
    return line


def remove_help(line: Help, *, reason: str, at: dt.datetime, actor: Actor | None = None) -> None:
    """Take a line out that was written in error: its author, or who decides. It stays in the audit trail with the reason."""
    actor = actor or Actor.current()
    check_duty(actor, FIELD)
    if line.user_id != actor.user_id and actor.role not in REVIEWERS and actor.user_id:
        raise RegisterRefused(_("Only its author, the supervisor or the county takes a line out."))
    if not reason.strip():
        raise ValidationError({"reason": _("Write the reason in words.")})
    with open_scope(replace(current(), reason=reason.strip())):
        Help.objects.filter(pk=line.pk).delete()


def needs_found(codes: Collection[str], known: Collection[Need]) -> list[tuple[HelpArea, Problem]]:
    """Needs that a visit's problem codes stand for and that are not on the list unmet, in the order of areas."""
    held = {(need.area, need.text) for need in known if need.state not in SETTLED}
    found = [
        (NEEDS_OF[problem], problem)
        for problem in Problem
        if problem in codes and problem in NEEDS_OF and (NEEDS_OF[problem], str(problem.label)) not in held
    ]
    return sorted(found, key=lambda pair: list(HelpArea).index(pair[0]))


def _check_here(child: Child) -> None:
    if child.left_date is not None:
        raise RegisterRefused(_("The child has left the register."))
