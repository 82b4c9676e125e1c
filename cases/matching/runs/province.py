"""A run over a province or prefecture: one run a county, each a job of its own for whichever worker is free.

A part reads, computes and writes its county alone, so parts neither wait for one another nor depend on their order or
number of workers. The wider run only counts: whoever finishes the last part finds all others done and closes it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any, Final

from django.db import connection, transaction

from cases.matching.intake import uploads
from cases.matching.intake.cutting import cut_lists
from cases.matching.intake.imports import open_run
from cases.matching.runs import executions
from cases.matching.runs.match import fingerprint, lists_of
from cases.models import MatchExecution, MatchRun
from staff.enums import RegionLevel
from staff.models import Job, Region
from staff.models.region import county_of
from staff.scope import system_scope

# How a county's job that did not end well is called of a run, and a run of an execution.
ENDED: Final = {Job.State.FAILED: MatchRun.State.FAILED, Job.State.CANCELLED: MatchRun.State.CANCELLED}
UNDONE: Final = {
    MatchRun.State.FAILED: MatchExecution.State.FAILED,
    MatchRun.State.CANCELLED: MatchExecution.State.CANCELLED,
}
SUMMED: Final = ("rows", "children", "people", "auto", "review", "auto_rows", "review_rows", "auto_children")


def split(run: MatchRun, *, at: dt.datetime, execution: MatchExecution | None = None) -> list[MatchRun]:
    """Cut the lists of a wider run and start the match of each county; returns their runs. A county whose match waits is
    not started twice unless its lists have changed, so a worker that died here may simply begin again."""
    with transaction.atomic():
        execution = execution or executions.begin(run, at=at)
        lists = lists_of(run)
        execution.lists = [
            {"id": e.pk, "name": e.name, "kind": e.kind, "sha256": e.sha256, "rows": e.row_count}
            for e in lists
        ]
        execution.save(update_fields=["lists"])
        senders = (code for each in lists for code in (*each.senders, str(each.region_id)))
        found = counties(run.region, senders)
        changed = cut_lists(run, lists, found, at=at)
        parts = []
        for county in sorted({*found, *changed}):
            part = open_run(region_id=county, period=run.period)
            if part.part_of_id != run.pk:
                part.part_of = run
                part.save(update_fields=["part_of"])
            uploads.start_match(part, at=at, fresh=county in changed)
            parts.append(part)
        # Last: whoever ends a county's match locks the county's run before this one.
        run.state, run.started_at = MatchRun.State.RUNNING, at
        run.save(update_fields=["state", "started_at"])
    if not parts:
        gather(run, at=at)
    return parts


def counties(region: Region, senders: Iterable[str] = ()) -> list[int]:
    """The counties of a region that have children on the register or sent lists, in order."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT region_code / 1000000 * 1000000 FROM cases_child "
            "WHERE region_code BETWEEN %s AND %s AND left_date IS NULL",
            [region.lo, region.hi],
        )
        found = {int(code) for (code,) in cursor.fetchall()}
    found |= {county_of(int(code)) for code in senders if code.isdigit()}
    known = Region.objects.below(region, RegionLevel.COUNTY).filter(pk__in=found)
    return list(known.values_list("code", flat=True))


def gather_above(part: MatchRun, *, at: dt.datetime) -> None:
    """Add up the run that this one is a part of. The people of a county do not see it, so it is done for them."""
    if part.part_of_id is None:
        return
    with system_scope(reason="add up the counties of a wider run", log=False):
        gather(MatchRun.objects.get(pk=part.part_of_id), at=at)


def gather(run: MatchRun, *, at: dt.datetime) -> bool:
    """Add up the parts of a wider run; True when all are over, and the run with them. Safe to call any time.

    A part that failed or was cancelled is over, and the whole is then what it is, until the part is matched again.
    """
    with transaction.atomic():
        locked = MatchRun.objects.select_for_update(of=("self",)).select_related("region").get(pk=run.pk)
        parts = list(MatchRun.objects.filter(part_of=locked).select_related("job").order_by("region_id"))
        ready = [p for p in parts if p.state in (MatchRun.State.REVIEW, MatchRun.State.DONE)]
        locked.counts = summed(parts) | {"parts": len(parts), "parts_done": len(ready)}
        states = {_state_of(part) for part in parts}
        # A run that is queued is to be split again: its parts are those of the time before.
        over = None not in states and locked.state != MatchRun.State.QUEUED
        if over:
            order = (MatchRun.State.FAILED, MatchRun.State.CANCELLED, MatchRun.State.REVIEW)
            locked.state = next((each for each in order if each in states), MatchRun.State.DONE)
            locked.finished_at = at
            locked.fingerprint = fingerprint(lists_of(locked), executions.settings_today(locked.region))
            last = MatchExecution.objects.filter(run=locked, repeats=None).order_by("-number")[:1]
            open_ones = MatchExecution.objects.exclude(state=MatchExecution.State.DONE)
            open_ones.filter(pk__in=last.values_list("pk", flat=True)).update(
                state=UNDONE.get(locked.state, MatchExecution.State.DONE),
                finished_at=at,
                counts=locked.counts,
                fingerprint=locked.fingerprint,
            )
        locked.save(update_fields=["counts", "state", "finished_at", "fingerprint"])
    return over


def _state_of(part: MatchRun) -> str | None:
    """How the match of a county ended; None while it waits or runs."""
    if part.state != MatchRun.State.QUEUED:
        return part.state
    return ENDED.get(Job.State(part.job.state)) if part.job is not None else None


def summed(parts: Iterable[MatchRun]) -> dict[str, Any]:
    """The counts of the parts together."""
    total: dict[str, Any] = dict.fromkeys(SUMMED, 0)
    for part in parts:
        for name in SUMMED:
            total[name] += int(part.counts.get(name, 0))
    return total
