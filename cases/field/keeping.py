"""Visits kept for a child whose file is not where the phone thinks; :mod:`cases.field.placing` decides about them.

The author learns that it is kept: never where the child went.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.field.enums import KeptReason, KeptState
from cases.field.submission import Submission
from cases.models import KeptVisit
from cases.visits.refusals import VisitRefused
from staff.scope import current, open_scope
from staff.workflow import Actor

UUID_TAKEN = "cases_keptvisit_uuid_key"
WAITING = (KeptState.KEPT, KeptState.OFFERED)
# What the author is told. Whether a file moved, and where to, is nothing to a place that no longer keeps it.
TOLD: dict[str, Promise] = {
    KeptReason.MOVED: gettext_lazy(
        "This child's file has been handed to another place. Your visit is kept at the office with its photos; "
        "your supervisor or the county puts it into the file. You need do nothing more."
    ),
    KeptReason.LEFT: gettext_lazy(
        "This child had left the register before the day of your visit. Your visit is kept at the office with its "
        "photos; tell your supervisor if the day of leaving is wrong."
    ),
    KeptReason.UNKNOWN: gettext_lazy(
        "This child is not in your area, or no longer. Your visit is kept at the office with its photos; your "
        "supervisor or the county puts it into the right file. You need do nothing more."
    ),
    KeptReason.POST_ENDED: gettext_lazy(
        "Your post no longer makes visits. This visit is kept at the office with its photos; the supervisor of the "
        "place puts it into the file. You need do nothing more."
    ),
}


def kept_before(actor: Actor, uuid: UUID, given: Submission) -> KeptVisit | None:
    """What is kept of this visit from an earlier sending; a later version of it takes its place while it waits.

    VisitRefused for a changed version of one that has been decided, or when the number is another person's.
    """
    kept = KeptVisit._base_manager.filter(uuid=uuid).first()
    if kept is None:
        return None
    if kept.author_id != actor.user_id:
        raise VisitRefused(_("This visit cannot be recorded under this number. Start a new one."))
    before = Submission.kept(kept.payload)
    if before.sending.uuid == given.sending.uuid:
        return kept
    with open_scope(replace(current(), readonly=False)):
        locked = KeptVisit._base_manager.select_for_update(of=("self",)).get(pk=kept.pk)
        if locked.state not in WAITING:
            raise VisitRefused(
                _("This visit was kept and has been decided meanwhile. It cannot be changed any more.")
            )
        _change(locked, given)
    return locked


def keep_visit(
    *, actor: Actor, at: dt.datetime, uuid: UUID, given: Submission, reason: str, region_id: int
) -> KeptVisit:
    """Keep a sending aside. Twice at one moment, or again later, it is one kept visit."""
    try:
        # Whatever the author's present post may do, what they wrote is theirs to hand in.
        with open_scope(replace(current(), readonly=False)):
            return KeptVisit.objects.create(
                uuid=uuid,
                region_id=region_id,
                child_number=given.child,
                child_name=given.child_name,
                author_id=actor.user_id,
                visited_at=_visited_at(given),
                payload=given.written(),
                photos_awaited=[str(photo) for photo in given.sending.photos],
                reason=reason,
                received_at=at,
            )
    except IntegrityError as error:
        if UUID_TAKEN not in str(error):
            raise
        kept = kept_before(actor, uuid, given)  # the other sending has been committed meanwhile
        if kept is None:
            raise VisitRefused(
                _("This visit cannot be recorded under this number. Start a new one.")
            ) from error
        return kept


def _change(kept: KeptVisit, given: Submission) -> None:
    arrived = {str(one) for one in kept.photos.values_list("uuid", flat=True)}
    named = dict.fromkeys([*kept.photos_awaited, *(str(one) for one in given.sending.photos)])
    kept.payload, kept.visited_at = given.written(), _visited_at(given)
    kept.photos_awaited = [one for one in named if one not in arrived]
    kept.save(update_fields=["payload", "visited_at", "photos_awaited"])


def _visited_at(given: Submission) -> dt.datetime | None:
    field = forms.DateTimeField(required=False, input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"])
    try:
        found: dt.datetime | None = field.clean(given.fields.get("visited_at", ""))
    except ValidationError:
        return None
    return found
