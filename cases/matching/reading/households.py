"""Rows of sheets with the same columns, households made whole: cells carried down, households numbered, heads named.

Works on many sheets at once: `block` says which rows stand under one header, `place` numbers all rows.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from cases.matching.reading import headers

HEADS: Final = (
    "户主",
    "本人",
    "户主本人",
    "本人户主",
    "申请人",
    "本人(户主)",
    "本人（户主）",
    "户主(本人)",
    "户主（本人）",
)
# A relation names heads when they are at least one row in twenty.
_FEWEST_HEADS: Final = 0.05
_PLACE: Final = pl.col("place")


def make_whole(rows: pl.DataFrame, fields: tuple[str, ...]) -> pl.DataFrame:
    """Fill a member's blank household cells from the household's first row, and add `house`: the place of the
    household's first row, null where the list has no households."""
    known = set(fields)
    if not rows.height:
        return rows.with_columns(pl.lit(None, dtype=pl.UInt32).alias("house"))
    if "head_name" in known:
        rows = _carry(rows, known)
    if known & {"household_no", "head_name", "head_id"}:
        return _by_head(rows, known)
    if "relation" in known:
        return _by_relation(rows, known)
    return rows.with_columns(pl.lit(None, dtype=pl.UInt32).alias("house"))


def filled(name: str, known: set[str]) -> pl.Expr:
    """Whether the cell of a field holds more than blanks."""
    return pl.col(name).str.contains(r"\S") if name in known else pl.lit(value=False)


def _text(name: str, known: set[str]) -> pl.Expr:
    return pl.col(name).str.strip_chars() if name in known else pl.lit("")


def _same_block() -> pl.Expr:
    return pl.col("block") == pl.col("block").shift(1)


def _carry(rows: pl.DataFrame, known: set[str]) -> pl.DataFrame:
    """Fill a member's blank household cells from the rows above when the row opens no household of its own."""
    head = filled("head_name", known)
    if "sequence" in known:
        rows = _without_member_numbers(rows, known)
    if rows["head_name"].str.contains(r"\S").all():
        return rows
    sequence = _text("sequence", known)
    counted = filled("sequence", known) & ~((sequence == sequence.shift(1)) & _same_block()).fill_null(
        value=False
    )
    opens = head | filled("household_no", known) | counted
    begins = opens | ~_same_block().fill_null(value=False)
    carried = [name for name in rows.columns if name in known and name in headers.HOUSEHOLD_FIELDS]
    place = pl.int_range(pl.len())
    places = rows.select(
        place.alias("here"),
        opens.alias("opens"),
        pl.when(begins).then(place).forward_fill().alias("start"),
        pl.when(begins).then(head).forward_fill().alias("headed"),
        *(pl.when(filled(name, known)).then(place).forward_fill().alias(name) for name in carried),
    )
    member = ~pl.col("opens") & pl.col("headed")
    sources = places.select(
        pl.when(member & (pl.col(name) >= pl.col("start")))
        .then(pl.col(name))
        .otherwise(pl.col("here"))
        .alias(name)
        for name in carried
    )
    cells = [rows.get_column(name).gather(sources.get_column(name)) for name in carried]
    if "head_id" in carried:
        cells.append(rows.get_column("head_rounded").gather(sources.get_column("head_id")))
    return rows.with_columns(cells)


def _without_member_numbers(rows: pl.DataFrame, known: set[str]) -> pl.DataFrame:
    """Blank 序号 in the blocks where it numbers the members rather than the households."""
    head, numbered = filled("head_name", known), filled("sequence", known)
    name, sequence = _text("head_name", known), _text("sequence", known)
    again = (name == name.shift(1)) & head & numbered & _same_block()
    apart = again & (sequence != sequence.shift(1))
    # Whoever is told as somebody's relative opens no household, whatever number stands before them.
    relative = filled("relation", known) & ~_text("relation", known).str.strip_chars().is_in(HEADS)
    counts = rows.group_by("block").agg(
        nameless=(numbered & ~head).sum(),
        numbered=numbered.sum(),
        again=again.sum(),
        apart=apart.sum(),
        relatives=(apart & relative).sum(),
    )
    members = counts.filter(
        (pl.col("nameless") > 0.2 * pl.col("numbered"))
        | (pl.col("relatives") > 0.5 * pl.col("again"))
        | ((pl.col("again") > 3) & (pl.col("apart") > 0.5 * pl.col("again")))
    )["block"]
    if not members.len():
        return rows
    return rows.with_columns(
        pl.when(pl.col("block").is_in(members.implode()))
        .then(pl.lit(""))
        .otherwise(pl.col("sequence"))
        .alias("sequence")
    )


def _by_head(rows: pl.DataFrame, known: set[str]) -> pl.DataFrame:
    """By the list's own number of the household, else by runs of one head."""
    own = filled("household_no", known)
    headed = own | filled("head_name", known) | filled("head_id", known)
    name = _text("head_name", known)
    begins = headed & (
        ~_same_block().fill_null(value=False)
        | ~headed.shift(1, fill_value=False)
        | (name != name.shift(1))
        | own.shift(1, fill_value=False)
        | _another("sequence", known)
        | _another("head_id", known)
    )
    house: pl.Expr = pl.when(headed).then(pl.when(begins).then(_PLACE).forward_fill())
    if "household_no" in known:
        key = pl.concat_str(
            pl.col("block").cast(pl.String), _text("household_no", known), _text("list_type", known),
            _text("sender_code", known), separator="\t",
        )  # fmt: skip
        house = pl.when(own).then(_PLACE.min().over(key)).otherwise(house)
    return rows.with_columns(house.cast(pl.UInt32).alias("house"))


def _another(name: str, known: set[str]) -> pl.Expr:
    """Whether a cell is filled, and not with what the last filled one above it says."""
    last = pl.when(filled(name, known)).then(_text(name, known)).forward_fill()
    return filled(name, known) & _text(name, known).ne_missing(last.shift(1))


def _by_relation(rows: pl.DataFrame, known: set[str]) -> pl.DataFrame:
    """By 户主 among the relations, whose name and number are then the head's of the rows below."""
    is_head = _text("relation", known).is_in(HEADS)
    shares = rows.group_by("block").agg(share=is_head.mean())
    fit = pl.col("block").is_in(shares.filter(pl.col("share") > _FEWEST_HEADS)["block"].implode())
    here = pl.int_range(pl.len())
    begins = is_head | ~_same_block().fill_null(value=False)
    head = pl.when(begins).then(pl.when(is_head & fit).then(here).otherwise(-1)).forward_fill()
    rows = rows.with_columns(head.alias("head"))
    has = pl.col("head") >= 0
    first = pl.max_horizontal("head", pl.lit(0))
    taken = [
        pl.when(has).then(pl.col(source).gather(first)).otherwise(otherwise).alias(name)
        for name, source, otherwise in (
            ("head_name", "name", pl.lit("")),
            ("head_id", "id_number", pl.lit("")),
            ("head_rounded", "id_rounded", pl.lit(value=False)),
        )
        if source in rows.columns
    ]
    return rows.with_columns(
        *taken, pl.when(has).then(_PLACE.gather(first)).cast(pl.UInt32).alias("house")
    ).drop("head")
