"""What a phone does with every answer to a visit: kept, sent once, tried again, explained. The server is made of answers."""

from __future__ import annotations

import datetime as dt
import io
import re
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, Page, expect

from tests.journeys.conftest import SPOIL, Held, until
from tests.journeys.pages import Server, browser, context, page, server

__all__ = ["browser", "context", "page", "server"]
pytestmark = pytest.mark.journey

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
INVALID = {
    "error": {"code": "invalid", "message": "Some fields are not valid.", "fields": {"note": ["Too short."]}}
}


def write(page: Page, server: Server, note: str = "奶奶住院", photos: int = 0) -> str:
    page.goto(server.url + "/visit")
    expect(page.locator("#visit[data-outbox-ready]")).to_be_attached()
    page.get_by_label("Phone").check()
    page.locator("#note").fill(note)
    if photos:
        page.locator("input[type=file]").set_input_files([shot(n) for n in range(photos)])  # type: ignore[arg-type]
        expect(page.locator(".cw-photo canvas")).to_have_count(photos)
    says(page, "Kept on this device")
    until(
        page,
        "async (n) => (await (await import('/static/js/field/vault.js')).openVault())"
        ".all('items').then((all) => all.some(([, one]) => one.state === 'draft' && one.photos.length === n))",
        photos,
    )
    return page.locator("[name=client_id]").input_value()


def shot(number: int) -> dict[str, Any]:
    picture = io.BytesIO()
    Image.new("RGB", (2400 - 400 * number, 1200), (30, 90 + number, 120)).save(picture, "PNG")
    return {"name": f"IMG_{number}.png", "mimeType": "image/png", "buffer": picture.getvalue()}


def says(page: Page, words: str) -> None:
    expect(page.locator("[data-saved-state]")).to_have_text(words)


def submit(page: Page) -> None:
    page.get_by_role("button", name="Submit").click()


def stop_the_clock(page: Page) -> None:
    """What waits is not due by itself, however long the steps of the test take."""
    page.clock.set_fixed_time(dt.datetime.now(dt.UTC))


def item(page: Page) -> Any:
    return page.locator("[data-outbox-items] > li")


# --- Keeping --------------------------------------------------------------------------------------------


def test_a_draft_comes_back_with_its_photos(page: Page, server: Server) -> None:
    client_id = write(page, server, photos=2)
    assert UUID.fullmatch(client_id)
    page.reload()
    expect(page.locator("#note")).to_have_value("奶奶住院")
    expect(page.locator("[name=kind][value=phone]")).to_be_checked()
    expect(page.locator("[data-outbox-restored]")).to_be_visible()
    expect(page.locator(".cw-photo canvas")).to_have_count(2)
    assert page.locator("[name=client_id]").input_value() == client_id
    page.locator("[data-outbox-discard]").click()
    expect(page.locator("#note")).to_have_value("")
    expect(page.locator("[data-outbox-restored]")).to_be_hidden()
    assert server.put == []


# Words reach the disk only when the test says so; what is written of items is counted.
SLOW_DISK = """() => {
  const encrypt = crypto.subtle.encrypt.bind(crypto.subtle);
  const until = new Promise((go) => { window.goOn = go; });
  crypto.subtle.encrypt = (...given) => until.then(() => encrypt(...given));
  const put = IDBObjectStore.prototype.put;
  window.written = 0;
  IDBObjectStore.prototype.put = function (...given) {
    window.written += this.name === "items";
    return put.apply(this, given);
  };
}"""


