"""The bureau's month (mock-up 06): the batch, applications by the days they have left, what must be looked at again,
discrepancies, lists, and the money that is left.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from cases.ages import add_months, end_of_month
from staff import holidays, tables
from staff.access import roles
from staff.audit import log_access
from staff.enums import Role
from staff.models import AccessLog
from staff.templatetags.look import grouped, money
from staff.workflow import Actor
from subsidies.applications import pages as application_pages
from subsidies.batches import pages as batch_pages
from subsidies.batches.views import county
from subsidies.duties import holders
from subsidies.entitlements.departed import attach_children
from subsidies.enums import BatchState
from subsidies.forms import month_or_none
from subsidies.models import PaymentBatch
from subsidies.month import export as month_export
from subsidies.month import pages as month_pages
from subsidies.reckoning.months import month_of

READERS = (Role.CLERK, Role.APPROVER, Role.LEADER)
ROWS = 8


@require_GET
@roles(*READERS)
def month(request: HttpRequest) -> HttpResponse:
    """``?month=2026-10``; the present month by default."""
    today = timezone.localdate()
    shown = _month(request, today)
    region = request.assignment.post.region  # type: ignore[attr-defined]
    actor = Actor.current()
    batches, before = month_pages.batches_of(region, shown)
    waiting = any(batch.state in (BatchState.PREPARED, BatchState.APPROVED) for batch in batches)
    names = holders((Role.APPROVER, Role.RELEASER), region.pk, today) if waiting else {}
    desk = application_pages.desk()
    open_rows = attach_children(application_pages.at_work(desk)[:ROWS])
    counts = open_rows[0] if open_rows else None
    due, owed = month_pages.tallies(shown, today)
    schemes = month_pages.by_scheme(batches, before)
    context = {
        "shown": shown,
        "region": region,
        "note": _("%(place)s · %(days)s working days left this month")
        % {"place": region.name, "days": desk.days(today, end_of_month(today))}
        if shown == month_of(today)
        else region.name,
        "previous": _neighbour(shown, -1),
        "next": _neighbour(shown, 1) if shown < month_of(today) else None,
        "export_url": f"{reverse('subsidies:month_export')}?month={shown:%Y-%m}",
        "batches": [_batch(batch, names, actor) for batch in batches],
        "schemes": schemes,
        "scheme_total": month_pages.sum_of(schemes),
        "may_prepare": actor.role == Role.CLERK and not batches,
        "prepare_url": f"{reverse('subsidies:batch_prepare')}?month={shown:%Y-%m}",
        "applications": [application_pages.row(one, desk) for one in open_rows],
        "application_count": counts.everything if counts else 0,
        "limits": {"late": counts.late, "soon": counts.soon} if counts else {},
        "due": due,
        "due_count": sum(line.left for line in due),
        "discrepancies": month_pages.discrepancies(),
        "owed": owed,
        "calendar_warning": holidays.warning(today),
    }
    return render(
        request, "subsidies/month.html", context | month_pages.funds(region, shown, batches, before)
    )


@require_GET
@never_cache
@roles(*READERS)
def export(request: HttpRequest) -> HttpResponse:
    """The page as a workbook, with every application under way; the export is logged."""
    today = timezone.localdate()
    shown, region = _month(request, today), county()
    data = tables.to_xlsx(
        month_export.header(),
        month_export.lines(region, shown, today),
        sheet=f"{shown:%Y-%m}",
    )
    log_access(
        kind=AccessLog.Kind.EXPORT,
        region_id=region.pk,
        subject="subsidies.month",
        subject_id=f"{shown:%Y-%m}",
    )
    name = "".join((region.name, _("Work of the month"), f"{shown:%Y-%m}.xlsx"))
    return HttpResponse(
        data,
        content_type=tables.XLSX,
        headers={"Content-Disposition": content_disposition_header(True, name) or "attachment"},
    )


def _month(request: HttpRequest, today: dt.date) -> dt.date:
    return month_or_none(request.GET.get("month", "")) or month_of(today)


def _neighbour(shown: dt.date, months: int) -> dict[str, str]:
    label = f"{add_months(shown, months):%Y-%m}"
    return {"label": label, "url": f"?month={label}"}


def _batch(batch: PaymentBatch, names: dict[str, str], actor: Actor) -> dict[str, Any]:
    return {
        "batch": batch,
        "url": reverse("subsidies:batch", args=[batch.pk]),
        "steps": batch_pages.steps(batch, names, actor),
        "sum": _("%(n)s children · %(amount)s yuan")
        % {"n": grouped(batch.child_count), "amount": money(batch.total)},
    }
