"""What beat starts about reminders."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from cases.reminders.services import remind_everywhere


@shared_task(name="cases.reminders.tasks.remind", ignore_result=True)
def remind() -> int:
    """Each morning: tell everybody of their day. Returns how many were told."""
    return sum(remind_everywhere(at=timezone.now()).values())
