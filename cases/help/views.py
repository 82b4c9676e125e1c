"""Pages of needs and help: small forms on a child's file, the ledger with its totals, and who is missed."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cases import key_pages, ledger_exports
from cases.care.forms import PlaceForm
from cases.children.views import EDITORS, READERS, open_file, posted, show_errors
from cases.help import selectors as help_selectors
from cases.help import services as helping
from cases.help.forms import GivenForm, LedgerFilterForm, NeedForm, RemoveForm
from cases.help.selectors import HelpFilters, Total
from cases.models import Child, Help, Need
from cases.refusals import RegisterRefused
from staff.access import roles
from staff.models import Region
from staff.scope import current


def _part(
    request: HttpRequest, child: Child, form: forms.Form, title: str, *, note: str = "", submit: str = ""
) -> HttpResponse:
    return render(
        request,
        "cases/child_part_form.html",
        {
            "child": child,
            "form": form,
            "title": title,
            "note": note,
            "warnings": [],
            "facts": [],
            "shares": [],
            "submit": submit or _("Save"),
            "back": _tab(child.pk),
        },
    )


def _tab(pk: int) -> str:
    return reverse("cases:child_section", args=[pk, "needs"])


@roles(*EDITORS)
def need_add(request: HttpRequest, pk: int) -> HttpResponse:
    """Write down what a child needs; a visit's finding comes filled in."""
    child = open_file(pk)
    initial = {name: request.GET.get(name, "") for name in ("area", "text")}
    form = NeedForm(posted(request), initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            helping.add_need(child, at=timezone.now(), **form.cleaned_data)
            messages.success(request, _("The need is on the list."))
            return redirect(_tab(pk))
        except (ValidationError, RegisterRefused) as error:
            show_errors({"": form}, error)
    return _part(request, child, form, _("Add a need"))


@require_POST
@roles(*EDITORS)
def need_state(request: HttpRequest, pk: int) -> HttpResponse:
    """A need is met, partly met, no longer there, or unmet again."""
    found = get_object_or_404(Need.objects, pk=pk)
    try:
        changed = helping.set_need_state(found, request.POST.get("state", ""), at=timezone.now())
        messages.success(request, f"{changed.text}: {changed.get_state_display()}")
    except (ValidationError, RegisterRefused, ValueError) as error:
        messages.error(request, " ".join(getattr(error, "messages", [str(error)])))
    return redirect(_tab(found.child_id))


@roles(*EDITORS)
def help_add(request: HttpRequest, pk: int) -> HttpResponse:
    """Write a line into the ledger."""
    child, today = open_file(pk), timezone.localdate()
    needs = list(Need.objects.filter(child=child).order_by("area", "noted_date", "pk")[:200])
    initial: dict[str, Any] = {"date": today}
    wanted = next((need for need in needs if str(need.pk) == request.GET.get("need", "")), None)
    if wanted:
        initial |= {"need": wanted.pk, "area": wanted.area, "need_state": "met"}
    form = GivenForm(posted(request), initial=initial, needs=needs)
    if request.method == "POST" and form.is_valid():
        try:
            helping.add_help(child, form.value(), at=timezone.now())
            messages.success(request, _("The help is in the ledger."))
            return redirect(_tab(pk))
        except (ValidationError, RegisterRefused) as error:
            show_errors({"": form}, error)
    note = _("Subsidies paid by the office are counted from their payments; do not repeat them here.")
    return _part(request, child, form, _("Add help"), note=note)


@roles(*EDITORS)
def help_remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a line out that was written in error."""
    line = get_object_or_404(Help.objects.select_related("child"), pk=pk)
    form = RemoveForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            helping.remove_help(line, at=timezone.now(), **form.cleaned_data)
            messages.success(request, _("The line was taken out of the ledger."))
            return redirect(_tab(line.child_id))
        except (ValidationError, RegisterRefused) as error:
            show_errors({"": form}, error)
    note = f"{line.date.isoformat()} · {line.get_area_display()} · {line.what} · {line.giver}"
    return _part(
        request, line.child, form, _("Take a line out of the ledger"), note=note, submit=_("Take out")
    )


def _filters(request: HttpRequest) -> tuple[HelpFilters, LedgerFilterForm]:
    today = timezone.localdate()
    places = key_pages.places_below(today)
    filters = LedgerFilterForm(request.GET, places=places).filters(today)
    shown = request.GET.copy()
    shown["since"] = filters.since
    return filters, LedgerFilterForm(shown, places=places)


@roles(*READERS)
def help_ledger(request: HttpRequest) -> HttpResponse:
    """Who was helped by whom, with what: lines of a period, and totals that add up."""
    filters, form = _filters(request)
    after = request.GET.get("after", "")
    page = help_selectors.page_of(filters, after=after)
    areas, givers, whole = help_selectors.totals_of(filters)
    return render(
        request,
        "cases/help_ledger.html",
        {
            "page": page,
            "form": form,
            "filters": filters,
            "areas": [_row(one, filters.address(area=one.code)) for one in areas],
            "givers": [_row(one, filters.address(giver=one.code) if one.code else "") for one in givers],
            "totals": _row(whole, "")["cells"],
            "whole": whole,
            "first": filters.address() if after else "",
            "actions": [
                {"label": _("Who gets no help"), "url": reverse("cases:help_gaps"), "icon": "alert-triangle"},
                {
                    "label": _("Export"),
                    "url": reverse("cases:help_export") + filters.address(),
                    "icon": "download",
                },
            ],
            "columns": _columns(_("Area")),
            "giver_columns": _columns(_("Given by")),
        },
    )


def _columns(first: str) -> list[dict[str, str]]:
    return [
        {"label": first, "kind": "text"},
        {"label": _("Children"), "kind": "number"},
        {"label": _("Times"), "kind": "number"},
        {"label": _("Money (yuan)"), "kind": "money"},
        {"label": _("Value of goods and services (yuan)"), "kind": "money"},
    ]


def _row(total: Total, url: str) -> dict[str, Any]:
    label = _("All other givers") if total.label is None else total.label or _("Total")
    children = "" if total.children is None else total.children
    return {
        "cells": [(label, url) if url else label, children, total.times, total.money, total.value],
    }


@roles(*READERS)
def help_export(request: HttpRequest) -> HttpResponse:
    """Ask what the ledger is for, then make the spreadsheet in a job."""
    filters, _form = _filters(request)
    back = reverse("cases:help_ledger") + filters.address()
    return ledger_exports.ask(request, ledger_exports.HELP, filters.as_arguments(), back)


@roles(*READERS)
def help_gaps(request: HttpRequest) -> HttpResponse:
    """Severely ill or disabled children without help in treatment, and children without health insurance."""
    today = timezone.localdate()
    form = PlaceForm(request.GET, places=key_pages.places_below(today))
    form.is_valid()
    wanted, region_id = form.cleaned_data.get("show", ""), form.cleaned_data.get("region")
    show = wanted if wanted in help_selectors.GAPS else help_selectors.GAPS[0]
    place = Region.objects.filter(pk=region_id).first() if region_id else None
    found = help_selectors.gaps(show, current().ranges[0][0], today)
    if place:
        found = found.filter(region_id__gte=place.lo, region_id__lte=place.hi)
    count = found.order_by()[: key_pages.COUNTED + 1].count()
    key = key_pages.read_key(request.GET.get("after", ""))
    listed = key_pages.beyond(found, "birth_date", key, down=True).defer("health_note", "phone", "id_number")
    address = f"?show={show}" + (f"&region={region_id}" if place else "")
    children, later = key_pages.cut(list(listed[: key_pages.PAGE + 1]), "birth_date", address)
    key_pages.name_places(children)
    words = {
        "untreated": _("Ill or disabled, without treatment help"),
        "uninsured": _("Not insured"),
        "unstated": _("Insurance not stated"),
    }
    return render(
        request,
        "cases/help_gaps.html",
        {
            "rows": [_gap_row(child) for child in children],
            "form": form if "region" in form.fields else None,
            "segments": [
                {"label": word, "url": f"?show={code}", "current": code == show}
                for code, word in words.items()
            ],
            "show": show,
            "later": later,
            "first": address if key else "",
            "count": count,
            "counted": key_pages.COUNTED,
        },
    )


def _gap_row(child: Child) -> dict[str, Any]:
    return {
        "title": child.name,
        "url": _tab(child.pk),
        "level": child.risk,
        "lines": [
            " · ".join(
                filter(None, [child.get_primary_category_display(), child.get_health_status_display()])
            ),
            f"{child.township} {child.village}".strip(),  # type: ignore[attr-defined]
        ],
    }
