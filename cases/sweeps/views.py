"""Pages of sweeps: the list, one with its coverage, the children behind a number, planning, closing, asking, the report."""

from __future__ import annotations

import datetime as dt
from typing import Any
from urllib.parse import quote, urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cases.children import numbers as child_numbers
from cases.children.views import DECIDERS, READERS, posted, show_errors
from cases.models import Sweep
from cases.questions.choice import sets_in_force
from cases.refusals import REVIEWERS, RegisterRefused
from cases.sweeps import pages, selectors, services
from cases.sweeps.forms import AskForm, SweepForm
from cases.sweeps.rules import proposals
from cases.sweeps.selectors import SHOWS, Reach
from staff import parameters
from staff.access import roles
from staff.audit import log_access
from staff.models import AccessLog, Region
from staff.scope import current
from staff.tables import XLSX, to_xlsx

PAGE = 20
OPEN_SHOWN = 4  # running sweeps whose numbers the list works out


@require_GET
@roles(*READERS)
def sweeps(request: HttpRequest) -> HttpResponse:
    """Sweeps that concern the reader's area, latest first; and what the county's months suggest to plan."""
    today = timezone.localdate()
    page = Paginator(selectors.sweeps_of(current().ranges), PAGE).get_page(request.GET.get("page"))
    found = list(page)
    reached = selectors.frozen_totals(one for one in found if one.closed_at is not None)
    running = [one for one in found if one.closed_at is None and one.start_date <= today][:OPEN_SHOWN]
    reached |= {one.pk: Reach(one, today).total() for one in running}
    may_plan = current().role in REVIEWERS
    return render(
        request,
        "cases/sweeps.html",
        {
            "page": page,
            "rows": [pages.sweep_item(one, reached.get(one.pk), today) for one in found],
            "proposals": _proposals(found, today) if may_plan else [],
            "actions": [
                {
                    "label": _("Plan a sweep"),
                    "url": reverse("cases:sweep_add"),
                    "icon": "plus",
                    "primary": True,
                }
            ]
            if may_plan
            else [],
        },
    )


def _proposals(found: list[Sweep], today: dt.date) -> list[dict[str, Any]]:
    """What is suggested and not planned yet, by anybody whose sweep covers the reader's area."""
    months = parameters.value(current().ranges[0][0], "sweep_months", today)
    planned = {(one.start_date, one.end_date) for one in found}
    here = reverse("cases:sweep_add")
    return [
        {
            "title": one.title,
            "days": f"{one.start.isoformat()} – {one.end.isoformat()}",
            "url": f"{here}?{urlencode({'title': one.title, 'start_date': one.start, 'end_date': one.end})}",
        }
        for one in proposals(months, today)
        if (one.start, one.end) not in planned
    ]


def _sweep(pk: int) -> Sweep:
    return get_object_or_404(selectors.sweeps_of(current().ranges), pk=pk)


def _may_manage(sweep: Sweep) -> bool:
    return current().role in REVIEWERS and current().covers(sweep.region_id)


def _managed(pk: int) -> Sweep:
    """A sweep of one's own office; another's is read only."""
    found = _sweep(pk)
    if not _may_manage(found):
        raise PermissionDenied
    return found


def _place(sweep: Sweep, code: str) -> Region | None:
    """A place within the sweep and the reader's area; 404 for any other."""
    if not code:
        return None
    if not (code.isdecimal() and len(code) == 12):
        return get_object_or_404(Region, pk=0)
    place = get_object_or_404(Region.objects.below(sweep.region), pk=int(code))
    inside = any(low <= place.hi and place.lo <= high for low, high in current().ranges)
    return place if inside else get_object_or_404(Region, pk=0)


