"""Date cells → days as numbers yyyymmdd.

Expressions read whole days in the usual ways of writing them, `normalise.clean_date` the rest; both say the same of
every text (`tests/cases/matching/test_read_days.py`).
"""

from __future__ import annotations

from typing import Final

import polars as pl

from cases import identity
from cases.matching.engine import columns
from cases.matching.engine.normalise import EXCEL_EPOCH, clean_date

_CLOCK: Final = r"(?:[T ][0-9]{1,2}:[0-9]{2}.*)?"
_DAY: Final = (
    r"^\s*([12][0-9]{3})(?:[-./年]([0-9]{1,2})[-./月]([0-9]{1,2})日?|([0-9]{2})([0-9]{2}))" + _CLOCK + r"\s*$"
)
_SERIAL: Final = r"^\s*([0-9]{5})(?:\.0+)?\s*$"


def read_dates(texts: pl.Series) -> pl.DataFrame:
    """Distinct date cells → `text` and `day` (see `normalise.clean_date`)."""
    found = texts.alias(columns.TEXT).to_frame().hstack([_plain(texts).cast(pl.Int32)])
    odd = found.filter(pl.col("day").is_null())[columns.TEXT]
    read = columns.each(odd, lambda text: (clean_date(text),), {"day": pl.Int32()})
    return pl.concat([found.drop_nulls("day"), read])


def plain(texts: pl.Series) -> pl.Series:
    """Whole days that are plain to read; null for everything else, which `clean_date` is left to. Distinct texts are
    read once."""
    distinct = texts.unique().alias("text")
    read = distinct.to_frame().with_columns(day=_plain(distinct))
    return texts.alias("text").to_frame().join(read, on="text", how="left", maintain_order="left")["day"]


def _plain(texts: pl.Series) -> pl.Series:
    # Looked for once, not once for each part.
    parts = texts.str.extract_groups(_DAY).struct.unnest()
    serial = texts.str.extract(_SERIAL).cast(pl.Int64, strict=False)
    written = pl.concat_str(
        pl.col("1"),
        pl.coalesce("2", "4").str.zfill(2),
        pl.coalesce("3", "5").str.zfill(2),
        separator="-",
    ).str.to_date("%Y-%m-%d", strict=False)
    date = pl.coalesce(written, pl.lit(EXCEL_EPOCH) + pl.duration(days=pl.col("serial")))
    known = pl.col("date").dt.year().is_between(identity.EARLIEST_YEAR, identity.LATEST_YEAR)
    number = pl.col("date").dt.strftime("%Y%m%d").cast(pl.Int64)
    dated = parts.with_columns(serial.alias("serial")).select(date.alias("date"))
    return dated.select(pl.when(known).then(number).alias("day")).to_series()
