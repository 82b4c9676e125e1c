"""Closing a month: when its last pair is decided a worker looks for the discrepancies, and the person's page answers at once."""

from __future__ import annotations

import datetime as dt
from typing import Final

from cases.matching.review.services import pending_rows
from cases.models import MatchRun
from staff import jobs
from staff.models import Job

CLOSE: Final = "close_run"


def close_if_settled(run: MatchRun, *, at: dt.datetime) -> Job | None:
    """Have a run closed whose pairs were touched and of which nothing waits any more; None for any other."""
    touched = MatchRun.objects.filter(pk=run.pk, state=MatchRun.State.REVIEW)
    return start_closing(run, at=at) if touched.exists() and not pending_rows(run).exists() else None


def start_closing(run: MatchRun, *, at: dt.datetime) -> Job:
    """Have the discrepancies of a run looked for in a job. One that has not begun sees what is decided now: it is
    returned instead."""
    waiting = closing_of(run)
    if waiting is not None and waiting.state == Job.State.QUEUED and not jobs.progress_of(waiting):
        return waiting
    return jobs.start(CLOSE, region_id=run.region_id, arguments={"run": run.pk}, at=at)


def closing_of(run: MatchRun) -> Job | None:
    """The last job that closes a run: it waits or is done now, or has failed and the run was not finished since. One
    query."""
    last = Job.objects.filter(kind=CLOSE, arguments__run=run.pk).order_by("-created_at", "-pk").first()
    if last is None or last.state == Job.State.QUEUED:
        return last
    if last.state != Job.State.FAILED or last.finished_at is None:
        return None
    finished_since = run.finished_at is not None and run.finished_at > last.finished_at
    return None if finished_since else last
