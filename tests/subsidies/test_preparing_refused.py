"""Which months of which schemes are not worked out, and why."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from subsidies.batches import services as batches
from subsidies.models import SchemeRule
from subsidies.preparing.refusals import BatchRefused
from tests.cast import COUNTY
from tests.subsidies.conftest import OCTOBER, Office, moment


@pytest.mark.parametrize(("month", "ok"), [(dt.date(2026, 11, 1), True), (dt.date(2026, 12, 1), False)])
def test_at_most_the_coming_month_is_worked_out(office: Office, month: dt.date, ok: bool) -> None:
    """A later batch closes every month before it."""
    office.entitle(office.child("own"))
    with office.as_("clerk") as clerk:
        given: dict[str, Any] = {
            "actor": clerk,
            "at": moment(10, 19),
            "region": office.region(),
            "scheme": office.scheme,
        }
        if ok:
            assert batches.prepare_batch(**given, month=month).month == month
        else:
            with pytest.raises(BatchRefused, match="at most the coming month"):
                batches.prepare_batch(**given, month=month)
            with pytest.raises(BatchRefused, match="at most the coming month"):
                batches.start_preparation(**given, month=month)


def test_what_is_given_in_goods_does_not_go_through_the_bank(office: Office) -> None:
    SchemeRule.objects.create(
        scheme=office.scheme, region_id=COUNTY, valid_from=dt.date(2026, 11, 1), document="县民 1",
        changes={"unit": "goods"},
    )  # fmt: skip
    office.entitle(office.child("own"))
    assert office.prepare(OCTOBER).line_count == 1
    with pytest.raises(BatchRefused, match="no money in 2026-11"):
        office.prepare(dt.date(2026, 11, 1))


def test_months_of_goods_are_not_owed_in_money_later(office: Office) -> None:
    for first, unit in ((dt.date(2026, 11, 1), "goods"), (dt.date(2026, 12, 1), "money")):
        SchemeRule.objects.create(
            scheme=office.scheme, region_id=COUNTY, valid_from=first, document=f"县民 {first}", changes={"unit": unit},
        )  # fmt: skip
    office.confirmed(office.child("own"))
    office.pay(OCTOBER)
    december = office.prepare(dt.date(2026, 12, 1))
    assert [(line.month, line.kind) for line in office.lines(december)] == [(december.month, "regular")]
