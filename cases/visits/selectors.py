"""Shaped reads of visits: who is due and overdue, the director's home, the review queue, what a post leaves
open.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.db.models import Case as SqlCase
from django.db.models import CharField, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet, Value, When
from django.utils import timezone

from cases.enums import RiskLevel
from cases.held_villages import without_director
from cases.models import Case, Child, Visit, VisitTask
from cases.visits.enums import CaseState, OverdueLevel, VisitState
from cases.visits.rules import intervals_from, level_starts
from staff import parameters
from staff.models import TransitionRecord
from staff.workflow import Actor

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


def _waiting_since(today: dt.date, intervals: Intervals) -> Exists:
    """Whether a submitted visit awaits its review that is younger than the interval of the child's colour."""
    young = Q(pk__in=[])
    for colour, days in intervals.items():
        first = timezone.make_aware(dt.datetime.combine(today - dt.timedelta(days=days), dt.time()))
        young |= Q(colour=colour, visited_at__gte=first)
    colour_of_child = ExpressionWrapper(OuterRef("risk"), output_field=CharField())
    found = Visit.objects.filter(child_id=OuterRef("pk"), state=VisitState.SUBMITTED)
    return Exists(found.alias(colour=colour_of_child).filter(young))


def _children() -> QuerySet[Child]:
    """Children on the register, with ``waiting``: a visit of the child awaits its review."""
    return Child.objects.filter(left_date__isnull=True).annotate(waiting=_waiting())


def lateness(today: dt.date, intervals: Intervals, level: OverdueLevel) -> Q:
    """Condition on children: their lateness has reached ``level``.

    A child whose visit is made and only awaits its review is not late, for as long as the interval of its colour from the
    day of that visit: a visit that nobody reviews hides no lateness for good. Where nobody is director, what is late is the
    supervisor's at once.
    """
    reached = Q()
    for colour, days in intervals.items():
        # The ladder is stated from a due day; turned round it gives the last due day that has reached the
        # level.
        offset = level_starts(today, days)[level] - today
        reached |= Q(risk=colour, next_visit_date__lte=today - offset)
    if level == OverdueLevel.SUPERVISOR:
        at_once = level_starts(today, 1, vacant=True)[level] - today
        reached |= Q(next_visit_date__lte=today - at_once) & without_director(today)
    return Q(~_waiting_since(today, intervals)) & reached


def overdue_children(
    today: dt.date, intervals: Intervals, level: OverdueLevel = OverdueLevel.DIRECTOR
) -> QuerySet[Child]:
    """Children whose lateness has reached ``level``, worst colour and longest wait first."""
    return (
        _children()
        .filter(lateness(today, intervals, level))
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
    home.tasks = list(open_tasks(user_id))
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


def readable() -> Q:
    """Condition on visits: handed in, or the acting person's own. A draft belongs to nobody but its author."""
    return ~Q(state=VisitState.DRAFT) | Q(conducted_by_id=Actor.current().user_id)


def steps_of(visits: Sequence[Visit]) -> dict[int, list[TransitionRecord]]:
    """What happened to each visit, oldest first. Two queries.

    Why a case was opened is told with the case: without words where that is kept from the reader.
    """
    told = set(
        Case.objects.filter(visit__in=[visit.pk for visit in visits]).values_list("visit_id", flat=True)
    )
    found: dict[int, list[TransitionRecord]] = {}
    wanted = TransitionRecord.objects.filter(
        subject=Visit._meta.label_lower, subject_id__in=[str(visit.pk) for visit in visits]
    )
    for record in wanted.select_related("user").order_by("at", "pk"):
        visit_id = int(record.subject_id)
        if record.name == "escalate" and visit_id not in told:
            record.reason = ""
        found.setdefault(visit_id, []).append(record)
    return found


def open_tasks(user_id: int) -> QuerySet[VisitTask]:
    """What somebody asked for and nobody has done yet, by date; not what another person was sent for."""
    return (
        VisitTask.objects.filter(
            Q(visitor=None) | Q(visitor_id=user_id), done_at=None, child__left_date__isnull=True
        )
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
