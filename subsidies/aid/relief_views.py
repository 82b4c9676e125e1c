"""Pages of temporary relief: the list, asking, deciding and giving."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cases import identity, key_pages
from cases.models import Child
from staff.access import roles
from staff.audit import log_access
from staff.enums import Role
from staff.reveal import REVEALABLE
from staff.templatetags.look import day, moment
from staff.workflow import Actor, TransitionRefused, available, history
from subsidies.aid import relief as service
from subsidies.aid.enums import ReliefRoute, ReliefState
from subsidies.aid.forms import GivenOnForm, ReliefForm
from subsidies.aid.pages import (
    EVERYONE,
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
from subsidies.duties import is_not_yours, refuse_page
from subsidies.forms import number_or_zero
from subsidies.models import TemporaryRelief

ASKERS = (Role.DIRECTOR, Role.SUPERVISOR, Role.CLERK)
ACTORS = (*ASKERS, Role.APPROVER)
# Routes on which somebody else helps: a referral tells them.
PASSED_ON = (ReliefRoute.CITY_CENTRE, ReliefRoute.HOME_COUNTY)


@require_GET
@roles(*EVERYONE)
def relief(request: HttpRequest) -> HttpResponse:
    """Families in need for a time, latest first."""
    today, show = timezone.localdate(), request.GET.get("show", "")
    counts = service.counts(today.year)
    words = {"": _("All"), **dict(ReliefState.choices), "elsewhere": _("Registered elsewhere")}
    show = show if show in words else ""
    found = service.listed(show)
    after, address = request.GET.get("after", ""), f"?show={show}"
    rows, later = page_by_key(found, after, address, down=True)
    key_pages.name_places(rows)
    may_ask = role() in ASKERS
    return show_list(
        request,
        _("Temporary relief"),
        note=_(
            "%(year)s: %(all)s asked for, %(given)s given, %(elsewhere)s for families registered elsewhere"
        )
        % {
            "year": today.year,
            "all": counts["all"],
            "given": counts["given"],
            "elsewhere": counts["elsewhere"],
        },
        actions=[
            {
                "label": _("Ask for relief"),
                "url": reverse("subsidies:relief_add"),
                "icon": "plus",
                "primary": True,
            }
        ]
        if may_ask
        else [],
        segments=[segment(word, code, show) for code, word in words.items()],
        columns=[
            *(column(_("Asked on"), "date"), column(_("Child or person"), "name"), column(_("Place"))),
            *(
                column(_("Who helps")),
                column(_("Kind of help")),
                column(_("Amount or value (yuan)"), "money"),
            ),
            column(_("State")),
        ],
        rows=[{"cells": _cells(row)} for row in rows],
        later=later,
        first=address if after else "",
        summary=how_many(counted(found)),
        empty_text=_("Nobody has asked for temporary relief."),
    )


def _cells(row: TemporaryRelief) -> list[Any]:
    place = place_of(row)
    if row.registered_elsewhere:
        place = " · ".join((place, _("registered elsewhere")))
    return [
        *(
            timezone.localdate(row.asked_at),
            (row.child_name, reverse("subsidies:relief_case", args=[row.pk])),
            place,
        ),
        *(row.get_route_display(), row.get_form_display(), row.amount, row.get_state_display()),
    ]


def _child(request: HttpRequest) -> Child | None:
    wanted = number_or_zero(request.GET.get("child", ""))
    return child_or_404(wanted) if wanted else None


@never_cache
@require_http_methods(["GET", "POST"])
@roles(*ASKERS)
def relief_add(request: HttpRequest) -> HttpResponse:
    """Ask for relief, for a child of the register (?child=) or a family without a file."""
    child = _child(request)
    initial: dict[str, Any] = {"people": 1, "route": ReliefRoute.COUNTY}
    if child:
        elsewhere = child.registration == "elsewhere"
        initial |= {"child_name": child.name, "registered_elsewhere": elsewhere}
        initial["route"] = ReliefRoute.STREET_GOODS if elsewhere else ReliefRoute.COUNTY
    form = ReliefForm(request.POST or None, initial=initial)
    back = reverse("subsidies:relief")
    if request.method == "POST" and form.is_valid():
        try:
            made = service.ask(actor=Actor.current(), at=timezone.now(), data=form.value(), child=child)
            say(request, _("Asked for. Another person decides."))
            return redirect("subsidies:relief_case", made.pk)
        except TransitionRefused as why:
            form.add_error(None, str(why))
    note = _(
        "A family registered elsewhere may be refused by this county: goods of the township, one-off aid of the city's "
        "protection centre, or the county of registration help then."
    )
    title, submit = _("Ask for relief"), _("Ask")
    return show_form(request, title, form, back, person=child.name if child else "", note=note, submit=submit)


@require_GET
@roles(*EVERYONE)
def relief_case(request: HttpRequest, pk: int) -> HttpResponse:
    """One family: what it lacks, who helps, who decided, and the next step."""
    found = get_object_or_404(
        TemporaryRelief.objects.select_related("region", "asked_by", "decided_by"), pk=pk
    )
    log_access(
        kind="read",
        child_id=found.child_id,
        region_id=found.region_id,
        subject="subsidies.temporaryrelief",
        subject_id=pk,
    )
    actor = Actor.current()
    labels = {t.name: t.label for t in found.workflow.transitions} | {"ask": _("Asked for")}
    referral = ""
    if found.route in PASSED_ON:
        referral = (
            reverse("cases:child_section", args=[found.child_id, "referrals"])
            if found.child_id
            else reverse("referrals:referrals")
        )
    may_reveal = actor.role in REVEALABLE["relief-identity"].roles
    return render(
        request,
        "subsidies/relief_case.html",
        {
            "relief": found,
            "facts": _facts(found),
            "masked": identity.mask(found.identity_number) if found.identity_number else "",
            "reveal": reverse("staff:reveal", args=["relief-identity", pk]) if may_reveal else "",
            "actions": _steps(found, actor),
            "referral": referral if actor.role in (Role.SUPERVISOR, Role.CLERK) else "",
            "events": [
                {
                    "icon": "check",
                    "title": f"{labels.get(one.name, one.name)} · {one.user or '—'}",
                    "date": moment(one.at),
                    "text": one.reason,
                }
                for one in history(found)
            ],
        },
    )


def _facts(found: TemporaryRelief) -> list[dict[str, Any]]:
    child_url = reverse("cases:child", args=[found.child_id]) if found.child_id else ""
    rows: list[dict[str, Any]] = [
        {"label": _("Child or person"), "value": found.child_name, "url": child_url},
        {"label": _("People in the family"), "value": found.people, "number": True},
        {"label": _("Who helps"), "value": found.get_route_display()},
        {"label": _("Kind of help"), "value": found.get_form_display()},
        {"label": _("What is given"), "value": found.what},
        {
            "label": _("Amount or value (yuan)"),
            "value": f"{found.amount:,.2f}" if found.amount else "",
            "number": True,
        },
        {"label": _("What the family lacks"), "value": found.situation, "wide": True},
    ]
    if found.registered_elsewhere:
        rows.append({"label": _("Registered elsewhere"), "value": found.registered_place, "wide": True})
    if found.given_date:
        rows.append({"label": _("Given on"), "value": day(found.given_date), "number": True})
    return rows


def _steps(found: TemporaryRelief, actor: Actor) -> list[Any]:
    steps: list[Any] = []
    for transition in available(found, actor):
        if transition.name != "give":
            steps.append(transition)
            continue
        form = GivenOnForm(initial={"day": timezone.localdate()})
        steps.append(
            {
                "name": "give",
                "label": transition.label,
                "icon": transition.icon,
                "primary": True,
                "fields": form,
                "prompt": _("On what day did it reach the family?"),
                "submit": transition.label,
            }
        )
    return steps


@require_POST
@roles(*ACTORS)
def relief_step(request: HttpRequest, pk: int) -> HttpResponse:
    """Grant, refuse, or say that it was given."""
    found = get_object_or_404(TemporaryRelief, pk=pk)
    actor, at, name = Actor.current(), timezone.now(), request.POST.get("action", "")
    back = reverse("subsidies:relief_case", args=[pk])
    if text := is_not_yours(found, name, actor):
        return refuse_page(request, text, back)
    try:
        if name == "give":
            form = GivenOnForm(request.POST)
            if form.is_valid():
                service.give(actor=actor, at=at, relief=found, day=form.cleaned_data["day"])
                say(request, _("It is on record that it was given."))
            else:
                messages.error(request, _("Write the day."))
        elif name in ("grant", "refuse"):
            act = service.grant if name == "grant" else service.refuse
            act(actor=actor, at=at, relief=found, reason=request.POST.get("reason", ""))
    except TransitionRefused as why:
        messages.error(request, str(why))
    except ValidationError as why:
        messages.error(request, " ".join(why.messages))
    return redirect(back)
