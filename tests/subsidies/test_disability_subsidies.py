"""残疾人两项补贴: what may not be held together, what is set off by one click, and the counts of minors (O-17)."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from cases.models import Child, ChildAttribute, DisabilityCard
from staff.scope import system_scope
from staff.workflow import TransitionRefused
from subsidies.aid import disability_subsidies as service
from subsidies.aid.disability_rules import Disabled, Overlap, could_have, overlaps
from subsidies.models import DisabilitySubsidy, Offset
from tests.cast import START, Cast
from tests.subsidies.conftest import NOVEMBER, OCTOBER, Office, moment

TODAY = dt.date(2026, 10, 20)
AT = moment(10, 20)


@pytest.mark.parametrize(
    ("child", "expected"),
    [
        # rules.md 2.3 (6): an orphan holds no living subsidy, and may hold the nursing subsidy.
        (Disabled("orphan", living=True, entitled=True), (Overlap.ORPHAN_LIVING,)),
        (Disabled("orphan", nursing=True, entitled=True, level=1), ()),
        # rules.md 2.3 (1), (3): who is paid in full holds no living subsidy beside; it is set off.
        (Disabled("de_facto_unattended", living=True, entitled=True), (Overlap.NOT_SET_OFF,)),
        (Disabled("de_facto_unattended", living=True, entitled=True, set_off=True), ()),
        (Disabled("severe_disability", living=True), ()),
        # rules.md 2.3 (6): 特困 gets neither, and is not sent to apply.
        (Disabled("tekun", living=True, tekun=True), (Overlap.TEKUN,)),
        (Disabled("de_facto_unattended", nursing=True, tekun=True), (Overlap.TEKUN,)),
        (Disabled("tekun", tekun=True, level=1), ()),
        # 湖南: 护理 at level one and two, 生活 in a 低保 family.
        (Disabled("orphan", entitled=True, level=2), (Overlap.COULD_APPLY,)),
        (Disabled("orphan", entitled=True, level=3), ()),
        (Disabled("dibao", dibao=True, level=4), (Overlap.COULD_APPLY,)),
        (Disabled("dibao", dibao=True, living=True, level=4), ()),
        (
            Disabled("de_facto_unattended", living=True, entitled=True, level=1),
            (Overlap.NOT_SET_OFF, Overlap.COULD_APPLY),
        ),
    ],
)
def test_what_may_not_be_held_together(child: Disabled, expected: tuple[Overlap, ...]) -> None:
    assert overlaps(child) == expected


def test_which_subsidies_a_child_with_a_card_could_have() -> None:
    assert could_have(Disabled("dibao", dibao=True, level=1)) == ("living", "nursing")
    assert could_have(Disabled("de_facto_unattended", dibao=True, entitled=True, level=1)) == ("nursing",)
    assert could_have(Disabled("dibao", dibao=True)) == ()


def add(
    office: Office, child: Child, kind: str = "living", amount: str = "90.00", **fields: Any
) -> DisabilitySubsidy:
    with office.as_("clerk") as clerk:
        return service.add_subsidy(
            actor=clerk, at=AT, child=child, kind=kind, amount=Decimal(amount), known_from="残联名单第3行",
            **({"start_month": OCTOBER} | fields),
        )  # fmt: skip


def found(office: Office) -> dict[str, tuple[Overlap, ...]]:
    with office.as_("clerk"):
        return {facts.child.name: facts.found for facts in service.findings(TODAY)}


def test_findings_of_a_county(office: Office) -> None:
    """One orphan with the living subsidy, one in full pay with it, one 特困 by attribute, one who could apply."""
    orphan = office.another_child("齐小雪", primary_category="orphan")
    tekun, could = office.another_child("池小荷"), office.another_child("向小葵", primary_category="orphan")
    for child in (orphan, office.child("own"), could):
        office.entitle(child)
    with system_scope(reason="test", log=False):
        ChildAttribute.objects.create(child=tekun, region_id=tekun.region_id, kind="tekun", start_date=START)
        DisabilityCard.objects.create(
            child=could, region_id=could.region_id, kind="4", level=1, start_date=START, number="x"
        )
    for child in (orphan, office.child("own"), tekun):
        add(office, child)
    assert found(office) == {
        "池小荷": (Overlap.TEKUN,),
        "齐小雪": (Overlap.ORPHAN_LIVING,),
        "林小满": (Overlap.NOT_SET_OFF,),
        "向小葵": (Overlap.COULD_APPLY,),
    }


def test_one_click_makes_the_living_subsidy_an_offset_and_the_next_month_pays_the_difference(
    office: Office,
) -> None:
    """rules.md 2.3 (1): below the standard → 补差. 1,550 − 90."""
    right = office.entitle(office.child("own"))
    subsidy = add(office, office.child("own"))
    assert found(office) == {"林小满": (Overlap.NOT_SET_OFF,)}
    with office.as_("clerk") as clerk:
        first = service.set_off(actor=clerk, at=AT, subsidy=subsidy)
        again = service.set_off(actor=clerk, at=AT, subsidy=subsidy)
        assert first.pk == again.pk
        assert (first.kind, first.amount, first.start_month) == (
            "disability_living",
            Decimal("90.00"),
            OCTOBER,
        )
        assert Offset.objects.filter(entitlement=right).count() == 1
    assert found(office) == {}
    (line,) = office.lines(office.prepare())
    assert line.amount == Decimal("1460.00")


def test_when_the_subsidy_ends_the_offset_made_from_it_ends_too(office: Office) -> None:
    office.entitle(office.child("own"))
    subsidy = add(office, office.child("own"))
    with office.as_("clerk") as clerk:
        service.set_off(actor=clerk, at=AT, subsidy=subsidy)
        service.end_subsidy(actor=clerk, at=AT, subsidy=subsidy, last_month=NOVEMBER)
        assert Offset.objects.get().end_month == NOVEMBER


def test_what_is_not_set_off(office: Office) -> None:
    orphan = office.another_child("齐小雪", primary_category="orphan")
    office.entitle(orphan)
    cases = [
        (add(office, orphan), "An orphan's living subsidy is cancelled"),
        (add(office, office.child("own"), kind="nursing"), "Only the living subsidy is set off"),
        (add(office, office.child("own")), "no allowance against which"),
    ]
    for subsidy, message in cases:
        with office.as_("clerk") as clerk, pytest.raises(TransitionRefused, match=message):
            service.set_off(actor=clerk, at=AT, subsidy=subsidy)


def test_counts_are_of_children_under_18_each_once(office: Office) -> None:
    add(office, office.child("own"))
    add(office, office.child("own"), kind="nursing")
    add(office, office.child("neighbour"), kind="nursing")
    add(office, office.another_child("冯大", birth_date=dt.date(2008, 10, 1)))
    add(office, office.child("township"), start_month=dt.date(2026, 5, 1), end_month=dt.date(2026, 9, 1))
    with office.as_("clerk"):
        assert service.counts(TODAY) == {"children": 2, "living": 1, "nursing": 2}
    with office.as_("supervisor"):
        assert service.counts(TODAY)["children"] == 2
    with office.as_("stranger"):
        assert service.counts(TODAY)["children"] == 0


def test_83_minors_of_laiyang(office: Office) -> None:
    """O-17: the two subsidies reach 83 minors; a child with both counts once."""
    children = [office.another_child(f"童{n}") for n in range(79)] + list(office.cast.children.values())
    with system_scope(reason="test", log=False):
        for child in children:
            for kind in ("living", "nursing"):
                DisabilitySubsidy.objects.create(
                    child=child, region_id=child.region_id, kind=kind, amount=80, start_month=OCTOBER, known_from="x",
                    user=office.cast.users["clerk"], at=AT,
                )  # fmt: skip
        assert service.counts(TODAY)["children"] == 83


def test_a_subsidy_is_on_record_once_a_month(office: Office, cast: Cast) -> None:
    add(office, office.child("own"))
    with pytest.raises(TransitionRefused, match="already on record in some of these months"):
        add(office, office.child("own"), start_month=NOVEMBER)
    with (
        system_scope(reason="test", log=False),
        pytest.raises(IntegrityError, match="disability_subsidy_once"),
        transaction.atomic(),
    ):
        DisabilitySubsidy.objects.create(
            child=office.child("own"), region_id=office.child("own").region_id, kind="living", amount=1,
            start_month=NOVEMBER, known_from="x", user=cast.users["clerk"], at=AT,
        )  # fmt: skip


@pytest.mark.parametrize("who", ["director", "supervisor", "approver"])
def test_others_do_not_record(office: Office, who: str) -> None:
    with office.as_(who) as actor, pytest.raises(TransitionRefused, match="does not have this duty"):
        service.add_subsidy(
            actor=actor,
            at=AT,
            child=office.child("own"),
            kind="living",
            amount=Decimal(1),
            start_month=OCTOBER,
            known_from="x",
        )
