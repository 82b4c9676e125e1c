"""A register file → pages of rows by column. Knows how sheets are laid out, not what their columns mean."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Final

from django.utils.translation import gettext as _

from cases.importing import columns
from cases.matching.reading import headers
from cases.matching.reading.files import Grid, ListFileError, open_grids
from cases.matching.reading.lines import HEADER_SEARCH_ROWS, Line, SheetReport, find_header, why_not_a_person

SAMPLES: Final = 3


@dataclass(slots=True)
class Page:
    """One sheet. ``keys`` name its columns over all sheets (the header, a repeated one with its number);
    ``rows`` yields (line, cells by key) and is consumed once, in order."""

    name: str
    report: SheetReport
    titles: list[str]
    keys: list[str]
    _rows: Iterator[Line] = field(repr=False)

    def rows(self) -> Iterator[tuple[int, dict[str, str]]]:
        """The persons of the page. Titles, totals, signatures and repeated headers are dropped and counted."""
        for line, cells, rounded in self._rows:
            trimmed = [cell.strip() for cell in cells]
            why = why_not_a_person(trimmed)
            if not why and trimmed[: len(self.titles)] == self.titles:
                why = "header"
            if why:
                if why != "empty":
                    self.report.drop(line, why, trimmed)
                continue
            self.report.rows += 1
            yield (
                line,
                {
                    key: _cut(cell) if place in rounded else cell
                    for place, (key, cell) in enumerate(zip(self.keys, trimmed, strict=False))
                    if cell
                },
            )


def _cut(cell: str) -> str:
    """A number that a spreadsheet has rounded, written so that nobody takes it for a whole one."""
    digits = cell.split(".")[0]
    return f"{digits[0]}.{digits[1:15]}E+{len(digits) - 1}"


def open_pages(source: Path | bytes) -> Iterator[Page]:
    """The sheets of a file that hold a table. Raises ListFileError when the file cannot be read or holds none."""
    found = False
    for grid in open_grids(source):
        page = _page(grid)
        if page is not None:
            found = True
            yield page
    if not found:
        raise ListFileError(
            _(
                "No header row was found. The file needs a row with column names such as 姓名 and 身份证号 above the data."
            )
        )


def _page(grid: Grid) -> Page | None:
    report = SheetReport(grid.name)
    rows = iter(grid.rows)
    seen = list(islice(rows, HEADER_SEARCH_ROWS))
    head = find_header(iter(seen), report, columns.field_of)
    if head is not None:
        pending, _columns, titles = head
    else:
        place = _likely_header(seen)
        if place is None:
            return None
        report.header_line, titles = seen[place][0], [cell.strip() for cell in seen[place][1]]
        pending = seen[place + 1 :]
    while titles and not titles[-1]:
        titles.pop()
    return Page(grid.name, report, titles, _keys(titles), chain(pending, rows))


def _likely_header(seen: list[Line]) -> int | None:
    """The first row of three words and more, none of them a number, above a row that holds one."""
    for place, (_line, cells, _rounded) in enumerate(seen[:-1]):
        filled = [cell.strip() for cell in cells if cell.strip()]
        below = [cell.strip() for cell in seen[place + 1][1]]
        wordy = len(filled) >= 3 and not any(c.isdigit() for cell in filled for c in cell)
        if wordy and any(sum(c.isdigit() for c in cell) >= 6 for cell in below):
            return place
    return None


def _keys(titles: list[str]) -> list[str]:
    seen: Counter[str] = Counter()
    keys = []
    for place, title in enumerate(titles):
        name = headers.plain(title)[:40] if title else f"#{place + 1}"
        seen[name] += 1
        keys.append(name if seen[name] == 1 else f"{name}#{seen[name]}")
    return keys


@dataclass(slots=True)
class FoundColumn:
    """A column over all sheets: its key, header as written, and some cells."""

    key: str
    title: str
    cells: list[str] = field(default_factory=list)


def survey(source: Path | bytes) -> tuple[list[FoundColumn], list[SheetReport]]:
    """The columns of all sheets in order of appearance with up to 50 cells each, and what was dropped.

    Reads the whole file. Raises ListFileError, also when no row follows the headers.
    """
    found: dict[str, FoundColumn] = {}
    reports = []
    for page in open_pages(source):
        for key, title in zip(page.keys, page.titles, strict=True):
            found.setdefault(key, FoundColumn(key, title))
        for _line, cells in page.rows():
            for key, cell in cells.items():
                if len(found[key].cells) < 50:
                    found[key].cells.append(cell)
        reports.append(page.report)
    if not any(report.rows for report in reports):
        raise ListFileError(_("The file has a header row but no children below it."))
    return [column for column in found.values() if column.title or column.cells], reports
