"""The rows of a list that were rejected or are doubtful, as the same sheets with the reason beside each row."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Final

import polars as pl
import xlsxwriter
from django.utils.translation import gettext as _

from cases.matching.reading.archives import parts_of
from cases.matching.reading.preview import PROBLEMS
from cases.matching.reading.report import ListRead
from cases.matching.reading.tables import Table, open_tables

OPTIONS: Final = {"strings_to_formulas": False, "strings_to_urls": False, "constant_memory": True}
WIDE: Final = 60
_BAD_IN_NAMES: Final = str.maketrans("[]:*?/\\'", "        ")


def with_reasons(source: Path | bytes, read: ListRead, *, name: str, mark: str) -> bytes:
    """A workbook of the sheets of a list: above, `mark` (who had it made, when); the sheet's own header; every row
    with a problem as it stands in the file, all cells as text; then its row number, what is wrong and what to do."""
    data = io.BytesIO()
    columns = {(s.file, s.name): [c.header for c in s.columns] for s in read.sheets}
    wrong = read.problems.group_by("file", "sheet", maintain_order=True).agg("line", "code")
    by_sheet = {(f, s): list(zip(lines, codes, strict=True)) for f, s, lines, codes in wrong.rows()}
    with xlsxwriter.Workbook(data, OPTIONS) as book:
        text, bold = book.add_format({"num_format": "@"}), book.add_format({"bold": True})
        taken: set[str] = set()
        for part in parts_of(source, name=name):
            for table in open_tables(part.data):
                found = by_sheet.get((part.name, table.name))
                if not found:
                    continue
                sheet = book.add_worksheet(_sheet_name(table.name or Path(part.name).stem, taken))
                titles = [*columns[part.name, table.name]]
                titles += [""] * (table.frame.width - len(titles))
                sheet.set_column(0, len(titles) - 1, 16, text)
                sheet.set_column(len(titles) + 1, len(titles) + 2, WIDE)
                sheet.write_string(0, 0, mark)
                for place, title in enumerate([*titles, _("Row"), _("What is wrong"), _("What to do")]):
                    sheet.write_string(1, place, title, bold)
                for at, (line, cells, told) in enumerate(_rows(table, found), 2):
                    for place, cell in enumerate(cells):
                        sheet.write_string(at, place, cell, text)
                    sheet.write_number(at, len(titles), line)
                    sheet.write_string(at, len(titles) + 1, " ".join(str(PROBLEMS[c][0]) for c in told))
                    sheet.write_string(at, len(titles) + 2, " ".join(str(PROBLEMS[c][1]) for c in told))
                sheet.freeze_panes(2, 0)
        if not taken:
            book.add_worksheet().write_string(0, 0, mark)
    return data.getvalue()


def _rows(table: Table, found: list[tuple[int, str]]) -> list[tuple[int, tuple[str, ...], list[str]]]:
    """Line, cells and codes of the rows with problems, in order."""
    codes: dict[int, list[str]] = {}
    for line, code in found:
        codes.setdefault(line, []).append(code)
    lines = sorted(codes)
    places = pl.Series([line - table.first_line for line in lines], dtype=pl.UInt32)
    cells = table.frame.select(pl.all().gather(places)).rows()
    return [(line, row, codes[line]) for line, row in zip(lines, cells, strict=True)]


def _sheet_name(name: str, taken: set[str]) -> str:
    """A name that a workbook takes, and takes once."""
    base = name.translate(_BAD_IN_NAMES).strip()[:25] or "1"
    found, number = base, 1
    while found.lower() in taken:
        number += 1
        found = f"{base} {number}"
    taken.add(found.lower())
    return found
