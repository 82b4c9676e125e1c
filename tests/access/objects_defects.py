"""What each child of the cast lacks, marked: a defect with a step, and a leaving that was taken back."""

from __future__ import annotations

import datetime as dt
from typing import Any

from cases.models import Child, Defect, DefectStep, Leaving
from tests.access.world import AT, mark
from tests.cast import START, Cast


def make(cast: Cast, own: Child) -> dict[str, Any]:
    """``defect_<child>``."""
    made: dict[str, Any] = {}
    for name, child in cast.children.items():
        common = {"child": child, "region_id": child.region_id}
        defect = Defect.objects.create(
            **common,
            kind="no_registration",
            state="followed",
            note=mark(name),
            owner=cast.users["director"],
            opened_date=START,
            due_date=START + dt.timedelta(days=60),
        )
        DefectStep.objects.create(**common, defect=defect, date=START, text=mark(name), created_at=AT)
        Leaving.objects.create(
            **common,
            day=START,
            reason_code="08",
            text=mark(name),
            left_at=AT,
            reversed_at=AT,
            reversed_reason="x",
        )
        made[f"defect_{name}"] = defect.pk
    return made
