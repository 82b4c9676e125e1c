"""The work of an import itself: the check (a dry run), the take-over in one transaction, and the command's way."""

from __future__ import annotations

import datetime as dt
import gc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _
from import_export.results import Result

from cases import search
from cases.circumstances.enums import ImportState, RowOutcome
from cases.defects import services as defects
from cases.defects.services import EVERY_KIND
from cases.importing import rows as kept_rows
from cases.importing.columns import propose
from cases.importing.problems import Problem
from cases.importing.resources import ChildResource
from cases.importing.rows import FileRows
from cases.importing.sheets import survey
from cases.importing.verdicts import Verdict
from cases.models import Child, RegisterImport, RegisterImportRow
from staff import files
from staff.audit import TRACKED
from staff.jobs import JobError
from staff.models.region import county_of
from staff.scope import current, merge, open_scope

Progress = Callable[[int, int, str], None]
Decide = Callable[[int, str], str]
SKIP: Final = "skip"
DECISIONS: Final = ("skip", "update", "add")


def silent(done: int, total: int, text: str) -> None:
    """Progress that nobody watches."""


def fields_of(register_import: RegisterImport) -> dict[str, str]:
    """Column key → field, as chosen."""
    return {column["key"]: column["field"] for column in register_import.mapping.get("columns", ())}


def check(register_import: RegisterImport, *, today: dt.date, progress: Progress = silent) -> dict[str, int]:
    """Try the whole file without writing a child: keep its rows with outcome and problems; returns the counts.

    Raises ListFileError when the file cannot be read.
    """
    assert register_import.file is not None, "an import has its file until it is forgotten"
    found = kept_rows.read_file(files.read(register_import.file), fields_of(register_import))
    resource = _resource(found, today=today, trial=True, decide=lambda place, code: SKIP)
    _run(resource, found, _("Checking the rows"), progress)
    kept_rows.keep(register_import, found, resource.verdicts)
    counts = kept_rows.count(resource.verdicts) | {"dropped": found.dropped}
    register_import.state, register_import.counts = ImportState.CHECKED, counts
    register_import.save(update_fields=["state", "counts"])
    return counts


def apply(
    register_import: RegisterImport, *, at: dt.datetime, today: dt.date, progress: Progress = silent
) -> dict[str, int]:
    """Take the checked rows over, as the options say; returns the counts. Call it in one transaction.

    Every row is looked at anew: what has changed since the check is told, not overwritten. JobError when all
    or nothing was asked for and a row is not right.
    """
    options = register_import.options
    stored = list(RegisterImportRow.objects.filter(register_import=register_import).order_by("pk"))
    lock_register(register_import.region_id)
    found = kept_rows.from_store(stored, [f for f in fields_of(register_import).values() if f])
    decisions: dict[str, str] = options.get("rows", {})

    def decide(place: int, code: str) -> str:
        row = stored[place]
        if row.outcome != RowOutcome.DUPLICATE:
            return SKIP  # found since the check: nobody has decided about it
        return decisions.get(str(row.pk)) or options.get("duplicates") or SKIP

    with open_scope(replace(current(), reason=reason_of(register_import))):
        resource = _resource(
            found, today=today, trial=False, decide=decide, update_known=bool(options.get("update", True))
        )
        _run(resource, found, _("Taking the children over"), progress)
        for row, verdict in zip(stored, resource.verdicts, strict=True):
            if (
                row.outcome == RowOutcome.NEW
                and verdict.outcome in (RowOutcome.DUPLICATE, RowOutcome.UPDATE)
                and not verdict.written
            ):
                verdict.problems.append(Problem("", "changed_since"))
        wrong = sum(v.outcome in (RowOutcome.ERROR, RowOutcome.DUPLICATE) for v in resource.verdicts)
        if options.get("all_or_nothing") and wrong:
            raise JobError(
                _("%(n)d rows are not right, and all or nothing was to be taken over. Nothing was changed.")
                % {"n": wrong}
            )
        progress(len(stored), len(stored), _("Making the children findable"))
        search.index_children(resource.writer.written)
        defects.follow_register(resource.writer.written, at=at, touched=EVERY_KIND)
    kept_rows.settle(stored, resource.verdicts)
    counts = kept_rows.count(resource.verdicts) | {"dropped": register_import.counts.get("dropped", 0)}
    register_import.state, register_import.applied_at = ImportState.APPLIED, at
    register_import.counts = counts | {"marks": marks()}
    register_import.save(update_fields=["state", "applied_at", "counts"])
    return counts


def take_over(
    source: Path | bytes, *, at: dt.datetime, decide: Decide, lenient: bool, progress: Progress = silent
) -> tuple[FileRows, list[Verdict]]:
    """A trusted file straight into the register, columns as their headers say; for the command and made-up counties.

    ``decide`` as for ChildResource. Raises ListFileError. Call it in one transaction.
    """
    columns, _reports = survey(source)
    proposed = propose([c.title for c in columns], [c.cells for c in columns])
    found = kept_rows.read_file(source, {c.key: name for c, name in zip(columns, proposed, strict=True)})
    for low, _high in merge(current().ranges):
        lock_register(low)
    resource = _resource(found, today=timezone.localdate(at), trial=False, decide=decide, lenient=lenient)
    _run(resource, found, "children", progress)
    search.index_children(resource.writer.written)
    defects.follow_register(resource.writer.written, at=at, touched=EVERY_KIND)
    return found, resource.verdicts


def _resource(
    found: FileRows, *, today: dt.date, trial: bool, decide: Decide, **options: Any
) -> ChildResource:
    lines = {place: line for place, (_sheet, line) in enumerate(found.places)}
    return ChildResource(today=today, trial=trial, decide=decide, lines=lines, **options)


def _run(resource: ChildResource, found: FileRows, text: str, progress: Progress) -> Result:
    sheet = found.sheet()
    sheet.tell = lambda done, total: progress(done, total, text)
    # Every row leaves some objects that stay until the end: looking through them for cycles again and again is waste.
    gc.disable()
    try:
        result = resource.import_data(sheet, dry_run=resource.trial, use_transactions=True)
    finally:
        gc.enable()
    # Wrong cells are verdicts; anything else that went wrong is ours and must not pass for an empty import.
    for error in result.base_errors:
        raise error.error
    for row in result.error_rows:
        raise row.errors[0].error
    return result


def lock_register(region_id: int) -> None:
    """One import at a time writes to a county's register: until the transaction ends, the second one waits."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))",
            [f"register import {county_of(region_id)}"],
        )


def reason_of(register_import: RegisterImport) -> str:
    """What stands in the history beside every change of the import."""
    return _("import %(name)s") % {"name": register_import.name}


def marks() -> dict[str, int]:
    """The last event of each table that an import writes to: whatever is newer happened afterwards."""
    found = {}
    for model in TRACKED:
        if model._meta.label in FOLLOWED:
            event = model.pgh_event_model  # type: ignore[attr-defined]
            found[model._meta.label] = (
                event.objects.order_by("-pgh_id").values_list("pgh_id", flat=True).first() or 0
            )
    return found


FOLLOWED: Final = frozenset(
    {
        Child._meta.label,
        *(
            "cases.Household",
            "cases.Guardian",
            "cases.Payee",
            "cases.ParentSituation",
            "cases.ChildAttribute",
        ),
    }
)
