"""Field work through the running installation: what a cold phone loads, how soon a draft is kept, and 200 visits at once.

The trivial view of the same run is ``/healthz``, asked by as many at once; the trivial page is the one that signs in.
"""

from __future__ import annotations

import datetime as dt
import http.client
import io
import json
import random
import re
import statistics
import tempfile
import threading
import time
import urllib.parse
import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page

from cases.models import Child, Visit, VisitPhoto
from tests.journeys.conftest import PASSWORD, PHONE, Office, Person, chromium

DIRECTOR = "wangnianci"
VISITS, DRAFTS = 200, 20
PHOTO = (1600, 1200)  # what a phone sends after scaling
PATIENCE = 300  # seconds


def measure() -> dict[str, Any]:
    """Bytes, milliseconds, errors and what the database holds afterwards; each beside the trivial view."""
    with tempfile.TemporaryDirectory() as folder:
        office = Office(Path(folder) / "home")
        try:
            office.start()
            with chromium() as browser:
                found = {"page_weight": weights(office, browser), "tap_to_draft": drafts(office, browser)}
            return found | {"concurrent": at_once(office)}
        finally:
            office.stop()


# --- In the browser ---------------------------------------------------------------------------------------


def weights(office: Office, browser: Browser) -> dict[str, Any]:
    """Compressed bytes that a phone with an empty cache receives until a visit can be written."""
    person = Person(office, browser, DIRECTOR, PHONE)
    signing = _received(person.page, lambda: person.open("/sign-in/"))
    person.sign_in()
    person.context.close()
    cold = Person(office, browser, DIRECTOR, PHONE)
    _carry_session(office, cold)
    writing = _received(cold.page, lambda: _open_form(cold))
    cold.context.close()
    return {
        "visit_kb": round(sum(writing.values()) / 1000, 1),
        "sign_in_kb": round(sum(signing.values()) / 1000, 1),
        "aim_kb": 150,
        "heaviest": dict(sorted(writing.items(), key=lambda one: -one[1])[:8]),
    }


def drafts(office: Office, browser: Browser) -> dict[str, Any]:
    """Milliseconds from a tap on an answer until the form says that the draft is kept on the phone."""
    person = Person(office, browser, DIRECTOR, PHONE)
    _carry_session(office, person)
    _open_form(person)
    taken = []
    for number in range(DRAFTS):
        choice = person.page.locator(f"input[name=kind][value={('phone', 'door')[number % 2]}]")
        taken.append(choice.evaluate(_TAP))
    person.context.close()
    return {"p50_ms": _share(taken, 0.5), "p95_ms": _share(taken, 0.95), "times": DRAFTS}


# Counts from the tap to the next "kept on this phone"; the words of the state are in the page's own language.
_TAP = """input => new Promise(resolve => {
  const saved = document.querySelector('[data-saved]');
  const state = saved.querySelector('[data-saved-state]');
  state.textContent = '';
  const started = performance.now();
  new MutationObserver((_changes, observer) => {
    if (state.textContent === saved.dataset.wordDraft) {
      observer.disconnect();
      resolve(performance.now() - started);
    }
  }).observe(state, {childList: true, characterData: true, subtree: true});
  input.click();
})"""


def _open_form(person: Person) -> None:
    person.open("/field/")
    person.page.locator("[data-groups] a[href^='#/child/']").first.click()
    person.page.locator("a[href^='#/visit/']").first.click()
    person.page.locator("#visit[data-outbox-ready]").wait_for(state="attached")
    person.page.wait_for_load_state("networkidle")


