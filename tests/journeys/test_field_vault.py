"""The app of field work on a real phone's browser: opening without a network, whose key opens what, forgetting.

What is said on the screen is looked for by its place, not by its words.
"""

from __future__ import annotations

import datetime as dt
import http.client
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from cases.models import Child, FieldDevice
from tests.journeys.conftest import DESK, PASSWORD, PHONE, SPOIL, Held, Office, Person, keeps, until

pytestmark = pytest.mark.journey

DIRECTOR, NEIGHBOUR, ADMINISTRATOR = "wangnianci", "duyuehua", "zhengyiming"
MOST_BYTES = 150_000
# The worker is in charge and has the blank forms that the list asked for.
READY = """async () => {
  for (const name of (await caches.keys()).filter((one) => one.startsWith("childwelfare-shell-"))) {
    const kept = await (await caches.open(name)).keys();
    if (kept.some((one) => one.url.includes("/field/forms/"))) {
      return Boolean(navigator.serviceWorker.controller);
    }
  }
  return false;
}"""
# No account has anything on this phone any more.
NO_STORE = "async () => !(await indexedDB.databases()).some(({ name }) => /^childwelfare-[0-9]+$/.test(name))"
# The writer has been shown that something goes soon, and the phone remembers when.
WARNED = """async () => {
  const database = await new Promise((done) => {
    const request = indexedDB.open("childwelfare-phone");
    request.onsuccess = () => done(request.result);
  });
  const rows = database.transaction("accounts").objectStore("accounts").getAll();
  await new Promise((done) => { rows.onsuccess = done; });
  database.close();
  return rows.result.some(({ warned }) => Object.keys(warned || {}).length > 0);
}"""
# What is put on the disk waits for goOn().
SLOW_DISK = """() => {
  const encrypt = crypto.subtle.encrypt.bind(crypto.subtle);
  const until = new Promise((go) => { window.goOn = go; });
  crypto.subtle.encrypt = (...given) => until.then(() => encrypt(...given));
}"""
# Everything that the browser keeps of this site, as texts: bytes as Latin-1, so that UTF-8 can be looked for.
DUMP = """async () => {
  const texts = [JSON.stringify(localStorage), JSON.stringify(sessionStorage), document.cookie];
  const bytes = (view) => Array.from(new Uint8Array(view), (one) => String.fromCharCode(one)).join("");
  const flat = (value) =>
    value instanceof ArrayBuffer ? bytes(value)
    : ArrayBuffer.isView(value) ? bytes(value.buffer)
    : value && typeof value === "object" ? Object.entries(value).map(([name, one]) => name + flat(one)).join(" ")
    : String(value);
  for (const { name } of await indexedDB.databases()) {
    const database = await new Promise((done) => {
      const request = indexedDB.open(name);
      request.onsuccess = () => done(request.result);
    });
    for (const store of database.objectStoreNames) {
      const rows = database.transaction(store).objectStore(store);
      for (const ask of [rows.getAllKeys(), rows.getAll()]) {
        texts.push(flat(await new Promise((done) => { ask.onsuccess = () => done(ask.result); })));
      }
    }
    database.close();
  }
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const request of await cache.keys()) {
      texts.push(request.url, bytes(await (await cache.match(request)).arrayBuffer()));
    }
  }
  return texts.join("\\n");
}"""


def names_of(person: Person, username: str = "") -> list[str]:
    """The names of the children in the village of somebody."""

    def look() -> list[str]:
        return list(Child.objects.on_register().order_by("pk").values_list("name", flat=True))

    return person.office.seen_by(username or person.username, look)


def open_app(person: Person) -> Page:
    """The list with a network, and everything kept that the day without one needs."""
    page = person.open("/field/")
    expect(child_row(page).first).to_be_visible()
    until(page, READY)
    return page


def child_row(page: Page) -> Any:
    return page.locator("[data-groups] a[href^='#/child/']")


def draft_row(page: Page) -> Any:
    return page.locator("[data-groups] a[href^='#/item/']")


def prepare(person: Person) -> None:
    page = person.open("/field/#/phone")
    page.locator("#prepare-password").fill(PASSWORD)
    page.locator("[data-prepare] [type=submit]").click()
    expect(page.locator("[data-prepare]")).to_be_hidden()


