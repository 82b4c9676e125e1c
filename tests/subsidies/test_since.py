"""Between preparing and release: a line whose payee or right has changed is neither approved nor released."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.urls import reverse

from cases.models import Child
from staff.scope import system_scope
from subsidies.batches import services as batches
from subsidies.batches.since import changed_since
from subsidies.models import Payment, PaymentBatch
from subsidies.preparing.refusals import BatchRefused
from tests.subsidies.conftest import NOVEMBER, OCTOBER, Office, card, moment

SEPTEMBER = dt.date(2026, 9, 1)
DAY = dt.date(2026, 10, 20)


def change(instance: Any, **fields: Any) -> None:
    with system_scope(reason="test", log=False):
        for name, value in fields.items():
            setattr(instance, name, value)
        instance.save()


def whats(batch: PaymentBatch) -> list[str]:
    return [change.what for change in changed_since(batch, DAY)[1]]


def test_nothing_has_changed(office: Office) -> None:
    office.entitle(office.child("own"))
    office.entitle(office.child("township"))
    batch = office.prepare(OCTOBER)
    assert changed_since(batch, DAY) == (0, [])
    assert office.release(office.approve(batch)).state == "released"


def test_another_account_stops_the_release_and_the_month_is_worked_out_anew(office: Office) -> None:
    office.entitle(office.child("own"))
    batch = office.approve(office.prepare(OCTOBER))
    office.give_account(office.child("own"), card("9999"), name="新监护人")
    with pytest.raises(
        BatchRefused, match=r"1 line has changed .* another payee or account.*Return the batch"
    ):
        office.release(batch)
    with office.as_("releaser") as releaser:
        batches.act("stop", actor=releaser, at=moment(10, 21), batch=batch, reason="领款人已变更")
    anew = office.prepare(OCTOBER)
    assert [line.payee_name for line in office.lines(anew)] == ["新监护人"]
    assert office.release(office.approve(anew)).state == "released"


def test_a_right_that_ended_meanwhile_is_not_approved_until_its_line_is_held(office: Office) -> None:
    right = office.entitle(office.child("own"))
    office.entitle(office.child("township"))
    batch = office.prepare(OCTOBER)
    change(right, end_month=SEPTEMBER, state="ended", end_reason="death")
    assert whats(batch) == ["ended"]
    with pytest.raises(BatchRefused, match=f"{office.child('own').name}: the allowance has ended"):
        office.approve(batch)
    with office.as_("clerk") as clerk:
        line = Payment.objects.get(batch=batch, entitlement=right)
        batches.hold(actor=clerk, at=moment(10, 20), payment=line, reason_code="other", note="已去世")
    with office.as_("clerk"):
        batch.refresh_from_db()
    assert office.release(office.approve(batch)).state == "released"


def test_who_left_the_register_after_the_preparation(office: Office) -> None:
    office.entitle(office.child("own"))
    child = office.child("own")
    batch = office.prepare(OCTOBER)
    with system_scope(reason="test", log=False):
        Child.objects.filter(pk=child.pk).update(left_date=DAY, left_reason="06")
    assert whats(batch) == ["left"]


def test_who_had_left_before_is_an_exception_that_the_clerk_explains(office: Office) -> None:
    office.entitle(office.child("own"))
    child = office.child("own")
    with system_scope(reason="test", log=False):
        Child.objects.filter(pk=child.pk).update(left_date=DAY, left_reason="06")
    assert whats(office.prepare(OCTOBER)) == []


def test_it_costs_the_same_for_many_lines(office: Office, django_assert_num_queries: Any) -> None:
    for child in ("own", "neighbour", "township"):
        office.entitle(office.child(child))
    batch = office.prepare(NOVEMBER)
    with system_scope(reason="test", log=False):
        Child.objects.update(left_date=DAY, left_reason="06")
        assert batch.region.lo
        assert batch.scheme.code
    with office.as_("clerk"), django_assert_num_queries(1):
        count, changes = changed_since(batch, DAY)
    assert count == len(changes) == 3


def test_the_page_says_it_before_the_button_is_pressed(office: Office) -> None:
    office.entitle(office.child("own"))
    batch = office.prepare(OCTOBER)
    url = reverse("subsidies:batch", args=[batch.pk])
    assert "情况已变化" not in office.cast.client("approver").get(url).content.decode()
    office.give_account(office.child("own"), card("9999"), name="新监护人")
    assert "情况已变化" in office.cast.client("approver").get(url).content.decode()


def test_the_releaser_is_told_before_the_password_is_typed(office: Office) -> None:
    office.entitle(office.child("own"))
    batch = office.approve(office.prepare(OCTOBER))
    url = reverse("subsidies:batch_release", args=[batch.pk])
    assert "情况已变化" not in office.cast.client("releaser").get(url).content.decode()
    office.give_account(office.child("own"), card("9999"), name="新监护人")
    page = office.cast.client("releaser").get(url).content.decode()
    assert "请退回经办人" in page
    assert "情况已变化" in page
