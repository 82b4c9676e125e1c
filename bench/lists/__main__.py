"""``python -m bench.lists``: write a made-up register, its lists and the truth."""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

from bench.lists import noise
from bench.lists.writing import SIZES, make_lists


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.lists", description=__doc__)
    parser.add_argument("--size", choices=SIZES, default="county")
    parser.add_argument("--children", type=int, help="instead of the size's own")
    parser.add_argument("--rows", type=int, help="instead of the size's own")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--noise", choices=noise.PROFILES, default="typical")
    parser.add_argument("--files", action="store_true", help="also the files as offices send them")
    parser.add_argument(
        "--regions",
        type=Path,
        default=os.environ.get("BENCH_REGIONS"),
        help="a divisions file for city or province",
    )
    parser.add_argument("--out", type=Path, required=True)
    chosen = parser.parse_args()
    started = time.perf_counter()
    made = make_lists(
        chosen.out,
        size=chosen.size,
        seed=chosen.seed,
        profile=chosen.noise,
        children=chosen.children,
        rows=chosen.rows,
        regions=chosen.regions,
        files=chosen.files,
    )
    print(f"{made.children} children, {made.rows} rows, {time.perf_counter() - started:.1f} s: {chosen.out}")


if __name__ == "__main__":
    main()
