"""Shaped reads of plans: one case's plan, what is overdue and whose it is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from cases.casework.selectors import OPEN_STATES, Person, named_people, people_for
from cases.field.enums import GoalState
from cases.models import Case, CaseAction, CaseConference, CaseEntry, CaseGoal
from cases.visits.enums import CaseState

SOON = 7  # days before its day from which an action stands on its owner's home
OF_OPEN_CASES = Q(case__state__in=OPEN_STATES)


@dataclass
class Plan:
    """The plan of one case: ``steps`` are the actions of each goal by its key, None for those without one."""

    goals: list[CaseGoal]
    steps: dict[int | None, list[CaseAction]]
    conferences: list[CaseConference]
    entries: list[CaseEntry]

    @property
    def actions(self) -> list[CaseAction]:
        """Every action, goal by goal."""
        return [action for steps in self.steps.values() for action in steps]

    def open_goals(self) -> list[CaseGoal]:
        """The goals still worked on."""
        return [goal for goal in self.goals if goal.state == GoalState.OPEN]


def read_plan(case: Case) -> Plan:
    """Goals, actions (what is to do first, by date), conferences (latest first) and entries. Four queries."""
    actions = sorted(
        CaseAction.objects.filter(case=case).select_related("owner"),
        key=lambda action: (action.done_at is not None, action.due_date, action.pk),
    )
    steps: dict[int | None, list[CaseAction]] = {}
    for action in actions:
        steps.setdefault(action.goal_id, []).append(action)
    conferences = CaseConference.objects.filter(case=case).annotate(
        asked=Count("participants"), came=Count("participants", filter=Q(participants__attended=True))
    )
    return Plan(
        goals=sorted(
            CaseGoal.objects.filter(case=case).select_related("judged_by"),
            key=lambda goal: (goal.state != GoalState.OPEN, goal.due_date, goal.pk),
        ),
        steps=steps,
        conferences=list(conferences.order_by("-held_at", "pk")),
        entries=list(CaseEntry.objects.filter(case=case).select_related("written_by", "goal", "action")),
    )


def workers_of(case: Case, today: dt.date) -> list[Person]:
    """Who may be responsible in a case or asked to its conference: whose post covers the village; of a restricted
    case those named on it.
    """
    people = people_for(case.region_id, today)
    if not case.restricted:
        return people
    named = named_people(case)
    known = [person for person in people if person.user_id in {one.pk for one in named}]
    placed = {person.user_id for person in known}
    return known + [Person(one.pk, one.name, "", "") for one in named if one.pk not in placed]


def open_goals_of(case: Case) -> list[CaseGoal]:
    """The goals of a case still worked on, by date."""
    return list(CaseGoal.objects.filter(case=case, state=GoalState.OPEN).order_by("due_date", "pk"))


# --- What is late ---------------------------------------------------------------------------------------


def overdue_actions(today: dt.date) -> QuerySet[CaseAction]:
    """Actions of open cases whose day has passed, longest first, with case, child and owner. Filter by ``owner``
    for one person's.
    """
    found = CaseAction.objects.filter(OF_OPEN_CASES, done_at=None, due_date__lt=today)
    return found.select_related("case", "child", "owner").order_by("due_date", "pk")


def overdue_goals(today: dt.date) -> QuerySet[CaseGoal]:
    """Goals of open cases whose day has passed unjudged, longest first, with case and child."""
    found = CaseGoal.objects.filter(OF_OPEN_CASES, state=GoalState.OPEN, due_date__lt=today)
    return found.select_related("case", "child").order_by("due_date", "pk")


def overdue_reviews(today: dt.date) -> QuerySet[Case]:
    """Open cases whose plan should have been looked at again, longest first."""
    found = Case.objects.filter(state__in=OPEN_STATES, review_date__lt=today)
    return found.select_related("child", "owner").order_by("review_date", "pk")


def own_actions(user_id: int, today: dt.date) -> QuerySet[CaseAction]:
    """What a person has to do in open cases, overdue or within SOON days, by date. One query."""
    until = today + dt.timedelta(days=SOON)
    found = CaseAction.objects.filter(OF_OPEN_CASES, owner_id=user_id, done_at=None, due_date__lte=until)
    return found.select_related("case", "child").order_by("due_date", "pk")


def is_late(today: dt.date) -> Q:
    """Condition on cases: an action, a goal or the review of the plan is overdue."""
    actions = CaseAction.objects.filter(case=OuterRef("pk"), done_at=None, due_date__lt=today)
    goals = CaseGoal.objects.filter(case=OuterRef("pk"), state=GoalState.OPEN, due_date__lt=today)
    return Q(state__in=OPEN_STATES) & (Q(review_date__lt=today) | Exists(actions) | Exists(goals))


def segments_on(today: dt.date) -> dict[str, Q]:
    """The segments of the list of cases, in order: code → condition."""
    return {
        "open": Q(state__in=OPEN_STATES),
        "late": is_late(today),
        "county": Q(at_county=True, state__in=OPEN_STATES),
        "closed": Q(state=CaseState.CLOSED),
    }


@dataclass
class Standing:
    """How a case's plan stands: what is to do, goals judged of all, and the days that have passed."""

    to_do: int = 0
    goals: int = 0
    judged: int = 0
    late_days: list[dt.date] = field(default_factory=list)

    @property
    def late_since(self) -> dt.date | None:
        """The earliest day that has passed."""
        return min(self.late_days, default=None)


def standings(cases: Iterable[Case], today: dt.date) -> dict[int, Standing]:
    """How the plans of some cases stand, by case. Two queries, however many cases."""
    found = {case.pk: Standing() for case in cases}
    for case in cases:
        if case.review_date is not None and case.review_date < today:
            found[case.pk].late_days.append(case.review_date)
    actions = CaseAction.objects.filter(case__in=found, done_at=None).order_by()
    for case_id, due in actions.values_list("case_id", "due_date"):
        found[case_id].to_do += 1
        found[case_id].late_days += [due] if due < today else []
    goals = CaseGoal.objects.filter(case__in=found).order_by()
    for case_id, due, state in goals.values_list("case_id", "due_date", "state"):
        standing = found[case_id]
        standing.goals += 1
        if state != GoalState.OPEN:
            standing.judged += 1
        elif due < today:
            standing.late_days.append(due)
    return found