def test_a_tap_is_kept_at_once_typed_words_when_the_writer_pauses_and_keepings_do_not_pile_up(
    page: Page, server: Server
) -> None:
    page.clock.install()
    page.goto(server.url + "/visit")
    form = page.locator("#visit")
    expect(page.locator("#visit[data-outbox-ready]")).to_be_attached()
    page.clock.pause_at(page.evaluate("Date.now()") + 60_000)
    page.locator("#note").fill("奶奶住院")
    page.clock.run_for(500)
    assert form.get_attribute("data-outbox-kept") is None
    page.get_by_label("Phone").check()  # the words go with it
    page.clock.run_for(1)
    expect(form).to_have_attribute("data-outbox-kept", re.compile("T"))
    page.evaluate(SLOW_DISK)
    for number in range(10):
        page.get_by_label(("Door", "Phone")[number % 2]).check()
        page.clock.run_for(1)
    page.get_by_label("Door").check()
    page.clock.run_for(1)
    page.evaluate("window.goOn()")
    until(
        page,
        "async () => (await (await import('/static/js/field/vault.js')).openVault())"
        ".all('items').then(([[, { fields }]]) => JSON.stringify(fields).includes('door'))",
    )
    assert page.evaluate("window.written") == 2  # the one that was under way, and one for all the others
    page.clock.resume()
    page.reload()
    expect(page.locator("[name=kind][value=door]")).to_be_checked()
    expect(page.locator("#note")).to_have_value("奶奶住院")


def test_what_is_written_before_a_draft_comes_back_stays_beside_it(page: Page, server: Server) -> None:
    write(page, server, photos=1)
    key = Held(page, "**/field/key/")
    page.reload()
    key.come()
    page.locator("#note").fill("已转院")
    page.get_by_label("Door").check()
    page.locator("input[type=file]").set_input_files([shot(1)])  # type: ignore[list-item]
    expect(page.locator(".cw-photo canvas")).to_have_count(1)
    key.go()
    expect(page.locator("#visit[data-outbox-ready]")).to_be_attached()
    expect(page.locator("#note")).to_have_value("奶奶住院\n已转院")
    expect(page.locator("[name=kind][value=door]")).to_be_checked()
    expect(page.locator(".cw-photo canvas")).to_have_count(2)
    submit(page)
    page.wait_for_url("**/sent")
    assert server.put[0]["words"]["note"].split() == ["奶奶住院", "已转院"]
    assert len(server.put[0]["photos"]) == len(server.photos) == 2


def test_a_keeping_that_is_under_way_does_not_make_a_draft_of_what_was_handed_in(
    page: Page, server: Server
) -> None:
    page.clock.install()
    page.goto(server.url + "/visit")
    expect(page.locator("#visit[data-outbox-ready]")).to_be_attached()
    page.clock.pause_at(page.evaluate("Date.now()") + 60_000)
    page.get_by_label("Phone").check()
    page.clock.run_for(1)
    expect(page.locator("#visit")).to_have_attribute("data-outbox-kept", re.compile("T"))
    page.evaluate(SLOW_DISK)
    page.locator("input[type=file]").set_input_files([shot(0)])  # type: ignore[list-item]
    expect(page.locator(".cw-photo canvas")).to_have_count(1)
    page.locator("#note").fill("奶奶住院")
    submit(page)
    says(page, "Sending")
    page.locator("#note").fill("奶奶住院，已转院")
    page.clock.run_for(1000)
    page.evaluate("window.goOn()")
    page.wait_for_url("**/sent")
    assert [sent["words"]["note"] for sent in server.put] == ["奶奶住院，已转院"]


def test_what_is_deleted_while_it_changes_does_not_come_back(page: Page, server: Server) -> None:
    write(page, server)
    page.goto(server.url + "/outbox")
    expect(item(page)).to_have_count(1)
    page.evaluate(SLOW_DISK)
    left = page.evaluate("""async () => {
      const vault = await (await import("/static/js/field/vault.js")).openVault();
      const [[id]] = await vault.all("items");
      let begun;
      const changing = new Promise((done) => { begun = done; });
      const changed = vault.change("items", id, (one) => { begun(); return { ...one, childName: "" }; });
      await changing;
      const dropped = vault.drop("items", id);
      setTimeout(window.goOn, 300);
      await Promise.all([changed, dropped]);
      return (await vault.all("items")).length;
    }""")
    assert left == 0


def test_a_draft_belongs_to_its_writer_and_is_no_sent_visit(page: Page, server: Server) -> None:
    write(page, server)
    page.goto(server.url + "/outbox")
    expect(item(page)).to_have_attribute("data-state", "draft")
    expect(page.get_by_text("Everything has been sent")).to_be_hidden()
    server.user = 8
    page.goto(server.url + "/visit")
    expect(page.locator("#visit[data-outbox-ready]")).to_be_attached()
    expect(page.locator("#note")).to_have_value("")


