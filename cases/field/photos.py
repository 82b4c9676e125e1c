"""Photos that a phone sends by themselves, each under a name of its own, after the visit that announced them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.field.enums import KeptState
from cases.field.sending import own_visit
from cases.models import KeptPhoto, KeptVisit, Visit
from cases.visits.photos import attach
from cases.visits.pictures import Photo, clean_photo
from cases.visits.refusals import VisitRefused
from staff import files, parameters
from staff.models import StoredFile
from staff.scope import current, system_scope
from staff.workflow import Actor


class UnknownVisit(VisitRefused):
    """Nothing of this number has arrived from this person: the visit goes first."""


class NotAnnounced(VisitRefused):
    """The visit does not expect this photo."""


Holder = Visit | KeptVisit


def receive_photo(
    *, actor: Actor, at: dt.datetime, visit_uuid: UUID, photo_uuid: UUID, file: IO[bytes]
) -> bool:
    """Take in one photo that the visit announced, also after the review; False when it had arrived before.

    ValidationError when it is no picture, or too large; UnknownVisit and NotAnnounced as named. ``file`` is read only
    for a photo that is awaited, and no further than the county allows; its bytes are cleaned as those of a form are
    (:mod:`cases.visits.pictures`).
    """
    found = _holder(actor, visit_uuid)
    if not _awaits(found, photo_uuid):
        return False
    photo = cleaned(file, found.region_id, at)
    with _locked(actor, found) as holder:
        if not _awaits(holder, photo_uuid):
            return False  # the same photo twice at one moment
        try:
            with transaction.atomic():
                _put(holder, photo, photo_uuid, at)
            taken = True
        except IntegrityError as error:
            if not _has(holder, photo_uuid):
                raise NotAnnounced(_("This photo belongs to another visit.")) from error
            taken = False  # it came while its visit was written anew, which still waited for it
        _expect_no_longer(holder, photo_uuid)
    return taken


def withdraw_photo(*, actor: Actor, visit_uuid: UUID, photo_uuid: UUID) -> bool:
    """The visit no longer waits for a photo that will not come; False when it did not. A photo that came stays."""
    with _locked(actor, _holder(actor, visit_uuid)) as holder:
        if str(photo_uuid) not in holder.photos_awaited:
            return False
        _expect_no_longer(holder, photo_uuid)
    return True


def arrived(holder: Holder) -> list[str]:
    """Names of the photos that have come, in their order."""
    with _reaching(holder):
        return [str(uuid) for uuid in holder.photos.values_list("uuid", flat=True) if uuid]


def cleaned(file: IO[bytes], region_id: int, at: dt.datetime) -> Photo:
    """The file as a clean JPEG within the county's limits. ValidationError otherwise."""
    limits = parameters.values(region_id, ("photo_max_mb", "photo_max_megapixels"), timezone.localdate(at))
    return clean_photo(
        file,
        name=_("Photo"),
        most_megabytes=limits["photo_max_mb"],
        most_megapixels=limits["photo_max_megapixels"],
    )


def _holder(actor: Actor, uuid: UUID) -> Holder:
    """What waits for the photos: the visit in its file, or the kept one."""
    kept = KeptVisit._base_manager.filter(uuid=uuid, author_id=actor.user_id).first()
    if kept is not None and kept.state != KeptState.PLACED:
        return kept
    visit = own_visit(actor, uuid)
    if visit is None:
        raise UnknownVisit(_("This visit has not arrived yet."))
    return visit


@contextmanager
def _reaching(holder: Holder) -> Iterator[None]:
    """Open the place where the photos go, when the author's present post does not reach it: they add to what is theirs."""
    scope = current()
    if scope.covers(holder.region_id) and "cases" in scope.lenses and not scope.readonly:
        yield
        return
    place = (holder.region_id, holder.region_id)
    with system_scope(
        reason="photos of a visit that is out of its author's sight",
        ranges=[place],
        lenses=("cases",),
        log=False,
    ):
        yield


@contextmanager
def _locked(actor: Actor, found: Holder) -> Iterator[Holder]:
    """What waits for the photos, locked. A kept visit that was placed meanwhile has become a visit in its file."""
    while True:
        with _reaching(found), transaction.atomic():
            holder = type(found)._base_manager.select_for_update(of=("self",)).get(pk=found.pk)
            if not (isinstance(holder, KeptVisit) and holder.state == KeptState.PLACED):
                yield holder
                return
        found = _holder(actor, found.uuid)


def _awaits(holder: Holder, uuid: UUID) -> bool:
    """Whether the photo is still to come; False when it has arrived, NotAnnounced when nobody spoke of it."""
    if str(uuid) in holder.photos_awaited:
        return True
    if _has(holder, uuid):
        return False
    raise NotAnnounced(_("The visit does not expect this photo."))


def _has(holder: Holder, uuid: UUID) -> bool:
    with _reaching(holder):
        return holder.photos.filter(uuid=uuid).exists()


def _put(holder: Holder, photo: Photo, uuid: UUID, at: dt.datetime) -> None:
    if isinstance(holder, Visit):
        attach(holder, photo, at=at, uuid=uuid)
        return
    file = files.store(
        photo.data,
        kind=StoredFile.Kind.PHOTO,
        name=photo.name,
        content_type="image/jpeg",
        region_id=holder.region_id,
        at=at,
    )
    KeptPhoto.objects.create(
        kept=holder,
        region_id=holder.region_id,
        author_id=holder.author_id,
        uuid=uuid,
        file=file,
        position=holder.photos.count(),
    )


def _expect_no_longer(holder: Holder, uuid: UUID) -> None:
    holder.photos_awaited = [one for one in holder.photos_awaited if one != str(uuid)]
    holder.save(update_fields=["photos_awaited"])
