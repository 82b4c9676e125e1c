"""The auditor's pages: from a total to its lines, to one payment with its steps, to the evidence. Nothing is written."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from staff.access import roles
from staff.audit import log_access
from staff.enums import Role
from subsidies.audit import selectors as audit_selectors
from subsidies.audit.selectors import AuditFilter
from subsidies.audit.trail import application_of
from subsidies.enums import SchemeCode
from subsidies.ledger.enums import Source
from subsidies.models import ApplicationCheck, ApplicationEvidence, Payment, Scheme
from subsidies.terms.in_force import terms_of

READERS = (Role.AUDITOR, Role.LEADER, Role.APPROVER)
EVIDENCE_READERS = (*READERS, Role.CLERK)
FIGURES = {
    "released": lambda: _("Sent to the bank"),
    "paid": lambda: _("Paid out"),
    "returned": lambda: _("Returned by the bank"),
}


@require_GET
@roles(*READERS)
def audit(request: HttpRequest) -> HttpResponse:
    """Totals of a year by month, scheme and source of funds; each leads to its lines."""
    years = audit_selectors.years() or [timezone.localdate().year]
    wanted = request.GET.get("year", "")
    year = int(wanted) if wanted.isdecimal() and int(wanted) in years else years[0]
    rows = []
    for row in audit_selectors.totals(year):
        chosen = AuditFilter(row["month"], row["scheme"], source=row["source"])
        rows.append(
            row
            | {
                "scheme_name": SchemeCode(row["code"]).label,
                "source_name": Source(row["source"]).label,
                "cells": [
                    {
                        "label": label(),
                        "value": row[figure],
                        "query": chosen.query(figure=figure) if row[figure] else "",
                    }
                    for figure, label in FIGURES.items()
                ],
            }
        )
    context = {
        "rows": rows,
        "year": year,
        "years": [{"label": str(one), "url": f"?year={one}", "current": one == year} for one in years],
        "figures": [label() for label in FIGURES.values()],
        "sums": [
            {"label": label(), "value": sum(row[figure] for row in rows)} for figure, label in FIGURES.items()
        ],
    }
    return render(request, "subsidies/audit.html", context)


@require_GET
@roles(*READERS)
def audit_lines(request: HttpRequest) -> HttpResponse:
    """The lines that make up one total, and whether they add up to what the ledger says."""
    chosen = AuditFilter.read(request.GET)
    if chosen is None:
        raise Http404
    scheme = get_object_or_404(Scheme, pk=chosen.scheme_id)
    count, sum_of_lines = audit_selectors.summed(chosen)
    rows, later = audit_selectors.page(chosen, request.GET.get("after", ""))
    checks: list[dict[str, Any]] = []
    if chosen.township is None:
        said = audit_selectors.posted(chosen)
        checks = [{"label": _("The lines add up to the ledger"), "ok": said == sum_of_lines, "note": said}]
    context = {
        "chosen": chosen,
        "scheme": scheme,
        "source_name": Source(chosen.source).label if chosen.source else "",
        "figure_name": FIGURES[chosen.figure](),
        "segments": [
            {"label": label(), "url": chosen.query(figure=name), "current": name == chosen.figure}
            for name, label in FIGURES.items()
        ],
        "townships": [
            {"name": place.short_name, "url": chosen.query(township=str(place.pk)),
             "current": chosen.township == place}
            for place in audit_selectors.townships(chosen)
        ],
        "everywhere": chosen.query(township=""),
        "lines": [{"line": line, "yuan": getattr(line, chosen.column)} for line in rows],
        "first": chosen.query() if request.GET.get("after") else "",
        "later": chosen.query(after=later) if later else "",
        "count": count,
        "sum": sum_of_lines,
        "checks": checks,
        "back": f"{reverse('subsidies:audit')}?year={chosen.month.year}",
    }  # fmt: skip
    return render(request, "subsidies/audit_lines.html", context)


@require_GET
@roles(*EVIDENCE_READERS)
def payment_evidence(request: HttpRequest, pk: int) -> HttpResponse:
    """What the right behind a payment rests on: the application's papers and how they were checked."""
    payment = get_object_or_404(
        Payment.objects.select_related("scheme", "entitlement__application").defer("account"), pk=pk
    )
    log_access(
        kind="read",
        child_id=payment.child_id,
        region_id=payment.region_id,
        subject="subsidies.evidence",
        subject_id=pk,
    )
    application = application_of(payment.entitlement)
    context: dict[str, Any] = {"payment": payment, "application": application}
    if application is not None:
        terms = terms_of(payment.scheme, application.region_id, timezone.localdate(application.applied_at))
        names = {item.code: str(item.name) for item in terms.evidence}
        papers = ApplicationEvidence.objects.filter(application=application).select_related(
            "file", "added_by"
        )
        context["papers"] = [
            {"paper": paper, "name": names.get(paper.item, paper.item)}
            for paper in papers.order_by("item", "pk")
        ]
        context["checks"] = ApplicationCheck.objects.filter(application=application).select_related("user")
    return render(request, "subsidies/payment_evidence.html", context)
