"""The auditor: from a total to the payment to the steps to the evidence in three clicks, and nothing to edit on the way."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.urls import resolve, reverse

from cases.models import Child
from staff import files
from staff.models import AccessLog, StoredFile
from staff.scope import system_scope
from subsidies.audit import selectors as audit_selectors
from subsidies.audit.selectors import AuditFilter
from subsidies.models import ApplicationCheck, ApplicationEvidence, Payment, Recovery
from tests.access.matrix import rows
from tests.subsidies.conftest import NOVEMBER, OCTOBER, Office, moment
from tests.subsidies.paying import settle

WORDS = "法院判决书扫描件"


@pytest.fixture(autouse=True)
def _october() -> Any:
    with time_machine.travel(dt.datetime(2026, 10, 28, 2, tzinfo=dt.UTC), tick=False):
        yield


class Page(HTMLParser):
    """What the main part of a page offers: links with their words, forms that send something."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[tuple[str, str]] = []
        self.sending: list[str] = []
        self._inside = self._href = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        if tag == "main":
            self._inside = "main"
        if not self._inside:
            return
        if tag == "a":
            self._href = given.get("href") or ""
            self.links.append((self._href, ""))
        if tag == "form" and (given.get("method") or "get").lower() != "get":
            self.sending.append(given.get("action") or "here")
        self.sending += [
            name for name in given if name.startswith(("hx-post", "hx-put", "hx-delete", "formaction"))
        ]

    def handle_endtag(self, tag: str) -> None:
        if tag == "main":
            self._inside = ""
        if tag == "a":
            self._href = ""

    def handle_data(self, data: str) -> None:
        if self._inside and self._href and self.links:
            self.links[-1] = (self._href, self.links[-1][1] + data.strip())

    def to(self, name: str) -> list[str]:
        """Links that lead to an address of this name."""
        return [
            href for href, _words in self.links
            if href.startswith("/") and resolve(href.split("?")[0]).view_name == f"subsidies:{name}"
        ]  # fmt: skip


def click(client: Client, address: str) -> tuple[Page, str]:
    response = client.get(address, headers={"Accept-Language": "en"})
    assert response.status_code == 200, (address, response.status_code)
    text = response.content.decode()
    page = Page(text)
    assert page.sending == [], f"{address} offers to write"
    return page, text


def paid_month(office: Office) -> Payment:
    """October paid for two children, one of them on an application with a judgment and a visit as evidence."""
    right = office.confirmed(office.child("own"))
    office.entitle(office.child("neighbour"))
    with system_scope(reason="test", log=False):
        same: dict[str, Any] = {
            "application": right.application, "child_id": right.child_id, "region_id": right.region_id,
        }  # fmt: skip
        file = files.store(
            b"%PDF-1.7 x", kind=StoredFile.Kind.EVIDENCE, name=f"{WORDS}.pdf", content_type="application/pdf",
            region_id=right.region_id, child_id=right.child_id, at=moment(9, 2),
        )  # fmt: skip
        ApplicationEvidence.objects.create(
            **same, item="judgment", source="uploaded", file=file, added_by=office.cast.users["director"],
            added_at=moment(9, 2),
        )  # fmt: skip
        ApplicationCheck.objects.create(
            **same, method="home_visit", date=dt.date(2026, 9, 8), person="邻居周大娘", result="confirms",
            note="随祖母生活属实", user=office.cast.users["supervisor"], at=moment(9, 8),
        )  # fmt: skip
    settle(office, office.pay())
    with office.as_("clerk"):
        return Payment.objects.get(child=right.child_id)


def test_three_clicks_from_the_total_to_the_evidence(office: Office) -> None:
    payment = paid_month(office)
    client = office.cast.client("auditor")
    assert client.get("/", follow=True).request["PATH_INFO"] == reverse("subsidies:audit")
    start, text = click(client, reverse("subsidies:audit"))
    assert "3,100.00" in text
    (total,) = [href for href in start.to("audit_lines") if "figure=paid" in href]
    # 1: the total's lines
    lines, text = click(client, total)
    assert "The lines add up to the ledger: 3,100.00 yuan." in text
    address = reverse("subsidies:payment", args=[payment.pk])
    assert address in lines.to("payment")
    # 2: the payment with its steps
    steps, text = click(client, address)
    for word in (
        "Applied", "王念慈", "Verified", "李守安", "Checked", "赵清和", "Confirmed", "钱知行", "Batch released", "孙明远",
        "Standard", "1,550.00", "渝民发〔2024〕88号", "Batch approved",
    ):  # fmt: skip
        assert word in text, word
    assert len(re.findall(r"sha256 [0-9a-f]{64}", text)) >= 2
    assert payment.account not in text
    (evidence,) = steps.to("payment_evidence")
    # 3: what it rests on
    _page, text = click(client, evidence)
    for word in (WORDS, "邻居周大娘", "随祖母生活属实", "Visit to the home"):
        assert word in text, word
    with system_scope(reason="test", log=False):
        file = StoredFile.objects.get(kind="evidence")
        read = AccessLog.objects.filter(user=office.cast.users["auditor"], kind="read")
        assert set(read.values_list("subject", flat=True)) >= {"subsidies.payment", "subsidies.evidence"}
    shown = client.get(reverse("staff:file", args=[file.pk]))
    assert (shown.status_code, shown.content) == (200, b"%PDF-1.7 x")
    # The file of the child itself stays closed.
    child = office.child("own")
    assert client.get(reverse("cases:child", args=[child.pk])).status_code == 403
    with office.as_("auditor"):
        assert not Child.objects.filter(pk=child.pk).exists()


