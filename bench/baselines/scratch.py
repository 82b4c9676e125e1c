"""An empty database on the server of the tests, for as long as a baseline needs it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from psycopg2 import sql

from childwelfare import connections, environment, preparation, roles


@contextmanager
def scratch(name: str) -> Iterator[Any]:
    """The owner's cursor, autocommitting, in a new database that is dropped at the end."""
    os.environ.setdefault("CHILDWELFARE_HOME", str(environment.BASE_DIR / "var" / "test"))
    preparation.start_servers(durable=False)

    owner = connections.addresses().owner
    drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
    with roles.connected(connections.with_database(owner, "postgres")) as cursor:
        cursor.execute(drop)
        cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            with roles.connected(connections.with_database(owner, name)) as inside:
                yield inside
        finally:
            cursor.execute(drop)
