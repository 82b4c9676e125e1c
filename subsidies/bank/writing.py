"""Lines → the bytes of a bank's file, one line at a time: memory does not grow with the number of lines.

Knows layouts and encodings, no database. The same lines in the same layout give the same bytes.
"""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from operator import attrgetter
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

import xlsxwriter
from django.utils.translation import gettext as _

from subsidies.bank.layouts import NUMBERS, Column, Format, Layout, LayoutRefused, Record, Unit, fits
from subsidies.enums import PayeeMethod

CENTS: Final = Decimal(100)


class Line(NamedTuple):
    """What a file can say about one payment. Months are first days; ``identity`` is masked."""

    reference: str
    line: int
    place: str
    child: str
    identity: str
    start_month: dt.date
    end_month: dt.date | None
    amount: Decimal
    payee: str
    account: str
    bank: str
    month: dt.date
    is_arrears: bool


@dataclass(frozen=True, slots=True)
class About:
    """What the first and last line say about the file as a whole."""

    batch: str
    released: dt.date
    count: int
    total: Decimal


@dataclass(slots=True)
class Written:
    """What came of writing: how many lines, their sum, and the characters that had to be replaced, in words."""

    lines: int = 0
    total: Decimal = Decimal(0)
    replaced: list[str] = field(default_factory=list)


Value = str | Decimal
Getter = Callable[[Line], Value]


def _day(day: dt.date, unit: str) -> str:
    return f"{day:%Y%m%d}" if unit == Unit.COMPACT else day.isoformat()


@lru_cache(maxsize=1024)  # a file of a hundred thousand lines names a few dozen months
def _month(month: dt.date | None, unit: str) -> str:
    if month is None:
        return ""
    return f"{month:%Y%m}" if unit == Unit.COMPACT else f"{month:%Y-%m}"


def _yuan(amount: Decimal, unit: str) -> str:
    return str(int(amount * CENTS)) if unit == Unit.FEN else f"{amount:.2f}"


def getter(column: Column, about: About) -> Getter:
    """How a column reads a line; amounts come as Decimal, everything else as text."""
    unit = column.unit
    fixed = {
        "batch": about.batch,
        "released": _day(about.released, unit),
        "text": column.title,
        "method": PayeeMethod.BANK.value,
        "count": str(about.count),
    }
    if column.field in fixed:
        text = fixed[column.field]
        return lambda line: text
    readers: dict[str, Getter] = {
        "reference": attrgetter("reference"),
        "line": lambda line: str(line.line),
        "place": attrgetter("place"),
        "child": attrgetter("child"),
        "identity": attrgetter("identity"),
        "start_month": lambda line: _month(line.start_month, unit),
        "end_month": lambda line: _month(line.end_month, unit),
        "amount": attrgetter("amount"),
        "payee": attrgetter("payee"),
        "account": attrgetter("account"),
        "bank": attrgetter("bank"),
        "month": lambda line: _month(line.month, unit),
        "arrears_month": lambda line: _month(line.month, unit) if line.is_arrears else "",
        "arrears_amount": lambda line: line.amount if line.is_arrears else "",
        "total": lambda line: about.total,
    }
    return readers[column.field]


def write(
    layout: Layout, about: About, lines: Iterable[Line], path: Path, *, made_at: dt.datetime
) -> Written:
    """Write the file at ``path``; its folder takes what is needed meanwhile. ``made_at``: naive local time of the
    release, the only time in the file.

    Raises LayoutRefused naming the first line that does not fit: a character that the encoding lacks, or a text that
    is wider than its column.
    """
    if layout.format == Format.XLSX:
        return _write_xlsx(layout, about, lines, path, made_at)
    with path.open("wb") as stream:
        return _TextFile(layout, about, stream).write(lines)


def _write_xlsx(
    layout: Layout, about: About, lines: Iterable[Line], path: Path, made_at: dt.datetime
) -> Written:
    written = Written()
    options = {
        "constant_memory": True,
        "tmpdir": str(path.parent),
        "strings_to_formulas": False,
        "strings_to_urls": False,
    }
    with xlsxwriter.Workbook(str(path), options) as book:
        book.set_properties({"created": made_at})
        sheet = book.add_worksheet("发放列表")
        head = book.add_format({"bold": True, "text_wrap": True})
        money = book.add_format({"num_format": "#,##0.00"})
        text = book.add_format({"num_format": "@"})
        columns = layout.of(Record.LINE)
        sheet.set_column(0, len(columns) - 1, 18)
        row = 0

        def whole(record: str) -> None:
            nonlocal row
            if parts := layout.of(record):
                for place, column in enumerate(parts):
                    sheet.write_string(row, place, _text(column, getter(column, about)(NO_LINE)), text)
                row += 1

        whole(Record.HEAD)
        if layout.titles:
            for place, column in enumerate(columns):
                sheet.write_string(row, place, column.title, head)
            row += 1
            sheet.freeze_panes(row, 0)
        numbers, texts = (
            [(place, getter(c, about)) for place, c in enumerate(columns) if (c.field in NUMBERS) is wanted]
            for wanted in (True, False)
        )
        for line in lines:
            for place, get in texts:
                if value := get(line):
                    sheet.write_string(row, place, value, text)
            for place, get in numbers:
                if isinstance(value := get(line), Decimal):
                    sheet.write_number(row, place, value, money)
            row += 1
            written.lines += 1
            written.total += line.amount
        whole(Record.FOOT)
    return written