def unlock(page: Page, name: str = "", password: str = PASSWORD) -> None:
    if name:
        page.locator("[data-accounts] label", has_text=name).click()
    page.locator("#unlock-password").fill(password)
    page.locator("[data-unlock] [type=submit]").click()


def write(page: Page, text: str) -> str:
    """Begin a visit to the first child of the list; its name."""
    child_row(page).first.click()
    expect(page.locator("[data-view] a[href^='#/visit/']").first).to_be_visible()
    title = page.locator("[data-title]").inner_text()
    page.locator("a[href^='#/visit/']").first.click()
    expect(page.locator("#visit[data-outbox-ready]")).to_be_attached()
    page.locator("#visit textarea[name=text]").fill(text)
    keeps(page)
    expect(page.locator("#visit [data-child=name]")).to_have_text(title)
    return title


def switch_to(person: Person, username: str) -> None:
    """The phone goes to another hand: one signs out, the other signs in."""
    page = person.open("/me/")
    page.locator("main form[action='/sign-out/'] button").click()
    person.username = username
    person.sign_in(anew=True)


def looks_at_the_office(page: Page) -> None:
    page.evaluate("window.dispatchEvent(new Event('online'))")


def forget_session(person: Person) -> None:
    person.context.clear_cookies(name=re.compile("session"))


# --- Without a network ------------------------------------------------------------------------------------


def test_opens_without_a_network_and_shows_nothing_without_the_password(
    people: Callable[..., Person],
) -> None:
    director = people(DIRECTOR, PHONE).sign_in()
    page = open_app(director)
    names = names_of(director)
    seen = child_row(page).count()
    director.picture("field-list")
    prepare(director)
    director.picture("field-phone")
    director.context.set_offline(True)
    expect(page.locator("[data-offline]")).to_be_visible()
    # Any page of ours leads there, and no page shows a child before the password.
    director.open("/children/")
    expect(page.locator("[data-unlock]")).to_be_visible()
    assert not [name for name in names if name in page.content()]
    director.picture("field-unlock")
    unlock(page, password="Falsch-2026")
    expect(page.locator("[data-unlock] .cw-error")).to_be_visible()
    expect(child_row(page)).to_have_count(0)
    unlock(page)
    expect(child_row(page)).to_have_count(seen)
    # A slow browser may believe in a signal again when one page has followed the other.
    until(page, "() => document.querySelector('[data-offline]').hidden === navigator.onLine")
    # What a visit needs is there, and the words survive a reload.
    name = write(page, "祖母上周摔伤左腿")
    director.picture("field-form-offline", whole=False)
    page.reload()
    unlock(page)
    expect(page.locator("#visit textarea[name=text]")).to_have_value("祖母上周摔伤左腿")
    page.locator("[data-back]").click()
    expect(page.locator("[data-title]")).to_have_text(name)
    director.picture("field-child")
    # A page that was asked for by its address opens the child's form.
    number = page.evaluate("location.hash").rpartition("/")[2]
    director.open(f"/visits/add/?child={number}")
    unlock(page)
    expect(page.locator("#visit textarea[name=text]")).to_have_value("祖母上周摔伤左腿")
    # With the signal the office opens it again, unless a password is being typed.
    page.reload()
    page.locator("#unlock-password").fill("half")
    director.context.set_offline(False)
    looks_at_the_office(page)
    expect(page.locator("#unlock-password")).to_have_value("half")
    page.locator("#unlock-password").fill("")
    looks_at_the_office(page)
    expect(page.locator("#visit textarea[name=text]")).to_have_value("祖母上周摔伤左腿")
    # A network that answers everything with a page of its own is none.
    page.route("**/field/key/", lambda route: route.fulfill(content_type="text/html", body="<h1>Wi-Fi</h1>"))
    page.reload()
    unlock(page)
    expect(page.locator("#visit textarea[name=text]")).to_have_value("祖母上周摔伤左腿")
    # Thrown away on purpose, the draft alone goes; the phone stays open.
    page.evaluate("window.stays = true")
    page.locator("[data-outbox-discard]").click()
    expect(child_row(page)).to_have_count(seen)
    expect(draft_row(page)).to_have_count(0)
    assert page.evaluate("window.stays")


