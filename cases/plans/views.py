"""Pages of a case's plan: goals, actions, new days, the review, closing, and the case on paper."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from cases.children.paper_forms import PaperForm
from cases.children.views import posted
from cases.free_text import refuse_outside
from cases.models import Case, CaseAction, CaseGoal
from cases.plans import closing, paper, selectors, services
from cases.plans import forms as plan_forms
from staff.access import roles
from staff.enums import Role
from staff.models import User
from staff.paper import PaperTooLong, pdf_response
from staff.workflow import Actor, TransitionRefused

READERS = (Role.DIRECTOR, Role.SUPERVISOR, Role.CLERK, Role.APPROVER, Role.LEADER)
OPENERS = (Role.SUPERVISOR, Role.CLERK, Role.APPROVER)
WORKERS = (Role.DIRECTOR, *OPENERS)


def case_of(pk: int) -> Case:
    """A case in scope with what its pages show, else 404."""
    related = ("child", "region__parent", "owner", "opened_by", "closed_by", "visit")
    return get_object_or_404(Case.objects.select_related(*related), pk=pk)


def answer_form(
    request: HttpRequest,
    *,
    case: Case,
    form: forms.Form,
    title: str,
    submit: str,
    act: Callable[[dict[str, Any]], object],
    about: str = "",
    back: str = "",
    **more: Any,
) -> HttpResponse:
    """A form page of a case: asks, acts with the cleaned data and goes back; a refusal stands above the form."""
    back = back or reverse("cases:case", args=[case.pk])
    if request.method == "POST" and form.is_valid() and not refuse_outside(form, case):
        try:
            act(form.cleaned_data)
            return redirect(back)
        except TransitionRefused as why:
            form.add_error(None, str(why))
    context = {"form": form, "case": case, "title": title, "submit": submit, "about": about, "back": back}
    return render(request, "cases/plans/form.html", context | more)


@never_cache
@require_http_methods(["GET", "POST"])
@roles(*OPENERS)
def goal_add(request: HttpRequest, pk: int) -> HttpResponse:
    """Set a goal."""
    case = case_of(pk)
    return answer_form(
        request,
        case=case,
        form=plan_forms.GoalForm(posted(request)),
        title=_("Set a goal"),
        submit=_("Add to the plan"),
        act=lambda data: services.add_goal(actor=Actor.current(), at=timezone.now(), case=case, **data),
    )


@never_cache
@require_http_methods(["GET", "POST"])
@roles(*OPENERS)
def goal_judge(request: HttpRequest, pk: int, goal_pk: int) -> HttpResponse:
    """Say what became of a goal."""
    goal = _goal(pk, goal_pk)
    return answer_form(
        request,
        case=goal.case,
        form=plan_forms.JudgeForm(posted(request)),
        title=_("Judge the goal"),
        submit=_("Judge the goal"),
        about=goal.text,
        act=lambda data: services.judge_goal(actor=Actor.current(), at=timezone.now(), goal=goal, **data),
    )


@never_cache
@require_http_methods(["GET", "POST"])
@roles(*OPENERS)
def goal_date(request: HttpRequest, pk: int, goal_pk: int) -> HttpResponse:
    """Give a goal another day."""
    goal = _goal(pk, goal_pk)
    return answer_form(
        request,
        case=goal.case,
        form=plan_forms.GoalDayForm(posted(request), initial={"due_date": goal.due_date}),
        title=_("Change the day"),
        submit=_("Change the day"),
        about=goal.text,
        act=lambda data: services.change_goal_date(
            actor=Actor.current(), at=timezone.now(), goal=goal, **data
        ),
    )


@never_cache
@require_http_methods(["GET", "POST"])
@roles(*OPENERS)
def goal_words(request: HttpRequest, pk: int, goal_pk: int) -> HttpResponse:
    """Say a goal in other words."""
    goal = _goal(pk, goal_pk)
    return answer_form(
        request,
        case=goal.case,
        form=plan_forms.GoalWordsForm(posted(request), initial={"text": goal.text, "measure": goal.measure}),
        title=_("Change the words"),
        submit=_("Change the words"),
        about=goal.text,
        act=lambda data: services.reword_goal(actor=Actor.current(), at=timezone.now(), goal=goal, **data),
    )


@never_cache
@require_http_methods(["GET", "POST"])
@roles(*WORKERS)
def case_action_add(request: HttpRequest, pk: int) -> HttpResponse:
    """Add an action to the plan, for ``?goal=`` if given."""
    case = case_of(pk)
    form = plan_forms.ActionForm(
        posted(request),
        people=selectors.workers_of(case, timezone.localdate()),
        goals=selectors.open_goals_of(case),
        initial={"owner": request.user.pk, "goal": request.GET.get("goal")},
    )
    return answer_form(
        request,
        case=case,
        form=form,
        title=_("Add an action"),
        submit=_("Add to the plan"),
        act=lambda data: services.add_action(
            actor=Actor.current(), at=timezone.now(), case=case, **with_rows(data)
        ),
    )


@never_cache
@require_http_methods(["GET", "POST"])
@roles(*WORKERS)
def case_action_done(request: HttpRequest, pk: int, action_pk: int) -> HttpResponse:
    """Report an action as done."""
    action = _action(pk, action_pk)
    return answer_form(
        request,
        case=action.case,
        form=plan_forms.DoneForm(posted(request)),
        title=_("Report done"),
        submit=_("Report done"),
        about=action.title,
        act=lambda data: services.finish_action(
            actor=Actor.current(), at=timezone.now(), action=action, **data
        ),
    )


@never_cache
@require_http_methods(["GET", "POST"])
@roles(*WORKERS)
def action_date(request: HttpRequest, pk: int, action_pk: int) -> HttpResponse:
    """Give an action another day or another responsible person."""
    action = _action(pk, action_pk)
    form = plan_forms.ActionDayForm(
        posted(request),
        people=selectors.workers_of(action.case, timezone.localdate()),
        initial={"due_date": action.due_date, "owner": action.owner_id},
    )
    return answer_form(
        request,
        case=action.case,
        form=form,
        title=_("Change day or person"),
        submit=_("Change"),
        about=action.title,
        act=lambda data: services.change_action(
            actor=Actor.current(), at=timezone.now(), action=action, **with_rows(data)
        ),
    )


@never_cache
@require_http_methods(["GET", "POST"])
@roles(*WORKERS)
def action_words(request: HttpRequest, pk: int, action_pk: int) -> HttpResponse:
    """Say an action in other words."""
    action = _action(pk, action_pk)
    return answer_form(
        request,
        case=action.case,
        form=plan_forms.ActionWordsForm(posted(request), initial={"title": action.title}),
        title=_("Change the words"),
        submit=_("Change the words"),
        about=action.title,
        act=lambda data: services.reword_action(
            actor=Actor.current(), at=timezone.now(), action=action, **data
        ),
    )


@never_cache
@require_http_methods(["GET", "POST"])
@roles(*OPENERS)
def plan_review(request: HttpRequest, pk: int) -> HttpResponse:
    """Look at the plan as a whole."""
    case = case_of(pk)
    return answer_form(
        request,
        case=case,
        form=plan_forms.ReviewForm(posted(request)),
        title=_("Review the plan"),
        submit=_("Keep the review"),
        act=lambda data: services.review_plan(actor=Actor.current(), at=timezone.now(), case=case, **data),
    )


@never_cache
@require_http_methods(["GET", "POST"])
@roles(*OPENERS)
def case_close(request: HttpRequest, pk: int) -> HttpResponse:
    """Close a case: what still stands in the way, the outcome, and what follows."""
    case = case_of(pk)
    plan = selectors.read_plan(case)
    left = [goal.text for goal in plan.open_goals()]
    left += [action.title for action in plan.actions if action.done_at is None]
    return answer_form(
        request,
        case=case,
        form=plan_forms.CloseForm(posted(request)),
        title=_("Close the case"),
        submit=_("Close the case"),
        left=left,
        act=lambda data: closing.close_case(actor=Actor.current(), at=timezone.now(), case=case, **data),
    )


@never_cache
@require_http_methods(["GET", "POST"])
@roles(*READERS)
def case_pdf(request: HttpRequest, pk: int) -> HttpResponse:
    """The case on paper: its plan while it is open, its closing summary afterwards."""
    case = case_of(pk)
    return answer_paper(
        request,
        title=_("Print the case of %(name)s") % {"name": case.child.name},
        back=reverse("cases:case", args=[pk]),
        name=_("Case-%(number)s.pdf") % {"number": f"{case.child.number}-{case.pk}"},
        make=lambda reason: paper.make_case_paper(case, reason=reason, at=timezone.now()),
    )


def answer_paper(
    request: HttpRequest, *, title: str, back: str, name: str, make: Callable[[str], bytes]
) -> HttpResponse:
    """GET asks what a paper is for; POST is the paper."""
    form = PaperForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            return pdf_response(make(form.cleaned_data["reason"]), name)
        except PaperTooLong as refused:
            form.add_error(None, str(refused))
    return render(request, "cases/paper_ask.html", {"form": form, "title": title, "back": back})


def with_rows(data: dict[str, Any]) -> dict[str, Any]:
    """The same data with the person and the goal instead of their keys."""
    rows = dict(data)
    if rows.get("owner"):
        rows["owner"] = User.objects.get(pk=rows["owner"])
    if rows.get("goal"):
        rows["goal"] = CaseGoal.objects.get(pk=rows["goal"])
    return rows


def _goal(pk: int, goal_pk: int) -> CaseGoal:
    return get_object_or_404(CaseGoal.objects.select_related("case__child"), pk=goal_pk, case_id=pk)


def _action(pk: int, action_pk: int) -> CaseAction:
    found = CaseAction.objects.select_related("case__child", "owner")
    return get_object_or_404(found, pk=action_pk, case_id=pk)
