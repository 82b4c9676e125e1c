"""政策找人 from a clue to a child on the register: found, assigned, visited, applying, brought in or not (O-18, O-19).

A person is one lead however many months and lists speak of them. A lead whose person is on the register is closed by
the run that sees it. Money is another app's: it says through ``ask_help`` whether help can be applied for, and calls
``follow`` when it was confirmed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cases import identity
from cases.children.family import check_identity
from cases.defects.facts import Duty
from cases.duplicates.twins import Facts, twins_of
from cases.identity import hide_numbers
from cases.matching.engine.normalise import clean_name
from cases.matching.enums import LeadState
from cases.models import Child, PotentialChild
from cases.refusals import FIELD, AlreadyRegistered, RegisterRefused, check_duty
from staff import crypto, parameters
from staff.calendar import add_working_days
from staff.enums import Role
from staff.holidays import overrides
from staff.models.region import county_of
from staff.scope import current
from staff.workflow import Actor, perform, perform_many

LIVE: Final = (LeadState.FOUND, LeadState.ASSIGNED, LeadState.VISITED, LeadState.APPLYING)
DOOR: Final = "door"  # the list_kind of a reason that no list gave
Why = dict[str, str]


class LeadRefused(RegisterRefused):
    """The step cannot be taken; the message says why and what to do instead."""


# --- Who it is, and by when --------------------------------------------------------------------------------


def subject_of(name: str, number: str, birth: dt.date | None, head_name: str) -> str:
    """What stands for a person from month to month, 64 hexadecimal digits: keyed, so that nobody computes it outside."""
    if number:
        return identity.digest_identity(number).hex()
    return told_subject(name, birth, head_name)


def told_subject(name: str, birth: dt.date | None, head_name: str) -> str:
    """The same for somebody whose number is not known."""
    return crypto.digest(f"{clean_name(name)}|{birth or ''}|{clean_name(head_name)}", "lead").hex()


def due_date(region_id: int, start: dt.date) -> dt.date:
    """The day by which a lead is to be visited: the county's parameter, in working days."""
    days = int(parameters.value(region_id, "lead_working_days", start))
    return add_working_days(start, days, overrides())


def spoken(why: Iterable[Why]) -> set[tuple[str, str]]:
    """What reasons say: the same reason of the same kind of list says nothing new."""
    return {(each["code"], each["list_kind"]) for each in why}


# --- Steps -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Clue:
    """What a door-to-door round brought: a child whom no list names."""

    region_id: int
    name: str
    why: tuple[str, ...]
    clue: str
    id_number: str = ""
    birth_date: dt.date | None = None
    sex: str = ""
    head_name: str = ""
    address: str = ""


def enter_clue(clue: Clue, *, at: dt.datetime, actor: Actor | None = None) -> PotentialChild:
    """Enter a lead by hand (铁脚板摸排). ValidationError for the number; LeadRefused when the child is known already."""
    actor = actor or Actor.current()
    check_duty(actor, FIELD)
    if not current().covers(clue.region_id):
        raise LeadRefused(_("This village is not in your area."))
    number = check_identity(clue.id_number, "id_number")
    if number:
        known = Child.objects.filter(
            id_digest=identity.digest_identity(number), left_date__isnull=True
        ).first()
        if known is not None or twins_of(Facts(id_number=number, region_id=clue.region_id)).taken:
            raise AlreadyRegistered(known)
    birth = identity.birth_date_of(number) if number else clue.birth_date
    try:
        with transaction.atomic():
            return PotentialChild.objects.create(
                region_id=clue.region_id,
                county=county_of(clue.region_id),
                subject=subject_of(clue.name, number, birth, clue.head_name),
                name=hide_numbers(clue.name.strip()),
                id_number=number,
                birth_date=birth,
                sex=identity.sex_of(number).value if number else clue.sex,
                head_name=hide_numbers(clue.head_name.strip()),
                address=hide_numbers(clue.address.strip()),
                why=[{"code": code, "list_kind": DOOR, "relation": ""} for code in clue.why],
                clue=hide_numbers(clue.clue.strip()),
                entered_by_id=actor.user_id,
                due_date=due_date(clue.region_id, timezone.localdate(at)),
                created_at=at,
            )
    except IntegrityError as error:
        if "lead_once" not in str(error):
            raise
        raise LeadRefused(
            _("This child is a potential child of the county already. Look for the name in the list.")
        ) from error


