"""The same normalisation in PostgreSQL, in DuckDB and in polars: where it should be done, and why.

Each gets the number and name cells of a list, reduces them to the distinct ones, cleans those (compatibility
forms, other characters dropped, traditional characters to simplified), says of a number whether its date shape
and check character fit, reads a name without tones, and hands every row its values back as columns. All three
use the same tables of characters; the last line of the result says that they agree.
"""

from __future__ import annotations

import io
import time
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, Final

import polars as pl

from bench.baselines.scratch import scratch
from cases.identity import WEIGHTS
from cases.matching.engine import columns, variants
from cases.pinyin import reading

NOTE: Final = r"[(\[【][^()\[\]【】]*[)\]】]"
LETTERS: Final = "[^?a-z㐀-鿿𠀀-𮯟]"
NUMBER_SHAPE: Final = "^[1-9][0-9]{5}(19|20)[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])[0-9]{3}[0-9X]$"
CLEANED: Final = ("number", "valid", "name", "sound")


def characters(names: pl.Series) -> pl.DataFrame:
    """The characters that occur in names, with simplified form and reading."""
    used = sorted(set("".join(names.str.normalize("NFKC").str.to_lowercase().unique().to_list())))
    simplified = [c.translate(variants.simplified()) for c in used]
    return pl.DataFrame(
        {"c": used, "simple": simplified, "heard": ["".join(map(reading, c)) for c in simplified]}
    )


# ---- polars ----------------------------------------------------------------------------------------------


def in_polars(cells: pl.DataFrame, table: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame | None]]:
    """Steps (name, result or None)."""
    yield "load", None
    folded = pl.col("id_number").str.normalize("NFKC").str.to_uppercase().str.replace_all("[^0-9X]", "")
    numbers = cells.select("id_number").unique().with_columns(number=folded)
    first17 = pl.col("number").str.slice(0, 17).cast(pl.Int64, strict=False)
    last = pl.col("number").str.slice(17, 1).replace("X", "10").cast(pl.Int64, strict=False)
    weighed = sum((first17 // 10 ** (16 - i) % 10) * w for i, w in enumerate(WEIGHTS[:17])) + last
    fits = (weighed % 11 == 1).fill_null(value=False)
    numbers = numbers.with_columns(valid=pl.col("number").str.contains(NUMBER_SHAPE) & fits)
    name = (
        pl.col("name_cell").str.normalize("NFKC").str.to_lowercase().str.replace_all(NOTE, "")
        .str.replace_all(LETTERS, "").str.replace_many(table["c"].to_list(), table["simple"].to_list())
    )  # fmt: skip
    names = cells.select("name_cell").unique().with_columns(name=name)
    names = names.with_columns(
        sound=pl.col("name").str.replace_many(table["simple"].to_list(), table["heard"].to_list())
    )
    yield "normalise", None
    joined = cells.join(numbers, on="id_number", how="left", maintain_order="left")
    yield "hand back", joined.join(names, on="name_cell", how="left", maintain_order="left").select(CLEANED)


def in_columns(cells: pl.DataFrame, table: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame | None]]:
    """What the product does: more than the others, for it tells nine kinds of number and many notes apart."""
    yield "load", None
    numbers = columns.read_numbers(cells["id_number"])
    names = columns.spread(cells["name_cell"], columns.read_names)
    yield "normalise", None
    yield "hand back", pl.concat([numbers, names], how="horizontal")


# ---- SQL -------------------------------------------------------------------------------------------------

SUM: Final = " + ".join(
    f"{w} * CAST(substr(number, {i}, 1) AS integer)" for i, w in enumerate(WEIGHTS[:17], 1)
)
LAST: Final = "CASE right(number, 1) WHEN 'X' THEN 10 ELSE CAST(right(number, 1) AS integer) END"
NUMBERS: Final = f"""
CREATE {{table}} numbers AS
SELECT id_number, number, CASE WHEN {{matches}} THEN ({SUM} + {LAST}) % 11 = 1 ELSE false END AS valid
FROM (SELECT DISTINCT id_number, {{number}} AS number FROM cells) n
"""
# A character table joined to the characters: translate() compares each character with the whole table.
NAMES: Final = """
CREATE {table} names AS
WITH cleaned AS (SELECT DISTINCT name_cell, {name} AS name FROM cells),
letters AS ({letters})
SELECT c.name_cell, coalesce(string_agg(k.simple, '' ORDER BY l.place), '') AS name,
    coalesce(string_agg(k.heard, '' ORDER BY l.place), '') AS sound
FROM cleaned c LEFT JOIN letters l USING (name_cell) LEFT JOIN characters k ON k.c = l.c
GROUP BY c.name_cell
"""
RESULT: Final = (
    "SELECT n.number, n.valid, m.name, m.sound FROM cells JOIN numbers n USING (id_number) "
    "JOIN names m USING (name_cell) ORDER BY cells.row"
)
# DuckDB and old servers know no compatibility forms: those that occur are spelt out.
FULL_WIDTH: Final = "".join(map(chr, range(0xFF01, 0xFF5F))) + "Ⅹ\u3000\u00a0"
HALF_WIDTH: Final = "".join(map(chr, range(0x21, 0x7F))) + "X  "


def _folded(column: str) -> str:
    half = HALF_WIDTH.replace("'", "''")
    return f"translate({column}, '{FULL_WIDTH}', '{half}')"


def in_duckdb(cells: pl.DataFrame, table: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame | None]]:
    """Two threads, in memory."""
    import duckdb

    base = duckdb.connect()
    base.execute("SET threads = 2")
    base.register("arrived", cells.with_row_index("row").to_arrow())
    base.register("characters_arrived", table.to_arrow())
    base.execute("CREATE TABLE cells AS FROM arrived")
    base.execute("CREATE TABLE characters AS FROM characters_arrived")
    yield "load", None
    base.execute(
        NUMBERS.format(
            table="TABLE",
            matches=f"regexp_matches(number, '{NUMBER_SHAPE}')",
            number=f"regexp_replace(upper({_folded('id_number')}), '[^0-9X]', '', 'g')",
        )
    )
    notes = f"regexp_replace(lower({_folded('name_cell')}), '{NOTE}', '', 'g')"
    base.execute(
        NAMES.format(
            table="TABLE",
            name=f"regexp_replace({notes}, '{LETTERS}', '', 'g')",
            letters="SELECT name_cell, unnest(string_split(name, '')) AS c, generate_subscripts(string_split(name, ''), 1) "
            "AS place FROM cleaned WHERE name <> ''",
        )
    )
    yield "normalise", None
    yield "hand back", pl.DataFrame(base.sql(RESULT).to_arrow_table())


