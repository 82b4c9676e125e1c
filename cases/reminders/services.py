"""One note a person and day. Count words alone: no child is named."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Mapping

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from cases.field.enums import NoteKind
from cases.models import Sweep
from cases.notes.services import send_note
from cases.reminders import selectors
from cases.reminders.selectors import Figures, Seat
from cases.visits.selectors import intervals_for
from staff import parameters
from staff.enums import RegionLevel, Role
from staff.models import Region
from staff.scope import system_scope
from staff.workflow import Actor

COUNTY_WIDTH = 1_000_000
logger = logging.getLogger(__name__)
LANGUAGE = "zh-hans"  # of the words that a task writes


def remind_county(county: int, *, at: dt.datetime) -> int:
    """Remind everybody of a county of their day, in one transaction. Returns how many were told.

    Safe to repeat, also after a worker died: whoever was told on a day is not told again.
    """
    today = timezone.localdate(at)
    ranges = ((county, county + COUNTY_WIDTH - 1),)
    with (
        system_scope(reason="daily reminders", ranges=ranges, lenses=("cases", "staff")),
        override(LANGUAGE),
    ):
        ahead = int(parameters.value(county, "reminder_days", today))
        sweeps = {sweep.pk: sweep for sweep in selectors.sweeps_of_county(county, today)}
        found = selectors.figures(today, intervals_for(county, today), ahead, sweeps.values())
        people: dict[int, list[Seat]] = {}
        for seat in selectors.seats(today):
            people.setdefault(seat.user_id, []).append(seat)
        told = 0
        for user, held in people.items():
            text = words(selectors.of_person(held, found), {one.role for one in held}, sweeps, today, ahead)
            if not text:
                continue
            note = send_note(
                actor=Actor.current(),
                at=at,
                recipient=user,
                kind=NoteKind.REMINDER,
                subject=f"day-{today.isoformat()}-{county}",
                text=text,
            )
            told += note is not None
        return told


def remind_everywhere(*, at: dt.datetime) -> dict[int, int]:
    """Each county in a transaction of its own, so that one failing or large county holds up no other: what failed is
    raised together once all had their turn."""
    counties = Region.objects.in_force(timezone.localdate(at)).filter(level=RegionLevel.COUNTY)
    told: dict[int, int] = {}
    failed: list[Exception] = []
    for county in counties.order_by("pk").values_list("pk", flat=True):
        try:
            told[county] = remind_county(county, at=at)
        except Exception as error:
            logger.exception("The reminders of county %s failed", county)
            error.add_note(f"county {county}")
            failed.append(error)
    if failed:
        raise ExceptionGroup("reminders failed in some counties", failed)
    return told


def words(figures: Figures, roles: set[str], sweeps: Mapping[int, Sweep], today: dt.date, ahead: int) -> str:
    """What a person is told; empty when there is nothing to do."""
    counts = figures.counts
    parts: list[str] = []
    if Role.DIRECTOR in roles:
        if counts["late"]:
            parts.append(
                ngettext("%(n)d visit is overdue", "%(n)d visits are overdue", counts["late"])
                % {"n": counts["late"]}
            )
        if counts["today"]:
            parts.append(
                ngettext("%(n)d visit is due today", "%(n)d visits are due today", counts["today"])
                % {"n": counts["today"]}
            )
        if counts["soon"]:
            text = ngettext(
                "%(n)d more within %(days)d days", "%(n)d more within %(days)d days", counts["soon"]
            )
            parts.append(text % {"n": counts["soon"], "days": ahead})
    for role, code in ((Role.SUPERVISOR, "supervisor"), (Role.CLERK, "county")):
        if role in roles and counts[code]:
            text = ngettext(
                "%(n)d overdue visit has reached you", "%(n)d overdue visits have reached you", counts[code]
            )
            parts.append(text % {"n": counts[code]})
    parts += [
        text
        for pk, (left, everybody) in figures.sweeps.items()
        if everybody and (text := _sweep_words(sweeps[pk], left, everybody, today, ahead))
    ]
    return _("; ").join(parts)


def _sweep_words(sweep: Sweep, left: int, everybody: int, today: dt.date, ahead: int) -> str:
    """On its first day, and when it ends within ``ahead`` days with somebody left."""
    if sweep.start_date == today:
        return _("“%(title)s” begins today: %(n)d children until %(day)s") % {
            "title": sweep.title,
            "n": everybody,
            "day": sweep.end_date.isoformat(),
        }
    if left and (sweep.end_date - today).days <= ahead:
        return _("“%(title)s” ends on %(day)s: %(n)d children are not yet visited") % {
            "title": sweep.title,
            "n": left,
            "day": sweep.end_date.isoformat(),
        }
    return ""
