"""What beat starts about the ledger."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from subsidies.ledger.nightly import check_everywhere


@shared_task(name="subsidies.ledger.tasks.check_ledgers", ignore_result=True)
def check_ledgers() -> int:
    """Each night: compare every county's ledger with its batches. Returns how many disagreements were found."""
    return sum(check_everywhere(at=timezone.now()).values())
