"""Which transfers a person has to decide, has proposed, or looks back at."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q, QuerySet

from cases.circumstances.enums import TransferState
from cases.models import Transfer
from staff.scope import current

PAGE = 30
COUNTED = 1000
TO_DECIDE, OURS, PAST = "decide", "ours", "past"
VIEWS = (TO_DECIDE, OURS, PAST)


@dataclass(frozen=True)
class TransferPage:
    rows: list[Transfer]
    older: int | None  # key to go on from


def _inside(field: str) -> Q:
    inside = Q(pk__in=[])
    for low, high in current().ranges:
        inside |= Q(**{f"{field}__gte": low, f"{field}__lte": high})
    return inside


def with_places(found: QuerySet[Transfer]) -> QuerySet[Transfer]:
    """Both ends up to the province, and who proposed and decided: one query, never the child, which may be out of sight."""
    above = "parent__parent__parent__parent"
    return found.select_related(f"region__{above}", f"to_region__{above}", "proposed_by", "decided_by")


def transfers_of(view: str) -> QuerySet[Transfer]:
    """Those of one of VIEWS, newest first."""
    found = with_places(Transfer.objects.order_by("-pk"))
    if view == PAST:
        return found.exclude(state=TransferState.PROPOSED)
    pending = found.filter(state=TransferState.PROPOSED)
    return pending.filter(_inside("to_region" if view == TO_DECIDE else "region"))


def page_of(view: str, older_than: int | None = None) -> TransferPage:
    """One page by key."""
    found = transfers_of(view)
    if older_than is not None:
        found = found.filter(pk__lt=older_than)
    rows = list(found[: PAGE + 1])
    return TransferPage(rows[:PAGE], rows[PAGE - 1].pk if len(rows) > PAGE else None)


def count_of(view: str) -> int:
    """How many, counted up to COUNTED."""
    return transfers_of(view).order_by().select_related(None)[:COUNTED].count()


def open_transfer(child_id: int) -> Transfer | None:
    """The proposal that waits for a decision about a child."""
    return (
        Transfer.objects.filter(child_id=child_id, state=TransferState.PROPOSED)
        .select_related("to_region__parent")
        .first()
    )
