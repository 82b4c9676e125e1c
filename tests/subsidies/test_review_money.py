"""Months that could be forgotten between two batches that are open at once, and what another batch's answer could do."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction

from cases.models import Child
from cases.transfers.rules import Distance
from staff.scope import open_scope, system_scope
from staff.workflow import Actor
from subsidies.bank import results as bank_results
from subsidies.batches import services as batches
from subsidies.budgets import services as budgets
from subsidies.models import (
    Entitlement,
    Payment,
    PaymentBatch,
    Rate,
    Scheme,
    SchemeRule,
    SchoolProof,
)
from subsidies.transfers import money_under_way
from tests.cast import COUNTY
from tests.subsidies.conftest import DECEMBER, NOVEMBER, OCTOBER, Office, moment
from tests.subsidies.test_never_twice import at_once

STANDARD = Decimal("1550.00")


def of_child(office: Office, batch: PaymentBatch, key: str = "own") -> list[tuple[str, dt.date, Decimal]]:
    """Kind, month and amount of a child's lines."""
    child = office.child(key)
    return [(line.kind, line.month, line.amount) for line in office.lines(batch) if line.child_id == child.pk]


def change(child: Child, **fields: object) -> None:
    with system_scope(reason="test", log=False):
        Child._base_manager.filter(pk=child.pk).update(**fields)


def test_a_line_held_back_is_owed_also_when_the_next_month_was_prepared_before_the_release(
    office: Office,
) -> None:
    """November was prepared while October's line could still be let go: it is owed from October's release on."""
    office.confirmed(office.child("own"))
    office.confirmed(office.child("township"))
    october = office.prepare(OCTOBER)
    line = next(line for line in office.lines(october) if line.child_id == office.child("own").pk)
    with office.as_("clerk") as clerk:
        batches.hold(actor=clerk, at=moment(10, 19), payment=line, reason_code="under_check", note="核实中")
    approved = office.approve(october)
    november = office.prepare(NOVEMBER)
    assert of_child(office, november) == [("regular", NOVEMBER, STANDARD)]
    office.release(approved)
    december = office.prepare(DECEMBER)
    assert of_child(office, december) == [("regular", DECEMBER, STANDARD), ("arrears", OCTOBER, STANDARD)]


def test_a_right_taken_over_without_an_end_is_prolonged_for_the_months_between(office: Office) -> None:
    """The birthday had ended it; the proof of schooling came two months later."""
    child = office.child("own")
    change(child, birth_date=dt.date(2008, 10, 5))
    right = office.entitle(child)
    office.entitle(office.child("township"))
    office.pay(OCTOBER)
    november = office.pay(NOVEMBER)
    assert of_child(office, november) == []
    with system_scope(reason="test", log=False):
        Entitlement.objects.filter(pk=right.pk).update(end_month=dt.date(2027, 1, 1))
    assert of_child(office, office.prepare(DECEMBER)) == [
        ("regular", DECEMBER, STANDARD),
        ("arrears", NOVEMBER, STANDARD),
    ]


@pytest.mark.parametrize("who", ["director", "supervisor"])
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE subsidies_payment SET amount = amount + 1, from_county = from_county + 1 WHERE id = %s",
        "UPDATE subsidies_payment SET cancelled = true WHERE id = %s",
        "DELETE FROM subsidies_payment WHERE id = %s",
    ],
)
def test_who_sees_the_line_but_not_its_batch_changes_nothing(
    office: Office, who: str, statement: str
) -> None:
    """A village director reads the payments of the village's children; the batch is out of sight."""
    office.confirmed(office.child("own"))
    batch = office.pay(OCTOBER)
    (line,) = office.lines(batch)
    with office.as_(who):
        assert Payment.objects.filter(pk=line.pk).exists()
        with connection.cursor() as cursor:
            cursor.execute(statement, [line.pk])
            assert cursor.rowcount == 0  # their post writes no payment: the policy finds them none to write
    (after,) = office.lines(batch)
    assert (after.pk, after.amount, after.cancelled) == (line.pk, line.amount, False)


def test_a_proof_of_schooling_that_comes_late_pays_the_months_between(office: Office) -> None:
    """No trigger of money watches proofs; what the file alone says is none."""
    SchemeRule.objects.create(
        scheme=office.scheme, region_id=COUNTY, valid_from=dt.date(2020, 1, 1), document="x", changes={"extension_stages": ["senior"]}
    )  # fmt: skip
    child = office.child("own")
    change(child, birth_date=dt.date(2008, 10, 5), enrolled_until=dt.date(2027, 7, 1), school_stage="senior")
    office.entitle(child)
    office.entitle(office.child("township"))
    office.pay(OCTOBER)
    assert of_child(office, office.pay(NOVEMBER)) == []
    with system_scope(reason="test", log=False):
        SchoolProof.objects.create(
            child=child, region_id=child.region_id, school_year=2026, term=1, school="一中", stage="senior", seen="学籍系统",
            user=office.cast.users["clerk"], at=moment(12, 5),
        )  # fmt: skip
    december = office.pay(DECEMBER)
    assert of_child(office, december) == [("regular", DECEMBER, STANDARD), ("arrears", NOVEMBER, STANDARD)]


