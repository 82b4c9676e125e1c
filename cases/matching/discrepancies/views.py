"""Pages of discrepancies: the list with what is done to many, one with its facts and remedies, and panels."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST
from django.views.decorators.vary import vary_on_headers

from cases.matching import selectors
from cases.matching.discrepancies import acts as service
from cases.matching.discrepancies import pages
from cases.matching.discrepancies.acts import who_of
from cases.matching.discrepancies.forms import DiscrepancyFilter, FoundForm, ManyForm, ReasonForm
from cases.matching.discrepancies.remedies import REMEDIES, remedy_label
from cases.models import Child, Discrepancy
from staff import files
from staff.access import roles
from staff.audit import log_access
from staff.enums import Role
from staff.models import AccessLog, Region
from staff.workflow import Actor, TransitionRefused, available

READERS = (Role.DIRECTOR, Role.SUPERVISOR, Role.CLERK, Role.APPROVER, Role.LEADER)
PAGE = 30
REFUSALS_SHOWN = 5
State = Discrepancy.State
FILTERS = ("kind", "list_kind", "township", "overdue")


@require_GET
@roles(*READERS)
def discrepancies(request: HttpRequest) -> HttpResponse:
    """What is to be checked in the reader's area, what is due first on top."""
    found, form, state = _listed(request, request.GET)
    others = {k: v for k, v in request.GET.items() if k in FILTERS and v}
    counts = selectors.discrepancy_counts(form.cleaned_data if form.is_valid() else {})
    segments = [
        {
            "label": label,
            "url": "?" + urlencode({"state": value, **others}),
            "current": state == value,
            "count": counts.get(value),
        }
        for value, label in [*State.choices, ("all", _("All"))]
    ]
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    rows = [{"it": d, "headline": selectors.headline(d), "who": who_of(d)} for d in page]
    many = ManyForm(role=Actor.current().role, kind=str(others.get("kind", "")), state=state)
    context = {
        "page": page,
        "rows": rows,
        "segments": segments,
        "form": form,
        "state": state,
        "counts": counts,
        "many": many if many.fields["act"].choices else None,  # type: ignore[attr-defined]
        "most": service.MOST_AT_ONCE,
        "query": urlencode({"state": state, **others}),
    }
    return render(request, "cases/discrepancies.html", context)


def _listed(request: HttpRequest, asked: Any) -> tuple[QuerySet[Discrepancy], DiscrepancyFilter, str]:
    """The discrepancies that a query asks for, its form and the state."""
    region: Region = request.assignment.post.region  # type: ignore[attr-defined]
    state = asked.get("state", "")
    state = state if state in (*State.values, "all") else State.TO_CHECK.value
    form = DiscrepancyFilter(asked, townships=selectors.townships_of(region))
    wanted = form.cleaned_data if form.is_valid() else {}
    return selectors.discrepancies(wanted, state=state), form, state


@require_POST
@roles(Role.SUPERVISOR, Role.CLERK)
def discrepancies_many(request: HttpRequest) -> HttpResponse:
    """One step for the selected discrepancies, or for all that the list shows."""
    found, _form, state = _listed(request, request.POST)
    actor, at = Actor.current(), timezone.now()
    asked = ManyForm(request.POST, role=actor.role, kind=request.POST.get("kind", ""), state=state)
    back = redirect(
        reverse("cases:discrepancies")
        + "?"
        + urlencode({k: v for k, v in request.POST.items() if k in ("state", *FILTERS) and v})
    )
    if not asked.is_valid():
        messages.error(request, _("Choose what is to be done, and say why in words."))
        return back
    chosen = found if request.POST.get("all") else found.filter(pk__in=_numbers(request))
    ids = list(chosen.values_list("pk", flat=True)[: service.MOST_AT_ONCE])
    if not ids:
        messages.error(request, _("Choose at least one."))
        return back
    try:
        outcome = _carry_out(asked.cleaned_data, ids, actor, at)
    except TransitionRefused as error:
        messages.error(request, str(error))
        return back
    text = ngettext("%(n)d discrepancy done.", "%(n)d discrepancies done.", outcome.done)
    messages.success(request, text % {"n": outcome.done})
    for who, why in list(outcome.refused.items())[:REFUSALS_SHOWN]:
        messages.warning(request, f"{who}{_(': ')}{why}")
    return back


