"""The made-up files as the columns the matcher takes, without reader or database."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from cases.matching.engine.frames import LIST_SCHEMA, PERSON_SCHEMA
from cases.matching.engine.places import Places


def list_frame(path: Path) -> pl.DataFrame:
    """list_all.csv in LIST_SCHEMA; `own_id` is the row's number in the truth."""
    read = pl.read_csv(path, infer_schema=False).fill_null("")
    known = {
        "own_id": "list_row_id", "list_type": "list_type", "name": "name", "id_number": "id_number",
        "relation": "relation", "sex": "sex", "birth_date": "birth_date", "head_name": "head_name",
        "head_id": "head_id", "village": "village_name", "category": "category", "start_month": "start_ym",
    }  # fmt: skip
    empty = pl.lit("")
    household = pl.col("hh_no").cast(pl.UInt32, strict=False)
    made = {
        "row": pl.int_range(pl.len(), dtype=pl.UInt32),
        "line": pl.int_range(1, pl.len() + 1, dtype=pl.UInt32),
        # Lists of persons have no households.
        "household": pl.when(pl.col("list_type").is_in(["dibao", "tekun"])).then(household),
        "sender_code": pl.col("sender_code").str.pad_end(12, "0"),
        "id_rounded": pl.lit(False),
        "head_rounded": pl.lit(False),
        "amount": pl.col("amount").cast(pl.Decimal(12, 2), strict=False),
        **{name: pl.col(of) for name, of in known.items()},
    }
    # Columns that no list has stay literals, which take no memory.
    return read.select(made.get(name, empty).cast(kind).alias(name) for name, kind in LIST_SCHEMA.items())


def register_frames(path: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """register.csv as (children, relatives) in PERSON_SCHEMA. `child` is the number's digits.

    Of a child's relatives the guardian has role guardian, the head of household role head; `person` is
    unique over both frames.
    """
    read = pl.read_csv(path, infer_schema=False).fill_null("")
    number = pl.col("child_id").str.slice(1).cast(pl.Int64)
    village = pl.col("village_code").cast(pl.Int64)
    children = read.select(
        person=number,
        child=number,
        role=pl.lit("child"),
        name="name",
        number="id_number",
        birth=pl.col("birth_date").str.replace_all("-", "").cast(pl.Int32),
        sex=pl.col("sex").replace_strict({"男": "male", "女": "female"}, default=""),
        village=village,
    ).cast(dict(PERSON_SCHEMA))
    relatives = pl.concat(
        read.select(
            child=number,
            role=pl.lit(role),
            name=f"{role}_name",
            number=f"{role}_id",
            birth=0,
            sex=pl.lit(""),
            village=village,
        )
        for role in ("guardian", "head")
    ).filter(pl.col("name") != "")
    first = 10**9
    relatives = relatives.select(
        pl.int_range(first, first + pl.len(), dtype=pl.Int64).alias("person"),
        *[name for name in PERSON_SCHEMA if name != "person"],
    ).cast(dict(PERSON_SCHEMA))
    return children, relatives


def child_ids(children: pl.Series) -> pl.Series:
    """The register's numbers of `child` values."""
    return pl.select("B" + children.cast(pl.String).str.zfill(7)).to_series()


def places_of(path: Path) -> Places:
    """The divisions of regions.csv as the matcher looks villages up."""
    read = pl.read_csv(path, infer_schema=False)
    named = read.filter(pl.col("level").is_in(["township", "village"])).select(
        pl.col("code").cast(pl.Int64), "name"
    )
    return Places.of(named.iter_rows())
