"""The monthly report (月报): figures of a month, their checks, and locking."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import defaultdict
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from staff import files
from staff.audit import log_access
from staff.models import Region
from staff.workflow import Actor, TransitionRefused
from subsidies.enums import SchemeCode
from subsidies.ledger.enums import Source
from subsidies.models import MonthlyReport
from subsidies.reports import measures
from subsidies.reports.xlsx import render

VERSION = 2
# The allowances that the table of townships is about: nobody holds two of them.
LIVING = (SchemeCode.BASIC_LIVING.value, SchemeCode.DIFFICULTY_LIVING.value)
SCHEME = "scheme__code"
SOURCES = tuple(source.value for source in Source)
COUNTS = ("opening", "new", "left", "closing")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LOCKERS = ("clerk", "approver")


def compute(region: Region, month: dt.date) -> dict[str, Any]:
    """The figures of a region's month, JSON-serialisable (amounts as strings), from what the open scope shows.

    Keys: ``version``, ``region``, ``name``, ``month``, ``townships`` ([code, name]) and one list of rows a family.
    """
    found = measures.figures(measures.period_of(region.lo, region.hi, month))
    townships = list(Region.objects.below(region, "township").values_list("code", "name"))
    known = {code for code, _name in townships}
    if any(row["township"] not in known for family in found.values() for row in family):
        townships.append((region.code, _("County office")))
    return {
        "version": VERSION,
        "region": region.code,
        "name": region.name,
        "month": f"{month:%Y-%m}",
        "townships": [list(pair) for pair in townships],
        **{family: [_plain(row) for row in found_rows] for family, found_rows in found.items()},
    }


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {key: str(value) if isinstance(value, Decimal) else value for key, value in row.items()}


def total(figures: dict[str, Any], family: str, measure: str, **chosen: Any) -> Any:
    """Sum of one measure over the rows that fit ``chosen`` (township and split fields): int, or Decimal for yuan.

    A tuple fits any of its values. What figures of an earlier version do not know counts as nothing, and their rows as
    of every scheme.
    """
    values = [row.get(measure, 0) for row in figures.get(family, ()) if fits(row, chosen)]
    if any(isinstance(value, str) for value in values):
        return sum(map(Decimal, values), Decimal("0.00"))
    return sum(values)


def fits(row: dict[str, Any], chosen: dict[str, Any]) -> bool:
    """Whether a row of figures is one of those that are chosen."""
    for name, value in chosen.items():
        if name == SCHEME and name not in row:
            continue
        if row.get(name) not in (value if isinstance(value, tuple) else (value,)):
            return False
    return True


def breakdown(figures: dict[str, Any], family: str, measure: str, by: str) -> dict[str, int]:
    """Measure by one split field, zero entries left out."""
    found: dict[str, int] = defaultdict(int)
    for row in figures[family]:
        if row[measure]:
            found[row[by]] += row[measure]
    return dict(found)


def checks(figures: dict[str, Any], previous: dict[str, Any] | None) -> list[dict[str, Any]]:
    """What must hold: [{code, ok, note}]. ``previous`` are last month's locked figures, if any."""
    found = []
    for family in ("register", "entitled"):
        wrong = [
            row for row in figures[family] if row["opening"] + row["new"] - row["left"] != row["closing"]
        ]
        note = _("Rows that do not add up: %(count)d") % {"count": len(wrong)} if wrong else ""
        found.append({"code": f"{family}_adds_up", "ok": not wrong, "note": note})
    if previous:
        before, now = total(previous, "entitled", "closing"), total(figures, "entitled", "opening")
        note = (
            ""
            if before == now
            else _("Closing count last month %(before)d, opening count now %(now)d")
            % {"before": before, "now": now}
        )
        found.append({"code": "opening_is_last_closing", "ok": before == now, "note": note})
    paid, due = (
        total(figures, "money", "paid"),
        total(figures, "money", "due") + total(figures, "money", "arrears"),
    )
    found.append({"code": "paid_within_due", "ok": paid <= due, "note": ""})
    if figures["version"] > 1:
        parts = sum((total(figures, "money", source) for source in SOURCES), Decimal("0.00"))
        found.append({"code": "sources_make_paid", "ok": parts == paid, "note": ""})
    return found


