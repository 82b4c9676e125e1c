"""Journeys: a child goes to another county, decided by two clerks; and two villages become one, on the page."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from cases.models import Child, Transfer
from staff.models import Assignment, Region
from tests.journeys.conftest import DESK, PHONE, Person

pytestmark = [pytest.mark.journey, pytest.mark.slow]

Arrive = Callable[..., Person]


def test_a_child_goes_to_another_county(people: Arrive) -> None:
    clerk = people("zhaoqinghe", DESK).sign_in()
    # Nothing under way: no allowance, no application.
    child = clerk.seen_by(
        lambda: (
            Child.objects.on_register()
            .filter(entitlements__isnull=True, applications__isnull=True, region__gte=500152104000)
            .order_by("pk")[0]
        )
    )
    page = clerk.open(f"/children/{child.pk}/transfer/")
    places = page.locator("#transfer-places select")
    expect(places).to_have_count(5)
    # Another province starts anew below it; single divisions choose themselves.
    places.nth(0).select_option("340000000000")
    expect(places.nth(2)).to_have_value("341222000000")
    expect(page.locator(".htmx-added, .htmx-settling")).to_have_count(0)  # from then on the new ones listen
    places.nth(3).select_option("341222100000")
    expect(places).to_have_count(5)
    expect(places.nth(4)).to_have_attribute("name", "to_region")
    village = clerk.seen_by(lambda: Region.objects.filter(parent_id=341222100000).order_by("code")[0])
    places.nth(4).select_option(str(village.pk))
    page.locator("input[name=reason_code][value=family_moved]").check()
    page.locator("textarea[name=reason]").fill("全家到太和县居住")
    with page.expect_navigation():
        page.locator("button[form=transfer]").click()
    clerk.sees(child.name, "全家到太和县居住")
    address = page.url
    clerk.picture("34-transfer-proposed", DESK, PHONE)

    other = people("xutaxiang", PHONE).sign_in()
    other.open("/transfers/")
    other.sees(child.name)
    other.follow(child.name)
    expect(other.page).to_have_url(address)
    answer = other.page.goto(f"/children/{child.pk}/")
    assert answer is not None
    assert answer.status == 404
    other.problems.clear()
    other.open(address)
    other.picture("35-transfer-to-decide", PHONE)
    with other.page.expect_navigation():
        other.page.locator("form:has(input[name=action][value=accept]) button").first.click()
    other.page.goto(f"/children/{child.pk}/")
    other.sees(child.name)
    other.open(f"/children/{child.pk}/file/timeline/")
    other.sees(village.name)

    gone = clerk.page.goto(f"/children/{child.pk}/")
    assert gone is not None
    assert gone.status == 404
    clerk.problems.clear()
    clerk.open("/transfers/?show=past")
    clerk.sees(child.name)
    kept = clerk.seen_by(lambda: Transfer.objects.get(child_id=child.pk))
    assert (kept.state, kept.to_region_id) == ("accepted", village.pk)


def test_two_villages_become_one(people: Arrive) -> None:
    clerk = people("zhaoqinghe", DESK).sign_in()

    def looked() -> tuple[Region, Region, int, int]:
        # A township of its own, so that no other journey misses a village.
        old, new = Region.objects.filter(parent_id=500152109000, valid_to=None).order_by("code")[:2]
        inside = Child.objects.filter(region__in=[old.pk, new.pk])
        return old, new, inside.count(), Child.objects.count()

    old, new, both, everybody = clerk.seen_by(looked)
    page = clerk.open("/divisions/change/")
    page.locator("input[name=kind][value=merge]").check()
    page.locator("select[name=code]").select_option(str(old.pk))
    page.locator("select[name=target]").select_option(str(new.pk))
    page.locator("input[name=document]").fill("潼府发〔2026〕21号")
    with page.expect_navigation():
        page.locator("button[form=change]").click()
    clerk.sees(old.short_name, new.short_name, "潼府发〔2026〕21号")
    assert clerk.seen_by(lambda: Region.objects.get(pk=old.pk).valid_to) is None
    clerk.picture("36-division-preview", DESK)
    with page.expect_navigation(url=re.compile(r"/divisions/$")):
        page.locator("button[form=confirm]").click()
    clerk.sees(old.name, new.name)
    joined, total = clerk.seen_by(
        lambda: (Child.objects.filter(region_id=new.pk).count(), Child.objects.count())
    )
    assert (joined, total) == (both, everybody)
    holders = clerk.seen_by(lambda: Assignment.objects.filter(region_id=old.pk, end_date=None).count())
    assert holders == 0
