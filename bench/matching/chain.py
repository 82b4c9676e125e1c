"""The whole product: a list file is received, staged, matched and its candidates written, in a database."""

from __future__ import annotations

import csv
import datetime as dt
import io
import os
import tempfile
import time
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any, Final

from bench.lists.writing import make_lists
from bench.matching import score
from bench.matching.product import Clock
from bench.memory import PeakMemory

SEED: Final = 7
DATABASE: Final = "childwelfare_bench_chain"
MONTHS: Final = (dt.date(2026, 10, 1), dt.date(2026, 11, 1))
EVERYWHERE: Final = (0, 999_999_999_999)


def in_own_database(folder: Path, out: Path) -> dict[str, Any]:
    """Run the chain of a folder of made-up lists in a database made for it; the pairs go to `out`."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    import django

    django.setup()
    from tests import database

    database.make_clone(DATABASE)
    database.use(DATABASE)
    try:
        return run(folder, out)
    finally:
        database.drop_clone(DATABASE)


def run(folder: Path, out: Path) -> dict[str, Any]:
    """Each county's list in turn, as a county does it every month. The register is imported before.

    Seconds of importing, matching (the register's keys are made for the first time), exporting, and of matching
    the same lists a month later, when only what changed in the register is made anew.
    """
    from django.core.management import call_command
    from django.db import connection
    from django.utils import timezone

    from cases.importing.trusted import import_register
    from cases.matching.intake.imports import open_run, receive_list, stage_received
    from cases.matching.runs.match import export_candidates, run_match
    from staff.scope import system_scope

    with redirect_stdout(io.StringIO()):
        call_command("import_regions", str(folder / "regions.csv"))
    with system_scope(reason="bench", ranges=[EVERYWHERE]):
        started = time.perf_counter()
        registered = import_register(folder / "register.csv", name="register.csv", at=timezone.localtime())
        register_seconds = time.perf_counter() - started
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    clock, rows = Clock(), 0
    with out.open("w", encoding="utf-8", newline="") as stream, tempfile.TemporaryDirectory() as parts:
        counties = split(folder / "list_all.csv", Path(parts))
        clock.last = clock.started = time.perf_counter()
        for period in MONTHS:
            first = period == MONTHS[0]
            for place, (county, path) in enumerate(counties.items()):
                lo = int(county) * 1_000_000
                with system_scope(reason="bench", ranges=[(lo, lo + 999_999)]):
                    received, _new = receive_list(
                        data=path.read_bytes(),
                        name=path.name,
                        kind="dibao",
                        period=period,
                        region_id=lo,
                        at=timezone.now(),
                    )
                    stage_received(received)
                    clock.tick("import" if first else "import a month later")
                    opened = open_run(region_id=lo, period=period)
                    counts = run_match(opened.pk)
                    clock.tick("match" if first else "match a month later")
                    if first:
                        pairs = io.StringIO()
                        export_candidates(opened.pk, pairs)
                        stream.write(pairs.getvalue() if not place else pairs.getvalue().partition("\n")[2])
                        clock.tick("export")
                        rows += counts["rows"]
    clock.steps.pop("import a month later")
    return {
        "seconds": sum(clock.steps[step] for step in ("import", "match", "export")),
        "steps": clock.steps,
        "rows": rows,
        "children": registered.added,
        "register_seconds": register_seconds,
    }


def split(list_file: Path, folder: Path) -> dict[str, Path]:
    """The rows of each county as a file of its own, by county code."""
    paths: dict[str, Path] = {}
    with list_file.open(encoding="utf-8", newline="") as stream:
        reader = csv.reader(stream)
        header = next(reader)
        sender = header.index("sender_code")
        writers: dict[str, Any] = {}
        streams = []
        for row in reader:
            county = row[sender][:6]
            if county not in writers:
                paths[county] = folder / f"{county}.csv"
                streams.append(paths[county].open("w", encoding="utf-8", newline=""))
                writers[county] = csv.writer(streams[-1])
                writers[county].writerow(header)
            writers[county].writerow(row)
        for each in streams:
            each.close()
    return paths


def measure() -> dict[str, Any]:
    """A county in the connected database: seconds, rows a second, MB, the ratio to the floor, and quality."""
    from bench.baselines import floor

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made = make_lists(folder, seed=SEED)
        least = floor.measure(folder, folder / "floor.csv")["seconds"]
        with PeakMemory() as memory:
            took = run(folder, folder / "pairs.csv")
        found = score.score(score.read_truth(made.truth), score.read_results(folder / "pairs.csv"))
    return {
        **took,
        "rows_per_second": round(took["rows"] / took["seconds"]),
        "peak_memory_mb": memory.peak,
        "memory_growth_mb": memory.growth,
        "floor_seconds": least,
        "ratio_to_floor": took["seconds"] / least,
        **{key: value for key, value in found.summary().items() if isinstance(value, int | float)},
    }
