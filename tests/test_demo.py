"""The demo county loads on any day of the year, and what it shows adds up."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine

from cases.models import VisitMark
from childwelfare.demo import accounts, county
from childwelfare.demo.checks import COPIED
from staff.models import Assignment, Region, User
from staff.scope import open_scope, scope_of, system_scope
from subsidies.models import PaymentBatch
from subsidies.reports import services as reports


@pytest.mark.parametrize("day", [dt.date(2027, 1, 1), dt.date(2027, 3, 31), dt.date(2028, 2, 29)])
def test_the_demo_county_of_a_day(db: None, day: dt.date) -> None:
    with time_machine.travel(dt.datetime(day.year, day.month, day.day, 4, tzinfo=dt.UTC), tick=False):
        counts = county.load(today=day)
        with system_scope(reason="test", log=False):
            clerk = scope_of(
                Assignment.objects.select_related("post__region").get(user__username="zhaoqinghe")
            )
            names = set(User.objects.filter(is_demo=True).values_list("username", flat=True))
        with open_scope(clerk):
            batch = PaymentBatch.objects.get()
            figures = reports.compute(Region.objects.get(code=500152000000), batch.month)
            found = reports.checks(figures, None)
            # Marks are where the demo copies on purpose (demo/checks.py), and nowhere else.
            marked = set(VisitMark.objects.filter(code="same_text").values_list("visit__text", flat=True))
            open_marks = list(
                VisitMark.objects.filter(looked_at=None).values_list("code", "visit__text", "detail")
            )
    assert {account["username"] for account in accounts()} <= names
    assert counts["children"] == 400
    assert {text[-10:] for text in marked} == {COPIED[-10:]}
    assert len(open_marks) <= 4
    assert batch.state == "reconciled"
    assert batch.month < day.replace(day=1)
    assert [check for check in found if not check["ok"]] == []
    assert reports.total(figures, "money", "failed") == 2
