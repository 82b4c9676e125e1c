"""Pages of case conferences."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from cases.casework.selectors import Person
from cases.children.views import posted
from cases.field.enums import ParticipantRole
from cases.models import CaseConference, CaseEntry, ConferenceParticipant
from cases.plans import conferences as services
from cases.plans import forms as plan_forms
from cases.plans import paper, selectors
from cases.plans.conferences import COMES_FROM, Decision, Invited
from cases.plans.views import OPENERS, READERS, answer_form, answer_paper, case_of, with_rows
from staff.access import roles
from staff.audit import log_access
from staff.enums import Role
from staff.models import User
from staff.workflow import Actor, TransitionRefused


@never_cache
@require_http_methods(["GET", "POST"])
@roles(*OPENERS)
def conference_add(request: HttpRequest, pk: int) -> HttpResponse:
    """Call a conference, or enter one that was held."""
    case = case_of(pk)
    people = selectors.workers_of(case, timezone.localdate())
    form = plan_forms.ConferenceForm(
        posted(request), people=people, initial={"chair": getattr(request.user, "name", "")}
    )
    others = plan_forms.OutsiderFormSet(posted(request), prefix="others")
    if request.method == "POST" and form.is_valid() and others.is_valid():
        data = form.cleaned_data
        invited = [*_insiders(data.pop("insiders"), people), *_outsiders(others)]
        made = _try(form, lambda: services.call_conference(case=case, **_now(), **data, invited=invited))
        if made is not None:
            return redirect("cases:conference", pk=pk, conference_pk=made.pk)
    context = {"case": case, "form": form, "others": others}
    return render(request, "cases/plans/conference_form.html", context)


@require_GET
@roles(*READERS)
def conference(request: HttpRequest, pk: int, conference_pk: int) -> HttpResponse:
    """One conference: who was there, what was said, what was decided, and words added later."""
    found = _conference(pk, conference_pk)
    log_access(
        kind="read",
        child_id=found.child_id,
        region_id=found.region_id,
        subject="cases.caseconference",
        subject_id=conference_pk,
    )
    may_lead = Actor.current().role in OPENERS
    context = {
        "case": found.case,
        "conference": found,
        "people": list(found.participants.all()),
        "later": list(CaseEntry.objects.filter(conference=found).select_related("written_by")),
        "goals": list(found.goals.all()),
        "steps": list(found.actions.select_related("owner")),
        "left": services.decisions_left(found),
        "may_minute": may_lead and found.minuted_at is None and services.held_before(found),
        "may_add": may_lead and found.minuted_at is not None,
        "may_take": may_lead and found.case.state != "closed",
    }
    return render(request, "cases/plans/conference.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
@roles(*OPENERS)
def conference_minutes(request: HttpRequest, pk: int, conference_pk: int) -> HttpResponse:
    """Write the minutes, once."""
    found = _conference(pk, conference_pk)
    asked = [(one.pk, _label(one)) for one in found.participants.filter(attended=None)]
    form = plan_forms.MinutesForm(
        posted(request), asked=asked, initial={"came": [key for key, _name in asked]}
    )
    others = plan_forms.OutsiderFormSet(posted(request), prefix="others")
    if request.method == "POST" and form.is_valid() and others.is_valid():
        data = {"came": [], **form.cleaned_data, "others": _outsiders(others)}
        done = _try(form, lambda: services.write_minutes(conference=found, **_now(), **data))
        if done is not None:
            name = "cases:conference_decisions" if done.decisions else "cases:conference"
            return redirect(name, pk=pk, conference_pk=conference_pk)
    context = {"case": found.case, "conference": found, "form": form, "others": others}
    return render(request, "cases/plans/minutes_form.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
@roles(*OPENERS)
def conference_words(request: HttpRequest, pk: int, conference_pk: int) -> HttpResponse:
    """Add words below the minutes."""
    found = _conference(pk, conference_pk)
    return answer_form(
        request,
        case=found.case,
        form=plan_forms.WordsForm(posted(request)),
        title=_("Add to the minutes"),
        submit=_("Add below the minutes"),
        back=_address(found),
        act=lambda data: services.add_words(conference=found, **_now(), **data),
    )


@never_cache
@require_http_methods(["GET", "POST"])
@roles(*OPENERS)
def conference_decisions(request: HttpRequest, pk: int, conference_pk: int) -> HttpResponse:
    """Put what was decided into the plan, line by line, in one step."""
    found = _conference(pk, conference_pk)
    left = services.decisions_left(found)
    if not left and request.method == "GET":
        return redirect(_address(found))
    lines = plan_forms.DecisionFormSet(
        posted(request),
        prefix="lines",
        initial=[{"text": line, "kind": "action", "owner": request.user.pk} for line in left],
        form_kwargs={
            "people": selectors.workers_of(found.case, timezone.localdate()),
            "goals": selectors.open_goals_of(found.case),
        },
    )
    refused = ""
    if request.method == "POST" and lines.is_valid():
        chosen = [with_rows(form.cleaned_data) for form in lines if form.cleaned_data.get("kind")]
        decisions = [Decision(**{**row, "owner": row.get("owner") or None}) for row in chosen]
        try:
            services.take_decisions(conference=found, **_now(), decisions=decisions)
            return redirect("cases:case", pk=pk)
        except TransitionRefused as why:
            refused = str(why)
    context = {"case": found.case, "conference": found, "lines": lines, "refused": refused}
    return render(request, "cases/plans/decisions_form.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
@roles(*READERS)
def conference_pdf(request: HttpRequest, pk: int, conference_pk: int) -> HttpResponse:
    """The minutes on paper, with room to sign."""
    found = _conference(pk, conference_pk)
    return answer_paper(
        request,
        title=_("Print the minutes"),
        back=_address(found),
        name=_("Minutes-%(number)s.pdf") % {"number": f"{found.child.number}-{found.pk}"},
        make=lambda reason: paper.make_conference_paper(found, reason=reason, at=timezone.now()),
    )


def _conference(pk: int, conference_pk: int) -> CaseConference:
    found = CaseConference.objects.select_related(
        "case__child", "child__region__parent", "called_by", "minuted_by"
    )
    return get_object_or_404(found, pk=conference_pk, case_id=pk)


def _address(found: CaseConference) -> str:
    return reverse("cases:conference", args=[found.case_id, found.pk])


def _now() -> dict[str, Any]:
    return {"actor": Actor.current(), "at": timezone.now()}


def _label(one: ConferenceParticipant) -> str:
    return " · ".join(filter(None, (one.name, one.organisation, str(one.get_role_display()))))


def _insiders(chosen: list[int], people: list[Person]) -> list[Invited]:
    posts = {person.user_id: person for person in reversed(people)}
    users = {user.pk: user for user in User.objects.filter(pk__in=chosen)}
    invited = []
    for key in chosen:
        role = posts[key].role
        comes_from = (
            COMES_FROM.get(Role(role), ParticipantRole.CIVIL_AFFAIRS) if role else ParticipantRole.OTHER
        )
        invited.append(Invited(comes_from, users[key].name, posts[key].title, users[key]))
    return invited


def _outsiders(lines: Any) -> list[Invited]:
    filled = [form.cleaned_data for form in lines if form.cleaned_data.get("name", "").strip()]
    return [Invited(one["role"] or ParticipantRole.OTHER, one["name"], one["organisation"]) for one in filled]


def _try(form: forms.Form, act: Any) -> Any:
    """What the service returns; a refusal becomes an error of the form and None."""
    try:
        return act()
    except TransitionRefused as why:
        form.add_error(None, str(why))
        return None
