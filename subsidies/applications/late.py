"""What is late, and what will be within days: of the township and of the county, the longest over first; exported."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import F, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases import key_pages
from cases.ledger_exports import ledger
from staff.scope import current
from subsidies.applications.clocks import (
    COUNTY_KINDS,
    RUNS,
    TOWNSHIP_KINDS,
    Clock,
    Desk,
    due_before,
    entered_late,
    with_due,
)
from subsidies.applications.pages import words_left
from subsidies.entitlements.departed import attach_children
from subsidies.models import Application

LATE = "late_applications"
WHOSE = {"township": TOWNSHIP_KINDS, "county": COUNTY_KINDS, "": (*TOWNSHIP_KINDS, *COUNTY_KINDS)}
MOST = 500  # on the page; the export has all of them


@dataclass(frozen=True)
class Late:
    """One clock that is over, or soon will be."""

    application: Application
    clock: Clock
    place: str

    @property
    def words(self) -> str:
        return words_left(self.clock)

    @property
    def url(self) -> str:
        return reverse("subsidies:application", args=[self.application.pk])


def found(desk: Desk, whose: str = "", *, soon: bool = False) -> QuerySet[Application]:
    """Applications with a clock of ``whose`` (township, county, "": both) that is over, or with ``soon`` runs out."""
    kinds = [kind for kind in WHOSE[whose] if kind in RUNS]
    condition = due_before(desk.warned_until if soon else desk.today, kinds)
    if whose != "county":
        condition |= entered_late()
    return with_due(Application.objects.filter(condition)).order_by(F("due").asc(), "applied_at", "pk")


def rows(desk: Desk, whose: str = "", *, soon: bool = False, most: int | None = None) -> list[Late]:
    """The clocks in question, the longest over first. Three queries for any number."""
    listed = found(desk, whose, soon=soon).select_related("scheme", "region__parent")
    late = []
    for application in attach_children(listed[:most] if most else listed):
        place = application.region.parent.name if application.region.parent else application.region.name
        for clock in (desk.entered(application), desk.clock(application)):
            if clock is not None and clock.kind in WHOSE[whose] and (clock.late or (soon and clock.soon)):
                late.append(Late(application, clock, place))
    return sorted(late, key=lambda row: (row.clock.left, row.application.pk))


def count(desk: Desk, whose: str) -> int:
    """How many applications are late, up to 1,000 and one more. One query."""
    return found(desk, whose).order_by()[: key_pages.COUNTED + 1].count()


def _count(arguments: dict[str, Any], day: dt.date) -> int:
    return count(_desk(day), arguments.get("whose", ""))


def _desk(day: dt.date) -> Desk:
    return Desk.open(current().ranges[0][0], day)


@ledger(LATE, gettext_lazy("Applications past their limit"), count=_count, has_numbers=False)
def lines(arguments: dict[str, Any], day: dt.date, full: bool) -> Iterator[list[Any]]:
    """The header, then a line for each clock that is over."""
    yield [
        _("Township"), _("Child"), _("Scheme"), _("State"), _("What is late"), _("Working days allowed"),
        _("Due"), _("Working days over"), _("Taken in by"),
    ]  # fmt: skip
    for row in rows(_desk(day), arguments.get("whose", "")):
        yield [
            row.place,
            row.application.child.name,
            str(row.application.scheme),
            row.application.get_state_display(),
            str(row.clock.kind.label),
            row.clock.limit,
            row.clock.due,
            row.clock.over,
            row.application.intake_office,
        ]
