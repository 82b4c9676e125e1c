"""Signs of life of the worker and the scheduler, kept in Redis for a short while.

Asking Celery itself (``inspect``) takes a second and fails under load; a key that expires does neither.
"""

from __future__ import annotations

import logging
import time
from typing import Any

from celery import bootsteps
from django.core.cache import cache
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

INTERVAL = 5.0  # seconds between two signs
LIFETIME = 30  # seconds a sign is believed
PARTS = ("worker", "beat")


def _key(part: str) -> str:
    return f"heartbeat:{part}"


def beat(part: str) -> None:
    """Leave a sign of life of ``part``; when Redis is away, the missing sign is itself the message."""
    try:
        cache.set(_key(part), time.time(), LIFETIME)
    except RedisError as error:
        logger.warning("no sign of life of the %s could be left: %s", part, error)


def alive() -> dict[str, bool]:
    """Which of PARTS left a sign lately. Raises RedisError when Redis does not answer."""
    found = cache.get_many([_key(part) for part in PARTS])
    return {part: _key(part) in found for part in PARTS}


def forget() -> None:
    """Remove the signs, as before a start: those of processes that are gone would still be believed."""
    cache.delete_many([_key(part) for part in PARTS])


class WorkerHeartbeat(bootsteps.StartStopStep):
    """Leaves the worker's sign from its own timer, so a worker that hangs falls silent."""

    requires = frozenset({"celery.worker.components:Timer"})

    def __init__(self, parent: Any, **options: Any) -> None:
        super().__init__(parent, **options)
        self.entry: Any = None

    def start(self, parent: Any) -> None:
        beat("worker")
        self.entry = parent.timer.call_repeatedly(INTERVAL, beat, ("worker",), priority=10)

    def stop(self, parent: Any) -> None:
        if self.entry is not None:
            self.entry.cancel()
            self.entry = None
