"""Pairs are reviewed by keyboard, one request a key, on a desk and on a phone, also without scripts."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from cases.matching.review.services import pending_pairs
from cases.models import MatchCandidate, MatchRun
from tests.journeys.conftest import DESK, PHONE, Person

pytestmark = [pytest.mark.journey, pytest.mark.slow]

Arrive = Callable[..., Person]
CLERK = "zhaoqinghe"


def first_run(person: Person) -> int:
    return person.seen_by(lambda: MatchRun.objects.order_by("period", "pk").values_list("pk", flat=True)[0])


def states(person: Person, run: int) -> dict[int, str]:
    found = MatchCandidate.objects.filter(run_id=run, tier="review")
    return person.seen_by(lambda: dict(found.values_list("list_row_id", "state")))


def row_of(page: Page) -> int:
    """The row whose pair is shown."""
    address = page.locator("ul[data-keys] a[aria-current]").get_attribute("href") or ""
    return int(address.rsplit("row=", 1)[1])


def press(page: Page, key: str) -> None:
    """Press a key and wait until its answer stands on the page."""
    page.evaluate("document.querySelector('#review h1').dataset.before = '1'")
    page.keyboard.press(key)
    expect(page.locator("#review h1:not([data-before])")).to_be_visible()


def test_the_keys_decide_without_a_page_load(people: Arrive) -> None:
    clerk = people(CLERK, DESK).sign_in()
    page, run = clerk.page, first_run(clerk)
    clerk.open(f"/lists/runs/{run}/review/")
    clerk.picture("17-review-keys")
    page.evaluate("window.stays = true")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.method) if "/lists/" in request.url else None)
    before = states(clerk, run)

    first = row_of(page)
    press(page, "u")
    assert asked == ["POST"]
    assert states(clerk, run)[first] == "unsure"
    second = row_of(page)
    assert second != first
    press(page, "n")
    assert asked == ["POST", "POST"]
    assert states(clerk, run)[second] in ("rejected", "proposed")
    press(page, "z")
    assert states(clerk, run)[second] == before[second]
    assert row_of(page) == second
    press(page, "s")
    third = row_of(page)
    assert third not in (first, second)
    press(page, "k")
    assert row_of(page) == second
    press(page, "j")
    assert row_of(page) == third
    page.keyboard.press("?")
    expect(page.locator("#review-help p").first).to_be_visible()
    assert page.evaluate("window.stays") is True
    # Nothing is lost by looking: what is shown now is what waits.
    clerk.open(f"/lists/runs/{run}/review/?state=unsure")
    expect(page.locator(f"ul[data-keys] a[href$='row={first}']")).to_be_visible()


def test_on_a_phone_the_buttons_do_the_same(people: Arrive) -> None:
    clerk = people(CLERK, PHONE).sign_in()
    page, run = clerk.page, first_run(clerk)
    clerk.open(f"/lists/runs/{run}/review/")
    clerk.picture("17-review-phone")
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= PHONE["width"]
    row = row_of(page)
    with page.expect_response(lambda answer: "/decide/" in answer.url):
        page.locator("form:has(input[value=other]) button").click()
    assert states(clerk, run)[row] in ("rejected", "proposed")
    assert clerk.seen_by(lambda: pending_pairs(MatchRun.objects.get(pk=run)).exists())