def test_nothing_on_the_phone_can_be_read(people: Callable[..., Person]) -> None:
    director = people(DIRECTOR, PHONE).sign_in()
    page = open_app(director)
    prepare(director)
    director.open("/field/#/")
    name = write(page, "小满话少，作业按时交")
    kept = page.evaluate(DUMP)

    def facts() -> list[str]:
        rows = Child.objects.on_register().prefetch_related("guardians")
        found = [text for child in rows for text in (child.name, child.address)]
        found += [text for child in rows for one in child.guardians.all() for text in (one.name, one.phone)]
        return [text for text in found if text]

    def readable(text: str) -> bool:
        return text in kept or text.encode().decode("latin-1") in kept

    # The dump finds what lies there: the account's own name, and the forms without anybody.
    assert readable("王念慈")
    assert readable("重点问题")
    secrets = [*director.seen_by(facts), "小满话少", name, PASSWORD]
    assert len(secrets) > 20
    assert [text for text in secrets if readable(text)] == []


def test_two_accounts_on_one_phone(people: Callable[..., Person]) -> None:
    """Each sees their own alone; drafts of both outlive signing out, and neither's password opens the other's."""
    phone = people(DIRECTOR, PHONE).sign_in()
    page = open_app(phone)
    prepare(phone)
    phone.open("/field/#/")
    write(page, "王念慈写的")
    switch_to(phone, NEIGHBOUR)
    open_app(phone)
    others = set(names_of(phone, DIRECTOR)) - set(names_of(phone, NEIGHBOUR))
    expect(draft_row(page)).to_have_count(0)
    assert not [name for name in others if name in page.content()]
    prepare(phone)
    phone.open("/field/#/")
    write(page, "杜月华写的")
    # Without a network each opens their own.
    phone.context.set_offline(True)
    phone.open("/field/#/")
    page.reload()
    expect(page.locator("[data-accounts] label")).to_have_count(2)
    unlock(page, "王念慈")
    draft_row(page).first.click()
    expect(page.locator("#visit textarea[name=text]")).to_have_value("王念慈写的")
    phone.open("/field/#/")
    page.reload()
    unlock(page, "杜月华")
    draft_row(page).first.click()
    expect(page.locator("#visit textarea[name=text]")).to_have_value("杜月华写的")
    phone.context.set_offline(False)
    switch_to(phone, DIRECTOR)
    phone.open("/field/")
    draft_row(page).first.click()
    expect(page.locator("#visit textarea[name=text]")).to_have_value("王念慈写的")


def test_an_ended_session_keeps_everything(people: Callable[..., Person]) -> None:
    director = people(DIRECTOR, PHONE).sign_in()
    page = open_app(director)
    write(page, "写到一半")
    forget_session(director)
    looks_at_the_office(page)
    # The writer is told, and goes on writing.
    expect(page.locator("[data-strips] a[href^='/sign-in/']")).to_be_visible()
    page.locator("#visit textarea[name=text]").fill("写到一半，写完了")
    keeps(page)
    page.locator("[data-strips] a[href^='/sign-in/']").click()
    page.locator("input[name=username]").fill(DIRECTOR)
    page.locator("input[name=password]").fill(PASSWORD)
    director.press("登录")
    expect(page.locator("[data-title]")).to_be_visible()
    director.open("/field/#/")
    draft_row(page).first.click()
    expect(page.locator("#visit textarea[name=text]")).to_have_value("写到一半，写完了")


# --- Forgetting -------------------------------------------------------------------------------------------


