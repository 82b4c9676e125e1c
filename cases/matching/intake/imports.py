"""Receiving a list and opening a month's run: what the upload page and the commands share."""

import datetime as dt
import hashlib
from pathlib import Path
from typing import Final

from django.db import connection, transaction
from django.utils.translation import gettext as _

from cases import identity
from cases.matching.intake.stage import Progress, StageResult, quiet, result_of, stage_list
from cases.matching.reading.files import ListFileError
from cases.models import ListImport, MatchRun
from staff import files, scope
from staff.models import Job, StoredFile

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV: Final = "text/csv"
STAGE: Final = "stage_list"


def receive_list(
    *, data: bytes, name: str, kind: str, period: dt.date, region_id: int, at: dt.datetime
) -> tuple[ListImport, bool]:
    """Keep an uploaded list, unread; returns it and whether it is new.

    The same bytes for the same region, kind and month are the import that is already there. `period` is the
    first day of the month, `kind` a code of `cases.matching.kinds.KINDS`.
    """
    sha256 = hashlib.sha256(data).hexdigest()
    known = ListImport.objects.filter(region_id=region_id, kind=kind, period=period, sha256=sha256).first()
    if known is not None:
        return known, False
    shown = identity.hide_numbers(Path(name).name)
    file = files.store(
        data,
        kind=StoredFile.Kind.LIST,
        name=shown,
        content_type=XLSX if data[:2] == b"PK" else CSV,
        region_id=region_id,
        at=at,
    )
    created = ListImport.objects.create(
        region_id=region_id,
        kind=kind,
        period=period,
        name=shown[:200],
        file=file,
        sha256=sha256,
        user_id=scope.current().user_id or None,
        created_at=at,
    )
    return created, True


def is_importing(list_import: ListImport) -> bool:
    """Whether a job waits to stage the list, or does so now."""
    return Job.objects.filter(
        kind=STAGE, arguments__list_import=list_import.pk, state=Job.State.QUEUED
    ).exists()


def being_imported() -> str:
    """The sentence for a list that cannot be changed while it is staged."""
    return _(
        "The list is being imported. Wait for the month's work to end, or stop it on the month's page, then try again."
    )


class SameRowsError(ListFileError):
    """The rows are there already, in another file."""


def stage_received(list_import: ListImport, *, progress: Progress = quiet) -> StageResult:
    """Stage a received list from its stored file: from now on it is one of the month's, and the list that it
    replaces is not. A staged list is left as it is.

    Raises `ListFileError`, also when another file with the same rows is staged; nothing is kept then.
    """
    with transaction.atomic():
        # Whoever names its columns or takes it back has done so, or waits and is refused.
        list_import.refresh_from_db(from_queryset=ListImport.objects.select_for_update())
        if list_import.state != ListImport.State.PREVIEW:
            return result_of(list_import)
        assert list_import.file is not None, "a received list has its file"
        result = stage_list(list_import, files.read(list_import.file), progress=progress)
        _one_at_a_time(list_import)
        same = same_rows(list_import)
        if same is not None:
            raise SameRowsError(already_there(same))
        list_import.state = ListImport.State.STAGED
        list_import.save(update_fields=["state"])
        if list_import.replaces_id is not None:
            replaced = ListImport.objects.filter(pk=list_import.replaces_id, state=ListImport.State.STAGED)
            replaced.update(state=ListImport.State.REPLACED)
    return result


def _one_at_a_time(list_import: ListImport) -> None:
    """Wait for other lists of the region, kind and month that become the month's now: they may have the same rows."""
    name = f"lists {list_import.region_id} {list_import.kind} {list_import.period}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])


def same_rows(list_import: ListImport) -> ListImport | None:
    """The staged list of the region, kind and month that has the very rows of this one, whatever its file; not the one
    that this one replaces."""
    if not list_import.content_sha256:
        return None
    return (
        ListImport.objects.filter(
            region_id=list_import.region_id,
            kind=list_import.kind,
            period=list_import.period,
            state=ListImport.State.STAGED,
            content_sha256=list_import.content_sha256,
        )
        .exclude(pk__in=[list_import.pk, list_import.replaces_id or 0])
        .order_by("pk")
        .first()
    )


def already_there(same: ListImport) -> str:
    """The sentence for rows that came in another file before."""
    return _(
        "These very rows are here already for this month, in the file %(name)s. Nothing was imported; take the upload "
        "back."
    ) % {"name": same.name}


def open_run(*, region_id: int, period: dt.date) -> MatchRun:
    """The month's run of a region, made when it is not there yet. One run a month; running it again
    refreshes it."""
    run, _created = MatchRun.objects.get_or_create(region_id=region_id, period=period)
    return run
