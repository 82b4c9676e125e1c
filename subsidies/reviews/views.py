"""Pages of re-checks: by cycle with the counts of each township, confirmed together after a preview, or one by one."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from cases import key_pages
from staff import jobs
from staff.access import roles
from staff.enums import Role
from staff.models.region import county_of
from staff.scope import current
from staff.workflow import Actor, TransitionRefused
from subsidies.forms import month_or_none
from subsidies.ledger.enums import ReviewKind, ReviewOutcome
from subsidies.models import EntitlementReview
from subsidies.reckoning.months import month_of
from subsidies.reviews import selectors, services
from subsidies.reviews.facts import words
from subsidies.reviews.forms import DecideForm, ReviewFilterForm
from subsidies.reviews.selectors import ReviewFilters
from subsidies.reviews.tasks import JOB

READERS = (Role.SUPERVISOR, Role.CLERK, Role.APPROVER, Role.LEADER)
REVIEWERS = (Role.SUPERVISOR, Role.CLERK)


def lists(here: str) -> list[dict[str, Any]]:
    """The lists of what must be looked at again, as tabs of one page."""
    found = {
        "subsidies:reviews": _("By cycle"),
        "subsidies:rechecks": _("Dates and steps"),
        "subsidies:school_proofs": _("Proofs of schooling"),
        "cases:recheck_dates": _("Dates in the files"),
    }
    return [{"label": label, "url": reverse(name), "current": name == here} for name, label in found.items()]


def filter_form(data: Any, today: dt.date, kind: str = ReviewKind.RECHECK) -> ReviewFilterForm:
    """The filters of a list with what can be chosen."""
    return ReviewFilterForm(data, places=key_pages.places_below(today), cycles=selectors.cycles(kind))


def segments(
    filters: ReviewFilters, counts: dict[str, int], without: tuple[str, ...] = ()
) -> list[dict[str, Any]]:
    """The choices of the list with their numbers."""
    labels = {
        "": (_("To do"), counts["open"]),
        "unchanged": (_("Unchanged"), counts["unchanged"]),
        "changed": (_("Something changed"), counts["changed"]),
        "overdue": (_("Overdue"), counts["overdue"]),
        "missing": (_("Could not be checked"), None),
        "done": (_("Done"), None),
    }
    return [
        {
            "label": label,
            "count": count,
            "url": filters.address(show=code),
            "current": code == filters.show,
        }
        for code, (label, count) in labels.items()
        if code not in without
    ]


def township_rows(
    filters: ReviewFilters,
    found: list[selectors.TownshipCount],
    figures: tuple[str, ...] = ("open", "unchanged", "changed", "overdue"),
) -> dict[str, Any]:
    """The counts by township as a table that leads to its list."""
    labels = {
        "open": _("To do"),
        "unchanged": _("Unchanged"),
        "changed": _("Something changed"),
        "overdue": _("Overdue"),
    }

    def cell(row: selectors.TownshipCount, name: str) -> Any:
        count = getattr(row, name)
        show = "" if name == "open" else name
        return (count, filters.address(show=show, region=row.region.pk)) if count else count

    return {
        "columns": [
            {"label": _("Township"), "kind": "text"},
            *({"label": labels[name], "kind": "number"} for name in figures),
        ],
        "rows": [{"cells": [row.region.short_name, *(cell(row, name) for name in figures)]} for row in found],
        "totals": [_("Total"), *(sum(getattr(row, name) for row in found) for name in figures)],
    }


def shown(rows: list[EntitlementReview]) -> list[dict[str, Any]]:
    """Rows with the names of what has changed."""
    return [
        {
            "review": row,
            "changes": words(row.changes),
            "url": reverse("cases:child", args=[row.child_id]),
            "right_url": reverse("subsidies:entitlement", args=[row.entitlement_id]),
        }
        for row in rows
    ]


@require_GET
@roles(*READERS)
def reviews(request: HttpRequest) -> HttpResponse:
    """Re-checks of a cycle: what is due, what has changed and what has not."""
    today, actor = timezone.localdate(), Actor.current()
    form = filter_form(request.GET, today)
    filters = form.filters()
    after = request.GET.get("after", "")
    counts = selectors.counts(filters, today)
    townships = selectors.by_township(filters, today) if not filters.region else []
    page = selectors.page_of(filters, today, after=after)
    context = {
        "tabs": lists("subsidies:reviews"),
        "form": form,
        "segments": segments(filters, counts),
        "filters": filters,
        "page": page,
        "rows": shown(page.rows),
        "first": filters.address() if after else "",
        "counted": key_pages.COUNTED,
        "unchanged": counts["unchanged"],
        "townships": township_rows(filters, townships) if len(townships) > 1 else None,
        "may_review": actor.role in REVIEWERS,
        "confirm_url": reverse("subsidies:reviews_confirm") + filters.address(show="unchanged"),
        "may_open": actor.role == Role.CLERK,
        "today": today,
    }
    return render(request, "subsidies/reviews.html", context)


@roles(*REVIEWERS)
def reviews_confirm(request: HttpRequest) -> HttpResponse:
    """Those that have not changed, to be read through and confirmed together. GET shows them, POST confirms those ticked."""
    at, actor = timezone.now(), Actor.current()
    today = timezone.localdate(at)
    filters = filter_form(request.GET, today).filters()
    back = reverse("subsidies:reviews") + filters.address(show="")
    if request.method == "POST":
        ids = [int(pk) for pk in request.POST.getlist("review") if pk.isdecimal() and len(pk) < 19]
        try:
            done, left = services.confirm_unchanged(actor=actor, at=at, ids=ids)
        except TransitionRefused as why:
            messages.error(request, str(why))
            return redirect(request.get_full_path())
        if done:
            text = ngettext(
                "%(count)d re-check is confirmed.", "%(count)d re-checks are confirmed.", len(done)
            )
            messages.success(request, text % {"count": len(done)})
        for row in left[:10]:
            named = "、".join(map(str, words(row.changes)))
            messages.warning(
                request,
                _("%(name)s has changed meanwhile: %(what)s.") % {"name": row.child.name, "what": named},
            )
        return redirect(back)
    listed = selectors.with_names(
        ReviewFilters("unchanged", filters.scheme, filters.cycle, filters.region).reviews(today)
    )
    rows = list(listed.order_by("due_date", "pk")[: services.AT_ONCE])
    key_pages.name_places(rows)
    context = {"rows": shown(rows), "back": back, "most": services.AT_ONCE, "today": today}
    return render(request, "subsidies/reviews_confirm.html", context)


@require_POST
@roles(*REVIEWERS)
def review_decide(request: HttpRequest, pk: int) -> HttpResponse:
    """What came out of one re-check."""
    review = get_object_or_404(EntitlementReview.objects, pk=pk)
    form = DecideForm({"outcome": request.POST.get("action", ""), "reason": request.POST.get("reason", "")})
    try:
        if not form.is_valid():
            raise services.ReviewRefused(_("Choose what came out."))
        services.decide(
            actor=Actor.current(),
            at=timezone.now(),
            review=review,
            outcome=form.cleaned_data["outcome"],
            note=form.cleaned_data["reason"],
        )
        messages.success(request, _("The re-check is recorded."))
    except TransitionRefused as why:
        messages.error(request, str(why))
    return redirect("subsidies:entitlement", pk=review.entitlement_id)


def choices_of(review: EntitlementReview, actor: Actor) -> list[dict[str, Any]]:
    """What the actor may record about an open re-check, as the bar of decisions takes it."""
    if actor.role not in REVIEWERS or review.outcome != ReviewOutcome.OPEN:
        return []
    missing = {
        "name": ReviewOutcome.MISSING.value,
        "label": ReviewOutcome.MISSING.label,
        "icon": "circle-off",
        "needs_text": True,
    }
    if review.kind == ReviewKind.SCHOOL:
        return [missing]
    if not review.changes:
        return [
            {
                "name": ReviewOutcome.UNCHANGED.value,
                "label": ReviewOutcome.UNCHANGED.label,
                "icon": "check",
                "primary": True,
            },
            missing,
        ]
    return [
        {
            "name": ReviewOutcome.CHANGED.value,
            "label": _("Looked at, the right stands"),
            "icon": "check",
            "primary": True,
            "needs_text": True,
        },
        missing,
    ]


@require_POST
@roles(Role.CLERK)
def reviews_open(request: HttpRequest) -> HttpResponse:
    """Open what has begun and reckon again what has changed, now instead of tonight."""
    job = jobs.start(
        JOB,
        region_id=county_of(current().ranges[0][0]),
        arguments={},
        at=timezone.now(),
        done_url=reverse("subsidies:reviews"),
    )
    return redirect("staff:job", job.pk)


@require_GET
@roles(*READERS)
def rechecks(request: HttpRequest) -> HttpResponse:
    """Entitlements to be looked at in a month for a reason of their own; behind the numbers of the month's page."""
    month = month_or_none(request.GET.get("month", "")) or month_of(timezone.localdate())
    labels = {
        "release": _("A parent is released soon"),
        "adult": _("Coming of age soon"),
        "running": _("Re-check under way"),
        "proposed": _("Proposed, waits for the approver"),
    }
    why = request.GET.get("why", "")
    why = why if why in labels else "adult"
    found = selectors.by_reason(why, month).select_related("child", "scheme")
    address = f"?why={why}&month={month:%Y-%m}"
    after = request.GET.get("after", "")
    if after.isdecimal() and len(after) < 19:
        found = found.filter(pk__gt=int(after))
    rows = list(found.order_by("pk")[: key_pages.PAGE + 1])
    later = f"{address}&after={rows[key_pages.PAGE - 1].pk}" if len(rows) > key_pages.PAGE else ""
    rows = rows[: key_pages.PAGE]
    key_pages.name_places(rows)
    context = {
        "tabs": lists("subsidies:rechecks"),
        "rows": rows,
        "shown": month,
        "segments": [
            {"label": label, "url": f"?why={code}&month={month:%Y-%m}", "current": code == why}
            for code, label in labels.items()
        ],
        "later": later,
        "first": address if after else "",
    }
    return render(request, "subsidies/rechecks.html", context)
