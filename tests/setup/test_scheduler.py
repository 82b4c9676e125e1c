"""The scheduler stops between two pieces of its work, never within one."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from childwelfare.scheduler import asked_to_stop_later


@pytest.fixture
def heard() -> Iterator[list[str]]:
    words: list[str] = []
    before = signal.signal(signal.SIGTERM, lambda *_: words.append("stopped"))
    yield words
    signal.signal(signal.SIGTERM, before)


def test_asked_within_the_work_it_stops_after_it(heard: list[str]) -> None:
    with asked_to_stop_later():
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)
        heard.append("worked")
    assert heard == ["worked", "stopped"]


def test_work_that_fails_hides_nothing(heard: list[str]) -> None:
    @asked_to_stop_later()
    def work() -> None:
        signal.raise_signal(signal.SIGTERM)
        raise LookupError

    with pytest.raises(LookupError):
        work()
    assert heard == ["stopped"]


def test_nobody_asked_nothing_happens(heard: list[str]) -> None:
    with asked_to_stop_later():
        heard.append("worked")
    assert heard == ["worked"]
    signal.raise_signal(signal.SIGTERM)
    assert heard == ["worked", "stopped"]