def report_of(region: Region, month: dt.date) -> MonthlyReport | None:
    """The stored report, if there is one in scope."""
    return last_year(region, month).get(month)


def last_year(region: Region, month: dt.date) -> dict[dt.date, MonthlyReport]:
    """The locked reports of a month and the twelve before it, by month. One query."""
    since = month.replace(year=month.year - 1)
    found = MonthlyReport.objects.filter(
        region=region, month__gte=since, month__lte=month, locked_at__isnull=False
    )
    return {report.month: report for report in found.select_related("locked_by", "file").order_by("month")}


def previous_figures(stored: dict[dt.date, MonthlyReport], month: dt.date) -> dict[str, Any] | None:
    """Last month's figures among the locked reports."""
    before = stored.get((month - dt.timedelta(days=1)).replace(day=1))
    return before.figures if before else None


def lock(*, actor: Actor, at: dt.datetime, region: Region, month: dt.date) -> MonthlyReport:
    """Freeze the month: figures and the exact bytes of its file. Raises TransitionRefused; a locked month stays as it is."""
    if actor.role not in LOCKERS:
        raise TransitionRefused(_("Your post does not have this duty."))
    if at.date() < (month + dt.timedelta(days=32)).replace(day=1):
        raise TransitionRefused(_("The month is not over yet."))
    with transaction.atomic():
        stored = (
            MonthlyReport.objects.select_for_update(of=("self",)).filter(region=region, month=month).first()
        )
        if stored and stored.locked_at:
            raise TransitionRefused(_("This month is locked already."))
        figures = compute(region, month)
        failed = [
            check
            for check in checks(figures, previous_figures(last_year(region, month), month))
            if not check["ok"] and check["code"] != "opening_is_last_closing"
        ]
        if failed:
            raise TransitionRefused(_("The figures do not add up. Look at the checks first."))
        data = render(figures)
        file = files.store(
            data, kind="report", name=file_name(figures), content_type=XLSX, region_id=region.code, at=at
        )
        report = stored or MonthlyReport(region=region, month=month)
        report.figures, report.computed_at = figures, at
        report.locked_at, report.locked_by_id = at, actor.user_id
        report.sha256, report.file = hashlib.sha256(data).hexdigest(), file
        report.save()
    return report


def workbook(region: Region, month: dt.date) -> tuple[bytes, str, bool]:
    """(bytes, file name, whether locked): a locked month gives the bytes it was locked with."""
    stored = report_of(region, month)
    if stored and stored.locked_at:
        data = render(stored.figures)
        if hashlib.sha256(data).hexdigest() != stored.sha256 and stored.file is not None:
            data = files.read(stored.file)  # made by an earlier version of the layout
        return data, file_name(stored.figures), True
    figures = compute(region, month)
    return render(figures), file_name(figures), False


def export(region: Region, month: dt.date) -> tuple[bytes, str]:
    """The workbook, with the export logged."""
    data, name, locked = workbook(region, month)
    log_export(region, month, locked=locked)
    return data, name


def log_export(region: Region, month: dt.date, *, locked: bool) -> None:
    """One line in the access log for a workbook that was taken out."""
    log_access(
        kind="export",
        region_id=region.code,
        subject="subsidies.monthlyreport",
        subject_id=f"{month:%Y-%m}",
        detail={"locked": locked},
    )


def first_day(figures: dict[str, Any]) -> dt.date:
    """The month of figures."""
    return dt.date.fromisoformat(f"{figures['month']}-01")


def file_name(figures: dict[str, Any]) -> str:
    return f"{figures['name']}儿童福利月报{figures['month']}.xlsx"
