"""The rows of an import as they are kept: cells and overwritten values encrypted, everything else for lists and counts."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from django.utils.translation import gettext as _

from cases.circumstances.enums import RowOutcome
from cases.importing import bulk
from cases.importing.problems import Problem
from cases.importing.resources import Sheet
from cases.importing.sheets import open_pages
from cases.importing.verdicts import Verdict
from cases.matching.reading.files import ListFileError
from cases.models import RegisterImport, RegisterImportRow
from staff.scope import current

MOST_ROWS: Final = 50_000  # held in memory while they are checked


@dataclass(slots=True)
class FileRows:
    """The rows of a file by field, with the sheet and line of each, and how many rows were passed over."""

    fields: list[str]
    cells: list[dict[str, str]] = field(default_factory=list)
    places: list[tuple[str, int]] = field(default_factory=list)
    dropped: int = 0

    def sheet(self) -> Sheet:
        """For import-export."""
        return Sheet(*(tuple(row.get(f, "") for f in self.fields) for row in self.cells), headers=self.fields)


def read_file(source: Path | bytes, mapping: dict[str, str]) -> FileRows:
    """The rows of a file under a mapping (column key → field). Raises ListFileError."""
    wanted = {key: name for key, name in mapping.items() if name}
    found = FileRows(list(dict.fromkeys(wanted.values())))
    for page in open_pages(source):
        for line, cells in page.rows():
            row = {wanted[key]: cell for key, cell in cells.items() if key in wanted}
            if not row:
                continue
            if len(found.cells) >= MOST_ROWS:
                raise ListFileError(
                    _("The file has more than %(most)s rows. Split it by township.") % {"most": MOST_ROWS}
                )
            found.cells.append(row)
            found.places.append((page.name, line))
        found.dropped += page.report.dropped_total
    return found


def from_store(rows: Sequence[RegisterImportRow], fields: list[str]) -> FileRows:
    """The same from the rows kept at the check."""
    return FileRows(fields, [json.loads(row.cells) for row in rows], [(row.sheet, row.line) for row in rows])


def keep(register_import: RegisterImport, found: FileRows, verdicts: Sequence[Verdict]) -> None:
    """Replace the import's rows by these."""
    RegisterImportRow.objects.filter(register_import=register_import).delete()
    covers = current().covers
    bulk.insert(
        RegisterImportRow,
        [
            RegisterImportRow(
                register_import_id=register_import.pk,
                # A village that this scope may not write to is not where the row is kept.
                region_id=verdict.village
                if verdict.village and covers(verdict.village)
                else register_import.region_id,
                sheet=sheet[:60],
                line=line,
                outcome=verdict.outcome,
                cells=json.dumps(cells, ensure_ascii=False),
                problems=[p.as_json() for p in verdict.problems],
                child_id=verdict.child_id,
                before=before_of(verdict),
            )
            for (sheet, line), cells, verdict in zip(found.places, found.cells, verdicts, strict=True)
        ],
    )


def before_of(verdict: Verdict) -> str:
    """JSON: ``shown`` for the preview, ``added`` and ``changed`` for undoing (cases.importing.writing.Trace)."""
    told: dict[str, Any] = {"shown": verdict.shown} if verdict.shown else {}
    if verdict.written and verdict.trace is not None:
        told |= {"added": verdict.trace.added, "changed": verdict.trace.changed}
    return json.dumps(told, ensure_ascii=False) if told else ""


def settle(rows: Sequence[RegisterImportRow], verdicts: Sequence[Verdict]) -> None:
    """Write what became of each row."""
    for row, verdict in zip(rows, verdicts, strict=True):
        row.outcome, row.child_id, row.applied = verdict.outcome, verdict.child_id, verdict.written
        row.problems = [p.as_json() for p in verdict.problems]
        row.before = before_of(verdict)
    bulk.update(RegisterImportRow, rows, ["outcome", "child_id", "applied", "problems", "before"])


def count(verdicts: Sequence[Verdict]) -> dict[str, int]:
    """Rows by outcome (all of them, also those with none), their sum, and the rows written."""
    outcomes = Counter(str(verdict.outcome) for verdict in verdicts)
    told = {outcome: outcomes.get(outcome, 0) for outcome in RowOutcome.values}
    return told | {"rows": len(verdicts), "written": sum(v.written for v in verdicts)}


def problems_of(row: RegisterImportRow) -> list[Problem]:
    return [Problem.from_json(data) for data in row.problems]
