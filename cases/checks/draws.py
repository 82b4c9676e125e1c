"""Drawing visits at the door, special ones among them, for a call to the family (电话抽查): when, by what chance. The chance
itself is pure.

A visit is drawn in the moment it is accepted, by the machine's own random source: the visitor cannot know before, and
whoever reviews it can neither choose nor try again, because a visit is accepted once.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Callable, Iterable

from django.db.models import Count, Max, Min
from django.utils import timezone

from cases.models import SpotCheck, Visit
from cases.visits.enums import FACE_TO_FACE, VisitState
from staff import parameters
from staff.calendar import add_working_days
from staff.holidays import overrides

ACCEPTED = (VisitState.APPROVED, VisitState.ESCALATED)
DAYS_OF_MONTH = 30
FEWEST = 1 / 14  # door visits a day that are expected of somebody with hardly any so far
Random = Callable[[], float]  # a number from 0 to below 1
_random: Random = secrets.SystemRandom().random


def chance(*, share: float, days: int, since: int, visits: int) -> float:
    """With what chance a visitor's next door visit is drawn, 0 to 1.

    At least ``share``; and such that one is drawn within ``days`` days, each visit of them alike: one in as many as are
    still to be expected. ``since``: days since the last draw, or since the first visit when there was none; ``visits``:
    the visitor's accepted door visits of the last ``days`` days, from which the coming ones are expected.
    """
    a_day = max(visits / days, FEWEST) if days else FEWEST
    expected = a_day * max(days - since, 0)
    return min(max(share, 1 / (1 + expected)), 1.0)


def draw_checks(visits: Iterable[Visit], *, at: dt.datetime, random: Random = _random) -> list[SpotCheck]:
    """Draw from door visits of one county that are being accepted now; each is asked about once.

    ``random`` is given by tests alone. At most five queries, however many visits; two when there is no door visit.
    """
    door = [visit for visit in visits if visit.kind in FACE_TO_FACE]
    if not door:
        return []
    today = timezone.localdate(at)
    keys = ("spot_check_share", "spot_check_months", "spot_check_working_days")
    share, months, working_days = parameters.values(door[0].region_id, keys, today).values()
    if share <= 0:
        return []
    past = _past(door, at, months * DAYS_OF_MONTH)
    drawn = []
    for visit in door:
        begun, count = past.get(visit.conducted_by_id, (at, 0))
        since = (at - begun).days
        if random() < chance(share=share, days=months * DAYS_OF_MONTH, since=since, visits=count):
            drawn.append(visit)
            begun = at
        past[visit.conducted_by_id] = (begun, count + 1)
    if not drawn:
        return []
    due = add_working_days(today, working_days, overrides())
    return SpotCheck.objects.bulk_create(
        SpotCheck(
            visit=visit,
            child_id=visit.child_id,
            region_id=visit.region_id,
            visited_by_id=visit.conducted_by_id,
            drawn_at=at,
            due_date=due,
        )
        for visit in drawn
    )


def _past(visits: list[Visit], at: dt.datetime, days: int) -> dict[int, tuple[dt.datetime, int]]:
    """Visitor → since when they wait for a draw, and their door visits accepted within so many days. Two queries."""
    start = at - dt.timedelta(days=days)
    people = {visit.conducted_by_id for visit in visits}
    draws = SpotCheck.objects.filter(visited_by_id__in=people, drawn_at__gt=start).order_by()
    last = dict(draws.values_list("visited_by_id").annotate(Max("drawn_at")))
    accepted = (
        Visit.objects.filter(
            conducted_by_id__in=people, kind__in=FACE_TO_FACE, state__in=ACCEPTED, reviewed_at__gt=start
        )
        .exclude(pk__in=[visit.pk for visit in visits])
        .order_by()
    )
    rows = accepted.values_list("conducted_by_id").annotate(Min("reviewed_at"), Count("pk"))
    return {person: (last.pop(person, first), count) for person, first, count in rows} | {
        person: (when, 0) for person, when in last.items()
    }
