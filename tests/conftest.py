"""Fixtures of the whole suite."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import TransactionTestCase

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
