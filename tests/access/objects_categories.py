"""Circumstances of the child 林小满, and marked ones of the other children."""

from __future__ import annotations

import datetime as dt
from typing import Any

from cases.models import Child, DisabilityCard, Illness, ParentAbsence
from tests.cast import Cast

DAY = dt.date(2026, 3, 1)


def make(cast: Cast, own: Child) -> dict[str, Any]:
    """One absence, card and illness of every child, told apart by the child's mark."""
    from tests.access.world import mark

    made: dict[str, Any] = {"what_absence": "absence"}
    for name, child in cast.children.items():
        place = {"child": child, "region_id": child.region_id, "start_date": DAY}
        absence = ParentAbsence.objects.create(
            **place, parent="father", destination=mark(f"absence-{name}"), note=mark(f"note-{name}")
        )
        card = DisabilityCard.objects.create(**place, number=mark(f"card-{name}"), kind="4", level=3)
        illness = Illness.objects.create(**place, diagnosis=mark(f"illness-{name}"))
        if child.pk == own.pk:
            made |= {"absence": absence.pk, "card": card.pk, "illness": illness.pk}
    return made
