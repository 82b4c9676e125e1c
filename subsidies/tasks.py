"""Long work of the subsidies: each handler loads by id and calls one service."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from staff import files, jobs
from staff.models import Job, Region, StoredFile
from staff.workflow import Actor, TransitionRefused
from subsidies.bank import files as bank_files
from subsidies.bank import results as bank_results
from subsidies.bank.reading import ResultRefused
from subsidies.batches.services import JOB, prepare_batch
from subsidies.models import PaymentBatch, Scheme
from subsidies.preparing.refusals import BatchRefused


@jobs.handler(JOB, gettext_lazy("Preparing a payment batch"))
def run_preparation(job: Job) -> dict[str, Any]:
    """The job's handler: {"batch": id, "number", "lines", "total"}."""
    arguments = job.arguments

    def report(done: int, total: int, text: str) -> None:
        jobs.progress(job, done, total, text)

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


@jobs.handler(bank_files.JOB, gettext_lazy("Writing the files for the bank"))
def run_bank_files(job: Job) -> dict[str, Any]:
    """The job's handler: {"batch": id, "replaced": [sentence, …]}."""
    batch = PaymentBatch.objects.get(pk=job.arguments["batch"])

    def report(done: int, total: int) -> None:
        jobs.progress(job, done, total, _("Writing the lines"))

    try:
        replaced = bank_files.write_files(batch, dt.datetime.fromisoformat(job.arguments["at"]), report)
    except TransitionRefused as error:
        raise jobs.JobError(str(error)) from error
    return {"batch": batch.pk, "replaced": replaced}


@jobs.handler(bank_results.JOB, gettext_lazy("Taking over the bank's answer"))
def run_bank_result(job: Job) -> dict[str, Any]:
    """The job's handler: {"batch", "name", "paid", "failed", "unchanged", "repeated"}; of a file that is refused
    {"batch", "name", "refused": sentence, "problems": [[row, field, sentence], …]}, and nothing has changed.
    """
    batch = PaymentBatch.objects.get(pk=job.arguments["batch"])
    file = StoredFile.objects.get(pk=job.arguments["file"])
    found = {"batch": batch.pk, "name": file.name}

    def report(done: int, total: int) -> None:
        jobs.progress(job, done, total, _("Writing down what the bank says"))

    try:
        outcome = bank_results.import_result(
            actor=Actor.current(),
            at=dt.datetime.fromisoformat(job.arguments["at"]),
            batch=batch,
            name=file.name,
            data=files.read(file),
            file=file,
            report=report,
        )
    except ResultRefused as error:
        url = reverse("subsidies:bank_result", args=[batch.pk])
        Job.objects.filter(pk=job.pk).update(done_url=f"{url}?job={job.pk}")
        problems = [[row.line, row.field, row.message] for row in error.problems]
        return {**found, "refused": str(error), "problems": problems[: bank_results.MOST_PROBLEMS]}
    return {**found, **asdict(outcome)}
