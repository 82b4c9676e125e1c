"""Sending and reading notes. Everything that tells a person something goes through ``send_note``."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from cases.field.enums import NoteKind
from cases.models import Child, Note, Visit
from cases.notes import pushes, tasks
from cases.notes.selectors import forget_count, seats
from staff.enums import Role
from staff.models import User
from staff.scope import system_scope
from staff.workflow import Actor, TransitionRefused

ONCE = "note_once"
LONGEST = 300
# Who writes notes of their own; steps of the work (a visit returned, a kept visit placed) tell whom they concern.
SENDERS = frozenset({Role.SUPERVISOR, Role.CLERK, Role.APPROVER})


class NoteRefused(TransitionRefused):
    """The note cannot be sent; the message says why, in the user's language."""


def send_note(
    *,
    actor: Actor,
    at: dt.datetime,
    recipient: User | int,
    text: str,
    child: Child | None = None,
    visit: Visit | None = None,
    kind: str = NoteKind.NOTE,
    subject: str = "",
) -> Note | None:
    """Tell ``recipient`` (an account or its id) something; their phone is woken once this is committed.

    With a ``subject`` (at most 60 characters, such as a reminder's day) a person is told once per kind and subject:
    None when they have been. Only somebody who holds a post in the open scope's area can be told. A note that a person
    writes is refused otherwise (NoteRefused); any other kind is then None, so that the step it reports goes on. A system
    scope (user 0) sends without a sender. ``text`` is cut at 300 characters; it may name the child, a push never does.
    """
    person = recipient if isinstance(recipient, int) else recipient.pk
    if kind == NoteKind.NOTE and actor.role not in SENDERS and actor.user_id:
        raise NoteRefused(_("Your post does not have this duty."))
    if not text.strip():
        raise NoteRefused(_("Write what you want to say."))
    seat = seats(at).filter(user_id=person).first()
    if seat is None or person == actor.user_id:
        if kind != NoteKind.NOTE:
            return None
        raise NoteRefused(
            _("This person holds no post in your area at present. Choose somebody of the area.")
        )
    note = Note(
        region_id=seat.region_id,
        recipient_id=person,
        sent_by_id=actor.user_id or None,
        kind=NoteKind(kind),
        text=Truncator(text.strip()).chars(LONGEST),
        subject=subject,
        child=child,
        visit=visit,
        created_at=at,
    )
    try:
        with transaction.atomic():
            note.save(force_insert=True)
    except IntegrityError as error:
        if ONCE not in str(error):
            raise
        return None
    forget_count(person)
    if pushes.is_on():
        transaction.on_commit(lambda: tasks.wake.delay(person), robust=True)
    return note


def tell_returned(visit: Visit, *, actor: Actor, at: dt.datetime, reason: str) -> None:
    """Tell whoever wrote a returned visit what is missing."""
    day = timezone.localdate(visit.visited_at)
    text = _("The visit to %(child)s on %(day)s was returned: %(reason)s") % {
        "child": visit.child.name,
        "day": day.isoformat(),
        "reason": reason.strip(),
    }
    for person in {visit.conducted_by_id, visit.entered_by_id or visit.conducted_by_id}:
        send_note(
            actor=actor,
            at=at,
            recipient=person,
            text=text,
            child=visit.child,
            visit=visit,
            kind=NoteKind.RETURNED,
        )


def tell_same_day(visit: Visit, others: Iterable[Visit], *, at: dt.datetime) -> None:
    """Tell whoever visited the child on the same day that ``visit`` has been handed in too, each once.

    Also somebody whose post reaches further than the visitor's, such as the supervisor: the system tells them.
    """
    day = timezone.localdate(visit.visited_at)
    for other in others:
        if other.conducted_by_id == visit.conducted_by_id:
            continue
        with system_scope(reason="two visitors of one day are told of each other", log=False):
            send_note(
                actor=Actor.current(),
                at=at,
                recipient=other.conducted_by_id,
                text=_("%(person)s also visited %(child)s on %(day)s.")
                % {"person": visit.conducted_by, "child": visit.child.name, "day": day.isoformat()},
                child=visit.child,
                visit=other,
                kind=NoteKind.SAME_DAY,
                subject=f"{visit.child_id} {day.isoformat()} {visit.conducted_by_id}",
            )


def read_notes(*, actor: Actor, at: dt.datetime, ids: list[int] | None = None) -> int:
    """Mark the actor's own notes as read, all of them or those of ``ids``; returns how many were unread."""
    unread = Note._base_manager.filter(recipient_id=actor.user_id, read_at=None)
    if ids is not None:
        unread = unread.filter(pk__in=ids)
    forget_count(actor.user_id)
    return unread.update(read_at=at)
