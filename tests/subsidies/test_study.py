"""助学金 by school year to the student's own account, with proof of enrolment (O-6, O-39)."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from cases.children import family
from cases.children.family import PayeeData
from cases.children.payee_purposes import purpose_label, purposes
from cases.models import Child, DisabilityCard, Payee
from staff.scope import system_scope
from subsidies.aid import study
from subsidies.aid.study_rules import Lack, Student, lacks, school_year_of
from subsidies.applications.applying import apply
from subsidies.applications.qualification import qualify
from subsidies.batches import services as batches
from subsidies.models import (
    Application,
    BatchIssue,
    Entitlement,
    Payment,
    PaymentBatch,
    Rate,
    Scheme,
    SchoolProof,
)
from subsidies.terms.in_force import terms_of
from tests.cast import COUNTY
from tests.subsidies.conftest import Office, card, moment

TODAY = dt.date(2026, 9, 20)
AT = moment(9, 20)
GROWN = dt.date(2007, 3, 1)
SEPTEMBER = dt.date(2026, 9, 1)


def student(**fields: Any) -> Student:
    values: dict[str, Any] = {"birth_date": GROWN, "recognised": True, "stage": "higher", "proven": True}
    return Student(**(values | fields))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, ()),
        ({"stage": "vocational"}, ()),
        ({"stage": "postgraduate"}, ()),
        ({"recognised": False}, (Lack.NOT_RECOGNISED,)),
        ({"birth_date": dt.date(2008, 9, 21)}, (Lack.TOO_YOUNG,)),
        ({"birth_date": dt.date(2008, 9, 20)}, ()),
        ({"left_reason": "01"}, (Lack.ADOPTED,)),
        ({"left_reason": "01", "disabled": True}, ()),
        ({"left_reason": "09"}, ()),
        ({"left_reason": "07"}, (Lack.GONE,)),
        ({"stage": "left_school"}, (Lack.NOT_STUDYING,)),
        ({"full_time": False}, (Lack.NOT_STUDYING,)),
        ({"proven": False}, (Lack.NO_PROOF,)),
    ],
)
def test_who_can_have_the_grant_for_orphans(fields: dict[str, Any], expected: tuple[Lack, ...]) -> None:
    """民办发〔2019〕24号: recognised before 18, not adopted (a disabled one can), after 18, full-time."""
    assert lacks(student(**fields), TODAY) == expected


@pytest.mark.parametrize(
    ("day", "year"), [(dt.date(2026, 8, 31), 2025), (dt.date(2026, 9, 1), 2026), (dt.date(2027, 2, 1), 2026)]
)
def test_a_school_year_begins_in_september(day: dt.date, year: int) -> None:
    assert school_year_of(day) == year


def scheme(code: str, amount: str) -> Scheme:
    found, _made = Scheme.objects.get_or_create(code=code, defaults={"clause": "民办发〔2019〕24号"})
    for placement in ("scattered", "institution"):
        Rate.objects.create(
            scheme=found,
            region_id=COUNTY,
            placement=placement,
            amount=Decimal(amount),
            valid_from=dt.date(2025, 9, 1),
            source="x",
        )
    return found


@pytest.fixture
def grant(office: Office) -> Scheme:
    return scheme("study_orphan", "10000.00")


def former(office: Office, name: str = "齐小雪", category: str = "orphan", **fields: Any) -> Child:
    values: dict[str, Any] = {
        "birth_date": GROWN, "category_since": dt.date(2015, 1, 1), "school_stage": "higher", "primary_category": category,
    }  # fmt: skip
    return office.another_child(name, **(values | fields))


def prove(office: Office, child: Child, **fields: Any) -> None:
    with system_scope(reason="test", log=False):
        SchoolProof.objects.create(
            child=child, region_id=child.region_id, seen="学信网", user=office.cast.users["director"], at=AT,
            **({"school_year": 2026, "term": 1, "school": "重庆大学", "stage": "higher"} | fields),
        )  # fmt: skip


def leave(child: Child, reason: str) -> None:
    with system_scope(reason="test", log=False):
        Child.objects.filter(pk=child.pk).update(left_date=dt.date(2025, 4, 1), left_reason=reason)


def found(office: Office, grant: Scheme, who: str = "clerk") -> dict[str, tuple[Lack, ...]]:
    with office.as_(who):
        terms = terms_of(grant, COUNTY, TODAY)
        children = study.candidates(grant, terms, TODAY)
        return {one.child.name: one.lacks for one in study.judged(children, grant, terms, TODAY)}


def test_who_could_apply_is_found_by_the_register_also_among_those_who_left_by_age(
    office: Office, grant: Scheme
) -> None:
    """政策找人, apply where recognised: former wards past 18 are reached; others are not on the list."""
    ready, waiting = former(office), former(office, "向小葵")
    grown_up, disabled = former(office, "池小荷"), former(office, "冯小麦")
    prove(office, ready)
    leave(grown_up, "09")
    leave(disabled, "01")
    leave(former(office, "已收养"), "01")
    leave(former(office, "迁出"), "07")
    former(office, "工作", school_stage="left_school")
    former(office, "未满", birth_date=dt.date(2009, 3, 1))
    former(office, "成年后", category_since=dt.date(2025, 6, 1))
    with system_scope(reason="test", log=False):
        DisabilityCard.objects.create(
            child=disabled,
            region_id=disabled.region_id,
            kind="4",
            level=3,
            start_date=dt.date(2015, 1, 1),
            number="x",
        )
    assert found(office, grant) == {
        ready.name: (),
        waiting.name: (Lack.NO_PROOF,),
        grown_up.name: (Lack.NO_PROOF,),
        disabled.name: (Lack.NO_PROOF,),
    }
    assert found(office, grant, "director") == found(office, grant)
    assert found(office, grant, "other_director") == {}


def test_the_proof_of_the_year_decides_and_not_last_years(office: Office, grant: Scheme) -> None:
    child = former(office, school_stage="unstated")
    prove(office, child, school_year=2025)
    assert found(office, grant) == {}
    prove(office, child)
    assert found(office, grant) == {"齐小雪": ()}


@pytest.mark.parametrize(
    ("category", "code", "amount"),
    [("orphan", "study_orphan", "10000.00"), ("de_facto_unattended", "study", "6000.00")],
)
def test_10000_and_6000_yuan_a_school_year(office: Office, category: str, code: str, amount: str) -> None:
    """O-39, rules.md 3: 福彩圆梦 1万元/人/学年; 安徽 0.6万/学年 for 事实无人抚养. From the application to the batch."""
    grant = scheme(code, amount)
    child = former(office, category=category)
    prove(office, child)
    pay_to(office, child, code)
    application = applied(office, grant, child)
    assert confirmed(office, application)[0] == SEPTEMBER
    with office.as_("clerk"):
        right = Entitlement.objects.get(scheme=grant)
        assert right.category == category
    assert found(office, grant) == {}
    batch = prepare(office, grant)
    (line,) = office.lines(batch)
    assert (line.amount, line.month) == (Decimal(amount), SEPTEMBER)
    assert (line.payee_name, line.payee_relation, line.account[-4:]) == (child.name, "child", "5501")
    with office.as_("clerk"):
        kinds = set(BatchIssue.objects.filter(batch=batch).values_list("kind", flat=True))
    assert not kinds & {"payee_kind", "no_proof"}
    assert sum((line.from_lottery, line.from_county)) == Decimal(amount)
    assert line.from_lottery == (Decimal(amount) if code == "study_orphan" else 0)


APPLIED_IN_SUMMER = moment(8, 25)


def confirmed(office: Office, application: Application) -> tuple[dt.date, dt.date | None]:
    """Through every step until 25 September: the months of the right."""
    for who, step in (
        ("supervisor", "accept"),
        ("supervisor", "verify"),
        ("clerk", "check"),
        ("approver", "confirm"),
    ):
        reason = "核实" if step == "verify" else ""
        application = office.act(who, step, application, at=moment(9, 25), reason=reason)
    with office.as_("clerk"):
        right = Entitlement.objects.get(scheme=application.scheme)
        return right.start_month, right.end_month


@pytest.mark.parametrize(
    ("file", "proofs", "months", "paid"),
    [
        # The proof of the new school year alone: that year, once.
        (None, [{}], (SEPTEMBER, dt.date(2027, 8, 1)), [SEPTEMBER]),
        (dt.date(2030, 7, 1), [{}], (SEPTEMBER, dt.date(2030, 7, 1)), [SEPTEMBER]),
        # The file still names the end of the school before.
        (dt.date(2026, 6, 30), [{}], (SEPTEMBER, dt.date(2027, 8, 1)), [SEPTEMBER]),
        # The year of the application is proved as well: both, each by its proof.
        (
            None,
            [{"school_year": 2025, "term": 2}, {}],
            (dt.date(2025, 9, 1), dt.date(2027, 8, 1)),
            [SEPTEMBER, dt.date(2025, 9, 1)],
        ),
        # A part-time term, or one of a school that is not paid, proves nothing.
        (None, [{"school_year": 2025, "term": 2, "full_time": False}, {}], (SEPTEMBER, dt.date(2027, 8, 1)), [SEPTEMBER]),
        (None, [{"school_year": 2025, "term": 2, "stage": "junior"}, {}], (SEPTEMBER, dt.date(2027, 8, 1)), [SEPTEMBER]),
    ],
)  # fmt: skip
def test_who_applies_in_the_summer_is_paid_for_the_school_year_that_is_proved(
    office: Office,
    grant: Scheme,
    file: dt.date | None,
    proofs: list[dict[str, Any]],
    months: tuple[dt.date, dt.date],
    paid: list[dt.date],
) -> None:
    child = former(office, enrolled_until=file)
    pay_to(office, child, grant.code)
    application = applied(office, grant, child, APPLIED_IN_SUMMER)
    for values in proofs:
        prove(office, child, **values)
    assert confirmed(office, application) == months
    batch = prepare(office, grant)
    assert [(line.month, line.amount) for line in office.lines(batch)] == [
        (month, Decimal("10000.00")) for month in paid
    ]
    with office.as_("clerk"):
        assert not BatchIssue.objects.filter(batch=batch, kind="no_proof").exists()


def applied(office: Office, grant: Scheme, child: Child, at: dt.datetime = AT) -> Application:
    with office.as_("director") as actor:
        return apply(actor=actor, at=at, child=child, scheme=grant, statement="全日制在读")


def pay_to(office: Office, child: Child, code: str, name: str = "", relation: str = "child") -> Payee:
    with office.as_("clerk"):
        data = PayeeData(name or child.name, relation, "重庆银行", card("5501"), dt.date(2026, 9, 1), code)
        return family.set_payee(child, data, at=AT, confirmed=True)


def prepare(
    office: Office, grant: Scheme, month: dt.date = SEPTEMBER, at: dt.datetime | None = None
) -> PaymentBatch:
    with office.as_("clerk") as clerk:
        return batches.prepare_batch(
            actor=clerk, at=at or moment(9, 28), region=office.region(), scheme=grant, month=month
        )


def entitled(office: Office, grant: Scheme, child: Child) -> Entitlement:
    with system_scope(reason="test", log=False):
        return Entitlement.objects.create(
            child=child, scheme=grant, region_id=child.region_id, start_month=SEPTEMBER, end_month=dt.date(2027, 8, 1),
            confirmed_at=AT, category="orphan",
            placement="scattered",
        )  # fmt: skip


def test_another_account_than_the_students_own_and_a_missing_proof_are_exceptions(
    office: Office, grant: Scheme
) -> None:
    child = former(office)
    entitled(office, grant, child)
    batch = prepare(office, grant)
    with office.as_("clerk"):
        kinds = set(BatchIssue.objects.filter(batch=batch).values_list("kind", flat=True))
    assert {"payee_kind", "no_proof"} <= kinds


@pytest.mark.parametrize(
    ("proof", "missing"),
    [
        ({}, False),
        ({"term": 2}, False),
        ({"full_time": False}, True),
        ({"stage": "junior"}, True),
        ({"school_year": 2025}, True),
        ({"full_time": False, "stage": "junior"}, True),
    ],
)
def test_a_line_needs_a_full_time_proof_of_its_own_school_year_at_a_stage_that_is_paid(
    office: Office, grant: Scheme, proof: dict[str, Any], missing: bool
) -> None:
    child = former(office)
    pay_to(office, child, grant.code)
    entitled(office, grant, child)
    prove(office, child, **proof)
    batch = prepare(office, grant)
    with office.as_("clerk"):
        assert BatchIssue.objects.filter(batch=batch, kind="no_proof").exists() is missing


def test_one_payment_a_school_year(office: Office, grant: Scheme) -> None:
    """Another month of the same school year is the same period; the database takes no second line of any month."""
    child = former(office)
    prove(office, child)
    pay_to(office, child, grant.code)
    right = entitled(office, grant, child)
    batch = prepare(office, grant)
    again = prepare(office, grant, dt.date(2026, 11, 1), moment(11, 5))
    assert (len(office.lines(batch)), office.lines(again)) == (1, [])
    with system_scope(reason="test", log=False):
        line = Payment.objects.get(entitlement=right)
        for month, name in (
            (SEPTEMBER, "payment_regular_once_a_month"),
            (dt.date(2026, 10, 1), "payment_study_by_school_year"),
        ):
            line.pk, line.line, line.month = None, 99, month
            with pytest.raises(IntegrityError, match=name), transaction.atomic():
                line.save(force_insert=True)


def test_what_an_application_is_asked(office: Office, grant: Scheme) -> None:
    """An adopted student without a card may apply and is told why not; a disabled one qualifies."""
    adopted = former(office)
    prove(office, adopted)
    leave(adopted, "01")
    with office.as_("clerk"):
        adopted.refresh_from_db()
        assert [q.code for q in qualify(adopted, grant, {}, TODAY).unmet] == ["recognised"]
    with system_scope(reason="test", log=False):
        DisabilityCard.objects.create(
            child=adopted,
            region_id=adopted.region_id,
            kind="4",
            level=3,
            start_date=dt.date(2015, 1, 1),
            number="x",
        )
    with office.as_("clerk"):
        assert qualify(adopted, grant, {}, TODAY).unmet == ()


# --- accounts by purpose ----------------------------------------------------------------------------------


def test_purposes_are_offered_by_the_subsidies() -> None:
    codes = [code for code, _label in purposes()]
    assert codes[0] == ""
    assert {"care", "study", "study_orphan"} <= set(codes)
    assert purpose_label("care") == "Care allowance"
    assert purpose_label("gone") == "gone"


def test_an_account_for_one_purpose_ends_only_its_own_forerunner(office: Office, grant: Scheme) -> None:
    child = office.child("own")
    pay_to(office, child, "study", "林小满")
    with office.as_("clerk"):
        data = PayeeData("林小满", "child", "农业银行", card("5502"), dt.date(2026, 9, 10), "study")
        family.set_payee(child, data, at=AT, confirmed=True)
        rows = Payee.objects.filter(child=child).order_by("purpose", "start_date")
        assert [(row.purpose, row.end_date) for row in rows] == [
            ("", None), ("study", dt.date(2026, 9, 9)), ("study", None),
        ]  # fmt: skip
        with pytest.raises(ValidationError, match="what the account is for"):
            family.set_payee(
                child, PayeeData("x", "child", "x", card("5503"), None, "dibao"), at=AT, confirmed=True
            )