NO_LINE: Final = Line("", 0, "", "", "", dt.date.min, None, Decimal(0), "", "", "", dt.date.min, False)


def _text(column: Column, value: Value) -> str:
    return _yuan(value, column.unit) if isinstance(value, Decimal) else value


class _TextFile:
    """Delimited or fixed-width text, encoded line by line."""

    def __init__(self, layout: Layout, about: About, stream: BinaryIO) -> None:
        self.layout, self.about, self.stream = layout, about, stream
        self.written = Written()
        self.rows = csv.writer(
            _Encoded(stream, layout.encoding), delimiter=layout.delimiter, lineterminator="\r\n"
        )
        self.where = ""

    def write(self, lines: Iterable[Line]) -> Written:
        self._whole(Record.HEAD)
        columns = self.layout.of(Record.LINE)
        if self.layout.titles:
            self.where = _("Titles")
            self._row(columns, [column.title for column in columns])
        getters = [(column, getter(column, self.about)) for column in columns]
        for line in lines:
            self.where = _("Line %(line)s, %(child)s") % {"line": line.line, "child": line.child}
            self._row(columns, [_text(column, get(line)) for column, get in getters])
            self.written.lines += 1
            self.written.total += line.amount
        self._whole(Record.FOOT)
        return self.written

    def _whole(self, record: Record) -> None:
        if columns := self.layout.of(record):
            self.where = str(record.label)
            self._row(columns, [_text(column, getter(column, self.about)(NO_LINE)) for column in columns])

    def _row(self, columns: Iterable[Column], values: list[str]) -> None:
        fixed = self.layout.format == Format.TXT
        try:
            if fixed:
                self._fixed(columns, values)
            else:
                self.rows.writerow(values)
        except UnicodeEncodeError:
            values = [self._replaced(column, value) for column, value in zip(columns, values, strict=True)]
            if fixed:
                self._fixed(columns, values)
            else:
                self.rows.writerow(values)

    def _fixed(self, columns: Iterable[Column], values: list[str]) -> None:
        parts = []
        for column, value in zip(columns, values, strict=True):
            data = value.encode(self.layout.encoding)
            if len(data) > column.width:
                raise LayoutRefused(
                    [
                        _("%(line)s: “%(text)s” takes %(bytes)s bytes, the column %(column)s has %(width)s. "
                          "Widen the column in the layout, or shorten the text in the file it comes from.")
                        % {"line": self.where, "text": value, "bytes": len(data), "column": column.label,
                           "width": column.width}
                    ]
                )  # fmt: skip
            pad = column.pad.encode("ascii")
            parts.append(
                data.rjust(column.width, pad) if column.align == "right" else data.ljust(column.width, pad)
            )
        self.stream.write(b"".join(parts) + b"\r\n")

    def _replaced(self, column: Column, value: str) -> str:
        """The value with what the encoding lacks replaced, as the layout says; each replacement is told."""
        lacking = [character for character in value if not fits(character, self.layout.encoding)]
        if not lacking:
            return value
        told = {
            "line": self.where,
            "text": value,
            "characters": "、".join(lacking),
            "column": column.label,
            "encoding": self.layout.encoding.upper(),
        }
        if not self.layout.replacement:
            raise LayoutRefused(
                [
                    _(
                        "%(line)s: %(encoding)s has no %(characters)s (column %(column)s: “%(text)s”). Choose GB18030 "
                        "in the layout, or give it a replacement character."
                    )
                    % told
                ]
            )
        self.written.replaced.append(
            _("%(line)s: %(characters)s was replaced in “%(text)s” (column %(column)s).") % told
        )
        for character in lacking:
            value = value.replace(character, self.layout.replacement)
        return value


class _Encoded:
    """What csv.writer writes to: whole rows of text, encoded into the stream."""

    def __init__(self, stream: BinaryIO, encoding: str) -> None:
        self.stream, self.encoding = stream, encoding

    def write(self, text: str) -> int:
        return self.stream.write(text.encode(self.encoding))
