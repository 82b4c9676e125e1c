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
from subsidies import report_measures, reports
from subsidies.departed import attach_children
from subsidies.enums import EndReason
from subsidies.models import MonthlyReport
from subsidies.paper import export_report_paper

ROW_READERS = (Role.SUPERVISOR, Role.CLERK, Role.APPROVER, Role.LEADER)
READERS = (*ROW_READERS, Role.RELEASER, Role.VIEWER)
PAGE = 50
SPLITS: dict[str, Any] = {
    "primary_category": PrimaryCategory, "category": PrimaryCategory, "entitlement__category": PrimaryCategory,
    "left_reason": LeaveReason, "end_reason": EndReason, "level": RiskLevel, "kind": Discrepancy.Kind,
}  # fmt: skip
CHECK_LABELS = {
    "register_adds_up": lambda: _("Register: opening + new − left = closing"),
    "entitled_adds_up": lambda: _("Entitled: opening + new − left = closing"),
    "opening_is_last_closing": lambda: _("Opening count equals last month's closing count"),
    "paid_within_due": lambda: _("Paid out does not exceed what was due"),
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
    if request.assignment.post.role not in ROW_READERS:  # type: ignore[attr-defined]
        get_object_or_404(MonthlyReport.objects, region=region, month=month, locked_at__isnull=False)
    if request.GET.get("format") == "pdf":
        return pdf_response(*export_report_paper(region, month, at=timezone.now()))
    data, name = reports.export(region, month)
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
    page = Paginator(found.select_related("region").order_by("region", "pk"), PAGE).get_page(
        request.GET.get("page")
    )
    listed = list(page) if family == "register" else attach_children(page)
    spec = next(m for m in report_measures.FAMILIES[family].measures if m.code == measure)
    chosen_words = [
        str(SPLITS[name](value).label)
        for name, value in chosen.items()
        if name in SPLITS and value in SPLITS[name].values
    ]
    context = {
        "page": page,
        "title": " · ".join([str(spec.label), *chosen_words]),
        "rows": [_row(family, row) for row in listed],
        "month": month,
        "family": family,
        "distinct": measure in {"people", "covered"},
        "summed": measure == "visits_due",
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
    columns += [("money", m, {}) for m in ("people", "times", "due", "paid", "arrears")]
    rows = []
    for code, name in figures["townships"]:
        cells = []
        for family, measure, chosen in columns:
            value = reports.total(figures, family, measure, township=code, **chosen)
            cells.append(
                {
                    "value": value,
                    "url": _link(query, drill and bool(value), family, measure, township=code, **chosen),
                }
            )
        rows.append({"name": name, "counts": cells[:8], "amounts": cells[8:]})
    return rows


def _totals(figures: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for family in ("register", "entitled", "money", "visits"):
        measures = [m.code for m in report_measures.FAMILIES[family].measures]
        found[family] = {measure: reports.total(figures, family, measure) for measure in measures}
    for category in ("orphan", "de_facto_unattended"):
        found[category] = reports.total(figures, "entitled", "closing", category=category)
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
    return {
        "register": register,
        "left": lines("register", "left", "left_reason"),
        "ended": lines("entitled", "left", "end_reason"),
        "cases": lines("cases", "open", "level"),
        "discrepancies": lines("discrepancies", "found", "kind"),
    }


def _trend(
    year: dict[dt.date, MonthlyReport], month: dt.date, figures: dict[str, Any]
) -> list[tuple[str, int]]:
    """Closing counts of the locked months of the last year, and of this one."""
    earlier = [(m, report.figures) for m, report in year.items() if m < month]
    return [
        (f"{m.month}月", reports.total(found, "entitled", "closing"))
        for m, found in (*earlier, (month, figures))
    ]


def _row(family: str, row: Any) -> dict[str, Any]:
    """One line of the drill-down list: name, link, place, date, text, amount."""
    child_url = lambda pk: reverse("cases:child", args=[pk])  # noqa: E731
    place = row.region.short_name
    if family == "register":
        return {
            "name": row.name,
            "url": child_url(row.pk),
            "place": place,
            "date": row.registered_date,
            "text": row.get_primary_category_display(),
        }
    if family == "entitled":
        words = [str(PrimaryCategory(row.category).label)]
        if row.end_month:
            words += [f"– {row.end_month:%Y-%m}", str(row.get_end_reason_display())]
        return {
            "name": row.child.name,
            "url": reverse("subsidies:entitlement", args=[row.pk]),
            "place": place,
            "date": row.start_month,
            "text": " · ".join(words),
        }
    if family == "money":
        return {
            "name": row.child_name, "url": reverse("subsidies:payment", args=[row.pk]), "place": place, "date": row.month,
            "text": row.get_state_display(), "amount": row.amount,
        }  # fmt: skip
    if family == "visits":
        return {
            "name": row.child.name,
            "url": reverse("cases:visit", args=[row.pk]),
            "place": place,
            "date": row.visited_at,
            "text": row.get_kind_display(),
        }
    if family == "cases":
        return {
            "name": row.child.name,
            "url": reverse("cases:case", args=[row.pk]),
            "place": place,
            "date": row.opened_at,
            "text": row.title,
        }
    name = row.child.name if row.child else "—"
    return {
        "name": name,
        "url": reverse("cases:discrepancy", args=[row.pk]),
        "place": place,
        "date": row.due_date,
        "text": row.get_kind_display(),
    }
