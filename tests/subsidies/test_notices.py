"""发放告知单: amount, standard, what was deducted and why, whom to ask, how to object; the account masked."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.test import TestCase
from django.urls import reverse

from staff.models import AccessLog, Assignment
from staff.scope import system_scope
from subsidies.batches.notes import note_issue
from subsidies.models import Payment, Recovery
from tests.cast import TOWNSHIP
from tests.papers import all_text, page_texts
from tests.subsidies.conftest import OCTOBER, Office, moment
from tests.subsidies.paying import settle


@pytest.fixture(autouse=True)
def _october() -> Any:
    with time_machine.travel(dt.datetime(2026, 10, 28, 2, tzinfo=dt.UTC), tick=False):
        yield


@pytest.fixture
def paid(office: Office) -> Office:
    """October: 林小满 with dibao deducted, 秦白露 paid to an account of its own."""
    right = office.confirmed(office.child("own"))
    office.offset(right, "320.00", OCTOBER)
    office.entitle(office.child("neighbour"))
    settle(office, office.pay())
    with system_scope(reason="test", log=False):
        Assignment.objects.filter(pk=office.cast.assignments["supervisor"].pk).update(phone="023-12345678")
    return office


def line_of(office: Office, key: str) -> Payment:
    with office.as_("clerk"):
        return Payment.objects.get(child=office.child(key))


def test_a_familys_notice_says_it_all(paid: Office) -> None:
    line = line_of(paid, "own")
    address = reverse("subsidies:payment_notice", args=[line.pk])
    # The director prints it as well, without the phone of a post beyond the village.
    assert "林小满" in all_text(paid.cast.client("director").get(address).content)
    response = paid.cast.client("supervisor").get(address)
    assert response.headers["Content-Type"] == "application/pdf"
    text = all_text(response.content)
    for word in (
        "发放告知单", "2026年10月", "林桂芳", "林小满", "1,550.00", "320.00", "1,230.00", "标准", "减", "依据", "62号",
        "李守安023-12345678", "桂林街道", "潼南区民政局", "行政复议", "六十日", "2026-10-22", line.account[-4:],
    ):  # fmt: skip
        assert word in text, word
    assert line.account not in text
    assert "秦白露" not in text
    with system_scope(reason="test", log=False):
        entry = AccessLog.objects.get(kind="export", user=paid.cast.users["supervisor"])
    assert (entry.subject_id, entry.child_id) == (str(line.pk), line.child_id)


def test_brothers_and_sisters_share_a_notice_and_what_is_asked_back_is_said(office: Office) -> None:
    with office.as_("clerk"):
        account = office.child("own").payees.get().account
    office.give_account(office.child("neighbour"), account)
    office.entitle(office.child("own"))
    office.entitle(office.child("neighbour"))
    batch = office.prepare()
    with office.as_("clerk") as clerk:
        for issue in batch.issues.all():
            note_issue(actor=clerk, at=moment(10, 19), issue=issue, note="姐妹")
    settle(office, office.release(office.approve(batch)))
    line = line_of(office, "own")
    with system_scope(reason="test", log=False):
        Recovery.objects.create(
            entitlement_id=line.entitlement_id, child_id=line.child_id, region_id=line.region_id,
            scheme_id=line.scheme_id, month=OCTOBER, amount=Decimal("200.00"), child_name=line.child_name, state="open",
        )  # fmt: skip
    text = all_text(
        office.cast.client("clerk").get(reverse("subsidies:payment_notice", args=[line.pk])).content
    )
    for word in ("林小满", "秦白露", "3,100.00", "多发200.00元", "尚需退回200.00元"):
        assert word in text, word


def test_a_townships_notices_are_one_file_with_a_page_each(paid: Office) -> None:
    client = paid.cast.client("supervisor")
    address = f"{reverse('subsidies:payment_notices')}?month=2026-10&township={TOWNSHIP}"
    assert "桂林街道" in client.get(address).content.decode()
    with TestCase.captureOnCommitCallbacks(execute=True):
        response = client.post(address, {"reason": "十月发放告知"})
    job = client.get(response.headers["Location"], headers={"Accept": "application/json"}).json()
    assert (job["state"], job["result"]["rows"]) == ("done", 2)
    pages = page_texts(client.get(f"/files/{job['result']['file']}/").content)
    assert len(pages) == 2
    assert ["林小满" in page for page in pages] != ["秦白露" in page for page in pages]
    assert all("十月发放告知" in page and "行政复议" in page for page in pages)


def test_a_month_without_money_makes_no_file(paid: Office) -> None:
    client = paid.cast.client("clerk")
    address = f"{reverse('subsidies:payment_notices')}?month=2026-09&township={TOWNSHIP}"
    with TestCase.captureOnCommitCallbacks(execute=True):
        response = client.post(address, {"reason": "x"})
    job = client.get(response.headers["Location"], headers={"Accept": "application/json"}).json()
    assert job["state"] == "failed"
    assert "没有已发放的资金" in job["error"]


def test_a_line_that_was_not_sent_has_no_notice(office: Office) -> None:
    office.entitle(office.child("own"))
    office.prepare()
    line = line_of(office, "own")
    assert (
        office.cast.client("director").get(reverse("subsidies:payment_notice", args=[line.pk])).status_code
        == 404
    )
