"""Memory of a measured process."""

from __future__ import annotations

import resource
import threading

import psutil


class PeakMemory:
    """Largest resident memory of this process between enter and exit, in MB, over what it was at the
    start."""

    def __enter__(self) -> PeakMemory:
        self._process = psutil.Process()
        self._start = self._peak = self._process.memory_info().rss
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def _watch(self) -> None:
        while not self._stop.wait(0.02):
            self._peak = max(self._peak, self._process.memory_info().rss)

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        self._thread.join()
        self._peak = max(self._peak, self._process.memory_info().rss)

    @property
    def peak(self) -> int:
        return self._peak >> 20

    @property
    def growth(self) -> int:
        return (self._peak - self._start) >> 20


def peak_of_process() -> int:
    """Largest resident memory this process has had since it began, in MB (Linux counts in KB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
