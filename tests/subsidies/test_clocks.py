"""Working-day clocks: holidays and worked Sundays, standing while documents come, warned before and late after."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from staff.calendar import add_working_days, is_working_day, working_days_between
from staff.models import Holiday
from subsidies.applications import clocks, late
from subsidies.applications.clocks import Clock, ClockKind, Desk
from subsidies.models import Application
from tests.cast import COUNTY
from tests.subsidies.conftest import SHANGHAI, Office, moment

NO_EXCEPTIONS: dict[dt.date, bool] = {}


def clock(application: Application, month: int, day: int, warn_from: int = 3) -> Clock | None:
    return Desk(dt.date(2026, month, day), dict(NO_EXCEPTIONS), warn_from).clock(application)


def accepted(day: dt.date, limit: int, calendar: dict[dt.date, bool]) -> Application:
    return Application(
        state="verifying", accepted_at=at(day), verify_due_date=add_working_days(day, limit, calendar)
    )


def at(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(10), SHANGHAI)


def test_used_left_warned_and_late() -> None:
    """Accepted on 2026-09-02 with 15 working days: due on 09-22, the worked Sunday 09-20 counted."""
    application = accepted(dt.date(2026, 9, 2), 15, {})
    assert application.verify_due_date == dt.date(2026, 9, 22)
    shown = []
    for day in (2, 17, 18, 19, 20, 22, 23):
        found = clock(application, 9, day)
        assert found is not None
        shown.append((day, found.used, found.left, found.soon, found.late, found.over))
    assert shown == [
        (2, 0, 15, False, False, 0),
        (17, 11, 4, False, False, 0),
        (18, 12, 3, True, False, 0),
        (19, 12, 3, True, False, 0),  # a Saturday
        (20, 13, 2, True, False, 0),  # a worked Sunday
        (22, 15, 0, True, False, 0),
        (23, 16, -1, False, True, 1),
    ]


def test_the_clock_stands_in_between() -> None:
    application = accepted(dt.date(2026, 9, 2), 15, {})
    application.supplement_asked_at = at(dt.date(2026, 9, 4))
    application.state, application.clock_left, application.verify_due_date = "supplement", 13, None
    for day in (4, 30):
        found = clock(application, 9, day)
        assert found is not None
        assert (found.used, found.limit, found.left, found.stands, found.late, found.due) == (
            2,
            15,
            13,
            True,
            False,
            None,
        )


@pytest.mark.django_db
@settings(max_examples=60, deadline=None)
@given(
    start=st.dates(dt.date(2025, 1, 2), dt.date(2026, 10, 1)),
    limit=st.integers(1, 30),
    until_asked=st.integers(0, 70),
    pause=st.integers(0, 120),
    after=st.integers(0, 60),
    holidays=st.dictionaries(st.integers(0, 200), st.booleans(), max_size=8),
)
def test_pausing_never_loses_or_gains_a_working_day(
    start: dt.date, limit: int, until_asked: int, pause: int, after: int, holidays: dict[int, bool]
) -> None:
    """Whatever the calendar, and however late it was asked: days used before and after the pause are days used, those
    in between are not, and the limit stays what it was."""
    calendar = {start + dt.timedelta(days=n): works for n, works in holidays.items()}
    Holiday.objects.all().delete()
    Holiday.objects.bulk_create(
        Holiday(date=day, is_working=works, name="x") for day, works in calendar.items()
    )
    application = accepted(start, limit, calendar)
    asked, came = (start + dt.timedelta(days=n) for n in (until_asked, until_asked + pause))
    today = came + dt.timedelta(days=after)
    application.supplement_asked_at = at(asked)
    for name, value in clocks.stop(application, at(asked)).items():
        setattr(application, name, value)
    application.state = "supplement"
    before = working_days_between(start, asked, calendar)
    standing = Desk(came, calendar, 3).clock(application)
    assert standing is not None
    assert (standing.limit, standing.used, standing.late) == (limit, before, False)
    for name, value in clocks.resume(application, at(came)).items():
        setattr(application, name, value)
    application.state, application.supplemented_at = "verifying", at(came)
    running = Desk(today, calendar, 3).clock(application)
    assert running is not None
    used = before + working_days_between(came, today, calendar)
    assert (running.limit, running.used, running.left) == (limit, used, limit - used)
    assert running.late == (used > limit)


@given(day=st.dates(dt.date(2025, 1, 2), dt.date(2026, 12, 1)), n=st.integers(0, 40))
def test_so_many_working_days_before(day: dt.date, n: int) -> None:
    found = clocks._days_before(day, n, {})
    assert working_days_between(found, day) == n
    assert n == 0 or is_working_day(found + dt.timedelta(days=1))


def test_a_holiday_of_the_county_moves_the_day(office: Office) -> None:
    Holiday.objects.create(date=dt.date(2026, 9, 3), is_working=False, name="test")
    application = office.apply(office.child("own"))
    office.act("supervisor", "accept", application, moment(9, 2))
    with office.as_("supervisor"):
        found = Desk.open(COUNTY, dt.date(2026, 9, 4)).clock(application)
    assert found is not None
    assert (application.verify_due_date, found.used, found.limit) == (dt.date(2026, 9, 23), 1, 15)


def test_after_documents_came_the_database_holds_the_same(office: Office) -> None:
    """By the services: two of fifteen days used, ten calendar days of waiting, thirteen left."""
    application = office.apply(office.child("own"))
    office.act("supervisor", "accept", application, moment(9, 2))
    office.act("supervisor", "ask_supplement", application, moment(9, 4), reason="请补")
    office.act("director", "resubmit", application, moment(9, 14), reason="已补")
    with office.as_("supervisor"):
        application = Application.objects.get()
        found = Desk.open(COUNTY, dt.date(2026, 9, 14)).clock(application)
    assert found is not None
    assert (found.used, found.left, found.limit) == (2, 13, 15)


def test_what_is_late_is_listed_by_days_over_and_counted(office: Office) -> None:
    first = office.apply(office.child("own"))
    office.act("supervisor", "accept", first, moment(8, 3))
    second = office.apply(office.child("neighbour"), "other_director")
    office.act("supervisor", "accept", second, moment(8, 10))
    office.act(
        "supervisor", "verify", second, moment(8, 12), reason="属实"
    )  # the county's turn until 2026-09-02
    waiting = office.apply(office.another_child("等材料"))
    office.act("supervisor", "accept", waiting, moment(8, 3))
    office.act("supervisor", "ask_supplement", waiting, moment(8, 4), reason="请补")
    with office.as_("clerk"):
        desk = Desk.open(COUNTY, dt.date(2026, 9, 10))
        found = [(row.application.pk, row.clock.kind, row.clock.over) for row in late.rows(desk)]
        assert found == [(first.pk, ClockKind.VERIFY, 13), (second.pk, ClockKind.CONFIRM, 6)]
        assert [row.application.pk for row in late.rows(desk, "county")] == [second.pk]
        assert tallied(desk) == [(2, 0)]
        assert tallied(Desk.open(COUNTY, dt.date(2026, 8, 31))) == [(1, 1)]
    with office.as_("stranger"):
        assert late.rows(Desk.open(341222000000, dt.date(2026, 9, 10))) == []


def tallied(desk: Desk) -> list[tuple[int, int]]:
    """Late and soon, as every application says it."""
    rows = clocks.tallied(Application.objects.all(), desk)
    return list(rows.order_by().values_list("late", "soon").distinct())


def test_returned_by_the_county_the_township_begins_anew(office: Office) -> None:
    application = office.apply(office.child("own"))
    office.act("supervisor", "accept", application, moment(9, 2))
    office.act("supervisor", "verify", application, moment(9, 4), reason="属实")
    office.act("clerk", "return", application, moment(9, 16), reason="日期不清")
    with office.as_("clerk"):
        found = Desk.open(COUNTY, dt.date(2026, 9, 17)).clock(application)
    assert found is not None
    assert (found.kind, found.used, found.limit) == (ClockKind.VERIFY, 1, 15)


def test_who_verified_late_is_not_punctual_by_being_returned_to(office: Office) -> None:
    application = office.apply(office.child("own"))
    office.act("supervisor", "accept", application, moment(9, 2))
    due = application.verify_due_date
    office.act("supervisor", "verify", application, moment(10, 30), reason="属实")
    office.act("clerk", "return", application, moment(11, 2), reason="日期不清")
    assert application.verify_due_date == due
    with office.as_("clerk"):
        found = Desk.open(COUNTY, dt.date(2026, 11, 3)).clock(application)
    assert found is not None
    assert found.left < 0
