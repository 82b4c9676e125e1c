"""Case conferences (个案会商): calling one, its minutes, words added below them, and its decisions put into the plan."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.casework.services import CaseRefused, check_opener, lock_case
from cases.field.enums import EntryKind, ParticipantRole
from cases.models import Case, CaseAction, CaseConference, CaseEntry, CaseGoal, ConferenceParticipant
from cases.plans.entries import belonging, write_entry
from cases.plans.services import add_action, add_goal, check_named
from cases.visits.enums import CaseState
from staff.enums import Role
from staff.models import User
from staff.workflow import Actor

# Where somebody of the system comes from, by the role of the post.
COMES_FROM = {Role.DIRECTOR: ParticipantRole.VILLAGE, Role.SUPERVISOR: ParticipantRole.TOWNSHIP}


@dataclass(frozen=True)
class Invited:
    """Somebody asked to a conference: ``role`` is a ParticipantRole; ``user`` for somebody of the system."""

    role: str
    name: str
    organisation: str = ""
    user: User | None = None


@dataclass(frozen=True)
class Decision:
    """One decision for the plan: ``kind`` is ``goal`` or ``action``; an action has an owner and perhaps a goal."""

    kind: str
    text: str
    due_date: dt.date
    owner: User | None = None
    goal: CaseGoal | None = None


def call_conference(
    *,
    actor: Actor,
    at: dt.datetime,
    case: Case,
    held_at: dt.datetime,
    chair: str,
    place: str = "",
    invited: Iterable[Invited] = (),
) -> CaseConference:
    """Call a conference, or enter one that was held. CaseRefused when nobody is invited, the case is closed, or
    somebody of the system is not named on a restricted case.
    """
    check_opener(actor)
    asked = list(invited)
    if not asked:
        raise CaseRefused(_("Say who takes part."))
    if not chair.strip():
        raise CaseRefused(_("Say who chairs it."))
    with transaction.atomic():
        case = lock_case(case)
        if case.state == CaseState.CLOSED:
            raise CaseRefused(_("The case is closed."))
        conference = CaseConference.objects.create(
            **belonging(case), held_at=held_at, place=place.strip(), chair=chair.strip(), called_by_id=actor.user_id,
            called_at=at,
        )  # fmt: skip
        _invite(conference, case, asked)
    return conference


def write_minutes(
    *,
    actor: Actor,
    at: dt.datetime,
    conference: CaseConference,
    minutes: str,
    decisions: str,
    came: Collection[int],
    others: Iterable[Invited] = (),
) -> CaseConference:
    """Write the minutes, once: what was said and decided, who of those asked came (keys), who came unasked.

    CaseRefused before the conference, when nobody came, and when the minutes are written already.
    """
    check_opener(actor)
    if not minutes.strip():
        raise CaseRefused(_("Write the minutes."))
    with transaction.atomic():
        locked = _lock(conference)
        if locked.minuted_at is not None:
            raise CaseRefused(_("The minutes are written. Add your words below them."))
        if locked.held_at > at:
            raise CaseRefused(_("The conference is still to come."))
        _invite(locked, locked.case, others, attended=True)
        people = ConferenceParticipant.objects.filter(conference=locked, attended=None)
        people.filter(pk__in=list(came)).update(attended=True)
        people.update(attended=False)
        if not ConferenceParticipant.objects.filter(conference=locked, attended=True).exists():
            raise CaseRefused(_("Say who came."))
        locked.minutes, locked.decisions = minutes.strip(), decisions.strip()
        locked.minuted_by_id, locked.minuted_at = actor.user_id, at
        locked.save(update_fields=["minutes", "decisions", "minuted_by", "minuted_at"])
    return locked


def add_words(*, actor: Actor, at: dt.datetime, conference: CaseConference, text: str) -> CaseEntry:
    """Add words below the minutes, which nobody edits; also after the case was closed."""
    check_opener(actor)
    if not text.strip():
        raise CaseRefused(_("Say it in words."))
    with transaction.atomic():
        locked = _lock(conference)
        if locked.minuted_at is None:
            raise CaseRefused(_("Write the minutes first."))
        return write_entry(
            actor=actor, at=at, case=locked.case, kind=EntryKind.MINUTES, text=text, conference=locked
        )


def take_decisions(
    *, actor: Actor, at: dt.datetime, conference: CaseConference, decisions: Iterable[Decision]
) -> list[CaseGoal | CaseAction]:
    """Put decisions into the plan, all or none; each remembers the conference it was taken in."""
    check_opener(actor)
    with transaction.atomic():
        locked = _lock(conference)
        made: list[CaseGoal | CaseAction] = []
        for one in decisions:
            if one.kind == "goal":
                made.append(
                    add_goal(
                        actor=actor,
                        at=at,
                        case=locked.case,
                        text=one.text,
                        due_date=one.due_date,
                        conference=locked,
                    )
                )
            else:
                made.append(
                    add_action(
                        actor=actor, at=at, case=locked.case, title=one.text, due_date=one.due_date, owner=one.owner,
                        goal=one.goal, conference=locked,
                    )
                )  # fmt: skip
    return made


def decisions_left(conference: CaseConference) -> list[str]:
    """The lines of what was decided that are not in the plan yet, in order."""
    taken = {goal.text for goal in conference.goals.all()} | {one.title for one in conference.actions.all()}
    lines = [line.strip() for line in conference.decisions.splitlines()]
    return [line for line in lines if line and line not in taken]


def _invite(
    conference: CaseConference, case: Case, people: Iterable[Invited], attended: bool | None = None
) -> None:
    asked = list(people)
    check_named(case, [one.user for one in asked if one.user is not None])
    ConferenceParticipant.objects.bulk_create(
        ConferenceParticipant(
            **belonging(case),
            conference=conference,
            role=ParticipantRole(one.role),
            name=one.name.strip(),
            organisation=one.organisation.strip(),
            user=one.user,
            attended=attended,
        )
        for one in asked
    )


def _lock(conference: CaseConference) -> CaseConference:
    rows = CaseConference.objects.select_for_update(of=("self",)).select_related("case")
    locked = rows.filter(pk=conference.pk).first()
    if locked is None:
        raise CaseRefused(_("The record is no longer in your area."))
    return locked


def held_before(conference: CaseConference, at: dt.datetime | None = None) -> bool:
    """Whether its hour has come, so that minutes can be written."""
    return conference.held_at <= (at or timezone.now())
