"""儿童主任待遇: 1,500 yuan a month and up to 400 by appraisal; three people; a list for the finance office (O-43)."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from cases.models import Child, Defect, Visit
from staff.models import Assignment, Post, PostRegion, Region
from staff.parameters import DEFAULTS
from staff.scope import system_scope
from staff.workflow import TransitionRefused
from subsidies.aid import appraisal
from subsidies.aid import staff_pay as service
from subsidies.aid.appraisal import Measures
from subsidies.aid.staff_pay import Line
from subsidies.aid.staff_pay_export import lines
from subsidies.models import StaffPay
from tests.cast import OTHER_VILLAGE, START, TOWNSHIP, VILLAGE
from tests.subsidies.conftest import NOVEMBER, OCTOBER, Office, moment

RULES: dict[str, Any] = DEFAULTS["staff_pay"][0]
AT, TODAY = moment(11, 2), dt.date(2026, 11, 2)


@pytest.mark.parametrize(
    ("points", "performance"),
    [(100, "400.00"), (90, "400.00"), (89, "320.00"), (75, "320.00"), (60, "240.00"), (59, "0.00")],
)
def test_yunnan_1500_and_up_to_400_by_appraisal(points: int, performance: str) -> None:
    """O-43 云南: 1,500 yuan a month, and up to 400 yuan performance pay after appraisal."""
    worth = appraisal.pay(points, RULES)
    assert (worth.base, worth.performance) == (Decimal("1500.00"), Decimal(performance))
    assert worth.total == Decimal("1500.00") + Decimal(performance)


@pytest.mark.parametrize(
    ("measures", "expected"),
    [
        (Measures(children=10, visited=10, visits=14), 100),
        (Measures(children=10, visited=5, visits=5, overdue=5), 60),
        (Measures(children=10, visited=0, overdue=10, unfollowed=10), 0),
        (Measures(children=10, visited=20, visits=20), 100),
        (Measures(), 100),
    ],
)
def test_the_score_of_what_was_counted(measures: Measures, expected: int) -> None:
    assert appraisal.score(measures, RULES["weights"]) == expected


def test_weights_must_make_a_hundred() -> None:
    with pytest.raises(ValueError, match="100"):
        appraisal.score(Measures(), {"visits": 50, "in_time": 30, "files": 10})


def visit(office: Office, child: Child, day: int, who: str = "director", **fields: Any) -> None:
    with system_scope(reason="test", log=False):
        Visit.objects.create(
            child=child, region_id=child.region_id, kind="door", visited_at=moment(10, day), text="x", risk_before="yellow",
            risk="yellow", conducted_by=office.cast.users[who], submitted_at=moment(10, day),
            **({"state": "approved"} | fields),
        )  # fmt: skip


def table(office: Office, who: str = "supervisor", month: dt.date = OCTOBER) -> dict[str, Line]:
    with office.as_(who):
        place = Region.objects.get(pk=TOWNSHIP)
        return {line.user.username: line for line in service.month_table(place, month, TODAY)}


def test_what_is_counted_of_a_month(office: Office) -> None:
    """Two children, one visited twice; a draft, a returned visit and one of September do not count."""
    second = office.another_child("池小荷", next_visit_date=dt.date(2026, 12, 1))
    with system_scope(reason="test", log=False):
        Child.objects.filter(pk=office.child("own").pk).update(next_visit_date=dt.date(2026, 10, 25))
        Defect.objects.create(
            child=second,
            region_id=VILLAGE,
            kind="no_guardian",
            opened_date=START,
            due_date=START,
            state="open",
        )
    for day in (3, 9):
        visit(office, office.child("own"), day)
    visit(office, second, 12, state="returned")
    with system_scope(reason="test", log=False):
        Visit.objects.create(
            child=second, region_id=VILLAGE, kind="door", visited_at=moment(9, 30), text="x", risk_before="yellow",
            risk="yellow", conducted_by=office.cast.users["director"], submitted_at=moment(9, 30), state="approved",
        )  # fmt: skip
    found = table(office)
    assert set(found) == {"director", "other_director"}
    assert found["director"].measures == Measures(children=2, visited=1, visits=2, overdue=1, unfollowed=1)
    assert found["director"].score == 50


def test_a_director_of_two_villages_is_counted_for_both(office: Office) -> None:
    with system_scope(reason="test", log=False):
        PostRegion.objects.create(post=office.cast.assignments["director"].post, region_id=OTHER_VILLAGE)
    assert table(office)["director"].measures.children == 2


def test_who_left_in_the_month_is_still_appraised(office: Office) -> None:
    with system_scope(reason="test", log=False):
        post = Post.objects.create(region_id=VILLAGE, role="director", title="第二席")
        Assignment.objects.create(
            user=office.cast.users["nobody"], post=post, start_date=START, end_date=dt.date(2026, 10, 5)
        )
    assert "nobody" in table(office)
    assert "nobody" not in table(office, month=NOVEMBER)


def appraise(
    office: Office, points: int = 100, note: str = "", who: str = "supervisor", user: str = "director"
) -> list[StaffPay]:
    with office.as_(who) as actor:
        place = Region.objects.get(pk=TOWNSHIP)
        given = {office.cast.users[user].pk: (points, note)}
        return service.appraise(actor=actor, at=AT, place=place, month=OCTOBER, given=given)


def test_from_the_appraisal_to_the_payment_by_three_people(office: Office) -> None:
    visit(office, office.child("own"), 3)
    (row,) = appraise(office, 70, "十月有两次未按时提交")
    assert (row.base, row.performance, row.performance_most) == (
        Decimal("1500.00"),
        Decimal("240.00"),
        Decimal("400.00"),
    )
    assert row.measures["visited"] == 1
    with office.as_("clerk") as clerk:
        assert service.approve(actor=clerk, at=AT, ids=[row.pk]) == 1
        with pytest.raises(TransitionRefused, match="Nothing waits"):
            service.approve(actor=clerk, at=AT, ids=[row.pk])
        assert service.mark_paid(actor=clerk, at=AT, ids=[row.pk], day=TODAY) == 1
        rows = list(lines({"month": OCTOBER.isoformat()}, TODAY, False))
    assert rows[1][1:3] == ["王念慈", "director"]
    assert rows[1][6:10] == [1500.0, 70, 240.0, 1740.0]
    with pytest.raises(TransitionRefused, match="approved already"):
        appraise(office, 71, "x")
    with office.as_("director"):
        (own,) = service.own(office.cast.users["director"].pk)
        assert (own.state, own.paid_date) == ("paid", TODAY)


def test_a_score_by_hand_says_why(office: Office) -> None:
    visit(office, office.child("own"), 3)
    counted = table(office)["director"].score
    appraise(office, counted)
    with pytest.raises(TransitionRefused, match="say why"):
        appraise(office, counted - 1)
    with pytest.raises(TransitionRefused, match="between 0 and 100"):
        appraise(office, 101, "x")


def test_until_approval_it_is_appraised_anew(office: Office) -> None:
    appraise(office, 60, "x")
    appraise(office, 90, "更正")
    with office.as_("supervisor"):
        (row,) = StaffPay.objects.all()
        assert (row.score, row.performance) == (90, Decimal("400.00"))


@pytest.mark.parametrize("who", ["director", "clerk", "approver"])
def test_only_the_supervisor_appraises(office: Office, who: str) -> None:
    with pytest.raises(TransitionRefused, match="does not have this duty"):
        appraise(office, 90, "x", who=who)


def test_the_database_refuses_ones_own_appraisal_and_approval(office: Office) -> None:
    users = office.cast.users
    common: dict[str, Any] = {
        "region_id": VILLAGE, "user": users["director"], "month": OCTOBER, "base": 1500, "performance_most": 400, "score": 90,
        "appraised_at": AT,
    }  # fmt: skip
    with system_scope(reason="test", log=False):
        for fields, name in (
            ({"performance": 400, "appraised_by": users["director"]}, "staff_pay_appraiser_is_another"),
            (
                {"performance": 400, "appraised_by": users["supervisor"], "approved_by": users["supervisor"]},
                "staff_pay_approver_is_another",
            ),
            ({"performance": "400.01", "appraised_by": users["supervisor"]}, "staff_pay_within"),
            (
                {"performance": 400, "appraised_by": users["supervisor"], "state": "paid"},
                "staff_pay_approved_before_paid",
            ),
        ):
            with pytest.raises(IntegrityError, match=name), transaction.atomic():
                StaffPay.objects.create(**common, **fields)
        StaffPay.objects.create(**common, performance=400, appraised_by=users["supervisor"])
        with pytest.raises(IntegrityError, match="staff_pay_once_a_month"), transaction.atomic():
            StaffPay.objects.create(**common, performance=0, appraised_by=users["supervisor"])


def test_a_director_sees_no_other_pay(office: Office) -> None:
    appraise(office, 90, "x", user="other_director")
    with office.as_("director"):
        assert not StaffPay.objects.exists()
    with office.as_("other_director"):
        assert StaffPay.objects.count() == 1
