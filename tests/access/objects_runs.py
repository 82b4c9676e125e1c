"""A month that was matched twice."""

from __future__ import annotations

import datetime as dt
from typing import Any

from cases.models import Child, MatchExecution, MatchRun
from tests.cast import COUNTY, Cast

AT = dt.datetime(2026, 9, 10, 9, 0, tzinfo=dt.UTC)


def make(cast: Cast, own: Child) -> dict[str, Any]:
    run = MatchRun.objects.create(region_id=COUNTY, period=dt.date(2026, 9, 1), state=MatchRun.State.DONE)
    done = MatchExecution.State.DONE
    first, second = (
        MatchExecution.objects.create(
            run=run, region_id=COUNTY, number=number, state=done, user=cast.users["clerk"], started_at=AT
        )
        for number in (1, 2)
    )
    return {"first_execution": first.pk, "execution": second.pk}
