"""The suite runs on a real PostgreSQL as the restricted role, with the rights an installation gives."""

from __future__ import annotations

import pytest
from django.db import ProgrammingError, connection, connections, transaction

from childwelfare import roles


@pytest.mark.django_db
def test_tests_are_served_by_the_restricted_role() -> None:
    with connection.cursor() as cursor:
        assert connection.vendor == "postgresql"
        assert roles.role_powers(cursor) == []


@pytest.mark.django_db(databases=["default", "owner"])
def test_owner_is_told_apart() -> None:
    with connections["owner"].cursor() as cursor:
        assert "owner" in roles.role_powers(cursor)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "statement",
    [
        "TRUNCATE django_session",
        "ALTER TABLE django_session ADD COLUMN more int",
        "DROP TABLE django_session",
        "CREATE TABLE mine (id int)",
        "DELETE FROM django_migrations",
    ],
)
def test_application_role_may_not(statement: str) -> None:
    with pytest.raises(ProgrammingError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.django_db
def test_application_role_may_not_become_the_owner() -> None:
    owner = connections["owner"].settings_dict["USER"]
    with pytest.raises(ProgrammingError, match="permission denied"), connection.cursor() as cursor:
        cursor.execute(f'SET ROLE "{owner}"')


@pytest.mark.django_db
def test_application_role_may_work_with_rows() -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO django_session VALUES ('a', 'b', now())")
        cursor.execute("UPDATE django_session SET session_data = 'c'")
        cursor.execute("SELECT session_data FROM django_session")
        assert cursor.fetchone() == ("c",)
        cursor.execute("DELETE FROM django_session")
        assert cursor.rowcount == 1
