"""Celery beat's scheduler: the database one, with a sign of life."""

from __future__ import annotations

import time
from typing import Any

from django_celery_beat.schedulers import DatabaseScheduler

from childwelfare import heartbeat


class Scheduler(DatabaseScheduler):
    last_sign = 0.0

    def tick(self, *args: Any, **kwargs: Any) -> float:
        pause = super().tick(*args, **kwargs)
        now = time.monotonic()
        if now - self.last_sign >= heartbeat.INTERVAL:
            self.last_sign = now
            heartbeat.beat("beat")
        return min(pause, heartbeat.INTERVAL)
