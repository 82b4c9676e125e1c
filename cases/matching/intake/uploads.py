"""From a list that was taken in to a month's run: confirmation, and the jobs that stage and match."""

from __future__ import annotations

import datetime as dt
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from cases.matching.exchanges import services as exchanges
from cases.matching.intake import imports
from cases.matching.intake import services as intake
from cases.matching.runs import executions
from cases.matching.runs.data import is_wide
from cases.matching.runs.match import fingerprint, lists_of
from cases.models import ListImport, MatchExecution, MatchRun
from staff import jobs
from staff.models import Job
from staff.workflow import Actor, TransitionRefused

STAGE: Final = imports.STAGE
MATCH: Final = "match_lists"


class UploadRefused(TransitionRefused):
    """The list cannot be taken; the message says why."""


def confirm_list(
    *, actor: Actor, at: dt.datetime, list_import: ListImport, replaces: ListImport | None = None
) -> MatchRun:
    """Stage the list in a job, and match the month afterwards. Confirming again starts nothing new.

    ``replaces``: the staged list of the same kind and month that this one corrects; its rows count no more, and
    what people decided about the same persons holds.
    """
    intake.check_duty(actor)
    with transaction.atomic():
        locked = ListImport.objects.select_for_update(of=("self",)).get(pk=list_import.pk)
        run = imports.open_run(region_id=locked.region_id, period=locked.period)
        if locked.state != ListImport.State.PREVIEW or imports.is_importing(locked):
            return run
        locked.replaces = None
        if replaces is not None:
            locked.replaces = ListImport.objects.select_for_update(of=("self",)).get(pk=replaces.pk)
            _check_replaced(locked, locked.replaces)
        locked.save(update_fields=["replaces"])
        if not intake.is_certain(locked):
            raise UploadRefused(_("Say first what the columns of the list hold."))
        if (same := imports.same_rows(locked)) is not None:
            raise UploadRefused(imports.already_there(same))
        job = jobs.start(
            STAGE, region_id=locked.region_id, arguments={"list_import": locked.pk, "run": run.pk}, at=at
        )
        _queue(run, job)
    return run


def _check_replaced(list_import: ListImport, replaced: ListImport) -> None:
    same = all(
        getattr(list_import, name) == getattr(replaced, name) for name in ("region_id", "kind", "period")
    )
    if not same or replaced.state != ListImport.State.STAGED or replaced.part_of_id is not None:
        raise UploadRefused(_("The list to be replaced is no longer one of the month's. Reload the page."))


def replaceable(list_import: ListImport) -> list[ListImport]:
    """The staged lists of the same region, kind and month, which an upload may correct. One query."""
    staged = ListImport.objects.filter(
        region_id=list_import.region_id,
        kind=list_import.kind,
        period=list_import.period,
        state=ListImport.State.STAGED,
        part_of=None,
    )
    return list(staged.exclude(pk=list_import.pk).order_by("created_at", "pk"))


def withdraw_list(*, actor: Actor, at: dt.datetime, list_import: ListImport) -> MatchRun:
    """Take a staged list out of the month, for instance one of another month: the month is matched again without it.

    The list waits to be confirmed again or taken back; a list that it had replaced counts again.
    """
    intake.check_duty(actor)
    with transaction.atomic():
        locked = ListImport.objects.select_for_update(of=("self",)).get(pk=list_import.pk)
        if locked.state != ListImport.State.STAGED:
            raise UploadRefused(_("The list is not one of the month's."))
        if locked.part_of_id is not None:
            raise UploadRefused(
                _("The list came for several counties. Ask the office that imported it to take it out.")
            )
        if locked.replaces_id is not None:
            before = ListImport.objects.filter(pk=locked.replaces_id, state=ListImport.State.REPLACED)
            before.update(state=ListImport.State.STAGED)
        # When it is confirmed again, it is said again what it corrects.
        locked.state, locked.replaces = ListImport.State.PREVIEW, None
        locked.save(update_fields=["state", "replaces"])
        run = imports.open_run(region_id=locked.region_id, period=locked.period)
        start_match(run, at=at, fresh=True)
    return run


