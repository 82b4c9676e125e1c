"""A potential child where each child of the cast lives, marked; and a request of county A."""

from __future__ import annotations

from typing import Any

from cases.models import Child, DataRequest, PotentialChild
from staff.models.region import county_of
from tests.access.world import AT, MONTH, mark
from tests.cast import COUNTY, START, Cast


def make(cast: Cast, own: Child) -> dict[str, Any]:
    """``lead_<child>``, ``lead_visited`` in the director's village, ``request_own``."""
    made: dict[str, Any] = {}
    for name, child in cast.children.items():
        for state in ("found", "visited"):
            lead = PotentialChild.objects.create(
                region_id=child.region_id,
                county=county_of(child.region_id),
                subject=f"{state}{child.pk}".ljust(64, "0"),
                name=mark(name),
                clue=mark(name),
                why=[{"code": "absent", "list_kind": "door", "relation": ""}],
                entered_by=cast.users["clerk"],
                state=state,
                due_date=START,
                created_at=AT,
            )
            if state == "found":
                made[f"lead_{name}"] = lead.pk
            elif child == own:
                made["lead_visited"] = lead.pk
    request = DataRequest.objects.create(
        region_id=COUNTY, kind="police", period=MONTH, purpose="x", basis="x", recipient="x", roles=["child"],
        columns=["name", "id_number"], state="submitted", requested_by=cast.users["clerk"], requested_at=AT,
    )  # fmt: skip
    return made | {"request_own": request.pk}
