"""A list file → columns: the one way in for lists of other offices.

Reads whole sheets at once; the cells that the matcher compares stay as typed, and every row of the file is
accounted for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple

import polars as pl
from django.utils.translation import gettext as _

from cases.matching.engine.frames import LIST_SCHEMA
from cases.matching.engine.normalise import clean_amount
from cases.matching.kinds import KINDS
from cases.matching.reading import headers
from cases.matching.reading.archives import Part, parts_of
from cases.matching.reading.checks import check, move_numbers, problems_frame
from cases.matching.reading.households import filled, make_whole
from cases.matching.reading.report import ListRead, SheetRead
from cases.matching.reading.rows import reasons
from cases.matching.reading.senders import Divisions, division_code
from cases.matching.reading.signature import Layouts
from cases.matching.reading.sniff import ListFileError
from cases.matching.reading.table import Block, read_table
from cases.matching.reading.tables import Table, open_tables

MOST_YUAN: Final = Decimal("9999999999.99")
BATCH_ROWS: Final = 100_000
_MONEY: Final = pl.Decimal(12, 2)
_PERSON: Final = ("name", "id_number", "certificate")
_COLUMNS: Final = tuple(pl.col(n).cast(t) for n, t in LIST_SCHEMA.items() if n not in ("row", "household"))
_NUMBERED: Final = (
    pl.int_range(pl.len(), dtype=pl.UInt32).alias("row"),
    *(
        pl.col(n).rank("dense").cast(pl.UInt32) if n == "household" else pl.col(n)
        for n in LIST_SCHEMA.names()
        if n != "row"
    ),
)
_TEXTS: Final = (
    "list_row_id", "amount",
    *(n for n, t in LIST_SCHEMA.items() if t == pl.String and n not in ("sheet", "own_id")),
)  # fmt: skip
_PLAIN_AMOUNT: Final = (
    pl.when(pl.col("amount").str.contains(r"^\s*[0-9]{1,9}(\.[0-9]{1,2})?\s*$") & ~pl.col("ten_thousands"))
    .then(pl.col("amount").str.strip_chars())
    .cast(_MONEY)
)


def read_list(
    source: Path | bytes,
    *,
    name: str,
    kind: str,
    layout: Layouts | None = None,
    divisions: Divisions | None = None,
) -> ListRead:
    """Read a list file, or a .zip of several, into columns.

    `name`: the file's name, part of a row's own id where the list has none. `kind`: of every row that does not
    say its own. `layout`: what clerks have said of the columns (:mod:`cases.matching.intake.layouts`).
    `divisions`: to place rows by what cells, sheet, title and file name say.

    Raises `ListFileError` when the file as a whole cannot be read or holds no person.
    """
    parts = []
    for read in _in_batches(parts_of(source, name=name), kind, layout or {}, divisions):
        if isinstance(read, ListFileError):
            raise read
        parts.append(read)
    return _whole(parts)


def read_lists(
    parts: Iterable[Part], *, kind: str, layout: Layouts | None = None, divisions: Divisions | None = None
) -> Iterator[ListRead | ListFileError]:
    """Read many files, each as :func:`read_list` would: much faster than one by one, because what they have in common
    is done for some 100,000 rows at a time. In their order, the sentence of one that cannot be read in its place."""
    for read in _in_batches(parts, kind, layout or {}, divisions):
        try:
            yield read if isinstance(read, ListFileError) else _whole([read])
        except ListFileError as error:
            yield error


def no_header() -> str:
    """The sentence for a file without a header row."""
    return _(
        "No header row was found. The list needs a row with column names such as 姓名 and 身份证号 above the data."
    )


class _PartRead(NamedTuple):
    """The rows of one file, and its sheets with their doubts as `_Batch` has them."""

    frame: pl.DataFrame
    sheets: list[SheetRead]
    doubts: list[tuple[SheetRead, list[tuple[int, str]], bool]]


def _whole(parts: list[_PartRead]) -> ListRead:
    """Some files as one list. Raises `ListFileError` when nobody is on it."""
    sheets = [sheet for part in parts for sheet in part.sheets]
    assert all(s.adds_up for s in sheets), "a row of the list is unaccounted for"
    if not any(s.columns for s in sheets):
        raise ListFileError(no_header())
    if not any(part.frame.height for part in parts):
        raise ListFileError(_("The list has a header row but no persons below it."))
    frame = pl.concat([part.frame for part in parts]).select(_NUMBERED)
    return ListRead(frame, sheets, problems_frame([each for part in parts for each in part.doubts]))


# A file with its sheets, or the sentence why it has none.
_Opened = tuple[str, list[Table] | ListFileError]


def _in_batches(
    parts: Iterable[Part], kind: str, layouts: Layouts, divisions: Divisions | None
) -> Iterator[_PartRead | ListFileError]:
    """What was read of each file, some 100,000 rows at a time."""

    def opened(part: Part) -> _Opened:
        try:
            return part.name, list(open_tables(part.data))
        except ListFileError as error:
            return part.name, error

    waiting: list[_Opened] = []
    rows = places = 0
    for file, tables in map(opened, parts):
        waiting.append((file, tables))
        rows += 0 if isinstance(tables, ListFileError) else sum(table.height for table in tables)
        if rows >= BATCH_ROWS:
            yield from _read(waiting, kind, layouts, divisions, places)
            places += rows
            waiting, rows = [], 0
    yield from _read(waiting, kind, layouts, divisions, places)


def _read(
    files: list[_Opened], kind: str, layouts: Layouts, divisions: Divisions | None, places: int
) -> Iterator[_PartRead | ListFileError]:
    known = headers.fields_for(kind)
    tables = [(f, table) for f, found in files if isinstance(found, list) for table in found]
    why = reasons([table.frame for _file, table in tables], known)
    read = iter(
        [
            read_table(table, reason, file=file, known=known, layouts=layouts, divisions=divisions)
            for (file, table), reason in zip(tables, why, strict=True)
        ]
    )
    of_files = [
        found if isinstance(found, ListFileError) else list(islice(read, len(found)))
        for _file, found in files
    ]
    blocks = [b for found in of_files if isinstance(found, list) for sheet in found for b in sheet]
    batch = _Batch(blocks, kind=kind, divisions=divisions, places=places)
    first = row = 0
    for found in of_files:
        if isinstance(found, ListFileError):
            yield found
            continue
        last = first + sum(map(len, found))
        height = sum(batch.heights[first:last])
        doubts = batch.doubts[2 * first : 2 * last]
        yield _PartRead(batch.frame.slice(row, height), [sheet[0].report for sheet in found], doubts)
        first, row = last, row + height


class _Batch:
    """Some sheets: `frame` has the columns of the list schema without `row`; `household` is the place of its first
    row, counted from `places`. The rows of a block, as many as `heights` says, stand together in the blocks' order.

    `doubts`: for each block the report of its sheet, (line, code), and whether the rows were rejected: first those
    that were kept, then those that were not.
    """

    def __init__(self, blocks: list[Block], *, kind: str, divisions: Divisions | None, places: int) -> None:
        self.blocks, self.kind, self.divisions, self.places = blocks, kind, divisions, places
        self.doubts: list[tuple[SheetRead, list[tuple[int, str]], bool]] = []
        read = [self._read(group) for group in self._groups()]
        frame = pl.concat(read, how="vertical") if read else _NOBODY
        if len(read) > 1:
            frame = frame.sort("block", maintain_order=True)
        self.heights = [0] * len(blocks)
        for number, height in frame.group_by("block").len().iter_rows():
            self.heights[number] = height
            blocks[number].report.accepted += height
        found = check(frame, blocks)
        for number, block in enumerate(blocks):
            block.report.rejected += sum(code == "nobody" for _line, code in block.rejected)
            self.doubts.append((block.report, found.get(number, []), False))
            self.doubts.append((block.report, block.rejected, True))
        self.frame = frame.select(*_COLUMNS, pl.col("house").alias("household"))

    def _groups(self) -> list[list[int]]:
        """The numbers of the blocks that have the same columns."""
        groups: dict[tuple[str, ...], list[int]] = {}
        for number, block in enumerate(self.blocks):
            if block.rows.height:
                groups.setdefault(block.fields, []).append(number)
        return list(groups.values())

    def _read(self, numbers: list[int]) -> pl.DataFrame:
        """The persons of blocks with the same columns."""
        blocks = [self.blocks[n] for n in numbers]
        columns = blocks[0].rows.columns
        rows = pl.concat([b.rows.select(columns) for b in blocks])
        owners = [n for n, b in zip(numbers, blocks, strict=True) for _row in range(b.rows.height)]
        rows = rows.with_columns(
            pl.Series("block", owners, dtype=pl.UInt32),
            (pl.int_range(pl.len()) + self.places).cast(pl.UInt32).alias("place"),
        )
        self.places += rows.height
        rows = self._sort_out(make_whole(rows, blocks[0].fields), blocks[0].fields)
        return move_numbers(self._complete(rows))

    def _sort_out(self, rows: pl.DataFrame, fields: tuple[str, ...]) -> pl.DataFrame:
        """Take out the rows that name nobody; those that hold something all the same are rejected."""
        known = set(fields)
        somebody = rows.select(pl.any_horizontal([filled(f, known) for f in _PERSON])).to_series()
        if somebody.all():
            return rows
        about = [f for f in fields if f not in ("sequence", "list_row_id", "list_type")]
        for row in rows.filter(~somebody).iter_rows(named=True):
            block = self.blocks[row["block"]]
            cells = block.table.frame.row(row["line"] - block.table.first_line)
            said = {f for f in about if row[f].strip()}
            if not said and not any(cells[i].strip() for i in block.unread):
                block.report.pass_over(row["line"], "blank")
            elif said <= headers.HOUSEHOLD_FIELDS and said & {"head_name", "head_id", "household_no"}:
                block.report.pass_over(row["line"], "household")
            else:
                block.rejected.append((row["line"], "nobody"))
        return rows.filter(somebody)

    def _complete(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Add the columns that a sheet or a file says rather than a cell, and read the amounts."""
        rows = rows.with_columns(pl.lit("").alias(c) for c in _TEXTS if c not in rows.columns)
        of: dict[str, list[Any]] = {
            "sheet": [b.report.name for b in self.blocks],
            "file": [b.report.file for b in self.blocks],
            "ten_thousands": [b.ten_thousands for b in self.blocks],
            "households_only": [b.report.households_only for b in self.blocks],
        }
        rows = rows.hstack(pl.DataFrame(of)[rows["block"]])
        stated = pl.col("list_row_id").str.strip_chars()
        made = pl.concat_str(pl.col("file"), pl.col("sheet"), pl.col("line").cast(pl.String), separator=":")
        own = pl.col("list_type").str.strip_chars().str.to_lowercase()
        only = pl.col("households_only")
        rows = rows.with_columns(
            pl.when(stated != "").then(stated).otherwise(made).alias("own_id"),
            pl.when(own.is_in(list(KINDS))).then(own).otherwise(pl.lit(self.kind)).alias("list_type"),
            pl.when(only).then(pl.col("name")).otherwise(pl.col("head_name")).alias("head_name"),
            pl.when(only).then(pl.col("id_number")).otherwise(pl.col("head_id")).alias("head_id"),
            pl.when(only).then(pl.col("id_rounded")).otherwise(pl.col("head_rounded")).alias("head_rounded"),
            pl.when(only & pl.col("house").is_null())
            .then(pl.col("place"))
            .otherwise(pl.col("house"))
            .alias("house"),
            pl.col("amount").alias("amount_typed"),
            _PLAIN_AMOUNT.alias("amount"),
        )
        return self._with_senders(_with_amounts(rows)).select(_READ)

    def _with_senders(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The office that each row comes from: by its own cells, else by its sheet."""
        if not rows["sender_code"].str.len_bytes().max() and not rows["township"].str.len_bytes().max():
            senders = pl.DataFrame({"sender_code": [b.report.sender for b in self.blocks]})
            return rows.drop("sender_code").hstack(senders[rows["block"]])
        distinct = rows.select("block", "sender_code", "township").unique()
        codes = []
        for block, code, township in distinct.rows():
            own = division_code(code)
            if not own and township.strip() and self.divisions is not None:
                own = self.divisions.sender(township.strip())
            codes.append(own or self.blocks[block].report.sender)
        known = distinct.with_columns(pl.Series("sender", codes, dtype=pl.String))
        joined = rows.join(known, on=["block", "sender_code", "township"], how="left", maintain_order="left")
        return joined.drop("sender_code").rename({"sender": "sender_code"})


_READ: Final = (
    *(n for n in LIST_SCHEMA if n not in ("row", "household")), "house", "block", "amount_typed",
)  # fmt: skip
_NOBODY: Final = pl.DataFrame(
    schema={
        **{n: LIST_SCHEMA[n] for n in _READ if n in LIST_SCHEMA},
        "house": pl.UInt32, "block": pl.UInt32, "amount_typed": pl.String, "moved": pl.Boolean,
    }
)  # fmt: skip


def _with_amounts(rows: pl.DataFrame) -> pl.DataFrame:
    """Read the amounts that are not plain numbers of yuan; distinct texts are read once."""
    odd = rows["amount"].is_null() & (rows["amount_typed"] != "")
    if not odd.any():
        return rows
    distinct = rows.filter(odd).select("amount_typed", "ten_thousands").unique()
    values = [clean_amount(text, ten_thousands=unit) for text, unit in distinct.rows()]
    yuan = pl.Series(
        "yuan", [v if v is not None and abs(v) <= MOST_YUAN else None for v in values], dtype=_MONEY
    )
    read = rows.join(
        distinct.with_columns(yuan), on=["amount_typed", "ten_thousands"], how="left", maintain_order="left"
    )
    return read.with_columns(pl.coalesce("amount", "yuan").alias("amount")).drop("yuan")
