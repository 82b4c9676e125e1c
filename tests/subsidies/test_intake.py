"""跨省通办: taken in elsewhere, entered here within three working days, and the result told within three."""

from __future__ import annotations

import datetime as dt

import pytest

from staff.models import TransitionRecord
from staff.workflow import TransitionRefused
from subsidies.applications import late
from subsidies.applications.applying import Intake, apply
from subsidies.applications.clocks import ClockKind, Desk
from subsidies.applications.refusals import ApplicationRefused
from subsidies.models import Application
from tests.cast import COUNTY
from tests.subsidies.conftest import Office, moment

ELSEWHERE = "安徽省太和县城关镇"


def taken_in(office: Office, on: dt.date, entered: dt.datetime | None = None) -> Application:
    office.situations(office.child("own"))
    with office.as_("director") as actor:
        return apply(
            actor=actor, at=entered or moment(9, 4), child=office.child("own"), scheme=office.scheme,
            statement="x", intake=Intake(ELSEWHERE, on),
        )  # fmt: skip


def decided(office: Office, name: str = "confirm") -> Application:
    application = taken_in(office, dt.date(2026, 9, 1))
    office.act("supervisor", "accept", application, moment(9, 7))
    office.act("supervisor", "verify", application, moment(9, 10), reason="属实")
    office.act("clerk", "check", application, moment(9, 15))
    return office.act("approver", name, application, moment(9, 24), reason="x", reason_code="other")


def entered(office: Office, application: Application) -> tuple[int, bool, int]:
    with office.as_("supervisor"):
        found = Desk.open(COUNTY, dt.date(2026, 9, 8)).entered(application)
    assert found is not None
    return found.used, found.late, found.over


def test_entered_in_time(office: Office) -> None:
    application = taken_in(office, dt.date(2026, 9, 1))
    assert (application.channel, application.intake_due_date) == ("elsewhere", dt.date(2026, 9, 4))
    assert entered(office, application) == (3, False, 0)


def test_entered_too_late_is_listed_until_it_is_decided(office: Office) -> None:
    """Papers complete on Friday 2026-08-28, entered on Friday 09-04: five working days, two too many."""
    application = taken_in(office, dt.date(2026, 8, 28))
    assert application.intake_due_date == dt.date(2026, 9, 2)
    assert entered(office, application) == (5, True, 2)
    with office.as_("clerk"):
        found = late.rows(Desk.open(COUNTY, dt.date(2026, 9, 8)))
        assert [(row.application.pk, row.clock.kind, row.clock.over) for row in found] == [
            (application.pk, ClockKind.ENTER, 2)
        ]
        assert late.rows(Desk.open(COUNTY, dt.date(2026, 9, 8)), "county") == []
    office.act("director", "withdraw", application, reason="x")
    with office.as_("clerk"):
        assert late.rows(Desk.open(COUNTY, dt.date(2026, 9, 8))) == []


@pytest.mark.parametrize("intake", [Intake(" ", dt.date(2026, 9, 1)), Intake(ELSEWHERE, dt.date(2026, 9, 5))])
def test_office_and_day_are_needed(office: Office, intake: Intake) -> None:
    with office.as_("director") as actor, pytest.raises(ApplicationRefused, match="which office"):
        apply(
            actor=actor,
            at=moment(9, 4),
            child=office.child("own"),
            scheme=office.scheme,
            statement="x",
            intake=intake,
        )


@pytest.mark.parametrize("name", ["confirm", "refuse"])
def test_the_result_is_told_within_three_working_days(office: Office, name: str) -> None:
    application = decided(office, name)
    # Thursday 2026-09-24; Friday the 25th is Mid-Autumn.
    assert application.tell_due_date == dt.date(2026, 9, 30)
    with office.as_("clerk"):
        in_time, over = (
            Desk.open(COUNTY, day).clock(application) for day in (dt.date(2026, 9, 30), dt.date(2026, 10, 9))
        )
    assert in_time is not None
    assert over is not None
    assert (in_time.kind, in_time.left, in_time.late) == (ClockKind.TELL, 0, False)
    assert (over.late, over.over) == (True, 2)
    with office.as_("clerk"):
        desk = Desk.open(COUNTY, dt.date(2026, 10, 9))
        assert [row.clock.kind for row in late.rows(desk, "county")] == [ClockKind.TELL]
        assert late.rows(desk, "township") == []
    with pytest.raises(TransitionRefused, match="how it was told"):
        office.act("clerk", "tell", application, moment(10, 9))
    with pytest.raises(TransitionRefused, match="duty"):
        office.act("approver", "tell", application, moment(10, 9), reason="x")
    office.act("clerk", "tell", application, moment(10, 9), reason="电话告知太和县城关镇张经办")
    assert application.told_at == moment(10, 9)
    with office.as_("clerk"):
        assert Desk.open(COUNTY, dt.date(2026, 10, 10)).clock(application) is None
        assert late.rows(desk) == []
        assert TransitionRecord.objects.get(name="tell").reason == "电话告知太和县城关镇张经办"
    with pytest.raises(TransitionRefused, match="has been told"):
        office.act("clerk", "tell", application, moment(10, 9), reason="x")


def test_nobody_waits_for_the_result_of_a_local_one(office: Office) -> None:
    application = office.apply(office.child("own"))
    office.act("supervisor", "accept", application, moment(9, 2))
    office.act("supervisor", "verify", application, moment(9, 10), reason="属实")
    office.act("clerk", "check", application, moment(9, 15))
    office.act("approver", "refuse", application, moment(9, 24), reason="x", reason_code="other")
    assert application.tell_due_date is None
    with pytest.raises(TransitionRefused, match="no result to tell"):
        office.act("clerk", "tell", application, moment(9, 25), reason="x")
