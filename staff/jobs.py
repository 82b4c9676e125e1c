"""Long work: one row that says what is to be done, progress in Redis, the outcome in the work's own transaction.

A handler is a function registered with :func:`handler`; it gets the job and reports through ``job_progress``. It runs in
one transaction under the scope of the person who asked, so a worker that dies leaves nothing half-done; the job is then
started again, by Celery (``acks_late``) or by the sweep that beat runs every minute. An advisory lock keeps two workers
from doing the same job at once.
"""

from __future__ import annotations

import datetime as dt
import traceback
import uuid
from collections.abc import Callable
from typing import Any

from celery import shared_task
from django.core.cache import cache
from django.db import InterfaceError, OperationalError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from staff import scope
from staff.models import Job
from staff.scope import open_scope, system_scope

Handler = Callable[[Job], dict[str, Any]]
HANDLERS: dict[str, Handler] = {}
TITLES: dict[str, Any] = {}
Ended = Callable[[Job, str], None]
ENDED: dict[str, Ended] = {}
KEPT_SECONDS = 24 * 3600
SILENT_AFTER = dt.timedelta(seconds=60)
MAX_ATTEMPTS = 5


class Cancelled(Exception):
    """Someone asked to stop; the transaction is rolled back."""


class JobError(Exception):
    """The work cannot be done; the message is for the user and names the remedy."""


def handler(kind: str, title: Any = "", ended: Ended | None = None) -> Callable[[Handler], Handler]:
    """Register the function that does jobs of this kind; ``title`` says on the progress page what is being done.

    ``ended(job, state)`` is told of a job that failed or was cancelled, after all that it wrote was rolled back.
    """

    def register(function: Handler) -> Handler:
        HANDLERS[kind] = function
        TITLES[kind] = title
        if ended is not None:
            ENDED[kind] = ended
        return function

    return register


def title(kind: str) -> str:
    """What a kind of work is called on the progress page."""
    return str(TITLES.get(kind) or _("Work in progress"))


def start(
    kind: str, *, region_id: int, arguments: dict[str, Any], at: dt.datetime, done_url: str = ""
) -> Job:
    """Write the job and hand it to a worker once the transaction commits."""
    active = scope.current()
    job = Job.objects.create(
        kind=kind,
        region_id=region_id,
        user_id=active.user_id or None,
        assignment_id=active.assignment_id,
        arguments=arguments,
        created_at=at,
        done_url=done_url,
    )
    transaction.on_commit(lambda: run_job.delay(str(job.pk)))
    return job


def progress(job: Job, done: int, total: int, text: str = "") -> None:
    """Say how far the work is; raises Cancelled when somebody asked to stop. Seen at once, outside the transaction."""
    cache.set(
        _key(job.pk),
        {"done": done, "total": total, "text": text, "at": timezone.now().timestamp()},
        KEPT_SECONDS,
    )
    if cache.get(f"{_key(job.pk)}:cancel"):
        raise Cancelled


def progress_of(job: Job) -> dict[str, Any]:
    """``done``, ``total``, ``text``, ``at``; empty before the first report."""
    return cache.get(_key(job.pk)) or {}


def cancel(job: Job) -> None:
    """Ask a running or waiting job to stop."""
    cache.set(f"{_key(job.pk)}:cancel", True, KEPT_SECONDS)


def _key(job_id: uuid.UUID) -> str:
    return f"job:{job_id}"


@shared_task(name="staff.jobs.run_job", acks_late=True, reject_on_worker_lost=True, ignore_result=True)
def run_job(job_id: str) -> None:
    """Do one job. Safe to call twice: a finished job or one that is being done is left alone."""
    with system_scope(reason="find the job to do", log=False):
        job = Job.objects.filter(pk=job_id, state=Job.State.QUEUED).first()
        if job is None:
            return
        Job.objects.filter(pk=job.pk).update(attempts=job.attempts + 1)
    try:
        with open_scope(_scope(job)):
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [f"job {job.pk}"])
                if not cursor.fetchone()[0]:
                    return
            if not Job._base_manager.filter(pk=job.pk, state=Job.State.QUEUED).exists():
                return
            progress(job, 0, 0)
            with override("zh-hans"):
                result = HANDLERS[job.kind](job)
            _finish(job, Job.State.DONE, result=result)
    except Cancelled:
        _settle(job, Job.State.CANCELLED)
    except JobError as error:
        _settle(job, Job.State.FAILED, error=str(error))
    except (OperationalError, InterfaceError):
        # The database went away, and with it all that was written: the sweep has the work begun again.
        traceback.print_exc()
        raise
    except Exception:
        _settle(
            job,
            Job.State.FAILED,
            error=_("The work failed. Tell the administrator the number %(id)s.") % {"id": job.pk},
        )
        traceback.print_exc()
        raise


def _scope(job: Job) -> scope.Scope:
    from staff.sessions import scope_for_assignment

    if job.assignment_id:
        return scope_for_assignment(job.assignment_id)
    return scope.Scope(
        ranges=(scope.EVERYWHERE,), lenses=frozenset(scope.LENSES), reason=f"job {job.kind}", system=True
    )


def _finish(job: Job, state: str, *, result: dict[str, Any] | None = None, error: str = "") -> None:
    Job._base_manager.filter(pk=job.pk).update(
        state=state, result=result or {}, error=error, finished_at=timezone.now()
    )
    if state != Job.State.DONE and job.kind in ENDED:
        job.refresh_from_db()
        ENDED[job.kind](job, state)


def _settle(job: Job, state: str, *, error: str = "") -> None:
    with system_scope(reason=f"job {job.kind} ended: {state}", log=False):
        _finish(job, state, error=error)


@shared_task(name="staff.jobs.resume_jobs", ignore_result=True)
def resume_jobs() -> int:
    """Queue again what a dead worker left: waiting jobs that have not reported for a minute. Returns how many."""
    now = timezone.now()
    resumed = 0
    with system_scope(reason="resume jobs that a worker left", log=False):
        for job in Job.objects.filter(state=Job.State.QUEUED, created_at__lt=now - SILENT_AFTER):
            seen = progress_of(job).get("at")
            if seen and now.timestamp() - seen < SILENT_AFTER.total_seconds():
                continue
            if job.attempts >= MAX_ATTEMPTS:
                _finish(job, Job.State.FAILED, error=_("The work was tried several times without success."))
                continue
            run_job.delay(str(job.pk))
            resumed += 1
    return resumed
