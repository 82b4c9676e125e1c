"""The behaviours of static/js in a real browser, on pages made of our templates and served under our policy."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.pages import Server, browser, context, page, server

__all__ = ["browser", "context", "page", "server"]
pytestmark = pytest.mark.journey


def test_an_answer_yes_turns_its_block_yellow(page: Page, server: Server) -> None:
    page.goto(server.url + "/visit")
    block = page.locator(".cw-ask")
    page.get_by_label("Yes, there is").check()
    expect(block).to_have_class(re.compile("is-yes"))
    expect(page.get_by_text("Say how")).to_be_visible()
    page.get_by_label("No, none").check()
    expect(block).not_to_have_class(re.compile("is-yes"))


def test_keys_decide_and_move_but_not_while_typing(page: Page, server: Server) -> None:
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(server.url + "/queue")
    page.locator("#words").fill("")
    page.locator("#words").press("a")
    assert server.posted == []
    page.locator("#words").blur()
    page.keyboard.press("r")
    expect(page.locator("textarea[name=reason]")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("textarea[name=reason]")).to_be_hidden()
    page.keyboard.press("j")
    expect(page.locator("#beside h2")).to_have_text("秦白露")
    expect(page.locator("a[aria-current]")).to_contain_text("秦白露")
    page.goto(server.url + "/queue")
    page.keyboard.press("a")
    expect(page.get_by_text("decided")).to_be_visible()
    assert "action=approve" in server.posted[-1]["body"]


def test_on_a_phone_a_row_opens_as_a_page(page: Page, server: Server) -> None:
    page.goto(server.url + "/queue")
    page.get_by_role("link", name="秦白露").click()
    page.wait_for_url("**/queue?at=2")
    expect(page.locator("main")).to_be_visible()


def test_a_number_is_shown_in_the_dialog_and_hidden_again(page: Page, server: Server) -> None:
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(server.url + "/queue")
    page.locator("a[data-dialog]").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    dialog.get_by_label("Papers").check()
    dialog.get_by_role("button", name="Show for 1 seconds").click()
    expect(dialog).to_contain_text("500152201703021013")
    expect(page.locator("#dialog")).to_be_hidden()
    assert "500152201703021013" not in page.content()
