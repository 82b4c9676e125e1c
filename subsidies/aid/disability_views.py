"""Pages of the disability subsidies: what is found, what is on record, and the offset by one click."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cases import key_pages
from staff.access import roles
from staff.enums import Role
from staff.templatetags.look import month
from staff.workflow import Actor, TransitionRefused
from subsidies.aid import disability_subsidies as service
from subsidies.aid.disability_rules import Overlap
from subsidies.aid.disability_subsidies import Facts
from subsidies.aid.forms import SubsidyEndForm, SubsidyForm
from subsidies.aid.pages import (
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
from subsidies.aid.views import child_or_404
from subsidies.models import DisabilitySubsidy
from subsidies.reckoning.months import month_of

SETTERS = (Role.CLERK, Role.APPROVER)
FOUND_SHOWN = 200


@require_GET
@roles(*READERS)
def disability_subsidies(request: HttpRequest) -> HttpResponse:
    """Findings first; every subsidy on record as the second list. Counts of children under 18."""
    today, show = timezone.localdate(), request.GET.get("show", "")
    counts = service.counts(today)
    tiles = [
        {"number": counts["children"], "label": _("children under 18 have a subsidy")},
        {"number": counts["living"], "label": _("living subsidy")},
        {"number": counts["nursing"], "label": _("nursing subsidy")},
    ]
    title = _("Disability subsidies")
    segments = [segment(_("Found"), "", show), segment(_("On record"), "all", show)]
    common: dict[str, Any] = {"tiles": tiles, "segments": segments}
    if show == "all":
        return _on_record(request, title, common)
    found = service.findings(today)
    key_pages.name_places([facts.child for facts in found[:FOUND_SHOWN]])
    return show_list(
        request,
        title,
        note=_(
            "An orphan holds no living subsidy; whoever is paid in full has it set off; tekun holds neither."
        ),
        rows=[_finding(facts) for facts in found[:FOUND_SHOWN]],
        summary=how_many(len(found)),
        empty_text=_("Nothing is held together that may not be, and nobody misses a subsidy."),
        page="subsidies/disability_subsidies.html",
        **common,
    )


def _finding(facts: Facts) -> dict[str, Any]:
    child = facts.child
    may_set_off = Overlap.NOT_SET_OFF in facts.found and role() in SETTERS and facts.living is not None
    return {
        "title": child.name,
        "url": reverse("cases:child_section", args=[child.pk, "subsidies"]),
        "level": child.risk,
        "lines": [
            *(str(found.label) for found in facts.found),
            *(
                [_("Could apply for: %(what)s") % {"what": "、".join(str(k.label) for k in facts.could)}]
                if facts.could
                else []
            ),
            " · ".join(filter(None, (child.get_primary_category_display(), place_of(child)))),
        ],
        "subsidy": facts.living,
        "set_off_url": reverse("subsidies:disability_set_off", args=[facts.living.pk])
        if may_set_off and facts.living
        else "",
    }


def _on_record(request: HttpRequest, title: str, common: dict[str, Any]) -> HttpResponse:
    found = DisabilitySubsidy.objects.order_by("pk")
    after, address = request.GET.get("after", ""), "?show=all"
    listed = found.select_related("child").defer(*(f"child__{name}" for name in UNREAD))
    rows, later = page_by_key(listed, after, address)
    key_pages.name_places(rows)
    return show_list(
        request,
        title,
        columns=[
            *(column(_("Child"), "name"), column(_("Place")), column(_("Subsidy"))),
            *(column(_("Yuan a month"), "money"), column(_("From month")), column(_("To month"))),
            column(_("Source")),
        ],
        rows=[{"cells": _record(row)} for row in rows],
        later=later,
        first=address if after else "",
        summary=how_many(counted(found)),
        empty_text=_("Open a child's file, Subsidies, to record what another office pays."),
        **common,
    )


def _record(row: DisabilitySubsidy) -> list[Any]:
    open_ended = row.end_month is None and role() == Role.CLERK
    url = reverse("subsidies:disability_end", args=[row.pk])
    return [
        *(child_cell(row.child), place_of(row), row.get_kind_display(), row.amount, month(row.start_month)),
        (_("End"), url) if open_ended else month(row.end_month) or "—",
        row.known_from,
    ]


@never_cache
@require_http_methods(["GET", "POST"])
@roles(Role.CLERK)
def disability_add(request: HttpRequest, pk: int) -> HttpResponse:
    """Record a subsidy that another office pays a child."""
    child, at = child_or_404(pk), timezone.now()
    form = SubsidyForm(request.POST or None, initial={"start_month": month_of(timezone.localdate(at))})
    back = reverse("cases:child_section", args=[pk, "subsidies"])
    if request.method == "POST" and form.is_valid():
        try:
            service.add_subsidy(actor=Actor.current(), at=at, child=child, **form.cleaned_data)
            say(request, _("The subsidy is on record."))
            return redirect(back)
        except TransitionRefused as why:
            form.add_error(None, str(why))
    return show_form(request, _("Record a disability subsidy"), form, back, person=child.name)


@never_cache
@require_http_methods(["GET", "POST"])
@roles(Role.CLERK)
def disability_end(request: HttpRequest, pk: int) -> HttpResponse:
    """A subsidy is paid for the last time in a month."""
    subsidy = get_object_or_404(DisabilitySubsidy.objects.select_related("child"), pk=pk)
    at = timezone.now()
    form = SubsidyEndForm(request.POST or None, initial={"last_month": month_of(timezone.localdate(at))})
    back = reverse("subsidies:disability_subsidies") + "?show=all"
    if request.method == "POST" and form.is_valid():
        try:
            service.end_subsidy(actor=Actor.current(), at=at, subsidy=subsidy, **form.cleaned_data)
            say(request, _("The subsidy ends, and what is set off because of it."))
            return redirect(back)
        except TransitionRefused as why:
            form.add_error(None, str(why))
        except IntegrityError:
            form.add_error(None, _("Another subsidy of this kind begins within these months."))
    note = f"{subsidy.get_kind_display()} · {subsidy.amount} · {subsidy.start_month:%Y-%m}"
    return show_form(request, _("End the subsidy"), form, back, person=subsidy.child.name, note=note)


@require_POST
@roles(*SETTERS)
def disability_set_off(request: HttpRequest, pk: int) -> HttpResponse:
    """Make the living subsidy an offset of the child's allowance."""
    subsidy = get_object_or_404(DisabilitySubsidy, pk=pk)
    try:
        offset = service.set_off(actor=Actor.current(), at=timezone.now(), subsidy=subsidy)
        say(request, _("Set off from %(month)s on.") % {"month": f"{offset.start_month:%Y-%m}"})
    except TransitionRefused as why:
        messages.error(request, str(why))
    return redirect("subsidies:disability_subsidies")