@require_GET
@roles(*READERS)
def sweep(request: HttpRequest, pk: int) -> HttpResponse:
    """One sweep: how far it has come, by township and village. A director sees the own villages."""
    found, today = _sweep(pk), timezone.localdate()
    closed = found.closed_at is not None
    rows = selectors.frozen(found) if closed else Reach(found, today).by_village()
    township = request.GET.get("township", "")
    total = selectors.together(rows, found.region_id)
    state, word = pages.state_of(found, today)
    manages = _may_manage(found)
    left_url = f"{reverse('cases:sweep_children', args=[pk])}?show=left"
    return render(
        request,
        "cases/sweep.html",
        {
            "sweep": found,
            "state": state,
            "word": word,
            "facts": pages.facts(found),
            "total": total,
            "closed": closed,
            "left_url": left_url if total.left and not closed else "",
            "manages": manages,
            "may_edit": manages and not closed,
            "may_withdraw": manages and today < found.start_date,
            "may_close": manages and not closed and today >= found.end_date,
            "ask_form": AskForm(initial={"day": max(today, found.end_date)})
            if manages and not closed and total.left and today >= found.start_date
            else None,
            "export_url": reverse("cases:sweep_export", args=[pk]),
            "counted": found.end_date if closed else Reach(found, today).day,
            **pages.tables(
                found,
                rows,
                pages.names_of(rows),
                int(township) if township.isdecimal() and len(township) == 12 else None,
                linked=not closed,
            ),
        },
    )


@require_GET
@roles(*READERS)
def sweep_children(request: HttpRequest, pk: int) -> HttpResponse:
    """Exactly the children behind a number of a sweep that is not closed."""
    found, today = _sweep(pk), timezone.localdate()
    if found.closed_at is not None:
        messages.info(request, _("The sweep is closed: its numbers are frozen."))
        return redirect("cases:sweep", pk)
    show = request.GET.get("show", "all")
    show = show if show in SHOWS else "all"
    place = _place(found, request.GET.get("region", ""))
    page = child_numbers.page_of(Reach(found, today, place).children(show), request.GET.get("after", ""))
    query = {"show": show, **({"region": place.pk} if place else {})}
    context = {
        "title": f"{found.title} · {SHOWS[show]}",
        "place": (place or found.region).short_name,
        "back": reverse("cases:sweep", args=[pk]),
        "back_label": found.title,
        "rows": child_numbers.rows(page.children),
        "page": page,
        "later": f"?{urlencode({**query, 'after': page.after})}" if page.after else "",
        "earlier": f"?{urlencode(query)}" if request.GET.get("after") else "",
    }
    return render(request, "cases/child_numbers.html", context)


@require_http_methods(["GET", "POST"])
@roles(*DECIDERS)
def sweep_add(request: HttpRequest) -> HttpResponse:
    """Plan a sweep of one's own area; what the months suggest is filled in."""
    at = timezone.now()
    region = request.assignment.post.region  # type: ignore[attr-defined]
    asked = {name: request.GET.get(name, "") for name in ("title", "start_date", "end_date")}
    form = SweepForm(posted(request), initial=asked, sets=_sets(region, timezone.localdate(at)))
    if request.method == "POST" and form.is_valid():
        try:
            made = services.plan_sweep(form.sweep_data(), region=region, at=at)
            messages.success(request, _("The sweep is planned."))
            return redirect("cases:sweep", made.pk)
        except (ValidationError, RegisterRefused) as error:
            show_errors({"": form}, error)
    return _form_page(request, form, _("Plan a sweep"), region, reverse("cases:sweeps"))


