"""A standard that was entered wrong is put right by another person; nothing of it is lost, and nobody else is paid by it."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from staff.scope import system_scope
from subsidies.models import Rate, Recovery
from subsidies.terms.rating import RateRefused, add_rate, correct_rate
from tests.subsidies.conftest import DECEMBER, NOVEMBER, OCTOBER, Office, moment

REASON = "多打了一个零"


def entered(office: Office, amount: str = "16500.00", start: dt.date = NOVEMBER) -> Rate:
    with office.as_("clerk") as clerk:
        return add_rate(
            actor=clerk, at=moment(10, 25), region=office.region(), scheme=office.scheme, placement="scattered",
            category="", grade="", amount=Decimal(amount), valid_from=start, source="渝民发〔2026〕9号",
        )  # fmt: skip


def corrected(
    office: Office, rate: Rate, amount: str, start: dt.date = NOVEMBER, who: str = "approver"
) -> Rate:
    with office.as_(who) as actor:
        return correct_rate(
            actor=actor, at=moment(10, 26), rate=rate, reason=REASON, scheme=office.scheme, placement="scattered",
            category="", grade="", amount=Decimal(amount), valid_from=start, source="渝民发〔2026〕9号",
        )  # fmt: skip


def test_it_is_corrected_before_it_was_paid_with(office: Office) -> None:
    office.entitle(office.child("own"))
    wrong = entered(office)
    right = corrected(office, wrong, "1650.00")
    assert [line.amount for line in office.lines(office.prepare(NOVEMBER))] == [Decimal("1650.00")]
    wrong.refresh_from_db()
    users = office.cast.users
    assert (wrong.superseded, wrong.amount, wrong.user) == (True, Decimal("16500.00"), users["clerk"])
    assert (right.corrects, right.user, right.reason) == (wrong, users["approver"], REASON)


def test_a_mistyped_month_is_corrected_as_well(office: Office) -> None:
    office.entitle(office.child("own"))
    corrected(office, entered(office, "1650.00", OCTOBER), "1650.00", NOVEMBER)
    assert [line.amount for line in office.lines(office.prepare(OCTOBER))] == [Decimal("1550.00")]
    # The month is free again, and the corrected one is taken.
    entered(office, "1600.00", OCTOBER)
    with pytest.raises(RateRefused, match="begins in this month already"):
        entered(office, "1700.00", NOVEMBER)


def test_what_was_paid_with_it_is_worked_out_again(office: Office) -> None:
    office.confirmed(office.child("own"))
    office.pay(OCTOBER)
    wrong = entered(office, "1950.00")
    office.pay(NOVEMBER)
    corrected(office, wrong, "1650.00")
    assert [line.amount for line in office.lines(office.prepare(DECEMBER))] == [Decimal("1650.00")]
    with system_scope(reason="test", log=False):
        assert list(Recovery._base_manager.values_list("month", "amount")) == [(NOVEMBER, Decimal("300.00"))]


def test_one_person_alone_corrects_nothing(office: Office) -> None:
    wrong = entered(office)
    with pytest.raises(RateRefused, match="by the approver"):
        corrected(office, wrong, "1650.00", who="clerk")
    for statement in (
        "UPDATE subsidies_rate SET superseded = true WHERE id = %s",
        "UPDATE subsidies_rate SET amount = 1650 WHERE id = %s",
    ):
        with (
            office.as_("clerk"),
            pytest.raises(IntegrityError, match="is kept"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement, [wrong.pk])
    right = corrected(office, wrong, "1650.00")
    with pytest.raises(RateRefused, match="corrected already"):
        corrected(office, wrong, "1660.00")
    with pytest.raises(RateRefused, match="by the approver"):
        corrected(office, right, "1660.00")


def test_on_the_pages(office: Office) -> None:
    english = {"accept-language": "en"}
    clerk, approver = (office.cast.client(name, headers=english) for name in ("clerk", "approver"))
    form = {
        "scheme": office.scheme.pk, "placement": "scattered", "category": "", "grade": "", "amount": "16500",
        "valid_from": "2026-12", "source": "渝民发〔2026〕9号",
    }  # fmt: skip
    assert clerk.post(reverse("subsidies:rate_add"), form).status_code == 302
    assert "the approver corrects it" in clerk.post(reverse("subsidies:rate_add"), form).content.decode()
    rate = Rate.objects.get(valid_from=DECEMBER)
    url = reverse("subsidies:rate_correct", args=[rate.pk])
    assert url not in clerk.get(reverse("subsidies:rates")).content.decode()
    assert clerk.get(url).status_code == 403
    assert url in approver.get(reverse("subsidies:rates")).content.decode()
    assert "16500" in approver.get(url).content.decode()
    assert approver.post(url, form | {"amount": "1650"}).status_code == 200  # no reason
    assert approver.post(url, form | {"amount": "1650", "reason": REASON}).status_code == 302
    page = approver.get(reverse("subsidies:rates")).content.decode()
    assert "it counts no more" in page
    assert f"corrects 16,500.00: {REASON}" in page
    # Neither the corrected one, nor one's own.
    assert url not in page
    assert reverse("subsidies:rate_correct", args=[Rate.objects.get(amount=1650).pk]) not in page
