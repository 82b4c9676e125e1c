"""A dead child on a list, to the end of it: 疑点 → visit → county → register and entitlement → nothing paid, 追缴 proposed."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from django.urls import reverse

from cases.models import Child, Discrepancy, Leaving, Visit
from staff.scope import system_scope
from subsidies.entitlements import services as entitlements
from subsidies.models import Entitlement, Offset, Payment, Recovery
from tests.cases.matching import conftest as lists
from tests.cases.matching.conftest import OWN, Import, csv_list, row
from tests.subsidies.conftest import DECEMBER, NOVEMBER, OCTOBER, Office, moment

take = lists.take  # the fixture
DEATHS = f"死者姓名,身份证号,死亡日期\n林小满,{OWN},2026-10-03".encode("gb18030")


@pytest.fixture
def paid(office: Office) -> Entitlement:
    """October and November have been paid."""
    right = office.confirmed(office.child("own"))
    office.pay(OCTOBER)
    office.pay(NOVEMBER)
    return right


def test_from_the_list_of_deaths_to_the_money_asked_back(
    office: Office, paid: Entitlement, take: Import
) -> None:
    cast, child = office.cast, office.child("own")
    take(DEATHS, kind="death", name="死亡.csv", period=NOVEMBER)
    with office.as_("clerk"):
        raised = Discrepancy.objects.get()
        assert Entitlement.objects.get(pk=paid.pk).state == "active", "nothing changes by itself"
    assert (raised.kind, raised.list_kind) == ("child_dead", "death")

    # The township asks for a visit, the director goes, the supervisor reports.
    supervisor = cast.client("supervisor")
    supervisor.post(reverse("cases:discrepancy_visit", args=[raised.pk]))
    with system_scope(reason="test", log=False):
        visit = Visit.objects.create(
            child=child, region_id=child.region_id, kind="door", visited_at=moment(11, 24), text="已去世", state="approved",
            risk_before="yellow", risk="yellow", conducted_by=cast.users["director"], submitted_at=moment(11, 24),
        )  # fmt: skip
    told = {"found": "true", "method": "visit", "visit": visit.pk, "text": "10月3日溺水身亡，已火化"}
    address = reverse("cases:discrepancy_found", args=[raised.pk])
    assert supervisor.post(address, told).status_code == 302
    with office.as_("clerk"):
        assert Discrepancy.objects.get().state == "verified"
        assert Entitlement.objects.get(pk=paid.pk).state == "active"

    # The county finds it true: the child leaves the register, the end of the allowance is proposed.
    clerk = cast.client("clerk")
    page = clerk.get(reverse("cases:discrepancy", args=[raised.pk])).content.decode()
    assert 'value="2026-10-03"' in page
    decided = clerk.post(
        reverse("cases:discrepancy_decide", args=[raised.pk]),
        {
            "action": "true:died", "died-day": "2026-10-03", "died-document": "渝火化2026-118", "died-cause": "溺水",
            "died-handling": "已火化", "true-died-reason": "走访和火化证一致",
        },
    )  # fmt: skip
    assert decided.status_code == 302
    with office.as_("clerk"):
        left = Child.objects.get(pk=child.pk)
        proposed = Entitlement.objects.get(pk=paid.pk)
        assert Leaving.objects.get(child=child).document == "渝火化2026-118"
    assert (left.left_date, left.left_reason) == (dt.date(2026, 10, 3), "06")
    assert (proposed.state, proposed.end_month) == ("ending", None), "the approver decides"

    with office.as_("approver") as actor:
        entitlements.end(
            actor=actor, at=moment(11, 26), entitlement=proposed, reason_code="death", reason="同意"
        )
    with office.as_("clerk"):
        ended = Entitlement.objects.get(pk=paid.pk)
    assert (ended.state, ended.end_reason, ended.end_month) == ("ended", "death", OCTOBER)

    # December pays nothing to the child, and what November paid after the death is asked back.
    batch = office.prepare(DECEMBER)
    with office.as_("clerk"):
        assert not Payment.objects.filter(batch=batch, child=child).exists()
        asked = list(Recovery.objects.filter(child=child).values_list("month", "amount", "state"))
    assert asked == [(NOVEMBER, Decimal("1550.00"), "proposed")]

    clerk.post(
        reverse("cases:discrepancy_decide", args=[raised.pk]),
        {"action": "close", "reason": "已停发，多发的11月待追缴"},
    )
    take(DEATHS + b"\n\xd6\xdc\xc4\xb3,,2026-12-01", kind="death", name="死亡2.csv", period=DECEMBER)
    with office.as_("clerk"):
        assert [d.state for d in Discrepancy.objects.all()] == ["closed"], "it is settled for good"


def test_untrue_leaves_the_money_as_it_is(office: Office, paid: Entitlement, take: Import) -> None:
    take(DEATHS, kind="death", name="死亡.csv", period=NOVEMBER)
    with office.as_("clerk"):
        raised = Discrepancy.objects.get()
    office.cast.client("clerk").post(
        reverse("cases:discrepancy_decide", args=[raised.pk]), {"action": "untrue", "untrue-reason": "同名"}
    )
    batch = office.prepare(DECEMBER)
    with office.as_("clerk"):
        assert Payment.objects.get(batch=batch, child=office.child("own")).amount == Decimal("1550.00")
        assert not Recovery.objects.exists()


def test_proposing_the_end_alone_takes_the_last_month_from_the_day_of_death(
    office: Office, paid: Entitlement, take: Import
) -> None:
    take(DEATHS, kind="death", name="死亡.csv", period=NOVEMBER)
    with office.as_("clerk"):
        raised = Discrepancy.objects.get()
    page = office.cast.client("clerk").get(reverse("cases:discrepancy", args=[raised.pk]))
    (form,) = (c["form"] for c in page.context["choices"] if c["code"] == "true:exclude")
    assert (form["end_reason"].value(), form["last_month"].value()) == ("death", OCTOBER)


def test_many_on_the_list_are_topped_up_with_what_the_list_gives_each(
    office: Office, paid: Entitlement, take: Import
) -> None:
    take(csv_list(row("林小满", OWN, head="林桂芳", sex="女", amount="450")), period=NOVEMBER)
    answer = office.cast.client("clerk").post(
        reverse("cases:discrepancies_many"),
        {"state": "to_check", "kind": "paid_full", "all": "1", "act": "true:top_up", "reason": "名册已核"},
    )
    assert answer.status_code == 302
    with office.as_("clerk"):
        offset = Offset.objects.get()
        assert Discrepancy.objects.get().state == "true"
    assert (offset.amount, offset.start_month) == (Decimal("450.00"), DECEMBER)
    assert office.lines(office.prepare(DECEMBER))[0].amount == Decimal("1100.00")


def test_a_released_father_leads_to_a_recheck_and_payment_goes_on(
    office: Office, paid: Entitlement, take: Import
) -> None:
    from cases.children import family

    child = office.child("own")
    office.situations(child)
    father = lists.number("50015219850312361")
    with office.as_("clerk") as actor:
        family.add_guardian(
            child,
            family.GuardianData("林大江", "father", "caregiver", father, start_date=dt.date(2026, 1, 1)),
            at=moment(9, 1),
            actor=actor,
        )
    take(
        f"姓名,身份证号,状态,释放日期\n林大江,{father},刑满释放,2026-11-02".encode("gb18030"),
        kind="prison",
        name="服刑.csv",
        period=NOVEMBER,
    )
    with office.as_("clerk"):
        raised = Discrepancy.objects.get()
    assert (raised.kind, raised.detail["parent"]) == ("released", "father")
    office.cast.client("clerk").post(
        reverse("cases:discrepancy_decide", args=[raised.pk]),
        {"action": "true:recheck", "true-recheck-reason": "父亲已释放"},
    )
    with office.as_("clerk"):
        assert Entitlement.objects.get(pk=paid.pk).state == "rechecking"
    assert office.lines(office.prepare(DECEMBER))[0].amount == Decimal("1550.00")
