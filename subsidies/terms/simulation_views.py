"""The simulator: what another standard would cost, by township and source of funds. Nothing is written."""

from __future__ import annotations

import datetime as dt

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from staff import tables
from staff.access import roles
from staff.audit import log_access
from staff.enums import Role
from staff.models import AccessLog, Region
from subsidies.batches.views import county
from subsidies.reckoning import rules
from subsidies.reckoning.months import month_of
from subsidies.terms import simulation_sheet
from subsidies.terms.in_force import Rulebook
from subsidies.terms.rate_forms import SimulationForm
from subsidies.terms.simulation import Simulation, Supposition
from subsidies.terms.simulation import simulate as reckon

READERS = (Role.CLERK, Role.APPROVER, Role.LEADER)


@require_GET
@roles(*READERS)
def simulate(request: HttpRequest) -> HttpResponse:
    """Ask (an address that can be kept), and the answer below."""
    region = county()
    form, found = _answer(request, region)
    return render(
        request,
        "subsidies/simulate.html",
        {
            "form": form,
            "region": region,
            "found": found,
            "sources": simulation_sheet.used(found) if found else [],
            "export_url": f"{reverse('subsidies:simulate_export')}?{request.GET.urlencode()}",
        },
    )


@require_GET
@never_cache
@roles(*READERS)
def export(request: HttpRequest) -> HttpResponse:
    """The answer as a workbook: each township with its cost by source of funds. Logged; 404 without an answer."""
    region = county()
    _form, found = _answer(request, region)
    if found is None:
        raise Http404
    log_access(
        kind=AccessLog.Kind.EXPORT,
        region_id=region.pk,
        subject="subsidies.simulation",
        subject_id=found.supposition.scheme.code,
        detail={"amount": str(found.supposition.amount), "townships": len(found.townships)},
    )
    title = _("Cost of another standard")
    data = tables.to_xlsx(simulation_sheet.header(found), simulation_sheet.rows(found), sheet=title)
    name = f"{region.name}{title} {found.supposition.first:%Y-%m}.xlsx"
    return HttpResponse(
        data,
        content_type=tables.XLSX,
        headers={"Content-Disposition": content_disposition_header(True, name) or "attachment"},
    )


def _answer(request: HttpRequest, region: Region) -> tuple[SimulationForm, Simulation | None]:
    """The form as asked, and the answer when it can be reckoned."""
    today = timezone.localdate()
    first = month_of(today)
    asked = "amount" in request.GET
    initial = {"from_month": first, "until_month": dt.date(first.year, 12, 1)}
    form = SimulationForm(Rulebook.load(region.pk), today, request.GET if asked else None, initial=initial)
    if not asked or not form.is_valid():
        return form, None
    data = form.cleaned_data
    supposition = Supposition(
        data["scheme"],
        data["placement"],
        data["category"],
        data["grade"],
        data["amount"],
        data["from_month"],
        data["until_month"],
    )
    try:
        return form, reckon(supposition, region)
    except rules.AmbiguousRateError:
        form.add_error(
            None, _("Two standards apply to the same children. Correct the table of standards first.")
        )
        return form, None
