"""What a phone's submission leaves on a visit beside what the visitor reports."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from cases.models import Visit
from cases.visits.photos import still_awaited


@dataclass(frozen=True)
class Sending:
    """One submission by a phone: its own name, when writing began and ended there, the photos that follow one by one."""

    uuid: UUID
    started_at: dt.datetime | None = None
    written_at: dt.datetime | None = None
    photos: Sequence[UUID] = ()

    def is_in(self, visit: Visit) -> bool:
        """Whether the visit has taken this very submission in already."""
        return str(self.uuid) in visit.sendings

    def fields(self, visit: Visit) -> dict[str, object]:
        """Model fields of Visit that taking it in writes. TooManyPhotos when it announces more than a visit may have."""
        return {
            "started_at": visit.started_at or self.started_at,
            "written_at": self.written_at,
            "sendings": [*visit.sendings, str(self.uuid)],
            "photos_awaited": still_awaited(visit, self.photos),
        }
