"""What a person sees before a list is staged: some of its rows, masked, and what is wrong with which."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import polars as pl
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cases import identity
from cases.matching.reading.header_values import masked
from cases.matching.reading.report import ListRead

SHOWN_ROWS: Final = 8
SHOWN_PROBLEMS: Final = 40
NUMBERS: Final = ("id_number", "head_id", "guardian_id", "certificate")
SHOWN: Final = ("name", "id_number", "relation", "head_name", "village", "amount")

# Code → what is wrong, and what to do about it. The row is kept all the same, unless it is rejected: a person decides later.
PROBLEMS: Final[dict[str, tuple[Promise, Promise]]] = {
    "name_missing": (_("The name is missing."), _("Fill in the name, or delete the row.")),
    "number_missing": (
        _("The identity number is missing."),
        _("Ask the sender; without it the row is matched by name, birth date and household."),
    ),
    "number_wrong": (
        _("The identity number does not fit its check character."),
        _("Compare it with the household register; one character is probably mistyped."),
    ),
    "number_length": (
        _("The identity number has a character too many or too few."),
        _("Compare it with the household register."),
    ),
    "number_cut": (
        _("The identity number was stored as a number, so its last three digits are lost."),
        _("Format the column as text before typing, or ask for the original list."),
    ),
    "number_scientific": (
        _("The identity number was written in scientific notation and is lost."),
        _("Format the column as text before typing, or ask for the original list."),
    ),
    "number_masked": (
        _("The identity number is masked."),
        _("Ask for the list with full numbers; a masked one needs name and household to match."),
    ),
    "number_fifteen": (
        _("The identity number has 15 digits, which no child holds."),
        _("It is probably a parent's: ask for the child's own number."),
    ),
    "number_unreadable": (
        _("The identity number cannot be read."),
        _("Compare it with the household register."),
    ),
    "number_in_name": (
        _("The identity number stands in the name cell."),
        _("It was taken from there; check that it is this person's."),
    ),
    "birth_unreadable": (_("The birth date cannot be read."), _("Write it as 2015-03-01.")),
    "birth_differs": (
        _("The birth date differs from the one in the identity number."),
        _("Compare both with the household register."),
    ),
    "row_hidden": (
        _("The row is hidden in the file, by a filter or by hand."),
        _("It is read like any other; ask the sender whether it was meant to be sent."),
    ),
    "row_broken_off": (
        _("The file ends in the middle of this row."),
        _("Ask the sender for the whole file."),
    ),
    "nobody": (
        _("The row names nobody: neither name nor identity number stands in it."),
        _("Fill in both, or delete the row."),
    ),
    "no_header": (
        _("The sheet has no header row, so nobody can say what the row holds."),
        _("Put a row with column names such as 姓名 and 身份证号 above it."),
    ),
    "amount_unreadable": (_("The amount cannot be read."), _("Write it in yuan, as a number.")),
}
_FIELD_OF: Final = {"name": "name", "number": "id_number", "birth": "birth_date", "amount": "amount"}


@dataclass(frozen=True, slots=True)
class RowProblem:
    """One thing wrong in one row. It carries no cell text: problems are kept in the clear."""

    sheet: str
    line: int
    code: str
    rejected: bool = False

    @property
    def field(self) -> str:
        """The canonical field the problem is in."""
        return _FIELD_OF.get(self.code.partition("_")[0], "")

    @property
    def message(self) -> Promise:
        """What is wrong."""
        return PROBLEMS[self.code][0]

    @property
    def remedy(self) -> Promise:
        """What to do about it."""
        return PROBLEMS[self.code][1]

    def as_json(self) -> dict[str, object]:
        """For storage; `from_json` reads it back."""
        return {"sheet": self.sheet, "line": self.line, "code": self.code, "rejected": self.rejected}

    @classmethod
    def from_json(cls, data: dict[str, object]) -> RowProblem:
        """The inverse of `as_json`."""
        return cls(
            str(data["sheet"]), int(str(data["line"])), str(data["code"]), bool(data.get("rejected", False))
        )


@dataclass(frozen=True, slots=True)
class Peek:
    """Some rows of a list for the screen, numbers masked: the first ones, and those with a problem."""

    sample: list[dict[str, Any]] = field(default_factory=list)
    wrong: list[dict[str, Any]] = field(default_factory=list)


def peek(read: ListRead) -> Peek:
    """The first rows of a list, and the first that have a problem. A rejected one shows its place only."""
    found = Peek(sample=[masked_row(row) for row in read.frame.head(SHOWN_ROWS).iter_rows(named=True)])
    by_row: dict[tuple[str, int], list[RowProblem]] = {}
    for data in (
        read.problems.sort("rejected", descending=True, maintain_order=True)
        .head(SHOWN_PROBLEMS)
        .iter_rows(named=True)
    ):
        problem = RowProblem.from_json(data)
        by_row.setdefault((problem.sheet, problem.line), []).append(problem)
    lines = pl.Series([line for _sheet, line in by_row], dtype=pl.UInt32)
    rows = read.frame.filter(pl.col("line").is_in(lines.implode()))
    cells = {(row["sheet"], row["line"]): masked_row(row) for row in rows.iter_rows(named=True)}
    for (sheet, line), problems in by_row.items():
        shown = cells.get((sheet, line), {"sheet": sheet, "line": line})
        found.wrong.append(shown | {"problems": problems, "bad": {p.field for p in problems}})
    return found


def masked_row(row: dict[str, Any]) -> dict[str, Any]:
    """A row of a list for the screen: every number of a person masked, wherever it stands."""
    shown = {name: masked(str(row[name])) for name in SHOWN if row[name] is not None}
    for name in NUMBERS:
        if row[name]:
            shown[name] = identity.mask(identity.canonical(row[name]))
    return shown | {"sheet": row["sheet"], "line": row["line"]}
