"""Pages made of our templates and served under our policy, for tests of what the browser does with a server's answers.

The server keeps what it was sent; each test chooses what it answers.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from django.conf import settings
from django.template import RequestContext, Template
from django.test import RequestFactory
from django.utils import translation
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from childwelfare.security import CONTENT_SECURITY_POLICY

STATIC = Path(settings.BASE_DIR) / "static"
KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".png": "image/png"}

VISIT = """
{% extends "base_phone.html" %}{% load i18n static look components asking %}
{% block title %}Visit{% endblock %}
{% block main %}
{% outbox_strip "/outbox" %}{% draft_notice %}
<form id="visit" class="cw-form" method="post" enctype="multipart/form-data" novalidate
      data-outbox data-outbox-at="/outbox"
      data-outbox-key="child-12" data-outbox-title="林小满" data-outbox-next="/sent">
  {% csrf_token %}<input type="hidden" name="client_id" value="{{ visit }}">
  <input type="hidden" name="child" value="12"><input type="hidden" name="basis" value="{{ basis }}">
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
    values = RequestContext(request)
    values.update({"navigation": menu, "in_field": True, **context})  # above what the processors say
    with translation.override("en"):
        return Template(text).render(values)


class Server(ThreadingHTTPServer):
    """``answer`` is what a visit gets next, ``photo_answers`` what photos get one after the other (then 201)."""

    daemon_threads = True

    def __init__(self) -> None:
        self.user = 7
        self.signed_in = True
        self.answer: tuple[int, Any] = (201, {})
        self.photo_answers: list[tuple[int, Any]] = []
        self.withdrawals: list[int] = []  # what withdrawing photos gets, one after the other (then 204)
        self.returned = ("", "")  # id and version of the visit that the form is of
        self.headers: dict[str, str] = {}
        self.hold = threading.Event()  # an answer waits until it is set
        self.hold.set()
        self.posted: list[dict[str, Any]] = []  # forms
        self.put: list[dict[str, Any]] = []  # visits
        self.photos: list[tuple[str, bytes]] = []
        self.withdrawn: list[str] = []
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Server
    policy: ClassVar[str] = CONTENT_SECURITY_POLICY

    def log_message(self, *args: Any) -> None:
        """Keeps the test's output quiet."""

    def reply(self, body: Any, kind: str = "text/html; charset=utf-8", code: int = 200) -> None:
        if isinstance(body, dict):
            body, kind = json.dumps(body), "application/json"
        payload = body.encode() if isinstance(body, str) else body
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(payload)))
        self.send_header("Content-Security-Policy", self.policy)
        for name, value in self.server.headers.items() if code == 429 else ():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(payload)

    def do_GET(self) -> None:
        path = self.path.split("?")[0]
        if path.startswith("/static/"):
            file = STATIC / path.removeprefix("/static/")
            self.reply(file.read_bytes(), KINDS.get(file.suffix, "application/octet-stream"))
        elif path == "/visit":
            kinds = [("door", "Door"), ("phone", "Phone")]
            visit, basis = self.server.returned
            self.reply(render(VISIT, self.server.user, kinds=kinds, visit=visit, basis=basis))
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
            self.reply("<main>there</main>", code=404 if path.endswith((".js", ".webmanifest")) else 200)

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers["Content-Length"] or 0))

    def do_POST(self) -> None:
        body = self.body()
        if self.path == "/field/key/":
            user = self.server.user
            key = base64.b64encode(bytes([user]) * 32).decode()
            days = {"roster": 14, "drafts": 60}
            told = {
                "user": user,
                "name": "王念慈",
                "device": f"0000000{user}-0000-4000-8000-000000000000",
                "key": key,
            }
            told |= {"stamp": "s", "offline": False, "days": days, "at": "2026-11-22T08:00:00Z"}
            self.reply(told if self.server.signed_in else {}, code=200 if self.server.signed_in else 401)
        elif self.path == "/reveal":
            self.reply(render(REVEAL, self.server.user, reasons=[], value="500152201703021013"))
        else:
            self.server.posted.append({"path": self.path, "body": body.decode()})
            self.reply("<main>decided</main>")

    def do_PUT(self) -> None:
        body, parts = self.body(), self.path.strip("/").split("/")
        if "photos" in parts:
            code, told = self.server.photo_answers.pop(0) if self.server.photo_answers else (201, {})
            if code < 300:
                self.server.photos.append((parts[-1], body))
        else:
            given = json.loads(body)
            self.server.put.append(
                given
                | {"id": parts[-1], "device": self.headers["X-Field-Device"], "words": dict(given["fields"])}
            )
            self.server.hold.wait(60)
            code, told = self.server.answer
            if code < 300 and isinstance(told, dict):
                told = {"state": "taken", "page": "", "awaited": given["photos"], "also_today": []} | told
        self.reply(told, code=code)

    def do_DELETE(self) -> None:
        if self.server.withdrawals:
            self.reply("", code=self.server.withdrawals.pop(0))
            return
        self.server.withdrawn.append(self.path.strip("/").split("/")[-1])
        self.send_response(204)
        self.end_headers()


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
    server.hold.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, locale="zh-CN", timezone_id="Asia/Shanghai"
    )
    context.set_default_timeout(30_000)
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
