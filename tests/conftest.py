"""Fixtures of the whole suite."""

from __future__ import annotations

import gc
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.test import TransactionTestCase
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from xdist.scheduler import LoadScopeScheduling

from cases.checks.draws import draw_checks
from tests import database
from tests.cast import Cast, make_cast
from tests.settings import SUFFIX, WORKER

# --- Workers of pytest-xdist ------------------------------------------------------------------------------


class JourneysTogether(LoadScopeScheduling):
    """Tests one by one to whichever worker is free, the journeys all to one: they share an installation. Those that need
    none, and the story, which has one of its own, go file by file."""

    APART = tuple(f"tests/journeys/test_{name}.py" for name in ("behaviour", "migrate", "outbox", "story"))

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        if file in self.APART:
            return file
        return "journeys" if file.startswith("tests/journeys/") else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> JourneysTogether:
    return JourneysTogether(config, log)


def pytest_sessionstart() -> None:
    """What is loaded by now stays; looking through it again and again for garbage is a twentieth of the time."""
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """A parameter of bytes is told by its name: an archive made at import holds the time it was made at,
    and the workers must collect the same tests."""
    return argname if isinstance(val, bytes | bytearray | memoryview) else None


# --- Database -------------------------------------------------------------------------------------------


def clone_name() -> str:
    return "_".join(filter(None, ("childwelfare_test", SUFFIX, WORKER)))


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: pytest.FixtureRequest) -> Iterator[None]:
    """A clone of the migrated template for this worker, served by the application role."""
    name = clone_name()
    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        database.make_clone(name)
        database.use(name)
        fixture_teardown = TransactionTestCase._fixture_teardown

        def fresh_clone(case: TransactionTestCase) -> None:
            # Flushing is the owner's right and would lose the rows that migrations put in.
            database.make_clone(name)
            database.use(name)

        TransactionTestCase._fixture_teardown = fresh_clone  # type: ignore[method-assign]
    yield
    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        TransactionTestCase._fixture_teardown = fixture_teardown  # type: ignore[method-assign]
        database.drop_clone(name)


@pytest.fixture(scope="session", autouse=True)
def _clean_up() -> Iterator[None]:
    yield
    cache.clear()
    shutil.rmtree(settings.MEDIA_ROOT, ignore_errors=True)


@pytest.fixture(autouse=True)
def _empty_cache() -> None:
    cache.clear()


@pytest.fixture(autouse=True)
def _own_language() -> None:
    """A page that an earlier test asked for in English leaves English behind in its thread."""
    translation.deactivate()


@pytest.fixture(autouse=True)
def _no_lot_falls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Accepting a visit draws it for a call now and then; tests that are about something else are not to meet one."""
    monkeypatch.setattr(draw_checks, "__kwdefaults__", {"random": lambda: 0.999})


@pytest.fixture
def known_until_2026(monkeypatch: pytest.MonkeyPatch) -> None:
    """The year's arrangements are known to the end of 2026, whatever the locked package knows by now."""
    for module in ("calendar", "holidays"):
        monkeypatch.setattr(f"staff.{module}.LAST_YEAR", 2026)


@pytest.fixture
def cast(db: None) -> Cast:
    """The fixed cast in its small world; see tests/cast.py."""
    return make_cast()


BELL = 'SELECT COUNT(*) AS "__count" FROM "cases_note" WHERE ("cases_note"."read_at" IS NULL'


@pytest.fixture
def page_budget() -> Callable[[int], AbstractContextManager[None]]:
    """``with page_budget(15): client.get(…)``: at most so many queries, not counting the savepoints that tests add, nor
    the number on the bell, which is kept in the cache from page to page and not asked by each."""

    @contextmanager
    def budget(most: int) -> Iterator[None]:
        with CaptureQueriesContext(connection) as captured:
            yield
        asked = [query["sql"] for query in captured if "SAVEPOINT" not in query["sql"][:20]]
        asked = [sql for sql in asked if not sql.startswith(BELL)]
        # The scope that a test's own transaction needs put back is one statement more than a request costs.
        assert len(asked) - 1 <= most, "\n".join(sql[:200] for sql in asked)

    return budget