def test_a_page_of_one_account_keeps_nothing_for_another(page: Page, server: Server) -> None:
    """Somebody else signs in while the page is still asking for the key."""
    key = Held(page, "**/field/key/")
    page.goto(server.url + "/visit")
    key.come()
    server.user = 8
    key.go()
    says(page, "This device keeps no drafts")


def test_without_a_key_nothing_is_said_to_be_sent(page: Page, server: Server) -> None:
    write(page, server)
    server.signed_in = False
    page.goto(server.url + "/outbox")
    expect(page.get_by_text("cannot be opened now")).to_be_visible()
    expect(page.get_by_text("Everything has been sent")).to_be_hidden()


def test_beside_a_visit_that_no_longer_opens_nothing_is_said_to_be_sent(page: Page, server: Server) -> None:
    write(page, server)
    submit(page)
    page.wait_for_url("**/sent")
    page.goto(server.url + "/outbox")
    expect(page.get_by_text("Everything has been sent")).to_be_visible()
    unreadable = page.get_by_text("cannot be read, and may not have been sent")
    expect(unreadable).to_be_hidden()
    page.evaluate(SPOIL)
    page.reload()
    expect(unreadable).to_contain_text("sent: 1.")
    expect(page.get_by_text("Everything has been sent")).to_be_hidden()
    expect(page.locator("[data-state=sent]")).to_have_count(1)  # what opens is shown


def test_drafts_of_the_old_store_in_clear_text_are_taken_over_and_it_is_deleted(
    page: Page, server: Server
) -> None:
    page.goto(server.url + "/sent")
    page.evaluate("""async () => {
      const open = indexedDB.open("childwelfare", 1);
      open.onupgradeneeded = () => open.result.createObjectStore("visits", { keyPath: "id" });
      await new Promise((done) => { open.onsuccess = done; });
      const rows = open.result.transaction("visits", "readwrite").objectStore("visits");
      const of = (id, user, state, note, more) => ({ id, user, key: "child-" + id.slice(0, 2), title: "林小满",
        url: "/api/v1/visits/", page: "/visit", state, at: "2026-11-21T08:00:00Z", problem: "",
        fields: [["client_id", id], ["child", "12"], ["note", note], ...more] });
      const photo = new File([new Uint8Array(50)], "a.jpg", { type: "image/jpeg" });
      rows.put(of("12000000-0000-4000-8000-000000000001", "7", "draft", "旧草稿", []));
      rows.put(of("13000000-0000-4000-8000-000000000002", "7", "unsent", "旧待发", [["photos", photo]]));
      rows.put(of("14000000-0000-4000-8000-000000000003", "8", "draft", "别人的", []));
      await new Promise((done) => { rows.transaction.oncomplete = done; });
      open.result.close();
    }""")
    page.goto(server.url + "/outbox")
    expect(item(page)).to_have_count(2)
    expect(page.locator("[data-state=sent]")).to_have_count(1)
    assert [(one["id"][:2], one["words"]["note"]) for one in server.put] == [("13", "旧待发")]
    assert [len(data) for _name, data in server.photos] == [50]
    server.user = 8
    page.goto(server.url + "/outbox")
    expect(item(page)).to_have_count(1)
    until(page, "async () => !(await indexedDB.databases()).some(({ name }) => name === 'childwelfare')")


# --- Sending --------------------------------------------------------------------------------------------


def test_a_visit_is_sent_when_the_signal_is_back(page: Page, context: BrowserContext, server: Server) -> None:
    client_id = write(page, server)
    context.set_offline(True)
    expect(page.locator("[data-offline]")).to_be_visible()
    submit(page)
    says(page, "Waiting to send")
    expect(page.locator("[data-outbox-strip]")).to_contain_text("1 waiting to send")
    assert server.put == []
    context.set_offline(False)
    page.wait_for_url("**/sent")
    [sent] = server.put
    assert (sent["id"], sent["child"], sent["child_name"]) == (client_id, 12, "林小满")
    assert sent["words"] == {"child": "12", "basis": "", "kind": "phone", "note": "奶奶住院"}
    assert sent["device"].startswith("00000007")
    page.goto(server.url + "/visit")
    expect(page.locator("#visit[data-outbox-ready]")).to_be_attached()
    expect(page.locator("#note")).to_have_value("")


