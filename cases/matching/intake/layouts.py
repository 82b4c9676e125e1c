"""How a sender's columns are read, remembered: what a clerk has said of a header holds for the next file with it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.utils.translation import gettext as _

from cases.matching.reading.signature import Layout, Layouts
from cases.models import ListImport, ListLayout
from staff.workflow import Actor, TransitionRefused

__all__ = ["Layout", "LayoutRefused", "Layouts", "remember", "remembered"]


class LayoutRefused(TransitionRefused):
    """The columns cannot be read so; the message says why."""


def remembered(*, region_id: int, kind: str) -> Layouts:
    """What the clerks of a region have said of the columns of a kind of list. One query."""
    known = ListLayout.objects.filter(region_id=region_id, kind=kind)
    return {(each.sender, each.signature): Layout.from_json(each.mapping) for each in known}


def remember(
    *,
    actor: Actor,
    at: dt.datetime,
    list_import: ListImport,
    sender: str,
    signature: str,
    columns: Sequence[str],
    ten_thousands: bool,
) -> ListLayout:
    """Keep the field of each column for this sender's lists with this header.

    Raises `LayoutRefused` when a field is named twice, or neither a name nor a number is.
    """
    named = [c for c in columns if c]
    if len(named) != len(set(named)):
        raise LayoutRefused(_("Two columns are taken for the same. Choose one of them."))
    if not {"name", "id_number", "certificate"} & set(named):
        raise LayoutRefused(_("Say which column holds the name or the identity number."))
    layout, _created = ListLayout.objects.update_or_create(
        region_id=list_import.region_id,
        kind=list_import.kind,
        sender=sender,
        signature=signature,
        defaults={
            "mapping": Layout(tuple(columns), ten_thousands).as_json(),
            "user_id": actor.user_id,
            "at": at,
        },
    )
    return layout
