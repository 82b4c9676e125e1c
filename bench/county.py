"""A county with any number of children, grown by copying: for measurements, not for looking at."""

from __future__ import annotations

import datetime as dt

from django.db import connection, connections

from cases import search
from childwelfare.demo import children, posts
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


def grow(times: int) -> int:
    """Make ``times`` children of each, with family and search index; returns how many there are."""
    with system_scope(reason="bench"), connection.cursor() as cursor:
        cursor.execute("SELECT max(id) FROM cases_child")
        step = cursor.fetchone()[0]
        copies = f"generate_series(1, {times - 1}) copy"
        changed = {
            "id": f"id + {step} * copy",
            "number": "number || '-' || copy",
            "id_digest": "NULL",
        }
        cursor.execute(_copy_of("cases_child", changed, copies, cursor))
        for table in CHILD_TABLES:
            cursor.execute(
                _copy_of(table, {"id": None, "child_id": f"child_id + {step} * copy"}, copies, cursor)
            )
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


def analyse() -> None:
    """Fresh statistics, as autovacuum would have made them."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
