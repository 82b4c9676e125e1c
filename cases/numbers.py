"""Register numbers: what a child without an identity number is known by."""

from __future__ import annotations

from django.db import connection

from staff.models.region import county_of


def next_number(region_id: int) -> tuple[str, int]:
    """A new register number and the primary key that it ends with: county (6 digits) and key (7).

    The key is taken from the database's own sequence of children, so two at the same moment never meet.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('cases_child', 'id'))")
        key = int(cursor.fetchone()[0])
    return f"{county_of(region_id) // 1_000_000:06d}{key:07d}", key
