"""Entrusted care on the phone, an assessment at the desk: a contact in two taps, a colour that rises."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from cases.care import services as care
from cases.models import CareContact, Child, EntrustedCare, GuardianshipAssessment
from tests.journeys.conftest import PHONE, Person

pytestmark = [pytest.mark.journey, pytest.mark.slow]

Arrive = Callable[..., Person]


def test_a_contact_in_two_taps_and_an_assessment_that_raises_the_colour(people: Arrive) -> None:
    director = people("wangnianci", PHONE).sign_in()
    at = timezone.now()

    def entrust() -> EntrustedCare:
        taken = EntrustedCare.objects.filter(end_date__isnull=True).values("child")
        green = Child.objects.on_register().filter(risk="green").exclude(pk__in=taken)
        child = green.order_by("pk")[0]
        data = care.CareData(
            entrusted_by="mother",
            carer_name="田秀莲",
            carer_relation="grandmother",
            start_date=timezone.localdate(at) - dt.timedelta(days=30),
        )
        return care.add_care(child, data, at=at)

    entrusted = director.seen_by(entrust)
    director.open("/")
    director.page.locator("a[href*='show=overdue']").click()
    director.page.locator(f"a[href*='/cares/{entrusted.pk}/']:visible").click()  # the first tap
    director.page.locator("button[name=kind][value=phone]").click()  # the second
    director.page.wait_for_url("**/cares/?show=overdue")
    contact = director.seen_by(lambda: CareContact.objects.get(care=entrusted))
    assert contact.kind == "phone"

    supervisor = people("lishouan").sign_in()
    page = supervisor.open(f"/children/{entrusted.child_id}/assessment/")
    for item in page.locator("form#assessment fieldset").all():
        item.locator("label.cw-choice").first.click()
    page.locator("input[name=item_abuse_hits][value=now]").locator("xpath=..").click()
    expect(page.locator("#running")).to_contain_text("66 / 66")
    page.locator(".cw-savebar button").click()
    page.wait_for_url("**/assessments/*/")
    made = supervisor.seen_by(lambda: GuardianshipAssessment.objects.get(child_id=entrusted.child_id))
    child = supervisor.seen_by(lambda: Child.objects.get(pk=entrusted.child_id))
    assert (made.grade, child.risk) == ("improper", "yellow")
