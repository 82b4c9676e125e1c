"""Pages of calls and marks, for those who check visits."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from cases.checks import pages, selectors
from cases.checks.forms import QUESTIONS, CallForm, LookForm
from cases.checks.marks import rules_of
from cases.checks.services import CHECKERS, decide_check, look_at_mark
from cases.models import VisitMark
from cases.visits.pages import visit_facts
from staff.access import roles
from staff.audit import log_access
from staff.workflow import Actor, TransitionRefused

ROLES = tuple(sorted(CHECKERS))
PAGE = 30


def _tabs(here: str) -> list[dict[str, object]]:
    labels = {
        "cases:checks": _("Calls"),
        "cases:marks": _("Marked visits"),
        "cases:check_people": _("By visitor"),
    }
    return [{"label": label, "url": reverse(name), "current": name == here} for name, label in labels.items()]


@require_GET
@roles(*ROLES)
def checks(request: HttpRequest) -> HttpResponse:
    """Families to call, or with ``?show=decided`` what the calls have shown."""
    decided = request.GET.get("show") == "decided"
    found = selectors.checks_decided() if decided else selectors.checks_to_call()
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    here = reverse("cases:checks")
    context = {
        "page": page,
        "rows": pages.check_rows(page),
        "tabs": _tabs("cases:checks"),
        "segments": [
            {"label": _("To be called"), "url": here, "current": not decided},
            {"label": pgettext("call", "Decided"), "url": f"{here}?show=decided", "current": decided},
        ],
    }
    return render(request, "cases/checks/checks.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
@roles(*ROLES)
def check(request: HttpRequest, pk: int) -> HttpResponse:
    """One call: whom to ring, what to ask, what it has shown."""
    found = get_object_or_404(selectors.checks(), pk=pk)
    form = CallForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        given = form.cleaned_data
        try:
            done = decide_check(
                actor=Actor.current(),
                at=timezone.now(),
                check=found,
                decision=given["decision"],
                spoke_with=given["spoke_with"],
                answers=form.answers(),
                words=given["words"],
            )
        except TransitionRefused as why:
            form.add_error(None, str(why))
        else:
            messages.success(request, f"{found.child} · {done.get_state_display()}")
            return redirect("cases:checks")
    elif request.method == "GET":
        log_access(
            kind="read",
            child_id=found.child_id,
            region_id=found.region_id,
            subject="cases.spotcheck",
            subject_id=pk,
        )
    context = {
        "check": found,
        "form": form,
        "facts": pages.call_facts(found),
        "decided": pages.decided_facts(found, QUESTIONS),
        "may_call": found.state in selectors.OPEN and found.visited_by_id != request.user.pk,
        "state": f"spotcheck.{found.state}",
    }
    return render(request, "cases/checks/check.html", context, status=422 if form.errors else 200)


@require_GET
@roles(*ROLES)
def check_people(request: HttpRequest) -> HttpResponse:
    """How the drawn visits of each visitor turned out."""
    totals = selectors.totals_by_person(timezone.now())
    context = {
        "rows": pages.person_rows(totals),
        "tabs": _tabs("cases:check_people"),
        "least": selectors.LEAST,
    }
    return render(request, "cases/checks/people.html", context)


@require_GET
@roles(*ROLES)
def marks(request: HttpRequest) -> HttpResponse:
    """Marks that ask for a look, and how often each rule was a false alarm."""
    at = timezone.now()
    page = Paginator(selectors.open_marks(), PAGE).get_page(request.GET.get("page"))
    used = rules_of(request.assignment.post.region_id, timezone.localdate(at))  # type: ignore[attr-defined]
    context = {
        "page": page,
        "rows": pages.mark_rows(page),
        "rules": pages.rule_rows(selectors.totals_by_rule(at), used),
        "tabs": _tabs("cases:marks"),
        "least": selectors.LEAST,
    }
    return render(request, "cases/checks/marks.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
@roles(*ROLES)
def mark(request: HttpRequest, pk: int) -> HttpResponse:
    """One mark: the visit, the one it resembles beside it, and what a look has shown."""
    related = ("child", "looked_by", "visit__child", "visit__region__parent", "visit__conducted_by")
    found = get_object_or_404(VisitMark.objects.select_related(*related), pk=pk)
    form = LookForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            look_at_mark(actor=Actor.current(), at=timezone.now(), mark=found, **form.cleaned_data)
        except TransitionRefused as why:
            form.add_error(None, str(why))
        else:
            messages.success(
                request, _("Your look at the visit to %(child)s is recorded.") % {"child": found.child}
            )
            return redirect("cases:marks")
    others = selectors.named_visits([found])
    log_access(
        kind="read",
        child_id=found.child_id,
        region_id=found.region_id,
        subject="cases.visit",
        subject_id=found.visit_id,
    )
    context = visit_facts(found.visit) | {
        "mark": found,
        "sentence": pages.sentence(found, others),
        "other": next(iter(others.values()), None),
        "form": form,
        "may_look": found.looked_at is None and found.visit.conducted_by_id != request.user.pk,
    }
    return render(request, "cases/checks/mark.html", context, status=422 if form.errors else 200)
