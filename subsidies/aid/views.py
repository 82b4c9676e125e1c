"""Other help: the page that leads to every subject, and services under 明天计划."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from cases import key_pages
from cases.models import Child
from staff.access import roles
from staff.enums import Role
from staff.workflow import Actor, TransitionRefused
from subsidies.aid import disability_subsidies, insurance, relief, staff_pay, welfare_services
from subsidies.aid import selectors as aid_selectors
from subsidies.aid.enums import InsuranceKind, ServiceKind
from subsidies.aid.forms import ReasonForm, ServiceForm
from subsidies.aid.pages import (
    EVERYONE,
    READERS,
    UNREAD,
    child_cell,
    column,
    counted,
    how_many,
    page_by_key,
    place_of,
    role,
    say,
    segment,
    show_form,
    show_list,
)
from subsidies.enums import ApplicationState, SchemeCode
from subsidies.models import Application, WelfareService
from subsidies.reckoning.months import month_of

DESK = (Role.SUPERVISOR, Role.CLERK)


def child_or_404(pk: int) -> Child:
    """A child of one's own area whose file was not merged into another."""
    return get_object_or_404(Child.objects.filter(merged_into__isnull=True).defer(*UNREAD), pk=pk)


def year_of(request: HttpRequest, today: dt.date) -> int:
    """The year in the address; this one without."""
    text = request.GET.get("year", "")
    return int(text) if text.isdecimal() and 2000 <= int(text) <= 2100 else today.year


@require_GET
@roles(*EVERYONE)
def aid(request: HttpRequest) -> HttpResponse:
    """Every subject with its number of the present year or month, and where it waits for somebody."""
    today = timezone.localdate()
    helped = relief.counts(today.year)
    rows: list[tuple[Any, Any, str, Any]] = []
    if role() != Role.DIRECTOR:
        medical = insurance.Cohort.load(InsuranceKind.MEDICAL, today.year, today).counts()
        disabled = disability_subsidies.counts(today)
        served = welfare_services.year_table(today.year)
        waiting = Application.objects.filter(scheme__code=SchemeCode.CARE, state=ApplicationState.TO_CONFIRM)
        rows = [
            (
                *(_("Care allowance to guardians"), waiting.count(), "care_list"),
                _("to confirm; everybody with a living allowance gets it"),
            ),
            (_("Study grants"), "", "study_list", _("who could apply this school year")),
            (
                *(_("Insurance"), medical.lacking, "insurance"),
                _("of %(due)s to be insured in %(year)s are not") % {"due": medical.due, "year": today.year},
            ),
            (
                *(_("Disability subsidies"), disabled["children"], "disability_subsidies"),
                _("children under 18 have one; what cannot be held together"),
            ),
            (
                *(_("Tomorrow Plan and check-ups"), sum(row.times for row in served), "services"),
                _("services this year"),
            ),
        ]
    month = month_of(today)
    rows += [
        (_("Temporary relief"), helped["asked"], "relief", _("asked for and not decided")),
        (
            *(_("Pay of child directors"), staff_pay.counts(month)["waiting"], "staff_pay"),
            _("appraised and not approved"),
        ),
    ]
    columns = [column(_("Kind of aid"), "name"), column(_("How many"), "number"), column(_("What it counts"))]
    listed = [
        {"cells": [(label, reverse(f"subsidies:{name}")), number, text]} for label, number, name, text in rows
    ]
    ledger_of_help = {
        "label": _("Help ledger"),
        "url": reverse("cases:help_ledger"),
        "icon": "heart-handshake",
    }
    return show_list(
        request,
        _("Aid and services"),
        note=_(
            "Help beside the monthly allowances: for the child, the student, the guardian and the director."
        ),
        columns=columns,
        rows=listed,
        actions=[ledger_of_help],
        page="subsidies/aid.html",
    )


@require_GET
@roles(*READERS)
def services(request: HttpRequest) -> HttpResponse:
    """Services of a year, latest first, with totals by kind; and orphans without a check-up."""
    today = timezone.localdate()
    year, show = year_of(request, today), request.GET.get("show", "")
    if show == "unseen":
        return _unseen(request, year, today)
    kind = show if show in ServiceKind.values else ""
    found = welfare_services.of_year(year, kind)
    shown = key_pages.beyond(found, "date", key_pages.read_key(request.GET.get("after", "")), down=True)
    shown = shown.select_related("child").defer(*(f"child__{name}" for name in UNREAD))
    address = f"?year={year}&show={kind}"
    lines, later = key_pages.cut(list(shown[: key_pages.PAGE + 1]), "date", address)
    key_pages.name_places(lines)
    table = welfare_services.year_table(year)
    summed = {
        "title": _("Totals of %(year)s") % {"year": year},
        "foot": _("A child with two services counts once in each kind."),
        "columns": [
            *(column(_("Service")), column(_("Children"), "number"), column(_("Times"), "number")),
            *(column(_("Cost (yuan)"), "money"), column(_("Insurance and other aid"), "money")),
            column(_("Programme"), "money"),
        ],
        "rows": [
            {
                "cells": [
                    *((row.kind.label, f"?year={year}&show={row.kind.value}"), row.children, row.times),
                    *(row.cost, row.insurance_paid, row.programme_paid),
                ]
            }
            for row in table
        ],
        "totals": (),
    }
    return show_list(
        request,
        _("Tomorrow Plan and check-ups"),
        note=_("The programme pays what insurance and other aid leave (rules of 2019)."),
        segments=_segments(kind, year, today),
        columns=[
            *(column(_("Date"), "date"), column(_("Child"), "name"), column(_("Place"))),
            *(column(_("Programme")), column(_("Service")), column(_("Hospital or institution"))),
            *(column(_("Cost (yuan)"), "money"), column(_("Insurance and other aid"), "money")),
            column(_("Programme pays"), "money"),
        ],
        rows=[{"cells": _line(one)} for one in lines],
        later=later,
        first=address if request.GET.get("after") else "",
        summary=how_many(sum(row.times for row in table if kind in ("", row.kind))),
        tables=[summed] if table else [],
        empty_text=_("Open a child's file, Subsidies, to add a service."),
    )


