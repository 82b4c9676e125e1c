"""Money on paper: the part of a child's file, the lines of a batch, the monthly report."""

from __future__ import annotations

import datetime as dt
import hashlib
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases import identity
from cases.children.paper import Dossier, joined, names, paper_part
from cases.enums import Placement, PrimaryCategory
from staff import files, jobs, paper
from staff.audit import log_access
from staff.models import AccessLog, Job, Region, StoredFile
from staff.models.region import township_of
from staff.paper import Section, Table
from subsidies.enums import PaymentKind, PaymentState
from subsidies.models import Application, Entitlement, Payment, PaymentBatch
from subsidies.reports import published as report_published
from subsidies.reports import services as reports
from subsidies.reports import xlsx as report_xlsx

PAYMENTS_SHOWN = 60  # five years of months
BATCH_LINES = "batch_lines_paper"
CHUNK = 2_000


@paper_part("subsidies", gettext_lazy("Subsidies"), order=140)
def subsidies(dossier: Dossier) -> list[Section]:
    """Applications, entitlements, and the payments of five years with their accounts masked."""
    pk, blocks = dossier.child.pk, []
    rights = [
        (
            row.scheme,
            PrimaryCategory(row.category).label,
            Placement(row.placement).label,
            f"{row.start_month:%Y-%m}",
            f"{row.end_month:%Y-%m}" if row.end_month else "",
            joined(row.get_state_display(), row.get_end_reason_display()),
            joined(row.confirmed_by, f"{row.confirmed_at:%Y-%m-%d}"),
        )
        for row in Entitlement.objects.filter(child_id=pk)
        .select_related("scheme", "confirmed_by")
        .order_by("-start_month", "-pk")
    ]
    if rights:
        heads = names(Entitlement, "category", "placement", "start_month", "end_month", "state")
        blocks.append(Table([_("Scheme"), *heads, _("Confirmed")], rights))
    asked = [
        (row.scheme, row.applied_at, row.get_state_display(), row.decided_at)
        for row in Application.objects.filter(child_id=pk)
        .select_related("scheme")
        .order_by("-applied_at", "-pk")
    ]
    if asked:
        blocks.append(Table(names(Application, "scheme", "applied_at", "state", "decided_at"), asked))
    paid = [
        (
            f"{row.month:%Y-%m}",
            row.get_kind_display(),
            row.amount,
            row.payee_name,
            row.bank_name,
            row.get_state_display(),
            row.paid_date,
        )
        for row in Payment.objects.filter(child_id=pk, cancelled=False).order_by("-month", "-pk")[
            :PAYMENTS_SHOWN
        ]
    ]
    if paid:
        heads = [*names(Payment, "month", "kind", "amount"), _("Payee"), _("Bank"), *names(Payment, "state")]
        blocks.append(Table([*heads, _("Paid on")], paid))
    return [Section(_("Subsidies"), blocks)]


# --- The lines of a batch ---------------------------------------------------------------------------------


def start_batch_paper(batch: PaymentBatch, chosen: dict[str, str], *, reason: str, at: dt.datetime) -> Job:
    """Queue the paper of a batch's lines. ``chosen``: township code, state, kind; absent ones restrict nothing."""
    arguments = {"batch": batch.pk, "chosen": chosen, "reason": reason}
    return jobs.start(BATCH_LINES, region_id=batch.region_id, arguments=arguments, at=at)


@jobs.handler(BATCH_LINES, gettext_lazy("Lines of the batch on paper"))
def batch_paper(job: Job) -> dict[str, Any]:
    """Write the lines, accounts and identity numbers masked, with their sum; the export is logged."""
    batch = PaymentBatch.objects.select_related("scheme", "region").get(pk=job.arguments["batch"])
    chosen, at = job.arguments["chosen"], timezone.now()
    lines = lines_of(batch, chosen)
    heads = [
        _("Line"), _("Township"), _("Child"), _("Identity number"), _("Kind"), _("Month"), _("Standard"),
        _("Amount (yuan)"), _("Payee"), _("Bank"), _("Account number"), _("State"),
    ]  # fmt: skip
    try:
        paper.check_fits(lines.count(), len(heads))
        rows = _batch_rows(list(lines.iterator(CHUNK)))
        data = paper.table_pdf(
            _("Lines of the batch %(number)s") % {"number": batch.number},
            heads,
            rows,
            who=paper.maker(),
            why=job.arguments["reason"],
            at=at,
            note=joined(batch.region.name, batch.scheme, f"{batch.month:%Y-%m}", batch.get_state_display()),
        )
    except paper.PaperTooLong as refused:
        raise jobs.JobError(str(refused)) from refused
    name = f"{batch.number}.pdf"
    file = files.store(
        data,
        kind=StoredFile.Kind.EXPORT,
        name=name,
        content_type=paper.CONTENT_TYPE,
        region_id=job.region_id,
        at=at,
    )
    log_access(
        kind=AccessLog.Kind.EXPORT,
        region_id=job.region_id,
        subject="subsidies.paymentbatch",
        subject_id=batch.pk,
        reason=job.arguments["reason"],
        detail={"what": BATCH_LINES, "rows": len(rows) - 1, "chosen": chosen, "sha256": file.sha256},
    )
    return {"file": str(file.pk), "name": name, "rows": len(rows) - 1}


