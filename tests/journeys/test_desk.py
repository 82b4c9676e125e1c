"""A supervisor clears a mixed queue with the keyboard alone: nothing is clicked after the sign-in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from cases.models import Case, CaseAction, Discrepancy, GuardianshipAssessment, PotentialChild, Visit
from tests.journeys.conftest import DESK, PHONE, Person

pytestmark = [pytest.mark.journey, pytest.mark.slow]

Arrive = Callable[..., Person]


def current(page: Page) -> tuple[str, int]:
    """Source and key of the item whose panel is open."""
    row = str(page.locator("#review [data-work]").get_attribute("data-work"))
    _work, source, pk = row.split("-")
    return source, int(pk)


def press(page: Page, *keys: str) -> None:
    """Press keys, the last of which asks for another panel, and wait until it stands."""
    page.evaluate("document.querySelector('#review [data-work]').dataset.before = '1'")
    for key in keys:
        page.keyboard.press(key)
    expect(page.locator("#review [data-work]:not([data-before])")).to_be_visible()


def typed(page: Page, key: str, words: str) -> str:
    """Decide with a key, the first code that is offered, and words; returns the key."""
    page.keyboard.press(key)
    expect(page.locator("details[data-asks][open] :focus")).to_be_attached()
    field = page.locator("details[open] textarea[name=reason]")
    if page.evaluate("document.activeElement.type") == "radio":
        page.keyboard.press("Space")
        page.keyboard.press("Tab")
    while page.evaluate("document.activeElement.name") != "reason":
        page.keyboard.press("Tab")
    expect(field).to_be_focused()
    page.keyboard.insert_text(words)
    press(page, "Control+Enter")
    return key


def decide(person: Person) -> str:
    """Decide the open item with its keys; returns what was pressed."""
    page = person.page
    source, pk = current(page)
    match source:
        case "visits":
            press(page, "a")
            assert person.seen_by(lambda: Visit.objects.get(pk=pk).state) == "approved"
            return "a"
        case "downgrades":
            typed(page, "h", "再观察一个月。")
            assert person.seen_by(lambda: GuardianshipAssessment.objects.get(pk=pk).state) == "held"
            return "h"
        case "actions":
            typed(page, "a", "已与学校沟通，孩子已返校。")
            assert person.seen_by(lambda: CaseAction.objects.get(pk=pk).note) == "已与学校沟通，孩子已返校。"
            return "a"
        case "cases":
            typed(page, "e", "请区里协调。")
            assert person.seen_by(lambda: Case.objects.get(pk=pk).state) == "escalated"
            return "e"
        case "leads":
            typed(page, "x", "父亲在家照料。")
            assert person.seen_by(lambda: PotentialChild.objects.get(pk=pk).state) == "dropped"
            return "x"
        case "overdue":
            typed(page, "e", "全家外出，十日后返回。")
            return "e"
    press(page, "j")
    return "j"


def test_a_mixed_queue_is_worked_through_with_the_keyboard_alone(people: Arrive) -> None:
    person = people("lishouan", DESK).sign_in()
    page = person.page
    clicks: list[Any] = []
    page.expose_function("clicked", lambda: clicks.append(1))
    person.open("/queue/")
    expect(page.locator("#review [data-work]")).to_be_visible()
    person.picture("50-desk-queue")
    page.evaluate(
        "window.stays = true; addEventListener('click', e => { if (e.isTrusted && e.detail) clicked(); })"
    )
    page.keyboard.press("Shift+?")
    expect(page.locator("[data-help]")).to_have_attribute("open", "")
    page.keyboard.press("Escape")
    expect(page.locator("[data-help]")).not_to_have_attribute("open", "")

    # A decision that lacks its words decides nothing, says why, and Escape closes what asked.
    first = current(page)
    assert first[0] == "downgrades"
    page.keyboard.press("h")
    press(page, "Control+Enter")
    assert current(page) == first
    expect(page.locator("#review [role=alert]")).to_be_visible()
    expect(page.locator("details[data-asks][open]")).to_be_visible()
    assert person.problems.pop().startswith("422 POST")
    shown_at_once = """() => {
        document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true }));
        return [document.querySelector("summary[data-key=H]").offsetParent !== null, document.activeElement.dataset.key];
    }"""
    assert page.evaluate(shown_at_once) == [True, "H"]
    expect(page.locator("details[data-asks][open]")).to_have_count(0)

    seen = {}
    for _step in range(10):
        source, _pk = current(page)
        seen[source] = decide(person)
    assert {"downgrades", "overdue"} <= {source for source, key in seen.items() if key != "j"}
    assert len(seen) >= 3
    expect(page.locator(".cw-queue svg use[href='#i-check']").first).to_be_attached()
    assert page.evaluate("window.stays")  # one page all the while
    assert clicks == []
    with page.expect_navigation():  # nothing is open: back to the queue, as a page of its own
        page.keyboard.press("Escape")
    assert page.evaluate("window.stays === undefined")


def test_visits_are_returned_and_approved_from_the_keyboard(people: Arrive) -> None:
    person = people("lishouan", DESK).sign_in()
    page = person.open("/queue/?source=visits")
    expect(page.locator("#review [data-work]")).to_be_visible()
    source, pk = current(page)
    assert source == "visits"
    typed(page, "r", "请补充孩子的在校情况。")
    assert person.seen_by(lambda: Visit.objects.get(pk=pk).state) == "returned"
    source, following = current(page)
    assert (source, following == pk) == ("visits", False)
    assert decide(person) == "a"


def test_an_item_is_a_page_on_the_phone(people: Arrive) -> None:
    person = people("lishouan", PHONE).sign_in()
    page = person.open("/queue/?source=visits")
    waiting = page.locator(".cw-queue a.cw-item")
    count = waiting.count()
    assert count
    waiting.first.click()
    person.picture("51-desk-item", PHONE)
    expect(page.locator("[data-keys]")).to_be_hidden()
    expect(page.locator(".cw-appbar")).to_contain_text(f"1 / {count}")
    _source, pk = current(page)
    page.locator("#review .cw-decide button", has_text="通过").first.click()
    expect(page.locator(f"[data-work='work-visits-{pk}']")).to_have_count(0)
    assert person.seen_by(lambda: Visit.objects.get(pk=pk).state) == "approved"


def test_a_discrepancy_is_decided_with_its_remedy_from_the_keyboard(people: Arrive) -> None:
    person = people("zhaoqinghe", DESK).sign_in()
    page = person.open("/queue/?source=discrepancies")
    expect(page.locator("#review [data-work]")).to_be_visible()
    source, pk = current(page)
    assert source == "discrepancies"
    page.evaluate("window.stays = true")
    remedy = page.locator("#review details", has=page.locator("input[value='true:nothing']"))
    page.keyboard.press(str(remedy.locator("summary").get_attribute("data-key")))
    expect(remedy).to_have_attribute("open", "")
    expect(remedy.locator("textarea")).to_be_focused()
    press(page, "Control+Enter")  # without a reason nothing is decided, and it stays open
    expect(remedy.locator("textarea")).to_be_visible()
    assert person.problems.pop().startswith("422 POST")
    remedy.locator("textarea").focus()
    page.keyboard.insert_text("与镇街核对，登记无误。")
    press(page, "Control+Enter")
    expect(page.locator("#review")).not_to_contain_text("与镇街核对")
    assert current(page) != (source, pk)  # the next one stands there
    assert page.evaluate("window.stays")

    def decided() -> tuple[str, str, str]:
        found = Discrepancy.objects.get(pk=pk)
        return found.state, found.remedy, found.reason

    assert person.seen_by(decided) == ("true", "nothing", "与镇街核对，登记无误。")
