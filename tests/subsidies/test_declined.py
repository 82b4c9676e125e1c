"""Corrections that a clerk does not confirm now: they are proposed again by the next batch while they are still right."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from staff.scope import system_scope
from subsidies.batches import services as batches
from subsidies.models import BatchIssue, Recalculation
from tests.subsidies.conftest import DECEMBER, NOVEMBER, OCTOBER, Office, moment
from tests.subsidies.test_corrections import SEPTEMBER, arrears, edit, raise_standard, recoveries


def test_corrections_of_one_reason_are_confirmed_at_once_and_others_declined(office: Office) -> None:
    raised, listed = (
        office.confirmed(office.child("own"), OCTOBER),
        office.confirmed(office.child("township"), OCTOBER),
    )
    office.pay(OCTOBER)
    raise_standard(office, "1600.00", OCTOBER)
    office.offset(listed, "320.00", OCTOBER)
    november = office.prepare(NOVEMBER)
    with office.as_("clerk") as clerk:
        same: dict[str, Any] = {"actor": clerk, "at": moment(11, 19)}
        assert (
            batches.note_issues(**same, batch=november, kind="arrears", reason_key="standard", note="渝民发")
            == 1
        )
        found = BatchIssue.objects.get(batch=november, kind="overpaid")
        assert found.entitlement_id == listed.pk
        batches.decline(**same, issue=found, note="名单有误")
        assert BatchIssue.objects.get(batch=november, entitlement=raised, kind="arrears").note == "渝民发"
    with office.as_("approver") as approver:
        batches.approve(actor=approver, at=moment(11, 20), batch=november)
    assert [row[2] for row in recoveries(office)] == ["dropped"]


def test_declined_arrears_are_held_and_proposed_again(office: Office) -> None:
    office.confirmed(office.child("own"), OCTOBER)
    office.pay(OCTOBER)
    raise_standard(office, "1600.00", OCTOBER)
    november = office.prepare(NOVEMBER)
    with office.as_("clerk") as clerk:
        found = BatchIssue.objects.get(batch=november, kind="arrears")
        batches.decline(actor=clerk, at=moment(11, 19), issue=found, note="文件未到")
        november.refresh_from_db()
    assert november.total == Decimal("1600.00")
    office.release(office.approve(november))
    assert arrears(office, office.prepare(DECEMBER)) == [(OCTOBER, "50.00", "held")]


def test_what_was_not_asked_back_is_proposed_again_by_the_next_batch(office: Office) -> None:
    right = office.confirmed(office.child("own"), SEPTEMBER)
    office.pay(SEPTEMBER)
    office.pay(OCTOBER)
    edit(right, end_month=SEPTEMBER)
    for month in (NOVEMBER, DECEMBER):
        batch = office.prepare(month)
        assert recoveries(office)[-1] == (OCTOBER, "1550.00", "proposed", "ended")
        with office.as_("clerk") as clerk:
            found = BatchIssue.objects.get(batch=batch, kind="overpaid")
            batches.decline(actor=clerk, at=moment(month.month, 19), issue=found, note="先问乡镇")
        office.release(office.approve(batch))
    assert [row[2] for row in recoveries(office)] == ["dropped", "dropped"]
    with system_scope(reason="test", log=False):
        assert Recalculation._base_manager.get(batch__isnull=True).from_month == OCTOBER


def test_what_was_not_asked_back_and_was_right_all_along_is_let_be(office: Office) -> None:
    right = office.confirmed(office.child("own"), OCTOBER)
    office.pay(OCTOBER)
    office.offset(right, "320.00", OCTOBER)
    november = office.prepare(NOVEMBER)
    with office.as_("clerk") as clerk:
        found = BatchIssue.objects.get(batch=november, kind="overpaid")
        batches.decline(actor=clerk, at=moment(11, 19), issue=found, note="名单有误")
    with system_scope(reason="test", log=False):
        right.offsets.all().delete()
    office.release(office.approve(november))
    december = office.prepare(DECEMBER)
    assert [row[2] for row in recoveries(office)] == ["dropped"]
    # November itself was paid with the benefit set off.
    assert arrears(office, december) == [(NOVEMBER, "320.00", "offsets")]
