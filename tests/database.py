"""The test databases: one migrated template, cached by what makes it, and a clone of it for each worker.

The template is made by the owner as an installation is (migrate, then grants); tests connect to their clone
as the application role, so the row policies and grants that hold in production hold in every test.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.apps import apps
from django.core.management import call_command
from django.db import connections as django_connections
from psycopg2 import errors, sql

from childwelfare import connections, environment, roles
from staff import moving

PREFIX = "childwelfare_template_"
TEMPLATES_KEPT = 3
LOCK = 5_220_981  # advisory lock that every run on this server takes while it touches the template
ALIASES = ("default", "owner")


def template_name() -> str:
    """Name of the template for the present migrations, roles and locked packages."""
    state = hashlib.sha256()
    files = [
        environment.BASE_DIR / "requirements" / "dev.lock",
        environment.BASE_DIR / "childwelfare" / "roles.py",
        environment.BASE_DIR / "staff" / "policies.py",
    ]
    for config in apps.get_app_configs():
        folder = Path(config.path) / "migrations"
        if folder.is_relative_to(environment.BASE_DIR) and ".venv" not in folder.parts:
            files += folder.rglob("*.py")
    # Made after the migrations, from what the models declare.
    state.update("".join(moving.definitions()).encode())
    for file in sorted(files):
        state.update(str(file.relative_to(environment.BASE_DIR)).encode())
        state.update(file.read_bytes())
    return PREFIX + state.hexdigest()[:12]


@contextmanager
def _maintenance() -> Iterator[Any]:
    """The owner's cursor outside the test databases, one holder at a time on the whole server."""
    owner = connections.addresses().owner
    if not owner:
        raise environment.SetupError(
            "Tests need an owner's DATABASE_URL (CREATEDB and CREATEROLE), or none for the embedded server."
        )
    with roles.connected(connections.with_database(owner, "postgres")) as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        yield cursor


def use(name: str) -> None:
    """Point both aliases at another database."""
    for alias in ALIASES:
        connection = django_connections[alias]
        connection.close()
        connection.settings_dict["NAME"] = name
        django_connections.settings[alias]["NAME"] = name


def make_clone(name: str) -> None:
    """(Re)create the database ``name`` from the template, which is built first when it is missing."""
    with _maintenance() as cursor:
        template = template_name()
        cursor.execute("SELECT FROM pg_database WHERE datname = %s", [template])
        if cursor.fetchone() is None:
            _build_template(cursor, template)
            _drop_old_templates(cursor, template)
        _drop(cursor, name)
        cursor.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
        )


def _build_template(cursor: Any, template: str) -> None:
    scratch = f"{template}_new"
    _drop(cursor, scratch)
    try:
        cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(scratch)))
    except errors.InsufficientPrivilege as error:
        raise environment.SetupError("The role of DATABASE_URL may not create the test database.") from error
    use(scratch)
    call_command("migrate", verbosity=0, interactive=False)
    for alias in ALIASES:
        django_connections[alias].close()
    cursor.execute(
        sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(scratch), sql.Identifier(template))
    )


def _drop_old_templates(cursor: Any, template: str) -> None:
    cursor.execute(
        "SELECT datname FROM pg_database WHERE datname LIKE %s AND datname <> %s ORDER BY oid DESC OFFSET %s",
        [f"{PREFIX}%", template, TEMPLATES_KEPT - 1],
    )
    for (name,) in cursor.fetchall():
        _drop(cursor, name)


def _drop(cursor: Any, name: str) -> None:
    cursor.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def drop_clone(name: str) -> None:
    for alias in ALIASES:
        django_connections[alias].close()
    with _maintenance() as cursor:
        _drop(cursor, name)
