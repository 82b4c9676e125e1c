"""A trusted register straight into ours: what the command and the benchmarks use. The same resource as the pages."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from pathlib import Path

from django.db import transaction
from django.utils.translation import gettext as _

from cases.circumstances.enums import RowOutcome
from cases.importing.running import Progress, silent, take_over
from staff.scope import current, open_scope


@dataclass(frozen=True, slots=True)
class LineProblem:
    """A cell that is not right: its line, its field, what to do about it."""

    line: int
    field: str
    message: str


@dataclass(slots=True)
class RegisterResult:
    """Counts of an import, and its problems. A skipped row has at least one."""

    rows: int = 0
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: int = 0
    problems: list[LineProblem] = field(default_factory=list)


def _trust(place: int, code: str) -> str:
    """The same number is the same child; the same name and date of birth alone are two children."""
    return "update" if "number" in code else "add"


def import_register(
    source: Path | bytes, *, name: str, at: dt.datetime, progress: Progress = silent
) -> RegisterResult:
    """Add the children of a file to the register, or bring known ones up to date; all in one transaction.

    Columns are what their headers say. A child is known by its identity number, else by its register number
    within the county. Wrong identity numbers are kept as written and reported. Rows that are not right
    otherwise, or outside the open scope, are skipped and reported. Repeating a file changes nothing. Raises
    ListFileError when the file as a whole cannot be read.
    """
    with transaction.atomic(), open_scope(replace(current(), reason=_("import %(name)s") % {"name": name})):
        found, verdicts = take_over(source, at=at, decide=_trust, lenient=True, progress=progress)
    result = RegisterResult(rows=len(verdicts))
    for (_sheet, line), verdict in zip(found.places, verdicts, strict=True):
        if verdict.written and verdict.outcome == RowOutcome.NEW:
            result.added += 1
        elif verdict.written:
            result.updated += 1
        elif verdict.outcome == RowOutcome.SAME:
            result.unchanged += 1
        else:
            result.skipped += 1
        result.problems += [LineProblem(line, p.field, f"{p.message} {p.remedy}") for p in verdict.problems]
    return result