def in_postgresql(cells: pl.DataFrame, table: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame | None]]:
    """Unlogged tables, COPY in and out."""
    with scratch("childwelfare_bench_normalising") as cursor:
        yield "start", None
        cursor.execute("CREATE UNLOGGED TABLE cells (row integer, id_number text, name_cell text)")
        cursor.execute("CREATE UNLOGGED TABLE characters (c text PRIMARY KEY, simple text, heard text)")
        _copy_in(cursor, "cells", cells.with_row_index("row"))
        _copy_in(cursor, "characters", table)
        cursor.execute("ANALYZE cells; ANALYZE characters")
        yield "load", None
        cursor.execute("SET work_mem = '256MB'")
        cursor.execute(
            NUMBERS.format(
                table="UNLOGGED TABLE",
                matches=f"number ~ '{NUMBER_SHAPE}'",
                number="regexp_replace(upper(normalize(id_number, NFKC)), '[^0-9X]', '', 'g')",
            )
        )
        notes = f"regexp_replace(lower(normalize(name_cell, NFKC)), '{NOTE}', '', 'g')"
        cursor.execute(
            NAMES.format(
                table="UNLOGGED TABLE",
                name=f"regexp_replace({notes}, '{LETTERS}', '', 'g')",
                letters="SELECT name_cell, c, place FROM cleaned, "
                "unnest(string_to_array(name, NULL)) WITH ORDINALITY AS u (c, place)",
            )
        )
        cursor.execute("ANALYZE numbers; ANALYZE names")
        yield "normalise", None
        out = io.BytesIO()
        cursor.copy_expert(f"COPY ({RESULT}) TO STDOUT (FORMAT csv, HEADER)", out)
        read = pl.read_csv(out.getvalue(), infer_schema=False).fill_null("")
        yield "hand back", read.with_columns(valid=pl.col("valid") == "t")


def _copy_in(cursor: Any, name: str, frame: pl.DataFrame) -> None:
    buffer = io.BytesIO()
    frame.write_csv(buffer, include_header=False, quote_style="non_numeric")
    buffer.seek(0)
    cursor.copy_expert(f"COPY {name} FROM STDIN (FORMAT csv)", buffer)


METHODS: Final = {
    "polars": in_polars,
    "DuckDB": in_duckdb,
    "PostgreSQL": in_postgresql,
    "product": in_columns,
}


def measure(folder: Path, methods: Collection[str] = tuple(METHODS)) -> dict[str, Any]:
    """Seconds by method and step, and on how many values the plain methods differ from polars."""
    cells = (
        pl.read_csv(folder / "list_all.csv", infer_schema=False, columns=["id_number", "name"])
        .fill_null("")
        .select("id_number", name_cell="name")
    )
    table = characters(cells["name_cell"])
    times: dict[str, dict[str, float]] = {}
    results: dict[str, pl.DataFrame] = {}
    for method in methods:
        last = time.perf_counter()
        times[method] = {}
        for step, result in METHODS[method](cells, table):
            now = time.perf_counter()
            if step != "start":
                times[method][step] = now - last
            last = now
            if result is not None:
                results[method] = result
    plain = results["polars"].fill_null("")
    return {
        "rows": cells.height,
        "distinct_numbers": cells["id_number"].n_unique(),
        "distinct_names": cells["name_cell"].n_unique(),
        "seconds": times,
        "disagree": {
            method: sum(
                (plain[c] != results[method][c].fill_null("" if c != "valid" else False)).sum()
                for c in CLEANED
            )
            for method in ("DuckDB", "PostgreSQL")
            if method in results
        },
    }
