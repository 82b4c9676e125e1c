"""Pages of potential children: the list, one with its steps, a visit, a clue by hand, the funnel, the ledger."""

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

from cases import key_pages, ledger_exports
from cases.children.views import DECIDERS, EDITORS, READERS, posted, show_errors, villages_below
from cases.duplicates.twins import Facts, twins_of
from cases.matching.enums import LeadState
from cases.matching.leads import pages, selectors, services
from cases.matching.leads.forms import AssignForm, ClueForm, LeadFilterForm, LeadVisitForm, YearForm
from cases.matching.leads.ledger import LEDGER
from cases.models import Child, PotentialChild
from cases.refusals import FIELD, REVIEWERS, AlreadyRegistered
from staff.access import roles
from staff.audit import log_access
from staff.models import AccessLog
from staff.scope import current
from staff.workflow import Actor, TransitionRefused, history

FIRST_YEAR = 2024


@require_GET
@roles(*READERS)
def leads(request: HttpRequest) -> HttpResponse:
    """Who may need help and is on no register, the nearest visit first; or the list behind a figure of the funnel."""
    today = timezone.localdate()
    form = LeadFilterForm(request.GET, places=key_pages.places_below(today))
    filters = form.filters()
    after = request.GET.get("after", "")
    page = selectors.page_of(filters, today, after=after)
    actions = [{"label": _("Funnel"), "url": reverse("cases:lead_funnel"), "icon": "chart-bar"}]
    if current().role in FIELD:
        actions.append({"label": _("Enter a clue"), "url": reverse("cases:lead_add"), "icon": "plus"})
    context = {
        "page": page,
        "rows": [pages.row_of(one) for one in page.rows],
        "form": form,
        "filters": filters,
        "segments": pages.segments(filters),
        "measure": pages.measure_label(filters.measure),
        "counted": key_pages.COUNTED,
        "first": filters.address() if after else "",
        "today": today,
        "actions": actions,
    }
    return render(request, "cases/leads.html", context)


def _lead(pk: int) -> PotentialChild:
    found = get_object_or_404(
        PotentialChild.objects.select_related("assigned_to", "visited_by", "entered_by", "child"), pk=pk
    )
    key_pages.name_places([found])
    return found


@require_GET
@roles(*READERS)
def lead(request: HttpRequest, pk: int) -> HttpResponse:
    """One potential child: what the lists say, what the visit found, and what comes next."""
    found, today, actor = _lead(pk), timezone.localdate(), Actor.current()
    log_access(
        kind=AccessLog.Kind.READ,
        child_id=found.child_id,
        region_id=found.region_id,
        subject="cases.potentialchild",
        subject_id=pk,
    )
    may_assign = actor.role in REVIEWERS and found.state in selectors.NOT_VISITED
    villages = (
        pages.villages_with_directors(selectors.villages_near(found, today), today) if may_assign else []
    )
    context = {
        "lead": found,
        "status": pages.status(found.state),
        "reasons": pages.reasons(found.why),
        "facts": pages.facts(found),
        "visit": pages.visit_facts(found),
        "next_steps": pages.next_steps(found),
        "actions": pages.actions(found, actor),
        "events": pages.events(found, list(history(found))),
        "assign_form": AssignForm(villages=villages, initial={"village": found.region_id})
        if villages
        else None,
        "twins": _twins(found) if found.state == LeadState.VISITED and actor.role in FIELD else None,
        "help": services.help_for(found.child, today)
        if found.child and found.state == LeadState.APPLYING
        else [],
        "open": found.state in selectors.NOT_VISITED,
        "today": today,
    }
    return render(request, "cases/lead.html", context)


def _twins(found: PotentialChild) -> list[Child]:
    """Files in sight that may be this child's: it is linked with one of them instead of added again."""
    known = twins_of(Facts(found.name, found.birth_date, found.id_number, found.region_id))
    return [twin.child for twin in known.found if twin.child.left_date is None]


