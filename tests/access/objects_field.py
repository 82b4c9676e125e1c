"""A phone of the director and one of the supervisor."""

from __future__ import annotations

from typing import Any

from cases.models import Child, FieldDevice
from tests.access.world import AT
from tests.cast import TOWNSHIP, VILLAGE, Cast


def make(cast: Cast, own: Child) -> dict[str, Any]:
    def phone(member: str, region: int) -> int:
        return FieldDevice.objects.create(
            user=cast.users[member],
            region_id=region,
            label="Android · Chrome",
            half="x",
            created_at=AT,
            seen_at=AT,
        ).pk

    return {"device_own": phone("director", VILLAGE), "device_supervisor": phone("supervisor", TOWNSHIP)}
