"""Cases (个案): opening, handing up, taking over, and who may see one. Plans and closing are :mod:`cases.plans`'s."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from guardian.models import UserObjectPermission
from guardian.shortcuts import assign_perm, remove_perm

from cases.casework.selectors import named_people, people_for
from cases.enums import RiskLevel
from cases.field.enums import EntryKind
from cases.models import Case, CaseAction, Child, Visit
from cases.plans.entries import ROWS, write_entry
from cases.visits.enums import CASE_LEVELS
from cases.workflows import COUNTY, FIELD, REVIEW
from staff import parameters, scope
from staff.audit import log_access
from staff.models import AccessLog, User
from staff.workflow import Actor, TransitionRefused, perform

NAMED = "cases.view_restricted_case"
OPENERS = REVIEW | COUNTY
WORKERS = FIELD | COUNTY


class CaseRefused(TransitionRefused):
    """The case cannot be changed so; the message says why, in the user's language."""


Restricting = Callable[[Case], None]
_RESTRICTING: list[Restricting] = []


def on_restrict(handler: Restricting) -> Restricting:
    """Register what another app hides when a case becomes one of named people. Same transaction."""
    _RESTRICTING.append(handler)
    return handler


def open_case(
    *,
    actor: Actor,
    at: dt.datetime,
    child: Child,
    title: str,
    level: str,
    summary: str = "",
    visit: Visit | None = None,
    restricted: bool = False,
) -> Case:
    """Open a case of level 红, 黄 or 蓝; whoever opens it owns it. A restricted one is seen by its opener
    alone at first.

    ``due_at`` is the county's hours of response for the level (``case_response_hours``). CaseRefused
    without a title, for another level, for a child who has left, or for a post that does not open cases.
    """
    check_opener(actor)
    if level not in {one.value for one in CASE_LEVELS}:
        raise CaseRefused(_("Choose the level of the case."))
    if not title.strip():
        raise CaseRefused(_("Say in a few words what the case is about."))
    if child.left_date is not None:
        raise CaseRefused(_("This child has left the register."))
    hours = parameters.value(child.region_id, "case_response_hours", timezone.localdate(at))
    with transaction.atomic():
        case = Case.objects.create(
            child=child,
            region_id=child.region_id,
            title=title.strip(),
            level=RiskLevel(level),
            summary=summary,
            visit=visit,
            opened_by_id=actor.user_id,
            opened_at=at,
            owner_id=actor.user_id,
            due_at=at + dt.timedelta(hours=hours[level]),
        )
        if restricted:
            case = restrict_case(actor=actor, at=at, case=case, people=())
    return case


def change_case(*, actor: Actor, at: dt.datetime, case: Case, name: str, reason: str = "") -> Case:
    """``escalate`` to the county, or ``take_over`` by the county. Closing is :mod:`cases.plans.closing`'s.

    The words of a restricted case stay in the case itself, never in the record of transitions, which more
    people read.
    """
    fields: dict[str, Any] = {}
    with transaction.atomic():
        case = lock_case(case)
        if name == "escalate":
            if case.restricted and not _county_is_named(case, at):
                raise CaseRefused(_("Name a person of the county on this restricted case first."))
            fields = {"at_county": True}
        elif name == "take_over":
            fields = {"owner_id": actor.user_id}
        else:
            raise CaseRefused(
                _("This is not possible in the present state. Reload the page to see what has changed.")
            )
        said = reason
        if case.restricted and reason.strip():
            said = _("Written in the case itself.")
            write_entry(actor=actor, at=at, case=case, kind=EntryKind.STEP, text=reason)
        return perform(case, name, at=at, actor=actor, reason=said, fields=fields)


# --- Restricted cases -----------------------------------------------------------------------------------


def restrict_case(*, actor: Actor, at: dt.datetime, case: Case, people: Iterable[User]) -> Case:
    """From now on only the acting person and ``people`` see the case and its plan. Each naming is logged."""
    check_opener(actor)
    with transaction.atomic():
        case = lock_case(case)
        if case.restricted:
            raise CaseRefused(_("The case is restricted already."))
        me = User.objects.get(pk=actor.user_id)
        name_on_case(case, me)
        # The policy reads the list that was loaded when the scope opened: without this the update would
        # hide the row.
        scope.narrow(named=scope.current().named | {case.pk})
        for person in _who_may(case, people, at):
            if person.pk != me.pk:
                name_on_case(case, person)
        case.restricted = True
        case.save(update_fields=["restricted"])
        for model in ROWS:
            model._base_manager.filter(case=case).update(restricted=True)
        for handler in _RESTRICTING:
            handler(case)
    return case


