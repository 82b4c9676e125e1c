"""Journeys: the demo county as ``make run`` starts it, looked at by its people in a real browser.

One installation a test session: the supervisor with web server, Celery worker and beat as processes of
their own, the application role on a database of its own, files in a folder of its own. What the database
holds is read in a separate thread with a connection of its own, inside the scope of the person who asks.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest
import redis
from django.conf import settings
from django.db import connections as django_connections
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Route, expect, sync_playwright

from childwelfare import connections
from staff.models import User
from staff.scope import open_scope, scope_of, system_scope
from staff.sessions import assignments_of
from tests import database
from tests.settings import SUFFIX, WORKER

T = TypeVar("T")
expect.set_options(timeout=30_000)  # a machine that runs other tests beside is slow, not wrong
PATIENCE = 240.0  # seconds until everything answers
PASSWORD = "Tongfu-2026"
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1440, "height": 900}
PICTURES = os.environ.get("CHILDWELFARE_SCREENSHOTS", "")
# CHILDWELFARE_LATENCY=400: every request takes so many milliseconds more. A journey that acts on the page before last
# only passes where answers are quick: CHILDWELFARE_LATENCY=400 bin/run-tests -m journey finds it.
LATENCY = int(os.environ.get("CHILDWELFARE_LATENCY", "0"))
OURS = ("CHILDWELFARE_", "DATABASE_", "REDIS_URL", "PORT", "HOST", "DJANGO_", "PYTEST_")
# What a browser says by itself about an answer that a journey provokes.
# The address of a failed request is kept by Person._answered.
EXPECTED = ("net::ERR_INTERNET_DISCONNECTED", "Failed to load resource")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Office:
    """The running installation and its database."""

    def __init__(self, home: Path, name: str = "journey") -> None:
        self.home = home
        self.database = "_".join(filter(None, (f"childwelfare_{name}", SUFFIX, WORKER)))
        self.port = free_port()
        self.door = free_port() if LATENCY else self.port
        self.url = f"http://127.0.0.1:{self.door}"
        self.prefix = f"{name}-{SUFFIX}-{WORKER}"
        self.lines: list[str] = []
        self.process: subprocess.Popen[str] | None = None
        self.slow: subprocess.Popen[bytes] | None = None
        self.sessions: dict[str, Any] = {}  # cookies by account, see Person.sign_in
        self._reader = ThreadPoolExecutor(1)

    # --- Processes --------------------------------------------------------------------------------------

    def start(self) -> None:
        """Make the database, start everything, wait until it is well; the demo county is loaded on the way."""
        self._forget()
        database.make_clone(self.database)
        found = connections.addresses()
        environ = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
        environ |= {
            "CHILDWELFARE_HOME": str(self.home),
            "CHILDWELFARE_REDIS_PREFIX": self.prefix,
            "CHILDWELFARE_KEYS": settings.CHILDWELFARE_KEYS,
            "CHILDWELFARE_INDEX_KEY": settings.CHILDWELFARE_INDEX_KEY,
            "DATABASE_URL": connections.with_database(found.application, self.database),
            "DATABASE_OWNER_URL": connections.with_database(found.owner, self.database),
            "REDIS_URL": connections.redis_url(),
            "PORT": str(self.port),
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "childwelfare.supervisor", "run"],
            cwd=settings.BASE_DIR, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
        )  # fmt: skip
        threading.Thread(target=self._read, args=(self.process,), daemon=True).start()
        if LATENCY:
            slow_door = map(str, ("tests.journeys.slow_door", self.port, self.door, LATENCY))
            self.slow = subprocess.Popen([sys.executable, "-m", *slow_door], cwd=settings.BASE_DIR)
        until = time.monotonic() + PATIENCE
        while not self._is_well():
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < until, self.said()
            time.sleep(0.2)

    def _forget(self) -> None:
        """Remove what an earlier run left in Redis: sessions, counted sign-ins, tasks of a database that is gone."""
        with redis.Redis.from_url(connections.redis_url()) as client:
            for key in client.scan_iter(f"{self.prefix}:*", count=1000):
                client.delete(key)

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        with process.stdout as said:
            for line in said:
                self.lines.append(line.rstrip())

    def _is_well(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=10):  # noqa: S310 (our own address)
                return True
        except (urllib.error.HTTPError, OSError):
            return False

    def said(self) -> str:
        return "\n".join(self.lines[-60:])

    def stop(self) -> None:
        if self.slow is not None:
            self.slow.terminate()
            self.slow.wait()
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(PATIENCE)
        self._reader.submit(lambda: django_connections.close_all()).result()
        self._reader.shutdown()
        self._forget()
        database.drop_clone(self.database)

    # --- What the database holds ------------------------------------------------------------------------

    def seen_by(self, username: str, look: Callable[[], T]) -> T:
        """What ``look`` returns inside the scope of a person, as their own request would open it."""

        def within() -> T:
            with system_scope(reason="journey", log=False):
                held = assignments_of(User.objects.get(username=username))
                scope = scope_of(held[0])
            with open_scope(scope):
                return look()

        return self._reader.submit(self._on_our_database, within).result()

    def _on_our_database(self, look: Callable[[], T]) -> T:
        for alias in database.ALIASES:
            present = django_connections[alias]
            if present.settings_dict["NAME"] != self.database:
                own = present.settings_dict | {"NAME": self.database, "CONN_MAX_AGE": 600}
                django_connections[alias] = type(present)(own, alias)
        return look()


@contextmanager
def serving(office: Office, blocker: Any) -> Iterator[Office]:
    """The demo county, up for as long as the block."""
    with blocker.unblock():
        try:
            office.start()
            yield office
        finally:
            office.stop()


@pytest.fixture(scope="session")
def office(django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """The one that journeys share: each finds what those before it left."""
    with serving(Office(tmp_path_factory.mktemp("journey") / "home"), django_db_blocker) as running:
        yield running


# --- Browser --------------------------------------------------------------------------------------------


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser without a window, speaking Chinese."""
    arguments = [
        "--disable-gpu",
        "--disable-quic",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--lang=zh-CN",
        f"--host-resolver-rules=MAP {PLAIN} 127.0.0.1",
    ]
    if os.geteuid() == 0:
        arguments.append("--no-sandbox")
    with sync_playwright() as playwright:
        given = os.environ.get("CHROMIUM", "")
        found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
        path = None if given == "playwright" else given or found
        language = {"LANGUAGE": "zh_CN", "LANG": "zh_CN.UTF-8"}  # of date fields and file buttons
        browser = playwright.chromium.launch(
            executable_path=path, args=arguments, env={**os.environ, **language}
        )
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


