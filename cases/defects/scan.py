"""The nightly look at whole counties, and handing over what a person who left their post was responsible for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from cases.defects import services as defects
from cases.defects.facts import Duty
from cases.models import Defect
from staff.enums import RegionLevel
from staff.models import Assignment, Region, User
from staff.posts import on_access_end
from staff.scope import Range, merge, system_scope
from staff.workflow import Actor

COUNTY_WIDTH = 1_000_000
LANGUAGE = "zh-hans"  # of the words that a task writes into the register

HAND_OVER = """
    UPDATE cases_defect SET owner_id = given.owner
    FROM unnest(%s::bigint[], %s::bigint[]) AS given (id, owner) WHERE cases_defect.id = given.id
"""
NOTE_HANDOVER = """
    INSERT INTO cases_defectstep (defect_id, child_id, region_code, date, text, created_at)
    SELECT cases_defect.id, child_id, region_code, %s, given.text, %s
    FROM unnest(%s::bigint[], %s::text[]) AS given (id, text) JOIN cases_defect ON cases_defect.id = given.id
"""


@dataclass(frozen=True)
class Scanned:
    """What one night did in one county."""

    followed: defects.Followed
    handed_over: int


def scan_county(county: int, *, at: dt.datetime) -> Scanned:
    """Open what children of the county lack, settle what is on record, hand over. Safe to repeat; set-based: the number
    of queries does not grow with the number of children.
    """
    ranges = ((county, county + COUNTY_WIDTH - 1),)
    with (
        system_scope(reason="nightly look for defects", ranges=ranges, lenses=("cases", "staff")),
        override(LANGUAGE),
    ):
        followed = defects.follow_register(None, at=at, actor=Actor.current())
        return Scanned(followed, hand_over(at=at))


def scan_everywhere(*, at: dt.datetime) -> dict[int, Scanned]:
    """Each county in a transaction of its own, so that one failing or large county holds up no other."""
    today = timezone.localdate(at)
    counties = Region.objects.in_force(today).filter(level=RegionLevel.COUNTY).order_by("pk")
    return {county: scan_county(county, at=at) for county in counties.values_list("pk", flat=True)}


def hand_over(*, at: dt.datetime) -> int:
    """Give every live defect of the open scope whose owner's post no longer covers the village to who answers for it
    now; each gets a step that says so. Returns how many. Nobody to take it leaves it without an owner.
    """
    on = timezone.localdate(at)
    rows = list(
        Defect.objects.filter(state__in=defects.LIVE)
        .order_by("pk")
        .values_list("pk", "region_id", "owner_id")
    )
    if not rows:
        return 0
    duty = Duty({region for _pk, region, _owner in rows}, on)
    allowed = {region: frozenset(duty.people(region)) for region in {region for _pk, region, _owner in rows}}
    moves = [
        (pk, duty.owner(region), owner)
        for pk, region, owner in rows
        if (owner is None or owner not in allowed[region]) and duty.owner(region) != owner
    ]
    if not moves:
        return 0
    names = dict(
        User.objects.filter(
            pk__in={user for _pk, new, old in moves for user in (new, old) if user}
        ).values_list("pk", "name")
    )
    _write(moves, names, on, at)
    return len(moves)


def _write(
    moves: Sequence[tuple[int, int | None, int | None]], names: dict[int, str], on: dt.date, at: dt.datetime
) -> None:
    nobody = _("nobody")
    texts = [
        _("Handed over from %(former)s to %(name)s.")
        % {"former": names.get(old or 0, nobody), "name": names.get(new or 0, nobody)}
        for _pk, new, old in moves
    ]
    keys = [pk for pk, _new, _old in moves]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(HAND_OVER, [keys, [new for _pk, new, _old in moves]])
        cursor.execute(NOTE_HANDOVER, [on, at, keys, texts])


@on_access_end
def hand_over_of(assignment: Assignment, at: dt.datetime) -> None:
    """Access of an assignment has just stopped: what its holder was responsible for goes to the next."""
    ranges: list[Range] = merge(assignment.post.ranges())
    with system_scope(
        reason="hand over defects of an ended assignment", ranges=ranges, lenses=("cases", "staff"), log=False
    ):
        hand_over(at=at)