def test_without_a_signal_the_browser_says_what_is_missing(
    page: Page, context: BrowserContext, server: Server
) -> None:
    page.goto(server.url + "/visit")
    expect(page.locator("#visit[data-outbox-ready]")).to_be_attached()
    context.set_offline(True)
    submit(page)
    expect(page.locator("#note")).to_be_focused()
    expect(page.locator("[data-outbox-strip]")).to_be_hidden()
    page.locator("#note").fill("写了")
    submit(page)
    says(page, "Waiting to send")


def test_a_refusal_stands_beside_its_field_and_keeps_the_words(page: Page, server: Server) -> None:
    server.answer = (422, INVALID)
    write(page, server, "短")
    submit(page)
    expect(page.get_by_text("Too short.")).to_be_visible()
    expect(page.get_by_text("Some fields are not valid.")).to_be_visible()
    expect(page.locator("#note")).to_have_value("短")
    server.answer = (201, {})
    page.locator("#note").fill("写长一些")
    submit(page)
    page.wait_for_url("**/sent")
    first, second = server.put
    assert first["id"] == second["id"]
    assert first["sending"] != second["sending"]
    page.goto(server.url + "/outbox")
    expect(page.get_by_text("Everything has been sent")).to_be_visible()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((503, {}), "The office is busy"),
        ((500, "<h1>Server error</h1>"), "could not take it just now"),
        (
            (401, {"error": {"code": "not_authenticated", "message": ""}}),
            "Sign in with the account that wrote it",
        ),
        (
            (403, {"error": {"code": "permission_denied", "message": "CSRF"}}),
            "Sign in with the account that wrote it",
        ),
        ((200, "<h1>Welcome to our Wi-Fi</h1>"), "could not take it just now"),
    ],
)
def test_whatever_is_no_answer_of_ours_keeps_the_visit_waiting(
    page: Page, server: Server, answer: tuple[int, Any], words: str
) -> None:
    stop_the_clock(page)
    server.answer = answer
    write(page, server, photos=1)
    submit(page)
    says(page, "Waiting to send")
    if answer[0] in (401, 403):  # opened anew by who is signed in, it is tried at once
        with page.expect_response("**/api/v1/field/visits/*/"):
            page.goto(server.url + "/outbox")
    else:
        page.goto(server.url + "/outbox")
    expect(item(page)).to_have_attribute("data-state", "waiting")
    expect(item(page).get_by_text(words)).to_be_visible()
    expect(page.get_by_text("Everything has been sent")).to_be_hidden()
    server.answer = (201, {})
    page.get_by_role("button", name="Send now").click()
    expect(item(page)).to_have_attribute("data-state", "sent")
    expect(page.get_by_text("Everything has been sent")).to_be_visible()
    assert len({sent["sending"] for sent in server.put}) == 1
    assert len(server.photos) == 1


def test_the_office_says_when_to_come_back_and_a_reload_does_not_forget_it(
    page: Page, server: Server
) -> None:
    server.answer, server.headers = (429, {}), {"Retry-After": "600"}
    page.clock.install()
    write(page, server)
    submit(page)
    says(page, "Waiting to send")
    server.answer = (201, {})
    page.reload()
    expect(page.locator("#visit[data-outbox-ready]")).to_be_attached()
    page.clock.run_for(500_000)
    assert len(server.put) == 1
    page.clock.run_for(200_000)
    page.wait_for_url("**/sent")
    assert len(server.put) == 2


