"""What a dead worker had in hand is handed out again."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from kombu import Connection, Queue

from childwelfare import celery as tasks


def empty(connection: Connection) -> None:
    while tasks.restore_unacknowledged():
        connection.default_channel.queue_purge("celery")
    connection.default_channel.queue_purge("celery")


@pytest.fixture
def broker() -> Iterator[Connection]:
    with tasks.celery_app.connection_for_write() as connection:
        empty(connection)
        yield connection
        empty(connection)


def test_unfinished_work_is_handed_out_again(broker: Connection) -> None:
    def take() -> Any:
        """Take one message as a worker does, and be gone without a word about it."""
        connection = broker.clone()
        channel = connection.channel()
        channel.qos.restore_at_shutdown = False
        message = Queue("celery", channel=channel).get(no_ack=False)
        client = channel.client
        channel.qos._delivered.clear()
        client.connection_pool.disconnect()
        return message

    broker.SimpleQueue("celery").put({"task": "x"})
    taken = take()
    assert json.loads(taken.body) == {"task": "x"}
    assert take() is None
    time.sleep(0.01)
    assert tasks.restore_unacknowledged() == 1
    again = take()
    assert again is not None
    assert json.loads(again.body) == {"task": "x"}
    assert again.headers.get("redelivered") or again.delivery_info.get("redelivered")


def test_nothing_waits_in_an_empty_queue(broker: Connection) -> None:
    assert tasks.restore_unacknowledged() == 0
