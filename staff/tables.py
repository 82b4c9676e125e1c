"""Tables as files: CSV that Excel opens as UTF-8, and XLSX, both from plain rows."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

import xlsxwriter
from django.utils import timezone

CSV = "text/csv; charset=utf-8"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# A spreadsheet takes a text that starts with one of these for a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def to_csv(header: Sequence[Any], rows: Iterable[Sequence[Any]]) -> bytes:
    """UTF-8 with byte-order mark, lines ended as RFC 4180 wants them."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([str(cell) for cell in header])
    writer.writerows([_text(cell) for cell in row] for row in rows)
    return out.getvalue().encode("utf-8-sig")


def to_xlsx(header: Sequence[Any], rows: Iterable[Sequence[Any]], *, sheet: str = "Sheet1") -> bytes:
    """One sheet with a frozen header. Texts stay texts: no formula, no link is made of them."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(
        out, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    page = book.add_worksheet(sheet[:31])
    page.freeze_panes(1, 0)
    bold = book.add_format({"bold": True})
    money = book.add_format({"num_format": "0.00####"})
    for column, cell in enumerate(header):
        page.write_string(0, column, str(cell), bold)
    for number, row in enumerate(rows, start=1):
        for column, cell in enumerate(row):
            if isinstance(cell, int | float) and not isinstance(cell, bool):
                page.write_number(number, column, cell)
            elif isinstance(cell, Decimal):
                page.write_number(number, column, float(cell), money)
            else:
                page.write_string(number, column, _plain(cell))
    book.close()
    return out.getvalue()


def _plain(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, dt.datetime):
        return timezone.localtime(cell).strftime("%Y-%m-%d %H:%M:%S")
    return str(cell)


def _text(cell: Any) -> str:
    text = _plain(cell)
    number = isinstance(cell, int | float | Decimal)
    return "'" + text if text.startswith(FORMULA) and not number else text
