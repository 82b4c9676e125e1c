"""Shaped reads of visits: who is due and overdue, the director's home, the review queue, what a post leaves
open.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Case as SqlCase
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Value, When

from cases.enums import RiskLevel
from cases.models import Case, Child, Visit, VisitTask
from cases.visit_enums import CaseState, OverdueLevel, VisitState
from cases.visit_rules import intervals_from, level_starts
from staff import parameters
from staff.models import TransitionRecord

SOON = 6  # days after today that the home page looks ahead
LONGEST_LIST = 50
Intervals = Mapping[RiskLevel, int]


def intervals_for(region_id: int, on: dt.date) -> dict[RiskLevel, int]:
    """The county's days between visits by colour on a day. One query."""
    return intervals_from(parameters.value(region_id, "visit_interval_days", on))


def _rank(name: str) -> SqlCase:
    """0 for red … 3 for green: the codes themselves sort by letter."""
    return SqlCase(
        *(When(**{name: level}, then=Value(3 - level.rank)) for level in RiskLevel), default=Value(9)
    )


def _waiting() -> Exists:
    """Whether a submitted visit of the child awaits its review."""
    return Exists(Visit.objects.filter(child_id=OuterRef("pk"), state=VisitState.SUBMITTED))


def _children() -> QuerySet[Child]:
    """Children on the register, with ``waiting``: a visit of the child awaits its review."""
    return Child.objects.filter(left_date__isnull=True).annotate(waiting=_waiting())


def overdue_children(
    today: dt.date, intervals: Intervals, level: OverdueLevel = OverdueLevel.DIRECTOR
) -> QuerySet[Child]:
    """Children whose lateness has reached ``level``, worst colour and longest wait first.

    A child whose visit is made and only awaits its review is not late.
    """
    reached = Q()
    for colour, days in intervals.items():
        # The ladder is stated from a due day; turned round it gives the last due day that has reached the
        # level.
        offset = level_starts(today, days)[level] - today
        reached |= Q(risk=colour, next_visit_date__lte=today - offset)
    return (
        _children()
        .filter(~_waiting(), reached)
        .select_related("region")
        .annotate(rank=_rank("risk"))
        .order_by("rank", "next_visit_date", "pk")
    )


@dataclass
class Home:
    """The director's home page. Children carry ``interval`` (days); returned visits carry ``said`` (the
    reviewer's words).
    """

    user_id: int = 0
    total: int = 0
    overdue: list[Child] = field(default_factory=list)
    soon: list[Child] = field(default_factory=list)
    waiting: int = 0
    returned: list[Visit] = field(default_factory=list)
    drafts: list[Visit] = field(default_factory=list)
    tasks: list[VisitTask] = field(default_factory=list)


def director_home(*, user_id: int, today: dt.date, region_id: int) -> Home:
    """What the director of some villages does next. At most five queries.

    A director keeps tens of children, so all of them are read at once and sorted here.
    """
    intervals = intervals_for(region_id, today)
    children = list(_children().annotate(rank=_rank("risk")).order_by("next_visit_date", "rank", "pk"))
    home = Home(user_id=user_id, total=len(children))
    horizon = today + dt.timedelta(days=SOON)
    for child in children:
        child.interval = intervals[RiskLevel(child.risk)]  # type: ignore[attr-defined]
        due = child.next_visit_date
        if child.waiting:  # type: ignore[attr-defined]
            home.waiting += 1
        elif due is not None and due <= horizon:
            (home.overdue if due < today else home.soon).append(child)
    unfinished = (
        Visit.objects.filter(
            Q(state=VisitState.RETURNED) | Q(state=VisitState.DRAFT, conducted_by_id=user_id)
        )
        .select_related("child", "conducted_by")
        .order_by("-visited_at", "-pk")[: 2 * LONGEST_LIST]
    )
    for visit in unfinished:
        (home.returned if visit.state == VisitState.RETURNED else home.drafts).append(visit)
    words = return_words(home.returned)
    for visit in home.returned:
        visit.said = words.get(visit.pk, "")  # type: ignore[attr-defined]
    home.tasks = list(open_tasks())
    return home


def return_words(visits: Iterable[Visit]) -> dict[int, str]:
    """Visit id → the words of its last return. One query, none without visits."""
    ids = [str(visit.pk) for visit in visits]
    if not ids:
        return {}
    records = TransitionRecord.objects.filter(
        subject="cases.visit", subject_id__in=ids, name="return"
    ).order_by("at", "pk")
    return {int(record.subject_id): record.reason for record in records}


def open_tasks() -> QuerySet[VisitTask]:
    """Visits somebody asked for and nobody has made yet, by date."""
    return (
        VisitTask.objects.filter(done_at=None, child__left_date__isnull=True)
        .select_related("child", "asked_by")
        .order_by("due_date", "pk")[:LONGEST_LIST]
    )


