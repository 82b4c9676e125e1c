"""The spreadsheets of an exchange: what is asked, what came of the answer; each says on every sheet whose it is."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import xlsxwriter

WIDTHS: Final = {"序号": 6, "姓名": 12, "身份证号": 22}


@dataclass(frozen=True)
class Mark:
    """Who gives a list to whom, what for, on what ground; ``number`` is that of the request."""

    office: str
    recipient: str
    purpose: str
    basis: str
    number: str
    maker: str
    at: dt.datetime

    @property
    def line(self) -> str:
        """The watermark: it stands above the columns, and at the foot of every printed page."""
        when = f"{self.at:%Y-%m-%d %H:%M}"
        parts = (
            f"编号 {self.number}",
            f"提供 {self.office} {self.maker} {when}",
            f"接收 {self.recipient}",
            f"用途：{self.purpose}",
        )
        return "　".join(parts) + "　仅限本次用途，不得转交，用后删除"

    @property
    def facts(self) -> list[tuple[str, str]]:
        """The same as a sheet of its own."""
        return [
            ("编号", self.number),
            ("提供单位", self.office),
            ("制作人", self.maker),
            ("制作时间", f"{self.at:%Y-%m-%d %H:%M}"),
            ("接收单位", self.recipient),
            ("用途", self.purpose),
            ("依据", self.basis),
            ("要求", "仅限本次用途，不得转交他人，用后删除。反馈时请保留姓名和身份证号。"),
        ]


def book(mark: Mark, sheet: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> tuple[bytes, int]:
    """An xlsx with the mark above the columns, in the footer and on a sheet of its own; and how many rows it has.

    Numbers are texts: a spreadsheet would cut them."""
    out = io.BytesIO()
    workbook = xlsxwriter.Workbook(
        out, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    page = workbook.add_worksheet(sheet[:31])
    bold = workbook.add_format({"bold": True})
    # 250 is what a footer holds.
    page.set_footer(f"&L&8{mark.line[:200].replace('&', '&&')}&R&P/&N")
    page.write_string(0, 0, mark.line)
    page.freeze_panes(2, 0)
    for place, heading in enumerate(header):
        page.set_column(place, place, WIDTHS.get(heading, 14))
        page.write_string(1, place, heading, bold)
    count = 0
    for count, row in enumerate(rows, start=1):
        for place, cell in enumerate(row):
            page.write_string(count + 1, place, str(cell))
    about = workbook.add_worksheet("说明")
    about.set_column(0, 0, 12)
    about.set_column(1, 1, 80)
    for place, (label, text) in enumerate([*mark.facts, ("人数", str(count))]):
        about.write_string(place, 0, label, bold)
        about.write_string(place, 1, text)
    workbook.close()
    return out.getvalue(), count
