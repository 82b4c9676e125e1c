"""Scratch databases and programs for the tests of the set-up."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from psycopg2 import sql

from childwelfare import connections, environment, postgres_server, roles
from tests.settings import SUFFIX, WORKER

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def root_url() -> str:
    """Address of a role that may make roles and databases on the server of the tests."""
    given = environment.variable("DATABASE_URL")
    if given:
        return connections.with_database(given, "postgres")
    return connections.socket_url("postgres", postgres_server.socket_dir(environment.home()), "postgres")


@pytest.fixture
def scratch(root_url: str) -> Iterator[str]:
    """Address of an empty database, owned by the role of ``root_url``."""
    name = "_".join(filter(None, ("childwelfare_scratch", SUFFIX, WORKER)))
    with roles.connected(root_url) as cursor:
        cursor.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    yield connections.with_database(root_url, name)
    with roles.connected(root_url) as cursor:
        cursor.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def run() -> Run:
    """Run a program of the project with this Python: ``run("manage.py", "check", NAME="value")``."""

    def run(*arguments: str, timeout: float = 60, **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=Path(environment.BASE_DIR),
            env={**os.environ, "DJANGO_SETTINGS_MODULE": "childwelfare.settings", **environ},
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    return run
