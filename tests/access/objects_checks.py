"""For each child of the cast: a visit of its own that is drawn for a call, one mark, one trace."""

from __future__ import annotations

import datetime as dt
from typing import Any

from cases.models import Child, SpotCheck, Visit, VisitMark, VisitTrace
from tests.access.world import AT, mark
from tests.cast import Cast


def make(cast: Cast, own: Child) -> dict[str, Any]:
    """``check_<child>`` and ``mark_<child>``; the words of another child's are marked."""
    made: dict[str, Any] = {}
    for name, child in cast.children.items():
        common = {"child": child, "region_id": child.region_id}
        visit = Visit.objects.filter(child=child).order_by("pk").first()
        assert visit is not None
        check = SpotCheck.objects.create(
            **common,
            visit=visit,
            visited_by_id=visit.conducted_by_id,
            drawn_at=AT,
            due_date=dt.date(2026, 11, 3),
            words=mark(name),
        )
        found = VisitMark.objects.create(
            **common, visit=visit, code="at_night", detail={"time": "23:40"}, created_at=AT, words=mark(name)
        )
        VisitTrace.objects.create(**common, visit=visit, key=1)
        made |= {f"check_{name}": check.pk, f"mark_{name}": found.pk}
    return made
