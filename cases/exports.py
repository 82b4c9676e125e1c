"""The children's list as a spreadsheet, made in a job: what the filters let through, numbers masked."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

import xlsxwriter
from django.db.models import Prefetch, Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from cases.child_list import Filters
from cases.models import Child, Guardian
from staff import files, jobs
from staff.audit import log_access
from staff.models import AccessLog, Job, Region, StoredFile
from staff.models.region import township_of
from staff.scope import current

KIND = "children_export"
CHUNK = 2_000
CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def start_export(filters: Filters, *, reason: str, at: dt.datetime) -> Job:
    """Queue the export of a filtered list; its file belongs to the actor's own area."""
    region_id = current().ranges[0][0]
    arguments = {
        "filters": filters.as_arguments(),
        "reason": reason,
        "day": timezone.localdate(at).isoformat(),
    }
    return jobs.start(KIND, region_id=region_id, arguments=arguments, at=at)


@jobs.handler(KIND, _lazy("Export of the children's list"))
def export_children(job: Job) -> dict[str, Any]:
    """Write the filtered list to an encrypted stored file and log the export. Result: file, name, rows."""
    filters = Filters(**job.arguments["filters"])
    day = dt.date.fromisoformat(job.arguments["day"])
    found = filters.children(day)
    total = found.count()
    reason = job.arguments["reason"]
    user = job.user
    title = _("Children · %(day)s · exported by %(who)s for: %(reason)s") % {
        "day": day,
        "who": user.name if user else "",
        "reason": reason,
    }
    places = {region.pk: region.short_name for region in Region.objects.filter(_in_scope())}
    data = io.BytesIO()
    with xlsxwriter.Workbook(
        data, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    ) as book:
        sheet = book.add_worksheet(_("Children"))
        bold = book.add_format({"bold": True})
        sheet.write_string(0, 0, title)
        for column, heading in enumerate(headings()):
            sheet.write_string(2, column, heading, bold)
        sheet.freeze_panes(3, 0)
        sheet.set_column(0, len(headings()) - 1, 14)
        living = Prefetch("guardians", Guardian.objects.filter(end_date__isnull=True))
        rows = found.defer("health_note", "phone").prefetch_related(living).iterator(CHUNK)
        for number, child in enumerate(rows):
            for column, value in enumerate(row_of(child, places)):
                sheet.write_string(3 + number, column, value)
            if number % CHUNK == 0:
                jobs.progress(job, number, total)
    jobs.progress(job, total, total)
    name = _("Children %(day)s.xlsx") % {"day": day}
    file = files.store(
        data.getvalue(),
        kind=StoredFile.Kind.EXPORT,
        name=name,
        content_type=CONTENT_TYPE,
        region_id=job.region_id,
        at=timezone.now(),
    )
    log_access(
        kind=AccessLog.Kind.EXPORT,
        region_id=job.region_id,
        subject="staff.storedfile",
        subject_id=file.pk,
        reason=reason,
        detail={
            "what": "children",
            "rows": total,
            "filters": job.arguments["filters"],
            "sha256": file.sha256,
        },
    )
    return {"file": str(file.pk), "name": name, "rows": total}


def _in_scope() -> Q:
    condition = Q()
    for low, high in current().ranges:
        condition |= Q(pk__range=(township_of(low), high))
    return condition


def headings() -> list[str]:
    """Column headings of the export."""
    return [
        *(_("Register number"), _("Name"), _("Sex"), _("Date of birth"), _("Identity number"), _("Category")),
        *(_("Placement"), _("Risk"), _("Township"), _("Village"), _("Guardian"), _("Relation"), _("Phone")),
        *(_("Stage of schooling"), _("Last visit"), _("Next visit due"), _("Left the register on")),
    ]


def row_of(child: Child, places: dict[int, str]) -> list[str]:
    """One line of text cells, in the order of ``headings``; numbers masked."""
    guardian = next(iter(child.guardians.all()), None)
    return [
        child.number,
        child.name,
        child.get_sex_display(),
        child.birth_date.isoformat(),
        child.masked_identity,
        child.get_primary_category_display(),
        child.get_placement_display(),
        child.get_risk_display(),
        places.get(township_of(child.region_id), ""),
        places.get(child.region_id, ""),
        guardian.name if guardian else "",
        guardian.get_relation_display() if guardian else "",
        guardian.masked_phone if guardian else "",
        child.get_school_stage_display(),
        *(
            day.isoformat() if day else ""
            for day in (child.last_visit_date, child.next_visit_date, child.left_date)
        ),
    ]
