"""The restricted role is made for a given database, and may do no more than it must."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest
from psycopg2 import sql

from childwelfare import connections, roles
from childwelfare.environment import SetupError
from tests.settings import SUFFIX, WORKER

ROLE = f"cw_try_{SUFFIX}_{WORKER}"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHILDWELFARE_HOME", str(tmp_path))
    monkeypatch.setenv("CHILDWELFARE_DATABASE_ROLE", ROLE)
    monkeypatch.delenv("DATABASE_OWNER_URL", raising=False)


@pytest.fixture(autouse=True)
def _no_role(root_url: str, scratch: str) -> Iterator[None]:
    def drop() -> None:
        for url in (scratch, root_url):
            with roles.connected(url) as cursor:
                cursor.execute("SELECT FROM pg_roles WHERE rolname = %s", [ROLE])
                if cursor.fetchone() is not None:
                    cursor.execute(sql.SQL("DROP OWNED BY {}").format(sql.Identifier(ROLE)))
                    if url == root_url:
                        cursor.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(ROLE)))

    drop()
    yield
    drop()


def prepared(url: str, monkeypatch: pytest.MonkeyPatch) -> connections.Addresses:
    monkeypatch.setenv("DATABASE_URL", url)
    roles.prepare_given(url)
    return connections.addresses()


def test_owner_url_yields_a_restricted_role(scratch: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = prepared(scratch, monkeypatch)
    assert found.owner == scratch
    assert connections.parse(found.application)["USER"] == ROLE
    assert stat.S_IMODE(connections.record_path().stat().st_mode) == 0o600
    with roles.connected(found.application) as cursor:
        assert roles.role_powers(cursor) == []
    with roles.connected(found.owner) as cursor:
        assert roles.role_powers(cursor) != []


def test_second_preparation_keeps_the_password(scratch: str, monkeypatch: pytest.MonkeyPatch) -> None:
    first = prepared(scratch, monkeypatch)
    assert prepared(scratch, monkeypatch) == first


def test_lost_password_is_replaced(scratch: str, monkeypatch: pytest.MonkeyPatch) -> None:
    first = prepared(scratch, monkeypatch)
    connections.record_path().unlink()
    second = prepared(scratch, monkeypatch)
    assert connections.parse(second.application)["USER"] == ROLE
    with roles.connected(second.application) as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)
    assert first.application != second.application


def test_missing_database_is_created(root_url: str, scratch: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with roles.connected(root_url) as cursor:
        name = connections.database_name(scratch)
        cursor.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(name)))
    found = prepared(scratch, monkeypatch)
    with roles.connected(found.application) as cursor:
        cursor.execute("SELECT current_database()")
        assert cursor.fetchone() == (name,)


def test_role_that_could_bypass_is_not_used(
    root_url: str, scratch: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with roles.connected(root_url) as cursor:
        cursor.execute(sql.SQL("CREATE ROLE {} LOGIN BYPASSRLS").format(sql.Identifier(ROLE)))
    with pytest.raises(SetupError, match=f"'{ROLE}' could bypass row policies"):
        prepared(scratch, monkeypatch)


def test_owner_without_the_right_to_make_roles_is_told(
    root_url: str, scratch: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with roles.connected(root_url) as cursor:
        cursor.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'x'").format(sql.Identifier(ROLE)))
        cursor.execute(
            sql.SQL("ALTER DATABASE {} OWNER TO {}").format(
                sql.Identifier(connections.database_name(scratch)), sql.Identifier(ROLE)
            )
        )
    try:
        monkeypatch.setenv("CHILDWELFARE_DATABASE_ROLE", f"{ROLE}_more")
        with pytest.raises(SetupError, match=r"may not create or change the role .*DATABASE_OWNER_URL"):
            prepared(connections.with_credentials(scratch, ROLE, "x"), monkeypatch)
    finally:
        with roles.connected(scratch) as cursor:
            cursor.execute(sql.SQL("REASSIGN OWNED BY {} TO CURRENT_USER").format(sql.Identifier(ROLE)))


def test_grants_stop_at_rows(scratch: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = prepared(scratch, monkeypatch)
    monkeypatch.setattr(roles, "append_only_tables", lambda: ["trail"])
    with roles.connected(found.owner) as cursor:
        cursor.execute("CREATE TABLE work (id bigserial PRIMARY KEY, name text); CREATE TABLE trail (id int)")
        roles.grant(cursor, ROLE)
        cursor.execute("CREATE TABLE later (id bigserial PRIMARY KEY)")
    with roles.connected(found.application) as cursor:
        cursor.execute("INSERT INTO work (name) VALUES ('a'); UPDATE work SET name = 'b'; DELETE FROM work")
        cursor.execute("INSERT INTO later DEFAULT VALUES; INSERT INTO trail VALUES (1)")
        for refused in (
            "TRUNCATE work",
            "UPDATE trail SET id = 2",
            "DELETE FROM trail",
            "ALTER TABLE work DISABLE ROW LEVEL SECURITY",
            "CREATE TABLE other (id int)",
            "DROP TABLE work",
        ):
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                cursor.execute(refused)


def test_named_role_is_made_with_its_own_password(scratch: str, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = connections.with_credentials(scratch, ROLE, "given-password")
    monkeypatch.setenv("DATABASE_URL", wanted)
    monkeypatch.setenv("DATABASE_OWNER_URL", scratch)
    roles.prepare_given(wanted, scratch)
    assert not connections.record_path().exists()
    with roles.connected(wanted) as cursor:
        assert roles.role_powers(cursor) == []


def test_absent_server_is_one_line() -> None:
    with pytest.raises(SetupError, match="The database does not answer") as caught:
        roles.prepare_given("postgres://nobody@127.0.0.1:1/none")
    assert "\n" not in str(caught.value)
