"""Entrusted care and the help ledger as spreadsheets, made in a job, stored encrypted and logged with their reason."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _lazy

from cases import key_pages
from cases.eligibility.illness import veiled
from staff import files, jobs, paper, tables
from staff.audit import log_access
from staff.enums import Role
from staff.models import AccessLog, Job, StoredFile
from staff.scope import current

MAY_FULL = frozenset({Role.CLERK})
FORMATS = {"xlsx": tables.XLSX, "csv": tables.CSV, "pdf": paper.CONTENT_TYPE}
CARES, HELP = "cares_export", "help_export"


@dataclass(frozen=True)
class Ledger:
    """A list that can be exported. ``lines`` gets filters, day and whether numbers are written in full; first the header."""

    title: Any
    lines: Callable[[dict[str, Any], dt.date, bool], Iterator[list[Any]]]
    count: Callable[[dict[str, Any], dt.date], int]
    has_numbers: bool


LEDGERS: dict[str, Ledger] = {}


class LedgerForm(forms.Form):
    """What the list is for; the county clerk may ask for whole numbers."""

    reason = forms.CharField(label=_lazy("What the list is for"), max_length=200)
    form = forms.ChoiceField(
        label=_lazy("Kind of file"),
        choices=[
            ("xlsx", _lazy("Spreadsheet (xlsx)")),
            ("csv", _lazy("Text (csv)")),
            ("pdf", _lazy("Paper (PDF)")),
        ],
        initial="xlsx",
        required=False,
        widget=forms.RadioSelect(attrs={"class": "cw-chips"}),
    )
    full = forms.BooleanField(
        label=_lazy("Write identity and phone numbers in full"),
        required=False,
        help_text=_lazy("Only for handing the list to the national system. It is logged."),
    )

    def __init__(self, *args: Any, may_full: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not may_full:
            del self.fields["full"]


def ask(request: HttpRequest, kind: str, arguments: dict[str, Any], back: str) -> HttpResponse:
    """The page that asks for the reason; then the job's own page."""
    ledger, at = LEDGERS[kind], timezone.now()
    may_full = ledger.has_numbers and current().role in MAY_FULL
    form = LedgerForm(request.POST if request.method == "POST" else None, may_full=may_full)
    if request.method == "POST" and form.is_valid():
        job = jobs.start(
            kind,
            region_id=current().ranges[0][0],
            arguments={
                "filters": arguments,
                "reason": form.cleaned_data["reason"],
                "form": form.cleaned_data["form"] or "xlsx",
                "full": bool(form.cleaned_data.get("full")),
                "day": timezone.localdate(at).isoformat(),
            },
            at=at,
            done_url=back,
        )
        return redirect("staff:job", job.pk)
    found = ledger.count(arguments, timezone.localdate(at))
    return render(
        request,
        "cases/ledger_export.html",
        {
            "form": form,
            "title": ledger.title,
            "found": found,
            "counted": key_pages.COUNTED,
            "has_numbers": ledger.has_numbers,
            "back": back,
        },
    )


def _make(job: Job) -> dict[str, Any]:
    ledger = LEDGERS[job.kind]
    day = dt.date.fromisoformat(job.arguments["day"])
    full = bool(job.arguments["full"]) and current().role in MAY_FULL
    lines = ledger.lines(job.arguments["filters"], day, full)
    header = next(lines)
    rows, title = list(as_filed(lines)), str(ledger.title)
    form = str(job.arguments.get("form") or "xlsx")
    name = f"{title} {day.isoformat()}.{form}"
    file = files.store(
        _bytes(job, form, title, header, rows),
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
            "what": job.kind,
            "rows": len(rows),
            "full": full,
            "filters": job.arguments["filters"],
            "sha256": file.sha256,
        },
    )
    return {"file": str(file.pk), "name": name, "rows": len(rows)}


def as_filed(lines: Iterator[list[Any]]) -> Iterator[list[Any]]:
    """The lines as they leave the office: what names the protected condition is not copied."""
    return ([veiled(cell) for cell in line] for line in lines)


def _bytes(job: Job, form: str, title: str, header: list[Any], rows: list[list[Any]]) -> bytes:
    if form == "pdf":
        return _on_paper(job, title, header, rows)
    return tables.to_csv(header, rows) if form == "csv" else tables.to_xlsx(header, rows, sheet=title)


def _on_paper(job: Job, title: str, header: list[Any], rows: list[list[Any]]) -> bytes:
    try:
        why = job.arguments["reason"]
        return paper.table_pdf(title, header, rows, who=paper.maker(), why=why, at=timezone.now())
    except paper.PaperTooLong as refused:
        raise jobs.JobError(str(refused)) from refused


def ledger(
    kind: str, title: Any, *, count: Callable[[dict[str, Any], dt.date], int], has_numbers: bool
) -> Callable[[Callable[..., Iterator[list[Any]]]], Callable[..., Iterator[list[Any]]]]:
    """Register the function that yields a ledger's header and lines, and the job that files them."""

    def register(lines: Callable[..., Iterator[list[Any]]]) -> Callable[..., Iterator[list[Any]]]:
        LEDGERS[kind] = Ledger(title, lines, count, has_numbers)
        jobs.handler(kind, title)(_make)
        return lines

    return register
