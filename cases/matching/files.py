"""Spreadsheet files as offices send them → rows of cell text. Knows formats, not lists."""

import codecs
import csv
import datetime as dt
import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import IO, BinaryIO, Final

import python_calamine
from django.utils.translation import gettext as _

MAX_FILE_BYTES: Final = 100 * 2**20
MAX_TEXT_BYTES: Final = 2 * 2**30
MAX_UNPACKED_BYTES: Final = 1500 * 2**20
MAX_UNPACK_RATIO: Final = 300
# A workbook is held in memory, text is streamed.
MAX_WORKBOOK_ROWS: Final = 300_000
MAX_TEXT_ROWS: Final = 10_000_000
MAX_CELL_CHARACTERS: Final = 32_767
# Excel keeps 15 significant digits: a longer number typed as a number has lost its tail.
EXACT_INTEGER: Final = 10**15
_OLE = bytes.fromhex("d0cf11e0a1b11ae1")
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_MARKUP = re.compile(rb"<\s*(!doctype|html|table|\?xml)", re.IGNORECASE)
# A cell with a value beyond column CZ: readers hold the whole rectangle up to it.
_FAR_CELL = re.compile(rb'<c r="(?:[A-Z]{3}|[D-Z][A-Z])\d+"[^>]*[^/]>\s*<(?:v|is|f)\b')
_ROW_NUMBER = re.compile(rb'<row [^>]*?\br="(\d+)"')


class ListFileError(Exception):
    """The file as a whole cannot be read; the message says why and what to do about it."""


@dataclass(frozen=True, slots=True)
class Grid:
    """One sheet: its name and its rows as (line number from 1, cell texts, columns whose number was
    rounded)."""

    name: str
    rows: Iterator[tuple[int, list[str], frozenset[int]]]


def open_grids(source: Path | bytes) -> Iterator[Grid]:
    """The sheets of a file, in order. Consume each grid before asking for the next.

    The content decides the format, not the file name. Raises `ListFileError` for anything that is
    not a readable .xlsx workbook or delimited text.
    """
    size = len(source) if isinstance(source, bytes) else source.stat().st_size
    if size == 0:
        raise ListFileError(_("The file is empty. Ask the sender for the list again."))
    with _stream(source) as stream:
        head = stream.read(8192)
    if size > (MAX_FILE_BYTES if head.startswith(b"PK") else MAX_TEXT_BYTES):
        raise ListFileError(_("The file is too large. Split the list by township and send the parts."))
    if head.startswith(_OLE):
        raise ListFileError(_ole_message(source))
    if head.startswith(b"PK"):
        yield from _workbook(source)
    elif _MARKUP.match(head.lstrip(b"\xef\xbb\xbf \t\r\n")):
        raise ListFileError(
            _(
                "This is a web page with the name of a spreadsheet. "
                "Open it in Excel or WPS and save it as .xlsx."
            )
        )
    else:
        yield Grid("", _delimited(source, head))


def _stream(source: Path | bytes) -> BinaryIO:
    return io.BytesIO(source) if isinstance(source, bytes) else source.open("rb")


def _ole_message(source: Path | bytes) -> str:
    with _stream(source) as stream:
        if _ENCRYPTED in stream.read():
            return _(
                "The workbook is protected by a password. Open it, "
                "remove the password, save it and upload it again."
            )
    return _("This is an old .xls, .et or .doc file. Open it in Excel or WPS and save it as .xlsx.")


# ---- workbooks ------------------------------------------------------------------------------------


def _workbook(source: Path | bytes) -> Iterator[Grid]:
    try:
        _refuse_sprawl(source)
        book = python_calamine.CalamineWorkbook.from_object(
            io.BytesIO(source) if isinstance(source, bytes) else str(source)
        )
    except python_calamine.PasswordError as error:
        raise ListFileError(
            _(
                "The workbook is protected by a password. Open it, "
                "remove the password, save it and upload it again."
            )
        ) from error
    except (
        zipfile.BadZipFile,
        python_calamine.CalamineError,
        EOFError,
        NotImplementedError,
        OSError,
    ) as error:
        raise ListFileError(_damaged()) from error
    with book:
        for sheet in book.sheets_metadata:
            if sheet.typ != python_calamine.SheetTypeEnum.WorkSheet:
                continue
            if sheet.visible != python_calamine.SheetVisibleEnum.Visible:
                continue
            try:
                page = book.get_sheet_by_name(sheet.name)
            except python_calamine.CalamineError as error:
                raise ListFileError(_damaged()) from error
            yield Grid(sheet.name, _sheet_rows(page))


