"""What the rows of a list say that are nobody of the register: minors on a relief list (rules.md 5). Pure, in columns."""

from __future__ import annotations

import datetime as dt
from typing import Final, NamedTuple

import polars as pl

from cases.matching.engine.normalise import clean_id, clean_name, split_number_from_name
from cases.matching.kinds.conditions import Condition, birth_of
from staff.crypto import digest

ADULT_YEARS: Final = 18
_WHOLE: Final = r"^[0-9]{17}[0-9Xx]$"
CELLS: Final = ("name", "id_number", "birth_date", "category", "level", "relation", "event_date")


class Cells(NamedTuple):
    """The cells of a row that a condition may look at, as typed."""

    name: str
    id_number: str
    birth_date: str
    category: str
    level: str
    relation: str
    event_date: str


def nobodys_rows(rows: pl.DataFrame, when: Condition, on: dt.date) -> pl.DataFrame:
    """Of rows that nobody of the register is (LIST_SCHEMA), those for which a condition holds in a month: with
    ``subject``, which stands for the person from month to month (keyed: nobody tries out numbers), and ``born`` (2016-04-20, None unknown).

    A person who stands there twice is there once. ``on`` is the first day of the month.
    """
    kept = rows
    if "minor" in when.tests:
        # Most rows are adults with a whole number: they are gone before anything is read closely.
        born = pl.col("id_number").str.slice(6, 4).cast(pl.Int32, strict=False)
        kept = rows.filter(~pl.col("id_number").str.contains(_WHOLE) | (born >= on.year - ADULT_YEARS))
    read = [_read(Cells(*cells), when, on) for cells in kept.select(CELLS).iter_rows()]
    told = pl.DataFrame(
        read, schema={"holds": pl.Boolean, "subject": pl.String, "born": pl.String}, orient="row"
    )
    return (
        pl.concat([kept, told], how="horizontal")
        .filter("holds")
        .drop("holds")
        .unique(["list_type", "subject"], keep="first", maintain_order=True)
    )


def _read(cells: Cells, when: Condition, on: dt.date) -> tuple[bool, str, str | None]:
    if not when.holds(cells, on):
        return False, "", None
    name, inside = split_number_from_name(cells.name)
    number = cells.id_number or inside
    born = birth_of(number, cells.birth_date)
    day = born.isoformat() if born else None
    told = f"{clean_name(name)}\x1f{clean_id(number).text or day}"
    return True, digest(told, "nobody").hex()[:32], day
