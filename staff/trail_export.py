"""The audit trail as a file, made in the background under the auditor's own scope, and logged."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from staff import files, jobs, paper, scope, tables, trail
from staff.audit import log_access
from staff.models import AccessLog, Job, StoredFile

MOST_LINES = 200_000
FORMATS = {"csv": tables.CSV, "xlsx": tables.XLSX, "pdf": paper.CONTENT_TYPE}


def start_export(which: str, asked: trail.Asked, file_format: str, *, at: dt.datetime) -> Job:
    """Queue the export of one list of the trail as ``csv``, ``xlsx`` or ``pdf``; the job's result names the file."""
    return jobs.start(
        "trail_export",
        region_id=scope.current().ranges[0][0],
        arguments={
            "which": which,
            "format": file_format,
            "since": asked.since.isoformat(),
            "until": asked.until.isoformat(),
            "person_id": asked.person_id,
            "child_id": asked.child_id,
            "kind": asked.kind,
        },
        at=at,
    )


@jobs.handler("trail_export", title=gettext_lazy("Export of the audit trail"))
def export_trail(job: Job) -> dict[str, Any]:
    """Write the file. Raises JobError when there are more than MOST_LINES lines: a shorter span is to be
    asked for.
    """
    given = dict(job.arguments)
    which, file_format = given.pop("which"), given.pop("format")
    since, until = (dt.date.fromisoformat(given.pop(name)) for name in ("since", "until"))
    rows: list[list[Any]] = []
    for lines in trail.every_line(which, trail.Asked(since=since, until=until, **given)):
        if len(rows) + len(lines) > MOST_LINES:
            raise jobs.JobError(_("More than %(count)s lines. Choose fewer days.") % {"count": MOST_LINES})
        rows += [list(shown.values()) for shown in trail.shown(which, lines)]
        jobs.progress(job, len(rows), 0)
    header = [
        _("Time"),
        _("Person"),
        _("Account"),
        _("Role"),
        _("What"),
        _("Subject"),
        _("Number of the record"),
        _("Child (internal number)"),
        _("Place"),
        _("Reason"),
        _("Note"),
    ]
    data = _written(which, file_format, header, rows, note=f"{since} – {until}")
    file = files.store(
        data,
        kind=StoredFile.Kind.EXPORT,
        name=f"trail-{which}-{since}-{until}.{file_format}",
        content_type=FORMATS[file_format],
        region_id=job.region_id,
        at=timezone.now(),
    )
    log_access(
        kind=AccessLog.Kind.EXPORT,
        region_id=job.region_id,
        subject=f"trail.{which}",
        subject_id=file.pk,
        detail={"rows": len(rows), "sha256": file.sha256},
    )
    return {"file": str(file.pk), "rows": len(rows)}


def _written(which: str, file_format: str, header: list[str], rows: list[list[Any]], *, note: str) -> bytes:
    if file_format == "csv":
        return tables.to_csv(header, rows)
    if file_format == "xlsx":
        return tables.to_xlsx(header, rows, sheet=which)
    try:
        return paper.table_pdf(
            _("Audit trail: %(list)s") % {"list": trail.LISTS[which][0]},
            header,
            rows,
            who=paper.maker(),
            why=_("audit"),
            at=timezone.now(),
            note=note,
        )
    except paper.PaperTooLong as refused:
        raise jobs.JobError(str(refused)) from refused