def test_a_correction_and_a_recovery_of_the_month_stand_on_the_payment(office: Office) -> None:
    payment = paid_month(office)
    with system_scope(reason="test", log=False):
        Recovery.objects.create(
            entitlement_id=payment.entitlement_id, child_id=payment.child_id, region_id=payment.region_id,
            scheme_id=payment.scheme_id, month=OCTOBER, amount=Decimal("320.00"), child_name=payment.child_name,
            state="open", note="低保名单迟到", decided_by=office.cast.users["approver"], decided_at=moment(10, 26),
        )  # fmt: skip
    _page, text = click(office.cast.client("auditor"), reverse("subsidies:payment", args=[payment.pk]))
    assert "320.00" in text
    assert "低保名单迟到" in text


def test_every_total_equals_the_sum_of_its_lines(office: Office) -> None:
    office.confirmed(office.child("own"))
    office.entitle(office.child("neighbour"))
    office.entitle(office.child("township"))
    settle(office, office.pay(), failed={"秦白露"})
    with office.as_("auditor"):
        found = audit_selectors.totals(2026)
        assert [(row["released"], row["paid"], row["returned"]) for row in found] == [
            (Decimal("4650.00"), Decimal("3100.00"), Decimal("1550.00"))
        ]
        for row in found:
            for figure in audit_selectors.LINES:
                chosen = AuditFilter(row["month"], row["scheme"], figure, row["source"])
                count, yuan = audit_selectors.summed(chosen)
                assert yuan == row[figure] == audit_selectors.posted(chosen)
                lines, later = audit_selectors.page(chosen, "")
                assert (len(lines), later) == (count, "")
                assert sum(getattr(line, chosen.column) for line in lines) == yuan


def test_lines_page_by_key_and_by_township(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    for key in ("own", "neighbour", "township"):
        office.entitle(office.child(key))
    settle(office, office.pay())
    monkeypatch.setattr(audit_selectors, "PAGE", 2)
    client = office.cast.client("auditor")
    address = f"{reverse('subsidies:audit_lines')}?month=2026-10&scheme={office.scheme.pk}"
    first, text = click(client, address)
    assert len(set(first.to("payment"))) == 2
    (after,) = re.findall(r'href="(\?[^"]*after=[^"]*)"', text)
    second, _text = click(client, reverse("subsidies:audit_lines") + after.replace("&amp;", "&"))
    assert len(set(second.to("payment"))) == 1
    assert not set(first.to("payment")) & set(second.to("payment"))
    narrowed, _text = click(client, f"{address}&township=500152002000")
    assert len(set(narrowed.to("payment"))) == 1
    assert client.get(f"{reverse('subsidies:audit_lines')}?month=x").status_code == 404


def test_a_month_elsewhere_is_not_seen(office: Office) -> None:
    payment = paid_month(office)
    stranger = office.cast.client("stranger")
    assert stranger.get(reverse("subsidies:payment_evidence", args=[payment.pk])).status_code == 404
    assert stranger.get(reverse("subsidies:audit")).status_code == 403


def test_the_pages_cost_few_queries(office: Office, page_budget: Any) -> None:
    payment = paid_month(office)
    office.prepare(NOVEMBER)
    client = office.cast.client("auditor")
    for address in (
        reverse("subsidies:audit"),
        f"{reverse('subsidies:audit_lines')}?month=2026-10&scheme={office.scheme.pk}&source=county",
        reverse("subsidies:payment", args=[payment.pk]),
        reverse("subsidies:payment_evidence", args=[payment.pk]),
    ):
        with page_budget(15):
            assert client.get(address).status_code == 200


def test_the_auditor_may_send_nothing_that_changes_a_record() -> None:
    """Of all addresses that take something, the auditor reaches those of the own account, the trail's copy, and the one
    at which any phone, nobody signed in on it, asks whether it is to forget."""
    sent = {
        name
        for name, given in rows().items()
        for row in given
        if row.method != "get" and "auditor" in row.see
    }
    own = ("staff:", "set_language", "cases:field_word")
    assert {name for name in sent if not name.startswith(own)} == set()


def test_the_database_refuses_what_the_auditor_would_write(office: Office) -> None:
    payment = paid_month(office)
    with office.as_("auditor"):
        assert Payment.objects.filter(pk=payment.pk).exists()
        with connection.cursor() as cursor:
            cursor.execute("UPDATE subsidies_payment SET bank_message = 'x' WHERE id = %s", [payment.pk])
            assert cursor.rowcount == 0  # the policy finds an auditor none to write
        assert Payment.objects.get(pk=payment.pk).bank_message != "x"


def test_numbers_are_not_revealed_to_the_auditor(office: Office) -> None:
    payment = paid_month(office)
    address = reverse("staff:reveal", args=["payment-account", payment.pk])
    client = office.cast.client("auditor")
    assert client.get(address).status_code == 403
    assert client.post(address, {"reason_code": "verify"}).status_code == 403
