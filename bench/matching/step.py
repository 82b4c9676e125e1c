"""One measured thing in a process of its own: ``python -m bench.matching.step NAME FOLDER OUT`` prints JSON.

Each has the whole machine and the memory of nothing else in it. What is imported before the clock starts is
not counted.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from bench.memory import peak_of_process

Step = Callable[[Path, Path], dict[str, Any]]


def raw(folder: Path, out: Path) -> dict[str, Any]:
    from bench.baselines import floor

    return floor.measure(folder, out, raw=True)


def floor(folder: Path, out: Path) -> dict[str, Any]:
    from bench.baselines import floor

    return floor.measure(folder, out)


def splink(folder: Path, out: Path) -> dict[str, Any]:
    from bench.baselines import probabilistic

    return probabilistic.measure(folder, out, model=folder / "model.json")


def splink_trained(folder: Path, out: Path) -> dict[str, Any]:
    from bench.baselines import probabilistic

    return probabilistic.measure(folder, out, model=folder / "model.json", trained=True)


def normalising(folder: Path, out: Path) -> dict[str, Any]:
    from bench.baselines import normalising

    return normalising.measure(folder)


def children(folder: Path, out: Path) -> dict[str, Any]:
    from bench.matching import product

    return product.match(folder, out)


def guardians(folder: Path, out: Path) -> dict[str, Any]:
    from bench.matching import product

    return product.match(folder, out, guardians=True)


def reading(folder: Path, out: Path) -> dict[str, Any]:
    from bench.matching.reading import read_files

    return read_files(folder)


def parsing(folder: Path, out: Path) -> dict[str, Any]:
    from bench.matching.reading import parse_files

    return parse_files(folder)


def chain(folder: Path, out: Path) -> dict[str, Any]:
    from bench.matching import chain

    return chain.in_own_database(folder, out)


def score(folder: Path, out: Path) -> dict[str, Any]:
    """Of the pairs in `out`, by whether its name says that they are guardians'."""
    from bench.matching import score

    facts = score.read_truth(folder / "truth.csv", guardians=out.name.startswith("guardians"))
    return score.score(facts, score.read_results(out)).summary()


STEPS: Final[dict[str, Step]] = {
    step.__name__: step
    for step in (
        raw, floor, splink, splink_trained, normalising, children, guardians, reading, parsing, chain, score,
    )
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.matching.step", description=__doc__)
    parser.add_argument("name", choices=STEPS)
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    chosen = parser.parse_args()
    result = STEPS[chosen.name](chosen.folder, chosen.out)
    print(json.dumps({**result, "memory_mb": peak_of_process()}))


if __name__ == "__main__":
    main()
