"""Files as offices make them, for the tests of reading."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import xlsxwriter

from cases import identity
from cases.matching.reading.lists import read_list
from cases.matching.reading.report import ListRead
from cases.matching.reading.signature import Layouts

DATA = Path(__file__).parents[2] / "data" / "matching"


def number(first17: str) -> str:
    """A valid identity number from its first 17 digits."""
    return first17 + identity.check_character(first17)


CHILD, HEAD, OTHER = number("50015220150301101"), number("50015219500101101"), number("50015219620505303")


def text(*lines: str, encoding: str = "utf-8") -> bytes:
    """Delimited text as a spreadsheet saves it."""
    return "\r\n".join(lines).encode(encoding)


def workbook(
    *sheets: Sequence[Sequence[object]], names: Sequence[str] = (), hidden: Sequence[int] = ()
) -> bytes:
    """A workbook of grids; ``hidden`` are the places of sheets nobody sees."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        for place, grid in enumerate(sheets):
            sheet = book.add_worksheet(names[place] if place < len(names) else None)
            if place in hidden:
                sheet.hide()
            for y, row in enumerate(grid):
                for x, value in enumerate(row):
                    sheet.write(y, x, value)
    return out.getvalue()


def packed(files: Mapping[str, bytes]) -> bytes:
    """A .zip of files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def read(
    source: Path | bytes, name: str = "list.csv", *, layout: Layouts | None = None, **more: Any
) -> ListRead:
    """Read a dibao list, every row accounted for."""
    found = read_list(source, name=name, kind=more.pop("kind", "dibao"), layout=layout, **more)
    assert found.rows_in_file == found.rows_accepted + found.rows_rejected + found.rows_other
    assert found.frame.height == found.rows_accepted
    return found


def cells(found: ListRead, *columns: str) -> list[tuple[Any, ...]]:
    """Some columns of every person."""
    return found.frame.select(columns).rows()


def passed(found: ListRead, sheet: int = 0) -> list[tuple[int, str]]:
    """Line and reason of the rows of a sheet that are no persons (blank ones have no line)."""
    return sorted((p.line, p.why) for p in found.sheets[sheet].passed)


def problems(found: ListRead) -> list[tuple[int, str]]:
    """Line and code of every doubt and rejection."""
    return [(line, code) for _file, _sheet, line, code, _rejected in found.problems.rows()]
