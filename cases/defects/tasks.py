"""What beat starts about defects."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from cases.defects.scan import scan_everywhere


@shared_task(name="cases.defects.tasks.scan_defects", ignore_result=True)
def scan_defects() -> int:
    """Each night: open, settle and hand over defects in every county. Returns how many were opened."""
    return sum(done.followed.opened for done in scan_everywhere(at=timezone.now()).values())
