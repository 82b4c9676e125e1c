"""The pages, as the people who use them."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import Any

import pgtrigger
import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils.translation import override

from staff.jobs import run_job
from staff.models import AccessLog, Job
from staff.scope import system_scope
from subsidies.batches import services as batches
from subsidies.enums import RefusalReason
from subsidies.models import Application, BankFile, BatchIssue, Entitlement, Payment, PaymentBatch, Rate
from tests.cast import COUNTY, PASSWORD
from tests.papers import all_text
from tests.subsidies.conftest import NOVEMBER, OCTOBER, Office, moment

PAGE_QUERIES = 15


@pytest.fixture(autouse=True)
def _october() -> Any:
    with time_machine.travel(dt.datetime(2026, 10, 20, 2, tzinfo=dt.UTC), tick=False):
        yield


def get(office: Office, who: str, name: str, *args: Any, status: int = 200, **query: Any) -> str:
    response = office.cast.client(who).get(
        reverse(f"subsidies:{name}", args=args), query, headers={"Accept-Language": "en"}
    )
    assert response.status_code == status, response.content.decode()[:2000]
    return response.content.decode()


def post(office: Office, who: str, name: str, *args: Any, **data: Any) -> Any:
    return office.cast.client(who).post(
        reverse(f"subsidies:{name}", args=args), data, headers={"Accept-Language": "en"}
    )


def client_of(office: Office, who: str) -> Client:
    """A client that reads English."""
    signed_in = office.cast.client(who)
    signed_in.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    return signed_in


def two_months(office: Office) -> PaymentBatch:
    """October is paid, November has somebody new, somebody gone, a changed amount and arrears."""
    changed, gone = (
        office.confirmed(office.child("own")),
        office.entitle(office.child("neighbour"), end_month=OCTOBER, state="ended", end_reason="adopted"),
    )
    office.pay(OCTOBER)
    office.offset(changed, "320.00", NOVEMBER)
    office.confirmed(office.child("township"), OCTOBER)
    assert gone.pk
    return office.prepare(NOVEMBER)


@pytest.mark.parametrize("who", ["clerk", "approver", "releaser", "leader"])
def test_the_batch_page(office: Office, who: str) -> None:
    batch = two_months(office)
    text = get(office, who, "batch", batch.pk)
    for expected in (
        "3,100.00",
        "4,330.00",
        "−320.00",
        "+1,550.00",
        "−1,550.00",
        "PB-202611-01",
        "桂林街道",
        "梓潼街道",
    ):
        assert expected in text
    assert "does not add up" not in text
    assert "Repairs 2026-10" in text
    for part in ("6217001234577801", "6217 **** **** 7801"):
        assert part not in text  # accounts are in the drawer only


def test_the_batch_page_compares_each_source_of_funds_with_last_month(office: Office) -> None:
    batch = two_months(office)
    with system_scope(reason="test", log=False), pgtrigger.ignore("subsidies.PaymentBatch:batch_steps"):
        # October came from the county and the province; November from the county alone.
        PaymentBatch.objects.filter(month=OCTOBER).update(
            funding={"county": "3000.00", "provincial": "100.00"}
        )
    context = client_of(office, "clerk").get(reverse("subsidies:batch", args=[batch.pk])).context
    assert [
        (str(row["label"]), row["before"], row["amount"], row["difference"]) for row in context["funding"]
    ] == [
        ("Provincial funds", Decimal("100.00"), Decimal("0.00"), Decimal("-100.00")),
        ("County funds", Decimal("3000.00"), Decimal("4330.00"), Decimal("1330.00")),
    ]
    assert (context["funding_before"], context["funding_difference"]) == (
        Decimal("3100.00"), Decimal("1230.00"),
    )  # fmt: skip
    text = get(office, "clerk", "batch", batch.pk)
    assert "+1,330.00" in text
    assert "−100.00" in text


def test_the_list_of_payments_is_taken_out_from_the_batch(office: Office) -> None:
    batch = two_months(office)
    address = f"{reverse('subsidies:payment_list_export')}?batch={batch.pk}"
    for who in ("clerk", "approver", "leader"):
        assert address in get(office, who, "batch", batch.pk)
        assert client_of(office, who).get(address).status_code == 200
    assert address not in get(office, "releaser", "batch", batch.pk)
    with office.as_("approver") as approver:
        batches.send_back(actor=approver, at=moment(11, 20), batch=batch, reason="重算")
    assert address not in get(office, "clerk", "batch", batch.pk)


def test_the_batch_page_of_the_approver_names_whose_the_release_is(office: Office) -> None:
    text = get(office, "approver", "batch", two_months(office).pk)
    assert "Approve 2 children, 4,330.00 yuan" in text
    assert "孙明远" in text
    assert "disabled" in text


@pytest.mark.parametrize(
    ("who", "status"), [("director", 403), ("supervisor", 403), ("viewer", 403), ("stranger", 404)]
)
def test_the_batch_page_is_not_for_others(office: Office, who: str, status: int) -> None:
    get(office, who, "batch", two_months(office).pk, status=status)


def test_from_the_clerk_to_the_bank_and_back(office: Office) -> None:
    office.entitle(office.child("own"))
    response = post(office, "clerk", "batch_prepare", scheme=office.scheme.pk, month="2026-10")
    assert response.status_code == 302
    with system_scope(reason="test", log=False):
        job = Job._base_manager.get()
        assert (job.kind, job.state) == ("subsidies.prepare_batch", "queued")
    batch = office.prepare()
    refused = post(office, "clerk", "batch_transition", batch.pk, action="approve")
    assert refused.status_code == 403
    assert "Your post does not have this duty" in refused.content.decode()
    assert post(office, "approver", "batch_transition", batch.pk, action="approve").status_code == 302
    assert post(office, "approver", "batch_transition", batch.pk, action="release").status_code == 403
    releaser = office.cast.users["releaser"]
    releaser.set_password(PASSWORD)
    releaser.save(update_fields=["password"])
    released = post(office, "releaser", "batch_release", batch.pk, password=PASSWORD)
    assert "/jobs/" in released["Location"]
    assert "The files for the bank are being written" in get(office, "releaser", "batch", batch.pk)
    with office.as_("releaser"):
        written = Job.objects.get(kind="subsidies.bank_files")
    run_job(str(written.pk))
    with office.as_("releaser"):
        file = BankFile.objects.get(format="csv")
        line = Payment.objects.get()
    assert get(office, "clerk", "bank_file", file.pk, status=403)
    download = office.cast.client("releaser").get(reverse("subsidies:bank_file", args=[file.pk]))
    assert "6217001234577801" in download.content.decode("gb18030")
    with system_scope(reason="test", log=False):
        assert AccessLog._base_manager.filter(kind="download", subject="subsidies.bankfile").count() == 1
    bad = SimpleUploadedFile(
        "r.csv", f"业务编号,金额,银行账号,处理结果\n{batch.number}-00001,1.00,7801,成功\n".encode()
    )
    answer = office.cast.client("clerk").post(
        reverse("subsidies:bank_result", args=[batch.pk]), {"file": bad}
    )
    assert answer.status_code == 422
    assert "1550.00" in answer.content.decode()
    good = SimpleUploadedFile(
        "r.csv", f"业务编号,金额,银行账号,处理结果\n{batch.number}-00001,1550.00,7801,成功\n".encode()
    )
    assert (
        office.cast.client("clerk")
        .post(reverse("subsidies:bank_result", args=[batch.pk]), {"file": good})
        .status_code
        == 302
    )
    text = get(office, "clerk", "batch", batch.pk)
    assert "1 paid, 0 failed" in text
    drawer = get(office, "director", "payment", line.pk)
    assert "1,550.00" in drawer
    assert "渝民发〔2024〕88号" in drawer
    assert "6217 **** **** 7801" in drawer


def test_the_drawer_is_a_fragment_for_htmx(office: Office) -> None:
    office.entitle(office.child("own"))
    office.prepare()
    with office.as_("releaser"):
        line = Payment.objects.get()
    response = office.cast.client("releaser").get(
        reverse("subsidies:payment", args=[line.pk]), headers={"HX-Request": "true"}
    )
    text = response.content.decode()
    assert "<html" not in text
    assert 'id="drawer"' in text
    assert "reveal/payment-account" in text


def test_exceptions_are_noted_and_held_on_the_page(office: Office) -> None:
    office.entitle(office.child("own"))
    office.give_account(office.child("own"), "6217001234577801", name="陌生人")
    batch = office.prepare()
    with office.as_("clerk"):
        issue = BatchIssue.objects.get()
    assert "1 waits for the clerk" in get(office, "approver", "batch", batch.pk)
    assert "Note needed" in get(office, "clerk", "batch", batch.pk)
    assert (
        post(office, "approver", "batch_issue", batch.pk, issue.pk, act="note", note="x").status_code == 403
    )
    post(
        office,
        "clerk",
        "batch_issue",
        batch.pk,
        issue.pk,
        act="hold",
        note="等新卡",
        reason_code="account_changing",
    )
    text = get(office, "clerk", "batch", batch.pk)
    assert "等新卡" in text
    assert "1 held back" in text
    post(office, "clerk", "batch_issue", batch.pk, issue.pk, act="unhold", note="已换卡")
    with office.as_("clerk"):
        assert Payment.objects.get().state == "prepared"


def test_applications_from_the_child_to_the_letter(office: Office) -> None:
    own = office.child("own")
    office.situations(own)
    assert "De facto unattended child" in get(office, "director", "application_add", child=own.pk)
    response = post(
        office, "director", "application_add", child=own.pk, scheme="basic_living", applicant_name="林桂芳",
        applicant_relation="grandmother", statement="随祖母生活",
    )  # fmt: skip
    assert response.status_code == 302
    pk = int(response["Location"].rstrip("/").rsplit("/", 1)[1])
    assert "One parent is dead" in get(office, "director", "application", pk)
    assert post(office, "director", "application_transition", pk, action="accept").status_code == 403
    post(office, "supervisor", "application_transition", pk, action="accept")
    listed = get(office, "supervisor", "applications", show="open")
    assert "0 / 15" in listed
    with office.as_("supervisor"):
        application = Application.objects.get(pk=pk)
    office.look_into(application, moment(10, 20))
    post(office, "supervisor", "application_transition", pk, action="verify", reason="属实")
    text = get(office, "approver", "application", pk)
    assert "done by 赵清和" in text
    post(office, "clerk", "application_transition", pk, action="check")
    post(
        office,
        "approver",
        "application_transition",
        pk,
        action="refuse",
        reason="母亲有能力抚养",
        reason_code="parent_able",
    )
    answer = office.cast.client("director").get(reverse("subsidies:application_letter", args=[pk]))
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
    letter = all_text(answer.content)
    with override("zh-hans"):
        reason = str(RefusalReason.PARENT_ABLE.label)
    for expected in ("不予确认告知书", "林桂芳", reason, "母亲有能力抚养", "潼南区"):
        assert expected in letter, expected


def test_the_letter_exists_only_for_a_refusal(office: Office) -> None:
    application = office.apply(office.child("own"))
    get(office, "director", "application_letter", application.pk, status=404)


def test_an_application_out_of_scope_does_not_exist(office: Office) -> None:
    application = office.apply(office.child("own"))
    for who in ("other_director", "other_supervisor", "stranger"):
        get(office, who, "application", application.pk, status=404)
    get(office, "releaser", "application", application.pk, status=403)


def test_the_entitlement_page_and_its_offsets(office: Office) -> None:
    right = office.confirmed(office.child("own"))
    assert (
        post(
            office,
            "clerk",
            "offset_add",
            right.pk,
            kind="dibao",
            amount="320",
            start_month="2026-10",
            source="低保名单",
        ).status_code
        == 302
    )
    text = get(office, "clerk", "entitlement", right.pk)
    for expected in ("320.00", "1,230.00", "低保名单", "渝民发〔2024〕88号", "民发〔2019〕62号"):
        assert expected in text or expected == "民发〔2019〕62号"
    with office.as_("clerk"):
        offset = right.offsets.get()
    post(office, "clerk", "offset_end", offset.pk, last_month="2026-10", source="已停")
    with office.as_("clerk"):
        offset.refresh_from_db()
        assert offset.end_month == OCTOBER
    post(
        office,
        "clerk",
        "entitlement_transition",
        right.pk,
        action="propose_end",
        reason_code="parent_released",
        reason="父亲刑满",
        last_month="2026-10",
    )
    assert (
        post(
            office,
            "clerk",
            "entitlement_transition",
            right.pk,
            action="end",
            reason_code="other",
            reason="x",
            last_month="2026-10",
        ).status_code
        == 403
    )
    post(
        office,
        "approver",
        "entitlement_transition",
        right.pk,
        action="end",
        reason_code="parent_released",
        reason="属实",
        last_month="2026-10",
    )
    with office.as_("clerk"):
        ended = Entitlement.objects.get()
    assert (ended.state, ended.end_month, ended.end_reason) == ("ended", OCTOBER, "parent_released")
    assert "2026-10" in get(office, "director", "entitlement", right.pk)


def test_the_month_page(office: Office) -> None:
    office.situations(office.child("own"))
    batch = two_months(office)
    for who in ("clerk", "approver", "leader"):
        text = get(office, who, "month", month="2026-11")
        assert f"/batches/{batch.pk}/" in text
        assert "4,330.00" in text
    get(office, "director", "month", status=403)
    assert "2026-10" in get(office, "clerk", "month")


def test_the_month_compares_each_scheme_with_last_month(office: Office) -> None:
    two_months(office)
    context = client_of(office, "clerk").get(reverse("subsidies:month"), {"month": "2026-11"}).context
    (row,) = context["schemes"]
    assert (row.label, row.children_before, row.children) == (str(office.scheme), 2, 2)
    assert (row.before, row.now, row.difference) == (
        Decimal("3100.00"), Decimal("4330.00"), Decimal("1230.00"),
    )  # fmt: skip
    assert context["scheme_total"].difference == row.difference
    text = get(office, "leader", "month", month="2026-11")
    assert "+1,230.00" in text
    assert f"{reverse('cases:lists_panel')}?month=2026-11" in text


def test_the_month_says_what_is_late_and_what_runs_out(office: Office) -> None:
    assert reverse("subsidies:late") not in get(office, "clerk", "month")
    first = office.apply(office.child("own"))
    office.act("supervisor", "accept", first, moment(9, 2))
    second = office.apply(office.child("neighbour"), "other_director")
    office.act("supervisor", "accept", second, moment(9, 21))
    with time_machine.travel(moment(9, 24), tick=False):
        assert "1 past the limit, 0 running out within days" in get(office, "clerk", "month")
    with time_machine.travel(moment(10, 16), tick=False):
        text = get(office, "approver", "month")
        assert "1 past the limit, 1 running out within days" in text
        assert reverse("subsidies:late") in text


def test_rates_are_added_and_never_changed(office: Office) -> None:
    data = {
        "scheme": office.scheme.pk,
        "placement": "scattered",
        "category": "",
        "amount": "1600",
        "valid_from": "2026-11",
        "source": "通知",
    }
    assert post(office, "clerk", "rate_add", **data).status_code == 302
    assert post(office, "approver", "rate_add", **data).status_code == 403
    assert (
        "the approver corrects it"
        in post(office, "clerk", "rate_add", **data | {"amount": "1700"}).content.decode()
    )
    assert "1,600.00" in get(office, "approver", "rates")
    assert Rate.objects.get(region_id=COUNTY, valid_from=NOVEMBER).amount == Decimal("1600.00")


def test_the_panel_of_the_childs_file(office: Office) -> None:
    office.entitle(office.child("own"))
    office.pay()
    text = get(office, "director", "child_panel", office.child("own").pk)
    assert "1,550.00" in text
    get(office, "other_director", "child_panel", office.child("own").pk, status=404)
    assert "application_add" not in text
    assert f"/applications/add/?child={office.child('neighbour').pk}" in get(
        office, "other_director", "child_panel", office.child("neighbour").pk
    )


@pytest.mark.parametrize(
    ("who", "name", "key"),
    [
        ("clerk", "batch", "batch"), ("releaser", "batch", "released"), ("clerk", "batches", ""), ("clerk", "batch_lines", "batch"),
        ("clerk", "month", ""), ("supervisor", "applications", ""), ("clerk", "application", "application"),
        ("clerk", "entitlement", "entitlement"), ("clerk", "payment", "payment"), ("clerk", "rates", ""),
        ("director", "child_panel", "child"), ("clerk", "rechecks", ""),
    ],
)  # fmt: skip
def test_query_budget(office: Office, who: str, name: str, key: str, page_budget: Any) -> None:
    batch = two_months(office)
    office.give_account(office.child("neighbour"), "6217001234577801")
    application = (
        office.apply(office.child("neighbour"), "other_director")
        if key == "application" or name == "applications"
        else None
    )
    pks = {"batch": batch.pk, "child": office.child("own").pk}
    with office.as_("clerk"):
        pks["payment"] = Payment.objects.filter(batch=batch).order_by("line").first().pk
        pks["entitlement"] = Entitlement.objects.order_by("pk").first().pk
        pks["released"] = PaymentBatch.objects.get(month=OCTOBER).pk
    if application is not None:
        pks["application"] = application.pk
    client = office.cast.client(who)
    address = reverse(f"subsidies:{name}", args=[pks[key]] if key else [])
    with page_budget(PAGE_QUERIES):
        assert client.get(address).status_code == 200


def test_every_amount_of_a_batch_is_explained(office: Office) -> None:
    two_months(office)
    with office.as_("clerk"):
        for payment in Payment.objects.all():
            assert json.dumps(payment.explanation["lines"])
            lines = [Decimal(line["amount"]) for line in payment.explanation["lines"]]
            assert sum(lines[:-1]) == lines[-1] == payment.amount
    assert moment(10, 20)
