"""Reading checks and marks: what waits, what was decided, and how often each was so."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, Q, QuerySet

from cases.field.enums import MarkCode, MarkVerdict, SpotCheckState
from cases.models import SpotCheck, Visit, VisitMark

OPEN = (SpotCheckState.DRAWN, SpotCheckState.UNREACHED)
DECIDED = (SpotCheckState.CONFIRMED, SpotCheckState.CONTRADICTED)
PERIOD = dt.timedelta(days=365)
LEAST = 5  # below so many a share says nothing about a person or a rule


def checks() -> QuerySet[SpotCheck]:
    """Drawn visits with what their rows show."""
    return SpotCheck.objects.select_related("child", "visited_by", "region", "visit", "checked_by")


def checks_to_call() -> QuerySet[SpotCheck]:
    """Families to be called, earliest due first."""
    return checks().filter(state__in=OPEN).order_by("due_date", "pk")


def checks_decided() -> QuerySet[SpotCheck]:
    """Calls that have shown something, latest first."""
    return checks().filter(state__in=DECIDED).order_by("-checked_at", "-pk")


@dataclass(frozen=True)
class PersonTotals:
    """How a visitor's drawn visits turned out. ``share``: of the decided, how many were confirmed, in per cent; None when too
    few are decided to say."""

    person: int
    name: str
    drawn: int
    confirmed: int
    contradicted: int
    unreached: int

    @property
    def share(self) -> int | None:
        decided = self.confirmed + self.contradicted
        return round(100 * self.confirmed / decided) if decided >= LEAST else None


def totals_by_person(at: dt.datetime) -> list[PersonTotals]:
    """Visitors whose visits were drawn in the past year, most contradicted first. One query."""
    counted = {state: Count("pk", filter=Q(state=state)) for state in (*DECIDED, SpotCheckState.UNREACHED)}
    rows: Iterable[Any] = (
        SpotCheck.objects.filter(drawn_at__gt=at - PERIOD)
        .order_by()
        .values(person=F("visited_by_id"), name=F("visited_by__name"))
        .annotate(drawn=Count("pk"), **counted)
    )
    found = [PersonTotals(**row) for row in rows]
    return sorted(found, key=lambda one: (-one.contradicted, -one.drawn, one.name, one.person))


def open_marks() -> QuerySet[VisitMark]:
    """Marks at which nobody has looked, oldest first."""
    return (
        VisitMark.objects.filter(looked_at=None)
        .select_related("child", "region", "visit__conducted_by")
        .order_by("created_at", "pk")
    )


@dataclass(frozen=True)
class RuleTotals:
    """What looks at a rule's marks have shown. ``false_alarms``: the share in order, in per cent; None when too few."""

    code: MarkCode
    marked: int = 0
    looked: int = 0
    fine: int = 0
    wrong: int = 0

    @property
    def false_alarms(self) -> int | None:
        return round(100 * self.fine / self.looked) if self.looked >= LEAST else None


def totals_by_rule(at: dt.datetime) -> list[RuleTotals]:
    """Every rule, in its order, over the past year. One query."""
    rows: Iterable[Any] = (
        VisitMark.objects.filter(created_at__gt=at - PERIOD)
        .order_by()
        .values("code")
        .annotate(
            marked=Count("pk"),
            looked=Count("pk", filter=Q(looked_at__isnull=False)),
            fine=Count("pk", filter=Q(verdict=MarkVerdict.FINE)),
            wrong=Count("pk", filter=Q(verdict=MarkVerdict.WRONG)),
        )
    )
    found = {row["code"]: RuleTotals(**row | {"code": MarkCode(row["code"])}) for row in rows}
    return [found.get(code, RuleTotals(code)) for code in MarkCode]


def named_visits(marks: Iterable[VisitMark]) -> dict[int, Visit]:
    """The other visits that marks name, by id, those in sight. One query, none when no mark names one."""
    ids = {mark.detail["visit"] for mark in marks if "visit" in mark.detail}
    if not ids:
        return {}
    return {
        visit.pk: visit for visit in Visit.objects.filter(pk__in=ids).select_related("child", "conducted_by")
    }
