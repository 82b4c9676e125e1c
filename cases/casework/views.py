"""Pages of cases: the list, opening one, the case with its plan, its steps, and who may see a restricted
one.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cases.casework import pages, selectors, services
from cases.casework.forms import CaseForm, NameForm
from cases.models import Child, Visit
from cases.plans import closing
from cases.plans import selectors as plan_selectors
from cases.plans.views import OPENERS, READERS, WORKERS, case_of
from staff.access import roles
from staff.audit import log_access
from staff.models import User
from staff.workflow import Actor, TransitionRefused, history

PAGE = 30


@require_GET
@roles(*READERS)
def cases(request: HttpRequest) -> HttpResponse:
    """Cases in scope, by segment."""
    today = timezone.localdate()
    segments = plan_selectors.segments_on(today)
    segment = request.GET.get("show", "open")
    segment = segment if segment in segments else "open"
    found = selectors.cases_in(segments[segment], closed=segment == "closed")
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    standings = plan_selectors.standings(list(page), today)
    context = {
        "page": page,
        "segments": pages.segments(segment, selectors.segment_counts(segments)),
        "rows": [pages.case_row(case, standings[case.pk]) for case in page],
        "segment": segment,
        "head_actions": pages.list_actions(Actor.current()),
    }
    return render(request, "cases/cases.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
@roles(*OPENERS)
def case_add(request: HttpRequest) -> HttpResponse:
    """Open a case for ``?child=``, or from ``?visit=``."""
    visit = None
    if given := request.GET.get("visit", ""):
        visit = get_object_or_404(Visit.objects.select_related("child"), pk=_number(given))
    child = visit.child if visit else get_object_or_404(Child, pk=_number(request.GET.get("child", "")))
    form = CaseForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        opened = _try(
            form,
            lambda: services.open_case(
                actor=Actor.current(), at=timezone.now(), child=child, visit=visit, **form.cleaned_data
            ),
        )
        if opened is not None:
            return redirect("cases:case_people" if opened.restricted else "cases:case", pk=opened.pk)
    return render(request, "cases/case_add.html", {"form": form, "child": child, "visit": visit})


@require_GET
@roles(*READERS)
def case(request: HttpRequest, pk: int) -> HttpResponse:
    """One case: where it stands, its plan, what can be done now, what happened."""
    found = case_of(pk)
    log_access(
        kind="read", child_id=found.child_id, region_id=found.region_id, subject="cases.case", subject_id=pk
    )
    actor = Actor.current()
    plan = plan_selectors.read_plan(found)
    today = timezone.localdate()
    context = pages.case_values(found, plan, actor, today) | {
        "events": pages.events(found, list(history(found)), plan),
        "may_work": actor.role in WORKERS,
        "may_lead": actor.role in OPENERS,
    }
    return render(request, "cases/case.html", context)


@require_POST
@roles(*OPENERS)
def case_transition(request: HttpRequest, pk: int) -> HttpResponse:
    """Hand up, take over, open again."""
    found = case_of(pk)
    name, reason = request.POST.get("action", ""), request.POST.get("reason", "")
    values: dict[str, Any] = {"actor": Actor.current(), "at": timezone.now(), "case": found, "reason": reason}
    try:
        if name == "reopen":
            closing.reopen_case(**values)
        else:
            services.change_case(**values, name=name)
    except TransitionRefused as why:
        messages.error(request, str(why))
    return redirect("cases:case", pk=pk)


@never_cache
@require_http_methods(["GET", "POST"])
@roles(*OPENERS)
def case_people(request: HttpRequest, pk: int) -> HttpResponse:
    """Restrict a case to named people; name one more; take one off."""
    found, now = case_of(pk), timezone.now()
    people = selectors.people_for(found.region_id, timezone.localdate(now))
    named = selectors.named_people(found) if found.restricted else []
    form = NameForm(request.POST if "person" in request.POST else None, people=_others(people, named))
    if request.method == "POST":
        actor, act = Actor.current(), request.POST.get("action")
        try:
            if act == "restrict":
                services.restrict_case(actor=actor, at=now, case=found, people=())
            elif act == "unname":
                person = get_object_or_404(User, pk=_number(request.POST.get("unnamed", "")))
                services.unname_person(actor=actor, at=now, case=found, person=person)
                if person.pk == actor.user_id:
                    return redirect("cases:cases")
            elif form.is_valid():
                person = User.objects.get(pk=form.cleaned_data["person"])
                services.name_person(actor=actor, at=now, case=found, person=person)
        except TransitionRefused as why:
            messages.error(request, str(why))
        if act in ("restrict", "unname") or form.is_valid():
            return redirect("cases:case_people", pk=pk)
    context = {"case": found, "form": form, "people": pages.named_rows(found, named, people)}
    return render(request, "cases/case_people.html", context)


def _others(people: list[selectors.Person], named: list[User]) -> list[selectors.Person]:
    taken = {one.pk for one in named}
    return [person for person in people if person.user_id not in taken]


def _try(form: forms.Form, act: Any) -> Any:
    """What the service returns; a refusal becomes an error of the form and None."""
    try:
        return act()
    except TransitionRefused as why:
        form.add_error(None, str(why))
        return None


def _number(text: str) -> int:
    """A primary key from an address; 0, which nothing has, when it is none."""
    return int(text) if text.isdecimal() and len(text) < 19 else 0