def assign(
    lead: PotentialChild, village: int, *, at: dt.datetime, actor: Actor | None = None
) -> PotentialChild:
    """Give the visit to the director of a village. The lead goes to that village, where the director sees it."""
    if not current().covers(village):
        raise LeadRefused(_("This village is not in your area."))
    directors = directors_of([village], timezone.localdate(at)).get(village)
    if not directors:
        raise LeadRefused(
            _("The village has no director now. Record the visit yourself, or choose another village.")
        )
    fields = {"assigned_to_id": directors[0], "assigned_at": at, "region_id": village}
    assigned: PotentialChild = perform(lead, "assign", at=at, actor=actor, fields=fields)
    return assigned


def directors_of(villages: Iterable[int], on: dt.date) -> dict[int, list[int]]:
    """Village → the users who direct it on a day, longest in post first."""
    duty = Duty(villages, on)
    return {place: users for (role, place), users in duty.places.items() if role == Role.DIRECTOR}


def record_visit(
    lead: PotentialChild,
    *,
    day: dt.date,
    finding: str,
    problem: str,
    solution: str,
    at: dt.datetime,
    actor: Actor | None = None,
) -> PotentialChild:
    """What the visit found: the record, the problem and what is to be done (筛查台账, O-19)."""
    if day > timezone.localdate(at):
        raise LeadRefused(_("The day of the visit is still to come."))
    fields = {
        "visit_date": day,
        "finding": finding.strip(),
        "problem": problem.strip(),
        "solution": solution.strip(),
    }
    visited: PotentialChild = perform(lead, "visit", at=at, actor=actor, reason=finding, fields=fields)
    return visited


def take_in(
    lead: PotentialChild, child: Child, *, at: dt.datetime, actor: Actor | None = None
) -> PotentialChild:
    """Link the child that was put on the register, or was there already, and see whether that is all."""
    if child.left_date is not None or child.merged_into_id is not None:
        raise LeadRefused(_("The child has left the register."))
    linked: PotentialChild = perform(lead, "apply", at=at, actor=actor, fields={"child_id": child.pk})
    follow([child.pk], at=at, actor=actor)
    linked.refresh_from_db()
    return linked


def decide(
    lead: PotentialChild, action: str, *, reason: str, at: dt.datetime, actor: Actor | None = None
) -> PotentialChild:
    """``drop`` a lead that does not qualify, or ``reopen`` it; both with a reason."""
    if action not in ("drop", "reopen"):
        raise LeadRefused(_("Choose what is to be done."))
    fields: dict[str, Any] = {}
    if action == "reopen":
        fields = {
            "due_date": due_date(lead.region_id, timezone.localdate(at)),
            "closed_by_id": None,
            "closed_at": None,
        }
    decided: PotentialChild = perform(lead, action, at=at, actor=actor, reason=reason, fields=fields)
    return decided


# --- Help, and who is brought in ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Help:
    """What another app knows of help for a child: whether it can be applied for, is applied for, was confirmed.

    ``text`` says so in words, ``url`` leads to the application, or to where one is made."""

    expected: bool = False
    under_way: bool = False
    confirmed: bool = False
    text: str = ""
    url: str = ""

    @property
    def settled(self) -> bool:
        """Nothing more is to be applied for."""
        return self.confirmed or not (self.expected or self.under_way)


HelpOf = Callable[[Child, dt.date], Help]
_HELP: list[HelpOf] = []


def ask_help(function: HelpOf) -> HelpOf:
    """Register an app that gives help which can be applied for."""
    _HELP.append(function)
    return function


def help_for(child: Child, on: dt.date) -> list[Help]:
    """What each app says of help for a child on a day."""
    return [function(child, on) for function in _HELP]


def follow(children: Iterable[int], *, at: dt.datetime, actor: Actor | None = None) -> list[int]:
    """Close as brought in the leads of children who are on the register with a category and whose help, if any, was
    confirmed; returns the leads. Call it when a child or its application has changed."""
    waiting = PotentialChild.objects.filter(
        child__in=list(children), state=LeadState.APPLYING
    ).select_related("child")
    today = timezone.localdate(at)
    settled = [
        lead.pk
        for lead in waiting
        if lead.child is not None
        and lead.child.left_date is None
        and lead.child.primary_category
        and all(each.settled for each in help_for(lead.child, today))
    ]
    return perform_many(PotentialChild, settled, "bring_in", at=at, actor=actor, follows=True)
