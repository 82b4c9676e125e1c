"""The Celery application; its settings are the CELERY_* names of childwelfare.settings."""

from __future__ import annotations

import os
import sys
import warnings
from typing import Any

from celery import Celery, signals
from celery.platforms import SecurityWarning

# As root (a container, a trial) the worker is what its web server is; its messages are JSON, never pickles.
warnings.filterwarnings("ignore", category=SecurityWarning)

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "childwelfare.settings")

celery_app = Celery("childwelfare")
celery_app.config_from_object("django.conf:settings", namespace="CELERY")
celery_app.autodiscover_tasks()


@signals.worker_init.connect
@signals.beat_init.connect
def refuse_unsafe_start(**_: Any) -> None:
    """Neither worker nor scheduler runs with settings or a database role that are unsafe."""
    from childwelfare import checks

    found = checks.problems()
    if found:
        sys.stderr.write("".join(f"Refusing to start: {line}\n" for line in found))
        sys.stderr.flush()
        raise SystemExit(3)


@signals.celeryd_init.connect
def add_heartbeat(**_: Any) -> None:
    from childwelfare.heartbeat import WorkerHeartbeat

    celery_app.steps["worker"].add(WorkerHeartbeat)


def restore_unacknowledged() -> int:
    """Hand out again what a worker that is gone had taken; returns how many tasks.

    Only for a caller that knows that no worker of this installation is alive: the broker itself waits for the
    visibility timeout, as it cannot tell a dead worker from a busy one.
    """
    with celery_app.connection_for_write() as connection:
        channel = connection.default_channel
        with channel.conn_or_acquire() as client:
            client.delete(channel.unacked_mutex_key)
            waiting = len(client.zrange(channel.unacked_index_key, 0, -1))
        channel.visibility_timeout = -1  # seconds: everything taken before now
        if waiting:
            channel.qos.restore_visible(num=waiting, interval=1)
        return waiting
