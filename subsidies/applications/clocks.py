"""Working-day clocks of applications: entered, verified, confirmed, the applicant told (rules.md 2.1).

The township verifies from acceptance, the county confirms from the township's conclusion. While the applicant brings
documents the township's clock stands: the working days that were left when it stopped run on from the day they come,
none lost and none gained. Of an application taken in elsewhere (跨省通办) also count the days until it is entered
here and, after the decision, until the office that took it in is told. The day on which a period begins is not counted.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

from django.db import models
from django.db.models import Case, DateField, F, Q, QuerySet, When, Window
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext_lazy as _

from staff import parameters
from staff.calendar import add_working_days, is_certain, is_working_day, working_days_between
from staff.holidays import overrides
from subsidies.aid.enums import Channel
from subsidies.enums import ApplicationState
from subsidies.models import Application

S = ApplicationState
COUNTY = (S.CHECKING, S.TO_CONFIRM)
UNDECIDED = (S.SUBMITTED, S.SUPPLEMENT, S.VERIFYING, *COUNTY)
Overrides = dict[dt.date, bool]


class ClockKind(models.TextChoices):
    """What a clock waits for, and whose it is: the township's first two, the county's last two."""

    ENTER = "enter", _("Enter what was taken in elsewhere")
    VERIFY = "verify", _("Verify")
    CONFIRM = "confirm", _("Confirm or refuse")
    TELL = "tell", _("Tell the office that took it in")


TOWNSHIP_KINDS = (ClockKind.ENTER, ClockKind.VERIFY)
COUNTY_KINDS = (ClockKind.CONFIRM, ClockKind.TELL)


@dataclass(frozen=True)
class Clock:
    """One period in working days. ``left`` is negative when it is over; ``stands``: it waits for documents."""

    kind: ClockKind
    limit: int
    left: int
    due: dt.date | None
    warn_from: int
    stands: bool = False
    # Counted into a year whose notice of holidays is not entered yet: the day may move.
    provisional: bool = False

    @property
    def used(self) -> int:
        return self.limit - self.left

    @property
    def late(self) -> bool:
        return self.left < 0 and not self.stands

    @property
    def over(self) -> int:
        """Working days past the limit; 0 when it is not over."""
        return max(-self.left, 0) if self.late else 0

    @property
    def soon(self) -> bool:
        """It runs out within the days of warning."""
        return not self.stands and 0 <= self.left <= self.warn_from


@dataclass(frozen=True)
class Desk:
    """A day at the desk: the holidays and the days of warning of an area, read once for all clocks, the holidays not
    before a clock asks for them.
    """

    today: dt.date
    overrides: Overrides
    warn_from: int

    @classmethod
    def open(cls, region_id: int, today: dt.date) -> Desk:
        """For the county of a region. Two queries."""
        return cls.warning(today, int(parameters.value(region_id, "clock_warning_days", today)))

    @classmethod
    def warning(cls, today: dt.date, days: int) -> Desk:
        """With so many days of warning. One query, when a clock runs."""
        return cls(today, cast(Overrides, SimpleLazyObject(overrides)), days)

    @cached_property
    def warned_until(self) -> dt.date:
        """A clock that is due before this day runs out soon, or has."""
        return add_working_days(self.today, self.warn_from, self.overrides) + dt.timedelta(days=1)

    def clock(self, application: Application) -> Clock | None:
        """The clock that runs for an application, or stands; None when none does."""
        if application.state == S.VERIFYING and application.verify_due_date:
            return self._running(
                ClockKind.VERIFY, verify_limit(application, self), application.verify_due_date
            )
        if application.state == S.SUPPLEMENT and application.clock_left is not None:
            limit, left = verify_limit(application, self), _left_at_stop(application, self)
            return Clock(ClockKind.VERIFY, limit, left, None, self.warn_from, stands=True)
        if application.state in COUNTY and application.verified_at and application.confirm_due_date:
            limit = self.days(_day(application.verified_at), application.confirm_due_date)
            return self._running(ClockKind.CONFIRM, limit, application.confirm_due_date)
        if application.told_at is None and application.decided_at and application.tell_due_date:
            limit = self.days(_day(application.decided_at), application.tell_due_date)
            return self._running(ClockKind.TELL, limit, application.tell_due_date)
        return None

    def entered(self, application: Application) -> Clock | None:
        """How an application taken in elsewhere was entered here; None for all others."""
        if application.intake_date is None or application.intake_due_date is None:
            return None
        left = self.days(_day(application.applied_at), application.intake_due_date)
        limit = self.days(application.intake_date, application.intake_due_date)
        return Clock(ClockKind.ENTER, limit, left, application.intake_due_date, 0)

    def days(self, start: dt.date, end: dt.date) -> int:
        """Working days after ``start`` up to ``end``; negative when ``end`` lies before."""
        return working_days_between(start, end, self.overrides)

    def _running(self, kind: ClockKind, limit: int, due: dt.date) -> Clock:
        provisional = not is_certain(due, self.overrides)
        return Clock(kind, limit, self.days(self.today, due), due, self.warn_from, provisional=provisional)


def verify_limit(application: Application, desk: Desk) -> int:
    """The township's limit in working days, as it was when the application was accepted."""
    if application.accepted_at is None:
        return 0
    accepted = _day(application.accepted_at)
    if application.clock_left is not None:
        return desk.days(accepted, _day(application.supplement_asked_at)) + _left_at_stop(application, desk)
    return desk.days(accepted, application.verify_due_date) if application.verify_due_date else 0


