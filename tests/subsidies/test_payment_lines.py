"""Lines of payment by raw SQL under the application's role, for every member of the cast: who adds, changes, removes."""

from __future__ import annotations

import pytest
from django.db import connection, transaction
from django.db.utils import ProgrammingError

from staff.scope import system_scope
from subsidies.models import Payment, PaymentBatch
from tests.access.matrix import ANYONE
from tests.subsidies.conftest import OCTOBER, Office

COLUMNS = [field.column for field in Payment._meta.concrete_fields if not field.primary_key]
COPY = (
    f"INSERT INTO subsidies_payment ({', '.join(COLUMNS)}) SELECT "
    + ", ".join(
        {"line": "line + 1", "kind": "'arrears'", "sequence": "1"}.get(name, name) for name in COLUMNS
    )
    + " FROM subsidies_payment LIMIT 1"
)
BATCH = (
    "INSERT INTO subsidies_paymentbatch (region_code, scheme_id, month, number, kind, state, line_count, child_count, total,"
    " funding, rule_digests, over_budget_note, release_proof, prepared_by_id, prepared_at)"
    " VALUES (%s, %s, '2026-09-01', 'own', 'regular', 'prepared', 0, 0, 0, '{}', '{}', '', '', %s, now())"
)
ADD, CHANGE = {"clerk"}, {"clerk", "approver", "releaser"}


@pytest.fixture
def batch(office: Office) -> PaymentBatch:
    office.confirmed(office.child("own"))
    return office.prepare(OCTOBER)


def rows_of(office: Office, member: str, sql: str, *values: object) -> int:
    """How many rows a statement touches, undone again; 0 when the database refuses it."""
    try:
        with office.as_(member), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql, values)
            count = cursor.rowcount
            transaction.set_rollback(True)
            return count
    except ProgrammingError as error:
        if "row-level security" in str(error):
            return 0
        raise


def test_only_who_prepares_adds_a_line(office: Office, batch: PaymentBatch) -> None:
    assert {member for member in ANYONE - {"nobody"} if rows_of(office, member, COPY)} == ADD


def test_only_who_handles_batches_changes_a_line(office: Office, batch: PaymentBatch) -> None:
    for sql in (
        "UPDATE subsidies_payment SET bank_message = 'x'",
        "UPDATE subsidies_payment SET state = 'sent'",
        "UPDATE subsidies_payment SET amount = 1, from_county = 1, from_central = 0",
    ):
        assert {member for member in ANYONE - {"nobody"} if rows_of(office, member, sql)} <= CHANGE
    assert rows_of(office, "clerk", "UPDATE subsidies_payment SET bank_message = 'x'") == 1
    assert rows_of(office, "releaser", "UPDATE subsidies_payment SET bank_message = 'x'") == 1


def test_only_who_prepares_removes_a_line(office: Office, batch: PaymentBatch) -> None:
    assert {
        member for member in ANYONE - {"nobody"} if rows_of(office, member, "DELETE FROM subsidies_payment")
    } == ADD


def test_nobody_else_makes_a_batch_to_put_lines_in(office: Office, batch: PaymentBatch) -> None:
    """Not even for a village of one's own, where the row scope would let a director write."""
    for member in ANYONE - {"nobody"}:
        with office.as_(member) as actor:
            places = [code for code, _high in office.cast.scope(member).ranges] or [batch.region_id]
        made = rows_of(office, member, BATCH, places[0], batch.scheme_id, actor.user_id)
        assert bool(made) == (member in {"clerk", "stranger"}), member


def test_the_system_prepares_for_whoever_asked(office: Office, batch: PaymentBatch) -> None:
    with system_scope(reason="test", log=False), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(COPY)
        assert cursor.rowcount == 1
        transaction.set_rollback(True)
