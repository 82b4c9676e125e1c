"""Children whose eligibility must be asked again within some days, by what is on record. Nothing is stored for it.

The database picks those whose records have a date that falls into the time; the decision table then says whether it
matters (:func:`cases.eligibility.decision.decide_category`). Not among them: the regular re-check of everybody, and the 18th
birthday of a child of whose parents nothing in force is recorded (the lists of those coming of age have it).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet

from cases.ages import ADULT, add_months
from cases.children import selectors
from cases.eligibility.table import AskAgain, Cause, Decision, EligibilityConfig, config_from
from cases.enums import RESTRICTED_LIBERTY, ParentSituationKind
from cases.models import Child, ParentSituation
from staff import parameters

MOST = 2_000  # children decided on for one page
SLACK = dt.timedelta(days=4)  # months differ in length: a day more is looked at, none is missed


@dataclass(frozen=True)
class Recheck:
    """One date of one child, with what the table says today."""

    child: Child
    date: AskAgain
    decision: Decision


def rechecks(region_id: int, today: dt.date, days: int) -> tuple[list[Recheck], bool]:
    """What comes due from tomorrow to ``days`` days ahead, earliest first, and whether MOST cut it short.

    ``region_id``: any code of the county whose parameters apply. Five queries.
    """
    until = today + dt.timedelta(days=days)
    stored = parameters.value(region_id, "eligibility", today)
    config = config_from(stored)
    children = list(_candidates(config, today, until)[: MOST + 1])
    found = []
    for child in children[:MOST]:
        decision = selectors.eligibility_of(child, today, list(child.parent_situations.all()), stored)
        found += [
            Recheck(child, date, decision)
            for date in decision.dates
            if date.on <= until and date.cause is not Cause.RECHECK
        ]
    found.sort(key=lambda row: (row.date.on, row.child.pk, row.date.cause))
    return found, len(children) > MOST


def _candidates(config: EligibilityConfig, today: dt.date, until: dt.date) -> QuerySet[Child]:
    """Children on the register with a record whose date may fall between tomorrow and ``until``."""

    def months_ago(months: int) -> tuple[dt.date, dt.date]:
        return add_months(today, -months) - SLACK, add_months(until, -months) + SLACK

    window = (today, until)
    dated = (
        Q(expected_end_date__range=window)
        | Q(start_date__range=window)
        | Q(end_date__range=window)
        | Q(kind__in=RESTRICTED_LIBERTY, start_date__range=months_ago(config.liberty_months))
        | Q(
            kind=ParentSituationKind.LOST_CONTACT,
            start_date__range=months_ago(config.lost_contact_months),
        )
    )
    situations = ParentSituation.objects.filter(Q(end_date__isnull=True) | Q(end_date__gt=today))
    of_child = situations.filter(child=OuterRef("pk"))
    grown = Q(birth_date__range=months_ago(12 * ADULT))
    enrolled = Q(enrolled_until__range=(today - SLACK, until))
    return (
        Child.objects.filter(left_date__isnull=True)
        .filter(
            Q(pk__in=situations.filter(dated).values("child_id")) | ((grown | enrolled) & Exists(of_child))
        )
        .order_by("pk")
        .defer("health_note", "phone")
        .prefetch_related(Prefetch("parent_situations", ParentSituation.objects.all()))
    )
