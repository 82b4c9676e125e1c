"""Charts of recipients and money, drawn here as SVG, with the table below and as a workbook."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from staff import parameters, tables
from staff.access import roles
from staff.audit import log_access
from staff.enums import LENSES, Role
from staff.models import AccessLog
from staff.scope import current
from subsidies.budgets.views import READERS as MONEY
from subsidies.forms import number_or_zero
from subsidies.reckoning.months import month_of
from subsidies.reports import trend

READERS = (*MONEY, Role.VIEWER)


def _months(request: HttpRequest) -> int:
    asked = number_or_zero(request.GET.get("months", ""))
    return asked if asked in trend.PERIODS else trend.PERIODS[0]


def _least() -> int:
    """Months in which fewer people were paid are not told to those who see totals alone."""
    return int(parameters.value(current().ranges[0][0], "small_cell", timezone.localdate()))


def _series(count: int, least: int) -> list[trend.Series]:
    months = trend.months_until(month_of(timezone.localdate()), count)
    if "money" in LENSES[Role(current().role)]:
        return trend.of_batches(months)
    return trend.of_reports(months, least)


@require_GET
@roles(*READERS)
def charts(request: HttpRequest) -> HttpResponse:
    """``?months=12|24|36``."""
    count, least = _months(request), _least()
    series = _series(count, least)
    context: dict[str, Any] = {
        "periods": [
            {
                "label": _("%(count)d months") % {"count": months},
                "url": f"?months={months}",
                "current": months == count,
            }
            for months in trend.PERIODS
        ],
        "charts": [_drawn(one) for one in series],
        "header": trend.header(series),
        "lines": list(trend.lines(series, f"< {least}")) if series else [],
        "of_totals": "money" not in LENSES[Role(current().role)],
        "least": least,
        "hidden": f"< {least}",
        "actions": [
            {
                "label": _("Export"),
                "url": f"{reverse('subsidies:charts_export')}?months={count}",
                "icon": "download",
                "download": True,
            }
        ],
    }
    return render(request, "subsidies/charts.html", context)


def _drawn(one: trend.Series) -> dict[str, Any]:
    unit, money = one.money()
    return {
        "people_label": _("%(scheme)s: people paid") % {"scheme": one.label},
        "people": one.people(),
        "money_label": _("%(scheme)s: money paid (%(unit)s)") % {"scheme": one.label, "unit": unit},
        "money": money,
    }


@require_GET
@never_cache
@roles(*READERS)
def export(request: HttpRequest) -> HttpResponse:
    """The table as a workbook; the export is logged."""
    count, least = _months(request), _least()
    series = _series(count, least)
    rows = trend.lines(series, f"< {least}") if series else []
    data = tables.to_xlsx(trend.header(series), rows, sheet=_("Charts"))
    log_access(
        kind=AccessLog.Kind.EXPORT,
        region_id=current().ranges[0][0],
        subject="subsidies.charts",
        detail={"months": count},
    )
    name = f"{_('Recipients and money')}{timezone.localdate():%Y-%m}.xlsx"
    return HttpResponse(
        data,
        content_type=tables.XLSX,
        headers={"Content-Disposition": content_disposition_header(True, name) or "attachment"},
    )