def _received(page: Page, act: Callable[[], Any]) -> dict[str, int]:
    """Path → bytes over the wire, headers included, of everything that ``act`` makes the page load."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    names: dict[str, str] = {}
    sizes: dict[str, int] = {}
    session.on("Network.responseReceived", lambda e: names.update({e["requestId"]: e["response"]["url"]}))
    session.on(
        "Network.loadingFinished", lambda e: sizes.update({e["requestId"]: int(e["encodedDataLength"])})
    )
    act()
    page.wait_for_load_state("networkidle")
    return {
        urllib.parse.urlsplit(names[key]).path: size
        for key, size in sizes.items()
        if key in names and names[key].startswith("http")
    }


# --- At once ----------------------------------------------------------------------------------------------


class Caller:
    """One signed-in director's requests; every thread has a connection of its own."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.cookies: dict[str, str] = {}
        self.signed_in = False
        self._own = threading.local()
        page = self.ask("GET", "/sign-in/")[1].decode()
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
        assert token is not None
        form = {"username": DIRECTOR, "password": PASSWORD, "csrfmiddlewaretoken": token[1]}
        status, _body = self.ask(
            "POST",
            "/sign-in/",
            urllib.parse.urlencode(form).encode(),
            {"Content-Type": "application/x-www-form-urlencoded"},
        )
        assert status == 302, status
        self.signed_in = True

    def ask(
        self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> tuple[int, bytes]:
        """Status and body; the connection is kept for the thread's next question."""
        if not hasattr(self._own, "line"):
            self._own.line = http.client.HTTPConnection("127.0.0.1", self.office.port, timeout=PATIENCE)
        sent = {
            "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
            "X-CSRFToken": self.cookies.get("csrftoken", ""),
            "Accept": "application/json, text/html",
        }
        self._own.line.request(method, path, body or None, sent | (headers or {}))
        answer = self._own.line.getresponse()
        said = answer.read()
        if not self.signed_in:
            for cookie in answer.headers.get_all("Set-Cookie") or ():
                name, _sign, value = cookie.partition(";")[0].partition("=")
                self.cookies[name] = value
        return answer.status, said


def at_once(office: Office) -> dict[str, Any]:
    """200 people send a visit with a photo at one moment; then as many ask the trivial view twice, as often."""
    caller = Caller(office)
    children = office.seen_by(
        DIRECTOR, lambda: list(Child.objects.filter(left_date=None).values_list("pk", "risk"))
    )
    rng = random.Random(1)
    sendings = [(str(uuid.uuid4()), str(uuid.uuid4()), rng.choice(children)) for _each in range(VISITS)]
    photos = [_photo(number) for number in range(VISITS)]

    def visit(number: int) -> list[int]:
        name, photo, (child, risk) = sendings[number]
        first, _body = caller.ask(
            "PUT",
            f"/api/v1/field/visits/{name}/",
            json.dumps(_payload(child, risk, photo, number % 20)).encode(),
            {"Content-Type": "application/json"},
        )
        second, _body = caller.ask(
            "PUT",
            f"/api/v1/field/visits/{name}/photos/{photo}/",
            photos[number],
            {"Content-Type": "image/jpeg"},
        )
        return [first, second]

    def trivial(_number: int) -> list[int]:
        return [caller.ask("GET", "/healthz")[0] for _each in range(2)]

    sent = _all_at_once(visit)
    asked = _all_at_once(trivial)

    def stored() -> tuple[int, int]:
        mine = Visit.objects.filter(uuid__in=[name for name, _photo, _child in sendings])
        return mine.count(), VisitPhoto.objects.filter(visit__in=mine).count()

    visits, pictures = office.seen_by(DIRECTOR, stored)
    return {
        "visits": VISITS,
        "photo_kb": round(statistics.mean(map(len, photos)) / 1000),
        "stored": {"visits": visits, "photos": pictures},
        "with photo": sent,
        "trivial": asked,
        "ratio_p50": round(sent["p50_ms"] / asked["p50_ms"], 1),
    }


def _all_at_once(act: Callable[[int], list[int]]) -> dict[str, Any]:
    """Milliseconds of each whole act, from the common start; errors are answers of 400 and above."""
    ready = threading.Barrier(VISITS)

    def one(number: int) -> tuple[float, list[int]]:
        ready.wait()
        started = time.perf_counter()
        statuses = act(number)
        return (time.perf_counter() - started) * 1000, statuses

    started = time.perf_counter()
    with ThreadPoolExecutor(VISITS) as pool:
        done = list(pool.map(one, range(VISITS)))
    taken = [each for each, _statuses in done]
    return {
        "p50_ms": _share(taken, 0.5),
        "p95_ms": _share(taken, 0.95),
        "whole_s": round(time.perf_counter() - started, 1),
        "errors": sum(status >= 400 for _each, statuses in done for status in statuses),
        "answers": dict(Counter(str(status) for _each, statuses in done for status in statuses)),
    }


def _payload(child: int, risk: str, photo: str, days_ago: int) -> dict[str, Any]:
    """A quiet visit as the phone sends it, on the form of old that every child has."""
    now = dt.datetime.now(dt.UTC)
    begun = now - dt.timedelta(days=days_ago, minutes=30)
    local = begun.astimezone(dt.timezone(dt.timedelta(hours=8)))
    fields = {
        "form_code": "regular",
        "form_version": "1",
        "kind": "door",
        "visited_at": f"{local:%Y-%m-%dT%H:%M}",
        "people_met": "child",
        "risk": risk,
        "text": f"家中一切正常，{photo[:8]}。",
    } | {f"answer_{code}": "no" for code in ("guardian", "living", "school", "harm")}
    return {
        "sending": str(uuid.uuid4()),
        "child": child,
        "fields": [[name, value] for name, value in fields.items()],
        "photos": [photo],
        "started_at": begun.isoformat(),
        "written_at": (begun + dt.timedelta(minutes=20)).isoformat(),
    }


def _photo(seed: int) -> bytes:
    """A picture that compresses like one of a room: soft noise, another for every visit."""
    small = Image.effect_noise((100, 75), 60 + seed % 20).resize(PHOTO, Image.Resampling.BICUBIC)
    held = io.BytesIO()
    small.convert("RGB").save(held, "JPEG", quality=80)
    return held.getvalue()


def _carry_session(office: Office, person: Person) -> None:
    """Give the browser a session without loading a page, so that its cache stays empty."""
    cookies = Caller(office).cookies
    person.context.add_cookies(
        [{"name": name, "value": value, "url": office.url} for name, value in cookies.items()]
    )


def _share(taken: list[float], share: float) -> float:
    return round(sorted(taken)[min(len(taken) - 1, int(len(taken) * share))], 1)
