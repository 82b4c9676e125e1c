"""Pages of the monthly report."""

from __future__ import annotations

import datetime as dt
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from cases.enums import LeaveReason, PrimaryCategory, RiskLevel
from cases.models import Discrepancy
from staff.access import roles
from staff.enums import Role
from staff.models import Region
from staff.paper import pdf_response
from staff.workflow import Actor, TransitionRefused
from subsidies.entitlements.departed import attach_children
from subsidies.enums import EndReason, SchemeCode
from subsidies.models import MonthlyReport
from subsidies.paper import export_published_paper, export_report_paper
from subsidies.reports import measures as report_measures
from subsidies.reports import published as report_published
from subsidies.reports import services as reports
from subsidies.reports.lines import NO_CHILD, WITH_AMOUNT, line_of

ROW_READERS = (Role.SUPERVISOR, Role.CLERK, Role.APPROVER, Role.LEADER)
READERS = (*ROW_READERS, Role.RELEASER, Role.VIEWER)
PAGE = 50
SPLITS: dict[str, Any] = {
    "primary_category": PrimaryCategory, "category": PrimaryCategory, "entitlement__category": PrimaryCategory,
    "left_reason": LeaveReason, "end_reason": EndReason, "level": RiskLevel, "kind": Discrepancy.Kind,
    "scheme__code": SchemeCode, "recovery__scheme__code": SchemeCode,
}  # fmt: skip
CHECK_LABELS = {
    "register_adds_up": lambda: _("Register: opening + new − left = closing"),
    "entitled_adds_up": lambda: _("Entitled: opening + new − left = closing"),
    "opening_is_last_closing": lambda: _("Opening count equals last month's closing count"),
    "paid_within_due": lambda: _("Paid out does not exceed what was due"),
    "sources_make_paid": lambda: _("The sources of funds make what was paid out"),
}


@require_GET
@roles(*READERS)
def report(request: HttpRequest) -> HttpResponse:
    """A month of one's region: live while it is open to change, as locked afterwards. Readers of totals see locked months."""
    month = _month(request)
    region = _region(request)
    year = reports.last_year(region, month)
    stored = year.get(month)
    locked = stored is not None
    role = request.assignment.post.role  # type: ignore[attr-defined]
    months = _neighbours(request, month)
    if role not in ROW_READERS and not locked:
        return render(
            request,
            "subsidies/report_closed.html",
            {"month": month, "region": region, **months, **_locked_below(request, month)},
        )
    figures = stored.figures if stored else reports.compute(region, month)
    if role == Role.VIEWER:
        shown = report_published.leaves(figures, report_published.least_of(figures))
        published = {"month": month, "region": region, "report": stored, "leaves": shown, **months}
        published["query"] = urlencode({"month": f"{month:%Y-%m}", "region": region.code})
        return render(request, "subsidies/report_published.html", published)
    query = {"month": f"{month:%Y-%m}", "region": region.code}
    context: dict[str, Any] = {
        "month": month,
        "region": region,
        "report": stored,
        "figures": figures,
        "townships": _townships(figures, query, drill=role in ROW_READERS),
        "totals": _totals(figures),
        "tables": _tables(figures, query, drill=role in ROW_READERS),
        "checks": [
            {"label": CHECK_LABELS[check["code"]](), "ok": check["ok"], "note": check["note"]}
            for check in reports.checks(figures, reports.previous_figures(year, month))
        ],
        "trend": _trend(year, month, figures),
        "may_lock": not locked and role in reports.LOCKERS and month < timezone.localdate().replace(day=1),
        "query": urlencode(query),
        **months,
    }
    return render(request, "subsidies/report.html", context)


@require_POST
@roles(Role.CLERK, Role.APPROVER)
def report_lock(request: HttpRequest) -> HttpResponse:
    month, region = _month(request), _region(request)
    try:
        reports.lock(actor=Actor.current(), at=timezone.now(), region=region, month=month)
    except TransitionRefused as refused:
        messages.error(request, str(refused))
    return redirect(f"{reverse('subsidies:report')}?month={month:%Y-%m}")


@require_GET
@roles(*READERS)
def report_export(request: HttpRequest) -> HttpResponse:
    """The workbook of the month, or with ``format=pdf`` its paper; the export is logged."""
    month, region = _month(request), _region(request)
    role = request.assignment.post.role  # type: ignore[attr-defined]
    if role not in ROW_READERS:
        get_object_or_404(MonthlyReport.objects, region=region, month=month, locked_at__isnull=False)
    if role == Role.VIEWER and request.GET.get("format") == "pdf":
        return pdf_response(*export_published_paper(region, month, at=timezone.now()))
    if request.GET.get("format") == "pdf":
        return pdf_response(*export_report_paper(region, month, at=timezone.now()))
    exporting = report_published.export if role == Role.VIEWER else reports.export
    data, name = exporting(region, month)
    return HttpResponse(
        data,
        content_type=reports.XLSX,
        headers={"Content-Disposition": _attachment(name), "X-Content-Type-Options": "nosniff"},
    )


