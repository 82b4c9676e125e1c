"""List files → raw rows: finds the header, drops what is not a person, carries household cells down.

Knows how offices lay out a list, not what its numbers mean: cell text is kept as typed. Rows come
from a generator; the report of a sheet (`SheetReport`) is complete when its rows have been consumed.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from django.utils.translation import gettext as _

from cases.matching import headers
from cases.matching.files import Grid, ListFileError, open_grids

HEADER_SEARCH_ROWS: Final = 40
MAX_REPORTED: Final = 1000
LIST_TYPES: Final = frozenset({"dibao", "tekun", "canlian", "death", "prison"})
_TOTAL = re.compile(r"(合计|小计|总计|共计|累计|本页小计|本页合计|总合计|合\s*计|小\s*计|总\s*计|共\s*计)")
_SIGNATURE = re.compile(
    r"(制表|审核|负责人|填表|填报|经办人|单位负责人|分管领导|主管领导|复核|盖章|公章|备注[:：]|说明[:：]|注[:：]|审批人|报送人)"
)
_ID_INSIDE = re.compile(r"[0-9０-９]{14,}")


@dataclass(frozen=True, slots=True)
class RawRow:
    """One person's row. `cells` maps canonical fields (`headers.SYNONYMS`) to text as typed.

    `household` numbers the households of the file from 1, None where the list has none. `rounded` names
    the fields whose cell was a number of 16 digits or more: Excel has already lost its tail.
    `carried` names the fields taken from the household's first row.
    """

    sheet: str
    line: int
    cells: dict[str, str]
    own_id: str
    list_type: str
    household: int | None
    rounded: frozenset[str] = frozenset()
    carried: frozenset[str] = frozenset()


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


class ListReader:
    """Reads one list file. Iterate `rows()` once; then `sheets` holds the reports.

    `source` is a path or the bytes of the file; `name` is the file's name in row identifiers;
    `list_type` is the type of every row that does not say its own.
    """

    def __init__(self, source: Path | bytes, *, name: str, list_type: str = "") -> None:
        self.source = source
        self.name = name
        self.list_type = list_type
        self.sheets: list[SheetReport] = []
        self._household = 0

    def rows(self) -> Iterator[RawRow]:
        """The persons of the file in order. Raises `ListFileError` when no sheet holds a list."""
        for grid in open_grids(self.source):
            yield from self._sheet(grid)
        if not any(s.columns for s in self.sheets):
            raise ListFileError(
                _(
                    "No header row was found. The list needs a row "
                    "with column names such as 姓名 and 身份证号 "
                    "above the data."
                )
            )
        if not any(s.rows for s in self.sheets):
            raise ListFileError(_("The list has a header row but no persons below it."))

    def _sheet(self, grid: Grid) -> Iterator[RawRow]:
        report = SheetReport(grid.name)
        rows = iter(grid.rows)
        head = find_header(rows, report)
        if head is None:
            if report.rows or report.dropped_total:
                self.sheets.append(report)
            return
        self.sheets.append(report)
        pending, columns, _cells = head
        previous: dict[str, str] = {}
        for line, cells, rounded in _chain(pending, rows):
            stripped = [c.strip() for c in cells]
            why = why_not_a_person(stripped)
            if why == "empty":
                continue
            if why == "header":
                columns = headers.map_columns(stripped)
                previous = {}
            if why:
                report.drop(line, why, stripped)
                continue
            values = {f: cells[i] for i, f in columns.items() if i < len(cells)}
            if not any(values.get(f, "").strip() for f in ("name", "id_number", "certificate")):
                report.drop(line, "nobody", stripped)
                continue
            carried = _carry_household(values, previous)
            household = self._count_household(values, previous)
            previous = values
            report.rows += 1
            yield RawRow(
                sheet=grid.name,
                line=line,
                cells=values,
                own_id=values.get("list_row_id", "").strip() or f"{self.name}:{grid.name}:{line}",
                list_type=_list_type(values, self.list_type),
                household=household,
                rounded=frozenset(columns[i] for i in rounded if i in columns),
                carried=carried,
            )

    def _count_household(self, values: dict[str, str], previous: dict[str, str]) -> int | None:
        """Number the household of a row: the file's own number where it has one, else runs of one head."""
        keys = ("household_no", "list_type", "sender_code") if values.get("household_no") else _HOUSEHOLD_KEY
        if not values.get("household_no") and not values.get("head_name") and not values.get("head_id"):
            return None
        if not previous or any(values.get(k, "").strip() != previous.get(k, "").strip() for k in keys):
            self._household += 1
        return self._household


_HOUSEHOLD_KEY: Final = ("sequence", "head_name", "head_id")


