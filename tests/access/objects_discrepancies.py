"""A discrepancy that was verified by a paper."""

from __future__ import annotations

import datetime as dt
from typing import Any

from cases.models import Child, Discrepancy, MatchRun
from staff import files
from staff.models import StoredFile
from tests.cast import COUNTY, VILLAGE, Cast

AT = dt.datetime(2026, 10, 20, 9, 40, tzinfo=dt.UTC)


def make(cast: Cast, own: Child) -> dict[str, Any]:
    run = MatchRun.objects.filter(region_id=COUNTY)[:1].get()
    paper = files.store(
        b"\xff\xd8 a picture",
        kind=StoredFile.Kind.EVIDENCE,
        name="户口簿.jpg",
        content_type="image/jpeg",
        region_id=VILLAGE,
        child_id=own.pk,
        at=AT,
    )
    found = Discrepancy.objects.create(
        run=run,
        child=own,
        region_id=VILLAGE,
        kind="moved",
        list_kind="police",
        due_date=dt.date(2026, 10, 30),
        state="verified",
        found="true",
        method="document",
        outcome="见户口簿",
        document=paper,
        verified_by=cast.users["supervisor"],
        verified_at=AT,
    )
    return {"discrepancy_with_paper": found.pk}