def children_to_visit(query: str = "") -> list[Child]:
    """Children a visit can be recorded for, those due first; ``query`` narrows by name, pinyin or initials.

    A director has tens of children, so the names are compared here and need no index.
    """
    found = list(_children().order_by(F("next_visit_date").asc(nulls_first=True), "pk")[:1000])
    wanted = query.strip().casefold()
    if wanted:
        found = [
            one for one in found if wanted in one.name.casefold() or wanted in one.name_pinyin.casefold()
        ]
    return found[: 2 * LONGEST_LIST]


# --- Review ---------------------------------------------------------------------------------------------


def visits_to_review(user_id: int) -> QuerySet[Visit]:
    """Submitted visits of others, worst colour first (the worse of before and after), then oldest."""
    return (
        Visit.objects.filter(state=VisitState.SUBMITTED)
        .exclude(conducted_by_id=user_id)
        .select_related("child", "region__parent", "conducted_by")
        .annotate(rank=_rank("risk"), rank_before=_rank("risk_before"))
        .order_by("rank", "rank_before", "submitted_at", "pk")
    )


def quiet_visits(user_id: int) -> list[Visit]:
    """Green visits in which nothing was found: the ones that can be approved together."""
    found = (
        visits_to_review(user_id)
        .filter(risk=RiskLevel.GREEN, risk_before=RiskLevel.GREEN, problems={})
        .prefetch_related("photos")[: 4 * LONGEST_LIST]
    )
    return [visit for visit in found if not any(visit.answers.values())]


@dataclass
class Queue:
    """The review queue: each list holds at most 50 rows, each count all of them."""

    overdue: list[Child] = field(default_factory=list)
    overdue_count: int = 0
    with_director: list[Child] = field(default_factory=list)
    review: list[Visit] = field(default_factory=list)
    review_count: int = 0
    cases: list[Case] = field(default_factory=list)
    case_count: int = 0

    @property
    def total(self) -> int:
        return self.overdue_count + self.review_count


def _listed(rows: QuerySet[Any]) -> tuple[list[Any], int]:
    """The first rows and the number of all: one query while they fit on the page, else two."""
    first = list(rows[: LONGEST_LIST + 1])
    return first[:LONGEST_LIST], rows.count() if len(first) > LONGEST_LIST else len(first)


def queue_for(*, user_id: int, today: dt.date, region_id: int, at_county: bool, show: str) -> Queue:
    """What a supervisor has to decide, or what has climbed to the county. At most seven queries."""
    intervals = intervals_for(region_id, today)
    queue = Queue()
    level = OverdueLevel.COUNTY if at_county else OverdueLevel.SUPERVISOR
    queue.overdue, queue.overdue_count = _listed(overdue_children(today, intervals, level))
    if show == "overdue":
        climbed = {child.pk for child in queue.overdue}
        everyone = overdue_children(today, intervals)[: 2 * LONGEST_LIST]
        queue.with_director = [child for child in everyone if child.pk not in climbed]
    if at_county:
        handed_up = Case.objects.filter(state=CaseState.ESCALATED)
        queue.cases, queue.case_count = _listed(
            handed_up.select_related("child", "region", "owner").order_by("due_at", "pk")
        )
        return queue
    queue.review, queue.review_count = _listed(visits_to_review(user_id))
    mine = Case.objects.exclude(state=CaseState.CLOSED)
    if show == "cases":
        queue.cases, queue.case_count = _listed(
            mine.select_related("child", "region", "owner").order_by("due_at", "pk")
        )
    else:
        queue.case_count = mine.count()
    return queue


# --- Handover -------------------------------------------------------------------------------------------


@dataclass
class LeftOpen:
    """What a post leaves open: drafts of the person, and everything of the post's regions."""

    drafts: list[Visit]
    returned: list[Visit]
    waiting: list[Visit]
    overdue: list[Child]
    cases: list[Case]


def left_open(*, user_id: int, ranges: Iterable[tuple[int, int]], today: dt.date, region_id: int) -> LeftOpen:
    """Open visits, late children and cases within the ranges of a post. Four queries."""
    inside = Q(pk__in=[])
    for low, high in ranges:
        inside |= Q(region_id__gte=low, region_id__lte=high)
    unfinished = list(
        Visit.objects.filter(inside, state__in=(VisitState.DRAFT, VisitState.RETURNED, VisitState.SUBMITTED))
        .select_related("child", "conducted_by")
        .order_by("visited_at", "pk")[: 4 * LONGEST_LIST]
    )
    by_state = {state: [visit for visit in unfinished if visit.state == state] for state in VisitState}
    return LeftOpen(
        drafts=[visit for visit in by_state[VisitState.DRAFT] if visit.conducted_by_id == user_id],
        returned=by_state[VisitState.RETURNED],
        waiting=by_state[VisitState.SUBMITTED],
        overdue=list(
            overdue_children(today, intervals_for(region_id, today)).filter(inside)[: 2 * LONGEST_LIST]
        ),
        cases=list(
            Case.objects.filter(inside)
            .exclude(state=CaseState.CLOSED)
            .select_related("child", "owner")
            .order_by("due_at", "pk")[: 2 * LONGEST_LIST]
        ),
    )