def test_wiped_on_command(people: Callable[..., Person]) -> None:
    director = people(DIRECTOR, PHONE).sign_in()
    page = open_app(director)
    prepare(director)
    director.open("/field/#/")
    write(page, "这份会丢")
    assert not page.evaluate(f"({NO_STORE})()")
    administrator = people(ADMINISTRATOR, DESK).sign_in()
    desk = administrator.open(f"/field/devices/?q={DIRECTOR}")
    administrator.picture("field-devices")
    latest = desk.locator(".cw-list details").first
    latest.locator("summary").click()
    administrator.send(latest.locator("form button"))

    def last() -> FieldDevice:
        return FieldDevice.objects.filter(user__username=DIRECTOR, wipe_asked_at__isnull=False).latest(
            "wipe_asked_at"
        )

    assert administrator.seen_by(last).half == ""
    looks_at_the_office(page)
    expect(page.locator(".cw-empty a[href^='/sign-in/']")).to_be_visible()
    until(page, NO_STORE)
    assert administrator.seen_by(last).wiped_at is not None
    # The password opens nothing any more.
    director.context.set_offline(True)
    director.open("/field/")
    expect(page.locator(".cw-empty")).to_be_visible()
    expect(page.locator("[data-unlock]")).to_be_hidden()
    assert all(text.startswith("410 ") for text in director.problems)
    director.problems.clear()


def test_forgotten_by_its_own_person(people: Callable[..., Person]) -> None:
    """What was not sent is named before it is lost."""
    director = people(DIRECTOR, PHONE).sign_in()
    page = open_app(director)
    write(page, "这份也会丢")
    director.open("/field/#/phone")
    page.locator("[data-wipe] button").click()  # the box is not ticked: the browser asks for it
    expect(page.locator("[data-wipe]")).to_be_visible()
    page.locator("[data-wipe] label").click()
    page.locator("[data-wipe] button").click()
    expect(page.locator(".cw-empty")).to_be_visible()
    until(page, NO_STORE)
    director.open("/field/")
    expect(child_row(page).first).to_be_visible()
    expect(draft_row(page)).to_have_count(0)


def test_time_takes_the_list_and_later_what_nobody_sent(people: Callable[..., Person]) -> None:
    """Warned of before; setting the clock back brings nothing back and wins no day."""
    director = people(DIRECTOR, PHONE).sign_in()
    page = open_app(director)
    prepare(director)
    director.open("/field/#/")
    write(page, "等信号")
    director.context.set_offline(True)
    begun = dt.datetime.now(dt.UTC)

    def on_day(day: float) -> None:
        page.clock.set_fixed_time(begun + dt.timedelta(days=day))
        director.open("/field/#/")
        page.reload()
        unlock(page)
        expect(page.locator("[data-groups]")).to_be_visible()

    warned = page.locator("[data-strips] .cw-strip-warn")
    on_day(5)
    expect(child_row(page).first).to_be_visible()
    expect(warned).to_have_count(0)
    on_day(12)
    expect(warned).to_have_count(1)
    on_day(1)
    expect(warned).to_have_count(1)
    on_day(15)
    expect(child_row(page)).to_have_count(0)
    expect(draft_row(page)).to_have_count(1)
    on_day(1)
    expect(child_row(page)).to_have_count(0)
    # A locked screen warns nobody.
    page.clock.set_fixed_time(begun + dt.timedelta(days=63))
    page.reload()
    expect(page.locator("[data-unlock]")).to_be_visible()
    # Nobody opened it for two months: the first opening warns, the next day's finds it gone.
    on_day(65)
    expect(draft_row(page)).to_have_count(1)
    expect(warned).to_have_count(1)
    until(page, WARNED)
    on_day(66.1)
    expect(draft_row(page)).to_have_count(0)


# --- Several windows, and records that do not open ---------------------------------------------------------


def test_two_windows_at_the_first_opening_are_one_phone(people: Callable[..., Person]) -> None:
    director = people(DIRECTOR, PHONE).sign_in()

    def phones() -> int:
        return FieldDevice.objects.filter(user__username=DIRECTOR).count()

    before = director.seen_by(phones)
    page, second = director.page, director.context.new_page()
    for one in (page, second):
        one.goto(director.office.url + "/field/", wait_until="commit")
    for one in (page, second):
        expect(child_row(one).first).to_be_visible()
    assert director.seen_by(phones) == before + 1


