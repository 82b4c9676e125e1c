"""All measurements of one call: lists are made, every method runs on them in its own process, pairs are judged."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from itertools import product
from pathlib import Path
from typing import Any, Final

from bench.lists.writing import SIZES
from childwelfare.environment import BASE_DIR

Result = dict[str, Any]
METHODS: Final = ("raw", "floor", "splink", "splink_trained")
REPEATS: Final = 3  # of what is compared with the floor, which is the fastest of three too
LINEAR: Final = (0.125, 0.25, 0.5, 1.0)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured. Times are taken of the first seed and profile of each size, quality of all."""

    sizes: tuple[str, ...]
    seeds: tuple[int, ...]
    noises: tuple[str, ...]

    @classmethod
    def from_environment(cls) -> Plan:
        """SIZES, SEEDS and NOISE, words separated by spaces; county and city where nothing is said."""

        def words(name: str, usual: str) -> tuple[str, ...]:
            return tuple((os.environ.get(name) or usual).split())

        return cls(
            words("SIZES", "county city"),
            tuple(map(int, words("SEEDS", "1 2"))),
            words("NOISE", "typical stress"),
        )


@contextmanager
def made(*arguments: str) -> Iterator[Path]:
    """A folder of made-up lists, by the arguments of `bench.lists`."""
    with tempfile.TemporaryDirectory(prefix="childwelfare-bench-") as folder:
        started = time.perf_counter()
        _python("bench.lists", "--out", folder, *arguments)
        say(f"made {' '.join(arguments)} in {time.perf_counter() - started:.0f} s")
        yield Path(folder)


def _python(*arguments: str) -> str:
    # Said, not inherited: the product's package names its own settings to whoever imports any of it.
    environ = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings"}
    done = subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=BASE_DIR, env=environ, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"python -m {' '.join(arguments)} failed:\n{done.stderr}")
    return done.stdout


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def measured(step: str, folder: Path, repeats: int = 1) -> Result:
    """The fastest of some runs of a step, each in a process of its own, with the most memory any took."""
    out = folder / f"{step}.csv"
    runs = [
        json.loads(_python("bench.matching.step", step, str(folder), str(out))) for _each in range(repeats)
    ]
    best: Result = min(runs, key=lambda run: run["seconds"] if isinstance(run["seconds"], float) else 0)
    best["memory_mb"] = max(run["memory_mb"] for run in runs)
    say(f"  {step}: {json.dumps(best['seconds'])} s, {best['memory_mb']} MB")
    return best


def judged(step: str, folder: Path, ending: str = "csv") -> Result:
    found: Result = json.loads(
        _python("bench.matching.step", "score", str(folder), str(folder / f"{step}.{ending}"))
    )
    return found


def first_of(plan: Plan, size: str) -> Result:
    """Times and quality of all methods on the first list of a size."""
    seed, noise = plan.seeds[0], plan.noises[0]
    files = () if size == "province" else ("--files",)
    with made("--size", size, "--seed", str(seed), "--noise", noise, *files) as folder:
        times = _timed(folder, size)
        scores = {step: judged(step, folder) for step in (*METHODS, "children", "guardians")}
        scores["splink_veto"] = judged("splink", folder, "csv.veto")
    return {"times": times, "quality": {f"{noise}, seed {seed}": scores}}


def others_of(plan: Plan, size: str) -> Iterator[tuple[str, Result]]:
    """Quality of the matcher on the other lists of a size."""
    for noise, seed in list(product(plan.noises, plan.seeds))[1:]:
        with made("--size", size, "--seed", str(seed), "--noise", noise) as folder:
            for step in ("children", "guardians"):
                measured(step, folder)
            yield f"{noise}, seed {seed}", {step: judged(step, folder) for step in ("children", "guardians")}


def _timed(folder: Path, size: str) -> Result:
    """Times of one folder. The floor is measured next to the matcher, so that both meet the same machine."""
    times: Result = {"raw": measured("raw", folder), "floor": measured("floor", folder)}
    times["children"] = measured("children", folder, REPEATS)
    times["guardians"] = measured("guardians", folder, REPEATS)
    times["splink"] = measured("splink", folder)
    times["splink_trained"] = measured("splink_trained", folder, REPEATS)
    if size != "province":
        times["parsing"] = measured("parsing", folder)
        times["reading"] = measured("reading", folder, 2)
    if SIZES[size].counties == 1:
        # The product matches a county at a time, so a city is this so many times.
        times["chain"] = measured("chain", folder)
    if size == "city":
        times["normalising"] = measured("normalising", folder)
    return times


def linear(seed: int) -> list[Result]:
    """The matcher at four sizes over the same divisions: children, rows, seconds, MB."""
    city, points = SIZES["city"], []
    for share in LINEAR:
        children, rows = int(city.children * share), int(city.rows * share)
        with made(
            "--size", "city", "--seed", str(seed), "--children", str(children), "--rows", str(rows)
        ) as folder:
            points.append({"children": children, "rows": rows, **measured("children", folder, REPEATS)})
    return points


def machine() -> Result:
    """Where this runs, and in what company: the load of the last quarter of an hour."""
    return {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "load": round(os.getloadavg()[2], 1),
        "packages": {name: metadata.version(name) for name in ("polars", "splink", "duckdb")},
    }


def run(plan: Plan) -> Iterator[Result]:
    """Everything the tables show, as far as it is measured: times first, then the rest of the quality."""
    results: Result = {"before": machine(), "sizes": {}}
    for size in plan.sizes:
        results["sizes"][size] = first_of(plan, size)
        yield results
    if "city" in plan.sizes:
        results["linear"] = linear(plan.seeds[0])
        yield results
    for size in plan.sizes:
        for profile, scores in others_of(plan, size):
            results["sizes"][size]["quality"][profile] = scores
            yield results
    results["after"] = machine()
    yield results
