"""A child without a standard is an exception with a remedy; the others of the county are paid."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from staff.scope import system_scope
from subsidies.batches.issues import text_of
from subsidies.models import BatchIssue, PaymentBatch, Rate, Recovery
from subsidies.preparing.refusals import BatchRefused
from tests.cast import COUNTY
from tests.subsidies.conftest import DECEMBER, NOVEMBER, OCTOBER, Office


def rate(office: Office, amount: str, start: dt.date, source: str = "渝民发〔2026〕9号") -> Rate:
    return Rate.objects.create(
        scheme=office.scheme, region_id=COUNTY, placement="institution", amount=Decimal(amount), valid_from=start,
        source=source,
    )  # fmt: skip


def issues(office: Office, batch: PaymentBatch) -> list[tuple[str, str, str]]:
    with office.as_("clerk"):
        return [
            (row.kind, row.child_name, text_of(row))
            for row in BatchIssue.objects.filter(batch=batch).order_by("kind")
        ]


def paid(office: Office, batch: PaymentBatch) -> list[tuple[str, dt.date, str]]:
    return [(line.child_name, line.month, str(line.amount)) for line in office.lines(batch)]


def test_one_child_without_a_standard_leaves_the_others_paid(office: Office) -> None:
    Rate.objects.filter(scheme=office.scheme, placement="institution").delete()
    own, township = office.child("own"), office.child("township")
    office.entitle(own)
    office.entitle(township, placement="institution")
    october = office.prepare(OCTOBER)
    assert paid(office, october) == [(own.name, OCTOBER, "1550.00")]
    ((kind, name, text),) = issues(office, october)
    assert (kind, name) == ("no_standard", township.name)
    assert "2026-10: no standard is in force. Enter it" in text
    office.release(office.approve(october))
    # Still none: told again with both months. Once it is entered, what is owed is paid.
    november = office.prepare(NOVEMBER)
    assert "2026-10、2026-11" in issues(office, november)[0][2]
    office.release(office.approve(november))
    rate(office, "2000.00", dt.date(2026, 10, 1))
    assert paid(office, office.prepare(DECEMBER)) == [
        (own.name, DECEMBER, "1550.00"),
        (township.name, DECEMBER, "2000.00"),
        (township.name, OCTOBER, "2000.00"),
        (township.name, NOVEMBER, "2000.00"),
    ]


def test_what_was_paid_by_a_standard_that_is_gone_is_not_asked_back(office: Office) -> None:
    office.entitle(office.child("own"))
    office.entitle(office.child("township"), placement="institution")
    office.pay(OCTOBER)
    Rate.objects.filter(scheme=office.scheme, placement="institution").delete()
    november = office.prepare(NOVEMBER)
    assert [kind for kind, _name, _text in issues(office, november)] == ["no_standard"]
    with system_scope(reason="test", log=False):
        assert not Recovery._base_manager.exists()


def test_two_standards_at_once_are_told_for_the_children_they_concern(office: Office) -> None:
    own, township = office.child("own"), office.child("township")
    office.entitle(own)
    office.entitle(township, placement="institution", category="orphan")
    with pytest.MonkeyPatch.context() as patch:
        from subsidies.preparing import answers
        from subsidies.reckoning import rules
        from subsidies.reckoning.standards import Standards

        due = Standards.due_of_month

        def two(
            self: Standards, period: dt.date, month: dt.date, category: str, placement: str, *rest: Any
        ) -> Any:
            if placement == "institution":
                raise rules.AmbiguousRateError
            return due(self, period, month, category, placement, *rest)

        patch.setattr(answers.Standards, "due_of_month", two)
        october = office.prepare(OCTOBER)
    assert paid(office, october) == [(own.name, OCTOBER, "1550.00")]
    assert "two standards apply" in issues(office, october)[0][2]


def test_a_month_that_nobody_has_a_standard_for_is_refused(office: Office) -> None:
    Rate.objects.filter(scheme=office.scheme).delete()
    office.entitle(office.child("own"))
    with pytest.raises(BatchRefused, match="Enter it, then prepare again"):
        office.prepare(OCTOBER)
