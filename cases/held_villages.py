"""Which villages have a director on a day, and which have none; as far as the open scope reads the posts."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict

from django.db.models import Exists, OuterRef, Q

from staff.enums import Role
from staff.models import Assignment, PostRegion
from staff.models.people import AssignmentQuerySet


def _held(on: dt.date) -> AssignmentQuerySet:
    held: AssignmentQuerySet = Assignment.objects.on(on)
    return held.filter(role=Role.DIRECTOR, user__is_active=True)


def without_director(on: dt.date) -> Q:
    """Condition on rows with a ``region_id``: nobody is director of that village on a day."""
    here = _held(on).filter(region_id=OuterRef("region_id"))
    further = PostRegion.objects.filter(
        region_id=OuterRef("region_id"), post_id__in=_held(on).values("post_id")
    )
    return Q(~Exists(here)) & Q(~Exists(further))


def directors(on: dt.date) -> dict[int, list[tuple[int, str]]]:
    """Village → its directors as (id, name), whoever is longest in post first; villages without one are absent.

    Two queries.
    """
    rows = list(
        _held(on).order_by("start_date", "pk").values_list("post_id", "region_id", "user_id", "user__name")
    )
    further: dict[int, list[int]] = defaultdict(list)
    for post, place in PostRegion.objects.filter(post_id__in={row[0] for row in rows}).values_list(
        "post_id", "region_id"
    ):
        further[post].append(place)
    found: dict[int, list[tuple[int, str]]] = defaultdict(list)
    for post, region, user, name in rows:
        for place in (region, *further.get(post, ())):
            found[place].append((user, name))
    return dict(found)
