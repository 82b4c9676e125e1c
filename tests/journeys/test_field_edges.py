"""Edges of the phone's story: Back at what was sent, a phone laid aside, an address that is not encrypted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from cases.models import Visit, VisitPhoto
from tests.journeys.conftest import PHONE, PLAIN, Office, Person, keeps, until
from tests.journeys.test_field_sending import NOTHING_FOUND, answer, quiet_children, sent_home, stored
from tests.journeys.test_field_vault import child_row, draft_row, open_app, prepare, unlock
from tests.journeys.village import photograph

pytestmark = [pytest.mark.journey, pytest.mark.slow]

DIRECTOR = "wangnianci"
# What a browser says to pages when the app goes out of sight, and comes back.
SEEN = """(hidden) => {
  Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


def begin(page: Page, number: int) -> None:
    """A blank form for a child."""
    page.wait_for_load_state()
    page.goto(f"/field/#/visit/{number}")
    expect(page.locator("#visit[data-outbox-ready]")).to_be_attached()


def test_back_at_a_visit_that_was_sent_leads_to_the_list_and_sends_nothing_twice(
    people: Callable[..., Person],
) -> None:
    director = people(DIRECTOR, PHONE).sign_in()
    [child] = quiet_children(director, 1)
    page = open_app(director)
    sent: list[str] = []
    page.on("request", lambda one: sent.append(one.url) if one.method == "PUT" else None)
    begin(page, child.pk)
    page.locator("#visit textarea[name=text]").fill("先写一半。")
    keeps(page)
    director.open("/field/#/")
    draft_row(page).first.click()
    expect(page.locator("#visit[data-outbox-ready]")).to_be_attached()
    item = page.evaluate("location.hash")
    assert item.startswith("#/item/")
    answer(director, child.risk, "写完发出。", 0)
    page.locator("[type=submit][form=visit]").click()
    expect(page.locator("[data-outbox-items] > li", has_text=child.name)).to_have_attribute(
        "data-state", "sent"
    )
    page.go_back()
    expect(child_row(page).first).to_be_visible()
    assert page.evaluate("location.hash") == "#/"
    # By its address too, and after a reload.
    director.open(f"/field/{item}")
    page.reload()
    expect(child_row(page).first).to_be_visible()
    expect(page.locator("#visit")).to_have_count(0)
    expect(draft_row(page)).to_have_count(0)
    assert len(sent) == 1
    assert stored(director, child) == [("submitted", "写完发出。", 0, 0)]


def test_half_an_hour_out_of_sight_locks_the_screen_and_keeps_what_was_being_written(
    people: Callable[..., Person],
) -> None:
    director = people(DIRECTOR, PHONE).sign_in()
    child = quiet_children(director, 2)[1]
    page = open_app(director)
    prepare(director)
    begin(page, child.pk)
    director.context.set_offline(True)
    begun = dt.datetime.now(dt.UTC)
    text = page.locator("#visit textarea[name=text]")

    def away(minutes: float) -> None:
        page.clock.set_fixed_time(begun)
        page.evaluate(SEEN, True)
        page.clock.set_fixed_time(begun + dt.timedelta(minutes=minutes))
        page.evaluate(SEEN, False)

    away(29)
    expect(text).to_be_visible()
    page.get_by_label("电话", exact=True).check()
    text.fill("手机放下时正写到这里")
    away(31)  # at once: nothing has waited for the words to be kept
    expect(page.locator("[data-unlock]")).to_be_visible()
    expect(page.locator("#visit")).to_have_count(0)
    assert child.name not in page.content()
    unlock(page)
    expect(text).to_have_value("手机放下时正写到这里")
    expect(page.get_by_label("电话", exact=True)).to_be_checked()


def test_over_plain_http_the_pages_are_ordinary_forms_and_say_so(
    people: Callable[..., Person], office: Office
) -> None:
    director = people(DIRECTOR, PHONE, base_url=f"http://{PLAIN}:{office.port}").sign_in()
    child = quiet_children(director, 3)[2]
    page = director.open("/field/")
    assert page.evaluate("window.isSecureContext") is False
    expect(page.locator("[data-view] a[href='/visits/add/']")).to_be_visible()
    expect(page.locator("[data-unlock]")).to_be_hidden()
    director.picture("field-insecure")
    director.open("/outbox/")
    expect(page.locator("[data-outbox-locked=insecure]")).to_be_visible()
    expect(page.locator("[data-outbox-empty]")).to_be_hidden()
    director.open(f"/visits/add/?child={child.pk}")
    unkept = page.locator("[data-saved]").get_attribute("data-word-unkept")
    expect(page.locator("[data-saved-state]")).to_have_text(str(unkept))
    page.get_by_label("入户", exact=True).check()
    page.get_by_label("儿童本人", exact=True).check()
    page.evaluate(NOTHING_FOUND)
    page.locator(f"[name=risk][value={child.risk}]").check()
    page.locator("textarea[name=text]").fill("没有加密的地址。")
    shot = {"name": "1.jpg", "mimeType": "image/jpeg", "buffer": photograph()}
    page.locator("input[type=file]").set_input_files([shot])  # type: ignore[list-item]
    expect(page.locator(".cw-photo canvas")).to_have_count(1)
    director.press("提交走访")
    sent_home(director)

    def look() -> list[tuple[Any, ...]]:
        found = Visit.objects.filter(child=child, text="没有加密的地址。")
        return [(one.state, VisitPhoto.objects.filter(visit=one).count()) for one in found]

    assert director.seen_by(look) == [("submitted", 1)]
    until(page, "async () => !(await indexedDB.databases()).length")  # nothing is kept in clear
    director.problems[:] = [one for one in director.problems if "untrustworthy" not in one]


def test_what_is_missing_is_said_before_the_signal_is_back_and_a_closed_door_asks_nothing(
    people: Callable[..., Person],
) -> None:
    director = people(DIRECTOR, PHONE).sign_in()
    [child] = quiet_children(director, 1)
    page = open_app(director)
    begin(page, child.pk)
    director.context.set_offline(True)
    page.get_by_label("入户", exact=True).check()
    page.evaluate(NOTHING_FOUND)
    page.locator(f"[name=risk][value={child.risk}]").check()
    page.locator("#visit textarea[name=text]").fill("大门紧锁。")
    at = page.locator("#visit [name=visited_at]")
    now = at.input_value()
    complaint = "name => document.querySelector(`#visit [name=${name}]`).validationMessage"
    hand_in = page.locator("[type=submit][form=visit]")
    at.fill("2031-01-01T09:00")
    hand_in.click()
    assert page.evaluate(complaint, "visited_at") == "走访时间晚于现在。"
    assert page.evaluate(complaint, "people_met") == "请选择见到了谁；没有人在家也请选上。"
    at.fill(now)
    hand_in.click()
    assert page.evaluate(complaint, "visited_at") == ""
    expect(page.locator("#visit")).to_be_visible()
    page.get_by_label("儿童本人", exact=True).check()
    page.get_by_label("没有见到人", exact=True).check()
    expect(page.get_by_label("儿童本人", exact=True)).not_to_be_checked()
    page.evaluate(
        "document.querySelectorAll('#visit [name^=answer_]').forEach(one => { one.checked = false; })"
    )
    hand_in.click()
    expect(page.locator("[data-outbox-items] > li", has_text=child.name)).to_be_visible()
    director.context.set_offline(False)
    expect(page.locator("[data-outbox-items] > li", has_text=child.name)).to_have_attribute(
        "data-state", "sent"
    )
    assert stored(director, child)[-1][:2] == ("submitted", "大门紧锁。")


def test_a_returned_visit_is_corrected_without_a_signal(people: Callable[..., Person]) -> None:
    """What the office has of it stands in the form; the correction goes onto that visit, once, and its row goes too."""
    director = people(DIRECTOR, PHONE).sign_in()
    returned = director.seen_by(
        lambda: Visit.objects.filter(state="returned", conducted_by__username=DIRECTOR).latest("pk")
    )
    before = stored_visits(director, returned.child_id)
    page = open_app(director)
    prepare(director)
    director.open("/field/#/")
    row = page.locator(f"[data-groups] a[href='#/returned/{returned.pk}']")
    expect(row).to_be_visible()
    director.context.set_offline(True)
    row.click()
    expect(page.locator("#visit[data-outbox-ready]")).to_be_attached()
    expect(page.locator("textarea[name=text]")).to_have_value(returned.text)
    expect(page.locator(f"input[name=risk][value={returned.risk}]")).to_be_checked()
    for met in returned.people_met:
        expect(page.locator(f"input[name=people_met][value={met}]")).to_be_checked()
    page.locator("textarea[name=text]").fill("补充：孩子在家，作业已完成。")
    director.press("提交走访")
    expect(page.locator("[data-item]")).to_have_attribute("data-state", "waiting")
    director.context.set_offline(False)
    expect(page.locator("[data-item]")).to_have_attribute("data-state", "sent")
    expect(page.locator("[data-item] [data-drop]")).to_have_text("从列表移除")
    director.open("/field/#/")
    expect(page.locator("[data-groups] a").first).to_be_visible()
    expect(row).to_have_count(0)
    mended = director.seen_by(lambda: Visit.objects.get(pk=returned.pk))
    assert (mended.state, mended.text) == ("submitted", "补充：孩子在家，作业已完成。")
    assert (mended.answers, mended.people_met, mended.kind) == (
        returned.answers,
        returned.people_met,
        returned.kind,
    )
    assert stored_visits(director, returned.child_id) == before


def stored_visits(person: Person, child: int) -> int:
    return person.seen_by(lambda: Visit.objects.filter(child_id=child).count())
