"""The floor: COPY the list, one hash join on the number, copy the pairs out. No method can do less.

`raw` joins the cells as they are, which is what a clerk does with a look-up formula; the floor itself first
takes spaces, quotes and full-width digits out of them.
"""

from __future__ import annotations

import csv
import time
from pathlib import Path
from typing import Any, Final

from bench.baselines.scratch import scratch

REPEATS: Final = 3
FULL_WIDTH: Final = "０１２３４５６７８９Ｘｘx"
DROPPED: Final = " '’‘`＇\t\n\u00a0\u3000\u200b\ufeff"
CLEANED: Final = (
    f"upper(translate(l.id_number, '{FULL_WIDTH}{DROPPED.replace(chr(39), chr(39) * 2)}', '0123456789XXX'))"
)


def measure(folder: Path, out: Path, *, raw: bool = False) -> dict[str, Any]:
    """Write the pairs to `out`; seconds of the fastest of three, and of its steps."""
    number = "l.id_number" if raw else CLEANED
    with scratch("childwelfare_bench_floor") as cursor:
        _copy_in(cursor, "register", folder / "register.csv")
        cursor.execute("ANALYZE register")
        runs = []
        for _each in range(REPEATS):
            cursor.execute("DROP TABLE IF EXISTS listed, pairs")
            times = [time.perf_counter()]
            _copy_in(cursor, "listed", folder / "list_all.csv")
            times.append(time.perf_counter())
            cursor.execute(
                "CREATE UNLOGGED TABLE pairs AS SELECT l.list_row_id, r.child_id "
                f"FROM listed l JOIN register r ON r.id_number = {number} AND r.id_number <> ''"
            )
            times.append(time.perf_counter())
            with out.open("wb") as stream:
                cursor.copy_expert(
                    "COPY (SELECT list_row_id, child_id, 'auto' AS tier FROM pairs) TO STDOUT (FORMAT csv, HEADER)",
                    stream,
                )
            times.append(time.perf_counter())
            runs.append(times)
    best = min(runs, key=lambda times: times[-1] - times[0])
    steps = zip(("copy", "join", "export"), best, best[1:], strict=False)
    return {
        "seconds": best[-1] - best[0],
        "steps": {step: after - before for step, before, after in steps},
    }


def _copy_in(cursor: Any, table: str, path: Path) -> None:
    with path.open(encoding="utf-8", newline="") as stream:
        header = next(csv.reader(stream))
    cursor.execute(f"CREATE UNLOGGED TABLE {table} ({', '.join(f'{column} text' for column in header)})")
    with path.open("rb") as stream:
        cursor.copy_expert(
            f"COPY {table} FROM STDIN (FORMAT csv, HEADER, FORCE_NOT_NULL ({', '.join(header)}))", stream
        )
