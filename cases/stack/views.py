"""Days on paper: blank forms to print, stacks to type in, sheet after sheet."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cases.children.views import posted, villages_below
from cases.models import Child, VisitStack
from cases.questions.choice import definition, form_for_child, sets_in_force
from cases.stack import pages, selectors, services
from cases.stack.blank import make_blank_forms
from cases.stack.forms import DayOnPaperForm, SheetForm, VillageForm
from cases.stack.rows import rows_of
from cases.visits.views import VISITORS
from staff.access import roles
from staff.audit import log_access
from staff.models import Region, User
from staff.paper import PaperTooLong, pdf_response
from staff.workflow import Actor, TransitionRefused


@require_GET
@roles(*VISITORS)
def stacks(request: HttpRequest) -> HttpResponse:
    """Every stack in reach: those that wait to be typed in first."""
    rows = [pages.stack_item(one) for one in selectors.stacks_shown()]
    return render(request, "cases/stacks.html", {"rows": rows, "actions": pages.list_actions()})


@never_cache
@require_http_methods(["GET", "POST"])
@roles(*VISITORS)
def blank_forms(request: HttpRequest) -> HttpResponse:
    """Choose village, children, form and day; POST is the PDF. ``?child=``: one child's sheet."""
    return _day_on_paper(request, blank=True)


@never_cache
@require_http_methods(["GET", "POST"])
@roles(*VISITORS)
def stack_add(request: HttpRequest) -> HttpResponse:
    """Open a stack of sheets that were not printed from here."""
    return _day_on_paper(request, blank=False)


def _day_on_paper(request: HttpRequest, *, blank: bool) -> HttpResponse:
    now = timezone.now()
    today = timezone.localdate(now)
    alone = _one_child(request)
    villages = [alone.region] if alone else villages_below(today)
    asked = VillageForm(request.GET or None, villages=villages)
    region = _village(asked, villages)
    if region is None:
        return render(request, "cases/stack_nowhere.html", {})
    children = [alone] if alone else list(selectors.children_of(region)[: selectors.MOST_CHILDREN])
    sets = sets_in_force(region.pk, today)
    fit = form_for_child(alone, today) if alone else None
    visitors = services.visitors_of(region.pk, today)
    form = DayOnPaperForm(
        posted(request),
        at=today,
        sets=sets,
        visitors=visitors,
        children=children,
        blank=blank,
        initial={
            "form": pages.usual_form(sets, fit),
            "day": today,
            "conducted_by": pages.usual_visitor(visitors, request.user.pk or 0),
            "children": [one.pk for one in children] if alone else selectors.due_by(children, today),
            "empty": 0,
        },
    )
    if request.method == "POST" and form.is_valid():
        answer = _opened(form, region, blank=blank)
        if answer is not None:
            return answer
    values = pages.day_values(form, children, today) | {
        "blank": blank,
        "villages": asked if len(villages) > 1 else None,
        "place": region.short_name,
    }
    return render(request, "cases/stack_add.html", values, status=422 if form.errors else 200)


def _opened(form: DayOnPaperForm, region: Region, *, blank: bool) -> HttpResponse | None:
    """The PDF, or the stack's page; None when it was refused, which the form then says."""
    data, now = form.cleaned_data, timezone.now()
    try:
        stack = services.open_stack(
            actor=Actor.current(),
            at=now,
            region=region,
            form=form.ref(),
            day=data["day"],
            conducted_by=User.objects.get(pk=data["conducted_by"]),
            children=form.chosen(),
            printed=blank,
        )
        if not blank:
            return redirect("cases:stack", stack.pk)
        paper = make_blank_forms(stack, form.chosen(), empty=data["empty"] or 0, at=now)
    except (TransitionRefused, PaperTooLong) as refused:
        form.add_error(None, str(refused))
        return None
    return pdf_response(paper, _("Blank forms-%(number)s.pdf") % {"number": stack.pk})


def _one_child(request: HttpRequest) -> Child | None:
    wanted = request.GET.get("child", "")
    if not wanted:
        return None
    children = Child.objects.filter(left_date__isnull=True).select_related("region__parent")
    return get_object_or_404(children, pk=int(wanted) if wanted.isdecimal() and len(wanted) < 19 else 0)


