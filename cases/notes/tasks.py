"""Waking phones in the background."""

from __future__ import annotations

from celery import Task, shared_task
from django.utils import timezone

from cases.notes import pushes

TRIES = 6
FIRST_WAIT = 30  # seconds; doubled each time, so the last try is about half an hour after the first


@shared_task(name="cases.notes.tasks.wake", bind=True, max_retries=TRIES, ignore_result=True)
def wake(self: Task, user_id: int, only: list[int] | None = None) -> None:
    """Wake the phones of a person who has something new; those that could not be reached again later."""
    left = pushes.wake(user_id, at=timezone.now(), only=only)
    if left and self.request.retries < TRIES:
        raise self.retry(args=(user_id, left), countdown=FIRST_WAIT * 2**self.request.retries)