def until(page: Page, script: str, arg: Any = None) -> None:
    """Wait until a script's promise comes true; ``wait_for_function`` takes the promise itself for the truth."""
    end = time.monotonic() + 60
    while not page.evaluate(script, arg):
        assert time.monotonic() < end, f"This did not come true: {script}"
        page.wait_for_timeout(100)


class Held:
    """What a page asks of an address, held until ``go``."""

    def __init__(self, page: Page, address: str) -> None:
        self.page, self.address = page, address
        self.routes: list[Route] = []
        page.route(address, lambda route: self.routes.append(route))

    def come(self) -> None:
        """Wait until it is asked for."""
        end = time.monotonic() + 60
        while not self.routes:
            assert time.monotonic() < end, f"Nobody asked for {self.address}"
            self.page.wait_for_timeout(20)

    def go(self, **answer: Any) -> None:
        """The office answers, or ``answer`` does in its place; later ones are not held."""
        for route in self.routes:
            route.fulfill(**answer) if answer else route.continue_()
        self.page.unroute(self.address)


def keeps(page: Page) -> None:
    """Have the visit form keep its words now, and wait until they are on the disk."""
    at = page.evaluate(
        """() => {
          const at = new Date().toISOString();
          document.querySelector("[data-outbox-save]").click();
          return at;
        }"""
    )
    until(page, "(at) => (document.querySelector('#visit').dataset.outboxKept || '') >= at", at)


# A name by which a browser reaches the office over plain http that is nobody's own machine: no secure context.
PLAIN = "office.test"
# A record among the visits of the account on this phone that its key does not open.
SPOIL = """async () => {
  const { name } = (await indexedDB.databases()).find((one) => /^childwelfare-[0-9]+$/.test(one.name));
  const database = await new Promise((done) => {
    const request = indexedDB.open(name);
    request.onsuccess = () => done(request.result);
  });
  const spoiled = { iv: new Uint8Array(12), data: new ArrayBuffer(40), at: Date.now(), of: "" };
  const writing = database.transaction("items", "readwrite");
  writing.objectStore("items").put(spoiled, crypto.randomUUID());
  await new Promise((done) => { writing.oncomplete = done; });
  database.close();
}"""


