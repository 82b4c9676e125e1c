"""An import step by step: received, its columns named, checked, taken over, taken back. Long steps are jobs.

Cells, overwritten values and the file are kept encrypted. ``KEPT_DAYS`` after the import was taken over, taken back or
discarded the cells and overwritten values are emptied (cases.importing.tasks.forget_cells): counts, outcomes and
problems stay, but it can no longer be taken back. The stored file stays, as every file that came in does.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from cases.circumstances.enums import ImportState, RowOutcome
from cases.importing.columns import BY_FIELD, propose
from cases.importing.running import DECISIONS
from cases.importing.sheets import FoundColumn, survey
from cases.models import RegisterImport, RegisterImportRow
from cases.refusals import REVIEWERS, RegisterRefused, check_duty
from staff import files, jobs, scope
from staff.models import Job, StoredFile
from staff.workflow import Actor

CHECK, APPLY, UNDO = "register_check", "register_apply", "register_undo"
KEPT_DAYS: Final = 90
MOST_BYTES: Final = 30 * 2**20
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_BUSY: Final = {
    ImportState.CHECKING: ImportState.UPLOADED,
    ImportState.APPLYING: ImportState.CHECKED,
    ImportState.UNDOING: ImportState.APPLIED,
}


def state_of(register_import: RegisterImport) -> ImportState:
    """The state in force: work that was stopped or failed leaves the state before it."""
    state = ImportState(register_import.state)
    job = register_import.job
    if state in _BUSY and (job is None or job.state in (Job.State.FAILED, Job.State.CANCELLED)):
        return _BUSY[state]
    return state


def receive(
    *, data: bytes, name: str, region_id: int, at: dt.datetime, actor: Actor | None = None
) -> RegisterImport:
    """Keep a file, encrypted, with the columns it seems to have; nothing of it is in the register yet.

    The columns of the last file with the same headers are proposed again. ListFileError when it cannot be read.
    """
    check_duty(actor or Actor.current(), REVIEWERS)
    columns, reports = survey(data)
    signature = _signature(columns)
    former = _former(signature)
    proposed = propose([c.title for c in columns], [c.cells for c in columns])
    mapping: dict[str, Any] = {
        "signature": signature,
        "remembered": former is not None,
        "columns": [
            {"key": c.key, "title": c.title, "field": former[c.key] if former else field}
            for c, field in zip(columns, proposed, strict=True)
        ],
        "sheets": [
            {
                "name": r.name,
                "title": r.title,
                "header_line": r.header_line,
                "rows": r.rows,
                "dropped": [{"line": d.line, "why": d.why} for d in r.dropped[:50]],
                "dropped_total": r.dropped_total,
            }
            for r in reports
        ],
    }
    with transaction.atomic():
        file = files.store(
            data,
            kind=StoredFile.Kind.LIST,
            name=name,
            content_type=XLSX if data[:2] == b"PK" else "text/csv",
            region_id=region_id,
            at=at,
        )
        return RegisterImport.objects.create(
            region_id=region_id,
            user_id=scope.current().user_id or None,
            name=Path(name).name[:200],
            file=file,
            sha256=hashlib.sha256(data).hexdigest(),
            mapping=mapping,
            counts={"rows": sum(r.rows for r in reports)},
            created_at=at,
        )


def _signature(columns: list[FoundColumn]) -> str:
    """The same for files with the same headers in the same order."""
    return hashlib.sha256("\n".join(c.key for c in columns).encode()).hexdigest()


def _former(signature: str) -> dict[str, str] | None:
    """The columns as they were confirmed for the last file with these headers."""
    found = (
        RegisterImport.objects.filter(mapping__signature=signature, mapping__confirmed=True)
        .order_by("-created_at", "-pk")
        .first()
    )
    return {c["key"]: c["field"] for c in found.mapping["columns"]} if found is not None else None


def name_columns(
    register_import: RegisterImport, fields: dict[str, str], *, at: dt.datetime, actor: Actor | None = None
) -> Job:
    """Say what each column is (key → field or '') and have the file checked in a job.

    ValidationError by key for a field given twice, on None when there is nothing to know a child by.
    """
    check_duty(actor or Actor.current(), REVIEWERS)
    errors: dict[str, str] = {}
    owners: dict[str, str] = {}
    for key, field in fields.items():
        if field and field not in BY_FIELD:
            errors[key] = _("Choose from the list.")
        elif field and field in owners:
            errors[key] = _("Another column is this already.")
        owners[field] = key
    if errors:
        raise ValidationError(errors)
    if not {"name", "id_number", "child_id"} & owners.keys():
        raise ValidationError(_("Say which column holds the names."))
    with transaction.atomic():
        locked = _locked(register_import, ImportState.UPLOADED, ImportState.CHECKED)
        for column in locked.mapping["columns"]:
            column["field"] = fields.get(column["key"], "")
        locked.mapping["confirmed"] = True
        locked.save(update_fields=["mapping"])
        return _start(locked, CHECK, ImportState.CHECKING, at)


def decide(
    register_import: RegisterImport, row: RegisterImportRow, decision: str, *, actor: Actor | None = None
) -> None:
    """Say of one row that may be a known child what is to be done; '' goes back to what holds for all."""
    check_duty(actor or Actor.current(), REVIEWERS)
    with transaction.atomic():
        locked = _locked(register_import, ImportState.CHECKED)
        rows = dict(locked.options.get("rows", {}))
        if decision and decision not in choices_for(row):
            raise RegisterRefused(_("Choose what is to be done."))
        rows.pop(str(row.pk), None)
        if decision:
            rows[str(row.pk)] = decision
        locked.options = locked.options | {"rows": rows}
        locked.save(update_fields=["options"])


def choices_for(row: RegisterImportRow) -> tuple[str, ...]:
    """What may be decided about a row: not to change a child that is not there, nor to give a number to two."""
    codes = {problem["code"] for problem in row.problems}
    if row.outcome != RowOutcome.DUPLICATE:
        return ()
    if row.child_id is None:
        return ("skip", "add")
    return ("skip", "update") if "same_number_other_name" in codes else DECISIONS


def take_over(
    register_import: RegisterImport,
    *,
    update: bool,
    all_or_nothing: bool,
    duplicates: str,
    at: dt.datetime,
    actor: Actor | None = None,
) -> Job:
    """Write the checked rows into the register, in a job. RegisterRefused when nothing could be written.

    ``update``: change known children. ``duplicates``: skip, update or add, for rows that nobody has decided.
    """
    check_duty(actor or Actor.current(), REVIEWERS)
    if duplicates not in DECISIONS:
        raise RegisterRefused(_("Choose what is to be done."))
    with transaction.atomic():
        locked = _locked(register_import, ImportState.CHECKED)
        wrong = RegisterImportRow.objects.filter(register_import=locked, outcome=RowOutcome.ERROR)
        if all_or_nothing and (number := wrong.count()):
            raise RegisterRefused(
                _("%(n)d rows are not right. Correct them and send the file again, or take the good rows.")
                % {"n": number}
            )
        locked.options = locked.options | {
            "update": update,
            "all_or_nothing": all_or_nothing,
            "duplicates": duplicates,
        }
        locked.save(update_fields=["options"])
        return _start(locked, APPLY, ImportState.APPLYING, at)


def discard(register_import: RegisterImport, *, actor: Actor | None = None) -> None:
    """Put an import aside that has changed nothing."""
    check_duty(actor or Actor.current(), REVIEWERS)
    with transaction.atomic():
        locked = _locked(register_import, ImportState.UPLOADED, ImportState.CHECKED)
        locked.state = ImportState.DISCARDED
        locked.save(update_fields=["state"])


def take_back(
    register_import: RegisterImport, *, reason: str, at: dt.datetime, actor: Actor | None = None
) -> Job:
    """Undo the whole import in a job. ValidationError without a reason, RegisterRefused when its values are forgotten."""
    check_duty(actor or Actor.current(), REVIEWERS)
    if not reason.strip():
        raise ValidationError({"reason": _("Write the reason in words.")})
    with transaction.atomic():
        locked = _locked(register_import, ImportState.APPLIED)
        if locked.counts.get("forgotten"):
            raise RegisterRefused(
                _("The import is older than %(days)s days: what it overwrote is no longer kept.")
                % {"days": KEPT_DAYS}
            )
        return _start(locked, UNDO, ImportState.UNDOING, at, reason=reason.strip())


def _locked(register_import: RegisterImport, *allowed: ImportState) -> RegisterImport:
    """The import, locked, in one of these states; RegisterRefused otherwise."""
    locked = (
        RegisterImport.objects.select_for_update(of=("self",))
        .select_related("job")
        .get(pk=register_import.pk)
    )
    if state_of(locked) not in allowed:
        raise RegisterRefused(
            _("This cannot be done now: %(state)s.") % {"state": locked.get_state_display()}
        )
    return locked


def _start(locked: RegisterImport, kind: str, state: ImportState, at: dt.datetime, **arguments: Any) -> Job:
    job = jobs.start(
        kind,
        region_id=locked.region_id,
        arguments={"import": locked.pk, **arguments},
        at=at,
        done_url=reverse("cases:import_file", args=[locked.pk]),
    )
    locked.job, locked.state = job, state
    locked.save(update_fields=["job", "state"])
    return job
