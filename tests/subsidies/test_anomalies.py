"""What an approver is told about a batch: each exception is found where it is, and nowhere else."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from cases.models import Child, Guardian, ParentSituation, Payee
from staff import crypto
from staff.scope import system_scope
from subsidies.models import BatchIssue, Payment, PaymentBatch, SchemeRule, SchoolProof
from subsidies.preparing import anomalies
from tests.cast import COUNTY, VILLAGE
from tests.subsidies.conftest import NOVEMBER, Office, card, moment


def found(office: Office, batch: PaymentBatch) -> dict[str, dict[str, Any]]:
    """Kind → detail of the exceptions of 林小满."""
    with office.as_("clerk"):
        rows = BatchIssue.objects.filter(batch=batch, entitlement__child=office.child("own"))
        return {row.kind: row.detail for row in rows}


def rule(office: Office, **changes: Any) -> None:
    SchemeRule.objects.create(
        scheme=office.scheme,
        region_id=COUNTY,
        valid_from=dt.date(2026, 1, 1),
        document="县民",
        changes=changes,
    )


def payee(office: Office, **fields: Any) -> None:
    with system_scope(reason="test", log=False):
        Payee._base_manager.filter(child=office.child("own")).update(**fields)


@pytest.fixture
def ready(office: Office) -> Office:
    """Two children without anything to tell."""
    office.entitle(office.child("own"))
    office.entitle(office.child("township"))
    return office


def test_a_batch_in_order_has_no_exception(ready: Office) -> None:
    rule(ready, amount_least="100", amount_most="2000", visit_days=400)
    batch = ready.prepare()
    with ready.as_("clerk"):
        assert not BatchIssue.objects.filter(batch=batch).exists()


def test_a_holder_who_was_a_guardian_is_none_any_more(ready: Office) -> None:
    with system_scope(reason="test", log=False):
        Guardian._base_manager.filter(child=ready.child("own")).update(end_date=dt.date(2026, 10, 18))
    assert found(ready, ready.prepare())["holder_not_payee"]["holder"] == "林桂芳"


@pytest.mark.parametrize(
    ("kind", "relation", "flagged"),
    [
        ("child", "grandmother", False),
        ("child", "institution", True),
        ("guardian", "grandmother", False),
        ("guardian", "child", True),
        ("student", "child", False),
        ("student", "grandmother", True),
        ("institution", "grandmother", True),
    ],
)
def test_a_scheme_that_is_paid_to_somebody_else(
    ready: Office, kind: str, relation: str, flagged: bool
) -> None:
    rule(ready, payee=kind)
    payee(ready, relation=relation)
    assert ("payee_kind" in found(ready, ready.prepare())) is flagged


@pytest.mark.parametrize(
    ("parent_name", "relation", "flagged"),
    [
        ("林桂芳", "grandmother", True),
        ("林大山", "father", False),
        ("", "father", True),
        ("", "grandmother", False),
    ],
)
def test_a_payee_who_is_dead(ready: Office, parent_name: str, relation: str, flagged: bool) -> None:
    payee(ready, relation=relation)
    with system_scope(reason="test", log=False):
        ParentSituation.objects.create(
            child=ready.child("own"), region_id=VILLAGE, parent="father", parent_name=parent_name, kind="dead",
            start_date=dt.date(2026, 9, 3),
        )  # fmt: skip
    detail = found(ready, ready.prepare()).get("payee_dead")
    assert detail == ({"holder": "林桂芳", "since": "2026-09-03"} if flagged else None)


@pytest.mark.parametrize(
    ("least", "most", "flagged"), [("1600", None, True), (None, "1500", True), ("1550", "1550", False)]
)
def test_an_amount_out_of_range(ready: Office, least: str | None, most: str | None, flagged: bool) -> None:
    rule(ready, amount_least=least, amount_most=most)
    assert ("amount_range" in found(ready, ready.prepare())) is flagged


def test_a_child_that_nobody_has_visited(ready: Office) -> None:
    rule(ready, visit_days=90)
    with system_scope(reason="test", log=False):
        Child._base_manager.filter(pk=ready.child("own").pk).update(last_visit_date=dt.date(2026, 7, 20))
        Child._base_manager.filter(pk=ready.child("township").pk).update(last_visit_date=dt.date(2026, 7, 21))
    batch = ready.prepare()  # on 19 October
    assert found(ready, batch)["not_visited"] == {"since": "2026-07-20", "days": 91}
    with ready.as_("clerk"):
        assert BatchIssue.objects.filter(batch=batch).count() == 1


def test_check_digits_are_looked_at_once(ready: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    ready.give_account(ready.child("own"), "6217001234577800")
    batch = ready.prepare()
    assert found(ready, batch) == {"account_checksum": {"holder": "林桂芳"}}
    with system_scope(reason="test", log=False):
        sound = dict(Payee._base_manager.values_list("child_id", "account_sound"))
    assert (sound[ready.child("own").pk], sound[ready.child("township").pk]) == (False, True)
    ready.release(ready.approve(batch))
    monkeypatch.setattr(anomalies.crypto, "decrypt", lambda blob: pytest.fail("looked at again"))
    assert "account_checksum" in found(ready, ready.prepare(NOVEMBER))


def test_another_account_is_looked_at_anew(ready: Office) -> None:
    ready.give_account(ready.child("own"), "6217001234577800")
    ready.release(ready.approve(ready.prepare()))
    ready.give_account(ready.child("own"), card("7801"))
    assert "account_checksum" not in found(ready, ready.prepare(NOVEMBER))


def test_an_account_that_the_bank_has_refused(ready: Office) -> None:
    ready.release(ready.approve(ready.prepare()))
    with system_scope(reason="test", log=False):
        Payment._base_manager.filter(child=ready.child("own")).update(
            state="failed", fail_reason="account_closed"
        )
    assert found(ready, ready.prepare(NOVEMBER))["account_refused"] == {
        "reason": "account_closed",
        "month": "2026-10",
    }


def test_the_banks_own_failure_says_nothing_about_the_account(ready: Office) -> None:
    ready.release(ready.approve(ready.prepare()))
    with system_scope(reason="test", log=False):
        Payment._base_manager.filter(child=ready.child("own")).update(
            state="failed", fail_reason="bank_system"
        )
    assert set(found(ready, ready.prepare(NOVEMBER))) == {"arrears"}


def test_no_proof_of_schooling_for_the_present_term(ready: Office) -> None:
    rule(ready, school_proof=True)
    with system_scope(reason="test", log=False):
        for key, term in (("own", 2), ("township", 1)):
            SchoolProof.objects.create(
                child=ready.child(key), region_id=ready.child(key).region_id, school_year=2026, term=term, school="一中",
                stage="senior", seen="学籍系统", user=ready.cast.users["clerk"], at=moment(9, 5),
            )  # fmt: skip
    batch = ready.prepare()
    assert found(ready, batch)["no_proof"] == {"school_year": 2026, "term": 1, "months": ["2026-10"]}
    with ready.as_("clerk"):
        assert BatchIssue.objects.filter(batch=batch, kind="no_proof").count() == 1


def test_the_payee_of_one_scheme_comes_before_the_one_of_all(ready: Office) -> None:
    with system_scope(reason="test", log=False):
        Payee.objects.create(
            child=ready.child("own"), region_id=VILLAGE, name="林桂芳", relation="grandmother", bank_name="农行",
            account=card("9902"), account_digest=b"x" * 32, start_date=dt.date(2026, 1, 2), purpose="basic_living",
        )  # fmt: skip
        Payee.objects.create(
            child=ready.child("township"), region_id=ready.child("township").region_id, name="别人", relation="other",
            bank_name="农行", account=card("9903"), account_digest=b"y" * 32, start_date=dt.date(2026, 1, 2),
            purpose="care",
        )  # fmt: skip
    own, township = ready.lines(ready.prepare())
    assert (own.account[-4:], own.bank_name) == ("9902", "农行")
    assert township.account[-4:] == "7803"


def test_snapshots_are_those_of_the_day(ready: Office) -> None:
    own = ready.child("own")
    line = ready.lines(ready.prepare())[0]
    assert (line.child_name, line.identity_mask, line.payee_name) == (own.name, own.masked_identity, "林桂芳")
    with system_scope(reason="test", log=False):
        Child._base_manager.filter(pk=own.pk).update(name="改名", id_number="")
        # The ciphertext was copied as it is: the same number, not bound to the row it came from.
        row = Payment._base_manager.get(pk=line.pk)
    assert (row.child_name, row.identity_mask, row.account) == (
        line.child_name,
        line.identity_mask,
        line.account,
    )
    assert crypto.decrypt(crypto.encrypt(row.account)) == row.account
    assert row.amount == Decimal("1550.00")
