"""Money and transfers: what must be settled first, what ends, what stays with who paid, what the receiver is told."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse

from cases.duplicates import merging
from cases.models import Transfer
from cases.refusals import RegisterRefused
from cases.transfers import services as transfers
from staff.models import Parameter
from staff.scope import open_scope, system_scope
from subsidies.batches import services as batches
from subsidies.models import Application, Entitlement, Payment
from tests.cast import COUNTY, FAR_VILLAGE, STRANGE_VILLAGE, VILLAGE, make_child
from tests.subsidies.conftest import NOVEMBER, OCTOBER, Office, moment

DAY = dt.date(2026, 10, 25)


def propose(office: Office, to: int = STRANGE_VILLAGE, day: dt.date = DAY) -> Transfer:
    with office.as_("clerk"):
        return transfers.propose_transfer(
            office.child("own"),
            to_region_id=to,
            reason_code="household_moved",
            effective_date=day,
            at=moment(10, 26),
        )


def accept(office: Office, transfer: Transfer, who: str = "stranger") -> Transfer:
    with office.as_(who):
        return transfers.accept_transfer(Transfer.objects.get(pk=transfer.pk), at=moment(10, 27))


def entitlement(office: Office) -> Entitlement:
    with system_scope(reason="test", log=False):
        return Entitlement.objects.get(child=office.child("own"))


def test_an_application_under_way_is_decided_first(office: Office) -> None:
    office.apply(office.child("own"))
    with pytest.raises(RegisterRefused, match="Decide or withdraw it first"):
        propose(office)
    propose(office, FAR_VILLAGE)  # within the county it goes along


def test_a_payment_that_is_worked_out_is_released_first(office: Office) -> None:
    office.entitle(office.child("own"))
    batch = office.prepare()
    with pytest.raises(RegisterRefused, match="Release or return the batch"):
        propose(office)
    office.release(office.approve(batch))
    propose(office)


def test_the_last_month_here_is_paid_first(office: Office) -> None:
    office.entitle(office.child("own"))
    with pytest.raises(RegisterRefused, match="2026-10, the last month here"):
        propose(office)
    office.pay()
    propose(office)


def test_a_day_before_what_is_paid_already_is_refused(office: Office) -> None:
    office.entitle(office.child("own"), start=dt.date(2026, 5, 1))
    office.pay()
    with pytest.raises(RegisterRefused, match=r"2026-10 is paid already.* until 2026-09"):
        propose(office, day=dt.date(2026, 9, 10))


def test_a_right_that_never_began_needs_no_payment(office: Office) -> None:
    office.entitle(office.child("own"), start=NOVEMBER)
    accept(office, propose(office))
    ended = entitlement(office)
    assert (ended.state, ended.start_month, ended.end_month) == ("ended", NOVEMBER, OCTOBER)


@pytest.mark.parametrize("state", ["held", "failed"])
def test_money_that_did_not_arrive_is_paid_first(office: Office, state: str) -> None:
    office.entitle(office.child("own"))
    batch = office.prepare()
    if state == "held":
        with office.as_("clerk") as clerk:
            (line,) = Payment.objects.filter(batch=batch)
            batches.hold(actor=clerk, at=moment(10, 19), payment=line, reason_code="other", note="核查中")
            batch.refresh_from_db()
    office.release(office.approve(batch))
    if state == "failed":
        with system_scope(reason="test", log=False):
            Payment.objects.update(state="failed", fail_reason="other")
    with pytest.raises(RegisterRefused, match="2026-10 has not reached"):
        propose(office)


def test_what_came_in_between_stops_the_acceptance(office: Office) -> None:
    transfer = propose(office)
    office.apply(office.child("own"))
    with pytest.raises(RegisterRefused, match="under way"):
        accept(office, transfer)
    with system_scope(reason="test", log=False):
        assert Transfer.objects.get().state == "proposed"
        assert Application.objects.get().region_id == VILLAGE


@pytest.mark.parametrize(("rule", "last"), [("next_month", OCTOBER), ("same_month", dt.date(2026, 9, 1))])
def test_the_entitlement_ends_by_the_sending_countys_rule(office: Office, rule: str, last: dt.date) -> None:
    with system_scope(reason="test", log=False):
        Parameter.objects.create(
            region_id=COUNTY, key="stop_rule", value=rule, valid_from=dt.date(2026, 1, 1), source="x"
        )
    office.entitle(office.child("own"), start=dt.date(2026, 5, 1))
    for month in (dt.date(2026, 9, 1), OCTOBER):
        if month <= last:
            office.pay(month)
    done = accept(office, propose(office))
    ended = entitlement(office)
    assert (ended.state, ended.end_month, ended.end_reason) == ("ended", last, "moved_away")
    assert ended.region_id == VILLAGE
    assert done.counts["entitled_until"] == f"{last:%Y-%m}"
    assert done.counts["entitlements_ended"] == 1


def test_what_was_paid_stays_with_who_paid(office: Office) -> None:
    office.entitle(office.child("own"))
    batch = office.pay()
    done = accept(office, propose(office))
    assert done.counts["paid_until"] == "2026-10"
    (line,) = [line for line in office.lines(batch) if line.child_id == office.child("own").pk]
    for who in ("clerk", "approver", "releaser", "leader"):
        client = office.cast.client(who)
        assert client.get(reverse("subsidies:payment", args=[line.pk])).status_code == 200, who
        page = client.get(reverse("subsidies:batch_lines", args=[batch.pk]))
        assert "林小满" in page.content.decode(), who
    assert (
        office.cast.client("clerk")
        .get(reverse("subsidies:entitlement", args=[line.entitlement_id]))
        .status_code
        == 200
    )
    with open_scope(office.cast.scope("stranger")):
        assert not Payment.objects.exists()
        assert not Entitlement.objects.exists()
    assert office.cast.client("stranger").get(reverse("subsidies:payment", args=[line.pk])).status_code == 404


def test_the_receiver_is_told_until_when_and_no_amount(office: Office) -> None:
    office.entitle(office.child("own"))
    office.pay()
    accept(office, propose(office))
    panel = office.cast.client("stranger").get(
        reverse("subsidies:child_panel", args=[office.child("own").pk]), HTTP_ACCEPT_LANGUAGE="en"
    )
    text = panel.content.decode()
    assert "2026-10" in text
    assert "潼南区" in text
    assert "1,550" not in text
    assert "1550" not in text


def test_within_the_county_the_right_goes_along_and_the_paid_lines_stay(office: Office) -> None:
    office.entitle(office.child("own"))
    office.pay()
    accept(office, propose(office, FAR_VILLAGE), "other_supervisor")
    moved = entitlement(office)
    assert (moved.region_id, moved.state, moved.end_month) == (FAR_VILLAGE, "active", None)
    with system_scope(reason="test", log=False):
        assert set(Payment.objects.values_list("region_id", flat=True)) == {VILLAGE}
    november = office.prepare(NOVEMBER)
    assert [line.region_id for line in office.lines(november)] == [FAR_VILLAGE]


def test_what_a_merged_file_was_paid_counts_as_paid(office: Office) -> None:
    own = office.child("own")
    with system_scope(reason="test", log=False):
        merged = make_child(VILLAGE, "林小曼", birth_date=own.birth_date)
    office.entitle(merged)
    office.pay()
    with office.as_("clerk"):
        merging.merge_children(own, merged, {}, reason="同一儿童两份档案", at=moment(10, 25))
    done = accept(office, propose(office))
    assert done.counts["paid_until"] == "2026-10"
