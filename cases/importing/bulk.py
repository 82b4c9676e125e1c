"""Thousands of rows at once under row policies: COPY to a temporary table, then one INSERT or UPDATE.

COPY is refused on a table with policies, and bulk_update's CASE expression is slower than either by an order.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.db import connection, models

from cases.matching.runs.copying import copy_rows
from staff import crypto
from staff.crypto import EncryptedField


def next_keys(model: type[models.Model], count: int) -> list[int]:
    """So many primary keys from the table's own sequence."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)",
            [model._meta.db_table, count],
        )
        return [row[0] for row in cursor.fetchall()]


def _text_of(field: models.Field[Any, Any]) -> Callable[[Any], Any]:
    """How COPY writes a value of this field."""
    if isinstance(field, EncryptedField):
        return lambda value: "\\x" + (crypto.encrypt(value).hex() if value else "")
    if isinstance(field, models.BinaryField):
        return lambda value: value if value is None else "\\x" + bytes(value).hex()
    if isinstance(field, models.JSONField):
        return lambda value: json.dumps(value, ensure_ascii=False)
    return lambda value: value


def _fill(cursor: Any, table: str, fields: Sequence[Any], objects: Iterable[Any], *, add: bool) -> str:
    """A temporary table with these columns of the objects; returns its name."""
    name = f"incoming_{table}"
    columns = ", ".join(str(field.column) for field in fields)
    cursor.execute(f"CREATE TEMP TABLE {name} ON COMMIT DROP AS SELECT {columns} FROM {table} WITH NO DATA")  # noqa: S608
    makers: list[tuple[Any, Callable[[Any], Any]]] = [(field, _text_of(field)) for field in fields]
    copy_rows(
        cursor,
        f"{name} ({columns})",
        (tuple(text(field.pre_save(each, add)) for field, text in makers) for each in objects),
    )
    return name


def insert(model: type[models.Model], objects: Sequence[Any], *, skip_conflicts: bool = False) -> set[int]:
    """Insert objects, keys given where they have none; returns the keys that are there afterwards.

    ``skip_conflicts`` leaves out a row that a unique index refuses, seen or not.
    """
    if not objects:
        return set()
    missing = [each for each in objects if each.pk is None]
    for each, key in zip(missing, next_keys(model, len(missing)) if missing else (), strict=True):
        each.pk = key
    fields, table = model._meta.concrete_fields, model._meta.db_table
    columns = ", ".join(str(field.column) for field in fields)
    refused = " ON CONFLICT DO NOTHING" if skip_conflicts else ""
    with connection.cursor() as cursor:
        name = _fill(cursor, table, fields, objects, add=True)
        cursor.execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM {name}{refused} RETURNING id")  # noqa: S608
        keys = {row[0] for row in cursor.fetchall()}
        cursor.execute(f"DROP TABLE {name}")
    return keys


def update(model: type[models.Model], objects: Sequence[Any], names: Iterable[str]) -> int:
    """Write these fields of the objects; returns how many rows there were to write to."""
    wanted = set(names)
    if not objects or not wanted:
        return 0
    table, key = model._meta.db_table, model._meta.pk
    fields = [field for field in model._meta.concrete_fields if field.name in wanted]
    changes = ", ".join(f"{field.column} = incoming.{field.column}" for field in fields)
    with connection.cursor() as cursor:
        name = _fill(cursor, table, [key, *fields], objects, add=False)
        cursor.execute(f"UPDATE {table} SET {changes} FROM {name} incoming WHERE {table}.id = incoming.id")  # noqa: S608
        count: int = cursor.rowcount
        cursor.execute(f"DROP TABLE {name}")
    return count
