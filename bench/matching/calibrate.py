"""How often each rule of the matcher is right: ``python -m bench.matching.calibrate FOLDER…``.

Each folder is one of `bench.lists` (register.csv, list_all.csv, truth.csv, regions.csv). For children and for
guardians alike a pair's rule is compared with the truth. A score is the mean of the Jeffreys posterior of the
share of right pairs, in thousandths, so that ten right pairs of ten do not promise certainty. With
``--check`` the scores in force are compared with what these folders show: use other seeds than those the
scores were taken from.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import polars as pl

from bench.matching.frames import list_frame, places_of, register_frames
from cases.matching.engine import keys
from cases.matching.engine import matcher as engine
from cases.matching.engine.settings import Settings

DOUBTS: Final = tuple(Settings().doubts)


class Bin(NamedTuple):
    """Pairs of one rule that no guard doubted, or that this guard doubted."""

    rule: str
    doubt: str


def judged(folder: Path) -> Iterator[tuple[Bin, int, bool]]:
    """Bin, score and whether it is right of every pair the engine finds in a folder."""
    children, relatives = register_frames(folder / "register.csv")
    people = keys.person_keys(pl.concat([children, relatives]))
    lists = list_frame(folder / "list_all.csv")
    reading = engine.read(lists, people, places_of(folder / "regions.csv"))
    truth = pl.read_csv(folder / "truth.csv", infer_schema=False).fill_null("")
    rows = lists.select("row", list_row_id="own_id").join(truth, on="list_row_id")
    for role, column in (("child", "child_id"), ("guardian", "guardian_of")):
        persons = people.filter(pl.col("role") == role)
        others = people.filter(pl.col("role") != role)
        found = engine.match(reading, persons, others, places_of(folder / "regions.csv"))
        pairs = found.join(people.select("person", "child"), on="person").join(rows, on="row")
        for rule, score, reasons, child, right in pairs.select(
            "rule", "score", "reasons", "child", column
        ).iter_rows():
            doubt = next((d for d in DOUBTS if d in reasons), "")
            yield Bin(rule, doubt), score, f"B{child:07d}" in right.split(";")


def jeffreys(right: int, of: int) -> int:
    """Thousandths, at most 999: nothing that was only measured is certain."""
    return min(999, round(1000 * (right + 0.5) / (of + 1)))


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.matching.calibrate", description=__doc__)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--check", action="store_true", help="compare the scores in force with these folders")
    chosen = parser.parse_args()
    of, right, promised = Counter[Bin](), Counter[Bin](), Counter[Bin]()
    for folder in chosen.folders:
        for where, score, is_right in judged(folder):
            of[where] += 1
            right[where] += is_right
            promised[where] += score
    print(f"{'rule':36}{'doubt':18}{'pairs':>8}{'right':>8}{'score':>7}" + ("  in force" * chosen.check))
    for where in sorted(of):
        line = f"{where.rule:36}{where.doubt:18}{of[where]:>8}{right[where]:>8}"
        line += f"{jeffreys(right[where], of[where]):>7}"
        print(line + (f"{promised[where] / of[where]:10.0f}" if chosen.check else ""))


if __name__ == "__main__":
    main()
