"""Spreadsheet files as offices send them → columns of text, a sheet at a time. Knows formats, not lists.

:func:`open_grids` gives the same cells row by row, for readers that stream.
"""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import polars as pl
from django.utils.translation import gettext as _

from cases.matching.reading.books import Book, open_book
from cases.matching.reading.files import EXACT_INTEGER, MAX_TEXT_ROWS, cell_text
from cases.matching.reading.sniff import (
    HEAD_BYTES,
    ListFileError,
    broken_off,
    damaged,
    decode,
    delimiter_of,
    file_kind,
)

MAX_COLUMNS: Final = 256
MAX_MERGED: Final = 20_000_000
BLANK: Final = ""
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")


@dataclass(slots=True)
class Table:
    """One sheet. `frame` has String columns "0", "1" … without nulls; its row 0 is line `first_line` of the
    sheet, and every line above it is blank. `rounded`: for a column, the rows whose number has lost its
    tail. `hidden_lines`: lines that the sender's filter hides; they are data like the others."""

    name: str
    frame: pl.DataFrame
    first_line: int = 1
    visible: bool = True
    rounded: dict[int, pl.Series] = field(default_factory=dict)
    hidden_lines: frozenset[int] = frozenset()
    broken_off: bool = False

    @property
    def height(self) -> int:
        """Lines of the sheet down to its last used one."""
        return self.first_line - 1 + self.frame.height if self.frame.width else 0

    def lines(self, start: int, stop: int) -> list[tuple[int, list[str], frozenset[int]]]:
        """Some rows as :class:`~cases.matching.reading.files.Grid` has them: line, cells, columns that were rounded."""
        part = self.frame.slice(start, stop - start).rows() if self.frame.width else []
        return [
            (
                self.first_line + start + i,
                list(cells),
                frozenset(c for c, flags in self.rounded.items() if flags[start + i]),
            )
            for i, cells in enumerate(part)
        ]


def open_tables(source: Path | bytes) -> Iterator[Table]:
    """The sheets of a file in order, hidden ones too. Raises `ListFileError` as `open_grids` does."""
    if file_kind(source) == "text":
        yield _text_table(source)
        return
    with open_book(source) as book:
        for sheet in book.sheets():
            yield _sheet_table(book, sheet)


# ---- workbooks ------------------------------------------------------------------------------------


def _sheet_table(book: Book, sheet: Any) -> Table:
    page = book.page(sheet)
    top, left = page.start or (0, 0)
    columns = list(zip(*book.rows(sheet, page), strict=True)) if page.start is not None else []
    for place, spans in _merged_downwards(page, top, left).items():
        columns[place] = _filled(columns[place], spans)
    texts: list[pl.Series] = []
    rounded: dict[int, pl.Series] = {}
    for place, values in enumerate(columns):
        if set(map(type, values)) == {str}:
            texts.append(pl.Series(str(place), values, dtype=pl.String))
            continue
        known = _Texts()
        cells = [v if type(v) is str else known[v] for v in values]
        texts.append(pl.Series(str(place), cells, dtype=pl.String))
        lost = {v for v in known if type(v) in (float, int) and abs(v) >= EXACT_INTEGER}  # type: ignore[arg-type]
        if lost:
            rounded[place] = pl.Series([type(v) is not str and v in lost for v in values])
    return Table(
        sheet.name, pl.DataFrame(texts), top + 1, book.is_visible(sheet), rounded, book.hidden_lines(sheet)
    )


class _Texts(dict[object, str]):
    """:func:`cell_text`, of each distinct value once: amounts and numbers of households repeat."""

    def __missing__(self, value: object) -> str:
        text = self[value] = cell_text(value)
        return text


def _merged_downwards(page: Any, top: int, left: int) -> dict[int, list[tuple[int, int]]]:
    """Column → first and last row of its cells that are merged downwards, counted from the used area."""
    spans: dict[int, list[tuple[int, int]]] = defaultdict(list)
    if page.start is None:
        return spans
    height, width = page.height, page.width
    covered = 0
    for (r0, c0), (r1, c1) in page.merged_cell_ranges or ():
        if r1 > r0 and c0 == c1 and left <= c0 < left + width and top <= r0 < top + height:
            last = r1 - top if r1 < top + height else height - 1
            covered += last - r0 + top
            spans[c0 - left].append((r0 - top, last))
    if covered > MAX_MERGED:  # cells that overlap each other, which no spreadsheet writes
        raise ListFileError(damaged())
    return spans


def _filled(values: tuple[Any, ...], spans: list[tuple[int, int]]) -> tuple[Any, ...]:
    """A column with the value of each merged cell in the blank cells below it."""
    cells = list(values)
    for first, last in spans:
        value = values[first]
        if value != BLANK:
            for row in range(first + 1, last + 1):
                if cells[row] == BLANK:
                    cells[row] = value
    return tuple(cells)


