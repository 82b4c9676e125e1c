"""Long work of list matching: staging, the month's match, and the run that beat starts on the county's
day.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from celery import shared_task
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cases.matching.discrepancies.closing import CLOSE
from cases.matching.discrepancies.services import close_run, finish_run
from cases.matching.intake.imports import open_run, stage_received
from cases.matching.intake.uploads import MATCH, STAGE, is_stale, start_match, waiting_match
from cases.matching.reading.files import ListFileError
from cases.matching.runs import candidates, executions, province
from cases.matching.runs.data import is_wide
from cases.matching.runs.match import run_match
from cases.models import ListImport, MatchExecution, MatchRun
from staff import jobs, parameters
from staff.models import Job
from staff.models.region import county_of
from staff.scope import system_scope

# What a run calls its steps, in words.
STEPS = {
    "reading": _("Importing the list"),
    "rows": _("Opening the lists"),
    "people": _("Reading the register"),
    "register": _("Preparing the register"),
    "lists": _("Reading names, numbers and dates"),
    "pairs": _("Looking for pairs"),
    "evidence": _("Weighing the evidence"),
    "candidates": _("Checking twins and namesakes"),
    "adults": _("Looking for parents and guardians"),
    "keep": _("Keeping the pairs"),
    "discrepancies": _("Looking for discrepancies"),
}


def ended(job: Job, state: str) -> None:
    """A job of a run has failed or was cancelled: so has its execution, and a wider run need not wait for it."""
    executions.ended(job, state)
    run = MatchRun.objects.filter(pk=job.arguments["run"]).first()
    if run is not None:
        province.gather_above(run, at=timezone.now())


@jobs.handler(STAGE, ended=ended)
def stage(job: Job) -> dict[str, Any]:
    """Stage a confirmed list and have its month matched. Repeating it changes nothing."""
    list_import = ListImport.objects.select_related("region", "file").get(pk=job.arguments["list_import"])
    total = list_import.row_count
    try:
        staged = stage_received(
            list_import, progress=lambda done, _total, step: jobs.progress(job, done, total, step)
        )
    except ListFileError as error:
        raise jobs.JobError(str(error)) from error
    # The match must see this list: a job that runs already may have read the lists before. One that has not begun
    # leaves the work to this one (`match`), so that many files make one match.
    run = MatchRun.objects.get(pk=job.arguments["run"])
    start_match(run, at=timezone.now(), fresh=True)
    return {"rows": staged.rows, "dropped": staged.dropped}


@jobs.handler(MATCH, ended=ended)
def match(job: Job) -> dict[str, Any]:
    """Match a month's lists with the register, then find the discrepancies of the pairs that are certain.

    Does nothing when a later job waits to match the month: that one reads the lists of this one too.
    """
    try:
        return _match(job)
    except ListFileError as error:
        raise jobs.JobError(str(error)) from error


def _match(job: Job) -> dict[str, Any]:
    started = timezone.now()
    run_id = job.arguments["run"]
    run = MatchRun.objects.select_related("region", "job").get(pk=run_id)
    execution = MatchExecution.objects.filter(pk=job.arguments.get("execution")).first()
    repeats = execution is not None and execution.repeats_id is not None
    if not repeats and (later := _later(run, job)) is not None:
        executions.leave(execution, later)
        return {"left_to": str(later.pk)}
    if is_wide(run):
        return {"parts": len(province.split(run, at=started, execution=execution))}
    counts = run_match(
        run_id,
        execution=execution,
        progress=lambda done, total, step: jobs.progress(job, done, total + 1, step),
    )
    if repeats:
        return counts
    run = MatchRun.objects.select_for_update(of=("self",)).select_related("region").get(pk=run_id)
    jobs.progress(job, len(STEPS) - 1, len(STEPS), "discrepancies")
    run.started_at = started
    run.save(update_fields=["started_at"])
    found = finish_run(run, at=timezone.now())
    candidates.prune(run)
    if run.job_id not in (None, job.pk):
        # Another list was added meanwhile: the month is not done before that is matched.
        MatchRun.objects.filter(pk=run.pk).update(state=MatchRun.State.QUEUED)
    else:
        province.gather_above(run, at=timezone.now())
    return {**counts, "discrepancies": found}


@jobs.handler(CLOSE)
def close(job: Job) -> dict[str, Any]:
    """Look for the discrepancies of a run as it is decided now. Repeating it changes nothing; while the month is matched
    it is left to the match, which ends with it."""
    run = (
        MatchRun.objects.select_for_update(of=("self",)).select_related("region").get(pk=job.arguments["run"])
    )
    if waiting_match(run) is not None:
        return {}
    jobs.progress(job, 0, 1, "discrepancies")
    try:
        return {"discrepancies": close_run(run, at=timezone.now())}
    except ListFileError as error:
        raise jobs.JobError(str(error)) from error


def _later(run: MatchRun, job: Job) -> Job | None:
    """The job that waits to match the run in this one's stead: the run names the last one that was started."""
    last = run.job
    waits = last is not None and last.kind == MATCH and last.state == Job.State.QUEUED
    return last if waits and last != job else None


@shared_task(name="cases.matching.tasks.start_monthly_runs", ignore_result=True)
def start_monthly_runs(on: str = "") -> list[int]:
    """Start the month's match in every county whose day of the month has come; returns the runs that were
    started.

    ``on`` is a day as 2026-10-10, default today. Only lists that have not been matched start a run, so a
    second call
    changes nothing. A run that failed is left to a person.
    """
    day = dt.date.fromisoformat(on) if on else timezone.localdate()
    period = day.replace(day=1)
    started: list[int] = []
    with system_scope(reason="start the month's list matching", log=False):
        staged = ListImport.objects.filter(period=period, state=ListImport.State.STAGED)
        counties = sorted(
            {county_of(code) for code in staged.order_by().values_list("region_id", flat=True).distinct()}
        )
        for county in counties:
            if day.day < int(parameters.value(county, "match_day", day)):
                continue
            run = open_run(region_id=county, period=period)
            if _in_hand(run) or not is_stale(run):
                continue
            start_match(run, at=timezone.now())
            started.append(run.pk)
    return started


def _in_hand(run: MatchRun) -> bool:
    """Whether the run's last job, or that of one of its counties, waits, runs, or did not end well."""
    if run.state in (MatchRun.State.RUNNING, MatchRun.State.FAILED, MatchRun.State.CANCELLED):
        return True
    return run.job is not None and run.job.state != Job.State.DONE
