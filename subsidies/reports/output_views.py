"""Pages of what leaves the office: official tables, the public table, notices to families."""

from __future__ import annotations

import datetime as dt
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from cases.children.paper_forms import PaperForm
from cases.ledger_exports import ask
from staff import paper, tables
from staff.access import may_open, roles
from staff.audit import log_access
from staff.enums import RegionLevel, Role
from staff.models import AccessLog, Region
from staff.models.region import township_of
from staff.scope import current
from subsidies.audit.payment_views import TELLERS
from subsidies.forms import month_or_none
from subsidies.models import Payment, PaymentBatch
from subsidies.reckoning.months import month_of
from subsidies.reports import notices, official_exports, official_tables, public_tables

COUNTY = (Role.CLERK, Role.APPROVER, Role.LEADER)
PUBLISHERS = (*COUNTY, Role.AUDITOR)
BULK_TELLERS = (Role.SUPERVISOR, Role.CLERK)


def shown_month(request: HttpRequest) -> dt.date:
    """The month of the address; without one the last that was paid for sure, the month before this."""
    last = month_of(timezone.localdate()) - dt.timedelta(days=1)
    return month_or_none(request.GET.get("month", "")) or month_of(last)


def _neighbours(month: dt.date, **kept: str) -> dict[str, Any]:
    def link(day: dt.date) -> dict[str, str]:
        return {"label": f"{day:%Y-%m}", "url": "?" + urlencode({"month": f"{day:%Y-%m}"} | kept)}

    later = month_of(month + dt.timedelta(days=32))
    return {
        "previous": link(month_of(month - dt.timedelta(days=1))),
        "next": link(later) if later <= timezone.localdate() else None,
    }


@require_GET
@roles(*COUNTY)
def funds_report(request: HttpRequest) -> HttpResponse:
    """The national statistics of funds and 保山's table of a month, with what they can be taken out as."""
    month, county = shown_month(request), official_exports.own_county()
    query = f"?month={month:%Y-%m}"
    context = {
        "month": month,
        "funds_head": official_tables.funds_header(),
        "funds": official_tables.funds_rows(county, month),
        "baoshan_head": official_tables.baoshan_header(),
        "baoshan": official_tables.baoshan_row(county, month),
        "exports": [action for action in _outputs(query) if may_open(action["url"])],
        **_neighbours(month),
    }
    return render(request, "subsidies/funds_report.html", context)


def _outputs(query: str) -> list[dict[str, Any]]:
    """What can be made of a month; each page says who may."""
    return [
        {"label": _("List of payments"), "url": reverse("subsidies:payment_list_export") + query},
        {"label": _("Statistics of funds"), "url": reverse("subsidies:funds_export") + query},
        {"label": _("Baoshan table"), "url": reverse("subsidies:baoshan_export") + query},
        {"label": _("Public table"), "url": reverse("subsidies:public_table") + query},
        {"label": _("Payment notices"), "url": reverse("subsidies:payment_notices") + query},
    ]


@require_http_methods(["GET", "POST"])
@roles(*COUNTY)
def payment_list_export(request: HttpRequest) -> HttpResponse:
    """Asks what the list of payments is for: of a batch, of a month, or of a month's scheme."""
    batch, scheme = request.GET.get("batch", ""), request.GET.get("scheme", "")
    if batch.isdecimal():
        found = get_object_or_404(PaymentBatch, pk=int(batch))
        back = reverse("subsidies:batch", args=[found.pk])
        return ask(request, official_exports.PAYMENTS, {"batch": found.pk}, back)
    arguments = {"month": f"{shown_month(request):%Y-%m}"} | (
        {"scheme": scheme} if scheme.isdecimal() else {}
    )
    return ask(request, official_exports.PAYMENTS, arguments, _back(request))


@require_http_methods(["GET", "POST"])
@roles(*COUNTY)
def funds_export(request: HttpRequest) -> HttpResponse:
    """Asks what the statistics of funds are for."""
    return ask(request, official_exports.FUNDS, {"month": f"{shown_month(request):%Y-%m}"}, _back(request))


@require_http_methods(["GET", "POST"])
@roles(*COUNTY)
def baoshan_export(request: HttpRequest) -> HttpResponse:
    """Asks what 保山's monthly table is for."""
    return ask(request, official_exports.BAOSHAN, {"month": f"{shown_month(request):%Y-%m}"}, _back(request))