def _line(one: WelfareService) -> list[Any]:
    return [
        *(one.date, child_cell(one.child), place_of(one), one.get_programme_display()),
        *((one.get_kind_display(), _remove_url(one)), one.provider, one.cost, one.insurance_paid),
        one.programme_paid,
    ]


def _remove_url(one: WelfareService) -> str:
    return reverse("subsidies:service_remove", args=[one.pk]) if role() in DESK else ""


def _segments(show: str, year: int, today: dt.date) -> list[dict[str, Any]]:
    extra = f"&year={year}"
    return [
        segment(_("All"), "", show, extra=extra),
        segment(_("Orphans without a check-up"), "unseen", show, extra=extra),
        {"label": str(year - 1), "url": f"?year={year - 1}", "current": False, "count": None},
        {"label": str(year), "url": f"?year={year}", "current": True, "count": None},
        *(
            [{"label": str(year + 1), "url": f"?year={year + 1}", "current": False, "count": None}]
            if year < today.year
            else []
        ),
    ]


def _unseen(request: HttpRequest, year: int, today: dt.date) -> HttpResponse:
    found = welfare_services.unseen(year).defer(*UNREAD)
    address, after = f"?show=unseen&year={year}", request.GET.get("after", "")
    children, later = page_by_key(found, after, address)
    key_pages.name_places(children)
    return show_list(
        request,
        _("Tomorrow Plan and check-ups"),
        note=_("Orphans without a check-up in %(year)s") % {"year": year},
        segments=_segments("unseen", year, today),
        columns=[column(_("Child"), "name"), column(_("Date of birth"), "date"), column(_("Place"))],
        rows=[{"cells": [child_cell(child), child.birth_date, place_of(child)]} for child in children],
        later=later,
        first=address if after else "",
        summary=how_many(counted(found)),
        empty_text=_("Every orphan had a check-up this year."),
    )


@never_cache
@require_http_methods(["GET", "POST"])
@roles(*DESK)
def service_add(request: HttpRequest, pk: int) -> HttpResponse:
    """Write down a service of a child."""
    child, at = child_or_404(pk), timezone.now()
    form = ServiceForm(request.POST or None, initial={"date": timezone.localdate(at)})
    if request.method == "POST" and form.is_valid():
        try:
            welfare_services.add_service(actor=Actor.current(), at=at, child=child, data=form.value())
            say(request, _("The service is on record."))
            return redirect("cases:child_section", pk, "subsidies")
        except TransitionRefused as why:
            form.add_error(None, str(why))
    back = reverse("cases:child_section", args=[pk, "subsidies"])
    return show_form(request, _("Add a service"), form, back, person=child.name)


@never_cache
@require_http_methods(["GET", "POST"])
@roles(*DESK)
def service_remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Take out what was written in error."""
    service = get_object_or_404(WelfareService.objects.select_related("child"), pk=pk)
    form = ReasonForm(request.POST or None)
    back = reverse("subsidies:services") + f"?year={service.date.year}"
    if request.method == "POST" and form.is_valid():
        try:
            welfare_services.remove_service(actor=Actor.current(), service=service, **form.cleaned_data)
            say(request, _("The service was taken out."))
            return redirect(back)
        except TransitionRefused as why:
            form.add_error(None, str(why))
    note = f"{service.date.isoformat()} · {service.get_kind_display()} · {service.provider}"
    title = _("Take a service out")
    return show_form(request, title, form, back, person=service.child.name, note=note, submit=_("Take out"))


@require_GET
@roles(*EVERYONE)
def child_aid(request: HttpRequest, pk: int) -> HttpResponse:
    """Other help on a child's file: a fragment that the panel of subsidies loads, or a page of its own."""
    child = get_object_or_404(Child.objects.only("pk", "region_id", "name", "left_date"), pk=pk)
    context = {"child": child, "aid": aid_selectors.child_aid(pk)}
    fragment = bool(request.headers.get("HX-Request"))
    return render(request, "subsidies/_child_aid.html" if fragment else "subsidies/child_aid.html", context)