def discard_list(*, actor: Actor, at: dt.datetime, list_import: ListImport) -> None:
    """Take back an upload that has not been confirmed, or was withdrawn. The stored file stays, as every file that
    came in does; a request that it answered waits for an answer again.
    """
    intake.check_duty(actor)
    with transaction.atomic():
        locked = ListImport.objects.select_for_update(of=("self",)).get(pk=list_import.pk)
        if locked.state != ListImport.State.PREVIEW or locked.replaced_by.exists():
            raise UploadRefused(_("The list has been imported already."))
        if imports.is_importing(locked):
            raise UploadRefused(imports.being_imported())
        answered = locked.request
        locked.delete()
        if answered is not None:
            exchanges.lose_answer(answered, at=at, actor=actor)


def start_match(run: MatchRun, *, at: dt.datetime, fresh: bool = False) -> Job:
    """Match the month in a job. A job that waits or runs is returned instead, unless ``fresh``: a list was
    added since. The new job then does the work of one that has not begun, in its execution.
    """
    with transaction.atomic():
        locked = MatchRun.objects.select_for_update(of=("self",)).get(pk=run.pk)
        waiting = waiting_match(locked)
        if waiting is not None and not fresh:
            return waiting
        execution = None
        if waiting is not None and not jobs.progress_of(waiting):
            execution = MatchExecution.objects.filter(
                pk=waiting.arguments.get("execution"), state=MatchExecution.State.RUNNING
            ).first()
        execution = execution or executions.begin(locked, at=at)
        job = _start(locked, execution, at)
        _queue(locked, job)
    return job


def repeat_match(*, actor: Actor, at: dt.datetime, execution: MatchExecution) -> MatchExecution:
    """Match once more what an execution matched, with its settings; the run keeps the pairs that it has.

    The result stands beside the first, to be compared: it differs where the register has changed since.
    """
    intake.check_duty(actor)
    if is_wide(execution.run):
        raise UploadRefused(
            _(
                "Several counties were matched, each by itself. Repeat the time of the county that you ask about."
            )
        )
    with transaction.atomic():
        if execution.state != MatchExecution.State.DONE:
            raise UploadRefused(_("Only a time that ended well can be repeated."))
        repetition = executions.begin(execution.run, at=at, repeats=execution)
        _start(execution.run, repetition, at)
    return repetition


def _start(run: MatchRun, execution: MatchExecution, at: dt.datetime) -> Job:
    return jobs.start(
        MATCH, region_id=run.region_id, arguments={"run": run.pk, "execution": execution.pk}, at=at
    )


def waiting_match(run: MatchRun) -> Job | None:
    """The job that waits to match a run, or does so now, if there is one. Repetitions do not count."""
    waiting = Job.objects.filter(kind=MATCH, arguments__run=run.pk, state=Job.State.QUEUED)
    repetitions = MatchExecution.objects.filter(run=run, repeats__isnull=False, state="running")
    ids = list(repetitions.values_list("pk", flat=True))
    return next((job for job in waiting if job.arguments.get("execution") not in ids), None)


def cancel_run(run: MatchRun) -> bool:
    """Ask the work of a run to stop, staging or matching, waiting or begun; False when there is none."""
    runs = [run.pk, *run.parts.values_list("pk", flat=True)]
    found = list(Job.objects.filter(kind__in=[STAGE, MATCH], arguments__run__in=runs, state=Job.State.QUEUED))
    for job in found:
        jobs.cancel(job)
    return bool(found)


def is_stale(run: MatchRun) -> bool:
    """Whether the month's lists or the rules have changed since the run, and something is there to match."""
    lists = lists_of(run)
    settings = executions.settings_today(run.region)
    return bool(lists) and run.fingerprint != fingerprint(lists, settings)


def _queue(run: MatchRun, job: Job) -> None:
    run.job, run.state = job, MatchRun.State.QUEUED
    run.save(update_fields=["job", "state"])