class Person:
    """Somebody at a screen: signs in, opens pages, presses buttons, and keeps what the browser complained about."""

    def __init__(
        self, office: Office, browser: Browser, username: str, size: dict[str, int], **options: Any
    ) -> None:
        self.office, self.username = office, username
        self.problems: list[str] = []
        phone = size["width"] < 992
        options = {
            "base_url": office.url,
            "locale": "zh-CN",
            "timezone_id": "Asia/Shanghai",
            "has_touch": phone,
            "is_mobile": phone,
        } | options
        self.context: BrowserContext = browser.new_context(viewport=size, **options)  # type: ignore[arg-type]
        self.context.set_default_timeout(30_000)
        self.page: Page = self.context.new_page()
        self.page.on("pageerror", lambda error: self.problems.append(f"{self.page.url}: {error}"))
        self.page.on("console", self._heard)
        self.page.on("response", self._answered)

    def _heard(self, message: Any) -> None:
        if message.type in ("error", "warning") and not any(known in message.text for known in EXPECTED):
            self.problems.append(f"{self.page.url}: {message.text}")

    def _answered(self, response: Any) -> None:
        if response.status >= 400:
            self.problems.append(f"{response.status} {response.request.method} {response.url}")

    def sign_in(self, *, anew: bool = False) -> Person:
        """By the form; once that was done, by the session that it gave, as long as this stands. ``anew``: by the form, for a
        session of one's own that nobody else gets."""
        if self.username in self.office.sessions and not anew:
            self.context.add_cookies(self.office.sessions[self.username])
            self.open("/")
            if "/sign-in/" not in self.page.url:
                return self
        self.open("/sign-in/")
        self.page.get_by_label("账号").fill(self.username)
        self.page.locator("input[name=password]").fill(PASSWORD)
        self.press("登录")
        expect(self.page.locator("main")).not_to_contain_text("演示账号")
        if not anew:
            kept = [
                one for one in self.context.cookies() if "session" in one["name"] or "csrf" in one["name"]
            ]
            self.office.sessions[self.username] = kept
        return self

    def open(self, address: str) -> Page:
        """Go there when what is being loaded has come: an address that differs by its hash alone would end that."""
        self.page.wait_for_load_state()
        self.page.goto(address)
        return self.page

    def send(self, button: Locator) -> None:
        """Press a button that sends a form, and wait for the office's answer."""
        with self.page.expect_response(lambda answer: answer.request.method == "POST"):
            button.click()

    def press(self, name: str, *, within: Any = None) -> None:
        """Press the button of exactly this name."""
        (within or self.page).get_by_role("button", name=name, exact=True).click()

    def follow(self, name: str, *, within: Any = None) -> None:
        (within or self.page.locator("main")).get_by_role("link", name=name, exact=True).first.click()

    def sees(self, *texts: str, within: str = "main") -> None:
        for text in texts:
            expect(self.page.locator(within)).to_contain_text(text)

    def seen_by(self, look: Callable[[], T]) -> T:
        """What the database holds for this person."""
        return self.office.seen_by(self.username, look)

    def picture(self, name: str, *sizes: dict[str, int], whole: bool = True) -> None:
        """Screenshots for the documentation when the run is asked for them, at the person's size or at ``sizes``."""
        if not PICTURES:
            return
        folder = Path(PICTURES)
        folder.mkdir(parents=True, exist_ok=True)
        own = self.page.viewport_size or DESK
        for size in sizes or (own,):
            self.page.set_viewport_size(size)  # type: ignore[arg-type]
            self.page.wait_for_load_state("networkidle")
            if whole:  # a window as high as the page, so that bars at the bottom stand at the bottom
                height = self.page.evaluate("document.documentElement.scrollHeight")
                self.page.set_viewport_size({"width": size["width"], "height": max(height, size["height"])})
            path = folder / f"{name}-{size['width']}.png"
            self.page.screenshot(path=path, animations="disabled", caret="initial")
            # A palette keeps the pictures of the documentation small.
            Image.open(path).convert("RGB").quantize(256).save(path, optimize=True)
        self.page.set_viewport_size(own)  # type: ignore[arg-type]


@pytest.fixture
def people(office: Office, browser: Browser) -> Iterator[Callable[..., Person]]:
    """``people("wangnianci", PHONE)``: a person in a browser of their own. Complaints of any browser fail the test."""
    made: list[Person] = []

    def arrive(username: str, size: dict[str, int] = DESK, **options: Any) -> Person:
        made.append(Person(office, browser, username, size, **options))
        return made[-1]

    arrive.made = made  # type: ignore[attr-defined]  # for the report of a failure
    yield arrive
    for person in made:
        person.context.close()
    problems = [f"{person.username}: {text}" for person in made for text in person.problems]
    assert not problems, "\n".join(problems)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """Keep what was on the screens when a journey fails, in test-results/."""
    report = yield
    arrive = getattr(item, "funcargs", {}).get("people")
    if call.when == "call" and report.failed and arrive is not None:
        folder = Path(settings.BASE_DIR) / "test-results"
        folder.mkdir(exist_ok=True)
        for number, person in enumerate(arrive.made):
            name = f"{item.name}-{number}-{person.username}"
            person.page.screenshot(path=folder / f"{name}.png", full_page=True)
            (folder / f"{name}.txt").write_text(
                "\n".join([person.page.url, person.page.locator("body").inner_text(), *person.problems]),
                encoding="utf-8",
            )
    return report
