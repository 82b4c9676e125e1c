"""The two database roles: who owns the tables, who serves requests, and what the latter may do.

The owner migrates. The application role is no superuser, owns nothing and cannot bypass row policies; it may
read and write rows and nothing else: no TRUNCATE (which ignores policies), no change or removal in tables
that only grow.
"""

from __future__ import annotations

import importlib
import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2 import errors, sql

from childwelfare import connections, environment
from childwelfare.environment import SetupError

CONNECT_SECONDS = 10


@contextmanager
def connected(url: str) -> Iterator[Any]:
    """An autocommit cursor on the database of ``url``. Raises SetupError when it cannot be reached."""
    parsed = connections.parse(url)
    try:
        connection = psycopg2.connect(
            dbname=parsed["NAME"],
            user=parsed["USER"] or None,
            password=parsed["PASSWORD"] or None,
            host=parsed["HOST"] or None,
            port=parsed["PORT"] or None,
            connect_timeout=CONNECT_SECONDS,
            **parsed.get("OPTIONS", {}),
        )
    except psycopg2.OperationalError as error:
        reason = " ".join(str(error).split())
        raise SetupError(f"The database does not answer: {reason}") from error
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()


def role_powers(cursor: Any) -> list[str]:
    """Why the connected role is unfit to serve requests: names among superuser, bypassrls, owner."""
    cursor.execute(
        """
        SELECT r.rolsuper, r.rolbypassrls,
               pg_has_role(current_user, d.datdba, 'MEMBER')
               OR EXISTS (SELECT FROM pg_class c WHERE c.relnamespace = to_regnamespace('public')
                          AND c.relkind IN ('r', 'p') AND pg_has_role(current_user, c.relowner, 'MEMBER'))
        FROM pg_roles r, pg_database d
        WHERE r.rolname = current_user AND d.datname = current_database()
        """
    )
    row = cursor.fetchone()
    return [name for name, held in zip(("superuser", "bypassrls", "owner"), row, strict=True) if held]


def prepare_embedded(sockets: Path, database: str = connections.DATABASE) -> None:
    """Make both roles and the database on the embedded server; harmless when they exist.

    The owner is no superuser; it may bypass policies so that migrations of data and backups see every row.
    """
    with connected(connections.socket_url("postgres", sockets, "postgres")) as cursor:
        for role, attributes in (
            (connections.APPLICATION_ROLE, "LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE"),
            (connections.OWNER_ROLE, "LOGIN NOSUPERUSER BYPASSRLS CREATEDB NOCREATEROLE"),
        ):
            _create_role(cursor, role, attributes)
        # The owner may end sessions of the application, to replace a test database.
        cursor.execute(
            sql.SQL("GRANT {}, pg_signal_backend TO {}").format(
                sql.Identifier(connections.APPLICATION_ROLE), sql.Identifier(connections.OWNER_ROLE)
            )
        )
        if database:
            _create_database(cursor, database, connections.OWNER_ROLE)


def _create_role(cursor: Any, role: str, attributes: str) -> bool:
    cursor.execute("SELECT FROM pg_roles WHERE rolname = %s", [role])
    if cursor.fetchone() is not None:
        return False
    try:
        cursor.execute(sql.SQL("CREATE ROLE {} " + attributes).format(sql.Identifier(role)))
    except (errors.DuplicateObject, errors.UniqueViolation):
        return False
    return True


def _create_database(cursor: Any, database: str, owner: str | None = None) -> None:
    cursor.execute("SELECT FROM pg_database WHERE datname = %s", [database])
    if cursor.fetchone() is not None:
        return
    statement = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database))
    if owner:
        statement += sql.SQL(" OWNER {}").format(sql.Identifier(owner))
    try:
        cursor.execute(statement)
    except errors.DuplicateDatabase:
        return
    except errors.InsufficientPrivilege as error:
        raise SetupError(f"The database {database!r} does not exist and may not be created.") from error


def prepare_given(url: str, owner_url: str = "") -> None:
    """Get a database given by DATABASE_URL ready; see ``connections.addresses`` for what is read back.

    When ``url`` is the owner's (or a superuser's), makes the restricted role and keeps its credentials. When
    both addresses are given, the role that ``url`` names is made if it is missing. A restricted role alone
    needs nothing. Raises SetupError with one line.
    """
    if owner_url:
        _create_when_missing(owner_url)
        _make_named_role(url, owner_url)
        return
    _create_when_missing(url)
    with connected(url) as cursor:
        if not role_powers(cursor):
            return
        role = connections.application_role()
        password = _kept_password(url, role)
        if password and _may_sign_in(connections.with_credentials(url, role, password)):
            return
        password = password or secrets.token_urlsafe(24)
        _set_application_role(cursor, role, password)
    kept = connections.read_records()
    kept[connections.record_key(url)] = {"role": role, "password": password}
    environment.secrets_dir()
    environment.write_private(connections.record_path(), json.dumps(kept, indent=1))


