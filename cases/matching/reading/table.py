"""One sheet in columns → the rows of its persons by field: header found, titles, totals and signatures passed over.

Knows how offices lay out a list, not what its numbers mean: cell text is kept as typed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import polars as pl

from cases import identity
from cases.matching.reading import headers
from cases.matching.reading.header_rows import HEADER_SEARCH_ROWS, Head, guess, locate
from cases.matching.reading.header_values import mostly_numbers, propose
from cases.matching.reading.headers import Known
from cases.matching.reading.report import ColumnRead, SheetRead
from cases.matching.reading.rows import LONG_NUMBER
from cases.matching.reading.senders import Divisions, sender_of
from cases.matching.reading.signature import Layouts, signature_of
from cases.matching.reading.tables import Table

SAMPLED: Final = 120
_GRAND = re.compile(r"合\s*计|总\s*计|共\s*计")
_PERSONS = re.compile(r"(?<!\d)(\d{1,6})\s*(?:人|名)(?!次)")
_TEXT_OF: Final = frozenset({"total", "title", "heading", "note", "signature"})


@dataclass(slots=True)
class Block:
    """The rows under one header of a sheet that may be persons: `rows` has `line`, `id_rounded`, `head_rounded`
    and a String column for every field in `fields`; `unread` are the columns that no field is read from."""

    report: SheetRead
    table: Table
    rows: pl.DataFrame
    fields: tuple[str, ...] = ()
    unread: tuple[int, ...] = ()
    ten_thousands: bool = False
    rejected: list[tuple[int, str]] = field(default_factory=list)


def read_table(
    table: Table, why: Mapping[int, str], *, file: str, known: Known, layouts: Layouts, divisions: Divisions | None
) -> list[Block]:  # fmt: skip
    """Read one sheet; at least one block, the first of which has the rejected rows. `why`: the rows that are no
    persons (:func:`cases.matching.reading.rows.reasons`). `layouts`: what clerks have said of the columns."""
    report = SheetRead(file, table.name, rows=table.height, hidden=not table.visible)
    nothing = [Block(report, table, pl.DataFrame())]
    if not table.visible:
        report.pass_over(0, "hidden_sheet", count=table.height)
        return nothing
    if table.first_line > 1:
        report.pass_over(0, "blank", count=table.height - table.frame.height)
    first = table.frame.head(HEADER_SEARCH_ROWS).rows() if table.frame.width else []
    head = locate(first, known) or guess(first)
    if head is None:
        nothing[0].rejected = _no_list(table, report)
        return nothing
    report.hidden_rows = len(table.hidden_lines)
    report.title, report.filing = head.title, head.filing
    report.header_line = table.first_line + head.at if any(head.cells) else 0
    report.sender = sender_of(divisions, head.filing, head.title, table.name, file)
    for place in range(head.after):
        above = identity.hide_numbers(" ".join(c.strip() for c in first[place] if c.strip()))
        what = "filing" if above and above[:200] == head.filing else "title"
        what = "header" if place >= head.at and report.header_line else what
        report.pass_over(table.first_line + place, what if above else "blank", above)
    parts, start, cells = [], head.after, head.cells
    persons = set()
    for place in (i for i, reason in why.items() if i >= head.after and reason == "header"):
        again = [c.strip() for c in table.frame.row(place)]
        if not headers.names_again(again, cells, known):
            persons.add(place)
        elif not _same(again, cells):
            parts.append((start, place, cells))
            start, cells = place, again
    why = {place: reason for place, reason in why.items() if place not in persons}
    parts.append((start, table.frame.height, cells))
    blocks = [
        _block(
            table,
            report,
            begin,
            {i - begin: reason for i, reason in why.items() if begin <= i < end},
            end - begin,
            names,
            known,
            layouts,
            head,
        )
        for begin, end, names in parts
    ]
    report.declared = 0 if report.households_only else _declared(report)
    return blocks


def _declared(report: SheetRead) -> int:
    """How many persons the list says it has: by its grand total, else by its subtotals; 0 where it does not say."""
    totals = [
        (bool(_GRAND.search(p.text)), _PERSONS.search(p.text)) for p in report.passed if p.why == "total"
    ]
    grand = [int(said[1]) for is_grand, said in totals if is_grand and said]
    return grand[-1] if grand else sum(int(said[1]) for _is_grand, said in totals if said)


def _same(again: list[str], cells: list[str]) -> bool:
    return [headers.plain(c) for c in again if c] == [headers.plain(c) for c in cells if c] or all(
        not c or c in cells for c in again
    )


def _no_list(table: Table, report: SheetRead) -> list[tuple[int, str]]:
    """A sheet without header: notes and cover pages are no list; a row with a long number is somebody unread."""
    if not table.frame.width:
        return []
    text = table.frame.select(pl.concat_str(pl.all(), separator="\t")).to_series()
    lost = text.str.contains(LONG_NUMBER)
    blank = text.str.strip_chars() == ""
    report.rejected = int(lost.sum())
    report.pass_over(0, "blank", count=int(blank.sum()))
    report.pass_over(0, "no_list", count=table.frame.height - report.rejected - int(blank.sum()))
    return [(table.first_line + int(i), "no_header") for i in lost.arg_true()]


def _block(
    table: Table, report: SheetRead, begin: int, why: Mapping[int, str], height: int, names: list[str], known: Known,
    layouts: Layouts, head: Head,
) -> Block:  # fmt: skip
    """Decide what each column holds, and take the columns by field from the rows that may be persons."""
    frame = table.frame.slice(begin, height)
    width = frame.width
    names = [*names[:width], *[""] * (width - len(names))]
    sample = [row for place, row in enumerate(frame.head(SAMPLED).rows()) if place not in why]
    cells = list(zip(*sample, strict=True)) if sample else [()] * width
    signature = signature_of(names)
    layout = layouts.get((report.sender, signature)) or layouts.get(("", signature))
    columns = propose(names, cells, known, layout.fields(width) if layout else None)
    at: dict[str, int] = {}
    for place, column in enumerate(columns):
        if column.field:
            at.setdefault(column.field, place)
    if layout is not None:
        ten_thousands = layout.ten_thousands
    else:
        amount = names[at["amount"]] if "amount" in at else ""
        ten_thousands = headers.in_ten_thousands(amount) or (
            head.filing_in_ten_thousands and not headers.in_yuan(amount)
        )
    if not report.columns:
        report.signature, report.columns, report.ten_thousands = signature, columns, ten_thousands
        numbered = bool({"id_number", "certificate"} & at.keys())
        named = all(columns[at[f]].by == "header" for f in ("name", "id_number") if f in at)
        guessed = "amount" in at and columns[at["amount"]].by == "values" and names[at["amount"]]
        # A second person beside the first, whose column nobody reads.
        beside = any(not c.field and mostly_numbers(cells[i]) for i, c in enumerate(columns))
        report.certain = layout is not None or (
            "name" in at and numbered and named and not guessed and not beside
        )
        report.households_only = _one_row_a_household(columns, at, frame)
    taken = [frame.get_column(str(place)).alias(name) for name, place in at.items()]
    no = pl.Series([False]).new_from_index(0, height)
    for name, flag in (("id_number", "id_rounded"), ("head_id", "head_rounded")):
        rounded = table.rounded.get(at.get(name, -1))
        taken.append((no if rounded is None else rounded.slice(begin, height)).alias(flag))
    first = table.first_line + begin
    rows = pl.DataFrame([pl.Series("line", range(first, first + height), dtype=pl.UInt32), *taken])
    for place, reason in why.items():
        shown = "" if reason not in _TEXT_OF else " ".join(c.strip() for c in frame.row(place) if c.strip())
        report.pass_over(first + place, reason, shown)
    if "village" not in at and "heading" in why.values():
        rows = rows.with_columns(_headings(frame, why))
        at["village"] = -1
    if why:
        rows = rows.filter(pl.Series([True]).new_from_index(0, height).scatter(list(why), values=False))
    unread = tuple(i for i, c in enumerate(columns) if not c.field or at[c.field] != i)
    return Block(report, table, rows, tuple(sorted(at)), unread, ten_thousands)


def _headings(frame: pl.DataFrame, why: Mapping[int, str]) -> pl.Series:
    """In a list without a village column, a line such as 莲花村 names the village of the rows below it."""
    village, villages = "", []
    for place in range(frame.height):
        if why.get(place) == "heading":
            village = "".join(c.strip() for c in frame.row(place))
        villages.append(village)
    return pl.Series("village", villages, dtype=pl.String)


def _one_row_a_household(columns: list[ColumnRead], at: dict[str, int], frame: pl.DataFrame) -> bool:
    """Whether the list has a row for each household only: a head but no member, or several persons to a row."""
    if "relation" in at or "name" not in at or "head_name" in at:
        return False
    if columns[at["name"]].header and headers.field_of(columns[at["name"]].header) == "head_name":
        return True
    if "people" not in at or not frame.height:
        return False
    people = (
        frame[str(at["people"])].str.extract(r"^\s*(\d{1,2})(?:人|\.0)?\s*$").cast(pl.Int32, strict=False)
    )
    return int(people.sum() or 0) > 1.3 * max(1, people.len() - people.null_count())
