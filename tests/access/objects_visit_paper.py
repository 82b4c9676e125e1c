"""A stack of sheets for the director's village."""

from __future__ import annotations

import datetime as dt
from typing import Any

from cases.models import Child, VisitStack
from tests.cast import Cast

AT = dt.datetime(2026, 10, 20, 9, 40, tzinfo=dt.UTC)


def make(cast: Cast, own: Child) -> dict[str, Any]:
    """Its key: ``stack_own``."""
    stack = VisitStack.objects.create(
        region_id=own.region_id,
        form_code="regular",
        form_version=1,
        day=AT.date(),
        children=[own.pk],
        conducted_by=cast.users["director"],
        opened_by=cast.users["supervisor"],
        opened_at=AT,
    )
    return {"stack_own": stack.pk}
