"""The bureau's month (mock-up 06): the batch, applications by the days they have left, re-checks that are
due, lists.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import Count, Exists, Min, OuterRef, Q, Window
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from cases.ages import add_months, end_of_month
from cases.enums import ParentSituationKind
from cases.models import Discrepancy, ParentSituation
from staff.access import roles
from staff.calendar import working_days_between
from staff.enums import Role
from staff.templatetags.look import grouped, money
from staff.workflow import Actor
from subsidies import application_pages, batch_pages
from subsidies.applications import overrides
from subsidies.duties import holders
from subsidies.enums import BatchState, EntitlementState
from subsidies.forms import month_or_none
from subsidies.models import Entitlement, PaymentBatch
from subsidies.months import month_of

READERS = (Role.CLERK, Role.APPROVER, Role.LEADER)
ROWS = 8
# How long before the event a re-check begins.
BEFORE_RELEASE = dt.timedelta(days=60)
BEFORE_18_MONTHS = 3


@require_GET
@roles(*READERS)
def month(request: HttpRequest) -> HttpResponse:
    """``?month=2026-10``; the present month by default."""
    today = timezone.localdate()
    shown = month_or_none(request.GET.get("month", "")) or month_of(today)
    region = request.assignment.post.region  # type: ignore[attr-defined]
    calendar = overrides()
    actor = Actor.current()
    batches = list(
        PaymentBatch.objects.filter(month=shown)
        .exclude(state=BatchState.RETURNED)
        .select_related("scheme", "prepared_by", "approved_by", "released_by", "reconciled_by")
        .annotate(issue_count=Count("issues"))
        .order_by("scheme_id", "pk")
    )
    waiting = any(batch.state in (BatchState.PREPARED, BatchState.APPROVED) for batch in batches)
    names = holders((Role.APPROVER, Role.RELEASER), region.pk, today) if waiting else {}
    everything = Window(Count("pk"))
    open_rows = list(application_pages.listed("open", actor.role).annotate(everything=everything)[:ROWS])
    context = {
        "shown": shown,
        "region": region,
        "note": _("%(place)s · %(days)s working days left this month")
        % {"place": region.name, "days": working_days_between(today, end_of_month(today), calendar)}
        if shown == month_of(today)
        else region.name,
        "previous": {
            "label": f"{add_months(shown, -1):%Y-%m}",
            "url": f"?month={add_months(shown, -1):%Y-%m}",
        },
        "next": {"label": f"{add_months(shown, 1):%Y-%m}", "url": f"?month={add_months(shown, 1):%Y-%m}"}
        if shown < month_of(today)
        else None,
        "batches": [
            {
                "batch": batch,
                "url": reverse("subsidies:batch", args=[batch.pk]),
                "steps": batch_pages.steps(batch, names, actor),
                "sum": _("%(n)s children · %(amount)s yuan")
                % {"n": grouped(batch.child_count), "amount": money(batch.total)},
            }
            for batch in batches
        ],
        "may_prepare": actor.role == Role.CLERK and not batches,
        "prepare_url": f"{reverse('subsidies:batch_prepare')}?month={shown:%Y-%m}",
        "applications": [application_pages.row(row, today, calendar) for row in open_rows],
        "application_count": open_rows[0].everything if open_rows else 0,
        "rechecks": rechecks(shown),
        "discrepancies": discrepancies(),
    }
    return render(request, "subsidies/month.html", context)


def rechecks(shown: dt.date) -> list[dict[str, Any]]:
    """Entitled children whose right must be looked at again this month, by reason. Two queries."""
    last = end_of_month(shown)
    ending = ParentSituation.objects.filter(
        child_id=OuterRef("child_id"),
        end_date__isnull=True,
        expected_end_date__lte=last + BEFORE_RELEASE,
        kind__in=(
            ParentSituationKind.IMPRISONED,
            ParentSituationKind.DRUG_REHABILITATION,
            ParentSituationKind.OTHER_RESTRICTION,
        ),
    )
    still = Q(end_month__isnull=True) | Q(end_month__gte=shown)
    found = (
        Entitlement.objects.exclude(state=EntitlementState.ENDED)
        .filter(still)
        .annotate(released=Exists(ending))
        .aggregate(
            release=Count("pk", filter=Q(released=True)),
            adult=Count("pk", filter=Q(end_month__range=(shown, add_months(shown, BEFORE_18_MONTHS)))),
            running=Count("pk", filter=Q(state=EntitlementState.RECHECKING)),
            proposed=Count("pk", filter=Q(state=EntitlementState.ENDING)),
        )
    )
    address = reverse("subsidies:rechecks")
    labels = {
        "release": _("A parent's prison term or rehabilitation ends within 60 days"),
        "adult": _("Turns 18 within three months"),
        "running": _("Re-check under way"),
        "proposed": _("Proposed to end, waits for the approver"),
    }
    return [
        {
            "label": label,
            "count": found[name],
            "url": f"{address}?why={name}&month={shown:%Y-%m}",
            "due": last,
        }
        for name, label in labels.items()
    ]


@require_GET
@roles(*READERS, Role.SUPERVISOR)
def recheck_list(request: HttpRequest) -> HttpResponse:
    """The children behind one number of the month's page."""
    shown = month_or_none(request.GET.get("month", "")) or month_of(timezone.localdate())
    last = end_of_month(shown)
    reason = request.GET.get("why", "")
    rows = Entitlement.objects.exclude(state=EntitlementState.ENDED).filter(
        Q(end_month__isnull=True) | Q(end_month__gte=shown)
    )
    if reason == "release":
        children = ParentSituation.objects.filter(
            end_date__isnull=True,
            expected_end_date__lte=last + BEFORE_RELEASE,
            kind__in=(
                ParentSituationKind.IMPRISONED,
                ParentSituationKind.DRUG_REHABILITATION,
                ParentSituationKind.OTHER_RESTRICTION,
            ),
        ).values("child_id")
        rows = rows.filter(child_id__in=children)
    elif reason == "running":
        rows = rows.filter(state=EntitlementState.RECHECKING)
    elif reason == "proposed":
        rows = rows.filter(state=EntitlementState.ENDING)
    else:
        rows = rows.filter(end_month__range=(shown, add_months(shown, BEFORE_18_MONTHS)))
    found = rows.select_related("child", "scheme", "region__parent").order_by("end_month", "pk")[:200]
    return render(request, "subsidies/rechecks.html", {"rows": found, "shown": shown})


def discrepancies() -> dict[str, Any]:
    """Open discrepancies by kind of list and of difference. One query."""
    rows = list(
        Discrepancy.objects.filter(state=Discrepancy.State.TO_CHECK)
        .values("kind", "list_kind")
        .annotate(count=Count("pk"), due=Min("due_date"))
        .order_by("due", "kind", "list_kind")
    )
    kinds = dict(Discrepancy._meta.get_field("kind").flatchoices)
    lists = dict(Discrepancy._meta.get_field("list_kind").flatchoices)
    address = reverse("cases:discrepancies")
    return {
        "total": sum(row["count"] for row in rows),
        "rows": [
            {
                "label": f"{lists.get(row['list_kind'], '')}：{kinds.get(row['kind'], '')}",
                "count": row["count"],
                "due": row["due"],
                "url": address,
            }
            for row in rows
        ],
    }
