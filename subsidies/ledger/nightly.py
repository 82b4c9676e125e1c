"""Every county's ledger compared with what it stands for, each night and on command; who answers for the money is told."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import ngettext, override

from cases.field.enums import NoteKind
from cases.notes.selectors import seats
from cases.notes.services import send_note
from staff.enums import RegionLevel, Role
from staff.models import Region
from staff.scope import system_scope
from staff.workflow import Actor
from subsidies.ledger.checks import Problem, check
from subsidies.models import JournalEntry, PaymentBatch

TOLD = (Role.APPROVER, Role.RELEASER, Role.LEADER, Role.AUDITOR)
LANGUAGE = "zh-hans"  # of the words that a task writes


def counties() -> QuerySet[Region]:
    """Those of the open scope that have a ledger or a batch."""
    return Region.objects.filter(level=RegionLevel.COUNTY).filter(
        Q(pk__in=JournalEntry.objects.order_by().values("region_id"))
        | Q(pk__in=PaymentBatch.objects.order_by().values("region_id"))
    )


def check_everywhere(*, at: dt.datetime) -> dict[int, int]:
    """How many disagreements were found, by county; each county's in a transaction of its own. Safe to repeat: a person is
    told once a day."""
    with system_scope(reason="check_ledger"):
        found = list(counties().order_by("pk"))
    return {county.pk: _check(county, at) for county in found}


def _check(county: Region, at: dt.datetime) -> int:
    ranges = ((county.lo, county.hi),)
    with transaction.atomic(), system_scope(reason="check_ledger", ranges=ranges), override(LANGUAGE):
        problems = check(county.pk)
        if problems:
            _tell(county, problems, at)
    return len(problems)


def _tell(county: Region, problems: list[Problem], at: dt.datetime) -> None:
    here = seats(at).filter(region_id=county.pk, role__in=TOLD)
    text = ngettext(
        "The ledger does not agree in %(count)d place. Release nothing before it is explained. %(first)s",
        "The ledger does not agree in %(count)d places. Release nothing before they are explained. The first: %(first)s",
        len(problems),
    ) % {"count": len(problems), "first": problems[0].text}
    for person in sorted(set(here.values_list("user_id", flat=True))):
        send_note(
            actor=Actor.current(),
            at=at,
            recipient=person,
            kind=NoteKind.REMINDER,
            subject=f"ledger-{timezone.localdate(at).isoformat()}-{county.pk}",
            text=text,
        )
