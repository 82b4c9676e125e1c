"""An orphan holds no 低保 beside the allowance: paid in full, and told until the benefit is cancelled."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from subsidies.batches.issues import text_of
from subsidies.entitlements import services as entitlements
from subsidies.models import BatchIssue, Entitlement, SchemeRule
from tests.cast import COUNTY
from tests.subsidies.conftest import OCTOBER, Office, moment


def with_dibao(office: Office) -> Entitlement:
    right = office.entitle(office.child("own"), category="orphan")
    with office.as_("clerk") as clerk:
        entitlements.add_offset(
            actor=clerk, at=moment(10, 1), entitlement=right, kind="dibao", amount=Decimal("320.00"),
            start_month=OCTOBER, source="低保名单 2026-10",
        )  # fmt: skip
    return right


def told(office: Office) -> list[str]:
    with office.as_("approver"):
        return [text_of(issue) for issue in BatchIssue.objects.filter(kind="conflict")]


def test_it_is_paid_in_full_and_an_exception_each_month(office: Office) -> None:
    assert with_dibao(office).category == "orphan"
    batch = office.prepare(OCTOBER)
    assert [line.amount for line in office.lines(batch)] == [Decimal("1550.00")]
    (text,) = told(office)
    assert "to be cancelled" in text


def test_where_the_county_deducts_it_nothing_is_to_be_told(office: Office) -> None:
    SchemeRule.objects.create(
        scheme=office.scheme, region_id=COUNTY, valid_from=dt.date(2026, 1, 1), document="县民 1",
        changes={"conflict_mode": "offset"},
    )  # fmt: skip
    with_dibao(office)
    batch = office.prepare(OCTOBER)
    assert [line.amount for line in office.lines(batch)] == [Decimal("1230.00")]
    assert told(office) == []