def test_one_spoiled_record_takes_no_other_with_it(people: Callable[..., Person]) -> None:
    director = people(DIRECTOR, PHONE).sign_in()
    page = open_app(director)
    write(page, "好的那份")
    page.evaluate(SPOIL)
    director.open("/field/#/")
    page.reload()
    expect(draft_row(page)).to_have_count(1)
    expect(page.locator("[data-strips] .cw-strip-bad")).to_be_visible()
    draft_row(page).first.click()
    expect(page.locator("#visit textarea[name=text]")).to_have_value("好的那份")
    # Nor is all said to be sent when nothing else is left: neither here nor on the ordinary page.
    director.open("/field/#/outbox")
    page.locator("[data-drop]").click()
    page.locator("[data-drop-sure]").click()
    expect(page.locator("[data-outbox-items] > li")).to_have_count(0)
    for address in ("/field/#/outbox", "/outbox/"):
        director.open(address)
        expect(page.locator("[data-outbox-unreadable]")).to_be_visible()
        expect(page.locator("[data-outbox-empty]")).to_be_hidden()
        director.picture(f"field-unreadable{address.count('#')}")


def test_a_window_from_before_does_not_undo_the_preparation(people: Callable[..., Person]) -> None:
    director = people(DIRECTOR, PHONE).sign_in()
    page = open_app(director)
    older = director.context.new_page()
    older.goto(director.office.url + "/field/")
    expect(child_row(older).first).to_be_visible()
    prepare(director)
    with older.expect_response("**/field/roster/"):
        looks_at_the_office(older)
    older.reload()
    expect(child_row(older).first).to_be_visible()
    director.context.set_offline(True)
    director.open("/field/#/")
    page.reload()
    unlock(page)
    expect(child_row(page).first).to_be_visible()


def test_a_key_that_was_replaced_is_said_and_begun_anew(people: Callable[..., Person]) -> None:
    """The office has forgotten a phone that was silent for long; what lies there was written under the former key."""
    director = people(DIRECTOR, PHONE).sign_in()
    page = open_app(director)
    prepare(director)
    director.open("/field/#/")
    write(page, "旧钥匙写的")
    director.seen_by(lambda: FieldDevice.objects.filter(user__username=DIRECTOR).delete())
    director.open("/field/#/")
    page.reload()
    expect(page.locator("[data-start-over]")).to_be_visible()
    unlock(page)
    draft_row(page).first.click()
    expect(page.locator("#visit textarea[name=text]")).to_have_value("旧钥匙写的")
    page.reload()
    page.locator("[data-start-over] label").click()
    page.locator("[data-start-over] button").click()
    expect(page.locator("[data-start-over]")).to_be_hidden()
    director.open("/field/#/")
    expect(child_row(page).first).to_be_visible()
    expect(draft_row(page)).to_have_count(0)
    director.problems.clear()


def test_a_form_that_comes_late_does_not_take_the_place_of_what_was_asked_for_since(
    people: Callable[..., Person],
) -> None:
    director = people(DIRECTOR, PHONE, service_workers="block").sign_in()
    page = director.open("/field/")
    expect(child_row(page).first).to_be_visible()
    form = Held(page, "**/field/forms/**")
    child_row(page).first.click()
    page.locator("[data-view] a[href^='#/visit/']").first.click()
    form.come()
    director.open("/field/#/")
    expect(child_row(page).first).to_be_visible()
    with page.expect_response("**/field/forms/**"):
        form.go()
    page.wait_for_timeout(500)  # time for what must not happen
    expect(page.locator("#visit")).to_have_count(0)
    expect(child_row(page).first).to_be_visible()
    director.problems.clear()  # of the worker that it forbids


def test_a_view_that_follows_a_form_has_the_words_that_were_still_on_their_way_to_the_disk(
    people: Callable[..., Person],
) -> None:
    director = people(DIRECTOR, PHONE).sign_in()
    page = open_app(director)
    child_row(page).first.click()
    page.locator("[data-view] a[href^='#/visit/']").first.click()
    expect(page.locator("#visit[data-outbox-ready]")).to_be_attached()
    page.evaluate(SLOW_DISK)
    page.locator("#visit textarea[name=text]").fill("写完就退出")
    director.open("/field/#/")
    page.wait_for_timeout(300)  # time for what must not happen: a list that was read too early
    page.evaluate("window.goOn()")
    draft_row(page).first.click()
    expect(page.locator("#visit textarea[name=text]")).to_have_value("写完就退出")


