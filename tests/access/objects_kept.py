"""The visit of the director waits for a photo; another was kept with a photo; a third is offered by the other county."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import QueryDict

from cases.field.submission import Submission
from cases.models import Child, KeptPhoto, KeptVisit, Visit
from cases.visits.sendings import Sending
from staff import files
from tests.access.world import AT, PICTURE, mark
from tests.cast import COUNTY, STRANGE_VILLAGE, Cast


def make(cast: Cast, own: Child) -> dict[str, Any]:
    director = cast.users["director"]
    awaited = uuid.uuid4()
    visit = Visit.objects.get(child=own)
    Visit.objects.filter(pk=visit.pk).update(photos_awaited=[str(awaited)])
    given = Submission(Sending(uuid.uuid4()), own.pk, QueryDict(f"text={mark('own')}"), own.name)
    kept = KeptVisit.objects.create(
        uuid=uuid.uuid4(), region_id=own.region_id, child_number=own.pk, child_name=own.name, author=director,
        visited_at=AT, payload=given.written(), reason="moved", received_at=AT,
    )  # fmt: skip
    file = files.store(
        PICTURE, kind="photo", name="kept.jpg", content_type="image/jpeg", region_id=own.region_id, at=AT
    )
    photo = KeptPhoto.objects.create(
        kept=kept, region_id=own.region_id, author=director, uuid=uuid.uuid4(), file=file
    )
    # It names nobody: a child who has gone is not among those whom the other county may see.
    unnamed = Submission(Sending(uuid.uuid4()), own.pk, QueryDict("text=x"))
    offered = KeptVisit.objects.create(
        uuid=uuid.uuid4(), region_id=STRANGE_VILLAGE, child_number=own.pk, author=cast.users["stranger"],
        visited_at=AT, payload=unnamed.written(), reason="moved", received_at=AT, state="offered", offered_to_id=COUNTY,
    )  # fmt: skip
    file = files.store(
        PICTURE, kind="photo", name="o.jpg", content_type="image/jpeg", region_id=STRANGE_VILLAGE, at=AT
    )
    offered_photo = KeptPhoto.objects.create(
        kept=offered, region_id=STRANGE_VILLAGE, author=cast.users["stranger"], uuid=uuid.uuid4(), file=file
    )
    return {
        "kept_offered": offered.pk,
        "kept_photo_offered": offered_photo.pk,
        "sent_uuid": visit.uuid,
        "awaited_uuid": awaited,
        "visit_sent": visit.pk,
        "kept_own": kept.pk,
        "kept_photo_own": photo.pk,
    }
