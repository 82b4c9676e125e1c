"""Fixtures of the whole suite."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.test import TransactionTestCase
from django.test.utils import CaptureQueriesContext

from tests import database
from tests.cast import Cast, make_cast
from tests.settings import SUFFIX, WORKER

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


@pytest.fixture
def cast(db: None) -> Cast:
    """The fixed cast in its small world; see tests/cast.py."""
    return make_cast()


@pytest.fixture
def page_budget() -> Callable[[int], AbstractContextManager[None]]:
    """``with page_budget(15): client.get(…)``: at most so many queries, not counting the savepoints that tests add."""

    @contextmanager
    def budget(most: int) -> Iterator[None]:
        with CaptureQueriesContext(connection) as captured:
            yield
        asked = [query["sql"] for query in captured if "SAVEPOINT" not in query["sql"][:20]]
        # The scope that a test's own transaction needs put back is one statement more than a request costs.
        assert len(asked) - 1 <= most, "\n".join(sql[:200] for sql in asked)

    return budget