@require_GET
@roles(*ROW_READERS)
def report_rows(request: HttpRequest) -> HttpResponse:
    """The rows behind one figure."""
    month, region = _month(request), _region(request)
    family, measure = request.GET.get("family", ""), request.GET.get("measure", "")
    chosen: dict[str, Any] = {name: request.GET[name] for name in SPLITS if name in request.GET}
    if (township := request.GET.get("township", "")).isdecimal():
        chosen["township"] = int(township)
    try:
        found = report_measures.rows(
            report_measures.period_of(region.lo, region.hi, month), family, measure, **chosen
        )
    except KeyError:
        raise Http404 from None
    joined = ("region", "recovery") if family == "recovered" else ("region",)
    page = Paginator(found.select_related(*joined).order_by("region", "pk"), PAGE).get_page(
        request.GET.get("page")
    )
    listed = list(page) if family in NO_CHILD else attach_children(page)
    spec = next(m for m in report_measures.FAMILIES[family].measures if m.code == measure)
    chosen_words = [
        str(SPLITS[name](one).label)
        for name, value in chosen.items()
        if name != "scheme__code" or value != ",".join(reports.LIVING)
        for one in str(value).split(",")
        if name in SPLITS and one in SPLITS[name].values
    ]
    context = {
        "page": page,
        "title": " · ".join([str(spec.label), *chosen_words]),
        "rows": [line_of(family, row) for row in listed],
        "month": month,
        "with_amount": family in WITH_AMOUNT,
        "distinct": measure in {"due_people", "people", "covered"},
        "summed": measure == "visits_due",
        "people_summed": measure == "person_times",
        "query": urlencode({k: v for k, v in request.GET.items() if k != "page"}),
    }
    return render(request, "subsidies/report_rows.html", context)


def _month(request: HttpRequest) -> dt.date:
    text = request.POST.get("month") or request.GET.get("month") or ""
    try:
        return dt.datetime.strptime(text, "%Y-%m").date()  # noqa: DTZ007 - a month has no zone
    except ValueError:
        return timezone.localdate().replace(day=1)


def _region(request: HttpRequest) -> Region:
    """The region of the active post, or a county below it that a reader of totals chose."""
    own = request.assignment.post.region  # type: ignore[attr-defined]
    wanted = request.POST.get("region") or request.GET.get("region") or ""
    if wanted.isdecimal() and int(wanted) != own.code:
        return get_object_or_404(Region.objects.below(own), code=int(wanted))
    return own


def _attachment(name: str) -> str:
    from urllib.parse import quote

    return f"attachment; filename=report.xlsx; filename*=UTF-8''{quote(name)}"


def _neighbours(request: HttpRequest, month: dt.date) -> dict[str, Any]:
    earlier = (month - dt.timedelta(days=1)).replace(day=1)
    later = (month + dt.timedelta(days=32)).replace(day=1)
    return {"earlier": earlier, "later": later if later <= timezone.localdate() else None}


def _locked_below(request: HttpRequest, month: dt.date) -> dict[str, Any]:
    """Locked reports of the month in the counties of the reader's region."""
    found = MonthlyReport.objects.filter(month=month, locked_at__isnull=False).select_related("region")
    return {
        "counties": [
            {"name": r.region.name, "url": f"?month={month:%Y-%m}&region={r.region_id}"} for r in found
        ]
    }


def _link(query: dict[str, Any], drill: bool, family: str, measure: str, **chosen: Any) -> str:
    if not drill:
        return ""
    return (
        reverse("subsidies:report_rows")
        + "?"
        + urlencode(query | {"family": family, "measure": measure} | chosen)
    )


def _townships(figures: dict[str, Any], query: dict[str, Any], *, drill: bool) -> list[dict[str, Any]]:
    """One row a township: name and cells of (value, link)."""
    columns: list[tuple[str, str, dict[str, str]]] = [("entitled", m, {}) for m in reports.COUNTS]
    columns += [("entitled", "closing", {"category": c}) for c in ("orphan", "de_facto_unattended")]
    columns += [("money", m, {}) for m in ("due_people", "people", "times", "due", "paid", "arrears")]
    living = {reports.SCHEME: ",".join(reports.LIVING)}
    rows = []
    for code, name in figures["townships"]:
        cells = []
        for family, measure, chosen in columns:
            value = reports.total(
                figures, family, measure, township=code, **chosen, **{reports.SCHEME: reports.LIVING}
            )
            url = _link(query, drill and bool(value), family, measure, township=code, **chosen, **living)
            cells.append({"value": value, "url": url})
        rows.append({"name": name, "counts": cells[:9], "amounts": cells[9:]})
    return rows


