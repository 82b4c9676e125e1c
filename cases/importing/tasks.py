"""The jobs of an import, and the nightly forgetting of old cells."""

from __future__ import annotations

import datetime as dt
from typing import Any

from celery import shared_task
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cases.circumstances.enums import ImportState
from cases.importing import running
from cases.importing.services import APPLY, CHECK, KEPT_DAYS, UNDO
from cases.importing.undo import undo
from cases.matching.reading.files import ListFileError
from cases.models import RegisterImport, RegisterImportRow
from staff import jobs
from staff.models import Job
from staff.scope import system_scope


def _import_of(job: Job) -> RegisterImport:
    """The job's import, locked until the job ends."""
    found: RegisterImport = (
        RegisterImport.objects.select_for_update(of=("self",))
        .select_related("file")
        .get(pk=job.arguments["import"])
    )
    return found


@jobs.handler(CHECK, _("Check of a register file"))
def check(job: Job) -> dict[str, Any]:
    """Try the file out. Repeating it changes nothing."""
    found = _import_of(job)
    if found.state != ImportState.CHECKING:
        return {}
    try:
        return running.check(
            found, today=timezone.localdate(), progress=lambda *told: jobs.progress(job, *told)
        )
    except ListFileError as error:
        raise jobs.JobError(str(error)) from error


@jobs.handler(APPLY, _("Take-over of a register file"))
def apply(job: Job) -> dict[str, Any]:
    """Write the checked rows. An import that is taken over already is left alone."""
    found = _import_of(job)
    if found.state != ImportState.APPLYING:
        return {}
    return running.apply(
        found, at=timezone.now(), today=timezone.localdate(), progress=lambda *told: jobs.progress(job, *told)
    )


@jobs.handler(UNDO, _("Taking back an import"))
def take_back(job: Job) -> dict[str, Any]:
    """Undo an import. One that is taken back already is left alone."""
    found = _import_of(job)
    if found.state != ImportState.UNDOING:
        return {}
    return undo(
        found,
        reason=job.arguments["reason"],
        at=timezone.now(),
        progress=lambda *told: jobs.progress(job, *told),
    )


@shared_task(name="cases.importing.tasks.forget_cells", ignore_result=True)
def forget_cells() -> int:
    """Empty the cells and overwritten values of imports settled ``KEPT_DAYS`` ago; returns how many imports."""
    before = timezone.now() - dt.timedelta(days=KEPT_DAYS)
    settled = Q(applied_at__lt=before) | Q(applied_at__isnull=True, created_at__lt=before)
    with system_scope(reason="forget the cells of old imports", log=False):
        old = RegisterImport.objects.filter(settled, counts__forgotten__isnull=True).exclude(
            state__in=(ImportState.CHECKING, ImportState.APPLYING, ImportState.UNDOING)
        )
        forgotten = list(old.select_for_update(of=("self",), skip_locked=True))
        for each in forgotten:
            RegisterImportRow.objects.filter(register_import=each).update(cells="", before="")
            each.counts = each.counts | {"forgotten": True}
            if each.state in (ImportState.UPLOADED, ImportState.CHECKED):
                each.state = ImportState.DISCARDED
            each.save(update_fields=["counts", "state"])
    return len(forgotten)