def test_what_an_earlier_system_paid_is_not_owed_to_who_applied_again_later(office: Office) -> None:
    """Months before the first batch are owed only under the right that was applied for here."""
    child = office.child("own")
    office.confirmed(office.child("township"), dt.date(2026, 8, 1))
    taken_over = office.entitle(child, dt.date(2024, 1, 1), end_month=dt.date(2026, 9, 1))
    office.pay(OCTOBER)
    with system_scope(reason="test", log=False):
        Entitlement.objects.filter(pk=taken_over.pk).update(state="ended", end_reason="other")
        Entitlement.objects.filter(pk=taken_over.pk).update(end_month=dt.date(2026, 8, 1))
    office.confirmed(child, NOVEMBER)
    assert of_child(office, office.prepare(NOVEMBER)) == [("regular", NOVEMBER, STANDARD)]


def test_the_answer_to_one_month_is_not_taken_for_another(office: Office) -> None:
    """Without batch numbers October's file fits November line by line, but for the day of the release."""
    office.confirmed(office.child("own"))
    october, november = office.pay(OCTOBER), office.pay(NOVEMBER)
    (line,) = office.lines(october)
    data = f"序号,领取人,金额,银行账号,处理结果,发放时间\n1,{line.payee_name},{line.amount},{line.account[-4:]},成功,2026-10-21\n".encode()
    with office.as_("clerk") as clerk:
        bank_results.import_result(actor=clerk, at=moment(12, 1), batch=october, name="r.csv", data=data)
        with pytest.raises(bank_results.ResultRefused, match=october.number):
            bank_results.import_result(actor=clerk, at=moment(12, 1), batch=november, name="r.csv", data=data)
    assert [found.state for found in office.lines(november)] == ["sent"]


def test_what_was_let_go_meanwhile_is_weighed_as_well(office: Office) -> None:
    """The approver's page shows the batch before the clerk let a line go: funds suffice for that only."""
    office.confirmed(office.child("own"))
    office.confirmed(office.child("township"))
    batch = office.prepare()
    line = office.lines(batch)[0]
    with office.as_("clerk") as clerk:
        batches.hold(actor=clerk, at=moment(10, 19), payment=line, reason_code="under_check", note="核实中")
        budgets.receive(
            actor=clerk, at=moment(10, 1), region=office.region(), source="county", year=2026, amount=STANDARD,
            day=dt.date(2026, 10, 1), document="1号",
        )  # fmt: skip
        seen = PaymentBatch.objects.get(pk=batch.pk)
        batches.unhold(actor=clerk, at=moment(10, 19), payment=line, note="已核")
    office.explain(batch)
    with office.as_("approver") as approver, pytest.raises(budgets.OverBudget):
        batches.approve(actor=approver, at=moment(10, 20), batch=seen)


@pytest.mark.parametrize("who", ["auditor", "leader", "director"])
def test_only_who_handles_the_countys_money_writes_into_its_ledger(office: Office, who: str) -> None:
    with (
        office.as_(who),
        pytest.raises(DatabaseError, match="row-level security"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "INSERT INTO subsidies_journalentry (region_code, kind, day, document, text, at)"
            " VALUES (%s, 'appropriation', '2026-10-01', '1', '', now())",
            [COUNTY],
        )


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_two_schemes_at_once_have_numbers_of_their_own(office: Office) -> None:
    office.entitle(office.child("own"))
    with system_scope(reason="test", log=False):
        other, _made = Scheme.objects.get_or_create(code="care", defaults={"clause": "x"})
    scope = office.cast.scope("clerk")

    def prepare(scheme: Scheme) -> str:
        with open_scope(scope):
            return batches.prepare_batch(
                actor=Actor.current(), at=moment(10, 19), region=office.region(), scheme=scheme, month=OCTOBER
            ).number

    found = at_once(lambda: prepare(office.scheme), lambda: prepare(other))
    assert sorted(map(str, found)) == ["PB-202610-01", "PB-202610-02"]


def test_a_raise_paid_before_does_not_make_good_what_the_bank_gave_back(office: Office) -> None:
    """October was paid, then raised by arrears; then October's own line came back from the bank."""
    office.confirmed(office.child("own"))
    office.pay(OCTOBER)
    with system_scope(reason="test", log=False):
        Rate.objects.create(
            scheme=office.scheme, region_id=COUNTY, placement="scattered", amount=Decimal("1600.00"),
            valid_from=OCTOBER, source="通知",
        )  # fmt: skip
    office.pay(NOVEMBER)
    with system_scope(reason="test", log=False):
        Payment._base_manager.filter(month=OCTOBER, kind="regular").update(
            state="failed", fail_reason="account_closed"
        )
    with office.as_("clerk"):
        day = dt.date(2026, 11, 25)
        found = list(money_under_way(Child.objects.get(pk=office.child("own").pk), Distance.BEYOND, day))
    assert any("2026-10 has not reached" in str(text) for text in found)
