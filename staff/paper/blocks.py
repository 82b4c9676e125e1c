"""What a paper is made of. Plain values; every cell is turned into text by :func:`cell`."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from unicodedata import east_asian_width

from django.utils import timezone

from staff.paper.glyphs import Writer
from staff.paper.pictures import Pictures
from staff.paper.sheets import Asks

SAMPLE = 400  # rows whose texts decide how wide the columns are
WIDEST, NARROWEST = 44, 4  # of a column, in half characters
UNBROKEN = 24  # a run of Latin letters or digits longer than this may be broken anywhere
RUN = re.compile(r"[!-~]+")
LONG_RUN = re.compile(rf"[!-~]{{{UNBROKEN + 1},}}")
ZERO_WIDTH_SPACE = "\u200b"


@dataclass(frozen=True)
class Maker:
    """Who makes a paper: name, post (title of the seat) and office, as they stand in watermark and header."""

    name: str
    post: str = ""
    office: str = ""


@dataclass(frozen=True)
class Facts:
    """Labels with values, two pairs a line. Values longer than half a line take a whole one; empty ones print a dash."""

    rows: Sequence[tuple[Any, Any]]

    def as_data(self, writer: Writer) -> dict[str, Any]:
        rows = [[writer.runs(cell(label)), writer.runs(cell(value) or "—")] for label, value in self.rows]
        wide = [width(cell(value)) > 34 or "\n" in cell(value) for _label, value in self.rows]
        return {"kind": "facts", "rows": rows, "wide": wide}


@dataclass(frozen=True)
class Table:
    """A table whose headings are repeated on every page. ``empty`` is said when there are no rows."""

    headings: Sequence[Any]
    rows: Iterable[Sequence[Any]]
    empty: str = ""

    def as_data(self, writer: Writer) -> dict[str, Any]:
        kept = [list(row) for row in self.rows]
        texts = [[cell(value) for value in row] for row in kept]
        heads = [cell(heading) for heading in self.headings]
        columns = list(zip(*texts[:SAMPLE], strict=False)) or [()] * len(heads)
        return {
            "kind": "table",
            "headings": [writer.runs(head) for head in heads],
            "rows": [[writer.runs(text) for text in row] for row in texts],
            "widths": [column_width(head, column) for head, column in zip(heads, columns, strict=True)],
            "right": [bool(kept) and all(_is_number(row[n]) for row in kept) for n in range(len(heads))],
            "empty": self.empty,
        }


@dataclass(frozen=True)
class Text:
    """Running text; line ends are kept."""

    text: str

    def as_data(self, writer: Writer) -> dict[str, Any]:
        return {"kind": "text", "text": writer.runs(cell(self.text))}


@dataclass(frozen=True)
class Section:
    """A titled part of a paper. ``note`` stands beside the title, small; ``own_page``: it begins on a new page."""

    title: str
    blocks: Sequence[Block] = field(default_factory=tuple)
    note: str = ""
    own_page: bool = False

    def as_data(self, writer: Writer) -> dict[str, Any]:
        return {
            "kind": "section",
            "title": writer.runs(cell(self.title)),
            "note": writer.runs(cell(self.note)),
            "own_page": self.own_page,
            "blocks": [block.as_data(writer) for block in self.blocks],
        }


Block = Facts | Table | Text | Pictures | Asks | Section


def cell(value: Any) -> str:
    """A value as a paper shows it: local time to the minute, ISO days, yuan with two decimals, "" for None."""
    if value is None:
        return ""
    if isinstance(value, dt.datetime):
        return timezone.localtime(value).strftime("%Y-%m-%d %H:%M")
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:,.2f}" if int(value.as_tuple().exponent) >= -2 else f"{value:,f}"
    if isinstance(value, bool):
        return "✓" if value else ""
    text = str(value).replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    return LONG_RUN.sub(
        lambda run: ZERO_WIDTH_SPACE.join(run[0][start : start + 12] for start in range(0, len(run[0]), 12)),
        text,
    )


def width(text: str) -> int:
    """Of the longest line, in half characters."""
    return max(
        (sum(2 if east_asian_width(c) in "WFA" else 1 for c in line) for line in text.split("\n")), default=0
    )


def column_width(head: str, texts: Sequence[str]) -> int:
    """Half characters a column asks for: nearly its widest text, at least its longest unbroken run."""
    unbroken = max((len(run) + 1 for text in (head, *texts) for run in RUN.findall(text)), default=0)
    widths = sorted(width(text) for text in texts)
    usual = widths[int(len(widths) * 0.95)] if widths else 0
    return max(min(max(usual, min(width(head), 12)), WIDEST), min(unbroken, UNBROKEN + 1), NARROWEST)


def _is_number(value: Any) -> bool:
    return value in (None, "") or (isinstance(value, int | float | Decimal) and not isinstance(value, bool))
