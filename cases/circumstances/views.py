"""Pages of the tab "circumstances": small forms, one service each, and the panel of what the rules say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.children.family_views import one_form
from cases.children.forms import EndForm
from cases.children.views import DECIDERS, EDITORS, open_file, posted
from cases.circumstances import findings as rule_findings
from cases.circumstances import services as circumstances
from cases.circumstances.forms import AbsenceForm, CardForm, IllnessForm, TakeOverForm
from cases.models import Child, DisabilityCard, Illness, ParentAbsence
from staff.access import roles

TAB = "circumstances"
ENDED: dict[str, Any] = {"absence": ParentAbsence, "card": DisabilityCard, "illness": Illness}


def _tab(child: Child) -> str:
    return reverse("cases:child_section", args=[child.pk, TAB])


def _form_page(
    request: HttpRequest,
    child: Child,
    form: forms.Form,
    title: str,
    write: Callable[[bool], Any],
    *,
    done: str,
    note: str = "",
    facts: list[dict[str, Any]] | None = None,
) -> HttpResponse:
    """A small form of the file that leads back to the tab. ``write`` gets whether doubts were confirmed."""
    return one_form(
        request,
        child,
        form,
        title,
        lambda data: write(data["confirmed"]),
        done=done,
        note=note,
        facts=facts,
        back=_tab(child),
    )


@roles(*EDITORS)
def child_absence(request: HttpRequest, pk: int) -> HttpResponse:
    """A parent works away."""
    child, form = open_file(pk), AbsenceForm(posted(request))
    return _form_page(
        request,
        child,
        form,
        _("A parent works away"),
        lambda _confirmed: circumstances.add_absence(child, form.value(), at=timezone.now()),
        done=_("The absence was recorded."),
        note=_("Whether the child is left behind follows from the absences of both parents."),
    )


@roles(*EDITORS)
def child_card(request: HttpRequest, pk: int) -> HttpResponse:
    """A disability card."""
    child, form = open_file(pk), CardForm(posted(request))
    return _form_page(
        request,
        child,
        form,
        _("Disability card"),
        lambda confirmed: circumstances.add_card(child, form.value(), at=timezone.now(), confirmed=confirmed),
        done=_("The card was recorded."),
        note=_("The card before ends the day before."),
    )


@roles(*EDITORS)
def child_illness(request: HttpRequest, pk: int) -> HttpResponse:
    """An illness."""
    child, form = open_file(pk), IllnessForm(posted(request))
    return _form_page(
        request,
        child,
        form,
        _("Illness"),
        lambda _confirmed: circumstances.add_illness(child, form.value(), at=timezone.now()),
        done=_("The illness was recorded."),
    )


@roles(*EDITORS)
def child_circumstance_end(request: HttpRequest, pk: int, what: str, row: int) -> HttpResponse:
    """An absence, a card or an illness is over."""
    if what not in ENDED:
        raise Http404
    child = open_file(pk)
    found = get_object_or_404(ENDED[what].objects, pk=row, child=child)
    form = EndForm(posted(request), initial={"day": timezone.localdate()})
    return _form_page(
        request,
        child,
        form,
        _("Ended: %(what)s") % {"what": found._meta.verbose_name},
        lambda _confirmed: circumstances.end_circumstance(
            found, day=form.cleaned_data["day"], at=timezone.now()
        ),
        done=_("The last day was recorded."),
    )


@roles(*DECIDERS)
def child_take_over(request: HttpRequest, pk: int) -> HttpResponse:
    """The supervisor takes what the rules say into the file."""
    child, today = open_file(pk), timezone.localdate()
    kind = (request.POST or request.GET).get("kind", "")
    found = rule_findings.circumstances_of(child, today)
    line = next((line for line in found.lines if line.kind.value == kind and line.to_take), None)
    if line is None:
        messages.warning(request, _("The rules do not suggest this now."))
        return redirect(_tab(child))
    suggestion = line
    form = TakeOverForm(posted(request), initial={"kind": kind, "since": today, "reason": line.reason})

    def write(_confirmed: bool) -> None:
        data = form.cleaned_data
        circumstances.take_over(
            child,
            suggestion.kind,
            since=data["since"],
            at=timezone.now(),
            reason=data["reason"],
            detail=suggestion.detail,
            as_primary=data["as_primary"],
        )

    return _form_page(
        request,
        child,
        form,
        _("Take over: %(what)s") % {"what": line.kind.label},
        write,
        done=_("It was taken into the file."),
        facts=[
            {"label": _("Category now"), "value": child.get_primary_category_display()},
            {"label": _("The rules say"), "value": line.answer.label},
            {"label": _("Because"), "value": line.reason, "wide": True},
        ],
        note=_("A child may have many attributes, but is counted once, under the most protected category."),
    )
