"""What was understood of a list file: its sheets, its columns, and what became of every row.

Reports are kept in the clear: they hold headers, titles and totals, without the identity numbers that were typed into
them, and of a person's row its place only.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import Any, Final

import polars as pl

from cases import identity

# Why a row is no person's, though nothing is wrong with it.
OTHER: Final = (
    "blank", "title", "filing", "header", "heading", "total", "signature", "note", "household",
    "hidden_sheet", "no_list",
)  # fmt: skip
KEPT_LINES: Final = 50
PROBLEM_SCHEMA: Final = pl.Schema(
    {"file": pl.String, "sheet": pl.String, "line": pl.UInt32, "code": pl.String, "rejected": pl.Boolean}
)


@dataclasses.dataclass(slots=True)
class ColumnRead:
    """One column: its header as written, the field it is read as ('' for none), and what said so: ``header``,
    ``values``, ``clerk`` or ''. `samples` are masked."""

    header: str
    field: str = ""
    by: str = ""
    samples: list[str] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(slots=True)
class Passed:
    """A row that is no person's: its line, why (a key of `OTHER`), and for a title or a total its text."""

    line: int
    why: str
    text: str = ""


@dataclasses.dataclass(slots=True)
class SheetRead:
    """One sheet. Every line of the sheet is counted once: `rows` = `accepted` + `rejected` + all of `other`.

    `signature`: sha256 over the texts of the header. `certain`: name and number stand under known headers, or a
    clerk has said where. `households_only`: one row a household, members elsewhere. `declared`: persons by the
    list's own total, 0 where it names none.
    """

    file: str
    name: str
    header_line: int = 0
    title: str = ""
    filing: str = ""
    signature: str = ""
    columns: list[ColumnRead] = dataclasses.field(default_factory=list)
    ten_thousands: bool = False
    certain: bool = False
    households_only: bool = False
    sender: str = ""
    rows: int = 0
    accepted: int = 0
    rejected: int = 0
    hidden_rows: int = 0
    hidden: bool = False
    broken_off: bool = False
    declared: int = 0
    other: Counter[str] = dataclasses.field(default_factory=Counter)
    passed: list[Passed] = dataclasses.field(default_factory=list)

    def pass_over(self, line: int, why: str, text: str = "", *, count: int = 1) -> None:
        """Count rows that are no persons, and keep the first for the page."""
        if count:
            self.other[why] += count
        if why != "blank" and len(self.passed) < KEPT_LINES:
            self.passed.append(Passed(line, why, identity.hide_numbers(text)[:200]))

    @property
    def adds_up(self) -> bool:
        """Whether every row is accounted for."""
        return self.rows == self.accepted + self.rejected + sum(self.other.values())

    def as_json(self) -> dict[str, Any]:
        """For storage in `ListImport.mapping`: without the samples, which name people, and without numbers."""
        columns = [
            {"header": identity.hide_numbers(c.header), "field": c.field, "by": c.by} for c in self.columns
        ]
        texts = {
            key: identity.hide_numbers(getattr(self, key)) for key in ("file", "name", "title", "filing")
        }
        other = dict(sorted(self.other.items()))
        return dataclasses.asdict(self) | texts | {"columns": columns, "other": other}


@dataclasses.dataclass(slots=True)
class ListRead:
    """A list file as read. `frame`: :data:`cases.matching.engine.frames.LIST_SCHEMA`. `problems`:
    :data:`PROBLEM_SCHEMA`, one line a row and code, in the order of the file."""

    frame: pl.DataFrame
    sheets: list[SheetRead]
    problems: pl.DataFrame

    @property
    def rows_in_file(self) -> int:
        """Lines of all sheets."""
        return sum(s.rows for s in self.sheets)

    @property
    def rows_accepted(self) -> int:
        """Rows of persons, the height of `frame`."""
        return sum(s.accepted for s in self.sheets)

    @property
    def rows_rejected(self) -> int:
        """Rows that hold something, but no person that could be read."""
        return sum(s.rejected for s in self.sheets)

    @property
    def rows_other(self) -> int:
        """Titles, headers, totals, signatures and blank rows."""
        return sum(sum(s.other.values()) for s in self.sheets)

    @property
    def senders(self) -> list[str]:
        """The offices that the rows come from, as 12-digit codes."""
        return sorted(code for code in self.frame["sender_code"].unique().to_list() if code)

    @property
    def sender(self) -> str:
        """The one office that the file comes from, '' when there are several or none is named."""
        return self.senders[0] if len(self.senders) == 1 else ""

    @property
    def certain(self) -> bool:
        """Whether every sheet with persons needs no word of a clerk about its columns."""
        return all(s.certain for s in self.sheets if s.accepted)

    def problem_counts(self) -> dict[str, int]:
        """Rows by problem."""
        counted = self.problems.group_by("code").len().sort("code")
        return dict(counted.iter_rows())

    def kept_problems(self, most: int) -> list[dict[str, Any]]:
        """The first rows with problems, for `ListImport.problems`: their places, no personal data."""
        places = pl.col("file", "sheet").str.replace_all(identity.NUMBERS_INSIDE, identity.HIDDEN)
        return self.problems.head(most).with_columns(places).to_dicts()

    def as_mapping(self) -> dict[str, Any]:
        """What `ListImport.mapping` keeps: headers and counts, no personal data."""
        return {"sheets": [s.as_json() for s in self.sheets], "problem_counts": self.problem_counts()}
