"""The behaviours of static/js in a real browser, on pages made of our templates and served under our policy.

The answers of the server are chosen by each test, because what is tested is what the browser does with them:
a lost signal, a refusal, a second account on the same phone.
"""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import threading
from collections.abc import Iterator
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from django.conf import settings
from django.template import RequestContext, Template
from django.test import RequestFactory
from django.utils import translation
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from childwelfare.security import CONTENT_SECURITY_POLICY

pytestmark = pytest.mark.journey

STATIC = Path(settings.BASE_DIR) / "static"
KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}

VISIT = """
{% extends "base_phone.html" %}{% load i18n static look components asking %}
{% block title %}Visit{% endblock %}
{% block main %}
{% outbox_strip "/outbox" %}{% draft_notice %}
<form id="visit" class="cw-form" method="post" enctype="multipart/form-data" novalidate
      data-outbox="/api/v1/visits/"
      data-outbox-key="child-12" data-outbox-title="林小满" data-outbox-next="/sent">
  {% csrf_token %}<input type="hidden" name="client_id" value="">
  <section class="cw-section">
    {% choices "kind" kinds legend="Kind" %}{% ask "q1" "Hurt?" hint="Say how" %}
  </section>
  <section class="cw-section"><h2><label for="note">Note</label></h2>
    <textarea class="form-control" id="note" name="note" required></textarea></section>
  <section class="cw-section">{% photos name="photos" most=2 %}</section>
</form>
{% save_bar "Submit" form="visit" %}
{% endblock %}
{% block scripts %}{{ block.super }}<script src="{% static 'js/photos.js' %}" defer></script>{% endblock %}
"""
OUTBOX = '{% extends "base.html" %}{% load asking %}{% block main %}{% outbox home="/" %}{% endblock %}'
QUEUE = """
{% extends "base.html" %}{% load look components asking %}
{% block main %}
<div class="cw-cols cw-cols-queue">
<section class="cw-panel cw-queue"><ul class="cw-list" data-keys>
{% list_item "林小满" url="/queue?at=1" current=True swap="beside" %}
{% list_item "秦白露" url="/queue?at=2" swap="beside" %}
</ul></section>
<section class="cw-panel" id="beside"><h2>林小满</h2>{% identity "500152********1013" "/reveal" "林小满" %}
<label>Words <input id="words"></label>{% actions entries url="/decide" %}</section></div>
{% endblock %}
"""
REVEAL = '{% load asking %}{% reveal_dialog "Show" "/reveal" reasons value=value seconds=1 %}'


def render(text: str, user: int, **context: Any) -> str:
    class Reader:
        is_authenticated = True
        pk = user

    request = RequestFactory().get("/")
    request.user = Reader()  # type: ignore[assignment]
    menu = [{"label": "a", "icon": "home", "url": "/"}]
    with translation.override("en"):
        return Template(text).render(RequestContext(request, {"navigation": menu, **context}))