def place_of(chosen: dict[str, str]) -> Region | None:
    """The township of a selection."""
    code = chosen.get("township", "")
    return Region.objects.filter(pk=int(code)).first() if code.isdecimal() and len(code) == 12 else None


def lines_of(batch: PaymentBatch, chosen: dict[str, str]) -> QuerySet[Payment]:
    """The lines of a batch that a selection lets through, in order; what cannot be read restricts nothing."""
    lines = Payment.objects.filter(batch=batch)
    if (place := place_of(chosen)) is not None:
        lines = lines.filter(region__gte=place.lo, region__lte=place.hi)
    if chosen.get("state") in PaymentState.values:
        lines = lines.filter(state=chosen["state"])
    if chosen.get("kind") in PaymentKind.values:
        lines = lines.filter(kind=chosen["kind"])
    return lines.order_by("line")


def _batch_rows(lines: list[Payment]) -> list[tuple[Any, ...]]:
    codes = {township_of(line.region_id) for line in lines}
    places = {region.pk: region.short_name for region in Region.objects.filter(pk__in=codes)}
    rows: list[tuple[Any, ...]] = [
        (
            line.line, places.get(township_of(line.region_id), ""), line.child_name, line.identity_mask,
            line.get_kind_display(), f"{line.month:%Y-%m}", line.standard, line.amount, line.payee_name,
            line.bank_name, identity.mask_account(line.account) if line.account else "",
            line.get_state_display(),
        )
        for line in lines
    ]  # fmt: skip
    total = sum((line.amount for line in lines), Decimal())
    return [*rows, ("", _("Together"), "", "", "", "", None, total, "", "", "", "")]


# --- The monthly report -----------------------------------------------------------------------------------


def report_paper(
    figures: dict[str, Any], *, at: dt.datetime, leaves: list[report_xlsx.Leaf] | None = None
) -> bytes:
    """The monthly report (月报) as PDF: the sheets of its workbook, or other ``leaves``, one below the other."""
    blocks = [
        Section(leaf.name, [Table(leaf.columns, [cells for cells, _style in leaf.rows])])
        for leaf in (report_xlsx.leaves(figures) if leaves is None else leaves)
    ]
    title = f"{figures['name']}儿童福利月报表"
    return paper.paper_pdf(
        title,
        blocks,
        who=paper.maker(),
        why=_("Monthly report"),
        at=at,
        subtitle=f"报告期：{figures['month']}　单位：人、元",
        landscape=True,
    )


def export_published_paper(region: Region, month: dt.date, *, at: dt.datetime) -> tuple[bytes, str]:
    """(PDF, file name) of a locked month as readers of totals see it; the export is logged."""
    figures, shown = report_published.locked_leaves(region, month)
    return _logged(region, month, report_paper(figures, at=at, leaves=shown), figures, locked=True)


def export_report_paper(region: Region, month: dt.date, *, at: dt.datetime) -> tuple[bytes, str]:
    """(PDF, file name) of a month, from the locked figures where it is locked; the export is logged."""
    stored = reports.report_of(region, month)
    figures = stored.figures if stored else reports.compute(region, month)
    return _logged(region, month, report_paper(figures, at=at), figures, locked=stored is not None)


def _logged(
    region: Region, month: dt.date, data: bytes, figures: dict[str, Any], *, locked: bool
) -> tuple[bytes, str]:
    log_access(
        kind=AccessLog.Kind.EXPORT,
        region_id=region.pk,
        subject="subsidies.monthlyreport",
        subject_id=f"{month:%Y-%m}",
        reason=_("Monthly report"),
        detail={"what": "report_pdf", "locked": locked, "sha256": hashlib.sha256(data).hexdigest()},
    )
    return data, reports.file_name(figures).replace(".xlsx", ".pdf")