def _totals(figures: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for family in ("register", "entitled", "money", "visits"):
        measures = [m.code for m in report_measures.FAMILIES[family].measures]
        living = {reports.SCHEME: reports.LIVING} if family in ("entitled", "money") else {}
        found[family] = {measure: reports.total(figures, family, measure, **living) for measure in measures}
    for category in ("orphan", "de_facto_unattended"):
        found[category] = reports.total(
            figures, "entitled", "closing", category=category, **{reports.SCHEME: reports.LIVING}
        )
    closing, covered = found["register"]["closing"], found["visits"]["covered"]
    found["coverage"] = round(100 * covered / closing, 1) if closing else None
    return found


def _tables(figures: dict[str, Any], query: dict[str, Any], *, drill: bool) -> dict[str, Any]:
    """The breakdowns beside the township table: [{label, cells or value, url}]."""

    def lines(family: str, measure: str, by: str) -> list[dict[str, Any]]:
        found = reports.breakdown(figures, family, measure, by)
        return [
            {
                "label": choice.label,
                "value": found[choice.value],
                "url": _link(query, drill, family, measure, **{by: choice.value}),
            }
            for choice in SPLITS[by]
            if choice.value in found
        ]

    register = []
    for category in PrimaryCategory:
        cells = [
            reports.total(figures, "register", m, primary_category=category.value) for m in reports.COUNTS
        ]
        if any(cells):
            links = [
                _link(query, drill and bool(v), "register", m, primary_category=category.value)
                for m, v in zip(reports.COUNTS, cells, strict=True)
            ]
            register.append(
                {
                    "name": category.label,
                    "counts": [{"value": v, "url": u} for v, u in zip(cells, links, strict=True)],
                }
            )
    others = [
        {
            "label": measure.label,
            "value": (value := reports.total(figures, family, measure.code)),
            "url": _link(query, drill and bool(value), family, measure.code),
        }
        for family, codes in (("register", OTHER_SCHEMES), ("relief", ("person_times",)))
        for measure in report_measures.FAMILIES[family].measures
        if measure.code in codes
    ]
    return {
        "register": register,
        "schemes": _schemes(figures, query, drill=drill),
        "left": lines("register", "left", "left_reason"),
        "ended": lines("entitled", "left", "end_reason"),
        "others": others,
        "cases": lines("cases", "open", "level"),
        "discrepancies": lines("discrepancies", "found", "kind"),
    }


SCHEME_COLUMNS = (
    *(
        ("money", m, reports.SCHEME)
        for m in ("due_people", "due_times", "due", "people", "times", "paid", "arrears")
    ),
    *(("money", source, reports.SCHEME) for source in reports.SOURCES),
    ("recoveries", "asked_yuan", reports.SCHEME),
    ("recovered", "back", "recovery__scheme__code"),
    ("recovered", "waived", "recovery__scheme__code"),
)


def _schemes(figures: dict[str, Any], query: dict[str, Any], *, drill: bool) -> dict[str, Any]:
    """What was due, paid from which funds and asked back, by scheme: headings, and rows of {name, cells}."""
    rows = []
    for scheme in SchemeCode:
        cells = []
        for family, measure, split in SCHEME_COLUMNS:
            value = reports.total(figures, family, measure, **{split: scheme.value})
            url = _link(query, drill and bool(value), family, measure, **{split: scheme.value})
            cells.append({"value": value, "url": url, "count": measure in COUNTED})
        if figures["version"] > 1 and any(cell["value"] for cell in cells):
            rows.append({"name": scheme.label, "cells": cells})
    heads = [
        next(m.label for m in report_measures.FAMILIES[family].measures if m.code == measure)
        for family, measure, _split in SCHEME_COLUMNS
    ]
    return {"heads": heads, "rows": rows}


OTHER_SCHEMES = ("tekun", "dibao_urban", "dibao_rural")
COUNTED = frozenset({"due_people", "due_times", "people", "times"})


def _trend(
    year: dict[dt.date, MonthlyReport], month: dt.date, figures: dict[str, Any]
) -> list[tuple[str, int]]:
    """Closing counts of the locked months of the last year, and of this one."""
    earlier = [(m, report.figures) for m, report in year.items() if m < month]
    return [
        (f"{m.month}月", reports.total(found, "entitled", "closing", **{reports.SCHEME: reports.LIVING}))
        for m, found in (*earlier, (month, figures))
    ]
