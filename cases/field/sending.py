"""What phones send: visits, and the photos that follow them one by one. Repeating anything changes nothing.

A visit goes into the child's present file. When it has none within the visitor's reach, or the child had left before
the visit, it is kept (:mod:`cases.field.keeping`): nothing that somebody wrote is refused for what happened meanwhile.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cases.duplicates.merging import standing_file
from cases.field import keeping
from cases.field.comparing import Difference, differences
from cases.field.enums import KeptReason, VisitSource
from cases.field.same_day import same_day_visits
from cases.field.submission import Submission
from cases.models import KeptVisit, Transfer, Visit
from cases.visits.enums import VisitState
from cases.visits.forms import VisitForm
from cases.visits.refusals import FileGone, HasLeft, VisitRefused
from cases.visits.services import EDITABLE, basis_of, create_visit, is_written_by
from cases.workflows import FIELD
from staff.models import Assignment, User
from staff.models.people import AssignmentQuerySet
from staff.scope import Scope, current, open_scope, scope_of, system_scope
from staff.sessions import assignments_of
from staff.workflow import Actor


@dataclass(frozen=True)
class Taken:
    """The visit is in the child's file; ``created`` when this sending put it there."""

    visit: Visit
    created: bool
    also_today: Sequence[Visit] = ()


@dataclass(frozen=True)
class Conflict:
    """The file holds something else than what this sending was written on. Nothing was changed."""

    visit: Visit
    fields: Sequence[Difference]

    @property
    def changeable(self) -> bool:
        """Whether the visitor's own version can still be put in its place."""
        return self.visit.state in EDITABLE


Outcome = Taken | Conflict | KeptVisit


def receive_visit(
    *, actor: Actor, at: dt.datetime, uuid: UUID, given: Submission, every_post: bool = True
) -> Outcome:
    """Take in one sending of the visit ``uuid``, which the phone made.

    Tried under the actor's present post and then, with ``every_post``, under the others that they hold: a phone sends
    what was written for any of them. ValidationError by field when the form is not complete; VisitRefused when the
    number belongs to somebody else's visit, or when the actor never held a post that visits.
    """
    if kept := keeping.kept_before(actor, uuid, given):
        return kept
    reason = KeptReason.POST_ENDED
    for scope in _visiting_scopes(actor, every_post=every_post):
        try:
            with transaction.atomic() if scope == current() else open_scope(scope):
                return _into_file(at, uuid, given)
        except HasLeft:
            reason = KeptReason.LEFT
            break
        except FileGone:
            reason = KeptReason.UNKNOWN
    if (visit := _out_of_sight(actor, uuid)) and given.sending.is_in(visit):
        return Taken(visit, created=False)  # it was taken in before the file went away
    if (
        reason == KeptReason.UNKNOWN
        and Transfer.objects.filter(child_id=given.child, state="accepted").exists()
    ):
        reason = KeptReason.MOVED
    return keeping.keep_visit(
        actor=actor, at=at, uuid=uuid, given=given, reason=reason, region_id=home_of(actor)
    )


def _visiting_scopes(actor: Actor, *, every_post: bool) -> Iterator[Scope]:
    """Under which a person visits: the present post, then the others in force."""
    if actor.role in FIELD:
        yield current()
    if every_post:
        for held in assignments_of(User.objects.get(pk=actor.user_id)):
            if held.pk != actor.assignment_id and held.post.role in FIELD:
                yield scope_of(held)


def has_visited(actor: Actor) -> bool:
    """Whether a person holds, or ever held, a post that visits: the ones who send, whatever their post is by now."""
    return actor.role in FIELD or _visiting_posts(actor).exists()


def _visiting_posts(actor: Actor) -> AssignmentQuerySet:
    found: AssignmentQuerySet = AssignmentQuerySet(Assignment).filter(user_id=actor.user_id, role__in=FIELD)
    return found


def home_of(actor: Actor) -> int:
    """The region where a person visits, or last did: what is kept lies there."""
    posts = _visiting_posts(actor)
    held = posts.filter(pk=actor.assignment_id or 0).first() or posts.order_by("-start_date", "-pk").first()
    if held is None:
        raise VisitRefused(_("Your post does not have this duty."))
    return held.region_id


def _into_file(at: dt.datetime, uuid: UUID, given: Submission) -> Taken | Conflict:
    actor = Actor.current()
    visit = Visit.objects.filter(uuid=uuid).first()
    if visit is not None and is_written_by(visit, actor) and given.sending.is_in(visit):
        return Taken(visit, created=False, also_today=same_day_visits(visit))
    child = standing_file(given.child)  # what was written without a signal may name a file merged since
    if child is None:
        raise FileGone(_("The record is no longer in your area."))
    form = VisitForm(_form_data(uuid, given), None, child=child, at=at, visit=visit)
    if not form.is_valid():
        raise ValidationError({name: list(messages) for name, messages in form.errors.items()})
    values = {
        "actor": actor, "at": at, "uuid": uuid, "child": child, "data": form.visit_data(),
        "drop": form.cleaned_data.get("drop_photos") or (), "source": VisitSource.PHONE, "sending": given.sending,
    }  # fmt: skip
    visit, changed = create_visit(**values, basis=given.basis)  # type: ignore[arg-type]
    if not changed and not given.sending.is_in(visit):
        stored = VisitForm(child=child, at=at, visit=visit)
        if found := differences(form, stored):
            return Conflict(visit, found)
        if visit.state in EDITABLE:  # the same words, until now a draft
            visit, changed = create_visit(**values, basis=basis_of(visit))  # type: ignore[arg-type]
        elif late := _unknown_photos(visit, given):
            if visit.state != VisitState.SUBMITTED:
                words = ngettext("%(n)d photo", "%(n)d photos", len(late)) % {"n": len(late)}
                return Conflict(visit, [Difference("photos", _("Photos"), words, "—", [])])
            visit = Visit.objects.select_for_update(of=("self",)).get(pk=visit.pk)
            changes = given.sending.fields(visit)
            Visit.objects.filter(pk=visit.pk).update(**changes)
            visit.photos_awaited = changes["photos_awaited"]
    return Taken(visit, created=changed, also_today=same_day_visits(visit))


def _unknown_photos(visit: Visit, given: Submission) -> list[UUID]:
    """Photos of a sending that the visit neither has nor awaits: the same words came before, from another device."""
    known = {*visit.photos_awaited, *(str(uuid) for uuid in visit.photos.values_list("uuid", flat=True))}
    return [uuid for uuid in given.sending.photos if str(uuid) not in known]


def _form_data(uuid: UUID, given: Submission) -> QueryDict:
    data = given.fields.copy()
    data["client_id"], data["basis"] = str(uuid), given.basis
    return data


def _out_of_sight(actor: Actor, uuid: UUID) -> Visit | None:
    """A visit of the actor's own whose file has gone where they do not look. Of it they learn only that it arrived."""
    with system_scope(reason="a phone names a visit of its own", lenses=("cases",), log=False):
        return Visit.objects.filter(uuid=uuid, conducted_by_id=actor.user_id).first()


def own_visit(actor: Actor, uuid: UUID) -> Visit | None:
    """The actor's visit of this number, wherever its file is now; also one that was kept and has been placed."""
    found = Visit.objects.filter(uuid=uuid, conducted_by_id=actor.user_id).first()
    return found or _out_of_sight(actor, uuid)