def test_an_answer_that_comes_late_calls_nobody_away_from_what_they_do_since(
    people: Callable[..., Person],
) -> None:
    director = people(DIRECTOR, PHONE).sign_in()
    page = open_app(director)
    write(page, "发出后去看别的")
    answer = Held(page, "**/api/v1/field/visits/*/")
    page.locator("[type=submit][form=visit]").click()
    answer.come()
    director.open("/field/#/")
    expect(child_row(page).first).to_be_visible()
    count = page.locator("[data-outbox-count]").first
    expect(count).to_have_text("1")
    answer.go(status=201, json={"state": "taken", "page": "", "awaited": [], "also_today": []})
    expect(count).to_have_text("0")
    page.wait_for_timeout(300)  # time for what must not happen
    assert page.evaluate("location.hash") == "#/"
    expect(child_row(page).first).to_be_visible()


def test_whoever_signs_out_elsewhere_while_the_app_opens_leaves_nothing_open(
    people: Callable[..., Person],
) -> None:
    director = people(DIRECTOR, PHONE).sign_in()
    page = open_app(director)
    key = Held(page, "**/field/key/")
    page.reload(wait_until="commit")
    key.come()
    page.evaluate("new BroadcastChannel('childwelfare-phone').postMessage('signed out')")
    expect(page.locator(".cw-empty a[href^='/sign-in/']")).to_be_visible()
    with page.expect_response("**/field/key/"):
        key.go()
    page.wait_for_timeout(500)  # time for what must not happen
    expect(page.locator(".cw-empty a[href^='/sign-in/']")).to_be_visible()
    expect(child_row(page)).to_have_count(0)


def test_the_list_waits_for_no_worker_and_is_not_said_to_be_gone_while_it_comes(
    people: Callable[..., Person],
) -> None:
    """A browser that allows no worker; the first answer takes its time."""
    director = people(DIRECTOR, PHONE, service_workers="block").sign_in()
    roster = Held(director.page, "**/field/roster/")
    page = director.open("/field/")
    expect(page.locator("[data-waiting]")).to_be_visible()
    expect(page.locator("[data-view] .cw-empty")).to_be_hidden()
    roster.come()
    roster.go()
    expect(child_row(page).first).to_be_visible()
    # Neither an answer that does not come nor one that is cut off takes the app with it.
    cut = {
        "headers": {"X-Field-At": "2026-11-22T08:00:00Z"},
        "content_type": "application/json",
        "body": '{"chi',
    }
    for answer in (lambda route: route.abort(), lambda route: route.fulfill(**cut)):
        page.unroute_all()
        page.route("**/field/roster/", answer)
        page.evaluate(
            "indexedDB.databases().then((all) => all.forEach(({ name }) => indexedDB.deleteDatabase(name)))"
        )
        page.reload()
        expect(page.locator("[data-view] .cw-empty")).to_be_visible()
        expect(page.locator("[data-waiting]")).to_be_hidden()
        expect(page.locator("[data-tabs]")).to_be_visible()
    director.problems.clear()


def test_whoever_comes_straight_to_the_app_has_its_worker(
    people: Callable[..., Person], office: Office
) -> None:
    """No other page was opened on this phone; the session is carried over."""
    elsewhere = people(DIRECTOR, PHONE).sign_in()
    director = people(DIRECTOR, PHONE)
    director.context.add_cookies(elsewhere.context.cookies())  # type: ignore[arg-type]
    open_app(director)


def test_a_form_follows_the_intervals_of_the_list(people: Callable[..., Person]) -> None:
    """The blank form was kept before the county changed its intervals."""
    director = people(DIRECTOR, PHONE).sign_in()
    page = open_app(director)
    page.evaluate(
        """async () => {
          for (const name of await caches.keys()) {
            const cache = await caches.open(name);
            for (const request of await cache.keys()) {
              if (request.url.includes("/field/forms/")) {
                const html = await (await cache.match(request)).text();
                const old = html.replace(/data-intervals="[^"]*"/, 'data-intervals="{}"');
                await cache.put(request, new Response(old, { headers: { "Content-Type": "text/html" } }));
              }
            }
          }
        }"""
    )
    write(page, "间隔")
    given = json.loads(page.locator("[data-intervals]").get_attribute("data-intervals") or "")
    slots = page.locator("[data-interval]").all()
    assert len(slots) >= 3
    assert all(str(given[one.get_attribute("data-interval")]) in one.text_content() for one in slots)