def test_photos_are_made_small_named_and_sent_one_by_one_from_where_it_broke(
    page: Page, server: Server
) -> None:
    stop_the_clock(page)
    server.photo_answers = [(201, {}), (502, "")]
    write(page, server, photos=2)
    submit(page)
    says(page, "Waiting to send")
    page.goto(server.url + "/outbox")
    expect(item(page)).to_contain_text("1/2")
    page.get_by_role("button", name="Send now").click()
    expect(item(page)).to_have_attribute("data-state", "sent")
    assert len(server.put) == 1
    assert [name for name, _data in server.photos] == server.put[0]["photos"]
    sizes = [Image.open(io.BytesIO(data)).size for _name, data in server.photos]
    assert sizes == [(1600, 800), (1600, 960)]


def test_words_changed_after_the_office_had_them_are_never_taken_for_sent(page: Page, server: Server) -> None:
    stop_the_clock(page)
    server.photo_answers = [(502, "")]
    write(page, server, photos=1)
    submit(page)
    says(page, "Waiting to send")
    said = {"state": "conflict", "basis": "v2", "changeable": False, "said": "It is being reviewed."}
    server.answer = (409, said | {"fields": []})
    page.locator("#note").fill("后来改的话")
    says(page, "Kept on this device")
    submit(page)
    page.wait_for_url("**/outbox")
    expect(item(page)).to_have_attribute("data-state", "needs_you")
    expect(item(page)).to_contain_text("It is being reviewed.")
    first, second = server.put
    assert first["sending"] != second["sending"]
    assert second["words"]["note"] == "后来改的话"
    page.get_by_role("button", name="Keep the office's version").click()
    expect(item(page)).to_have_attribute(
        "data-state", "sent"
    )  # with the photo that the office still waited for
    assert [name for name, _data in server.photos] == first["photos"]


def test_a_returned_visit_keeps_the_photos_that_were_still_on_their_way(page: Page, server: Server) -> None:
    stop_the_clock(page)
    server.photo_answers = [(502, "")]
    client_id = write(page, server, photos=1)
    submit(page)
    says(page, "Waiting to send")
    server.returned = (client_id, "v2")
    page.goto(server.url + "/visit")
    expect(page.locator("#visit[data-outbox-ready]")).to_be_attached()
    expect(page.locator(".cw-photo canvas")).to_have_count(1)
    page.get_by_label("Phone").check()
    page.locator("#note").fill("补充说明")
    says(page, "Kept on this device")
    submit(page)
    page.wait_for_url("**/sent")
    first, second = server.put
    assert (second["id"], second["basis"], second["photos"]) == (client_id, "v2", first["photos"])
    assert [name for name, _data in server.photos] == first["photos"]


# Making a picture small takes as long as the test wants.
SLOW_PICTURES = """() => {
  const make = window.createImageBitmap;
  const until = new Promise((go) => { window.goOn = go; });
  window.createImageBitmap = (file) => until.then(() => make(file));
}"""


def test_a_photo_stays_while_the_next_is_made_small_and_one_that_is_no_picture_is_named(
    page: Page, server: Server
) -> None:
    write(page, server, photos=1)
    page.evaluate(SLOW_PICTURES)
    broken = {"name": "IMG_7.heic", "mimeType": "image/heic", "buffer": b"no picture"}
    page.locator("input[type=file]").set_input_files([broken])  # type: ignore[list-item]
    kept = page.locator("#visit").get_attribute("data-outbox-kept") or ""
    page.locator("#note").fill("还在处理照片")
    expect(page.locator("#visit")).not_to_have_attribute("data-outbox-kept", kept)
    page.reload()
    expect(page.locator("#note")).to_have_value("还在处理照片")
    expect(page.locator(".cw-photo canvas")).to_have_count(1)
    page.evaluate(SLOW_PICTURES)
    page.locator("input[type=file]").set_input_files([broken])  # type: ignore[list-item]
    page.evaluate("window.goOn()")
    expect(page.locator("[data-photo-problem]")).to_contain_text("IMG_7.heic")
    page.evaluate(SLOW_PICTURES)
    page.locator("input[type=file]").set_input_files([shot(1), shot(2)])  # type: ignore[list-item]
    expect(page.locator("[data-photo-problem]")).to_contain_text("IMG_2.png")
    submit(page)
    says(page, "Sending")
    assert server.put == []
    page.evaluate("window.goOn()")
    page.wait_for_url("**/sent")
    assert len(server.put[0]["photos"]) == len(server.photos) == 2


