"""Celery beat's scheduler: the database one, with a sign of life."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django_celery_beat.schedulers import DatabaseScheduler

from childwelfare import heartbeat


@contextmanager
def asked_to_stop_later() -> Iterator[None]:
    """SIGTERM and SIGINT wait until the block is left: Celery's own handler writes to the database, which breaks
    the transaction that it interrupts."""
    asked: list[int] = []
    before = {
        number: signal.signal(number, lambda number, _frame: asked.append(number))
        for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if asked:
            signal.raise_signal(asked[0])


class Scheduler(DatabaseScheduler):
    last_sign = 0.0

    def setup_schedule(self) -> None:
        with asked_to_stop_later():
            super().setup_schedule()

    def tick(self, *args: Any, **kwargs: Any) -> float:
        with asked_to_stop_later():
            pause = super().tick(*args, **kwargs)
            now = time.monotonic()
            if now - self.last_sign >= heartbeat.INTERVAL:
                self.last_sign = now
                heartbeat.beat("beat")
        return min(pause, heartbeat.INTERVAL)
