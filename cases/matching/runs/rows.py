"""Rows of lists that matter, written to the database: those with a candidate, and those that a finder names.

Identity numbers become ciphertext and digest before they leave the run's memory, and those typed into other cells are
hidden; a row that is there stays as it is, because the columns of a list never change.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import polars as pl

from cases import identity
from cases.matching.engine import columns
from cases.matching.engine.normalise import Distinct, IdKind
from cases.matching.runs.copying import copied, copy_in
from staff import crypto

KEPT: Final = (
    "list_import_id", "row", "region_code", "kind", "own_id", "sheet", "line", "household", "people",
    "sender_code", "name", "id_number", "id_digest", "relation", "sex", "birth_date", "head_name", "head_id",
    "village_name", "category", "level", "amount", "start_month", "event_date",
)  # fmt: skip
INCOMING: Final = """
DROP TABLE IF EXISTS pg_temp.incoming;
CREATE TEMP TABLE incoming (
    list_import_id bigint, row int, region_code bigint, kind text, own_id text, sheet text, line int, household text,
    people int, sender_code text, name text, id_number text, id_digest text, relation text, sex text,
    birth_date text, head_name text, head_id text, village_name text, category text, level text,
    amount numeric(12, 2), start_month text, event_date text
) ON COMMIT DROP
"""
_BYTES: Final = frozenset({"id_number", "head_id"})
_SELECTED: Final = ", ".join(
    "decode(nullif(id_digest, ''), 'hex')"
    if c == "id_digest"
    else f"decode({c}, 'hex')"
    if c in _BYTES
    else c
    for c in KEPT
)
INSERT: Final = f"""
INSERT INTO cases_listrow ({", ".join(KEPT)})
SELECT {_SELECTED} FROM incoming ORDER BY list_import_id, row
ON CONFLICT (list_import_id, row) DO NOTHING
"""  # noqa: S608
PLACES_SCHEMA: Final = {"list": pl.Int64, "place": pl.UInt32, "list_row": pl.Int64}
_LENGTHS: Final = {
    "own_id": 60, "sheet": 60, "sender_code": 12, "name": 60, "relation": 20, "sex": 4, "birth_date": 20,
    "head_name": 60, "village_name": 60, "category": 40, "level": 20, "start_month": 20, "event_date": 20,
}  # fmt: skip


def kept_rows(cursor: Any, lists: Iterable[int]) -> pl.DataFrame:
    """The rows of lists that are in the database: `list`, `place` in the list, `list_row`."""
    ids = ", ".join(map(str, sorted(lists))) or "NULL"
    select = f"SELECT list_import_id, row, id FROM cases_listrow WHERE list_import_id IN ({ids}) AND row IS NOT NULL"  # noqa: S608 - numbers
    return copied(cursor, select, PLACES_SCHEMA)


def keep_rows(cursor: Any, rows: pl.DataFrame) -> pl.DataFrame:
    """Write rows of lists (RunData.rows) that are not there yet; returns
    `row`, `list_row` of all of them."""
    there = kept_rows(cursor, rows["list"].unique())
    new = rows.join(there, on=["list", "place"], how="anti")
    if new.height:
        cursor.execute(INCOMING)
        copy_in(cursor, "incoming", _sealed(new))
        cursor.execute(INSERT)
        cursor.execute("DROP TABLE incoming")
        there = kept_rows(cursor, rows["list"].unique())
    return rows.select("row", "list", "place").join(there, on=["list", "place"]).select("row", "list_row")


def _sealed(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows as the table takes them; numbers and digests in hexadecimal."""
    numbers = own_numbers(rows)
    kinds, texts = numbers["kind"].cast(pl.String).to_list(), numbers["number"].to_list()
    exact = [not flag for flag in rows["id_rounded"].fill_null(value=False)]
    heads = columns.rounded(columns.read_numbers(rows["head_id"]), rows["head_rounded"])["number"]
    sealed = Distinct(_encrypted)
    return rows.with_columns(
        pl.Series("id_number", [_encrypted(text) for text in stored_numbers(numbers)], dtype=pl.String),
        pl.Series(
            "id_digest",
            [
                identity.digest_identity(text).hex() if _whole(kind, text, exact=sure) else ""
                for kind, text, sure in zip(kinds, texts, exact, strict=True)
            ],
            dtype=pl.String,
        ),
        pl.Series("head_id", [sealed[text or ""] for text in heads], dtype=pl.String),
        list_import_id="list",
        row="place",
        region_code="region",
        kind="list_type",
        household=pl.col("house").cast(pl.String).fill_null(""),
        village_name="village",
    ).select(_in_the_clear(c) if c in _LENGTHS else pl.col(c) for c in KEPT)


def _in_the_clear(cell: str) -> pl.Expr:
    """A text cell as the table keeps it: without the numbers typed into it, before it is cut to its length."""
    text = pl.col(cell).str.replace_all(identity.NUMBERS_INSIDE, identity.HIDDEN)
    return text.str.strip_chars().str.slice(0, _LENGTHS[cell])


def own_numbers(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows' numbers as `columns.read_numbers` reads them; a certificate's stands in for one that is missing."""
    missing = pl.col("id_number").str.strip_chars() == ""
    cells = rows.select(
        pl.when(missing).then("certificate").otherwise("id_number").alias("id_number"), "id_rounded"
    )
    return columns.rounded(columns.read_numbers(cells["id_number"]), cells["id_rounded"])


def stored_numbers(numbers: pl.DataFrame) -> list[str]:
    """The numbers as they are kept: a cut one shows that it is cut."""
    shown = {
        IdKind.SCIENTIFIC.value: lambda _text: "1E+17",
        IdKind.CUT.value: lambda t: f"{t[0]}.{t[1:15]}E+17",
    }
    pairs = zip(numbers["kind"].cast(pl.String), numbers["number"], strict=True)
    return [shown[kind](text) if kind in shown else text or "" for kind, text in pairs]


def _whole(kind: str, text: str, *, exact: bool) -> bool:
    """Whether a number is complete and valid. Few true numbers end in 000, but some do."""
    return kind == IdKind.VALID or (kind == IdKind.CUT and exact and identity.is_valid(text))


def _encrypted(text: str) -> str:
    """Ciphertext in hexadecimal; empty stays empty, as `EncryptedField` keeps it."""
    return crypto.encrypt(text).hex() if text else ""