# --- A new version, and the weight ------------------------------------------------------------------------


def test_a_new_version_takes_over_and_loses_nothing(people: Callable[..., Person]) -> None:
    """What the present worker keeps is put where an older version would have it; then another worker is registered."""
    director = people(DIRECTOR, PHONE).sign_in()
    page = open_app(director)
    prepare(director)
    director.open("/field/#/")
    write(page, "升级前写的")
    (version,) = page.evaluate("caches.keys()")
    page.evaluate(
        """async (version) => {
          const older = await caches.open("childwelfare-shell-older");
          const present = await caches.open(version);
          for (const request of await present.keys()) {
            await older.put(request, await present.match(request));
          }
          await caches.delete(version);
          await navigator.serviceWorker.register("/sw.js?next", { updateViaCache: "none" });
        }""",
        version,
    )
    until(page, "async (version) => String(await caches.keys()) === version", version)
    until(page, READY)
    director.context.set_offline(True)
    director.open("/field/#/")
    page.reload()
    unlock(page)
    draft_row(page).first.click()
    expect(page.locator("#visit textarea[name=text]")).to_have_value("升级前写的")


def test_the_shell_speaks_the_readers_language(people: Callable[..., Person]) -> None:
    director = people(DIRECTOR, PHONE).sign_in()
    page = open_app(director)
    director.context.add_cookies([{"name": "django_language", "value": "en", "url": director.office.url}])
    director.open("/me/")
    until(page, "async () => (await caches.match('/field/')).headers.get('Content-Language') === 'en'")
    director.open("/field/")
    expect(page.locator("html")).to_have_attribute("lang", "en")


def test_a_cold_phone_loads_little(people: Callable[..., Person], office: Office) -> None:
    """Every byte of the real answers until a visit can be written: shell, styles, scripts, icons, worker, blank form, list
    of thirty children."""
    director = people(DIRECTOR, PHONE).sign_in(anew=True)
    cookies = "; ".join(f"{one['name']}={one['value']}" for one in director.context.cookies())
    answer = director.context.request.post(
        "/field/key/",
        data={},
        headers={
            "X-CSRFToken": next(
                one["value"] for one in director.context.cookies() if one["name"] == "csrftoken"
            )
        },
    )
    assert answer.ok, (answer.status, answer.text())
    given = answer.json()
    connection = http.client.HTTPConnection("127.0.0.1", office.port)

    def size(address: str) -> int:
        connection.request(
            "GET", address,
            headers={"Cookie": cookies, "Accept-Encoding": "gzip, br", "X-Field-Device": given["device"]},
        )  # fmt: skip
        answer = connection.getresponse()
        body = answer.read()
        assert answer.status == 200, address
        return len(body) + len(str(answer.headers))

    worker = director.context.request.get("/sw.js").text()
    told = json.loads(worker.partition("self.shell = ")[2].partition(";\n")[0])
    scripts = re.findall(r'"(/static/[^"]+)"', worker.partition("importScripts(")[2])
    roster = director.context.request.get(
        "/field/roster/", headers={"X-Field-Device": given["device"]}
    ).json()
    code, version = roster["children"][0]["form"]
    fixed = [
        *(told["page"], "/sw.js", "/manifest.webmanifest", f"/field/forms/{code}/{version}/"),
        *told["files"],
        *scripts,
    ]
    found = {address: size(address) for address in fixed}
    found["/field/roster/"] = size("/field/roster/") * max(1, 30 // len(roster["children"]) + 1)
    connection.close()
    assert any("app." in address and "/js/field/" in address for address in found)
    assert sum(found.values()) <= MOST_BYTES, json.dumps(found, indent=1)
