"""Damaged files and random lists: nothing crashes, hangs or gets lost (10,000 of them by ``python -m bench fuzz``)."""

from __future__ import annotations

from bench import fuzz


def test_damaged_files_are_refused_or_read_with_every_row_accounted_for() -> None:
    found = fuzz.run(240)
    assert found["refused"] > 20
    assert found["read"] > 50
    assert found["refused"] + found["read"] == 240