def _numbers(request: HttpRequest) -> list[int]:
    return [int(value) for value in request.POST.getlist("ids") if value.isdecimal()]


def _carry_out(data: dict[str, Any], ids: list[int], actor: Actor, at: Any) -> service.Outcome:
    step, _colon, code = data["act"].partition(":")
    reason = data["reason"]
    match step:
        case "visit":
            return service.ask_for_visits(ids=ids, actor=actor, at=at)
        case "found":
            said = service.Verification(found=code, text=reason, method=data["method"])
            return service.Outcome(service.report_many(ids=ids, verification=said, actor=actor, at=at))
        case "close":
            return service.Outcome(service.close_many(ids=ids, feedback=reason, actor=actor, at=at))
    return service.decide_many(ids=ids, state=step, remedy=code, reason=reason, actor=actor, at=at)


# --- One ------------------------------------------------------------------------------------------------


def _discrepancy(pk: int) -> Discrepancy:
    # The run belongs to the county: joining it would hide the row from the township.
    related = ("child__region", "region__parent", "decided_by", "verified_by", "visit", "document")
    found: Discrepancy = get_object_or_404(Discrepancy.objects.select_related(*related), pk=pk)
    return found


@require_GET
@roles(*READERS)
def discrepancy(request: HttpRequest, pk: int) -> HttpResponse:
    """One discrepancy: its facts, what the township found, what the county decided or may decide."""
    return _page(request, _discrepancy(pk))


def _page(
    request: HttpRequest,
    found: Discrepancy,
    *,
    found_form: FoundForm | None = None,
    opened: str = "",
    remedy_form: Any = None,
    reason_form: ReasonForm | None = None,
    refused: str = "",
) -> HttpResponse:
    names = {t.name for t in available(found)}
    role = Actor.current().role
    may_find = "find" in names
    context = {
        "discrepancy": found,
        "headline": selectors.headline(found),
        "who": who_of(found),
        "facts": pages.facts_of(found),
        "row": pages.row_of(found),
        "differences": pages.differences_of(found),
        "timeline": pages.timeline_of(found),
        "remedy": remedy_label(found.remedy) if found.remedy else "",
        "may_find": may_find,
        "may_ask": role == Role.SUPERVISOR and found.state == State.TO_CHECK and found.child_id is not None,
        "may_decide": State.TRUE in names,
        "steps": pages.steps_of(found, names),
        "found_form": (found_form or FoundForm(discrepancy=found)) if may_find else None,
        "choices": pages.choices_of(found, opened, remedy_form, reason_form) if State.TRUE in names else [],
        "refused": refused,
        "role": role,
    }
    return render(request, "cases/discrepancy.html", context, status=422 if refused or opened else 200)


@require_POST
@roles(Role.SUPERVISOR)
def discrepancy_found(request: HttpRequest, pk: int) -> HttpResponse:
    """The township reports what it found."""
    found = _discrepancy(pk)
    form = FoundForm(request.POST, request.FILES, discrepancy=found)
    if form.is_valid():
        try:
            service.report_finding(
                discrepancy=found, verification=form.verification(), actor=Actor.current(), at=timezone.now()
            )
        except TransitionRefused as error:
            return _page(request, _discrepancy(pk), found_form=form, refused=str(error))
        messages.success(request, _("Reported to the county."))
        return redirect("cases:discrepancy", pk)
    return _page(request, found, found_form=form, refused=_("Say what was found, and how."))


