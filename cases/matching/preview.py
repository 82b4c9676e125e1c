"""What a person sees before a list is staged: how its headers were read, some rows, and what is wrong
with which."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cases import identity
from cases.matching.normalise import (
    CleanId,
    Distinct,
    IdKind,
    clean_amount,
    clean_date,
    clean_id,
    clean_name,
    rounded_id,
    split_number_from_name,
)
from cases.matching.read import ListReader, RawRow, SheetReport

MAX_PROBLEMS: Final = 500
SAMPLE_ROWS: Final = 20

# Code → what is wrong, and what to do about it. The row is kept in every case: a person decides later.
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
    "amount_unreadable": (_("The amount cannot be read."), _("Write it in yuan, as a number.")),
}
_BY_KIND: Final = {
    IdKind.MISSING: "number_missing",
    IdKind.WRONG: "number_wrong",
    IdKind.LENGTH: "number_length",
    IdKind.CUT: "number_cut",
    IdKind.SCIENTIFIC: "number_scientific",
    IdKind.MASKED: "number_masked",
    IdKind.FIFTEEN: "number_fifteen",
    IdKind.OTHER: "number_unreadable",
}
_FIELD_OF: Final = {"name": "name", "number": "id_number", "birth": "birth_date", "amount": "amount"}


@dataclass(frozen=True, slots=True)
class RowProblem:
    """One thing wrong in one row. It carries no cell text: problems are kept in the clear."""

    sheet: str
    line: int
    code: str

    @property
    def field(self) -> str:
        """The canonical field the problem is in."""
        return _FIELD_OF[self.code.partition("_")[0]]

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
        return {"sheet": self.sheet, "line": self.line, "code": self.code}

    @classmethod
    def from_json(cls, data: dict[str, object]) -> "RowProblem":
        """The inverse of `as_json`."""
        return cls(str(data["sheet"]), int(str(data["line"])), str(data["code"]))


@dataclass(frozen=True, slots=True)
class PersonCells:
    """The two cells that say who a row is about, after a number in the name cell was moved to its place."""

    name: str
    number: CleanId
    moved: bool


class Checker:
    """Checks rows, with the distinct values of one list remembered."""

    def __init__(self) -> None:
        self._ids = Distinct(clean_id)
        self._names = Distinct(clean_name)
        self._dates = Distinct(clean_date)
        self._amounts = {flag: Distinct(partial(clean_amount, ten_thousands=flag)) for flag in (False, True)}

    def person(self, row: RawRow) -> PersonCells:
        """Name and identity number of a row; a disability certificate number stands in for a missing one."""
        cells = row.cells
        text = cells.get("id_number", "")
        number = rounded_id(text) if "id_number" in row.rounded else self._ids[text]
        name = cells.get("name", "")
        if number.kind == IdKind.MISSING and cells.get("certificate", "").strip():
            number = self._ids[cells["certificate"]]
        if number.kind == IdKind.MISSING:
            name, inside = split_number_from_name(name)
            if inside:
                return PersonCells(name, self._ids[inside], moved=True)
        return PersonCells(name, number, moved=False)

    def amount(self, row: RawRow, *, ten_thousands: bool) -> Decimal | None:
        """The amount of a row in yuan, None where there is none. `ten_thousands`: the column says 万元."""
        return self._amounts[ten_thousands][row.cells.get("amount", "")]

    def problems(self, row: RawRow, person: PersonCells, *, ten_thousands: bool = False) -> Iterator[str]:
        """The codes of what is wrong with a row, keys of `PROBLEMS`."""
        if not self._names[person.name]:
            yield "name_missing"
        if person.moved:
            yield "number_in_name"
        code = _BY_KIND.get(person.number.kind)
        # Few true numbers end in 000; those that fit their check character are not reported.
        whole = person.number.kind == IdKind.CUT and "id_number" not in row.rounded
        if code and not (whole and identity.is_valid(person.number.text)):
            yield code
        written = row.cells.get("birth_date", "").strip()
        birth = self._dates[written]
        if written and not birth:
            yield "birth_unreadable"
        born = person.number.birth
        same = birth == born or (birth % 100 == 0 and birth // 100 == born // 100)
        if birth and born and person.number.kind == IdKind.VALID and not same:
            yield "birth_differs"
        if row.cells.get("amount", "").strip() and self.amount(row, ten_thousands=ten_thousands) is None:
            yield "amount_unreadable"


@dataclass(slots=True)
class FilePreview:
    """A list file as understood, before anything is stored. `problems` holds the first 500."""

    sheets: list[SheetReport] = field(default_factory=list)
    sample: list[dict[str, str]] = field(default_factory=list)
    problems: list[RowProblem] = field(default_factory=list)
    problem_counts: Counter[str] = field(default_factory=Counter)
    rows: int = 0

    def as_mapping(self) -> dict[str, object]:
        """What `ListImport.mapping` keeps: headers and counts, no personal data."""
        return mapping_of(self.sheets, self.problem_counts)


def mapping_of(sheets: list[SheetReport], problem_counts: Counter[str]) -> dict[str, object]:
    """Headers, dropped rows and counts of a file as JSON. Dropped rows are totals and signatures, no
    persons."""
    return {
        "sheets": [
            {
                "name": s.name,
                "title": s.title,
                "header_line": s.header_line,
                "columns": [{"header": h, "field": f} for h, f in s.columns],
                "rows": s.rows,
                "dropped_total": s.dropped_total,
                "dropped": [{"line": d.line, "why": d.why, "text": d.text} for d in s.dropped[:50]],
            }
            for s in sheets
        ],
        "problem_counts": dict(sorted(problem_counts.items())),
    }


def preview_list(source: Path | bytes, *, name: str, list_type: str) -> FilePreview:
    """Read a whole list without storing it. Identity numbers in the sample are masked.

    Raises `cases.matching.files.ListFileError` when the file as a whole cannot be read.
    """
    preview = FilePreview()
    reader = ListReader(source, name=name, list_type=list_type)
    checker = Checker()
    for row in reader.rows():
        preview.rows += 1
        person = checker.person(row)
        for code in checker.problems(row, person, ten_thousands=reader.sheets[-1].amount_in_ten_thousands):
            preview.problem_counts[code] += 1
            if len(preview.problems) < MAX_PROBLEMS:
                preview.problems.append(RowProblem(row.sheet, row.line, code))
        if len(preview.sample) < SAMPLE_ROWS:
            preview.sample.append(masked_cells(row, person))
    preview.sheets = reader.sheets
    return preview


def masked_cells(row: RawRow, person: PersonCells) -> dict[str, str]:
    """A row for the screen: numbers and accounts masked."""
    shown = {f: v for f, v in row.cells.items() if f not in ("list_row_id", "list_type", "sender_code")}
    for name in ("id_number", "head_id", "guardian_id", "certificate"):
        if shown.get(name):
            shown[name] = identity.mask(identity.canonical(shown[name]))
    if shown.get("account"):
        shown["account"] = identity.mask_account(shown["account"])
    if shown.get("phone"):
        shown["phone"] = identity.mask_phone(shown["phone"])
    shown["name"] = person.name
    return shown
