"""Photos of a visit: those that came with it, and those that a phone announces and sends one by one afterwards."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from uuid import UUID

from django.utils.translation import gettext as _

from cases.checks import marks
from cases.models import Visit, VisitPhoto
from cases.visits.pictures import MOST, Photo
from cases.visits.refusals import TooManyPhotos
from staff import files
from staff.models import StoredFile


def add_photos(visit: Visit, photos: Sequence[Photo], at: dt.datetime) -> None:
    """Append photos that came in the same request as the visit. TooManyPhotos beyond :data:`cases.visits.pictures.MOST`."""
    if photos:
        _check_number(VisitPhoto.objects.filter(visit=visit).count() + len(photos))
        for photo in photos:
            attach(visit, photo, at=at)


def attach(visit: Visit, photo: Photo, *, at: dt.datetime, uuid: UUID | None = None) -> VisitPhoto:
    """Append one photo; ``uuid`` is the phone's name of it. The visit's row is locked by the caller."""
    taken = VisitPhoto.objects.filter(visit=visit).order_by("-position").values_list("position", flat=True)
    last = taken.first()
    file = files.store(
        photo.data,
        kind=StoredFile.Kind.PHOTO,
        name=photo.name,
        content_type="image/jpeg",
        region_id=visit.region_id,
        child_id=visit.child_id,
        at=at,
    )
    kept = VisitPhoto.objects.create(
        visit=visit,
        child_id=visit.child_id,
        region_id=visit.region_id,
        file=file,
        position=0 if last is None else last + 1,
        uuid=uuid,
        sha256=photo.sha256,
        fingerprint=photo.fingerprint,
    )
    if visit.state in marks.ON_THE_DESK:
        marks.look_at_photo(kept, at=at)
    return kept


def still_awaited(visit: Visit, announced: Iterable[UUID]) -> list[str]:
    """What ``photos_awaited`` holds after a sending that announces these: all named so far that have not arrived.

    TooManyPhotos beyond :data:`cases.visits.pictures.MOST`, those that are there included.
    """
    arrived = list(VisitPhoto.objects.filter(visit=visit).values_list("uuid", flat=True)) if visit.pk else []
    named = dict.fromkeys([*visit.photos_awaited, *(str(uuid) for uuid in announced)])
    awaited = [uuid for uuid in named if uuid not in {str(one) for one in arrived}]
    _check_number(len(arrived) + len(awaited))
    return awaited


def _check_number(photos: int) -> None:
    if photos > MOST:
        raise TooManyPhotos(_("A visit has at most %(most)d photos.") % {"most": MOST})
