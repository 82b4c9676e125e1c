"""What beat starts for this app."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from staff.posts import withdraw_ended


@shared_task(name="staff.tasks.withdraw_ended_assignments", ignore_result=True)
def withdraw_ended_assignments() -> int:
    """Each night: take back shares and tokens of assignments whose last day is over. Returns how many."""
    return withdraw_ended(at=timezone.now())
