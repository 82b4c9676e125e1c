"""Drafts of the version that kept them in clear text are taken over once, whatever breaks off in between."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import until
from tests.journeys.pages import Server, browser, context, page, server

__all__ = ["browser", "context", "page", "server"]
pytestmark = pytest.mark.journey

ID = "12000000-0000-4000-8000-000000000001"
OLD = """async ([id, at, note]) => {
  const open = indexedDB.open("childwelfare", 1);
  open.onupgradeneeded = () => open.result.createObjectStore("visits", { keyPath: "id" });
  await new Promise((done) => { open.onsuccess = done; });
  const rows = open.result.transaction("visits", "readwrite").objectStore("visits");
  rows.put({ id, user: "7", key: "child-12", title: "林小满", url: "/api/v1/visits/", page: "/visit", state: "draft", at,
    problem: "", fields: [["client_id", id], ["child", "12"], ["note", note]] });
  await new Promise((done) => { rows.transaction.oncomplete = done; });
  open.result.close();
}"""
VAULT = "(await (await import('/static/js/field/vault.js')).openVault())"
GONE = "async () => !(await indexedDB.databases()).some(({ name }) => name === 'childwelfare')"


def left_behind(page: Page, server: Server, at: str, note: str) -> None:
    """A record of the older version, and the page that takes it over."""
    page.goto(server.url + "/sent")
    page.evaluate(OLD, [ID, at, note])
    page.goto(server.url + "/outbox")
    expect(page.locator("[data-outbox-items] > li")).to_have_count(1)
    until(page, GONE)


def note(page: Page) -> Any:
    return page.evaluate(
        f"async (id) => (await {VAULT}.get('items', id)).fields.find(([name]) => name === 'note')[1]", ID
    )


def test_what_was_written_since_it_was_taken_over_stays(page: Page, server: Server) -> None:
    left_behind(page, server, "2026-11-21T08:00:00.000Z", "旧草稿")
    assert note(page) == "旧草稿"
    page.evaluate(
        f"""async (id) => {VAULT}.change("items", id, (item) => ({{
          ...item, changed: "2026-11-21T09:00:00.000Z", fields: [["child", "12"], ["note", "接着写的"]] }}))""",
        ID,
    )
    # The phone died before the old record was gone.
    left_behind(page, server, "2026-11-21T08:00:00.000Z", "旧草稿")
    assert note(page) == "接着写的"
    # A page of the older version was still open, and was written on last.
    left_behind(page, server, "2026-11-21T10:00:00.000Z", "最后写的")
    assert note(page) == "最后写的"