@never_cache
@require_http_methods(["GET", "POST"])
@roles(*EDITORS)
def lead_add(request: HttpRequest) -> HttpResponse:
    """Enter what a door-to-door round brought."""
    form = ClueForm(posted(request), villages=villages_below(timezone.localdate()))
    known = None
    if request.method == "POST" and form.is_valid():
        try:
            made = services.enter_clue(form.value(), at=timezone.now())
            messages.success(
                request, _("The clue is entered. The visit is due on %(day)s.") % {"day": made.due_date}
            )
            return redirect("cases:lead", made.pk)
        except AlreadyRegistered as refusal:
            known = refusal.child
            form.add_error("id_number", str(refusal))
        except (ValidationError, TransitionRefused) as error:
            show_errors({"": form}, error)
    context: dict[str, Any] = {
        "form": form,
        "known": known,
        "title": _("Enter a clue"),
        "submit": _("Enter"),
        "back": reverse("cases:leads"),
        "note": _("For a child met on a door-to-door round whom no list names."),
        "warnings": [],
    }
    return render(request, "cases/lead_form.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
@roles(*EDITORS)
def lead_visit(request: HttpRequest, pk: int) -> HttpResponse:
    """Record the visit: what was found, the problem, the solution."""
    found = _lead(pk)
    form = LeadVisitForm(posted(request), initial={"day": timezone.localdate()})
    if request.method == "POST" and form.is_valid():
        try:
            services.record_visit(found, **form.cleaned_data, at=timezone.now())
            messages.success(request, _("The visit is recorded."))
            return redirect("cases:lead", pk)
        except TransitionRefused as error:
            show_errors({"": form}, error)
    context: dict[str, Any] = {
        "form": form,
        "known": None,
        "lead": found,
        "reasons": pages.reasons(found.why),
        "title": _("Record the visit"),
        "submit": _("Save the visit"),
        "back": reverse("cases:lead", args=[pk]),
        "note": "",
        "warnings": [],
    }
    return render(request, "cases/lead_form.html", context)


@require_POST
@roles(*DECIDERS)
def lead_assign(request: HttpRequest, pk: int) -> HttpResponse:
    """Give the visit to the director of a village."""
    found, today = _lead(pk), timezone.localdate()
    villages = pages.villages_with_directors(selectors.villages_near(found, today), today)
    form = AssignForm(request.POST, villages=villages)
    if form.is_valid():
        try:
            assigned = services.assign(found, form.cleaned_data["village"], at=timezone.now())
            name = assigned.assigned_to.name if assigned.assigned_to else ""
            messages.success(request, _("%(name)s makes the visit.") % {"name": name})
        except TransitionRefused as why:
            messages.error(request, str(why))
    else:
        messages.error(request, _("Choose a village that has a director."))
    return redirect("cases:lead", pk)


@require_POST
@roles(*DECIDERS)
def lead_decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Does not qualify, or open again: ``action`` and ``reason``."""
    try:
        services.decide(
            _lead(pk),
            request.POST.get("action", ""),
            reason=request.POST.get("reason", ""),
            at=timezone.now(),
        )
    except TransitionRefused as why:
        messages.error(request, str(why))
    return redirect("cases:lead", pk)


@require_POST
@roles(*EDITORS)
def lead_link(request: HttpRequest, pk: int) -> HttpResponse:
    """Link the file that the child has already: ``child``."""
    found = _lead(pk)
    chosen = request.POST.get("child", "")
    child = Child.objects.filter(pk=int(chosen)).first() if chosen.isdecimal() and len(chosen) < 19 else None
    if child is None:
        messages.error(request, _("The record is no longer in your area."))
        return redirect("cases:lead", pk)
    try:
        services.take_in(found, child, at=timezone.now())
        messages.success(request, _("The file of %(name)s is linked.") % {"name": child.name})
    except TransitionRefused as why:
        messages.error(request, str(why))
    return redirect("cases:lead", pk)


# --- The funnel and the ledger -----------------------------------------------------------------------------


@require_GET
@roles(*READERS)
def lead_funnel(request: HttpRequest) -> HttpResponse:
    """How many were found, visited, brought in or not, by township and month; each number leads to its list."""
    today = timezone.localdate()
    form = YearForm(request.GET or None, years=list(range(today.year, FIRST_YEAR - 1, -1)))
    counted = selectors.funnel(form.year_chosen(), today)
    townships, months = pages.funnel_rows(counted)
    export = f"{reverse('cases:lead_export')}?start={counted.start}&end={counted.end}"
    context = {
        "form": form,
        "year": counted.start.year,
        "tiles": pages.funnel_tiles(counted),
        "total": pages.year_total(counted),
        "measures": [measure.label for measure in selectors.MEASURES.values()],
        "townships": townships,
        "months": months,
        "actions": [{"label": _("Screening ledger"), "url": export, "icon": "file-spreadsheet"}],
    }
    return render(request, "cases/lead_funnel.html", context)


@require_http_methods(["GET", "POST"])
@roles(*READERS)
def lead_export(request: HttpRequest) -> HttpResponse:
    """The screening ledger of what the filters let through, with a reason, as a job."""
    form = LeadFilterForm(request.GET, places=[])
    form.is_valid()
    filters = {name: str(value) for name, value in form.cleaned_data.items() if value}
    return ledger_exports.ask(request, LEDGER, filters, reverse("cases:lead_funnel"))