@require_http_methods(["GET", "POST"])
@roles(*DECIDERS)
def sweep_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change what is planned."""
    found, at = _managed(pk), timezone.now()
    initial = {
        "title": found.title,
        "document": found.document,
        "start_date": found.start_date,
        "end_date": found.end_date,
        "categories": found.whom.get("categories", []),
        "risks": found.whom.get("risks", []),
        "form_code": found.form_code,
    }
    form = SweepForm(posted(request), initial=initial, sets=_sets(found.region, timezone.localdate(at)))
    if request.method == "POST" and form.is_valid():
        try:
            services.change_sweep(found, form.sweep_data(), at=at)
            messages.success(request, _("The sweep was changed."))
            return redirect("cases:sweep", pk)
        except (ValidationError, RegisterRefused) as error:
            show_errors({"": form}, error)
    return _form_page(request, form, _("Change the sweep"), found.region, reverse("cases:sweep", args=[pk]))


def _sets(region: Region, on: dt.date) -> list[tuple[str, str]]:
    return [(found.code, str(found.name)) for found in sets_in_force(region.pk, on)]


def _form_page(request: HttpRequest, form: SweepForm, title: str, region: Region, back: str) -> HttpResponse:
    context = {"form": form, "title": title, "place": region.short_name, "back": back}
    return render(request, "cases/sweep_form.html", context, status=422 if form.errors else 200)


@require_POST
@roles(*DECIDERS)
def sweep_close(request: HttpRequest, pk: int) -> HttpResponse:
    """Freeze the numbers, or withdraw what has not begun (``action=withdraw``)."""
    found, at = _managed(pk), timezone.now()
    withdraw = request.POST.get("action") == "withdraw"
    try:
        if withdraw:
            services.withdraw_sweep(found, at=at)
            messages.success(request, _("The sweep was withdrawn."))
            return redirect("cases:sweeps")
        services.close_sweep(found, at=at)
        messages.success(request, _("The sweep is closed; its numbers stay as they are now."))
    except RegisterRefused as refusal:
        messages.error(request, str(refusal))
    return redirect("cases:sweep", pk)


@require_POST
@roles(*DECIDERS)
def sweep_ask(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for the visits that are missing, in the whole sweep or a place of it."""
    found, form = _managed(pk), AskForm(request.POST)
    place = _place(found, request.POST.get("region", ""))
    if not form.is_valid():
        messages.error(request, _("Choose today or a later day."))
        return redirect("cases:sweep", pk)
    try:
        asked = services.ask_for_missing(found, day=form.cleaned_data["day"], at=timezone.now(), place=place)
        words = ngettext("%(n)d visit was asked for.", "%(n)d visits were asked for.", asked) % {"n": asked}
        messages.success(request, words if asked else _("Every missing visit was asked for already."))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    except RegisterRefused as refusal:
        messages.error(request, str(refusal))
    return redirect("cases:sweep", pk)


@require_GET
@roles(*READERS)
def sweep_export(request: HttpRequest, pk: int) -> HttpResponse:
    """The coverage as a workbook, a line a village: numbers only, so it is given at once; logged."""
    found, today = _sweep(pk), timezone.localdate()
    closed = found.closed_at is not None
    rows = selectors.frozen(found) if closed else Reach(found, today).by_village()
    names = pages.names_of(rows)
    lines: list[list[Any]] = []
    for above in selectors.by_township(rows):
        township = names.get(above.region_id, "")
        below = [row for row in rows if row.region_id // 1000 == above.region_id // 1000]
        lines += [[township, names.get(row.region_id, ""), *_figures(row)] for row in below]
        lines.append([township, _("Together"), *_figures(above)])
    lines.append([found.region.short_name, _("Together"), *_figures(selectors.together(rows, 0))])
    day = found.end_date if closed else Reach(found, today).day
    title = _("%(title)s: coverage as of %(day)s (%(place)s)") % {
        "title": found.title,
        "day": day.isoformat(),
        "place": request.assignment.post.region.short_name,  # type: ignore[attr-defined]
    }
    header = [_("Township"), _("Village"), *(str(SHOWS[show]) for show in pages.COLUMNS), _("Coverage %")]
    log_access(
        kind=AccessLog.Kind.EXPORT,
        region_id=current().ranges[0][0],
        subject="cases.sweep",
        subject_id=pk,
        reason=title,
        detail={"villages": len(rows), "closed": closed},
    )
    response = HttpResponse(to_xlsx([title], [header, *lines], sheet=day.isoformat()), content_type=XLSX)
    response["Content-Disposition"] = f"attachment; filename=sweep.xlsx; filename*=UTF-8''{quote(title)}.xlsx"
    return response


def _figures(row: selectors.Reached) -> list[int]:
    return [*pages.numbers(row).values(), row.percent]