class Server(ThreadingHTTPServer):
    """Serves the pages and records what is posted; `answer` is what the API says next."""

    daemon_threads = True

    def __init__(self) -> None:
        self.user = 7
        self.answer: tuple[int, dict[str, Any]] = (201, {})
        self.posted: list[dict[str, Any]] = []
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Server
    policy: ClassVar[str] = CONTENT_SECURITY_POLICY

    def log_message(self, *args: Any) -> None:
        """Keeps the test's output quiet."""

    def reply(self, body: str | bytes, kind: str = "text/html; charset=utf-8", code: int = 200) -> None:
        payload = body.encode() if isinstance(body, str) else body
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(payload)))
        self.send_header("Content-Security-Policy", self.policy)
        self.end_headers()
        self.wfile.write(payload)

    def do_GET(self) -> None:
        path = self.path.split("?")[0]
        if path.startswith("/static/"):
            file = STATIC / path.removeprefix("/static/")
            self.reply(file.read_bytes(), KINDS.get(file.suffix, "application/octet-stream"))
        elif path == "/visit":
            kinds = [("door", "Door"), ("phone", "Phone")]
            self.reply(render(VISIT, self.server.user, kinds=kinds))
        elif path == "/outbox":
            self.reply(render(OUTBOX, self.server.user))
        elif path == "/queue":
            if self.headers.get("HX-Request"):
                self.reply("<h2>秦白露</h2>")
            else:
                entries = [
                    {"name": "approve", "label": "Approve", "key": "A"},
                    {"name": "return", "label": "Return", "key": "R", "needs_text": True},
                ]
                self.reply(render(QUEUE, self.server.user, entries=entries))
        elif path == "/reveal":
            self.reply(render(REVEAL, self.server.user, reasons=[("papers", "Papers")], value=""))
        else:
            self.reply("<main>there</main>")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        kind = self.headers["Content-Type"]
        if self.path == "/api/v1/visits/":
            parts = message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + body).get_payload()
            fields: dict[str, Any] = {"token": self.headers["X-CSRFToken"]}
            for part in parts:  # type: ignore[union-attr]
                name = part.get_param("name", header="content-disposition")  # type: ignore[union-attr]
                value = part.get_payload(decode=True)  # type: ignore[union-attr]
                fields[str(name)] = value if part.get_filename() else value.decode()  # type: ignore[union-attr]
            self.server.posted.append(fields)
            code, answer = self.server.answer
            self.reply(json.dumps(answer), "application/json", code)
        elif self.path == "/reveal":
            self.reply(render(REVEAL, self.server.user, reasons=[], value="500152201703021013"))
        else:
            self.server.posted.append({"path": self.path, "body": body.decode()})
            self.reply("<main>decided</main>")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    arguments = [
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--disable-background-networking",
    ]
    if os.geteuid() == 0:
        arguments.append("--no-sandbox")
    with sync_playwright() as playwright:
        found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=found, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, locale="zh-CN", timezone_id="Asia/Shanghai"
    )
    context.set_default_timeout(10_000)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page on which any refusal of the policy and any script error fails the test."""
    problems: list[str] = []
    page = context.new_page()
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on(
        "console",
        lambda message: problems.append(message.text) if "Content Security Policy" in message.text else None,
    )
    yield page
    assert not problems


def write(page: Page, server: Server, note: str) -> str:
    page.goto(server.url + "/visit")
    page.get_by_label("Phone").check()
    page.locator("#note").fill(note)
    expect(page.locator("[data-saved-state]")).to_have_text("Kept on this device")
    return page.locator("[name=client_id]").input_value()


def test_a_draft_comes_back(page: Page, server: Server) -> None:
    client_id = write(page, server, "奶奶住院")
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", client_id)
    page.reload()
    expect(page.locator("#note")).to_have_value("奶奶住院")
    expect(page.locator("[name=kind][value=phone]")).to_be_checked()
    expect(page.locator("[data-outbox-restored]")).to_be_visible()
    assert page.locator("[name=client_id]").input_value() == client_id
    page.locator("[data-outbox-discard]").click()
    expect(page.locator("#note")).to_have_value("")
    expect(page.locator("[data-outbox-restored]")).to_be_hidden()
    assert server.posted == []


def test_a_draft_belongs_to_its_writer(page: Page, server: Server) -> None:
    write(page, server, "奶奶住院")
    server.user = 8
    page.reload()
    expect(page.locator("[data-outbox-restored]")).to_be_hidden()
    expect(page.locator("#note")).to_have_value("")


def test_a_visit_is_sent_when_the_signal_is_back(page: Page, context: BrowserContext, server: Server) -> None:
    client_id = write(page, server, "奶奶住院")
    context.set_offline(True)
    expect(page.locator("[data-offline]")).to_be_visible()
    page.get_by_role("button", name="Submit").click()
    expect(page.locator("[data-saved-state]")).to_have_text("Waiting to send")
    expect(page.locator("[data-outbox-strip]")).to_contain_text("1 waiting to send")
    assert server.posted == []
    context.set_offline(False)
    page.wait_for_url("**/sent")
    assert [sent["client_id"] for sent in server.posted] == [client_id]
    assert server.posted[0]["note"] == "奶奶住院"
    assert server.posted[0]["kind"] == "phone"
    assert server.posted[0]["token"]
    page.goto(server.url + "/visit")
    expect(page.locator("#note")).to_have_value("")


def test_without_a_signal_the_browser_says_what_is_missing(
    page: Page, context: BrowserContext, server: Server
) -> None:
    page.goto(server.url + "/visit")
    context.set_offline(True)
    page.get_by_role("button", name="Submit").click()
    expect(page.locator("#note")).to_be_focused()
    expect(page.locator("[data-outbox-strip]")).to_be_hidden()
    page.locator("#note").fill("写了")
    page.get_by_role("button", name="Submit").click()
    expect(page.locator("[data-saved-state]")).to_have_text("Waiting to send")


def test_a_visit_is_sent_at_once_and_the_page_moves_on(page: Page, server: Server) -> None:
    write(page, server, "情况平稳")
    page.get_by_role("button", name="Submit").click()
    page.wait_for_url("**/sent")
    assert len(server.posted) == 1
    page.goto(server.url + "/outbox")
    expect(page.get_by_text("Everything has been sent")).to_be_visible()


def test_a_refusal_stands_beside_its_field_and_keeps_the_words(page: Page, server: Server) -> None:
    fields = {"note": ["Too short."]}
    server.answer = (
        400,
        {"error": {"code": "invalid", "message": "Some fields are not valid.", "fields": fields}},
    )
    write(page, server, "短")
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_text("Too short.")).to_be_visible()
    expect(page.get_by_text("Some fields are not valid.")).to_be_visible()
    expect(page.locator("#note")).to_have_value("短")
    server.answer = (201, {})
    page.locator("#note").fill("写长一些")
    page.get_by_role("button", name="Submit").click()
    page.wait_for_url("**/sent")
    assert server.posted[0]["client_id"] == server.posted[1]["client_id"]


def test_a_broken_server_or_an_ended_session_keeps_the_visit(page: Page, server: Server) -> None:
    server.answer = (503, {})
    write(page, server, "情况平稳")
    page.get_by_role("button", name="Submit").click()
    expect(page.locator("[data-saved-state]")).to_have_text("Waiting to send")
    server.answer = (403, {"error": {"code": "not_authenticated", "message": "Sign in."}})
    page.goto(server.url + "/outbox")
    expect(page.locator("[data-outbox-items] li")).to_have_count(1)
    expect(page.locator("[data-outbox-items]")).to_contain_text("林小满")
    server.answer = (201, {})
    page.get_by_role("button", name="Send now").click()
    expect(page.locator("[data-outbox-items] li")).to_have_count(0)


def test_photos_are_made_small_kept_and_sent(page: Page, server: Server) -> None:
    picture = io.BytesIO()
    Image.effect_noise((2400, 1200), 60).convert("RGB").save(picture, "PNG")
    page.goto(server.url + "/visit")
    shot = {"name": "IMG_1.png", "mimeType": "image/png", "buffer": picture.getvalue()}
    page.locator("input[type=file]").set_input_files([shot])  # type: ignore[list-item]
    expect(page.locator(".cw-photo canvas")).to_have_count(1)
    page.locator("#note").fill("照片")
    expect(page.locator("[data-saved-state]")).to_have_text("Kept on this device")
    page.reload()
    expect(page.locator(".cw-photo canvas")).to_have_count(1)
    page.get_by_label("Door").check()
    page.get_by_role("button", name="Submit").click()
    page.wait_for_url("**/sent")
    sent = Image.open(io.BytesIO(server.posted[0]["photos"]))
    assert sent.format == "JPEG"
    assert sent.size == (1600, 800)


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
    expect(page.locator("#dialog")).to_be_hidden(timeout=4000)
    assert "500152201703021013" not in page.content()