def test_a_full_device_still_hands_in_what_it_cannot_keep(page: Page, server: Server) -> None:
    page.goto(server.url + "/visit")
    expect(page.locator("#visit[data-outbox-ready]")).to_be_attached()
    page.evaluate(
        "() => { IDBObjectStore.prototype.put = () => { throw new DOMException('', 'QuotaExceededError'); }; }"
    )
    page.get_by_label("Phone").check()
    page.locator("#note").fill("手机满了")
    page.locator("input[type=file]").set_input_files([shot(0)])  # type: ignore[list-item]
    expect(page.locator(".cw-photo canvas")).to_have_count(1)
    says(page, "This device keeps no drafts")
    server.photo_answers = [(502, "")]
    submit(page)
    expect(page.get_by_role("button", name="Submit")).to_be_enabled()
    says(page, "This device keeps no drafts")
    submit(page)
    page.wait_for_url("**/sent")
    assert {sent["words"]["note"] for sent in server.put} == {"手机满了"}
    assert len(server.photos) == 1


def test_a_photo_that_is_refused_is_named_and_the_visit_goes_without_it(page: Page, server: Server) -> None:
    damaged = {"error": {"code": "invalid", "message": "x", "fields": {"photo": ["It is damaged."]}}}
    server.photo_answers = [(422, damaged)]
    stop_the_clock(page)
    write(page, server, photos=2)
    submit(page)
    expect(page.locator("#visit")).to_contain_text("It is damaged.")  # not for ever: sending
    says(page, "Not sent, still on this device")
    page.goto(server.url + "/outbox")
    expect(item(page)).to_have_attribute("data-state", "needs_you")
    expect(item(page)).to_contain_text("It is damaged.")
    assert len(server.photos) == 1  # the other one is not held up
    server.withdrawals = [500]
    page.get_by_role("button", name="Send without the photo").click()
    expect(item(page).get_by_text("could not take it just now")).to_be_visible()  # said, and not given up
    assert server.withdrawn == []
    page.get_by_role("button", name="Send now").click()
    expect(item(page)).to_have_attribute("data-state", "sent")
    assert server.withdrawn == server.put[0]["photos"][:1]


def test_two_tabs_send_a_visit_once_and_a_refused_one_holds_up_no_other(
    page: Page, context: BrowserContext, server: Server
) -> None:
    write(page, server)
    server.answer = (422, INVALID)
    submit(page)
    expect(page.get_by_text("Too short.")).to_be_visible()
    other = context.new_page()
    other.goto(server.url + "/outbox")
    expect(item(other)).to_have_attribute("data-state", "needs_you")
    server.answer = (201, {})
    server.hold.clear()
    page.locator("#note").fill("写长一些")
    submit(page)
    expect(item(other)).to_have_attribute("data-state", "sending")
    other.evaluate("window.dispatchEvent(new Event('online'))")
    page.evaluate("window.dispatchEvent(new Event('online'))")
    server.hold.set()
    page.wait_for_url("**/sent")
    expect(item(other)).to_have_attribute("data-state", "sent")
    assert len(server.put) == 2


def test_who_else_was_there_and_what_was_kept_aside_is_said(page: Page, server: Server) -> None:
    also = {"also_today": [{"who": "李守安", "at": "09:40", "how": "Home visit"}]}
    for answer in ((201, also), (202, {"state": "kept", "said": "The file has gone."})):
        server.answer = answer
        write(page, server)
        submit(page)
        page.wait_for_url("**/sent")
    page.goto(server.url + "/outbox")
    expect(page.locator("[data-state=sent]")).to_have_count(2)
    expect(item(page).first).to_contain_text("李守安 09:40 Home visit")
    expect(item(page).last).to_contain_text("The file has gone.")


