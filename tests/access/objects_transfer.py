"""A transfer of the director's child to a village of another township, waiting for a decision.

Its summary names nobody: the receiving side may read it, and the leak tests look for names of children.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from cases.models import Child, Transfer
from tests.access.world import AT
from tests.cast import FAR_VILLAGE, Cast


def make(cast: Cast, own: Child) -> dict[str, Any]:
    transfer = Transfer.objects.create(
        child=own, region_id=own.region_id, to_region_id=FAR_VILLAGE, reason_code="family_moved",
        effective_date=dt.date(2026, 10, 15), summary={"name": "待转"}, proposed_by=cast.users["clerk"],
        proposed_at=AT,
    )  # fmt: skip
    return {"transfer_own": transfer.pk}