def name_person(*, actor: Actor, at: dt.datetime, case: Case, person: User) -> None:
    """Let one more person see a restricted case. CaseRefused unless their post covers the child's village."""
    with transaction.atomic():
        case = lock_case(case)
        _may_name(actor, case)
        for one in _who_may(case, [person], at):
            name_on_case(case, one)


def unname_person(*, actor: Actor, at: dt.datetime, case: Case, person: User) -> None:
    """Take a person off a restricted case. The last one stays, so that the case is never lost."""
    with transaction.atomic():
        case = lock_case(case)
        _may_name(actor, case)
        named = named_people(case)
        if person.pk not in {one.pk for one in named}:
            raise CaseRefused(_("This person is not named on the case."))
        if len(named) == 1:
            raise CaseRefused(_("Name another person first: somebody must see the case."))
        if case.owner_id == person.pk:
            raise CaseRefused(_("The owner of the case stays named on it."))
        remove_perm(NAMED, person, case)
        _log(case, person, "unnamed")
    if person.pk == actor.user_id:
        scope.narrow(named=scope.current().named - {case.pk})


def name_where_nobody_is(child: Child, person: User, covering: Callable[[set[int]], set[int]]) -> list[Case]:
    """A file has come to a place which nobody covers who is named on its open restricted cases: name ``person``.

    Somebody there must be able to go on, so whoever takes the file takes these over; each naming is logged.
    ``covering`` tells which of some people cover the child's village. Returns the cases that were given a person.
    """
    named: dict[int, set[int]] = {}
    rows = UserObjectPermission.objects.filter(permission__codename=NAMED.partition(".")[2])
    for pk, user_id in rows.values_list("object_pk", "user_id"):
        named.setdefault(int(pk), set()).add(user_id)
    active = scope.current()
    given = []
    # Which of them are this child's only the rows can tell, and those show themselves to named people alone.
    with scope.open_scope(replace(active, named=active.named | frozenset(named))):
        for case in Case.objects.filter(child=child, restricted=True).exclude(state="closed"):
            there = covering(named.get(case.pk, set()))
            if not there:
                name_on_case(case, person)
                given.append(case)
            if case.owner_id not in there:
                case.owner_id = person.pk if not there else min(there)
                case.save(update_fields=["owner"])
                CaseAction.objects.filter(case=case, done_at__isnull=True).update(owner_id=case.owner_id)
    return given


def name_on_case(case: Case, person: User) -> None:
    """Name a person on a restricted case, and log it. Who may do so is checked by the callers."""
    assign_perm(NAMED, person, case)
    _log(case, person, "named")


def _log(case: Case, person: User, act: str) -> None:
    log_access(
        kind=AccessLog.Kind.SHARE,
        child_id=case.child_id,
        region_id=case.region_id,
        subject="cases.case",
        subject_id=case.pk,
        detail={"act": act, "user": person.pk},
    )


def _who_may(case: Case, people: Iterable[User], at: dt.datetime) -> list[User]:
    wanted = list(people)
    allowed = {one.user_id for one in people_for(case.region_id, timezone.localdate(at))} if wanted else set()
    if any(person.pk not in allowed for person in wanted):
        raise CaseRefused(_("Only people whose post covers the child's village can be named."))
    return wanted


def _county_is_named(case: Case, at: dt.datetime) -> bool:
    county = {one.user_id for one in people_for(case.region_id, timezone.localdate(at)) if one.role in COUNTY}
    return bool(county & {person.pk for person in named_people(case)})


def check_opener(actor: Actor) -> None:
    """CaseRefused unless the post leads cases: opens them, sets goals, holds conferences, closes."""
    if actor.role not in OPENERS:
        raise CaseRefused(_("Your post does not have this duty."))


def _may_name(actor: Actor, case: Case) -> None:
    check_opener(actor)
    if not case.restricted:
        raise CaseRefused(_("The case is not restricted."))


def check_worker(actor: Actor) -> None:
    """CaseRefused unless the post works on cases."""
    if actor.role not in WORKERS:
        raise CaseRefused(_("Your post does not have this duty."))


def lock_case(case: Case) -> Case:
    """The case as it stands, locked until the end of the transaction; CaseRefused when it is out of reach."""
    locked = Case.objects.select_for_update(of=("self",)).filter(pk=case.pk).first()
    if locked is None:
        raise CaseRefused(_("The record is no longer in your area."))
    return locked
