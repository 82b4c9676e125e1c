"""儿童主任待遇: a month's pay, a fixed part and performance by appraisal (O-43; rules in :mod:`subsidies.aid.appraisal`).

The supervisor appraises, the county approves: other people, and nobody their own (constraints of the model).
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.ages import end_of_month
from cases.models import Child, Defect, Visit
from staff import parameters
from staff.enums import Role
from staff.models import Assignment, Region, User
from staff.workflow import Actor
from subsidies.aid import appraisal
from subsidies.aid.appraisal import Measures, Pay
from subsidies.aid.enums import StaffPayState
from subsidies.aid.refusals import AidRefused, check_duty, record
from subsidies.models import StaffPay
from subsidies.reckoning.months import month_of

APPRAISERS = (Role.SUPERVISOR,)
APPROVERS = (Role.CLERK, Role.APPROVER)
PAYERS = (Role.CLERK,)
MADE = ("submitted", "approved", "escalated")


@dataclass(frozen=True)
class Line:
    """One director in a month: what was counted, the score and pay that follow, and what is on record."""

    user: User
    region_id: int
    place: str
    measures: Measures
    score: int
    pay: Pay
    row: StaffPay | None


def rules_on(region_id: int, month: dt.date) -> dict[str, Any]:
    """The parameter ``staff_pay`` in force in a month. One query."""
    found: dict[str, Any] = parameters.value(region_id, "staff_pay", month)
    return found


def directors(place: Region, month: dt.date) -> list[Assignment]:
    """Who held a director's post below a place in a month, one assignment a person, with post and further villages."""
    last = end_of_month(month)
    found = (
        Assignment.objects.filter(role=Role.DIRECTOR, region_id__gte=place.lo, region_id__lte=place.hi)
        .filter(Q(end_date__isnull=True) | Q(end_date__gte=month), start_date__lte=last)
        .select_related("user", "post", "region")
        .prefetch_related("post__further_regions")
        .order_by("region_id", "start_date", "pk")
    )
    latest: dict[int, Assignment] = {}
    for assignment in found:
        latest[assignment.user_id] = assignment
    return list(latest.values())


def month_table(place: Region, month: dt.date, today: dt.date) -> list[Line]:
    """Every director below a place with what was counted and what it is worth. Seven queries, however many directors."""
    held = directors(place, month)
    counted = _measures(held, place, month, today)
    rules = rules_on(place.pk, month)
    rows = {row.user_id: row for row in StaffPay.objects.filter(month=month, user__in=list(counted))}
    lines = []
    for assignment in held:
        measures = counted[assignment.user_id]
        points = appraisal.score(measures, rules["weights"])
        lines.append(
            Line(
                assignment.user,
                assignment.region_id,
                assignment.region.short_name,
                measures,
                points,
                appraisal.pay(points, rules),
                rows.get(assignment.user_id),
            )
        )
    return lines


def _measures(
    held: Iterable[Assignment], place: Region, month: dt.date, today: dt.date
) -> dict[int, Measures]:
    """Counted in sets for the whole place: children, overdue and defects by village, visits by who made them."""
    inside = {"region_id__gte": place.lo, "region_id__lte": place.hi}
    children = Child.objects.filter(**inside, left_date__isnull=True).order_by()
    first = timezone.make_aware(dt.datetime.combine(month, dt.time()))
    after = timezone.make_aware(dt.datetime.combine(end_of_month(month) + dt.timedelta(days=1), dt.time()))
    made = Visit.objects.filter(
        **inside, visited_at__gte=first, visited_at__lt=after, state__in=MADE
    ).order_by()
    by_user = {
        row["conducted_by_id"]: row
        for row in made.values("conducted_by_id").annotate(
            visited=Count("child", distinct=True), visits=Count("pk")
        )
    }
    waiting = Visit.objects.filter(**inside, state="submitted").order_by().values("child")
    late_by = min(today, end_of_month(month) + dt.timedelta(days=1))
    late = Q(next_visit_date__lt=late_by) & ~Q(pk__in=waiting)
    kept: Counter[int] = Counter()
    overdue: Counter[int] = Counter()
    rows = children.values_list("region_id").annotate(n=Count("pk"), late=Count("pk", filter=late))
    for village, number, behind in rows:
        kept[village], overdue[village] = number, behind
    lacking = Defect.objects.filter(**inside, state="open", child__left_date__isnull=True).order_by()
    unfollowed = Counter(dict(lacking.values_list("region_id").annotate(n=Count("child", distinct=True))))
    found = {}
    for assignment in held:
        villages = {assignment.region_id, *(region.pk for region in assignment.post.further_regions.all())}
        mine = by_user.get(assignment.user_id, {"visited": 0, "visits": 0})
        found[assignment.user_id] = Measures(
            children=sum(kept[village] for village in villages),
            visited=mine["visited"],
            visits=mine["visits"],
            overdue=sum(overdue[village] for village in villages),
            unfollowed=sum(unfollowed[village] for village in villages),
        )
    return found


