"""Rows about children whose file went to another county: what was decided and paid stays readable where it was."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from django.db.models import Model, QuerySet

from cases.circumstances.enums import TransferState
from cases.models import Child, Transfer

M = TypeVar("M", bound=Model)


def of_one_child(rows: QuerySet[M]) -> list[M]:
    """Rows of one child, with it: one query while its file is in scope, else as :func:`attach_children`."""
    return list(rows.select_related("child")) or attach_children(rows)


def attach_children(rows: Iterable[Any]) -> list[Any]:
    """Set ``child`` on rows with a ``child_id``, which a join would hide where the file is no longer in scope.

    Of a child that was transferred only the name of its transfer is known, and where it is now. At most two queries.
    """
    listed = list(rows)
    about = [row for row in listed if row.child_id is not None]
    wanted = {row.child_id for row in about}
    found: dict[int, Child] = Child.objects.in_bulk(wanted)
    if gone := wanted - found.keys():
        told = Transfer.objects.filter(child_id__in=gone, state=TransferState.ACCEPTED).order_by("pk")
        for child_id, summary, region_id in told.values_list("child_id", "summary", "to_region_id"):
            found[child_id] = Child(pk=child_id, name=summary.get("name", ""), region_id=region_id)
    for row in about:
        row.child = found.get(row.child_id) or Child(pk=row.child_id)
    return listed


def paid_elsewhere(child_id: int) -> list[Transfer]:
    """Transfers that brought the child here from a county that had paid it, latest first; no amounts."""
    return list(
        Transfer.objects.filter(child_id=child_id, state=TransferState.ACCEPTED, counts__has_key="paid_until")
        .select_related("region__parent__parent")
        .order_by("-decided_at", "-pk")
    )
