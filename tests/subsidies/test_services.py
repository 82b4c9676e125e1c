"""明天计划 and check-ups as services: who may have them, what the programme pays at most, the year's counts (O-17)."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from cases.models import Child
from staff.scope import system_scope
from staff.workflow import TransitionRefused
from subsidies.aid import welfare_services as service
from subsidies.aid.welfare_services import ServiceData
from subsidies.models import WelfareService
from tests.subsidies.conftest import Office, moment

AT = moment(10, 20)


def data(**fields: Any) -> ServiceData:
    values: dict[str, Any] = {
        "programme": "tomorrow",
        "kind": "treatment",
        "date": dt.date(2026, 9, 3),
        "provider": "区人民医院",
        "cost": Decimal("8000.00"),
        "insurance_paid": Decimal("5500.00"),
        "programme_paid": Decimal("2500.00"),
    }
    return ServiceData(**(values | fields))


def orphan(office: Office, **fields: Any) -> Child:
    return office.another_child("齐小雪", **({"primary_category": "orphan"} | fields))


def add(office: Office, child: Child, **fields: Any) -> WelfareService:
    with office.as_("supervisor") as actor:
        return service.add_service(actor=actor, at=AT, child=child, data=data(**fields))


def test_the_programme_pays_what_insurance_and_other_aid_leave(office: Office) -> None:
    made = add(office, orphan(office))
    assert made.cost - made.insurance_paid == made.programme_paid
    with pytest.raises(TransitionRefused, match=r"leave: 2500\.00 yuan"):
        add(office, orphan_again(office), programme_paid=Decimal("2500.01"))


def orphan_again(office: Office) -> Child:
    return office.another_child("向小葵", primary_category="orphan")


def test_the_database_refuses_more_than_is_left(office: Office) -> None:
    child = orphan(office)
    with (
        system_scope(reason="test", log=False),
        pytest.raises(IntegrityError, match="welfare_service_within_cost"),
        transaction.atomic(),
    ):
        WelfareService.objects.create(
            child=child, region_id=child.region_id, programme="tomorrow", kind="treatment", date=dt.date(2026, 9, 3),
            provider="x", cost=100, insurance_paid=60, programme_paid="40.01", user=office.cast.users["clerk"], at=AT,
        )  # fmt: skip


def test_an_orphan_under_18_and_a_grown_one_who_studies(office: Office) -> None:
    add(office, orphan(office))
    grown = {"birth_date": dt.date(2007, 3, 1), "category_since": dt.date(2015, 1, 1)}
    add(office, orphan(office, school_stage="higher", **grown))
    for child in (orphan(office, school_stage="left_school", **grown), office.child("own")):
        with pytest.raises(
            TransitionRefused, match="for orphans under 18, and for grown ones who still study"
        ):
            add(office, child)
    assert add(office, office.child("own"), programme="county").programme == "county"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"date": dt.date(2026, 10, 21)}, "still to come"),
        ({"date": dt.date(2001, 1, 1)}, "before the child's birth"),
        ({"cost": Decimal(-1)}, "never below nothing"),
    ],
)
def test_what_is_refused(office: Office, fields: dict[str, Any], message: str) -> None:
    with pytest.raises(TransitionRefused, match=message):
        add(office, orphan(office), **fields)


def test_counts_of_a_year_by_kind_and_who_had_no_check_up(office: Office) -> None:
    """O-17 counts 46 orphans with check-ups and rehabilitation: children once, services each time."""
    seen, unseen = orphan(office), orphan_again(office)
    for day in (3, 9):
        add(
            office,
            seen,
            kind="checkup",
            date=dt.date(2026, 9, day),
            cost=Decimal(200),
            insurance_paid=Decimal(0),
            programme_paid=Decimal(200),
        )
    add(office, seen)
    add(office, seen, date=dt.date(2025, 9, 3))
    with office.as_("clerk"):
        rows = {row.kind.value: row for row in service.year_table(2026)}
        assert set(rows) == {"treatment", "checkup"}
        assert (rows["checkup"].children, rows["checkup"].times, rows["checkup"].programme_paid) == (
            1,
            2,
            Decimal("400.00"),
        )
        assert [child.pk for child in service.unseen(2026)] == [unseen.pk]
        assert [row.date.year for row in service.of_year(2025)] == [2025]


def test_what_was_written_in_error_is_taken_out_with_a_reason(office: Office) -> None:
    made = add(office, orphan(office))
    with office.as_("clerk") as actor:
        with pytest.raises(TransitionRefused, match="Write the reason"):
            service.remove_service(actor=actor, service=made, reason=" ")
        service.remove_service(actor=actor, service=made, reason="录入错误")
        assert not WelfareService.objects.exists()
    with system_scope(reason="test", log=False):
        history = WelfareService.pgh_event_model._base_manager.order_by("pgh_id")  # type: ignore[attr-defined]
        assert [row.pgh_label for row in history] == ["insert", "delete"]
