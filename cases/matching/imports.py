"""Receiving a list and opening a month's run: what the upload page and the commands share."""

import datetime as dt
import hashlib
from pathlib import Path
from typing import Final

from cases.matching.stage import Progress, StageResult, quiet, stage_list
from cases.models import ListImport, MatchRun
from staff import files, scope
from staff.models import StoredFile

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV: Final = "text/csv"


def receive_list(
    *, data: bytes, name: str, kind: str, period: dt.date, region_id: int, at: dt.datetime
) -> tuple[ListImport, bool]:
    """Keep an uploaded list, unread; returns it and whether it is new.

    The same bytes for the same region, kind and month are the import that is already there. `period` is the
    first day of the month, `kind` a `ListKind` value.
    """
    sha256 = hashlib.sha256(data).hexdigest()
    known = ListImport.objects.filter(region_id=region_id, kind=kind, period=period, sha256=sha256).first()
    if known is not None:
        return known, False
    file = files.store(
        data,
        kind=StoredFile.Kind.LIST,
        name=name,
        content_type=XLSX if data[:2] == b"PK" else CSV,
        region_id=region_id,
        at=at,
    )
    created = ListImport.objects.create(
        region_id=region_id,
        kind=kind,
        period=period,
        name=Path(name).name[:200],
        file=file,
        sha256=sha256,
        user_id=scope.current().user_id or None,
        created_at=at,
    )
    return created, True


def stage_received(list_import: ListImport, *, progress: Progress = quiet) -> StageResult:
    """Stage a received list from its stored file. Raises `ListFileError`; a staged list is left as it is."""
    if list_import.state == ListImport.State.STAGED:
        problems = list_import.mapping.get("problem_counts", {})
        dropped = sum(s["dropped_total"] for s in list_import.mapping.get("sheets", ()))
        return StageResult(list_import.row_count, dropped, problems)
    assert list_import.file is not None, "a received list has its file"
    return stage_list(list_import, files.read(list_import.file), progress=progress)


def open_run(*, region_id: int, period: dt.date) -> MatchRun:
    """The month's run of a region, made when it is not there yet. One run a month; running it again
    refreshes it."""
    run, _created = MatchRun.objects.get_or_create(region_id=region_id, period=period)
    return run
