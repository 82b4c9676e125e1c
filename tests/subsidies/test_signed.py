"""Raw SQL under the application's role takes no step that another has to take, and changes nothing that was agreed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from subsidies.models import Payment, PaymentBatch, Rate, Recovery, SchemeRule
from tests.access.matrix import ANYONE
from tests.cast import COUNTY, OTHER_COUNTY
from tests.subsidies.conftest import NOVEMBER, OCTOBER, Office

COLUMNS = [field.column for field in Payment._meta.concrete_fields if not field.primary_key]
ONE_MORE = (
    f"INSERT INTO subsidies_payment ({', '.join(COLUMNS)}) SELECT "
    + ", ".join(
        {"line": "line + 100", "kind": "'arrears'", "sequence": "7"}.get(name, name) for name in COLUMNS
    )
    + " FROM subsidies_payment WHERE batch_id = %s LIMIT 1"
)
ENTITLE = (
    "INSERT INTO subsidies_entitlement (child_id, scheme_id, region_code, category, placement, grade, start_month, state,"
    " end_reason, proposed, confirmed_at)"
    " VALUES (%s, %s, %s, 'orphan', 'scattered', '', '2026-01-01', 'active', '', '{}', now())"
)
SEPTEMBER = dt.date(2026, 9, 1)
Statement = tuple[str, Sequence[Any]]


def done(office: Office, who: str, *statements: Statement) -> bool:
    """Whether the database lets them do all of it."""
    try:
        with office.as_(who), transaction.atomic(), connection.cursor() as cursor:
            touched = []
            for text, values in statements:
                cursor.execute(text, values)
                touched.append(cursor.rowcount)
            transaction.set_rollback(True)
        return all(touched)
    except DatabaseError:
        return False


def batch_set(batch: PaymentBatch, what: str) -> Statement:
    return f"UPDATE subsidies_paymentbatch SET {what} WHERE id = %s", [batch.pk]


@pytest.fixture
def batch(office: Office) -> PaymentBatch:
    office.confirmed(office.child("own"))
    return office.prepare(OCTOBER)


def test_no_line_comes_into_a_batch_that_was_approved(office: Office, batch: PaymentBatch) -> None:
    assert done(office, "clerk", (ONE_MORE, [batch.pk]))
    office.approve(batch)
    assert not done(office, "clerk", (ONE_MORE, [batch.pk]))
    november = office.prepare(NOVEMBER)
    assert not done(
        office,
        "clerk",
        (
            "UPDATE subsidies_payment SET batch_id = %s, line = 99 WHERE batch_id = %s",
            [batch.pk, november.pk],
        ),
    )


@pytest.mark.parametrize(
    "what", ["total = total * 2", "line_count = 9", "month = '2026-01-01'", "funding = '{}'", "number = 'x'"]
)
def test_what_was_approved_stays(office: Office, batch: PaymentBatch, what: str) -> None:
    assert done(office, "clerk", batch_set(batch, what))
    office.approve(batch)
    assert not done(office, "clerk", batch_set(batch, what))


def test_a_released_batch_goes_back_to_no_earlier_state(office: Office) -> None:
    office.confirmed(office.child("own"))
    paid = office.pay(OCTOBER)
    for state in ("prepared", "approved", "released", "returned"):
        if state != paid.state:
            assert not done(office, "clerk", batch_set(paid, f"state = '{state}'"))
            assert not done(office, "releaser", batch_set(paid, f"state = '{state}'"))
    assert not done(office, "releaser", batch_set(paid, "release_proof = 'x'"))


def test_a_batch_is_approved_and_released_by_whoever_does_it(office: Office, batch: PaymentBatch) -> None:
    ids = {who: office.cast.users[who].pk for who in ("clerk", "approver", "releaser")}
    approve = batch_set(batch, f"state = 'approved', approved_at = now(), approved_by_id = {ids['approver']}")
    assert done(office, "approver", approve)
    assert not done(office, "clerk", approve)  # in the approver's name
    assert not done(office, "approver", batch_set(batch, "state = 'approved'"))  # in nobody's
    release = f"released_at = now(), release_proof = 'password', released_by_id = {ids['releaser']}"
    assert not done(office, "clerk", batch_set(batch, "state = 'released', released_at = now()"))
    assert not done(office, "releaser", batch_set(batch, f"state = 'released', {release}"))
    office.approve(batch)
    assert not done(office, "clerk", batch_set(batch, f"state = 'released', {release}"))
    assert not done(office, "approver", batch_set(batch, f"state = 'released', {release}"))


def test_an_application_is_signed_by_four(office: Office) -> None:
    application = office.apply(office.child("own"))
    for who in ("director", "supervisor", "clerk", "approver"):
        confirm = "UPDATE subsidies_application SET state = 'confirmed' WHERE id = %s"
        assert not done(office, who, (confirm, [application.pk]))
    names = [office.cast.users[who].pk for who in ("supervisor", "clerk", "approver")]
    everything = (
        "UPDATE subsidies_application SET state = 'confirmed', verified_by_id = %s, checked_by_id = %s,"
        " decided_by_id = %s WHERE id = %s"
    )
    assert not done(office, "approver", (everything, [*names, application.pk]))


def test_a_right_is_given_by_the_county_alone(office: Office) -> None:
    child = office.child("own")
    values = [child.pk, office.scheme.pk, child.region_id]
    assert {who for who in ANYONE - {"nobody"} if done(office, who, (ENTITLE, values))} == {
        "clerk",
        "approver",
    }


def test_standards_and_rules_are_written_by_the_county_alone(office: Office) -> None:
    SchemeRule.objects.create(
        scheme=office.scheme, region_id=COUNTY, valid_from=OCTOBER, document="县民 1", changes={}
    )
    own = Rate.objects.filter(region_id=COUNTY).values_list("pk", flat=True)[:1]
    rate = ("UPDATE subsidies_rate SET superseded = true WHERE id = %s", list(own))
    rule = ("UPDATE subsidies_schemerule SET document = 'x' WHERE region_code = %s", [COUNTY])
    for statement in (rate, rule):
        assert {who for who in ANYONE - {"nobody"} if done(office, who, statement)} == {"clerk", "approver"}
    # A standard on record is edited by nobody: another row corrects it.
    assert not [
        who
        for who in ANYONE - {"nobody"}
        if done(office, who, ("UPDATE subsidies_rate SET amount = 99999 WHERE id = %s", list(own)))
    ]
    mine = Rate.objects.get(pk=next(iter(own)))
    mine.pk, mine.region_id = None, OTHER_COUNTY
    mine.save()
    assert not done(office, "clerk", ("UPDATE subsidies_rate SET superseded = true WHERE id = %s", [mine.pk]))


def test_a_debt_is_dropped_by_who_handles_money_alone(office: Office) -> None:
    right = office.confirmed(office.child("own"), SEPTEMBER)
    office.pay(SEPTEMBER)
    office.pay(OCTOBER)
    with office.as_("approver"):
        right.end_month = SEPTEMBER
        right.save()
    office.approve(office.prepare(NOVEMBER))
    with office.as_("clerk"):
        assert Recovery.objects.exists()
    drop = ("UPDATE subsidies_recovery SET state = 'dropped'", [])
    assert {who for who in ANYONE - {"nobody"} if done(office, who, drop)} == {
        "clerk",
        "approver",
        "releaser",
    }
