"""A county with any number of children, grown by copying: for measurements, not for looking at."""

from __future__ import annotations

import datetime as dt
import io
import random
from typing import Any

from django.db import connection, connections

from cases import pinyin, search
from childwelfare.demo import children, names, posts
from childwelfare.environment import BASE_DIR
from staff.models import Assignment
from staff.regions import import_regions
from staff.scope import system_scope

TODAY = dt.date(2026, 10, 20)
CHILD_TABLES = ("cases_guardian", "cases_payee", "cases_parentsituation")


def make(size: int) -> dict[str, Assignment]:
    """Divisions, posts and ``size`` children of 潼南区; returns the demo assignments by user name."""
    with system_scope(reason="bench"):
        import_regions(BASE_DIR / "data" / "regions" / "500152-tongnan.csv")
        assignments = posts.load_posts()
        children.load_children(
            today=TODAY, own_village=assignments["wangnianci"].region_id, own=18, others=size - 18
        )
    analyse()
    return assignments


def grow(times: int, *, fresh_names: bool = False) -> int:
    """Make ``times`` children of each, with family and search index; returns how many there are.

    ``fresh_names``: the copies and their guardians get names of their own, drawn like those of the first.
    """
    with system_scope(reason="bench"), connection.cursor() as cursor:
        cursor.execute("SELECT max(id) FROM cases_child")
        step = cursor.fetchone()[0]
        copies = f"generate_series(1, {times - 1}) copy"
        changed: dict[str, str | None] = {
            "id": f"id + {step} * copy",
            "number": "number || '-' || copy",
            "id_digest": "NULL",
        }
        cursor.execute(_copy_of("cases_child", changed, copies, cursor))
        for table in CHILD_TABLES:
            cursor.execute(
                _copy_of(table, {"id": None, "child_id": f"child_id + {step} * copy"}, copies, cursor)
            )
        if fresh_names:
            _rename(step, cursor)
        cursor.execute("SELECT id FROM cases_child WHERE id > %s", [step])
        search.index_children([row[0] for row in cursor.fetchall()])
        cursor.execute("SELECT count(*) FROM cases_child")
        count = int(cursor.fetchone()[0])
    analyse()
    return count


def _copy_of(table: str, changed: dict[str, str | None], copies: str, cursor: object) -> str:
    cursor.execute(  # type: ignore[attr-defined]
        "SELECT column_name FROM information_schema.columns WHERE table_name = %s ORDER BY ordinal_position",
        [table],
    )
    columns = [row[0] for row in cursor.fetchall() if changed.get(row[0], "") is not None]  # type: ignore[attr-defined]
    values = [changed.get(column) or column for column in columns]
    return f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(values)} FROM {table}, {copies}"


def _rename(above: int, cursor: Any) -> None:
    """Names for the children with greater keys, and for their guardians, in one statement each."""
    rng = random.Random(2027)
    cursor.execute(
        "CREATE TEMPORARY TABLE fresh (id bigint, name text, sound text, guardian text) ON COMMIT DROP"
    )
    cursor.execute("SELECT id FROM cases_child WHERE id > %s ORDER BY id", [above])
    rows = io.StringIO()
    for (key,) in cursor.fetchall():
        name = names.child_name(rng)
        # Three in four are cared for by the father's family.
        guardian = names.adult_name(rng, name[0] if rng.random() < 0.75 else "")
        rows.write(f"{key}\t{name}\t{pinyin.sort_key(name)}\t{guardian}\n")
    rows.seek(0)
    cursor.copy_expert("COPY fresh FROM STDIN", rows)
    cursor.execute(
        "UPDATE cases_child c SET name = f.name, name_pinyin = f.sound FROM fresh f WHERE f.id = c.id"
    )
    cursor.execute("UPDATE cases_guardian g SET name = f.guardian FROM fresh f WHERE f.id = g.child_id")


def analyse() -> None:
    """Fresh statistics, as autovacuum would have made them."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
