"""What the supervisor and the county do about a late visit. The visit stays late until it is made."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.children.sharing import share_child, shared_with
from cases.field.enums import LateAct, NoteKind
from cases.late.selectors import find_late, visitors_for
from cases.models import Child, LateStep, VisitTask
from cases.notes.services import send_note
from cases.refusals import RegisterRefused, check_duty
from cases.visits.enums import OverdueLevel
from staff.enums import Role
from staff.models import Assignment, User
from staff.workflow import Actor

# Whose turn it is at which level; the supervisor's does not end when the county's begins.
ACTORS = {
    OverdueLevel.SUPERVISOR: frozenset({Role.SUPERVISOR}),
    OverdueLevel.COUNTY: frozenset({Role.SUPERVISOR, Role.CLERK}),
}
# Who may visit, and so may choose to go.
GOES = frozenset({Role.SUPERVISOR})


@dataclass(frozen=True)
class LateData:
    """An act with its words; ``visitor_id`` and ``day`` (by when) where another visitor goes."""

    act: str
    words: str
    visitor_id: int | None = None
    day: dt.date | None = None


def act_on_late(child_id: int, data: LateData, *, at: dt.datetime, actor: Actor | None = None) -> LateStep:
    """Send another visitor, go oneself, or explain; the words are kept.

    A visitor from another village sees the file until the visit is reviewed. ValidationError by field;
    RegisterRefused without the duty, when the visit is not late, or while the level below still has its time.
    """
    actor = actor or Actor.current()
    today = timezone.localdate(at)
    words = data.words.strip()
    act = LateAct(data.act)
    if not words:
        raise ValidationError({"words": _("Write the reason in words.")})
    with transaction.atomic():
        Child.objects.select_for_update(of=("self",)).filter(pk=child_id).first()
        found = find_late(child_id, today)
        if found is None:
            raise RegisterRefused(_("This child's visit is not late any more."))
        child, stands = found
        if stands.level not in ACTORS:
            raise RegisterRefused(_("It is the director's turn. Send a note, or ask for the visit."))
        check_duty(actor, ACTORS[stands.level])
        visitor, task, shared = None, None, False
        if act == LateAct.SELF:
            if actor.role not in GOES:
                raise RegisterRefused(_("Your post does not visit. Send a visitor."))
            visitor = User.objects.filter(pk=actor.user_id).first()
        if act == LateAct.ASSIGN:
            seat = _seat(child, data.visitor_id, today, actor)
            visitor, shared = seat.user, _lend(child, seat, at=at, actor=actor, reason=words)
        if visitor is not None:
            task = _ask(child, visitor, words, max(data.day or today, today), at=at, actor=actor)
        return LateStep.objects.create(
            child=child,
            region_id=child.region_id,
            due_date=stands.due,
            level=stands.level,
            act=act,
            words=words[:300],
            visitor=visitor,
            task=task,
            shared=shared,
            taken_by_id=actor.user_id or None,
            taken_at=at,
        )


def _seat(child: Child, visitor_id: int | None, on: dt.date, actor: Actor) -> Assignment:
    seats = [one for one in visitors_for(child, on) if one.user_id == visitor_id]
    if not seats or visitor_id == actor.user_id:
        raise ValidationError({"visitor": _("Choose who visits.")})
    return seats[0]


def _lend(child: Child, seat: Assignment, *, at: dt.datetime, actor: Actor, reason: str) -> bool:
    """Let a visitor from elsewhere see the file; whether that was needed."""
    covered = any(low <= child.region_id <= high for low, high in seat.post.ranges())
    if covered or seat.user in shared_with(child):
        return False
    share_child(child, seat.user, at=at, actor=actor, reason=reason)
    return True


def _ask(
    child: Child, visitor: User, words: str, day: dt.date, *, at: dt.datetime, actor: Actor
) -> VisitTask:
    task = VisitTask.objects.create(
        child=child,
        region_id=child.region_id,
        due_date=day,
        reason=words[:200],
        visitor=visitor,
        asked_by_id=actor.user_id or None,
        asked_at=at,
    )
    if visitor.pk != actor.user_id:
        send_note(
            actor=actor,
            at=at,
            recipient=visitor,
            kind=NoteKind.REMINDER,
            subject=f"late-{task.pk}",
            child=child,
            text=_("You are asked for a visit by %(day)s: %(words)s")
            % {"day": day.isoformat(), "words": words},
        )
    return task
