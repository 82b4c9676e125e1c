"""The demo county loads on any day of the year, and what it shows adds up."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine

from childwelfare.demo import accounts, county
from staff.models import Assignment, Region, User
from staff.scope import open_scope, scope_of, system_scope
from subsidies import reports
from subsidies.models import PaymentBatch


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
    assert {account["username"] for account in accounts()} <= names
    assert counts["children"] == 400
    assert batch.state == "reconciled"
    assert batch.month < day.replace(day=1)
    assert [check for check in found if not check["ok"]] == []
    assert reports.total(figures, "money", "failed") == 2
