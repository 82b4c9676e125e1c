"""Kept visits are decided: placed in the child's present file, or dismissed with words. The author is told either way.

By those who keep them, or placed by the county that was asked (:mod:`cases.field.offering`).
"""

from __future__ import annotations

import datetime as dt
import io
from dataclasses import replace

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.duplicates.merging import standing_file
from cases.field.enums import KeptState, NoteKind, VisitSource
from cases.field.offering import as_keeper, asked_of_reader
from cases.field.photos import cleaned
from cases.field.submission import Submission
from cases.models import Child, KeptVisit, Visit
from cases.notes.services import send_note
from cases.visits.forms import VisitForm
from cases.visits.photos import attach
from cases.visits.refusals import HasLeft, VisitRefused
from cases.visits.services import VisitData, create_visit
from staff import files
from staff.enums import Role
from staff.workflow import Actor, perform


def waiting() -> QuerySet[KeptVisit]:
    """Kept visits that wait for the reader: of their own area, and those that another county offers. Oldest first."""
    offered = asked_of_reader() & Q(state=KeptState.OFFERED)
    return KeptVisit.objects.filter(Q(state=KeptState.KEPT) | offered).order_by("received_at", "pk")


def file_for(kept: KeptVisit) -> Child | None:
    """The child's present file when the reader sees it, a merged one followed to the kept one; else None."""
    return standing_file(kept.child_number)


def place_visit(*, actor: Actor, at: dt.datetime, kept: KeptVisit) -> Visit:
    """Put a kept visit into the child's present file: a visit of its author with all its photos, awaiting review.

    Only somebody who sees both may. TransitionRefused when it is decided already, the file is out of sight, the child
    had left before the visit, or the form cannot be read; nothing has changed then.
    """
    with transaction.atomic():
        locked: KeptVisit = perform(kept, "place", at=at, actor=actor, fields={"words": ""})
        child = file_for(locked)
        if child is None:
            raise VisitRefused(
                _(
                    "The child's file lies outside your area. Somebody who sees both places can place this visit."
                )
            )
        given = Submission.kept(locked.payload)
        try:
            visit, created = create_visit(
                actor=Actor(locked.author_id, None, Role.DIRECTOR),  # who made it submits it
                at=at,
                uuid=locked.uuid,
                child=child,
                data=_read(given, child, locked.received_at),
                basis=given.basis,
                source=VisitSource.PHONE,
                sending=replace(given.sending, photos=()),
            )
        except HasLeft as gone:
            raise VisitRefused(
                _("The child had left the register before this visit. Correct the day of leaving first.")
            ) from gone
        if not created:
            raise VisitRefused(_("This visit is in a file already, with other words. Compare it there."))
        locked.placed = visit
        locked.save(update_fields=["placed"])
        kept.placed = visit
        with as_keeper(locked):
            _move_photos(locked, visit, at)
            send_note(
                actor=actor, at=at, recipient=locked.author_id, kind=NoteKind.PLACED, subject=f"kept-{locked.pk}",
                text=_("Your visit to %(child)s on %(day)s has been put into the file.") % _named(locked),
            )  # fmt: skip
    return visit


def _read(given: Submission, child: Child, received_at: dt.datetime) -> VisitData:
    """The visit's data, read against the child's present file: what is incomplete for its form stays so."""
    form = VisitForm(given.fields, None, child=child, at=received_at, draft=True)
    if not form.is_valid():
        problems = [
            f"{form.fields[name].label}: {text}" for name, texts in form.errors.items() for text in texts
        ]
        raise VisitRefused(" ".join(str(one) for one in problems))
    return form.visit_data()


def _move_photos(kept: KeptVisit, visit: Visit, at: dt.datetime) -> None:
    """Photos that have come go along; those that are still awaited will find the visit."""
    for photo in kept.photos.select_related("file"):
        picture = cleaned(io.BytesIO(files.read(photo.file)), visit.region_id, at)
        attach(visit, picture, at=at, uuid=photo.uuid)
    kept.photos.all().delete()
    visit.photos_awaited = kept.photos_awaited
    visit.save(update_fields=["photos_awaited"])


def dismiss_visit(*, actor: Actor, at: dt.datetime, kept: KeptVisit, words: str) -> KeptVisit:
    """Leave a kept visit out of every file; ``words`` say why and reach its author. It stays readable here."""
    with transaction.atomic():
        done: KeptVisit = perform(
            kept, "dismiss", at=at, actor=actor, reason=words, fields={"words": words.strip()[:200]}
        )
        send_note(
            actor=actor, at=at, recipient=done.author_id, kind=NoteKind.PLACED, subject=f"kept-{done.pk}",
            text=_("Your visit to %(child)s on %(day)s was not put into a file: %(words)s")
            % (_named(done) | {"words": words.strip()}),
        )  # fmt: skip
    return done


def _named(kept: KeptVisit) -> dict[str, str]:
    day = timezone.localdate(kept.visited_at or kept.received_at)
    return {"child": kept.child_name or "—", "day": day.isoformat()}
