"""The empty template of a kind of list: the columns to fill in, an example line, and how to fill them in."""

from __future__ import annotations

import csv
import io

import xlsxwriter

from cases.matching.kinds import ListKind

WIDTH = 16
TALL = 48


def table_of(kind: ListKind) -> list[list[str]]:
    """The template's rows, the header first, from the file beside the declaration."""
    with (kind.folder / f"{kind.code}.csv").open(encoding="utf-8-sig", newline="") as file:
        return [row for row in csv.reader(file) if any(row)]


def workbook(kind: ListKind) -> bytes:
    """The template as xlsx in Chinese, the language of who fills it in: title, note, header, example lines. Every cell is
    text, so that no identity number is cut."""
    header, *examples = table_of(kind)
    data = io.BytesIO()
    with xlsxwriter.Workbook(data, {"in_memory": True, "strings_to_numbers": False}) as book:
        sheet = book.add_worksheet(kind.short.zh[:31])
        text = book.add_format({"num_format": "@"})
        head = book.add_format({"bold": True, "border": 1, "num_format": "@", "bg_color": "#EEF2F6"})
        example = book.add_format({"italic": True, "font_color": "#808080", "num_format": "@"})
        last = len(header) - 1
        sheet.set_column(0, last, WIDTH, text)
        sheet.merge_range(0, 0, 0, last, kind.name.zh, book.add_format({"bold": True, "font_size": 14}))
        note = book.add_format({"text_wrap": True, "valign": "top", "font_color": "#505050"})
        sheet.merge_range(1, 0, 1, last, f"填表要求：{kind.note.zh} 示例行填报时请删除。", note)
        sheet.set_row(1, TALL)
        for column, words in enumerate(header):
            sheet.write_string(2, column, words, head)
        for line, cells in enumerate(examples, 3):
            for column, cell in enumerate(cells):
                sheet.write_string(line, column, cell, example)
        sheet.freeze_panes(3, 0)
    return data.getvalue()