def test_a_conflict_is_decided_field_by_field_and_sent_on_the_new_basis(page: Page, server: Server) -> None:
    fields = [
        {"name": "kind", "label": "Kind", "mine": "Phone", "theirs": "Door", "values": ["door"]},
        {"name": "note", "label": "Note", "mine": "奶奶住院", "theirs": "在家", "values": ["在家"]},
    ]
    said = {
        "state": "conflict",
        "basis": "v2",
        "changeable": True,
        "said": "Changed meanwhile.",
        "fields": fields,
    }
    server.answer = (409, said)
    write(page, server)
    submit(page)
    page.wait_for_url("**/outbox")
    expect(item(page)).to_contain_text("Changed meanwhile.")
    decide = page.get_by_role("button", name="Send what I decided")
    expect(decide).to_be_disabled()
    page.get_by_role("group", name="Kind").get_by_label("At the office").check()
    expect(decide).to_be_disabled()
    page.get_by_role("group", name="Note").get_by_label("Mine").check()
    server.answer = (201, {})
    decide.click()
    expect(item(page)).to_have_attribute("data-state", "sent")
    first, second = server.put
    assert (first["basis"], second["basis"], second["words"]["basis"]) == ("", "v2", "v2")
    assert (second["words"]["kind"], second["words"]["note"]) == ("door", "奶奶住院")
    assert first["sending"] != second["sending"]


def test_what_cannot_be_changed_any_more_is_shown_and_never_sent_over_it(page: Page, server: Server) -> None:
    fields = [{"name": "note", "label": "Note", "mine": "a", "theirs": "b", "values": ["b"]}]
    said = {
        "state": "conflict",
        "basis": "v2",
        "changeable": False,
        "said": "It was reviewed.",
        "fields": fields,
    }
    server.answer = (409, said)
    write(page, server)
    submit(page)
    page.wait_for_url("**/outbox")
    expect(item(page)).to_contain_text("It was reviewed.")
    expect(page.get_by_role("button", name="Send what I decided")).to_be_hidden()
    page.get_by_role("button", name="Keep the office's version").click()
    expect(item(page)).to_have_count(0)


def test_an_item_that_was_never_sent_is_deleted_only_when_asked_twice(page: Page, server: Server) -> None:
    write(page, server)
    page.goto(server.url + "/outbox")
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(item(page)).to_have_count(1)
    page.get_by_role("button", name="Delete it: it was not sent").click()
    expect(item(page)).to_have_count(0)
    expect(page.get_by_text("Everything has been sent")).to_be_visible()


def test_the_rules_of_waiting(page: Page, server: Server) -> None:
    """The pure part: doubling up to a quarter of an hour, scattered; the office's own word is the least."""
    page.goto(server.url + "/sent")
    rules = page.evaluate("""async () => {
      const { pause, retryAfter, next, summary, makeItem } = await import("/static/js/field/outbox.js");
      const one = makeItem({ id: "b", state: "waiting", finished: "2026-11-02T00:00:00Z" });
      const two = makeItem({ id: "a", state: "waiting", finished: "2026-11-01T00:00:00Z", due: 50 });
      const three = makeItem({ id: "c", state: "needs_you", finished: "2026-10-01T00:00:00Z" });
      return {
        pauses: [1, 2, 3, 20].map((attempt) => [pause(attempt, 0, 0), pause(attempt, 0, 1)]),
        asked: pause(1, 600000, 0.5),
        after: [retryAfter("120"), retryAfter("Sun, 22 Nov 2026 08:01:00 GMT", Date.UTC(2026, 10, 22, 8)),
          retryAfter(null), retryAfter("soon")],
        oldest: [next([one, two, three], 100).id, next([one, two, three], 10).id, next([three], 100)],
        clear: [summary([]).clear, summary([makeItem({})]).clear, summary([one]).clear, summary([three]).clear,
          summary([makeItem({ state: "sent" })]).clear]
      };
    }""")
    assert rules["pauses"] == [[2500, 5000], [5000, 10000], [10000, 20000], [450000, 900000]]
    assert rules["asked"] == 600000
    assert rules["after"] == [120000, 60000, 0, 0]
    assert rules["oldest"] == ["a", "b", None]
    assert rules["clear"] == [True, False, False, False, True]
