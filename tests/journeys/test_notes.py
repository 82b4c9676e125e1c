"""A note to the director that arrives on the phone, and what the phone shows of a push.

What is said on the screen is looked for by its place, not by its words.
"""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from cases.models import Child
from cases.notes.pushes import message_for
from cases.notes.selectors import unread_count
from staff.scope import current
from tests.journeys.conftest import DESK, PHONE, Person, until

pytestmark = pytest.mark.journey

BELL = ".cw-appbar a[href='/notes/'] .cw-count"
WORDS = "老人刚出院，请本周内再去一次。"
SHOWN = """async () => {
  const worker = await navigator.serviceWorker.ready;
  return (await worker.getNotifications()).map((one) => [one.title, one.body, one.data.url]);
}"""


def first_child() -> tuple[int, str]:
    return Child.objects.on_register().order_by("pk").values_list("pk", "name")[0]


def test_a_note_is_written_at_the_desk_and_read_on_the_phone(people: Callable[..., Person]) -> None:
    director, supervisor = people("wangnianci", PHONE).sign_in(), people("lishouan", DESK).sign_in()
    pk, _name = director.seen_by(first_child)
    before = director.seen_by(lambda: unread_count(current().user_id))
    page = supervisor.open(f"/children/{pk}/")
    page.locator(f"a[href='/notes/add/?child={pk}']").click()
    page.locator("select[name=recipient]").select_option(index=0)
    page.locator("textarea[name=text]").fill(WORDS)
    page.locator("button[form=note]").click()
    expect(page).to_have_url(f"{supervisor.office.url}/children/{pk}/")
    page = director.open("/")
    expect(page.locator(BELL)).to_have_text(str(before + 1))
    expect(page.locator("main a[href='/notes/']")).to_be_visible()
    page.locator(".cw-appbar a[href='/notes/']").click()
    director.sees(WORDS)
    director.picture("notes")
    row = page.locator("main li", has_text=WORDS)
    row.locator("form[action$='/read/'] button").click()
    expect(page).to_have_url(f"{director.office.url}/children/{pk}/")
    if before:
        expect(page.locator(BELL)).to_have_text(str(before))
    else:
        expect(page.locator(BELL)).to_have_count(0)
    page = supervisor.open("/notes/sent/")
    supervisor.sees(WORDS)


def test_a_push_shows_a_count_and_no_name(people: Callable[..., Person]) -> None:
    """The very bytes that the office sends, handed to the real service worker as a push service would."""
    director = people("wangnianci", PHONE, permissions=["notifications"]).sign_in()
    page = director.open("/")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    pipe = director.context.new_cdp_session(page)
    registrations: list[str] = []
    pipe.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda event: registrations.extend(one["registrationId"] for one in event["registrations"]),
    )
    pipe.send("ServiceWorker.enable")
    for _ in range(600):
        page.wait_for_timeout(50)
        if registrations:
            break
    message = message_for(3).decode()
    for data in (message, "not json"):
        pipe.send(
            "ServiceWorker.deliverPushMessage",
            {"origin": director.office.url, "registrationId": registrations[0], "data": data},
        )
        title = json.loads(message)["text"] if data == message else "127.0.0.1"
        until(page, f"async () => (await ({SHOWN})()).some((one) => one[0] === {json.dumps(title)})")
    shown = page.evaluate(SHOWN)
    assert [(body, url) for _title, body, url in shown] == [
        ("", "/")
    ]  # the newer one took the place of the other
    names = director.seen_by(lambda: list(Child.objects.values_list("name", flat=True)))
    assert not [name for name in names if name in message or name in json.dumps(shown, ensure_ascii=False)]
