"""The visit form of the demo county in a browser: what a kind of visit asks, and what an answer does."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from cases.models import Child
from tests.journeys.conftest import PHONE, Person

pytestmark = [pytest.mark.journey, pytest.mark.slow]


def test_a_form_shows_what_its_kind_of_visit_asks(people: Callable[..., Person]) -> None:
    person = people("wangnianci", PHONE).sign_in()
    child = person.seen_by(lambda: Child.objects.on_register().order_by("pk")[0])
    page = person.open(f"/visits/add/?child={child.pk}")
    person.sees("潼南区走访表（冬季）", "家里能安全取暖吗？")
    special = page.locator("[data-only-kind=special]")
    expect(special.first).to_be_hidden()
    page.get_by_label("特殊", exact=True).check()
    expect(special.first).to_be_visible()
    page.get_by_label("入户", exact=True).check()
    expect(special.first).to_be_hidden()
    expect(
        special.first.locator("input").first
    ).to_be_disabled()  # what is not asked is neither missing nor sent
    # The county's own question turns yellow at its own answer, the known ones at 有.
    heating = page.locator(".cw-ask", has_text="取暖")
    heating.get_by_label("不能", exact=True).check()
    expect(heating).to_have_class("cw-ask is-yes")
    heating.get_by_label("能", exact=True).check()
    expect(heating).to_have_class("cw-ask")
    page.get_by_label("红·高").check()
    expect(page.locator("[name=next_visit_date]")).not_to_have_value("")