# ---- delimited text -------------------------------------------------------------------------------


def _text_table(source: Path | bytes) -> Table:
    text = decode(source)
    delimiter = delimiter_of(text[:HEAD_BYTES])
    cut = bool(text) and not text.endswith(("\n", "\r"))
    frame = _quoted(text, delimiter) if '"' in text else _plain(text, delimiter)
    return Table("", frame, broken_off=cut and _last_is_short(frame))


def _plain(text: str, delimiter: str) -> pl.DataFrame:
    """Text without quotation marks, by columns; reads as the csv module would."""
    text = _unix(text).removesuffix("\n")
    height = text.count("\n") + 1
    if height > MAX_TEXT_ROWS:
        raise ListFileError(_too_many_rows())
    width = max(line.count(delimiter) for line in text[:HEAD_BYTES].split("\n")) + 1
    if 1 < width <= MAX_COLUMNS:
        schema = {str(i): pl.String for i in range(width)}
        try:
            frame = pl.read_csv(
                text.encode(), has_header=False, schema=schema, separator=delimiter, quote_char=None,
                infer_schema=False, empty_string_is_null=False,
            )  # fmt: skip
        except pl.exceptions.PolarsError:
            return _split(text, delimiter)  # some line is longer than the first ones
        if frame.height == height:
            return frame.select(pl.all().fill_null(BLANK))
    return _split(text, delimiter)


def _split(text: str, delimiter: str) -> pl.DataFrame:
    lines = pl.Series([text]).str.split("\n").explode()
    most = int(lines.str.count_matches(delimiter, literal=True).max() or 0)  # type: ignore[arg-type]
    if most >= MAX_COLUMNS:
        raise ListFileError(_too_wide())
    if not most:
        return pl.DataFrame({"0": lines.fill_null(BLANK)})
    parts = lines.str.split_exact(delimiter, most).struct.unnest()
    return parts.rename({name: str(i) for i, name in enumerate(parts.columns)}).select(
        pl.all().fill_null(BLANK)
    )


def _quoted(text: str, delimiter: str) -> pl.DataFrame:
    """Text with quotation marks: the records that hold one are read by the csv module, all others by columns."""
    runs: list[str] = []  # of whole lines without a mark
    quoted: dict[int, list[str]] = {}  # record → cells
    record = at = 0
    lines = _Lines(text)
    reader = csv.reader(lines, delimiter=delimiter)
    try:
        while (mark := text.find('"', at)) >= 0:
            begin = max(at, text.rfind("\n", at, mark) + 1, text.rfind("\r", at, mark) + 1)
            runs.append(_unix(text[at:begin]))
            record += runs[-1].count("\n")
            lines.at = begin
            quoted[record] = next(reader)
            record, at = record + 1, lines.at
            if record > MAX_TEXT_ROWS:
                raise ListFileError(_too_many_rows())
    except csv.Error as error:
        raise ListFileError(broken_off(record + 1)) from error
    runs.append(_unix(text[at:]))
    plain = _plain("".join(runs), delimiter) if any(runs) else pl.DataFrame({"0": []}, {"0": pl.String})
    width = max([plain.width, *map(len, quoted.values())])
    if width > MAX_COLUMNS:
        raise ListFileError(_too_wide())
    columns = zip(*([*row, *[BLANK] * (width - len(row))] for row in quoted.values()), strict=True)
    told = pl.DataFrame([pl.Series(str(i), cells, dtype=pl.String) for i, cells in enumerate(columns)])
    frame = pl.concat([plain, told], how="diagonal").select(pl.all().fill_null(BLANK))
    from_plain, from_told = iter(range(plain.height)), iter(range(plain.height, frame.height))
    return frame[[next(from_told if each in quoted else from_plain) for each in range(frame.height)]]


class _Lines(Iterator[str]):
    """The lines of a text from `at` on, with their ends; `at` moves behind the one that was taken."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0

    def __next__(self) -> str:
        found = _LINE.match(self.text, self.at)
        if found is None:
            raise StopIteration
        self.at = found.end()
        return found[0]


def _unix(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _last_is_short(frame: pl.DataFrame) -> bool:
    """Whether the last line has fewer cells than the one before it: the file stops in its middle."""
    if frame.height < 3 or frame.width < 3:
        return False
    ends = [max((i for i, c in enumerate(row) if c.strip()), default=-1) for row in frame.tail(2).rows()]
    return ends[1] < ends[0] - 1


def _too_many_rows() -> str:
    return _("The file has more than 10 million rows. Split the list by township.")


def _too_wide() -> str:
    return _("A row has more than 256 columns. Delete the columns beside the list, or save it as .xlsx.")
