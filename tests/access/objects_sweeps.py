"""A sweep of the director's village that is under way, and a step about each child's late visit, marked."""

from __future__ import annotations

import datetime as dt
from typing import Any

from cases.models import Child, LateStep, Sweep, SweepCoverage
from tests.access.world import AT, mark
from tests.cast import VILLAGE, Cast


def make(cast: Cast, own: Child) -> dict[str, Any]:
    """``sweep_village``."""
    sweep = Sweep.objects.create(
        region_id=VILLAGE,
        title="秋季排查",
        start_date=dt.date(2026, 9, 1),
        end_date=dt.date(2027, 12, 31),
        asked_by=cast.users["clerk"],
        asked_at=AT,
    )
    for child in cast.children.values():
        SweepCoverage.objects.create(sweep=sweep, region_id=child.region_id, children=1, visited=0)
        LateStep.objects.create(
            child=child,
            region_id=child.region_id,
            due_date=child.next_visit_date,
            level="supervisor",
            act="explain",
            words=mark(child.name),
            taken_by=cast.users["supervisor"],
            taken_at=AT,
        )
    return {"sweep_village": sweep.pk}
