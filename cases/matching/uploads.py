"""From an uploaded file to a month's run: preview, confirmation, and the jobs that stage and match."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from cases.matching import imports
from cases.matching.match import fingerprint, lists_of
from cases.matching.preview import Checker, RowProblem, masked_cells, preview_list
from cases.matching.read import ListReader
from cases.models import ListImport, MatchRun
from staff import files, jobs
from staff.enums import Role
from staff.models import Job
from staff.workflow import Actor, TransitionRefused

STAGE: Final = "stage_list"
MATCH: Final = "match_lists"
UPLOADERS: Final = frozenset({Role.CLERK})
SHOWN_ROWS: Final = 8
SHOWN_PROBLEMS: Final = 40


class UploadRefused(TransitionRefused):
    """The list cannot be taken; the message says why."""


def upload_list(
    *, actor: Actor, at: dt.datetime, data: bytes, name: str, kind: str, period: dt.date, region_id: int
) -> tuple[ListImport, bool]:
    """Read a list, keep it encrypted, and return it to be confirmed, with whether it is new.

    Raises `cases.matching.files.ListFileError` when the file as a whole cannot be read; nothing is kept
    then. The same
    bytes for the same region, kind and month are the import that is already there, which stays as it is.
    """
    _check_duty(actor)
    preview = preview_list(data, name=name, list_type=kind)
    try:
        with transaction.atomic():
            received, new = imports.receive_list(
                data=data, name=name, kind=kind, period=period, region_id=region_id, at=at
            )
    except IntegrityError as error:
        if "list_file_once" not in str(error):
            raise
        # The same file arrived twice at one moment: the other upload has been committed meanwhile.
        return imports.receive_list(
            data=data, name=name, kind=kind, period=period, region_id=region_id, at=at
        )
    if new:
        received.mapping = preview.as_mapping()
        received.problems = [p.as_json() for p in preview.problems]
        received.row_count = preview.rows
        received.save(update_fields=["mapping", "problems", "row_count"])
    return received, new


def confirm_list(*, actor: Actor, at: dt.datetime, list_import: ListImport) -> MatchRun:
    """Stage the list in a job, and match the month afterwards. Confirming again starts nothing new."""
    _check_duty(actor)
    with transaction.atomic():
        locked = ListImport.objects.select_for_update(of=("self",)).get(pk=list_import.pk)
        run = imports.open_run(region_id=locked.region_id, period=locked.period)
        if locked.state == ListImport.State.STAGED:
            return run
        waiting = Job.objects.filter(
            kind=STAGE, arguments__list_import=locked.pk, state=Job.State.QUEUED
        ).exists()
        if not waiting:
            job = jobs.start(
                STAGE, region_id=locked.region_id, arguments={"list_import": locked.pk, "run": run.pk}, at=at
            )
            _queue(run, job)
    return run


def discard_list(*, actor: Actor, list_import: ListImport) -> None:
    """Take back an upload that has not been confirmed. The stored file stays, as every file that came in
    does.
    """
    _check_duty(actor)
    with transaction.atomic():
        locked = ListImport.objects.select_for_update(of=("self",)).get(pk=list_import.pk)
        if locked.state != ListImport.State.PREVIEW:
            raise UploadRefused(_("The list has been imported already."))
        locked.delete()


def start_match(run: MatchRun, *, at: dt.datetime, fresh: bool = False) -> Job:
    """Match the month in a job. A job that waits or runs is returned instead, unless ``fresh``: a list was
    added since.
    """
    with transaction.atomic():
        locked = MatchRun.objects.select_for_update(of=("self",)).get(pk=run.pk)
        if not fresh:
            waiting = Job.objects.filter(kind=MATCH, arguments__run=locked.pk, state=Job.State.QUEUED).first()
            if waiting is not None:
                return waiting
        job = jobs.start(MATCH, region_id=locked.region_id, arguments={"run": locked.pk}, at=at)
        _queue(locked, job)
    return job


def is_stale(run: MatchRun) -> bool:
    """Whether the month's lists or the rules have changed since the run, and something is there to match."""
    lists = lists_of(run)
    return bool(lists) and run.fingerprint != fingerprint(lists)


def _queue(run: MatchRun, job: Job) -> None:
    run.job, run.state = job, MatchRun.State.QUEUED
    run.save(update_fields=["job", "state"])


def _check_duty(actor: Actor) -> None:
    if actor.role not in UPLOADERS:
        raise UploadRefused(_("Your post does not have this duty."))


# --- What the preview shows -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Peek:
    """Some rows of a stored list for the screen, numbers masked: the first ones, and those with a problem."""

    sample: list[dict[str, Any]] = field(default_factory=list)
    wrong: list[dict[str, Any]] = field(default_factory=list)


def peek(list_import: ListImport) -> Peek:
    """Read the stored file again as far as the rows to be shown; it is not kept in the clear in between."""
    by_row: dict[tuple[str, int], list[RowProblem]] = {}
    for data in list_import.problems[:SHOWN_PROBLEMS]:
        problem = RowProblem.from_json(data)
        by_row.setdefault((problem.sheet, problem.line), []).append(problem)
    found = Peek()
    waiting = set(by_row)
    if list_import.file is None:
        return found
    checker = Checker()
    reader = ListReader(files.read(list_import.file), name=list_import.name, list_type=list_import.kind)
    for row in reader.rows():
        place = (row.sheet, row.line)
        if place not in waiting and len(found.sample) >= SHOWN_ROWS:
            continue
        cells = masked_cells(row, checker.person(row))
        shown = {"sheet": row.sheet, "line": row.line, **cells}
        if place in waiting:
            waiting.discard(place)
            found.wrong.append(shown | {"problems": by_row[place], "bad": {p.field for p in by_row[place]}})
        elif len(found.sample) < SHOWN_ROWS:
            found.sample.append(shown)
        if not waiting and len(found.sample) >= SHOWN_ROWS:
            break
    return found
