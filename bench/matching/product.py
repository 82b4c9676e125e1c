"""The matcher in columns, from files to pairs, without reader or database."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Final

import polars as pl

from bench.matching.frames import child_ids, list_frame, places_of, register_frames
from cases.matching.engine import matcher as engine

ONE_CALL: Final = 1_000_000


class Clock:
    """Seconds since the start and of each step."""

    def __init__(self) -> None:
        self.steps: dict[str, float] = {}
        self.started = self.last = time.perf_counter()

    def tick(self, step: str) -> None:
        now = time.perf_counter()
        self.steps[step] = self.steps.get(step, 0) + now - self.last
        self.last = now

    def result(self) -> dict[str, Any]:
        return {"seconds": self.last - self.started, "steps": self.steps}


def match(folder: Path, out: Path, *, guardians: bool = False) -> dict[str, Any]:
    """From the files to the pairs, with the register's keys made anew: seconds, and of each step.

    Children are looked for with their guardians and heads of household beside them; guardians with the
    children and heads. Of more than ONE_CALL rows each county is matched by itself, as the product does.
    """
    clock = Clock()
    lists = list_frame(folder / "list_all.csv")
    persons, relatives = register_frames(folder / "register.csv")
    if guardians:
        looked_for = pl.col("role") == "guardian"
        persons, relatives = relatives.filter(looked_for), pl.concat([persons, relatives.filter(~looked_for)])
    places = places_of(folder / "regions.csv")
    clock.tick("read")
    if lists.height <= ONE_CALL:
        candidates = engine.match(lists, persons, relatives, places, tick=clock.tick)
    else:
        parts = []
        counties = lists["sender_code"].str.slice(0, 6)
        for county in counties.unique(maintain_order=True):
            here = pl.col("village") // 1_000_000 == int(county)
            part = lists.filter(counties == county), persons.filter(here), relatives.filter(here)
            parts.append(engine.match(*part, places, tick=clock.tick))
        candidates = pl.concat(parts)
    found = candidates.join(persons.select("person", "child"), on="person", how="left", maintain_order="left")
    rows = lists.select("row", list_row_id="own_id")
    found.join(rows, on="row", how="left", maintain_order="left").select(
        "list_row_id",
        child_ids(found["child"]).alias("child_id"),
        "tier",
        "score",
        "rule",
        pl.col("reasons").list.join(" "),
    ).write_csv(out)
    clock.tick("export")
    return clock.result()
