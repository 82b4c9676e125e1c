"""/healthz names what is wrong, even when everything is."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from django.core.cache import caches
from django.db import connection
from django.test import Client

from childwelfare import health, heartbeat, probe
from tests.setup.conftest import Run

pytestmark = pytest.mark.django_db
PARTS = {"database", "migrations", "redis", "worker", "beat"}


@pytest.fixture
def _all_alive() -> None:
    for part in heartbeat.PARTS:
        heartbeat.beat(part)


@pytest.mark.usefixtures("_all_alive")
def test_all_well(client: Client) -> None:
    response = client.get("/healthz")
    assert response.status_code == 200
    assert response.json() == {"status": "ok", **dict.fromkeys(PARTS, "ok")}
    assert response["Cache-Control"] == "no-store"


def test_silent_worker_is_named(client: Client) -> None:
    heartbeat.beat("beat")
    response = client.get("/healthz")
    assert response.status_code == 503
    assert response.json()["worker"] == "no sign of life for 30 seconds"
    assert response.json()["beat"] == "ok"


@pytest.mark.usefixtures("_all_alive")
def test_forgotten_signs_are_gone() -> None:
    heartbeat.forget()
    assert heartbeat.alive() == {"worker": False, "beat": False}


@pytest.mark.usefixtures("_all_alive")
def test_missing_migration_is_named(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    more = health._known_migrations() | {("cases", "9999_later")}
    monkeypatch.setattr(health, "_known_migrations", lambda: more)
    response = client.get("/healthz")
    assert response.status_code == 503
    assert response.json()["migrations"] == "1 not applied, first cases.9999_later"


def test_absent_database_and_redis_are_named(run: Run, tmp_path: Path) -> None:
    code = (
        "import django; django.setup(); from django.test import Client;"
        "r = Client().get('/healthz'); print(r.status_code, r.content.decode())"
    )
    done = run(
        "-c",
        code,
        CHILDWELFARE_HOME=str(tmp_path),
        DATABASE_URL="postgres://nobody@127.0.0.1:1/none",
        REDIS_URL=f"unix://{tmp_path}/none.sock",
    )
    assert done.stdout.startswith("503 "), done.stderr
    assert '"database": "does not answer (OperationalError)"' in done.stdout
    assert '"redis": "does not answer (ConnectionError)"' in done.stdout


def test_other_methods_and_paths_pass_on(client: Client) -> None:
    assert client.post("/healthz").status_code != 200
    assert client.get("/healthz/more").status_code == 404


def test_health_costs_one_query(client: Client, django_assert_num_queries: Any) -> None:
    client.get("/healthz")
    with django_assert_num_queries(1):
        client.get("/healthz")


def test_cache_clears_only_its_own_keys() -> None:
    cache = caches["default"]
    client = cache._cache.get_client(None, write=True)  # type: ignore[attr-defined]
    client.set("test-neighbour", "stays", ex=60)
    cache.set("mine", 1)
    cache.clear()
    assert cache.get("mine") is None
    assert client.get("test-neighbour") == b"stays"
    client.delete("test-neighbour")


@pytest.fixture
def address() -> Iterator[str]:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(503)
            self.end_headers()
            self.wfile.write(b'{"database": "ok", "worker": "no sign of life"}')

        def log_message(self, *arguments: Any) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Answer)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_probe_asks_for_its_own_part(address: str) -> None:
    assert probe.failing(address, ["database"]) == []
    assert probe.failing(address, ["database", "worker"]) == ["worker: no sign of life"]
    assert probe.failing("http://127.0.0.1:1", ["database"])[0].startswith("web: ")


def test_database_name_is_the_tests_own() -> None:
    assert connection.settings_dict["NAME"].startswith("childwelfare_test")