def _village(asked: VillageForm, villages: list[Region]) -> Region | None:
    wanted = asked.cleaned_data.get("region") if asked.is_bound and asked.is_valid() else None
    return next((one for one in villages if one.pk == wanted), villages[0] if villages else None)


@never_cache
@require_GET
@roles(*VISITORS)
def stack(request: HttpRequest, pk: int) -> HttpResponse:
    """How far a stack has come, and the field that opens the next sheet by its number or name (``?sheet=``)."""
    found = _stack(pk)
    words = request.GET.get("sheet", "")
    chosen: list[Child] = []
    if words:
        elsewhere = selectors.other_stack(found, words)
        if elsewhere is not None:
            return redirect(f"{reverse('cases:stack', args=[elsewhere.pk])}?sheet={words}")
        chosen = selectors.find_sheet(found, words)
        if len(chosen) == 1:
            return redirect("cases:stack_sheet", pk, chosen[0].pk)
    values = pages.stack_values(found, selectors.progress_of(found), words, chosen, Actor.current())
    return render(request, "cases/stack.html", values)


@never_cache
@require_http_methods(["GET", "POST"])
@roles(*VISITORS)
def stack_sheet(request: HttpRequest, pk: int, child: int) -> HttpResponse:
    """One sheet from the keyboard; saved, the stack asks for the next."""
    found = _stack(pk)
    of = get_object_or_404(Child.objects.select_related("region__parent"), pk=child)
    slip: dict[str, Any] = found.slip if found.slip.get("child") == of.pk else {}
    form = SheetForm(
        posted(request),
        request.FILES or None,
        stack=found,
        child=of,
        asked=definition(found.form_code, found.form_version),
        at=timezone.now(),
        typed=slip.get("typed"),
    )
    if request.method == "POST":
        if form.is_valid and _entered(request, form):
            return redirect("cases:stack", pk)
    else:
        log_access(
            kind="read",
            child_id=of.pk,
            region_id=of.region_id,
            subject="cases.visitstack",
            subject_id=found.pk,
        )
    values = pages.sheet_values(found, of, form)
    return render(request, "cases/stack_sheet.html", values, status=422 if form.faults else 200)


def _entered(request: HttpRequest, form: SheetForm) -> bool:
    assert form.visit is not None
    data = form.visit.cleaned_data
    try:
        services.enter_sheet(
            actor=Actor.current(),
            at=form.visit.at,
            stack=form.stack,
            child=form.child,
            uuid=data["client_id"],
            data=form.visit.visit_data(),
            photos=data["photos"] or (),
        )
    except TransitionRefused as refused:
        form.faults[""] = str(refused)
        return False
    messages.success(request, _("The sheet of %(child)s is in.") % {"child": form.child.name})
    return True


@require_POST
@roles(*VISITORS)
def stack_undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Take the last sheet back, and show it as it was typed."""
    found = _stack(pk)
    rows = rows_of(definition(found.form_code, found.form_version))
    try:
        visit = services.undo_last(actor=Actor.current(), stack=found, rows=rows, at=timezone.now())
    except TransitionRefused as refused:
        messages.error(request, str(refused))
        return redirect("cases:stack", pk)
    messages.success(
        request,
        _("The sheet of %(child)s is taken back. Correct it and save it again.") % {"child": visit.child},
    )
    return redirect("cases:stack_sheet", pk, visit.child_id)


@require_POST
@roles(*VISITORS)
def stack_close(request: HttpRequest, pk: int) -> HttpResponse:
    """Close a stack, or open it again (``again``)."""
    try:
        closed = services.close_stack(
            actor=Actor.current(),
            at=timezone.now(),
            stack=_stack(pk),
            again=bool(request.POST.get("again")),
        )
    except TransitionRefused as refused:
        messages.error(request, str(refused))
        return redirect("cases:stack", pk)
    return redirect("cases:stacks") if closed.closed_at else redirect("cases:stack", pk)


def _stack(pk: int) -> VisitStack:
    found = VisitStack.objects.select_related("region__parent", "conducted_by").filter(pk=pk).first()
    if found is None:
        raise Http404
    return found
