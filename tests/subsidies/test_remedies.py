"""From a list to the money: paid in full beside a benefit, the offset that puts it right, gone from the
list, the end proposed.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse

from cases.matching.discrepancies import acts as service
from cases.models import Child, Discrepancy
from staff.models import Parameter
from staff.scope import system_scope
from staff.workflow import TransitionRefused
from subsidies.entitlements import services as entitlements
from subsidies.models import Entitlement, Offset
from tests.cases.matching import conftest as lists
from tests.cases.matching.conftest import AT, OWN, Import, csv_list, row
from tests.cast import COUNTY
from tests.subsidies.conftest import NOVEMBER, OCTOBER, Office

DECEMBER = dt.date(2026, 12, 1)
take = lists.take  # the fixture
ON_LIST = csv_list(
    row("林桂芳", "", head="林桂芳", relation="户主", birth="1955-01-01", amount="900"),
    row("林小满", OWN, seq="", sex="女", amount=""),
    row("林大海", "", seq="", relation="儿子", birth="1985-01-01", amount=""),
)
OTHERS = csv_list(row("别人", "", head="别人", birth="1980-01-01"))


@pytest.fixture
def child(office: Office) -> Child:
    return office.child("own")


@pytest.fixture
def entitlement(office: Office, child: Child) -> Entitlement:
    return office.entitle(child, dt.date(2026, 1, 1))


def found(office: Office, **condition: Any) -> list[Discrepancy]:
    with office.as_("clerk"):
        return list(Discrepancy.objects.filter(**condition).order_by("pk"))


def decide(
    office: Office, discrepancy: Discrepancy, remedy: str, member: str = "clerk", **data: Any
) -> Discrepancy:
    with office.as_(member) as actor:
        return service.decide(
            discrepancy=discrepancy,
            state="true",
            remedy=remedy,
            data=data,
            reason="经核实",
            actor=actor,
            at=AT,
        )


def offsets(office: Office) -> list[tuple[str, Decimal, dt.date, dt.date | None]]:
    with office.as_("clerk"):
        return list(Offset.objects.order_by("pk").values_list("kind", "amount", "start_month", "end_month"))


def test_on_the_list_and_paid_in_full(office: Office, entitlement: Entitlement, take: Import) -> None:
    take(ON_LIST)
    (raised,) = found(office)
    assert (raised.kind, raised.list_kind, raised.child_id) == ("paid_full", "dibao", entitlement.child_id)
    facts = {key: raised.detail[key] for key in ("amount", "people", "share", "offset")}
    assert facts == {"amount": "900.00", "people": 3, "share": "300.00", "offset": None}


def test_without_an_entitlement_nothing_is_wrong(office: Office, child: Child, take: Import) -> None:
    take(ON_LIST)
    assert found(office) == []


def test_an_offset_of_the_same_amount_is_right_and_of_another_is_not(
    office: Office, entitlement: Entitlement, take: Import
) -> None:
    with office.as_("clerk") as actor:
        entitlements.add_offset(
            actor=actor,
            at=AT,
            entitlement=entitlement,
            kind="dibao",
            amount=Decimal("300.00"),
            start_month=OCTOBER,
            source="公示名册",
        )
    take(ON_LIST)
    assert found(office) == []
    take(csv_list(row("林小满", OWN, head="林桂芳", sex="女", amount="450")), period=NOVEMBER)
    (raised,) = found(office)
    assert (raised.kind, raised.detail["offset"], raised.detail["share"]) == ("amount", "300.00", "450.00")


def test_topping_up_through_the_page_sets_the_childs_share_off(
    office: Office, entitlement: Entitlement, take: Import
) -> None:
    take(ON_LIST)
    (raised,) = found(office)
    client = office.cast.client("clerk")
    page = client.get(reverse("cases:discrepancy", args=[raised.pk])).content.decode()
    assert 'value="300.00"' in page
    assert 'value="2026-11"' in page
    answer = client.post(
        reverse("cases:discrepancy_decide", args=[raised.pk]),
        {
            "action": "true:top_up",
            "top_up-amount": "300.00",
            "top_up-start_month": "2026-11",
            "true-top_up-reason": "镇里已核实",
        },
    )
    assert answer.status_code == 302
    with office.as_("clerk"):
        offset = Offset.objects.get()
        decided = Discrepancy.objects.get()
    assert (offset.amount, offset.start_month, offset.discrepancy_id) == (
        Decimal("300.00"),
        NOVEMBER,
        raised.pk,
    )
    assert "2026-10" in offset.source
    assert (decided.state, decided.remedy) == ("true", "top_up")
    assert "2026-11" in decided.detail["done"]


def test_what_was_decided_is_not_raised_again_while_the_list_says_the_same(
    office: Office, entitlement: Entitlement, take: Import
) -> None:
    take(ON_LIST)
    (raised,) = found(office)
    decide(office, raised, "top_up", amount=Decimal("280.00"), start_month=NOVEMBER)
    take(ON_LIST, period=NOVEMBER)
    assert [d.pk for d in found(office)] == [raised.pk]
    changed = ON_LIST.decode("gb18030").replace(",900,", ",960,").encode("gb18030")
    take(changed, period=DECEMBER)
    (_old, new) = found(office)
    assert (new.kind, new.detail["offset"], new.detail["share"]) == ("amount", "280.00", "320.00")


def test_a_refused_top_up_leaves_everything_as_it_was(
    office: Office, entitlement: Entitlement, take: Import
) -> None:
    take(ON_LIST)
    (raised,) = found(office)
    with pytest.raises(TransitionRefused):
        decide(office, raised, "top_up", amount=Decimal("0.00"), start_month=NOVEMBER)
    with pytest.raises(TransitionRefused):
        decide(office, raised, "top_up", "approver", amount=Decimal("300.00"), start_month=NOVEMBER)
    assert offsets(office) == []
    assert found(office)[0].state == "to_check"


def test_gone_from_the_list_ends_the_offset(office: Office, entitlement: Entitlement, take: Import) -> None:
    with office.as_("clerk") as actor:
        offset = entitlements.add_offset(
            actor=actor,
            at=AT,
            entitlement=entitlement,
            kind="dibao",
            amount=Decimal("300.00"),
            start_month=OCTOBER,
            source="公示名册",
        )
    take(ON_LIST)
    take(OTHERS, period=NOVEMBER)
    (raised,) = found(office)
    assert (raised.kind, raised.detail["offset"], raised.detail["last_month"]) == ("gone", "300.00", True)
    assert raised.detail["offset_id"] == offset.pk
    decide(office, raised, "end_offset", last_month=OCTOBER)
    assert offsets(office) == [("dibao", Decimal("300.00"), OCTOBER, OCTOBER)]


def test_an_offset_is_not_gone_while_no_list_of_its_kind_has_come(
    office: Office, entitlement: Entitlement, take: Import
) -> None:
    with office.as_("clerk") as actor:
        entitlements.add_offset(
            actor=actor,
            at=AT,
            entitlement=entitlement,
            kind="tekun",
            amount=Decimal("300.00"),
            start_month=OCTOBER,
            source="公示名册",
        )
    take(OTHERS)
    assert found(office) == []


def test_where_tekun_excludes_the_end_is_proposed_and_stops_nothing(
    office: Office, entitlement: Entitlement, take: Import
) -> None:
    with system_scope(reason="test", log=False):
        Parameter.objects.create(
            region_id=COUNTY, key="tekun_mode", value="exclude", valid_from=dt.date(2026, 1, 1), source="test"
        )
    take(
        csv_list(row("林小满", OWN, head="林桂芳", sex="女", amount="750")),
        kind="tekun",
        name="桂林街道特困.csv",
    )
    (raised,) = found(office)
    decide(office, raised, "exclude", end_reason="other_scheme", last_month=OCTOBER)
    with office.as_("clerk"):
        after = Entitlement.objects.get(pk=entitlement.pk)
    assert (after.state, after.proposed_end_month, after.end_month) == ("ending", OCTOBER, None)


def test_excluding_is_not_offered_where_tekun_is_set_off(
    office: Office, entitlement: Entitlement, take: Import
) -> None:
    take(
        csv_list(row("林小满", OWN, head="林桂芳", sex="女", amount="750")),
        kind="tekun",
        name="桂林街道特困.csv",
    )
    (raised,) = found(office)
    with pytest.raises(TransitionRefused):
        decide(office, raised, "exclude", end_reason="other_scheme", last_month=OCTOBER)
    with office.as_("clerk"):
        assert Entitlement.objects.get(pk=entitlement.pk).state == "active"


def test_registered_as_dead_and_still_paid(office: Office, entitlement: Entitlement, take: Import) -> None:
    take(csv_list(row("林小满", OWN, sex="女", amount="")), kind="death", name="死亡人员.csv")
    (raised,) = found(office)
    assert (raised.kind, raised.list_kind) == ("child_dead", "death")
    decide(office, raised, "exclude", end_reason="death", last_month=OCTOBER)
    with office.as_("clerk"):
        assert Entitlement.objects.get(pk=entitlement.pk).state == "ending"
