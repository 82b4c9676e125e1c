"""What was asked back and came in partly, or was waived, turns out to be due after all: nobody is paid it twice."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse

from staff.scope import system_scope
from subsidies.batches import services as batches
from subsidies.ledger.checks import check
from subsidies.models import Entitlement, PaymentBatch, Posting, Recovery, SchemeRule
from subsidies.recovery import instalments
from subsidies.recovery.selectors import RecoveryFilters, by_township
from tests.cast import COUNTY
from tests.subsidies.conftest import DECEMBER, NOVEMBER, OCTOBER, Office, moment
from tests.subsidies.test_corrections import arrears, edit
from tests.subsidies.test_recoveries import RECEIPT

SEPTEMBER = dt.date(2026, 9, 1)
TODAY = dt.date(2026, 11, 25)


def overpaid(office: Office, **offset: str) -> Entitlement:
    """October was paid in full; the right had ended in September, or a benefit is set off: November asks it back."""
    right = office.confirmed(office.child("own"), OCTOBER)
    office.pay(OCTOBER)
    if offset:
        office.offset(right, offset["benefit"], OCTOBER)
    else:
        edit(right, end_month=SEPTEMBER)
    office.approve(office.prepare(NOVEMBER))
    return right


def recovery(office: Office) -> Recovery:
    with office.as_("clerk"):
        return Recovery.objects.order_by("pk")[0]


def act(office: Office, kind: str, amount: str) -> None:
    """The clerk records what came back, the approver waives by a document."""
    how: dict[str, Any] = {"at": moment(11, 25), "date": TODAY, "amount": Decimal(amount), "file": RECEIPT}
    with office.as_("approver" if kind == "waived" else "clerk") as actor:
        does = instalments.waive if kind == "waived" else instalments.pay_back
        does(actor=actor, recovery=recovery(office), document="县民9号", **how)


def owed(office: Office, batch: PaymentBatch, month: dt.date = OCTOBER) -> list[str]:
    return [amount for of, amount, _reason in arrears(office, batch) if of == month]


def figures(row: Recovery) -> tuple[str, ...]:
    """Due after all, settled, by source, state."""
    return str(row.due_after_all), str(row.recovered), str(row.funding.get("county", "0.00")), row.state


@pytest.mark.parametrize(
    ("parts", "paid", "left"),
    [
        # Waived in full: the family has October's money already.
        ([("waived", "1550.00")], [], ("1550.00", "1550.00", "0.00", "dropped")),
        # Partly paid back: just that is paid out again, and nothing is asked back any more.
        ([("paid_back", "100.00")], ["100.00"], ("1450.00", "1550.00", "100.00", "settled")),
        ([("waived", "1000.00"), ("paid_back", "100.00")], ["100.00"], ("1450.00", "1550.00", "100.00", "settled")),
        ([("waived", "1000.00")], [], ("1550.00", "1550.00", "0.00", "dropped")),
        ([("paid_back", "1550.00")], ["1550.00"], ("0.00", "1550.00", "1550.00", "settled")),
    ],
)  # fmt: skip
def test_only_what_was_paid_back_is_paid_out_again(
    office: Office, parts: list[tuple[str, str]], paid: list[str], left: tuple[str, ...]
) -> None:
    right = overpaid(office)
    for part in parts:
        act(office, *part)
    edit(right, end_month=None)
    december = office.prepare(DECEMBER)
    assert owed(office, december) == paid
    assert figures(recovery(office)) == left
    with office.as_("clerk"):
        assert check(COUNTY) == []


def test_a_waived_difference_is_not_paid_when_the_benefit_was_none(office: Office) -> None:
    right = overpaid(office, benefit="600.00")
    act(office, "waived", "600.00")
    with system_scope(reason="test", log=False):
        right.offsets.all().delete()
    assert owed(office, office.prepare(DECEMBER)) == []


def test_what_is_open_is_used_before_what_was_waived_and_the_rest_of_a_waiver_stands(office: Office) -> None:
    right = overpaid(office)
    act(office, "waived", "1000.00")
    edit(right, end_month=None)
    office.offset(right, "950.00", OCTOBER)  # 600.00 are due
    december = office.prepare(DECEMBER)
    assert owed(office, december) == []
    assert figures(recovery(office)) == ("600.00", "1550.00", "950.00", "settled")
    with office.as_("clerk"):
        (row,) = by_township(RecoveryFilters(show="settled"), TODAY)
        assert (row.amount, row.paid_back, row.waived, row.left) == tuple(
            map(Decimal, ("950.00", "0.00", "950.00", "0.00"))
        )
        # What a document waived is not asked back again.
        assert Recovery.objects.count() == 1


def test_part_of_it_due_leaves_the_rest_open(office: Office) -> None:
    right = overpaid(office)
    act(office, "paid_back", "100.00")
    edit(right, end_month=None)
    office.offset(right, "1250.00", OCTOBER)  # 300.00 are due
    office.prepare(DECEMBER)
    found = recovery(office)
    assert figures(found) == ("300.00", "400.00", "1250.00", "open")
    act(office, "paid_back", "1150.00")
    assert figures(recovery(office)) == ("300.00", "1550.00", "1250.00", "settled")
    letter_left = found.amount - found.recovered
    assert letter_left == Decimal("1150.00")


def test_the_page_tells_what_was_due_after_all_and_which_batch_found_it(office: Office) -> None:
    right = overpaid(office)
    act(office, "paid_back", "100.00")
    edit(right, end_month=None)
    december = office.prepare(DECEMBER)
    client = office.cast.client("clerk", headers={"accept-language": "en"})
    page = client.get(reverse("subsidies:recovery", args=[recovery(office).pk])).content.decode()
    assert f"1,450.00 · {december.number}" in page


def test_a_returned_batch_asks_back_again_what_it_had_used(office: Office) -> None:
    right = overpaid(office)
    act(office, "waived", "400.00")
    act(office, "paid_back", "100.00")
    before = recovery(office)
    edit(right, end_month=None)
    for _again in range(2):
        december = office.prepare(DECEMBER)
        assert owed(office, december) == ["100.00"]
        assert figures(recovery(office)) == ("1450.00", "1550.00", "100.00", "settled")
        with office.as_("approver") as approver:
            batches.send_back(actor=approver, at=moment(12, 20), batch=december, reason="重算")
        found = recovery(office)
        assert figures(found) == figures(before)
        assert found.uses == []
    edit(right, end_month=SEPTEMBER)
    assert owed(office, office.prepare(DECEMBER)) == []
    assert figures(recovery(office)) == figures(before)


def test_every_source_gets_its_own_back_whatever_was_used_and_undone(office: Office) -> None:
    SchemeRule.objects.create(
        scheme=office.scheme, region_id=COUNTY, valid_from=dt.date(2026, 1, 1), document="财社",
        changes={"funding": [
            {"source": "central", "kind": "fixed", "value": "333.33"}, {"source": "county", "kind": "rest"},
        ]},
    )  # fmt: skip
    right = overpaid(office)
    act(office, "paid_back", "100.01")
    edit(right, end_month=None)
    office.offset(right, "1249.99", OCTOBER)  # 300.01 are due
    december = office.prepare(DECEMBER)
    assert recovery(office).due_after_all == Decimal("300.01")
    act(office, "paid_back", "77.77")
    with office.as_("approver") as approver:
        batches.send_back(actor=approver, at=moment(12, 20), batch=december, reason="重算")
    edit(right, end_month=SEPTEMBER)
    office.prepare(DECEMBER)
    found = recovery(office)
    assert (found.due_after_all, found.state) == (Decimal(0), "open")
    act(office, "paid_back", str(found.amount - found.recovered))
    assert recovery(office).state == "settled"
    with office.as_("clerk"):
        back = Posting.objects.filter(account="available", entry__kind="recovery").order_by()
        sums = {source: Decimal(0) for source in ("central", "county")}
        for posting in back:
            sums[posting.source] += posting.amount
    assert sums == {"central": Decimal("333.33"), "county": Decimal("1216.67")}