def _damaged() -> str:
    return _("The workbook is damaged. Open it in Excel or WPS, save it again as .xlsx and upload it.")


def _refuse_sprawl(source: Path | bytes) -> None:
    """Stop before unpacking a file whose content, or whose last used cell, would fill the memory."""
    with _stream(source) as stream, zipfile.ZipFile(stream) as archive:
        parts = archive.infolist()
        names = {p.filename for p in parts}
        if "xl/workbook.xml" not in names and "xl/workbook.bin" not in names:
            raise ListFileError(
                _("This is not a spreadsheet. Save the list as .xlsx or .csv and upload that.")
            )
        if any(p.flag_bits & 1 for p in parts):
            raise ListFileError(
                _(
                    "The workbook is protected by a password. Open it, "
                    "remove the password, save it and upload it again."
                )
            )
        unpacked, packed = sum(p.file_size for p in parts), sum(p.compress_size for p in parts)
        if unpacked > MAX_UNPACKED_BYTES or (
            unpacked > 2**26 and unpacked > MAX_UNPACK_RATIO * max(packed, 1)
        ):
            raise ListFileError(
                _("The workbook unpacks to far more than a list can hold. Copy the list into a new workbook.")
            )
        for part in parts:
            if part.filename.startswith("xl/worksheets/") and part.filename.endswith(".xml"):
                with archive.open(part) as xml:
                    _refuse_far_cells(xml)


def _refuse_far_cells(xml: IO[bytes]) -> None:
    """Scan one sheet's XML in blocks for filled cells far outside any list."""
    tail = b""
    while block := xml.read(2**20):
        text = tail + block
        if _FAR_CELL.search(text):
            raise ListFileError(
                _("A cell far to the right of the list is filled. Delete the columns beside the list.")
            )
        filled = text[: max(text.rfind(b"<v>"), text.rfind(b"<is>"), 0)]
        opened = filled.rfind(b"<row ")
        row = _ROW_NUMBER.match(filled, opened) if opened >= 0 else None
        if row is not None and int(row[1]) > MAX_WORKBOOK_ROWS:
            raise ListFileError(_("A row far below the list is filled. Delete the rows under the list."))
        tail = text[-200:]


def _sheet_rows(page: python_calamine.CalamineSheet) -> Iterator[tuple[int, list[str], frozenset[int]]]:
    if page.start is None:
        return
    top, left = page.start
    starts: dict[int, list[tuple[int, int, int]]] = {}
    for (r0, c0), (r1, c1) in page.merged_cell_ranges or ():
        if r1 > r0:
            starts.setdefault(r0 - top, []).append((r1 - top, c0 - left, c1 - left))
    open_spans: list[tuple[int, int, str, bool]] = []  # last row, column, text, rounded
    for number, values in enumerate(page.iter_rows()):
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


# ---- delimited text -------------------------------------------------------------------------------


def _encoding(source: Path | bytes, head: bytes) -> str:
    """UTF-8 (with or without mark), UTF-16 by its mark, else GB18030, decided over the whole file."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if b"\x00" in head:
        raise ListFileError(
            _("This is neither a workbook nor text. Save the list as .xlsx or .csv and upload that.")
        )
    for encoding in ("utf-8-sig", "gb18030"):
        decoder = codecs.getincrementaldecoder(encoding)("strict")
        try:
            with _stream(source) as stream:
                while block := stream.read(2**20):
                    decoder.decode(block)
                decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        return encoding
    raise ListFileError(_unknown_encoding())


def _unknown_encoding() -> str:
    return _(
        "The text is in no known encoding (UTF-8, GB18030). Open it in Excel or WPS and save it as .xlsx."
    )


def _delimited(source: Path | bytes, head: bytes) -> Iterator[tuple[int, list[str], frozenset[int]]]:
    encoding = _encoding(source, head)
    first = head.decode(encoding, errors="ignore")
    delimiter = max(",\t;|", key=first.count)
    with _stream(source) as stream, io.TextIOWrapper(stream, encoding=encoding, newline="") as text:
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
            raise ListFileError(_unknown_encoding()) from error
        except csv.Error as error:
            raise ListFileError(
                _(
                    "The text breaks off in row %(row)s: a quotation "
                    "mark is not closed. Save the list as .xlsx."
                )
                % {"row": number + 1}
            ) from error
