"""Import and match of a 60,000-row list against 5,000 children, beside COPY + hash join of the same file."""

from __future__ import annotations

import csv
import io
import json
import os
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, Final

import psutil

CHILDREN: Final = 5_000
ROWS: Final = 60_000
SEED: Final = 7
REGIONS: Final = Path(__file__).parent.parent / "data" / "regions" / "500152-tongnan.csv"
COUNTY: Final = 500152000000
DATABASE: Final = "childwelfare_bench_matching"


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


def floor(list_file: Path, register_file: Path) -> float:
    """Seconds for the least that any method must do: COPY the file as it is, hash join on the raw number."""
    from django.db import connection, transaction

    with transaction.atomic(), connection.cursor() as cursor:
        for table, path in (("floor_list", list_file), ("floor_register", register_file)):
            with path.open(encoding="utf-8") as stream:
                header = next(csv.reader(stream))
            cursor.execute(
                f"CREATE TEMP TABLE {table} ({', '.join(f'{h} text' for h in header)}) ON COMMIT DROP"
            )
        with register_file.open("rb") as stream:
            cursor.copy_expert("COPY floor_register FROM STDIN (FORMAT csv, HEADER)", stream)
        started = time.perf_counter()
        with list_file.open("rb") as stream:
            cursor.copy_expert("COPY floor_list FROM STDIN (FORMAT csv, HEADER)", stream)
        cursor.execute(
            "CREATE TEMP TABLE floor_pairs ON COMMIT DROP AS SELECT l.list_row_id, r.child_id "
            "FROM floor_list l JOIN floor_register r ON r.id_number "
            "= upper(translate(l.id_number, ' ''', ''))"
        )
        return time.perf_counter() - started


def measure() -> dict[str, Any]:
    """Run it on the connected database, whose rows of the county must be free to be made. Seconds,
    rows/s, MB, ratios."""
    import datetime as dt

    from django.core.management import call_command
    from django.db import connection
    from django.utils import timezone

    from bench.lists import make_county
    from cases.importing.trusted import import_register
    from cases.matching.imports import open_run, receive_list, stage_received
    from cases.matching.match import export_candidates, run_match
    from staff.scope import system_scope

    period = dt.date(2026, 10, 1)
    call_command("import_regions", str(REGIONS), stdout=io.StringIO())
    with tempfile.TemporaryDirectory() as folder:
        county = make_county(Path(folder), regions=REGIONS, children=CHILDREN, rows=ROWS, seed=SEED)
        with system_scope(reason="bench", ranges=[(COUNTY, COUNTY + 999_999)]):
            started = time.perf_counter()
            registered = import_register(county.register, name="register.csv", at=timezone.localtime())
            register_seconds = time.perf_counter() - started
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        floor_seconds = min(floor(county.list, county.register) for _each in range(3))
        out = io.StringIO()
        with PeakMemory() as memory:
            started = time.perf_counter()
            with system_scope(reason="bench", ranges=[(COUNTY, COUNTY + 999_999)]):
                received, _new = receive_list(
                    data=county.list.read_bytes(), name="list.csv", kind="dibao", period=period,
                    region_id=COUNTY, at=timezone.now(),
                )  # fmt: skip
                stage_received(received)
            import_seconds = time.perf_counter() - started
            started = time.perf_counter()
            with system_scope(reason="bench", ranges=[(COUNTY, COUNTY + 999_999)]):
                run = open_run(region_id=COUNTY, period=period)
                counts = run_match(run.pk)
                export_candidates(run.pk, out)
            match_seconds = time.perf_counter() - started
    total = import_seconds + match_seconds
    return {
        "rows": counts["rows"],
        "children": registered.added,
        "register_seconds": round(register_seconds, 2),
        "import_seconds": round(import_seconds, 2),
        "match_seconds": round(match_seconds, 2),
        "match_steps": counts["seconds"],
        "rows_per_second": round(counts["rows"] / total),
        "peak_memory_mb": memory.peak,
        "memory_growth_mb": memory.growth,
        "floor_seconds": round(floor_seconds, 3),
        "ratio_to_copy_and_hash_join": round(total / floor_seconds, 1),
        **quality(county.truth, list(csv.DictReader(io.StringIO(out.getvalue())))),
    }


def quality(truth: dict[str, str], results: list[dict[str, str]]) -> dict[str, Any]:
    """How right the pairs are: precision and recall of the automatic tier, reach with review, rows to
    review."""
    auto = [(r["list_row_id"], r["child_id"]) for r in results if r["tier"] == "auto"]
    right = [pair for pair in auto if truth.get(pair[0]) == pair[1]]
    reached = {r["list_row_id"] for r in results if truth.get(r["list_row_id"]) == r["child_id"]}
    review = {r["list_row_id"] for r in results if r["tier"] == "review"}
    return {
        "true_rows": len(truth),
        "auto_precision": round(len(right) / len(auto), 5),
        "auto_recall": round(len({row for row, _child in right}) / len(truth), 4),
        "reach": round(len(reached) / len(truth), 5),
        "review_rows": len(review),
    }


def main() -> None:
    """Measure in a database of its own, made from the test template and dropped afterwards."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    import django

    django.setup()
    from tests import database

    database.make_clone(DATABASE)
    database.use(DATABASE)
    try:
        print(json.dumps(measure(), ensure_ascii=False, indent=1))
    finally:
        database.drop_clone(DATABASE)


if __name__ == "__main__":
    main()
