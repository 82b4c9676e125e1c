"""Workbooks for the office: the empty template, and the rows that were not right with the reason beside each."""

from __future__ import annotations

import io
import json
from typing import Any, Final

import xlsxwriter
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from cases.children.columns import IN_FULL
from cases.circumstances.enums import RowOutcome
from cases.importing import words
from cases.importing.columns import BY_FIELD, COLUMNS, mask
from cases.importing.rows import problems_of
from cases.importing.running import fields_of
from cases.importing.services import XLSX
from cases.models import RegisterImport, RegisterImportRow
from cases.refusals import REVIEWERS, RegisterRefused, check_duty
from staff import files, jobs
from staff.audit import log_access
from staff.models import AccessLog, Job, StoredFile
from staff.workflow import Actor

KIND: Final = "register_corrections"
OPTIONS: Final = {"strings_to_formulas": False, "strings_to_urls": False}
LAST_ROW: Final = 5_000  # of the template's drop-down lists
REASON: Final = "退回原因"
EXAMPLE_HINT: Final = "填写说明"


def template() -> bytes:
    """The empty workbook: a sheet to fill in with drop-down lists, and a sheet that explains each column."""
    data = io.BytesIO()
    with xlsxwriter.Workbook(data, OPTIONS) as book:
        sheet = book.add_worksheet("花名册")
        hints = book.add_worksheet(EXAMPLE_HINT)
        lists = book.add_worksheet("选项")
        lists.hide()
        text = book.add_format({"num_format": "@"})
        bold = book.add_format({"bold": True, "num_format": "@", "bg_color": "#E8EEF7", "border": 1})
        wrap = book.add_format({"text_wrap": True, "valign": "top"})
        for place, column in enumerate(COLUMNS):
            sheet.set_column(place, place, max(10, 2 * len(column.header) + 4), text)
            sheet.write_string(0, place, column.header, bold)
            hints.write_string(place + 1, 0, column.header, bold)
            hints.write_string(place + 1, 1, str(column.hint), wrap)
            if not column.words:
                continue
            offered = words.offered(column.words)
            hints.write_string(place + 1, 2, "、".join(offered), wrap)
            for line, word in enumerate(offered):
                lists.write_string(line, place, word)
            name = xlsxwriter.utility.xl_col_to_name(place)
            several = column.field in ("category", "attributes")
            sheet.data_validation(
                1,
                place,
                LAST_ROW,
                place,
                {
                    "validate": "list",
                    "source": f"=选项!${name}$1:${name}${len(offered)}",
                    # A cell may hold several words, and other words are understood too.
                    "error_type": "information" if several else "warning",
                },
            )
        for place, title in enumerate(("列", "说明", "可填写")):
            hints.write_string(0, place, title, bold)
        hints.set_column(0, 0, 24)
        hints.set_column(1, 2, 60)
        sheet.freeze_panes(1, 2)
    return data.getvalue()


def start(register_import: RegisterImport, *, reason: str, at: Any, actor: Actor | None = None) -> Job:
    """Make the workbook of the rows that are not right, in a job; numbers in full only with a reason."""
    actor = actor or Actor.current()
    check_duty(actor, REVIEWERS)
    # Who sent the file has it; everybody else is bound by the rule of all exports.
    if reason.strip() and actor.role not in IN_FULL and register_import.user_id != actor.user_id:
        raise RegisterRefused(
            _("Only who sent the file, the clerk or the approver may have the numbers in full.")
        )
    return jobs.start(
        KIND,
        region_id=register_import.region_id,
        arguments={"import": register_import.pk, "reason": reason.strip()},
        at=at,
    )


@jobs.handler(KIND, _lazy("Rows to correct"))
def make(job: Job) -> dict[str, Any]:
    """The rows with errors and those nobody has decided, as they were sent, and why. Encrypted, and logged as an export."""
    found = RegisterImport.objects.get(pk=job.arguments["import"])
    reason: str = job.arguments["reason"]
    wanted = RegisterImportRow.objects.filter(
        register_import=found, outcome__in=(RowOutcome.ERROR, RowOutcome.DUPLICATE)
    )
    rows = list(wanted.order_by("pk"))
    data = sheet_of(rows, [f for f in fields_of(found).values() if f], whole=bool(reason))
    name = _("To correct – %(name)s.xlsx") % {"name": found.name.rsplit(".", 1)[0]}
    file = files.store(
        data,
        kind=StoredFile.Kind.EXPORT,
        name=name,
        content_type=XLSX,
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
            "what": "register_import",
            "import": found.pk,
            "rows": len(rows),
            "masked": not reason,
            "sha256": file.sha256,
        },
    )
    return {"file": str(file.pk), "name": name, "rows": len(rows)}


def sheet_of(rows: list[RegisterImportRow], fields: list[str], *, whole: bool) -> bytes:
    """The workbook: the file's columns under the template's headers, and the reason of each row last."""
    fields = list(dict.fromkeys(fields))
    data = io.BytesIO()
    with xlsxwriter.Workbook(data, {**OPTIONS, "constant_memory": True}) as book:
        sheet = book.add_worksheet("花名册")
        text, bold = book.add_format({"num_format": "@"}), book.add_format({"bold": True})
        titles = [BY_FIELD[f].header for f in fields] + [REASON]
        sheet.set_column(0, len(titles) - 1, 16, text)
        sheet.set_column(len(titles) - 1, len(titles) - 1, 80)
        for place, title in enumerate(titles):
            sheet.write_string(0, place, title, bold)
        for line, row in enumerate(rows, 1):
            cells = json.loads(row.cells or "{}")
            for place, name in enumerate(fields):
                value = cells.get(name, "")
                sheet.write_string(line, place, value if whole else mask(name, value), text)
            sheet.write_string(line, len(fields), reasons(row))
        sheet.freeze_panes(1, 0)
    return data.getvalue()


def reasons(row: RegisterImportRow) -> str:
    """All problems of a row in one cell, with the place in the file that was sent."""
    place = f"{row.sheet} {row.line}" if row.sheet else str(row.line)
    told = [f"{BY_FIELD[p.field].header if p.field else ''}：{p.message}{p.remedy}" for p in problems_of(row)]
    return f"[{place}] " + "；".join(told)