def appraise(
    *, actor: Actor, at: dt.datetime, place: Region, month: dt.date, given: Mapping[int, tuple[int, str]]
) -> list[StaffPay]:
    """Write the supervisor's scores down: user → (score, note). A score that differs from the counted one says why.

    A row that is appraised already is appraised anew until it is approved. AidRefused names the person.
    """
    check_duty(actor, APPRAISERS)
    first, today = month_of(month), timezone.localdate(at)
    if first > today:
        raise AidRefused(_("This month is still to come."))
    rules = rules_on(place.pk, first)
    done = []
    with transaction.atomic():
        for line in month_table(place, first, today):
            if line.user.pk not in given:
                continue
            points, note = given[line.user.pk]
            name = {"name": line.user.name}
            if line.user.pk == actor.user_id:
                raise AidRefused(_("Nobody appraises their own work."))
            if not 0 <= points <= 100:
                raise AidRefused(_("%(name)s: a score lies between 0 and 100.") % name)
            if points != line.score and not note.strip():
                raise AidRefused(_("%(name)s: say why the score differs from the counted one.") % name)
            row = line.row and StaffPay.objects.select_for_update(of=("self",)).get(pk=line.row.pk)
            if row and row.state != StaffPayState.APPRAISED:
                raise AidRefused(_("%(name)s: this month is approved already.") % name)
            worth = appraisal.pay(points, rules)
            row = row or StaffPay(user=line.user, month=first, region_id=line.region_id)
            row.base, row.performance = worth.base, worth.performance
            row.performance_most = Decimal(str(rules["performance"]))
            row.score, row.note = points, note.strip()[:200]
            row.measures = line.measures.as_json() | {"counted": line.score}
            row.appraised_by_id, row.appraised_at = actor.user_id, at
            row.save()
            done.append(row)
        record(done, "appraise", "", StaffPayState.APPRAISED, actor=actor, at=at)
    return done


def approve(*, actor: Actor, at: dt.datetime, ids: Iterable[int]) -> int:
    """The county approves; rows of one's own or that one appraised are refused. Three statements, however many rows."""
    check_duty(actor, APPROVERS)
    with transaction.atomic():
        rows = _lock(ids, StaffPayState.APPRAISED)
        if any(actor.user_id in (row.user_id, row.appraised_by_id) for row in rows):
            raise AidRefused(_("Pay is approved by another person than the appraiser."))
        StaffPay.objects.filter(pk__in=[row.pk for row in rows]).update(
            state=StaffPayState.APPROVED, approved_by_id=actor.user_id, approved_at=at
        )
        record(rows, "approve", StaffPayState.APPRAISED, StaffPayState.APPROVED, actor=actor, at=at)
    return len(rows)


def mark_paid(*, actor: Actor, at: dt.datetime, ids: Iterable[int], day: dt.date) -> int:
    """The finance office has paid them on a day."""
    check_duty(actor, PAYERS)
    if day > timezone.localdate(at):
        raise AidRefused(_("This day is still to come."))
    with transaction.atomic():
        rows = _lock(ids, StaffPayState.APPROVED)
        StaffPay.objects.filter(pk__in=[row.pk for row in rows]).update(
            state=StaffPayState.PAID, paid_date=day
        )
        record(rows, "pay", StaffPayState.APPROVED, StaffPayState.PAID, actor=actor, at=at)
    return len(rows)


def _lock(ids: Iterable[int], state: StaffPayState) -> list[StaffPay]:
    """The rows in a state, locked in order. AidRefused when there is none."""
    found = StaffPay.objects.filter(pk__in=list(ids), state=state).order_by("pk")
    rows = list(found.select_for_update(of=("self",)))
    if not rows:
        raise AidRefused(_("Nothing waits for this step. Reload the page to see what has changed."))
    return rows


def counts(month: dt.date) -> dict[str, Any]:
    """Persons of a month, and those who wait for approval. One query."""
    found = StaffPay.objects.filter(month=month).order_by()
    return found.aggregate(people=Count("pk"), waiting=Count("pk", filter=Q(state=StaffPayState.APPRAISED)))


def own(user_id: int) -> QuerySet[StaffPay]:
    """A director's own months, latest first."""
    return StaffPay.objects.filter(user=user_id).order_by("-month", "pk")
