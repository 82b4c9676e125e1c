"""临时救助: three people, the routes of families registered elsewhere, and once in the ledger of help (O-25, O-30)."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from cases.models import Child, Help
from staff.scope import system_scope
from staff.workflow import TransitionRefused
from subsidies.aid import relief as service
from subsidies.aid.relief import ReliefData
from subsidies.models import TemporaryRelief
from tests.subsidies.conftest import Office, moment

AT, LATER = moment(10, 20), moment(10, 22)
DAY = dt.date(2026, 10, 22)


def data(**fields: Any) -> ReliefData:
    values: dict[str, Any] = {
        "child_name": "小宝",
        "situation": "婴儿六个月，母亲无收入，奶粉每月约2000元。",
        "route": "street_goods",
        "form": "goods",
        "what": "奶粉八罐",
        "amount": Decimal("1600.00"),
    }
    return ReliefData(**(values | fields))


def ask(office: Office, who: str = "director", child: Child | None = None, **fields: Any) -> TemporaryRelief:
    with office.as_(who) as actor:
        return service.ask(actor=actor, at=AT, data=data(**fields), child=child)


def grant(office: Office, relief: TemporaryRelief, who: str = "clerk") -> TemporaryRelief:
    with office.as_(who) as actor:
        return service.grant(actor=actor, at=LATER, relief=relief, reason="情况属实")


def give(
    office: Office, relief: TemporaryRelief, who: str = "director", day: dt.date = DAY
) -> TemporaryRelief:
    with office.as_(who) as actor:
        return service.give(actor=actor, at=LATER, relief=relief, day=day)


def test_taizhou_a_family_registered_elsewhere_with_a_baby(office: Office) -> None:
    """O-25: goods from the street office, and one-off aid through the city's protection centre; ~2,000 yuan a month."""
    elsewhere = {"registered_elsewhere": True, "registered_place": "河南省信阳市", "people": 2}
    with pytest.raises(TransitionRefused, match="for families registered here"):
        ask(office, "supervisor", route="county", **elsewhere)
    goods = ask(office, "supervisor", **elsewhere)
    money = ask(
        office, "supervisor", route="city_centre", form="money", amount=Decimal("2000.00"), **elsewhere
    )
    for relief in (goods, money):
        give(office, grant(office, relief), "supervisor")
    with office.as_("clerk"):
        assert service.counts(2026) == {
            "all": 2,
            "elsewhere": 2,
            "asked": 0,
            "granted": 0,
            "given": 2,
            "refused": 0,
        }
        assert [row.route for row in service.listed("elsewhere")] == ["city_centre", "street_goods"]
        assert not Help.objects.exists()  # nobody of the register


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"registered_elsewhere": True}, "Write where the family is registered"),
        ({"route": "home_county"}, "cannot be passed on"),
        ({"form": "money", "amount": None}, "how much money"),
        ({"situation": " "}, "what the family lacks"),
        ({"identity_number": "500152201705201029"}, "."),
    ],
)
def test_what_is_refused(office: Office, fields: dict[str, Any], message: str) -> None:
    with pytest.raises(TransitionRefused, match=message):
        ask(office, **fields)
    with system_scope(reason="test", log=False):
        assert not TemporaryRelief.objects.exists()


def test_for_a_child_of_the_register_it_stands_in_the_ledger_of_help_exactly_once(office: Office) -> None:
    relief = give(office, grant(office, ask(office, child=office.child("own"))))
    with pytest.raises(TransitionRefused, match="not possible in the present state"):
        give(office, relief)
    with office.as_("director"):
        (line,) = Help.objects.all()
        assert (line.child_id, line.form, line.what, line.amount) == (
            office.child("own").pk, "goods", "奶粉八罐", Decimal("1600.00"),
        )  # fmt: skip
        assert (line.date, line.giver) == (DAY, "Goods from the township or street office")
        assert (relief.state, relief.given_date) == ("given", DAY)


def test_a_step_that_fails_writes_no_line(office: Office) -> None:
    """Granted on the 22nd, so not given on the 21st: neither state nor ledger change."""
    relief = grant(office, ask(office, child=office.child("own")))
    with pytest.raises(TransitionRefused, match="granted later"):
        give(office, relief, day=dt.date(2026, 10, 21))
    with office.as_("director"):
        assert TemporaryRelief.objects.get().state == "granted"
        assert not Help.objects.exists()


def test_another_person_decides_also_in_the_database(office: Office) -> None:
    relief = ask(office, "clerk")
    with pytest.raises(TransitionRefused, match="another person"):
        grant(office, relief, "clerk")
    with (
        system_scope(reason="test", log=False),
        pytest.raises(IntegrityError, match="relief_decider_is_another"),
        transaction.atomic(),
    ):
        TemporaryRelief.objects.filter(pk=relief.pk).update(
            decided_by=office.cast.users["clerk"], decided_at=AT
        )
    assert grant(office, relief, "approver").state == "granted"


def test_the_township_decides_about_its_own_goods_only(office: Office) -> None:
    goods, county = ask(office), ask(office, route="county", form="money")
    assert grant(office, goods, "supervisor").state == "granted"
    with pytest.raises(TransitionRefused, match="its own goods only"):
        grant(office, county, "supervisor")


def test_a_refusal_has_its_reason(office: Office) -> None:
    relief = ask(office)
    with office.as_("clerk") as clerk:
        with pytest.raises(TransitionRefused, match="Write the reason"):
            service.refuse(actor=clerk, at=LATER, relief=relief, reason="")
        refused = service.refuse(actor=clerk, at=LATER, relief=relief, reason="已由户籍地救助")
    assert (refused.state, refused.reason) == ("refused", "已由户籍地救助")


def test_the_identity_number_is_encrypted(office: Office) -> None:
    from django.db import connection

    from tests.cast import OWN_ID

    relief = ask(office, identity_number=OWN_ID)
    with system_scope(reason="test", log=False), connection.cursor() as cursor:
        cursor.execute(
            "SELECT identity_number::text FROM subsidies_temporaryrelief WHERE id = %s", [relief.pk]
        )
        assert OWN_ID not in str(cursor.fetchone())
        assert TemporaryRelief.objects.get().identity_number == OWN_ID
