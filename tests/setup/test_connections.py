"""Addresses of the database and Redis in the spellings that each library wants."""

from __future__ import annotations

import json
from pathlib import Path

import dj_database_url
import pytest

from childwelfare import connections
from childwelfare.environment import SetupError


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHILDWELFARE_HOME", str(tmp_path))
    for name in ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)


def test_embedded_addresses_use_both_roles() -> None:
    found = connections.addresses()
    application, owner = connections.parse(found.application), connections.parse(found.owner)
    assert application["USER"] == "childwelfare_app"
    assert owner["USER"] == "childwelfare_owner"
    assert application["NAME"] == owner["NAME"] == "childwelfare"
    assert application["HOST"].startswith("/")


def test_credentials_are_replaced_and_quoted() -> None:
    url = connections.with_credentials(
        "postgres://own:er@db.example:5433/c?sslmode=require", "app", "p@s/s:%"
    )
    parsed = dj_database_url.parse(url)
    assert (parsed["USER"], parsed["PASSWORD"], parsed["HOST"], parsed["PORT"]) == (
        "app",
        "p@s/s:%",
        "db.example",
        5433,
    )
    assert parsed["OPTIONS"] == {"sslmode": "require"}


def test_given_owner_is_replaced_by_the_kept_role(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = "postgres://owner:x@db/one"
    monkeypatch.setenv("DATABASE_URL", url)
    assert connections.addresses() == connections.Addresses(url, "")
    (tmp_path / "secrets").mkdir()
    kept = {connections.record_key(url): {"role": "childwelfare_app", "password": "y"}}
    connections.record_path().write_text(json.dumps(kept), encoding="utf-8")
    assert connections.addresses() == connections.Addresses("postgres://childwelfare_app:y@db/one", url)


def test_both_addresses_are_taken_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://app@db/one")
    monkeypatch.setenv("DATABASE_OWNER_URL", "postgres://owner@db/one")
    assert connections.addresses() == connections.Addresses(
        "postgres://app@db/one", "postgres://owner@db/one"
    )


@pytest.mark.parametrize("url", ["sqlite:///x.db", "mysql://a@b/c", "nonsense"])
def test_other_databases_are_refused(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    with pytest.raises(SetupError, match="must start with postgres://"):
        connections.databases()


@pytest.mark.parametrize(
    ("url", "celery"),
    [
        ("redis://:pw@host:6379/3", "redis://:pw@host:6379/3"),
        ("unix:///run/a%20b/v.sock?db=2", "redis+socket:///run/a%20b/v.sock?virtual_host=2"),
        ("unix:///run/v.sock", "redis+socket:///run/v.sock?virtual_host=0"),
    ],
)
def test_celery_spelling(url: str, celery: str) -> None:
    assert connections.celery_url(url) == celery


def test_other_brokers_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "amqp://host")
    with pytest.raises(SetupError, match="REDIS_URL must start with"):
        connections.redis_url()
