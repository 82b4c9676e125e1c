"""Columns ↔ the database, by COPY: whole tables at once, no row in Python."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any, Final

import polars as pl

COPY_ROWS: Final = 10_000


def copied(cursor: Any, select: str, schema: Mapping[str, Any]) -> pl.DataFrame:
    """The rows of a SELECT without parameters as columns; `schema` in the order of its columns."""
    buffer = io.BytesIO()
    cursor.copy_expert(f"COPY ({select}) TO STDOUT (FORMAT csv)", buffer)
    if not buffer.tell():
        return pl.DataFrame(schema=dict(schema))
    buffer.seek(0)
    return pl.read_csv(
        buffer, has_header=False, new_columns=list(schema), schema_overrides=list(schema.values())
    )


def copy_in(cursor: Any, table: str, frame: pl.DataFrame) -> None:
    """COPY columns into a temporary table, by name. Text is never NULL, other values are where the column's are."""
    if frame.is_empty():
        return
    texts = [name for name, kind in frame.schema.items() if kind == pl.String]
    plain = frame.with_columns(pl.col(pl.String).fill_null("").str.replace_all("\x00", "", literal=True))
    buffer = io.BytesIO()
    plain.write_csv(buffer, include_header=False)
    buffer.seek(0)
    never_null = f", FORCE_NOT_NULL ({', '.join(texts)})" if texts else ""
    cursor.copy_expert(
        f"COPY {table} ({', '.join(frame.columns)}) FROM STDIN (FORMAT csv{never_null})", buffer
    )


_COPY_SPECIAL: Final = re.compile(r"[\\\t\n\r\x00]")
_COPY_ESCAPES: Final = str.maketrans({"\\": "\\\\", "\t": " ", "\n": " ", "\r": " ", "\x00": None})


def _text(value: object) -> str:
    """One COPY field."""
    if value is None:
        return "\\N"
    if not isinstance(value, str):
        return str(value)
    return value.translate(_COPY_ESCAPES) if _COPY_SPECIAL.search(value) else value


def copy_rows(cursor: Any, table: str, rows: Iterable[tuple[object, ...]]) -> None:
    """COPY tuples into a temporary table, the columns in the table's own order.

    Each batch is made before its COPY begins, so `rows` may itself read from the same connection.
    """
    lines = ("\t".join(map(_text, r)) + "\n" for r in rows)
    while batch := "".join(islice(lines, COPY_ROWS)):
        cursor.copy_expert(f"COPY {table} FROM STDIN", io.BytesIO(batch.encode()))
