"""The pages of other help, as the people who use them; none costs more than 15 queries."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from cases.models import Help, Payee
from staff import tables
from staff.models import AccessLog
from staff.scope import system_scope
from subsidies.models import (
    Application,
    DisabilitySubsidy,
    Entitlement,
    InsuranceCover,
    Offset,
    Rate,
    Scheme,
    StaffPay,
    TemporaryRelief,
    WelfareService,
)
from tests.cast import COUNTY, OWN_ID, TOWNSHIP, VILLAGE
from tests.subsidies.conftest import OCTOBER, Office, card, moment

MOST = 15


@pytest.fixture(autouse=True)
def _october() -> Any:
    with time_machine.travel(dt.datetime(2026, 10, 20, 2, tzinfo=dt.UTC), tick=False):
        yield


def get(office: Office, who: str, name: str, *args: Any, **query: Any) -> str:
    response = office.cast.client(who).get(
        reverse(f"subsidies:{name}", args=args), query, headers={"Accept-Language": "en"}
    )
    assert response.status_code == 200, response.content.decode()[:1500]
    return response.content.decode()


def post(office: Office, who: str, name: str, *args: Any, **data: Any) -> str:
    response = office.cast.client(who).post(
        reverse(f"subsidies:{name}", args=args), data, headers={"Accept-Language": "en"}, follow=True
    )
    assert response.status_code == 200, response.content.decode()[:1500]
    return response.content.decode()


def schemes() -> dict[str, Scheme]:
    found = {}
    for code, amount in (("care", "200.00"), ("study_orphan", "10000.00")):
        found[code], _made = Scheme.objects.get_or_create(code=code, defaults={"clause": "x"})
        Rate.objects.create(
            scheme=found[code],
            region_id=COUNTY,
            placement="scattered",
            amount=Decimal(amount),
            valid_from=dt.date(2025, 9, 1),
            source="x",
        )
    return found


def fill(office: Office) -> None:
    """Sixty children with everything, so that a page that asks row by row is told."""
    schemes()
    clerk = office.cast.users["clerk"]
    children = [office.another_child(f"童{n}", primary_category="orphan") for n in range(60)]
    with system_scope(reason="test", log=False):
        for child in children:
            common: dict[str, Any] = {
                "child": child,
                "region_id": VILLAGE,
                "user": clerk,
                "at": moment(10, 2),
            }
            InsuranceCover.objects.create(
                **common, year=2026, kind="medical", payer="government", premium=400, source="county"
            )
            WelfareService.objects.create(
                **common, programme="tomorrow", kind="treatment", date=dt.date(2026, 9, 1), provider="x"
            )
            DisabilitySubsidy.objects.create(
                **common, kind="living", amount=90, start_month=OCTOBER, known_from="x"
            )
            TemporaryRelief.objects.create(
                child=child, region_id=VILLAGE, child_name=child.name, situation="x", route="county", form="goods",
                asked_by=office.cast.users["director"], asked_at=moment(10, 2),
            )  # fmt: skip
            office.entitle(child)


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("aid", {}),
        ("care_list", {"show": "missing"}),
        ("care_list", {"show": "left"}),
        ("study_list", {}),
        ("services", {}),
        ("services", {"show": "unseen"}),
        ("disability_subsidies", {}),
        ("disability_subsidies", {"show": "all"}),
        ("insurance", {"show": "covered"}),
        ("insurance", {"show": "lacking", "kind": "accident"}),
        ("relief", {}),
        ("staff_pay", {"month": "2026-10"}),
    ],
)
def test_a_list_costs_at_most_15_queries(
    office: Office, page_budget: Any, name: str, query: dict[str, str]
) -> None:
    fill(office)
    client = office.cast.client("clerk")
    client.get(reverse("subsidies:aid"))
    with page_budget(MOST):
        response = client.get(reverse(f"subsidies:{name}"), query, headers={"Accept-Language": "en"})
    assert response.status_code == 200


@pytest.mark.parametrize("name", ["care_list", "insurance", "relief", "services", "disability_subsidies"])
def test_a_page_follows_the_one_before(office: Office, name: str) -> None:
    fill(office)
    queries = {"insurance": {"show": "covered"}, "disability_subsidies": {"show": "all"}}
    text = get(office, "clerk", name, **queries.get(name, {}))
    assert text.count("童") < 60
    start = text.index("&amp;after=") + len("&amp;after=")
    key = text[start : text.index('"', start)]
    rest = get(office, "clerk", name, after=key, **queries.get(name, {}))
    assert "童" in rest
    assert "&amp;after=" not in rest  # only the form of languages repeats the address


def test_the_page_that_leads_to_everything(office: Office) -> None:
    text = get(office, "clerk", "aid")
    for word in (
        "Care allowance",
        "Study grants",
        "Insurance",
        "Disability subsidies",
        "Temporary relief",
        "Pay of child",
    ):
        assert word in text
    text = get(office, "director", "aid")
    assert "Temporary relief" in text
    assert "Disability subsidies" not in text


def test_the_clerk_proposes_and_the_approver_confirms_everybody(office: Office) -> None:
    schemes()
    office.entitle(office.child("own"))
    assert "Propose all" in get(office, "clerk", "care_list")
    assert "Propose all" not in get(office, "approver", "care_list")
    assert "1 child" in post(office, "clerk", "care_act", action="propose")
    assert "Your post does not have this duty" in post(office, "clerk", "care_act", action="confirm")
    assert "Confirm all" in get(office, "approver", "care_list", show="waiting")
    post(office, "approver", "care_act", action="confirm")
    with office.as_("clerk"):
        assert Entitlement.objects.filter(scheme__code="care").count() == 1
        assert Application.objects.get().state == "confirmed"


def test_without_a_scheme_in_use_the_page_says_what_to_do(office: Office) -> None:
    Scheme.objects.exclude(code="basic_living").update(is_active=False)
    assert "Switch one on" in get(office, "clerk", "care_list")
    assert "Switch one on" in get(office, "clerk", "study_list")


def test_the_list_of_students_leads_to_the_account_and_to_the_application(office: Office) -> None:
    schemes()
    child = office.another_child(
        "齐小雪",
        primary_category="orphan",
        birth_date=dt.date(2007, 3, 1),
        category_since=dt.date(2015, 1, 1),
        school_stage="higher",
    )
    text = get(office, "director", "study_list")
    assert "There is no proof of schooling" in text
    address = reverse("cases:child_payee", args=[child.pk]) + "?purpose=study_orphan&amp;relation=child"
    assert address in text
    client = office.cast.client("director")
    form = client.get(address.replace("&amp;", "&"), headers={"Accept-Language": "en"}).content.decode()
    assert '<option value="study_orphan" selected>' in form
    data = {
        "purpose": "study_orphan",
        "name": "齐小雪",
        "relation": "child",
        "bank_name": "x",
        "account": card("4401"),
    }
    assert client.post(reverse("cases:child_payee", args=[child.pk]), data).status_code == 302
    with office.as_("director"):
        assert Payee.objects.filter(child=child, end_date__isnull=True).count() == 2
    page = client.get(
        reverse("cases:child", args=[child.pk]), headers={"Accept-Language": "en"}
    ).content.decode()
    assert "Study grant for orphans" in page
    assert "4401" in page
    assert card("4401") not in page


def test_a_service_is_written_down_and_taken_out(office: Office) -> None:
    child = office.another_child("齐小雪", primary_category="orphan")
    data = {
        "programme": "tomorrow", "kind": "device", "date": "2026-10-09", "provider": "市康复中心", "cost": "900", "insurance_paid": "0",
    }  # fmt: skip
    assert "leave: 900.00 yuan" in post(
        office, "supervisor", "service_add", child.pk, **data, programme_paid="901"
    )
    post(office, "supervisor", "service_add", child.pk, **data, programme_paid="900")
    text = get(office, "clerk", "services")
    assert "市康复中心" in text
    assert "900.00" in text
    with office.as_("clerk"):
        service = WelfareService.objects.get()
    post(office, "clerk", "service_remove", service.pk, reason="重复")
    assert "市康复中心" not in get(office, "clerk", "services")


def test_the_living_subsidy_is_set_off_by_one_click(office: Office) -> None:
    office.entitle(office.child("own"))
    data = {"kind": "living", "amount": "90", "start_month": "2026-10", "known_from": "残联"}
    post(office, "clerk", "disability_add", office.child("own").pk, **data)
    text = get(office, "clerk", "disability_subsidies")
    assert "to be set off" in text
    assert "Set off 90.00 yuan a month" in text
    assert "Set off 90.00" not in get(office, "leader", "disability_subsidies")
    with office.as_("clerk"):
        subsidy = DisabilitySubsidy.objects.get()
    post(office, "clerk", "disability_set_off", subsidy.pk)
    with office.as_("clerk"):
        assert Offset.objects.get().amount == Decimal("90.00")
    assert "Nothing is found" in get(office, "clerk", "disability_subsidies")
    post(office, "clerk", "disability_end", subsidy.pk, last_month="2026-12")
    with office.as_("clerk"):
        assert Offset.objects.get().end_month == dt.date(2026, 12, 1)


def upload(office: Office, *rows: list[str]) -> str:
    data = tables.to_xlsx(["姓名", "身份证号", "凭证号"], rows)
    file = SimpleUploadedFile("名单.xlsx", data)
    return post(
        office,
        "clerk",
        "insurance_upload",
        file=file,
        year="2026",
        kind="medical",
        premium="400",
        source="county",
    )


def test_the_insurers_list_is_read_or_refused_line_by_line(office: Office) -> None:
    text = upload(office, ["林小满", OWN_ID, "YB-1"], ["x", "123", ""])
    assert "Line 3" in text
    assert "Nothing was marked" in text
    assert "1 line read, 1 new or changed" in upload(office, ["林小满", OWN_ID, "YB-1"])
    assert "1 line read, 0 new or changed" in upload(office, ["林小满", OWN_ID, "YB-1"])
    text = get(office, "supervisor", "insurance", show="covered")
    assert "YB-1" in text
    assert OWN_ID not in text
    assert "1 of 2 who are insured" in text
    post(
        office,
        "clerk",
        "insurance_cover",
        office.child("neighbour").pk,
        payer="self",
        premium="380",
        proof="Z-1",
    )
    assert "秦白露" not in get(office, "clerk", "insurance", show="covered")


def test_relief_from_asking_to_the_ledger_of_help(office: Office) -> None:
    own = office.child("own")
    data = {
        "child_name": "x", "people": "2", "situation": "奶粉", "route": "street_goods", "form": "goods", "what": "奶粉八罐", "amount": "1600",
    }  # fmt: skip
    address = reverse("subsidies:relief_add") + f"?child={own.pk}"
    made = office.cast.client("director").post(address, data)
    assert made.status_code == 302
    with office.as_("director"):
        relief = TemporaryRelief.objects.get()
    assert 'value="grant"' in get(office, "supervisor", "relief_case", relief.pk)
    assert 'value="grant"' not in get(office, "director", "relief_case", relief.pk)
    post(office, "supervisor", "relief_step", relief.pk, action="grant")
    post(office, "director", "relief_step", relief.pk, action="give", day="2026-10-20")
    post(office, "director", "relief_step", relief.pk, action="give", day="2026-10-20")
    with office.as_("director"):
        assert Help.objects.filter(child=own).count() == 1
    assert "Given" in get(office, "clerk", "relief")
    with system_scope(reason="test", log=False):
        assert AccessLog._base_manager.filter(subject="subsidies.temporaryrelief", kind="read").exists()


def test_what_is_passed_on_leads_to_a_referral(office: Office) -> None:
    data = {
        "child_name": "小宝", "people": "2", "situation": "奶粉", "route": "city_centre", "form": "money", "amount": "2000",
        "registered_elsewhere": "on", "registered_place": "河南信阳",
    }  # fmt: skip
    post(office, "supervisor", "relief_add", **data)
    with office.as_("supervisor"):
        relief = TemporaryRelief.objects.get()
    text = get(office, "supervisor", "relief_case", relief.pk)
    assert reverse("referrals:referrals") in text
    assert "河南信阳" in text


def test_a_month_of_pay_from_the_score_to_the_list(office: Office) -> None:
    month = {"month": "2026-10", "region": TOWNSHIP}
    user = office.cast.users["director"].pk
    assert "王念慈" in get(office, "supervisor", "staff_pay", **month)
    text = post(
        office, "supervisor", "staff_pay_appraise", **month, **{f"score_{user}": "77", f"note_{user}": ""}
    )
    assert "say why the score differs" in text
    post(
        office,
        "supervisor",
        "staff_pay_appraise",
        **month,
        **{f"score_{user}": "77", f"note_{user}": "补录两次"},
    )
    assert "Approve 1 director" in get(office, "clerk", "staff_pay", **month)
    post(office, "clerk", "staff_pay_step", **month, action="approve")
    text = post(office, "clerk", "staff_pay_step", **month, action="pay", day="2026-10-20")
    assert "1,500.00" in text
    with office.as_("clerk"):
        row = StaffPay.objects.get()
        assert (row.score, row.performance, row.state) == (77, Decimal("320.00"), "paid")
    text = get(office, "director", "staff_pay")
    assert "1,820.00" in text
    assert "补录两次" in text
    assert "1,820.00" not in get(office, "other_director", "staff_pay")


def test_the_childs_file_shows_its_other_help(office: Office) -> None:
    fill(office)
    with office.as_("clerk"):
        child = DisabilitySubsidy.objects.order_by("pk").first().child  # type: ignore[union-attr]
    text = get(office, "director", "child_aid", child.pk)
    for word in ("Residents", "Living subsidy", "Treatment", "Temporary relief"):
        assert word in text
    assert reverse("subsidies:child_aid", args=[child.pk]) in get(office, "clerk", "child_panel", child.pk)
