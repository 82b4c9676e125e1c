"""What the children's list shows, as a file: the same rows in the same order, the columns that were chosen.

Numbers are masked. Who holds a role of ``child_columns.IN_FULL`` may ask for them in full; the access record
then names the fields.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from cases.children.columns import IN_FULL, Column, Surroundings, columns_of, headings, row_of, with_parts
from cases.children.filters import Filters
from cases.importing.columns import mask
from staff import files, jobs, paper, tables
from staff.audit import log_access
from staff.models import AccessLog, Job, Region, StoredFile
from staff.models.region import township_of
from staff.scope import current

KIND = "children_export"
CHUNK = 2_000
FORMATS = {"xlsx": tables.XLSX, "csv": tables.CSV, "pdf": paper.CONTENT_TYPE}


@dataclass(frozen=True)
class Listing:
    """A filtered list as text: ``columns`` give the headings, ``rows`` the cells, read as they are asked for."""

    filters: Filters
    columns: Sequence[Column]
    today: dt.date
    full: bool = False

    @property
    def headings(self) -> list[str]:
        return headings(self.columns)

    @property
    def full_fields(self) -> list[str]:
        """Keys of the columns whose numbers stand in full."""
        return [column.key for column in self.columns if self.full and column.full]

    def count(self) -> int:
        """How many rows there are. One query, over all of them."""
        return self.filters.children(self.today).order_by().count()

    def rows(self) -> Iterator[list[str]]:
        """The lines in the order of the list. A few queries for each CHUNK children, inside the open scope."""
        places = {region.pk: region.short_name for region in Region.objects.filter(_in_scope())}
        around = Surroundings(places, self.today)
        found = with_parts(self.filters.children(self.today), self.columns, self.today)
        for child in found.iterator(CHUNK):
            yield row_of(child, self.columns, around, full=self.full)


def listing(arguments: dict[str, Any], role: str) -> Listing:
    """The list that a job's ``arguments`` describe: filters, day, full. ``role`` is that of who asked."""
    filters = Filters.read(arguments["filters"])
    return Listing(
        filters,
        columns_of(filters.cols, role, left=filters.left),
        dt.date.fromisoformat(arguments["day"]),
        bool(arguments.get("full")) and role in IN_FULL,
    )


def title_of(job: Job) -> str:
    """The line above an exported list: what, which day, who, what for, and the filters in words."""
    said = job.arguments.get("said") or _("all on the register")
    return _("Children · %(day)s · exported by %(who)s for: %(reason)s · %(filters)s") % {
        "day": job.arguments["at"],
        "who": job.user.name if job.user else "",
        "reason": job.arguments["reason"],
        "filters": said,
    }


def start_export(
    filters: Filters, *, reason: str, at: dt.datetime, said: str = "", form: str = "xlsx", full: bool = False
) -> Job:
    """Queue the export of a filtered list; its file belongs to the actor's own area.

    ``said``: the filters in words; ``form``: a key of FORMATS. ValidationError when the role may not have
    numbers in full.
    """
    if full and current().role not in IN_FULL:
        raise ValidationError({"full": _("Your post may not take numbers out in full.")})
    arguments = {
        "filters": filters.as_arguments(),
        "reason": reason,
        "day": timezone.localdate(at).isoformat(),
        "at": timezone.localtime(at).strftime("%Y-%m-%d %H:%M"),
        "said": mask("", said),  # a number that was searched for stays masked above the list
        "form": form,
        "full": full,
    }
    return jobs.start(KIND, region_id=current().ranges[0][0], arguments=arguments, at=at)


@jobs.handler(KIND, _lazy("Export of the children's list"))
def export_children(job: Job) -> dict[str, Any]:
    """Write the filtered list to an encrypted stored file and log the export. Result: file, name, rows."""
    shown = listing(job.arguments, current().role)
    total, form = shown.count(), job.arguments.get("form", "xlsx")
    rows = _told(shown.rows(), job, total)
    title, head = title_of(job), shown.headings
    if form == "pdf":
        data = _on_paper(job, head, rows, total)
    elif form == "csv":
        data = tables.to_csv([title], _with(head, rows))
    else:
        data = tables.to_xlsx([title], _with(head, rows), sheet=_("Children"))
    name = _("Children %(day)s.%(form)s") % {"day": shown.today, "form": form}
    file = files.store(
        data,
        kind=StoredFile.Kind.EXPORT,
        name=name,
        content_type=FORMATS[form],
        region_id=job.region_id,
        at=timezone.now(),
    )
    log_access(
        kind=AccessLog.Kind.EXPORT,
        region_id=job.region_id,
        subject="staff.storedfile",
        subject_id=file.pk,
        reason=job.arguments["reason"],
        detail={
            "what": "children",
            "rows": total,
            "filters": _recorded(job.arguments["filters"]),
            "columns": [column.key for column in shown.columns],
            "full": shown.full_fields,
            "sha256": file.sha256,
        },
    )
    return {"file": str(file.pk), "name": name, "rows": total}


def _recorded(filters: dict[str, Any]) -> dict[str, Any]:
    """The filters as the access record keeps them: what was searched for may be a child's name or number."""
    return filters | {"q": "******"} if filters.get("q") else filters


def _on_paper(job: Job, head: list[str], rows: Iterator[list[str]], total: int) -> bytes:
    try:
        paper.check_fits(total, len(head))
        return paper.table_pdf(
            _("Children"),
            head,
            rows,
            who=paper.maker(),
            why=job.arguments["reason"],
            at=timezone.now(),
            note=job.arguments.get("said") or _("all on the register"),
        )
    except paper.PaperTooLong as refused:
        raise jobs.JobError(str(refused)) from refused


def _with(head: list[str], rows: Iterator[list[str]]) -> Iterator[list[str]]:
    yield head
    yield from rows


def _told(rows: Iterator[list[str]], job: Job, total: int) -> Iterator[list[str]]:
    for number, row in enumerate(rows):
        if number % CHUNK == 0:
            jobs.progress(job, number, total)
        yield row
    jobs.progress(job, total, total)


def _in_scope() -> Q:
    condition = Q()
    for low, high in current().ranges:
        condition |= Q(pk__range=(township_of(low), high))
    return condition
