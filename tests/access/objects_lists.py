"""A shared list of the township, and a large bulk action of the county that is done."""

from __future__ import annotations

import datetime as dt
from typing import Any

from cases.bulk import services as bulk
from cases.models import Child, SavedView
from staff.models import Job
from tests.cast import COUNTY, TOWNSHIP, Cast

AT = dt.datetime(2026, 10, 20, 9, 40, tzinfo=dt.UTC)


def make(cast: Cast, own: Child) -> dict[str, Any]:
    view = SavedView.objects.create(
        region_id=TOWNSHIP,
        user=cast.users["supervisor"],
        name="红色",
        query="risk=red",
        shared=True,
        created_at=AT,
    )
    job = Job.objects.create(
        kind=bulk.KIND,
        region_id=COUNTY,
        user=cast.users["clerk"],
        assignment=cast.assignments["clerk"],
        arguments={"act": "stage", "data": {}, "seen": {}, "at": AT.isoformat()},
        state=Job.State.DONE,
        result={"done": 3, "refused": [[own.pk, "…"]]},
        created_at=AT,
    )
    return {"saved_view": view.pk, "bulk_job": job.pk}
