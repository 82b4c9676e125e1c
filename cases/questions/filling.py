"""The concern of visits from before it was kept."""

from __future__ import annotations

from cases.models import Visit
from cases.questions.concern import concern_of_visit
from cases.visits.enums import VisitState

BATCH = 1000


def fill_concerns() -> tuple[int, int]:
    """Work out the concern of every visit in scope that was handed in without one; (looked at, filled).

    Repeating it changes nothing. One query for each thousand visits, and one for what changes among them.
    """
    looked = filled = last = 0
    columns = ("pk", "answers", "problems", "risk", "form_code", "form_version", "concern")
    while True:
        rows = Visit.objects.exclude(state=VisitState.DRAFT).filter(concern="", pk__gt=last).order_by("pk")
        batch = list(rows.only(*columns)[:BATCH])
        if not batch:
            return looked, filled
        last, looked = batch[-1].pk, looked + len(batch)
        for visit in batch:
            visit.concern = concern_of_visit(visit)
        found = [visit for visit in batch if visit.concern]
        Visit.objects.bulk_update(found, ["concern"])
        filled += len(found)
