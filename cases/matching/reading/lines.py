"""Rows one by one, for readers that stream: the header found, and what was passed over reported.

Lists are read in columns (:mod:`cases.matching.reading.lists`); the register's files come this way.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from cases.matching.reading import headers
from cases.matching.reading.header_rows import HEADER_SEARCH_ROWS, locate
from cases.matching.reading.headers import Known
from cases.matching.reading.rows import why_not_a_person

__all__ = ["HEADER_SEARCH_ROWS", "Line", "SheetReport", "find_header", "why_not_a_person"]

MAX_REPORTED: Final = 1000


@dataclass(frozen=True, slots=True)
class DroppedRow:
    """A row that is no person: its line, why (`total`, `signature`, `header`, `title`, `nobody`), its
    text."""

    line: int
    why: str
    text: str


@dataclass(slots=True)
class SheetReport:
    """What was understood of one sheet. `columns` pairs each header with its field, '' where unknown."""

    name: str
    header_line: int = 0
    title: str = ""
    columns: list[tuple[str, str]] = field(default_factory=list)
    amount_in_ten_thousands: bool = False
    rows: int = 0
    dropped_total: int = 0
    dropped: list[DroppedRow] = field(default_factory=list)

    def drop(self, line: int, why: str, cells: Sequence[str]) -> None:
        """Count a dropped row, and keep the first thousand for the report."""
        self.dropped_total += 1
        if len(self.dropped) < MAX_REPORTED:
            self.dropped.append(DroppedRow(line, why, " ".join(c for c in cells if c)[:200]))


Line = tuple[int, list[str], frozenset[int]]


def find_header(
    rows: Iterator[Line], report: SheetReport, known: Known = headers.field_of
) -> tuple[list[Line], dict[int, str], list[str]] | None:
    """Consume the rows above the data. Returns rows read too far, the columns and the header's cells; None
    without header. `known` says which field a header names.
    """
    seen = list(islice(rows, HEADER_SEARCH_ROWS))
    head = locate([cells for _line, cells, _rounded in seen], known)
    if head is None:
        return None
    report.header_line = seen[head.at][0]
    report.title = head.title
    columns = headers.map_columns(head.cells)
    report.columns = [(c, columns.get(i, "")) for i, c in enumerate(head.cells) if c]
    report.amount_in_ten_thousands = head.filing_in_ten_thousands or any(
        f == "amount" and headers.in_ten_thousands(head.cells[i]) for i, f in columns.items()
    )
    return seen[head.after :], columns, head.cells
