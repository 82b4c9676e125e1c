"""Paid past 18 only where the scheme's terms extend it, and as far as schooling is proved (rules.md 2.4)."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from cases.models import Child
from staff.scope import system_scope
from subsidies.aid import following
from subsidies.batches import services as batches
from subsidies.entitlements.last_months import last_month_of
from subsidies.models import BatchIssue, Entitlement, PaymentBatch, Rate, Scheme, SchemeRule, SchoolProof
from subsidies.reviews.cycles import term_of
from subsidies.terms.simulation import Supposition, simulate
from tests.cast import COUNTY
from tests.subsidies.conftest import DECEMBER, NOVEMBER, OCTOBER, Office, moment

SEPTEMBER = dt.date(2026, 9, 1)
MARCH, JULY, AUGUST = dt.date(2027, 3, 1), dt.date(2027, 7, 1), dt.date(2027, 8, 1)
STANDARD = Decimal("1550.00")


def extend(office: Office, *stages: str, scheme: Scheme | None = None) -> None:
    with system_scope(reason="test", log=False):
        SchemeRule.objects.create(
            scheme=scheme or office.scheme, region_id=COUNTY, valid_from=dt.date(2020, 1, 1), document="渝民发〔2020〕1号",
            changes={"extension_stages": list(stages or ("senior", "vocational", "higher"))},
        )  # fmt: skip


def grown(office: Office, **fields: Any) -> Child:
    """18 in September 2026; the file says until when school lasts, which proves nothing."""
    values = {
        "birth_date": dt.date(2008, 9, 9),
        "enrolled_until": dt.date(2030, 7, 1),
        "school_stage": "higher",
    }
    with system_scope(reason="test", log=False):
        Child.objects.filter(pk=office.child("own").pk).update(**values | fields)
        office.child("own").refresh_from_db()
    return office.child("own")


def prove(office: Office, child: Child, school_year: int = 2026, term: int = 1, **fields: Any) -> None:
    with system_scope(reason="test", log=False):
        SchoolProof.objects.create(
            child=child, region_id=child.region_id, school_year=school_year, term=term, school="重庆大学", seen="学信网",
            user=office.cast.users["director"], at=moment(9, 5), **({"stage": "higher"} | fields),
        )  # fmt: skip


def lines(office: Office, batch: PaymentBatch) -> list[tuple[str, dt.date]]:
    return [(line.kind, line.month) for line in office.lines(batch)]


def unproved(office: Office, batch: PaymentBatch) -> list[str]:
    """Months that the batch names as without a proof."""
    with office.as_("clerk"):
        found = BatchIssue.objects.filter(batch=batch, kind="no_proof").values_list("detail", flat=True)
        return [month for detail in found for month in detail["months"]]


def test_without_a_rule_a_right_taken_over_ends_with_the_18th_birthday(office: Office) -> None:
    child = grown(office)
    prove(office, child)
    right = office.entitle(child, SEPTEMBER)
    office.pay(SEPTEMBER)
    assert lines(office, office.prepare(NOVEMBER)) == []
    with office.as_("clerk"):
        assert last_month_of(right, child, "turned_18", dt.date(2026, 11, 3))[0] == SEPTEMBER


@pytest.mark.parametrize(
    ("proof", "paid"),
    [
        ({}, True),
        ({"full_time": False}, False),
        ({"stage": "postgraduate"}, False),
        ({"term": 2, "school_year": 2025}, False),
        ({"until": dt.date(2026, 11, 30)}, True),
        ({"until": dt.date(2026, 10, 31)}, False),
        (None, False),
    ],
)
def test_a_full_time_proof_of_the_term_at_a_stage_of_the_terms_extends(
    office: Office, proof: dict[str, Any] | None, paid: bool
) -> None:
    extend(office)
    child = grown(office)
    office.entitle(child, SEPTEMBER)
    if proof is not None:
        prove(office, child, **proof)
    november = office.prepare(NOVEMBER)
    assert lines(office, november) == ([("regular", NOVEMBER)] if paid else [])
    assert unproved(office, november) == []


def test_a_term_without_a_proof_is_not_paid_and_a_summer_between_two_proved_terms_is(office: Office) -> None:
    """Born in September 2007: the autumn was not proved; senior school ended in June, the next school began in September."""
    extend(office)
    child = grown(office, birth_date=dt.date(2007, 9, 9))
    prove(office, child, 2025, 2, stage="senior", until=dt.date(2026, 6, 20))
    office.confirmed(child, dt.date(2025, 10, 1))
    with office.as_("clerk"):
        right = Entitlement.objects.get()
    with system_scope(reason="test", log=False):
        Entitlement._base_manager.filter(pk=right.pk).update(start_month=dt.date(2026, 1, 1))
    office.entitle(office.child("township"), OCTOBER)
    office.pay(OCTOBER)
    spring = [dt.date(2026, month, 1) for month in (3, 4, 5, 6)]
    prove(office, child)
    november = office.prepare(NOVEMBER)
    own = [(line.kind, line.month) for line in office.lines(november) if line.child_id == child.pk]
    summer = [dt.date(2026, month, 1) for month in (7, 8, 9, 10)]
    before = [(line.kind, line.month) for line in _october(office) if line.child_id == child.pk]
    assert before == [("arrears", month) for month in spring]
    assert own == [("regular", NOVEMBER), *(("arrears", month) for month in summer)]


def _october(office: Office) -> list[Any]:
    with office.as_("clerk"):
        batch = PaymentBatch.objects.get(month=OCTOBER)
    return office.lines(batch)


def test_past_the_age_limit_every_line_without_a_proof_is_an_exception(office: Office) -> None:
    """A right that was given a last month long after the birthday: a person says why it is paid."""
    extend(office)
    child = grown(office)
    office.confirmed(child, SEPTEMBER, end_month=dt.date(2029, 7, 1))
    assert unproved(office, office.pay(SEPTEMBER)) == []
    november = office.prepare(NOVEMBER)
    assert lines(office, november) == [("regular", NOVEMBER), ("arrears", OCTOBER)]
    assert unproved(office, november) == ["2026-10", "2026-11"]
    office.approve(november)
    prove(office, child)
    assert unproved(office, office.prepare(DECEMBER)) == []


@pytest.mark.parametrize(
    ("proof", "last"),
    [
        (None, dt.date(2026, 10, 1)),
        ({}, dt.date(2027, 2, 1)),
        ({"until": dt.date(2026, 12, 31)}, DECEMBER),
        ({"full_time": False}, dt.date(2026, 10, 1)),
    ],
)
def test_who_is_confirmed_shortly_before_18_is_paid_as_far_as_the_proof_reaches(
    office: Office, proof: dict[str, Any] | None, last: dt.date
) -> None:
    extend(office)
    child = grown(office, birth_date=dt.date(2008, 10, 20))
    if proof is not None:
        prove(office, child, **proof)
    office.situations(child)
    application = office.apply(child)
    for who, step in (
        ("supervisor", "accept"),
        ("supervisor", "verify"),
        ("clerk", "check"),
        ("approver", "confirm"),
    ):
        application = office.act(who, step, application, reason="核实" if step == "verify" else "")
    with office.as_("clerk"):
        right = Entitlement.objects.get()
    assert (right.start_month, right.end_month) == (OCTOBER, last)


@pytest.mark.parametrize("proof", [None, {}, {"full_time": False}])
def test_the_simulator_counts_what_the_batch_pays(office: Office, proof: dict[str, Any] | None) -> None:
    extend(office)
    child = grown(office)
    if proof is not None:
        prove(office, child, **proof)
    office.entitle(child, SEPTEMBER)
    office.entitle(office.child("township"), SEPTEMBER)
    paid = sum((line.amount for line in office.lines(office.prepare(NOVEMBER))), Decimal(0))
    with office.as_("clerk"):
        supposed = Supposition(office.scheme, "scattered", "", "", Decimal("1650"), NOVEMBER, NOVEMBER)
        found = simulate(supposed, office.region())
    assert found.total.before == paid == STANDARD * (2 if proof == {} else 1)
    assert found.total.children == found.total.payments == paid // STANDARD


@pytest.mark.parametrize(("stages", "covers"), [(("higher",), True), (("senior",), False)])
def test_the_page_of_a_right_without_a_last_month_says_whether_it_covers_the_month(
    office: Office, stages: tuple[str, ...], covers: bool
) -> None:
    extend(office, *stages)
    today = timezone.localdate()
    child = grown(office, birth_date=dt.date(today.year - 19, 1, 31))
    term = term_of(today)
    prove(office, child, term.school_year, term.number)
    right = office.entitle(child, dt.date(2024, 1, 1))
    page = office.cast.client("clerk").get(reverse("subsidies:entitlement", args=[right.pk]))
    assert page.context["covered"] is covers


# --- allowances that follow another -----------------------------------------------------------------------


@pytest.fixture
def care(office: Office) -> Scheme:
    scheme, _made = Scheme.objects.get_or_create(code="care", defaults={"clause": "潼南"})
    Rate.objects.create(
        scheme=scheme, region_id=COUNTY, placement="scattered", amount=Decimal("200.00"), valid_from=dt.date(2025, 1, 1),
        source="x",
    )  # fmt: skip
    return scheme


def followed(office: Office) -> None:
    at = moment(9, 22)
    (follower,) = following.followers(COUNTY, at.date())
    with office.as_("clerk") as actor:
        following.propose(actor=actor, at=at, follower=follower)
    with office.as_("approver") as actor:
        assert following.confirm(actor=actor, at=at, follower=follower) == 1


def cared(office: Office, care: Scheme, month: dt.date) -> list[tuple[str, dt.date]]:
    with office.as_("clerk") as clerk:
        return lines(
            office,
            batches.prepare_batch(
                actor=clerk, at=moment(month.month, 19), region=office.region(), scheme=care, month=month
            ),
        )


@pytest.mark.parametrize("end_month", [OCTOBER, None])
def test_what_follows_is_paid_for_the_months_of_the_leading_right(
    office: Office, care: Scheme, end_month: dt.date | None
) -> None:
    office.entitle(grown(office, birth_date=dt.date(2008, 10, 9)), SEPTEMBER, end_month=end_month)
    followed(office)
    assert cared(office, care, OCTOBER) == [("regular", OCTOBER)]
    assert cared(office, care, DECEMBER) == []


def test_what_follows_goes_on_with_a_leading_right_that_is_extended(office: Office, care: Scheme) -> None:
    extend(office)
    child = grown(office)
    office.entitle(child, SEPTEMBER)
    followed(office)
    assert cared(office, care, OCTOBER) == []
    prove(office, child)
    assert cared(office, care, NOVEMBER) == [("regular", NOVEMBER), ("arrears", OCTOBER)]