def _list_type(values: dict[str, str], otherwise: str) -> str:
    """The row's own list type where it names one of the known types."""
    own = values.get("list_type", "").strip().lower()
    return own if own in LIST_TYPES else otherwise


def _chain(
    pending: list[tuple[int, list[str], frozenset[int]]],
    rows: Iterator[tuple[int, list[str], frozenset[int]]],
) -> Iterator[tuple[int, list[str], frozenset[int]]]:
    yield from pending
    yield from rows


Line = tuple[int, list[str], frozenset[int]]
Known = Callable[[str], str | None]


def find_header(
    rows: Iterator[Line], report: SheetReport, known: Known = headers.field_of
) -> tuple[list[Line], dict[int, str], list[str]] | None:
    """Consume the rows above the data. Returns rows read too far, the columns and the header's cells; None
    without header.

    The best-scoring of the first rows is the header. When the row below it holds headers too (a group
    such as 户主 over 姓名 and 身份证号), the two are read as one. `known` says which field a header names.
    """
    seen: list[Line] = []
    for row in rows:
        seen.append(row)
        if len(seen) >= HEADER_SEARCH_ROWS:
            break
    scores = [headers.recognised([c.strip() for c in r[1]]) if headers.is_header(r[1]) else 0 for r in seen]
    if not scores or not max(scores):
        return None
    at = scores.index(max(scores))
    cells = [c.strip() for c in seen[at][1]]
    after = at + 1
    if at > 0 and scores[at - 1] == 0 and _is_group_row(seen[at - 1][1], cells, known):
        cells = headers.merge_two_rows(seen[at - 1][1], cells, known)
    elif after < len(seen) and _is_lower_header(cells, seen[after][1], known):
        cells = headers.merge_two_rows(cells, seen[after][1], known)
        after += 1
    report.header_line = seen[at][0]
    report.title = next((c.strip() for _l, r, _f in seen[:at] for c in r if c.strip()), "")[:200]
    columns = headers.map_columns(cells)
    report.columns = [(c, columns.get(i, "")) for i, c in enumerate(cells) if c]
    report.amount_in_ten_thousands = any(
        f == "amount" and headers.in_ten_thousands(cells[i]) for i, f in columns.items()
    ) or any(re.search(r"单位[:：]\s*万元", c) for _l, r, _f in seen[:at] for c in r)
    return seen[after:], columns, cells


def _is_group_row(upper: Sequence[str], lower: Sequence[str], known: Known) -> bool:
    """Whether the row above a header groups its columns: two or more known words, none of them long."""
    named = [c.strip() for c in upper if c.strip()]
    return len(named) >= 2 and len(upper) >= len(lower) // 2 and sum(known(c) is not None for c in named) >= 2


def _is_lower_header(upper: Sequence[str], lower: Sequence[str], known: Known) -> bool:
    """Whether the row below a header is its second storey: nothing but known headers, alone or under their
    group."""
    both = headers.merge_two_rows(upper, lower, known)
    named = [(c.strip(), both[i]) for i, c in enumerate(lower) if c.strip()]
    return len(named) >= 2 and all(
        (known(c) is not None or known(merged) is not None) and not _ID_INSIDE.search(c)
        for c, merged in named
    )


def why_not_a_person(cells: Sequence[str]) -> str:
    """'' for a row to read; else why it is passed over."""
    filled = [c for c in cells if c]
    if not filled:
        return "empty"
    if _ID_INSIDE.search("\t".join(cells)):
        # A long number is an identity number or an account: only a total row has neither.
        return "total" if any(_TOTAL.match(c) for c in filled[:2]) else ""
    if any(_TOTAL.match(c) for c in filled[:3]):
        return "total"
    if _SIGNATURE.match(filled[0]):
        return "signature"
    if headers.is_header(cells) and headers.recognised(cells) >= max(2, len(filled) // 2):
        return "header"
    if len(filled) == 1 and len(filled[0]) > 8 and len(cells) > 2:
        return "title"
    return ""


def _carry_household(values: dict[str, str], previous: dict[str, str]) -> frozenset[str]:
    """Fill a member's blank household cells from the row above when the row opens no household of its own."""
    opens_its_own = any(values.get(f, "").strip() for f in ("head_name", "sequence", "household_no"))
    if "head_name" not in values or opens_its_own:
        return frozenset()
    if not previous.get("head_name", "").strip():
        return frozenset()
    carried = {
        f
        for f in headers.HOUSEHOLD_FIELDS
        if f in values and not values[f].strip() and previous.get(f, "").strip()
    }
    for f in carried:
        values[f] = previous[f]
    return frozenset(carried)
