"""Entering the year's notice of holidays: once, logged, with the deadlines that move; said on screens while it is missing."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from staff.calendar import add_working_days
from staff.holidays import NoticeRefused, enter_notice, overrides, read_notice
from staff.models import AccessLog, Holiday
from staff.scope import system_scope
from subsidies.applications.clocks import Desk
from subsidies.models import Application
from tests.cast import Cast
from tests.staff.test_holidays import NOTICE_2027
from tests.subsidies.conftest import Office

D = dt.date


@pytest.mark.usefixtures("known_until_2026")
def test_entering_is_logged_moves_deadlines_and_is_done_once_by_a_clerk(office: Office) -> None:
    application = office.apply(office.child("own"))
    office.act("supervisor", "accept", application)
    with system_scope(reason="test", log=False):
        due = add_working_days(D(2027, 2, 1), 10)
        Application.objects.filter(pk=application.pk).update(verify_due_date=due)
        application.refresh_from_db()
    with office.as_("clerk") as actor:
        assert Desk.open(application.region_id, D(2027, 2, 1)).clock(application).provisional  # type: ignore[union-attr]
        days = read_notice(2027, NOTICE_2027)
        moved = enter_notice(
            actor=actor, year=2027, days=days, source="国办发〔2026〕1号", today=D(2026, 12, 1)
        )
    assert moved >= 1
    with system_scope(reason="test", log=False):
        entry = AccessLog.objects.get(subject="staff.holiday")
        assert (entry.user_id, entry.reason) == (office.cast.users["clerk"].pk, "国办发〔2026〕1号")
        application.refresh_from_db()
        assert application.verify_due_date == add_working_days(D(2027, 2, 1), 10, overrides())
        clock = Desk.open(application.region_id, D(2027, 2, 1)).clock(application)
        assert clock is not None
        assert (clock.left, clock.provisional) == (10, False)
    assert set(Holiday.objects.values_list("source", flat=True)) == {"国办发〔2026〕1号"}
    with office.as_("clerk") as actor, pytest.raises(NoticeRefused, match="2027"):
        enter_notice(actor=actor, year=2027, days=days, source="x", today=D(2026, 12, 1))
    with office.as_("sysadmin") as actor:
        assert not enter_notice(actor=actor, year=2027, days=days, source="更正", today=D(2026, 12, 1))
    with office.as_("approver") as actor, pytest.raises(NoticeRefused):
        enter_notice(actor=actor, year=2027, days=days, source="x", today=D(2026, 12, 1))
    with office.as_("sysadmin") as actor, pytest.raises(NoticeRefused):
        enter_notice(actor=actor, year=2026, days=[], source="x", today=D(2026, 12, 1))


@pytest.mark.usefixtures("known_until_2026")
def test_the_pages(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    localdate = timezone.localdate
    december = lambda value=None, zone=None: localdate(value, zone) if value else D(2026, 12, 21)  # noqa: E731
    with monkeypatch.context() as patch:
        patch.setattr(timezone, "localdate", december)
        clerk = cast.client("clerk")
        strip = f'href="{reverse("staff:holidays")}"'
        for member, page in (("clerk", "subsidies:month"), ("sysadmin", "staff:accounts")):
            shown = cast.client(member).get(reverse(page)).content.decode()
            assert strip in shown.split("<main", 1)[1], page
        assert "2027" in clerk.get(reverse("staff:holidays")).content.decode()
        sent = {"year": "2027", "source": "国办发〔2026〕1号", "text": NOTICE_2027}
        preview = clerk.post(reverse("staff:holiday_notice"), sent).content.decode()
        assert "2027-02-13" in preview
        assert not Holiday.objects.exists()
        wrong = clerk.post(reverse("staff:holiday_notice"), sent | {"text": "国庆放假"})
        assert "2027-01-01" in wrong.content.decode()
        done = clerk.post(reverse("staff:holiday_notice"), sent | {"confirmed": "on"})
        assert done.headers["Location"] == reverse("staff:holidays")
        assert Holiday.objects.get(date=D(2027, 2, 13)).is_working
        after = clerk.get(reverse("subsidies:month")).content.decode()
        assert strip not in after.split("<main", 1)[1]
