"""Long work of the subsidies: each handler loads by id and calls one service."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from staff import jobs
from staff.models import Job, Region
from staff.workflow import Actor
from subsidies.batches import JOB, prepare_batch
from subsidies.models import Scheme
from subsidies.preparation import BatchRefused


@jobs.handler(JOB, gettext_lazy("Preparing a payment batch"))
def run_preparation(job: Job) -> dict[str, Any]:
    """The job's handler: {"batch": id, "number", "lines", "total"}."""
    arguments = job.arguments

    def report(done: int, total: int) -> None:
        jobs.progress(job, done, total, _("Working out the amounts"))

    try:
        batch = prepare_batch(
            actor=Actor.current(),
            at=dt.datetime.fromisoformat(arguments["at"]),
            region=Region.objects.get(pk=job.region_id),
            scheme=Scheme.objects.get(pk=arguments["scheme"]),
            month=dt.date.fromisoformat(arguments["month"]),
            report=report,
        )
    except BatchRefused as error:
        raise jobs.JobError(str(error)) from error
    Job.objects.filter(pk=job.pk).update(done_url=reverse("subsidies:batch", args=[batch.pk]))
    return {"batch": batch.pk, "number": batch.number, "lines": batch.line_count, "total": str(batch.total)}
