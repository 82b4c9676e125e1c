"""Long work of list matching: staging, the month's match, and the run that beat starts on the county's
day.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from celery import shared_task
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cases.matching.discrepancies import finish_run
from cases.matching.files import ListFileError
from cases.matching.imports import open_run, stage_received
from cases.matching.match import run_match
from cases.matching.uploads import MATCH, STAGE, is_stale, start_match
from cases.models import ListImport, MatchRun
from staff import jobs, parameters
from staff.models import Job
from staff.models.region import county_of
from staff.scope import system_scope

# What the engine calls its steps, in words.
STEPS = {
    "reading": _("Importing the list"),
    "load": _("Reading lists and register"),
    "houses": _("Grouping households"),
    "pairs": _("Looking for pairs"),
    "judged": _("Comparing names, numbers and dates"),
    "evidence": _("Weighing the evidence"),
    "guards": _("Checking twins and namesakes"),
    "keep": _("Keeping the pairs"),
    "discrepancies": _("Looking for discrepancies"),
}


@jobs.handler(STAGE)
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
    # The match must see this list: a job that runs already may have read the lists before.
    run = MatchRun.objects.get(pk=job.arguments["run"])
    start_match(run, at=timezone.now(), fresh=True)
    return {"rows": staged.rows, "dropped": staged.dropped}


@jobs.handler(MATCH)
def match(job: Job) -> dict[str, Any]:
    """Match a month's lists with the register, then find the discrepancies of the pairs that are certain."""
    started = timezone.now()
    run_id = job.arguments["run"]
    counts = run_match(run_id, progress=lambda done, total, step: jobs.progress(job, done, total + 1, step))
    run = MatchRun.objects.select_related("region").get(pk=run_id)
    jobs.progress(job, 1, 1, "discrepancies")
    run.started_at = started
    run.save(update_fields=["started_at"])
    found = finish_run(run, at=timezone.now())
    return {**counts, "discrepancies": found}


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
    """Whether the run's last job waits, runs, or did not end well."""
    return run.job is not None and run.job.state != Job.State.DONE
