"""Pages of the ledger: entries, the postings of one, the workbook. Nothing here writes."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from staff import tables
from staff.access import may_open, roles
from staff.audit import log_access
from staff.models import AccessLog
from subsidies.batches.views import county
from subsidies.budgets.views import READERS
from subsidies.ledger import pages as ledger_pages
from subsidies.ledger.enums import EntryKind
from subsidies.ledger.pages import LedgerFilters
from subsidies.models import JournalEntry, PaymentBatch


@require_GET
@roles(*READERS)
def ledger(request: HttpRequest) -> HttpResponse:
    """``?kind=&month=&year=&batch=``: entries, the latest first, a page by key."""
    filters = LedgerFilters.read(request.GET)
    after = request.GET.get("after", "")
    page = ledger_pages.page_of(filters, after=after)
    batch = PaymentBatch.objects.filter(pk=filters.batch).first() if filters.batch else None
    context = {
        "rows": page.rows,
        "later": page.later,
        "first": filters.address() if after else "",
        "filters": filters,
        "batch": batch,
        "opens_batches": may_open(reverse("subsidies:batches")),
        "without_batch": filters.address(batch=""),
        "kinds": [
            {"label": label, "url": filters.address(kind=code), "current": code == filters.kind}
            for code, label in [("", _("All entries")), *EntryKind.choices]
        ],
        "actions": [
            {"label": _("Budget"), "url": reverse("subsidies:budgets"), "icon": "chart-bar"},
            {
                "label": _("Export"),
                "url": reverse("subsidies:ledger_export") + filters.address(),
                "icon": "download",
                "download": True,
            },
        ],
    }
    return render(request, "subsidies/ledger.html", context)


@require_GET
@roles(*READERS)
def entry(request: HttpRequest, pk: int) -> HttpResponse:
    """The postings of one entry and what it records."""
    found = get_object_or_404(
        JournalEntry.objects.select_related(
            "user", "batch", "scheme", "result", "recovery_part__recovery", "corrects", "corrected_by"
        ),
        pk=pk,
    )
    context = {
        "entry": found,
        "flow": ledger_pages.flow_text(found.kind),
        "postings": found.postings.order_by("year", "source", "pk"),
        "links": ledger_pages.links(found),
    }
    return render(request, "subsidies/ledger_entry.html", context)


@require_GET
@never_cache
@roles(*READERS)
def export(request: HttpRequest) -> HttpResponse:
    """The workbook of what the page shows, one line a posting; the export is logged."""
    filters, region = LedgerFilters.read(request.GET), county()
    data = tables.to_xlsx(ledger_pages.header(), ledger_pages.lines(filters), sheet=_("Ledger"))
    log_access(
        kind=AccessLog.Kind.EXPORT,
        region_id=region.pk,
        subject="subsidies.journalentry",
        detail={"filters": filters.address()},
    )
    name = f"{region.name}{_('Ledger')}{filters.month or filters.year}.xlsx"
    return HttpResponse(
        data,
        content_type=tables.XLSX,
        headers={"Content-Disposition": content_disposition_header(True, name) or "attachment"},
    )