@require_POST
@roles(Role.SUPERVISOR)
def discrepancy_visit(request: HttpRequest, pk: int) -> HttpResponse:
    """The supervisor asks the village for a visit because of it."""
    found = _discrepancy(pk)
    try:
        due = service.ask_for_visit(discrepancy=found, actor=Actor.current(), at=timezone.now())
    except TransitionRefused as error:
        return _page(request, found, refused=str(error))
    messages.success(request, _("A visit was asked for by %(day)s.") % {"day": due.isoformat()})
    return redirect("cases:discrepancy", pk)


@require_GET
@roles(*READERS)
def discrepancy_document(request: HttpRequest, pk: int) -> HttpResponse:
    """The paper that shows what was found."""
    found = _discrepancy(pk)
    if found.document is None:
        raise Http404
    log_access(
        kind=AccessLog.Kind.DOWNLOAD,
        child_id=found.child_id,
        region_id=found.region_id,
        subject="cases.discrepancy",
        subject_id=found.pk,
        detail={"what": "document"},
    )
    response = HttpResponse(files.read(found.document), content_type=found.document.content_type)
    response["Content-Disposition"] = "inline"
    response["Cache-Control"] = "private, no-store"
    return response


@require_POST
@roles(Role.CLERK)
def discrepancy_decide(request: HttpRequest, pk: int) -> HttpResponse:
    """The county decides; a true one with its remedy, in one transaction. ``action`` is true:<remedy>,
    untrue, uncheckable, return, reopen or close.
    """
    found = _discrepancy(pk)
    action = request.POST.get("action", "")
    if action in STEPS:
        return _step(request, found, action)
    state, _colon, code = action.partition(":")
    if state not in service.DECIDED:
        return _page(request, found, refused=_("Choose what was found."))
    reason = ReasonForm(request.POST, prefix=action.replace(":", "-"))
    remedy = REMEDIES.get(code)
    fits = remedy is not None and found.kind in remedy.kinds
    form = (
        remedy.form(request.POST, discrepancy=found, prefix=code) if remedy and fits and remedy.form else None
    )
    if not reason.is_valid() or (form is not None and not form.is_valid()):
        return _page(request, found, opened=action, remedy_form=form, reason_form=reason)
    try:
        service.decide(
            discrepancy=found,
            state=state,
            remedy=code,
            data=form.cleaned_data if form else {},
            reason=reason.cleaned_data["reason"],
            actor=Actor.current(),
            at=timezone.now(),
        )
    except TransitionRefused as error:
        return _page(
            request, _discrepancy(pk), opened=action, remedy_form=form, reason_form=reason, refused=str(error)
        )
    messages.success(request, _("Decided."))
    return redirect("cases:discrepancy", pk)


STEPS = {
    "return": lambda found, text, **who: service.send_back(discrepancy=found, reason=text, **who),
    "reopen": lambda found, text, **who: service.reopen(discrepancy=found, reason=text, **who),
    "close": lambda found, text, **who: service.close(discrepancy=found, feedback=text, **who),
}


def _step(request: HttpRequest, found: Discrepancy, action: str) -> HttpResponse:
    try:
        STEPS[action](found, request.POST.get("reason", ""), actor=Actor.current(), at=timezone.now())
    except TransitionRefused as error:
        return _page(request, found, refused=str(error))
    return redirect("cases:discrepancy", found.pk)


# --- Panels ---------------------------------------------------------------------------------------------


@require_GET
@vary_on_headers("HX-Request")
@roles(*READERS)
def child_discrepancies(request: HttpRequest, pk: int) -> HttpResponse:
    """What lists have said about a child: a panel of the child's page, or a page of its own."""
    child = get_object_or_404(Child.objects, pk=pk)
    found = Discrepancy.objects.filter(child=child).order_by("-due_date", "-pk")[:20]
    rows = [{"it": d, "headline": selectors.headline(d)} for d in found]
    fragment = bool(request.headers.get("HX-Request"))
    template = "cases/_discrepancies_child.html" if fragment else "cases/discrepancies_child.html"
    return render(request, template, {"rows": rows, "child": child})