def _left_at_stop(application: Application, desk: Desk) -> int:
    """Working days that were left when the clock was stopped; negative when the limit was over by then."""
    if application.supplemented_at and application.verify_due_date:
        return desk.days(_day(application.supplemented_at), application.verify_due_date)
    if application.verify_due_date:
        return desk.days(_day(application.supplement_asked_at), application.verify_due_date)
    return application.clock_left or 0


def stop(application: Application, at: dt.datetime) -> dict[str, Any]:
    """Fields that stop the township's clock. A limit that is over by then keeps its day, so that it stays over."""
    if application.verify_due_date is None:
        return {"clock_left": None}
    left = working_days_between(_day(at), application.verify_due_date, overrides())
    return {"clock_left": max(left, 0)} | ({} if left < 0 else {"verify_due_date": None})


def resume(application: Application, at: dt.datetime) -> dict[str, Any]:
    """Fields that let the clock run on from a day with what was left, or with as much over as it was."""
    if application.clock_left is None:
        return {}
    calendar, day = overrides(), _day(at)
    if application.verify_due_date is None:
        return {"verify_due_date": add_working_days(day, application.clock_left, calendar)}
    asked = _day(application.supplement_asked_at)
    return {
        "verify_due_date": _days_before(
            day, working_days_between(application.verify_due_date, asked, calendar), calendar
        )
    }


def _days_before(day: dt.date, n: int, calendar: Overrides) -> dt.date:
    """The day after which ``n`` working days have passed by ``day``, which counts."""
    while n:
        n -= is_working_day(day, calendar)
        day -= dt.timedelta(days=1)
    return day


def _day(at: dt.datetime | None) -> dt.date:
    if at is None:
        raise ValueError("the application says that this happened, but not when")
    return timezone.localdate(at)


# --- in the database ---------------------------------------------------------------------------------------------

RUNS: dict[ClockKind, tuple[Q, str]] = {
    ClockKind.VERIFY: (Q(state=S.VERIFYING), "verify_due_date"),
    ClockKind.CONFIRM: (Q(state__in=COUNTY), "confirm_due_date"),
    ClockKind.TELL: (
        Q(state__in=(S.CONFIRMED, S.REFUSED), channel=Channel.ELSEWHERE, told_at__isnull=True),
        "tell_due_date",
    ),
}


def due_before(day: dt.date, kinds: Iterable[ClockKind] = RUNS) -> Q:
    """Applications one of whose running clocks is due before a day: late, when the day is today."""
    condition = Q(pk__in=[])
    for kind in kinds:
        runs, field = RUNS[kind]
        condition |= runs & Q(**{f"{field}__lt": day})
    return condition


def entered_late() -> Q:
    """Undecided applications that were taken in elsewhere and entered here too late."""
    return Q(channel=Channel.ELSEWHERE, state__in=UNDECIDED, applied_at__date__gt=F("intake_due_date"))


def with_due(rows: QuerySet[Application]) -> QuerySet[Application]:
    """Annotate ``due``, the day on which the running clock is over; NULL when none runs."""
    return rows.annotate(
        due=Case(*(When(runs, then=F(field)) for runs, field in RUNS.values()), output_field=DateField())
    )


def tallied(rows: QuerySet[Application], desk: Desk) -> QuerySet[Application]:
    """Annotate each row with how many of all ``rows`` are past a limit (``late``) and will be within days (``soon``)."""
    late = due_before(desk.today)
    soon = due_before(desk.warned_until) & ~late
    return rows.annotate(
        late=Window(models.Count("pk", filter=late)), soon=Window(models.Count("pk", filter=soon))
    )
