"""What the number of a disability card says of its kind and level, for lists that have no columns for them. Pure."""

from __future__ import annotations

from typing import Final

import polars as pl

_CARD: Final = r"^[0-9]{17}[0-9Xx][1-7][1-4](?:B[0-9]{1,2})?$"
KINDS: Final = {"1": "视力", "2": "听力", "3": "言语", "4": "肢体", "5": "智力", "6": "精神", "7": "多重"}
LEVELS: Final = {"1": "一级", "2": "二级", "3": "三级", "4": "四级"}


def told_by_certificate(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows (LIST_SCHEMA) with kind (``category``) and ``level`` filled in where they are empty and a card's number
    says them: digit 19 is the kind, digit 20 the level."""
    number = pl.col("certificate").str.replace_all(r"[\s'’]", "")
    told = number.str.contains(_CARD)
    if not rows.select(told.any()).item():
        return rows
    kind = number.str.slice(18, 1).replace_strict(KINDS, default="")
    level = number.str.slice(19, 1).replace_strict(LEVELS, default="")
    empty = {name: pl.col(name).str.strip_chars() == "" for name in ("category", "level")}
    return rows.with_columns(
        category=pl.when(told & empty["category"]).then(kind).otherwise("category"),
        level=pl.when(told & empty["level"]).then(level).otherwise("level"),
    )