def _back(request: HttpRequest) -> str:
    return f"{reverse('subsidies:funds_report')}?month={shown_month(request):%Y-%m}"


@require_GET
@roles(*PUBLISHERS)
def public_table(request: HttpRequest) -> HttpResponse:
    """What may hang on the board; with ``format`` xlsx or pdf the file, which is logged."""
    month, layout = shown_month(request), request.GET.get("layout") or "yongjia"
    if layout not in public_tables.LAYOUTS:
        raise Http404
    table = public_tables.public_table(official_exports.own_county(), month, layout)
    if (form := request.GET.get("format", "")) in ("xlsx", "pdf"):
        return _published(table, form)
    query = {"month": f"{month:%Y-%m}", "layout": layout}
    here = reverse("subsidies:public_table")
    context = {
        "table": table,
        "month": month,
        "layouts": [
            {"label": one.title, "url": "?" + urlencode(query | {"layout": code}), "current": code == layout}
            for code, one in public_tables.LAYOUTS.items()
        ],
        "actions": [
            {"label": "PDF", "url": f"{here}?{urlencode(query | {'format': 'pdf'})}", "icon": "printer"},
            {
                "label": "Excel",
                "url": f"{here}?{urlencode(query | {'format': 'xlsx'})}",
                "icon": "file-spreadsheet",
            },
        ],
        **_neighbours(month, layout=layout),
    }
    return render(request, "subsidies/public_table.html", context)


def _published(table: public_tables.PublicTable, form: str) -> HttpResponse:
    name = f"{table.title}.{form}"
    log_access(
        kind=AccessLog.Kind.EXPORT,
        region_id=table.region.pk,
        subject="subsidies.public_table",
        subject_id=f"{table.month:%Y-%m}",
        reason=_("To be published"),
        detail={"what": f"public_table_{form}", "layout": table.layout},
    )
    if form == "pdf":
        data = paper.table_pdf(
            table.title, table.headings, table.rows, who=paper.maker(), why=_("To be published"), at=timezone.now(),
            note=table.note, landscape=False,
        )  # fmt: skip
        return paper.pdf_response(data, name)
    response = HttpResponse(
        tables.to_xlsx(table.headings, [*table.rows, [table.note]], sheet=f"{table.month:%Y-%m}"),
        content_type=tables.XLSX,
    )
    response.headers["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


@require_GET
@roles(*sorted(TELLERS))
def payment_notice(request: HttpRequest, pk: int) -> HttpResponse:
    """The notice to the payee of a line: every line of the same month and payee."""
    payment = get_object_or_404(Payment, pk=pk)
    try:
        return paper.pdf_response(*notices.notice(payment, at=timezone.now()))
    except notices.NothingToTell:
        raise Http404 from None


@require_http_methods(["GET", "POST"])
@roles(*BULK_TELLERS)
def payment_notices(request: HttpRequest) -> HttpResponse:
    """Choose a township; the notices of its month are made in a job, which asks what they are for."""
    month, place = shown_month(request), _township(request)
    form = PaperForm(request.POST if request.method == "POST" else None)
    if place is not None and request.method == "POST" and form.is_valid():
        job = notices.start(month, place, reason=form.cleaned_data["reason"], at=timezone.now())
        return redirect("staff:job", job.pk)
    context: dict[str, Any] = {"month": month, "place": place, "form": form}
    if place is None:
        county = official_exports.own_county()
        context["townships"] = [
            {"name": one.name, "url": f"?month={month:%Y-%m}&township={one.pk}"}
            for one in Region.objects.below(county, "township").order_by("code")
        ]
    return render(request, "subsidies/payment_notices.html", context | _neighbours(month))


def _township(request: HttpRequest) -> Region | None:
    """A supervisor's own township, or the one that a county's clerk chose; 404 for one elsewhere."""
    scope = current()
    code = request.GET.get("township", "")
    if scope.role == Role.SUPERVISOR:
        code = code or str(township_of(scope.ranges[0][0]))
    if not (code.isdecimal() and len(code) == 12):
        return None
    if not scope.covers(int(code)):
        raise Http404
    return get_object_or_404(Region, pk=int(code), level=RegionLevel.TOWNSHIP)