def _make_named_role(url: str, owner_url: str) -> None:
    """Make the role that DATABASE_URL names, with its password, when the owner may and it is missing."""
    parsed = connections.parse(url)
    with connected(owner_url) as cursor:
        cursor.execute("SELECT FROM pg_roles WHERE rolname = %s", [parsed["USER"]])
        if cursor.fetchone() is None:
            _set_application_role(cursor, parsed["USER"], parsed["PASSWORD"])


def _create_when_missing(url: str) -> None:
    name = connections.database_name(url)
    try:
        with connected(url):
            return
    except SetupError as error:
        if "does not exist" not in str(error) or f'database "{name}"' not in str(error):
            raise
    with connected(connections.with_database(url, "postgres")) as cursor:
        _create_database(cursor, name)


def _kept_password(url: str, role: str) -> str:
    """The password kept for this role on this server, whichever of its databases it was made for."""
    kept = connections.read_records()
    mine = kept.get(connections.record_key(url))
    if mine and mine["role"] == role:
        return mine["password"]
    for record in kept.values():
        if record["role"] == role and _may_sign_in(
            connections.with_credentials(url, role, record["password"])
        ):
            return record["password"]
    return ""


def _may_sign_in(url: str) -> bool:
    try:
        with connected(url):
            return True
    except SetupError:
        return False


def _set_application_role(cursor: Any, role: str, password: str) -> None:
    cursor.execute("SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = %s", [role])
    row = cursor.fetchone()
    if row is not None and any(row):
        raise SetupError(f"The database role {role!r} could bypass row policies: choose another name for it.")
    verb = "ALTER" if row else "CREATE"
    statement = sql.SQL(verb + " ROLE {} WITH LOGIN PASSWORD {}").format(
        sql.Identifier(role), sql.Literal(password)
    )
    try:
        cursor.execute(statement)
    except errors.InsufficientPrivilege as error:
        raise SetupError(
            f"DATABASE_URL is the owner of its database but may not create or change the role {role!r}: "
            "give it CREATEROLE, or make that role and set DATABASE_URL (its address) and DATABASE_OWNER_URL."
        ) from error


# --- Grants ---------------------------------------------------------------------------------------------


def append_only_tables() -> list[str]:
    """Tables whose rows are only ever added, as the applications declare them."""
    try:
        policies = importlib.import_module("staff.policies")
    except ModuleNotFoundError:
        return []
    return sorted(policies.append_only_tables())


def grant(cursor: Any, role: str) -> None:
    """Give the application role its rights on every table of the connected owner, and on those to come."""
    name = sql.Identifier(role)
    cursor.execute(
        """
        SELECT relname, relkind FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'S')
          AND pg_has_role(current_user, relowner, 'USAGE')
        ORDER BY relname
        """
    )
    found = cursor.fetchall()
    tables = [sql.Identifier(table) for table, kind in found if kind != "S"]
    sequences = [sql.Identifier(table) for table, kind in found if kind == "S"]
    comma = sql.SQL(", ")
    statements = [sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(name)]
    if tables:
        listed = comma.join(tables)
        statements += [
            sql.SQL("REVOKE ALL ON {} FROM {}").format(listed, name),
            sql.SQL("GRANT SELECT, INSERT, UPDATE, DELETE ON {} TO {}").format(listed, name),
        ]
    if sequences:
        statements.append(sql.SQL("GRANT USAGE, SELECT ON {} TO {}").format(comma.join(sequences), name))
    present = {table for table, kind in found if kind != "S"}
    only_grow = [sql.Identifier(table) for table in append_only_tables() if table in present]
    if only_grow:
        statements.append(sql.SQL("REVOKE UPDATE, DELETE ON {} FROM {}").format(comma.join(only_grow), name))
    if "django_migrations" in present:
        statements.append(sql.SQL("REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM {}").format(name))
    statements += [
        sql.SQL(
            "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {}"
        ).format(name),
        sql.SQL("ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {}").format(
            name
        ),
    ]
    cursor.execute("BEGIN")
    try:
        for statement in statements:
            cursor.execute(statement)
    except BaseException:
        cursor.execute("ROLLBACK")
        raise
    cursor.execute("COMMIT")
