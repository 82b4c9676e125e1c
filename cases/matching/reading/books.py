"""Workbooks of Excel and WPS (.xlsx, .xls, .et saved as .xls) behind one reader, guarded before it opens them."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import IO, Any, Final, NamedTuple

import python_calamine
from django.utils.translation import gettext as _

from cases.matching.reading.ole import look_through
from cases.matching.reading.sniff import (
    BLOCK,
    BROKEN_ARCHIVE,
    WORKBOOK,
    ListFileError,
    damaged,
    damaged_old,
    file_kind,
    protected,
    stream_of,
)

MAX_UNPACKED_BYTES: Final = 1500 * 2**20
MAX_UNPACK_RATIO: Final = 300
# A workbook is held in memory, text is streamed.
MAX_WORKBOOK_ROWS: Final = 300_000
MAX_CELLS: Final = 20_000_000
# A cell with a value beyond column CZ: readers hold the whole rectangle up to it.
_FAR_COLUMN = re.compile(rb'r="(?:[A-Z]{3}|[D-Z][A-Z])\d')
_FAR_CELL = re.compile(rb'<c\b[^>]*?\br="(?:[A-Z]{3,}|[D-Z][A-Z])\d+"[^>]*[^/]>\s*<(?:v|is|f)\b')
_LOW_ROW = re.compile(rb'r="[A-Z]{1,3}\d{6}')
_LOW_CELL = re.compile(rb'<c\b[^>]*?\br="[A-Z]{1,3}(\d{6,})"[^>]*[^/]>\s*<(?:v|is|f)\b')
_ROW_NUMBER = re.compile(rb'<row [^>]*?\br="(\d+)"')
_HIDDEN = re.compile(rb'<row (?=[^>]*\bhidden="(?:1|true)")[^>]*?\br="(\d+)"')
_FAILED = re.compile(rb'<c (?=[^>]*\bt="e")[^>]*?\br="([A-Z]{1,3})(\d+)"')
_SHEET = re.compile(r"<(?:\w+:)?sheet\b[^>]*>")
_RELATION = re.compile(r"<(?:\w+:)?Relationship\b[^>]*>")
_ATTRIBUTE = re.compile(r'([\w:]+)="([^"]*)"')
_READ_PARTS = ("xl/worksheets/", "xl/sharedStrings", "xl/styles", "xl/workbook", "xl/_rels/")


FAILED_CELL: Final = "#ERROR!"  # what a cell holds whose formula has failed: no amount, no number, no name


class Marks(NamedTuple):
    """What the reader does not tell of a sheet: its hidden lines, and line and column, both from 1, of each cell
    whose formula has failed (#N/A, #DIV/0! …), which the reader gives as blank."""

    hidden: frozenset[int] = frozenset()
    failed: frozenset[tuple[int, int]] = frozenset()


class Book:
    """An open workbook: its worksheets in order, hidden ones too."""

    def __init__(self, book: Any, marks: dict[str, Marks], *, old: bool) -> None:
        self._book = book
        self._marks = marks
        self._old = old

    def sheets(self) -> list[Any]:
        """The worksheets (no charts, no macro sheets)."""
        return [s for s in self._book.sheets_metadata if s.typ == python_calamine.SheetTypeEnum.WorkSheet]

    def is_visible(self, sheet: Any) -> bool:
        """Whether a person who opens the workbook sees the sheet."""
        return bool(sheet.visible == python_calamine.SheetVisibleEnum.Visible)

    def hidden_lines(self, sheet: Any) -> frozenset[int]:
        """Lines that a filter or a person has hidden (.xlsx only)."""
        return self._marks.get(sheet.name, Marks()).hidden

    def page(self, sheet: Any) -> Any:
        """The cells of a sheet."""
        with _sentences(old=self._old):
            page = self._book.get_sheet_by_name(sheet.name)
        if page.height * page.width > MAX_CELLS:
            raise ListFileError(_("A row far below the list is filled. Delete the rows under the list."))
        return page

    def rows(self, sheet: Any, page: Any) -> Iterator[list[Any]]:
        """The values of a page's used area, :data:`FAILED_CELL` where a formula has failed (.xlsx only)."""
        top, left = page.start or (0, 0)
        used = islice(
            page.iter_rows(), top, None
        )  # the reader leaves out blank columns before the area, no blank lines
        failed = self._marks.get(sheet.name, Marks()).failed
        if not failed:
            yield from used
            return
        columns: dict[int, list[int]] = {}
        for line, column in failed:
            columns.setdefault(line - 1 - top, []).append(column - 1 - left)
        for number, values in enumerate(used):
            for column in columns.get(number, ()):
                if 0 <= column < len(values):
                    values[column] = FAILED_CELL
            yield values


@contextmanager
def open_book(source: Path | bytes) -> Iterator[Book]:
    """Open a workbook. Raises `ListFileError`, before memory fills, for one that cannot or must not be read."""
    kind = file_kind(source)
    if kind not in ("xlsx", "xls"):
        raise ListFileError(_("This is not a spreadsheet. Save the list as .xlsx or .csv and upload that."))
    with _sentences(old=kind == "xls"):
        marks = _survey(source) if kind == "xlsx" else {}
        if kind == "xls":
            look_through(source if isinstance(source, bytes) else source.read_bytes())
        opened = python_calamine.CalamineWorkbook.from_object(
            io.BytesIO(source) if isinstance(source, bytes) else str(source)
        )
    with opened:
        yield Book(opened, marks, old=kind == "xls")


@contextmanager
def _sentences(*, old: bool) -> Iterator[None]:
    """Turn what the libraries say of a broken workbook into a sentence for a person."""
    try:
        yield
    except python_calamine.PasswordError as error:
        raise ListFileError(protected()) from error
    except (python_calamine.CalamineError, *BROKEN_ARCHIVE) as error:
        raise ListFileError(damaged_old() if old else damaged()) from error
    except BaseException as error:
        # The reader's own panics are no Exceptions.
        if type(error).__name__ != "PanicException":
            raise
        raise ListFileError(damaged_old() if old else damaged()) from error


def _survey(source: Path | bytes) -> dict[str, Marks]:
    """Stop before unpacking a file whose content, or whose last used cell, would fill the memory.

    Reads every part that the reader will read, so that a part longer than it says is found out here. Returns
    the marks by sheet.
    """
    marks: dict[str, Marks] = {}
    with stream_of(source) as stream, zipfile.ZipFile(stream) as archive:
        parts = archive.infolist()
        refuse_bomb(parts)
        for part in parts:
            if part.filename.startswith(_READ_PARTS):
                with archive.open(part) as content:
                    found = _scan(content, sheet=part.filename.startswith("xl/worksheets/"))
                if any(found):
                    marks[part.filename] = found
        if not marks:
            return {}
        return {name: marks[path] for name, path in _places(archive).items() if path in marks}


def refuse_bomb(parts: list[zipfile.ZipInfo]) -> None:
    """Refuse an archive that unpacks to far more than it weighs."""
    unpacked, packed = sum(p.file_size for p in parts), sum(p.compress_size for p in parts)
    if unpacked > MAX_UNPACKED_BYTES or (unpacked > 2**26 and unpacked > MAX_UNPACK_RATIO * max(packed, 1)):
        raise ListFileError(
            _("The workbook unpacks to far more than a list can hold. Copy the list into a new workbook.")
        )


def _scan(content: IO[bytes], *, sheet: bool) -> Marks:
    """Read one part in blocks. In a sheet, refuse filled cells far outside any list, and note what :class:`Marks` says."""
    tail = b""
    hidden: set[int] = set()
    failed: set[tuple[int, int]] = set()
    while block := content.read(BLOCK):
        if not sheet:
            continue
        text = tail + block
        if _FAR_COLUMN.search(text) and _FAR_CELL.search(text):
            raise ListFileError(
                _("A cell far to the right of the list is filled. Delete the columns beside the list.")
            )
        filled = text[: max(text.rfind(b"<v>"), text.rfind(b"<is>"), 0)]
        opened = filled.rfind(b"<row ")
        row = _ROW_NUMBER.match(filled, opened) if opened >= 0 else None
        low = row is not None and int(row[1]) > MAX_WORKBOOK_ROWS
        if not low and _LOW_ROW.search(text):
            low = any(int(number) > MAX_WORKBOOK_ROWS for number in _LOW_CELL.findall(text))
        if low:
            raise ListFileError(_("A row far below the list is filled. Delete the rows under the list."))
        if b'hidden="1"' in text or b'hidden="true"' in text:
            hidden.update(int(number) for number in _HIDDEN.findall(text))
        if b't="e"' in text:
            failed.update((int(number), _column(letters)) for letters, number in _FAILED.findall(text))
        tail = text[-300:]
    return Marks(frozenset(hidden), frozenset(failed))


def _column(letters: bytes) -> int:
    """A → 1, Z → 26, AA → 27."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _places(archive: zipfile.ZipFile) -> dict[str, str]:
    """Sheet name → its part in the archive."""

    def tags(path: str, pattern: re.Pattern[str]) -> list[dict[str, str]]:
        text = archive.read(path).decode("utf-8", errors="replace")
        return [dict(_ATTRIBUTE.findall(tag)) for tag in pattern.findall(text)]

    if "xl/_rels/workbook.xml.rels" not in archive.namelist():
        return {}
    targets = {r.get("Id", ""): r.get("Target", "") for r in tags("xl/_rels/workbook.xml.rels", _RELATION)}
    return {
        _unescaped(s.get("name", "")): "xl/" + targets.get(s.get("r:id", ""), "").removeprefix("/xl/")
        for s in tags(WORKBOOK, _SHEET)
    }


def _unescaped(text: str) -> str:
    for entity, character in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&apos;", "'"), ("&amp;", "&")):
        text = text.replace(entity, character)
    return text
