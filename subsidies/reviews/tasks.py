"""What beat starts about re-checks, and the same on demand."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from django.utils import timezone
from django.utils.translation import gettext_lazy

from staff import jobs
from staff.models import Job
from subsidies.reviews.services import open_cycles, open_everywhere

JOB = "subsidies.open_reviews"


@shared_task(name="subsidies.reviews.tasks.open_reviews", ignore_result=True)
def open_reviews() -> int:
    """Each night: open the cycles that begin, and reckon what has changed. Returns how many were opened."""
    return sum(done.rechecks + done.proofs for done in open_everywhere(at=timezone.now()).values())


@jobs.handler(JOB, gettext_lazy("Looking what has changed since the last re-check"))
def run_opening(job: Job) -> dict[str, Any]:
    """The job's handler: {"rechecks", "proofs"} opened in the county."""
    opened = open_cycles(job.region_id, at=timezone.now())
    return {"rechecks": opened.rechecks, "proofs": opened.proofs}
