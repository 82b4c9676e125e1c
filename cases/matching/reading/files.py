"""Spreadsheet files as offices send them → rows of cell text. Knows formats, not lists.

Rows come one by one, so that a long text is never held; whoever wants whole columns takes
:func:`cases.matching.reading.tables.open_tables`.
"""

import csv
import datetime as dt
import io
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from django.utils.translation import gettext as _

from cases.matching.reading.books import open_book
from cases.matching.reading.sniff import (
    HEAD_BYTES,
    ListFileError,
    broken_off,
    delimiter_of,
    encoding_of,
    file_kind,
    stream_of,
    unknown_encoding,
)

__all__ = ["EXACT_INTEGER", "Grid", "ListFileError", "cell_text", "open_grids"]

MAX_TEXT_ROWS: Final = 10_000_000
MAX_CELL_CHARACTERS: Final = 32_767
# Excel keeps 15 significant digits: a longer number typed as a number has lost its tail.
EXACT_INTEGER: Final = 10**15


@dataclass(frozen=True, slots=True)
class Grid:
    """One sheet: its name and its rows as (line number from 1, cell texts, columns whose number was
    rounded)."""

    name: str
    rows: Iterator[tuple[int, list[str], frozenset[int]]]


def open_grids(source: Path | bytes) -> Iterator[Grid]:
    """The visible sheets of a file, in order. Consume each grid before asking for the next.

    The content decides the format, not the file name. Raises `ListFileError` for anything that is
    not a readable workbook or delimited text.
    """
    if file_kind(source) == "text":
        with stream_of(source) as stream:
            head = stream.read(HEAD_BYTES)
        yield Grid("", _delimited(source, head))
        return
    with open_book(source) as book:
        for sheet in book.sheets():
            if book.is_visible(sheet):
                page = book.page(sheet)
                yield Grid(sheet.name, _sheet_rows(page, book.rows(sheet, page)))


def _sheet_rows(page: Any, rows: Iterator[list[Any]]) -> Iterator[tuple[int, list[str], frozenset[int]]]:
    if page.start is None:
        return
    top, left = page.start
    starts: dict[int, list[tuple[int, int, int]]] = {}
    for (r0, c0), (r1, c1) in page.merged_cell_ranges or ():
        if r1 > r0:
            starts.setdefault(r0 - top, []).append((r1 - top, c0 - left, c1 - left))
    open_spans: list[tuple[int, int, str, bool]] = []  # last row, column, text, rounded
    for number, values in enumerate(rows):
        cells = [cell_text(v) for v in values]
        rounded = {i for i, v in enumerate(values) if isinstance(v, float) and abs(v) >= EXACT_INTEGER}
        if open_spans:
            open_spans = [s for s in open_spans if s[0] >= number]
            for _last, column, text, was_rounded in open_spans:
                if column < len(cells) and not cells[column]:
                    cells[column] = text
                    if was_rounded:
                        rounded.add(column)
        for last, first_column, last_column in starts.get(number, ()):
            if 0 <= first_column < len(cells) and cells[first_column] and last_column == first_column:
                open_spans.append((last, first_column, cells[first_column], first_column in rounded))
        yield top + number + 1, cells, frozenset(rounded)


def cell_text(value: object) -> str:
    """A cell as text: whole numbers without .0, dates as 2026-10-31, blank as ''.

    A number of 16 digits and more shows its 15 exact digits and zeros, as Excel itself would.
    """
    if isinstance(value, str):
        return value[:MAX_CELL_CHARACTERS]
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float):
        if value != value or value in (float("inf"), float("-inf")):
            return ""
        if value == int(value):
            return str(int(value)) if abs(value) < EXACT_INTEGER else f"{Decimal(f'{value:.15g}'):f}"
        return f"{Decimal(f'{value:.15g}'):f}"
    if isinstance(value, dt.datetime):
        return value.date().isoformat()
    return "" if value is None else str(value)


def _delimited(source: Path | bytes, head: bytes) -> Iterator[tuple[int, list[str], frozenset[int]]]:
    encoding = encoding_of(source, head)
    delimiter = delimiter_of(head.decode(encoding, errors="ignore"))
    with stream_of(source) as stream, io.TextIOWrapper(stream, encoding=encoding, newline="") as text:
        reader = csv.reader(text, delimiter=delimiter)
        number = 0
        try:
            for number, cells in enumerate(reader, 1):
                if number > MAX_TEXT_ROWS:
                    raise ListFileError(
                        _("The file has more than 10 million rows. Split the list by township.")
                    )
                yield number, cells, frozenset()
        except UnicodeError as error:
            raise ListFileError(unknown_encoding()) from error
        except csv.Error as error:
            raise ListFileError(broken_off(number + 1)) from error
