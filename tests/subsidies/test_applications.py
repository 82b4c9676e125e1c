"""An application from the village to the entitlement, each step by another person."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from cases.enums import PrimaryCategory
from cases.models import Child, ChildAttribute
from staff.models import Holiday, Parameter, TransitionRecord
from staff.scope import system_scope
from staff.workflow import TransitionRefused, available
from subsidies.applications import services as applications
from subsidies.applications.refusals import ApplicationRefused
from subsidies.models import Application, Entitlement, Rate, Scheme, SchemeRule, SchoolProof
from subsidies.reckoning.reasons import lines_of
from subsidies.terms.simulation import Supposition, simulate
from tests.cast import COUNTY
from tests.subsidies.conftest import NOVEMBER, OCTOBER, Office, moment


def verified(office: Office) -> Application:
    office.situations(office.child("own"))
    application = office.apply(office.child("own"))
    office.act("supervisor", "accept", application, moment(9, 2))
    return office.act("supervisor", "verify", application, moment(9, 10), reason="入户核实，情况属实。")


def test_from_the_village_to_the_entitlement(office: Office) -> None:
    office.situations(office.child("own"))
    application = office.apply(office.child("own"))
    assert application.state == "submitted"
    assert (application.decision["answer"], application.decision["category"], application.decision["row"]) == (
        "eligible", "de_facto_unattended", "one_lost",
    )  # fmt: skip
    assert [fact["kind"] for fact in application.decision["situations"]] == ["imprisoned", "dead"]
    office.act("supervisor", "accept", application, moment(9, 2))
    # 15 working days after 2026-09-02, over the Mid-Autumn holiday of 2026-09-25 and the worked Sunday 2026-09-20
    assert application.verify_due_date == dt.date(2026, 9, 22)
    office.act("supervisor", "verify", application, moment(9, 10), reason="入户核实，情况属实。")
    assert (application.state, application.verification) == ("checking", "入户核实，情况属实。")
    assert application.confirm_due_date is not None
    office.act("clerk", "check", application, moment(9, 15))
    office.act("approver", "confirm", application, moment(9, 24))
    with office.as_("director"):
        entitlement = Entitlement.objects.get(child=office.child("own"))
    assert (entitlement.start_month, entitlement.category, entitlement.placement, entitlement.state) == (
        OCTOBER, "de_facto_unattended", "scattered", "active",
    )  # fmt: skip
    # born 2017-05-20: the month of the 18th birthday is the last one
    assert entitlement.end_month == dt.date(2035, 5, 1)
    with office.as_("clerk"):
        names = (
            TransitionRecord.objects.filter(subject="subsidies.application")
            .order_by("at")
            .values_list("name", flat=True)
        )
        assert list(names) == ["apply", "accept", "verify", "check", "confirm"]


@pytest.mark.parametrize(
    ("step", "member"),
    [
        ("accept", "director"),
        ("accept", "clerk"),
        ("accept", "other_supervisor"),
        ("verify", "clerk"),
        ("withdraw", "clerk"),
    ],
)
def test_a_duty_of_another(office: Office, step: str, member: str) -> None:
    application = office.apply(office.child("own"))
    with pytest.raises(TransitionRefused):
        office.act(member, step, application, reason="x")


def test_who_applies_does_not_verify(office: Office) -> None:
    application = office.apply(office.child("own"), "supervisor")
    with pytest.raises(TransitionRefused, match="another person"):
        office.act("supervisor", "accept", application)
    with office.as_("supervisor"):
        assert [t.name for t in available(application)] == ["withdraw"]
        with pytest.raises(IntegrityError, match="application_verifier_is_another"), transaction.atomic():
            Application.objects.update(verified_by=application.applied_by)


def test_refusal_needs_code_and_words(office: Office) -> None:
    application = verified(office)
    office.act("clerk", "check", application)
    with pytest.raises(TransitionRefused, match="Choose a reason"):
        office.act("approver", "refuse", application, reason="母亲有能力抚养")
    with pytest.raises(TransitionRefused, match="Write the reason"):
        office.act("approver", "refuse", application, reason_code="parent_able")
    office.act("approver", "refuse", application, reason_code="parent_able", reason="母亲有能力抚养")
    assert (application.state, application.refusal_code, application.refusal_text) == (
        "refused",
        "parent_able",
        "母亲有能力抚养",
    )
    with office.as_("clerk"):
        assert not Entitlement.objects.exists()


def test_documents_are_asked_for_once_in_writing_and_the_clock_stands(office: Office) -> None:
    application = office.apply(office.child("own"))
    office.act("supervisor", "accept", application, moment(9, 2))
    due = application.verify_due_date
    with pytest.raises(TransitionRefused, match="Write the reason"):
        office.act("supervisor", "ask_supplement", application, moment(9, 4))
    with pytest.raises(TransitionRefused, match="not on the list"):
        office.act("supervisor", "ask_supplement", application, moment(9, 4), reason="x", items=["pedigree"])
    office.act(
        "supervisor",
        "ask_supplement",
        application,
        moment(9, 4),
        reason="请补户口簿",
        items=["child_identity"],
    )
    assert (application.state, application.verify_due_date, application.supplement_items) == (
        "supplement", None, ["child_identity"],
    )  # fmt: skip
    office.situations(office.child("own"))
    # Thursday to Tuesday: two working days (2026-09-07 and 08) are given back.
    office.act("director", "resubmit", application, moment(9, 8), reason="已补")
    assert (application.state, application.decision["answer"]) == ("verifying", "eligible")
    assert due == dt.date(2026, 9, 22)
    assert application.verify_due_date == dt.date(2026, 9, 24)
    with pytest.raises(TransitionRefused, match="once"):
        office.act("supervisor", "ask_supplement", application, moment(9, 9), reason="再补")


def test_asked_before_it_is_taken_up_the_clock_has_not_begun(office: Office) -> None:
    application = office.apply(office.child("own"))
    office.act("supervisor", "ask_supplement", application, moment(9, 2), reason="请补户口簿")
    assert (application.clock_left, application.accepted_at) == (None, None)
    office.act("director", "resubmit", application, moment(9, 7), reason="已补")
    assert application.state == "submitted"
    office.act("supervisor", "accept", application, moment(9, 8))
    assert application.verify_due_date == dt.date(2026, 9, 29)
    with pytest.raises(TransitionRefused, match="once"):
        office.act("supervisor", "ask_supplement", application, moment(9, 9), reason="再补")


def test_the_county_returns_and_the_township_verifies_again(office: Office) -> None:
    application = verified(office)
    office.act("clerk", "return", application, moment(9, 16), reason="证明日期不清")
    assert (application.state, application.verified_by_id, application.confirm_due_date) == (
        "verifying",
        None,
        None,
    )
    office.act("supervisor", "verify", application, moment(9, 18), reason="已核对")
    office.act("clerk", "check", application)
    assert application.state == "to_confirm"


@pytest.mark.parametrize(
    "steps",
    [(), ("accept",), ("accept", "ask_supplement"), ("accept", "verify"), ("accept", "verify", "check")],
)
def test_withdrawn_at_any_step_before_the_decision(office: Office, steps: tuple[str, ...]) -> None:
    office.situations(office.child("own"))
    application = office.apply(office.child("own"))
    for step in steps:
        who = "clerk" if step == "check" else "supervisor"
        office.act(who, step, application, reason="" if step in ("accept", "check") else "x")
    with pytest.raises(TransitionRefused, match="Write the reason"):
        office.act("director", "withdraw", application)
    office.act("director", "withdraw", application, reason="家庭情况好转")
    assert application.state == "withdrawn"
    with office.as_("director") as actor:
        assert available(application, actor) == []
    assert office.apply(office.child("own")).pk != application.pk  # it may be applied for again


@pytest.mark.parametrize("decision", ["confirm", "refuse"])
def test_not_withdrawn_after_the_decision(office: Office, decision: str) -> None:
    application = verified(office)
    office.act("clerk", "check", application)
    office.act("approver", decision, application, reason="x", reason_code="other")
    with pytest.raises(TransitionRefused, match="present state"):
        office.act("director", "withdraw", application, reason="不申请了")


def test_one_open_application_and_one_entitlement(office: Office) -> None:
    office.apply(office.child("own"))
    with pytest.raises(ApplicationRefused, match="under way"):
        office.apply(office.child("own"))
    office.entitle(office.child("neighbour"))
    with pytest.raises(ApplicationRefused, match="already entitled"):
        office.apply(office.child("neighbour"), "other_director")


def test_only_field_posts_apply_and_only_for_the_register(office: Office) -> None:
    with pytest.raises(ApplicationRefused, match="duty"):
        office.apply(office.child("own"), "clerk")
    with system_scope(reason="test", log=False):
        Child.objects.filter(pk=office.child("own").pk).update(
            left_date=dt.date(2026, 8, 1), left_reason="07"
        )
    child = office.child("own")
    child.left_date = dt.date(2026, 8, 1)
    with pytest.raises(ApplicationRefused, match="left the register"):
        office.apply(child)


def test_the_clock_follows_parameter_and_calendar(office: Office) -> None:
    Parameter.objects.create(
        region_id=COUNTY, key="verify_working_days", value=10, valid_from=dt.date(2026, 1, 1), source="市规"
    )
    Holiday.objects.create(date=dt.date(2026, 9, 3), is_working=False, name="test")
    application = office.apply(office.child("own"))
    office.act("supervisor", "accept", application, moment(9, 2))
    # ten working days after 2 September without the 3rd
    assert application.verify_due_date == dt.date(2026, 9, 17)


def test_confirming_needs_a_payable_category_and_a_standard(office: Office) -> None:
    application = verified(office)
    office.act("clerk", "check", application)
    with system_scope(reason="test", log=False):
        Child.objects.filter(pk=application.child_id).update(primary_category="left_behind")
        Application.objects.filter(pk=application.pk).update(
            decision={"answer": "not_eligible", "category": ""}
        )
    with pytest.raises(ApplicationRefused, match="None of the child's categories"):
        office.act("approver", "confirm", application)
    with system_scope(reason="test", log=False):
        Child.objects.filter(pk=application.child_id).update(primary_category="orphan")
    Rate.objects.all().delete()
    with pytest.raises(ApplicationRefused, match="standard"):
        office.act("approver", "confirm", application)
    with office.as_("clerk"):
        application.refresh_from_db()
    assert application.state == "to_confirm"


def test_the_table_names_the_category_that_the_file_does_not(office: Office) -> None:
    with system_scope(reason="test", log=False):
        Child.objects.filter(pk=office.child("own").pk).update(primary_category="left_behind")
    application = verified(office)
    office.act("clerk", "check", application)
    office.act("approver", "confirm", application)
    with office.as_("clerk"):
        assert Entitlement.objects.get().category == "de_facto_unattended"


def test_a_second_entitlement_never_covers_a_month_of_the_first(office: Office) -> None:
    office.entitle(
        office.child("own"),
        dt.date(2026, 1, 1),
        state="ended",
        end_month=dt.date(2026, 11, 1),
        end_reason="parent_able",
    )
    application = verified(office)
    office.act("clerk", "check", application)
    office.act("approver", "confirm", application, moment(9, 24))
    with office.as_("clerk"):
        assert Entitlement.objects.get(application=application).start_month == dt.date(2026, 12, 1)


def scheme(code: str) -> Scheme:
    return Scheme.objects.get_or_create(code=code, defaults={"clause": "x"})[0]


def confirmed_under(office: Office, code: str, **file: object) -> Entitlement:
    """Apply for the director's child under a scheme, with a file like ``file``, and confirm on 2026-09-24."""
    child = office.child("own")
    with system_scope(reason="test", log=False):
        Child.objects.filter(pk=child.pk).update(**file)
        child.refresh_from_db()
    office.scheme = scheme(code)
    application = office.apply(child)
    office.act("supervisor", "accept", application, moment(9, 2))
    office.act("supervisor", "verify", application, moment(9, 10), reason="属实")
    office.act("clerk", "check", application, moment(9, 15))
    office.act("approver", "confirm", application, moment(9, 24))
    with office.as_("clerk"):
        return Entitlement.objects.get(application=application)


def standard(code: str, amount: str, category: str = "", placement: str = "scattered") -> None:
    Rate.objects.create(
        scheme=scheme(code), region_id=COUNTY, placement=placement, category=category, amount=Decimal(amount),
        valid_from=dt.date(2025, 1, 1), source="x",
    )  # fmt: skip


def prove(office: Office, child: Child, until: dt.date, stage: str = "higher") -> None:
    with system_scope(reason="test", log=False):
        SchoolProof.objects.create(
            child=child, region_id=child.region_id, school_year=2026, term=1, school="重庆市职教中心", stage=stage,
            until=until, seen="学籍系统", user=office.cast.users["clerk"], at=moment(9, 1),
        )  # fmt: skip


def test_of_two_categories_the_higher_standard_counts(office: Office) -> None:
    """就高不就低: the file says dibao, but a severe illness is on record as well and is paid better."""
    standard("difficulty_living", "300.00", "dibao")
    standard("difficulty_living", "800.00", "severe_illness")
    child = office.child("own")
    with system_scope(reason="test", log=False):
        ChildAttribute.objects.create(
            child=child, region_id=child.region_id, kind="severe_illness", start_date=dt.date(2026, 1, 1)
        )
    found = confirmed_under(office, "difficulty_living", primary_category="dibao")
    assert (found.category, found.start_month, found.end_month) == (
        "severe_illness",
        OCTOBER,
        dt.date(2035, 5, 1),
    )


def test_each_payment_says_which_categories_were_compared_and_the_higher_counts_each_month(
    office: Office,
) -> None:
    """The step stands on the payment; when the other standard becomes the higher one, that one is paid."""
    standard("difficulty_living", "300.00", "dibao")
    standard("difficulty_living", "800.00", "severe_illness")
    child = office.child("own")
    with system_scope(reason="test", log=False):
        ChildAttribute.objects.create(
            child=child, region_id=child.region_id, kind="severe_illness", start_date=dt.date(2026, 1, 1)
        )
    confirmed_under(office, "difficulty_living", primary_category="dibao")
    (line,) = office.lines(office.pay(OCTOBER))
    assert line.amount == Decimal("800.00")
    assert [
        (step["amount"], step["params"]["category"], step["clause"])
        for step in line.explanation["lines"]
        if step["label"] == "other_category"
    ] == [("300.00", "dibao", "higher_of")]
    page = office.cast.client("clerk").get(
        reverse("subsidies:payment", args=[line.pk]), headers={"Accept-Language": "en"}
    )
    text = page.content.decode()
    assert "Several categories apply: the highest standard counts, one only." in text
    assert "300.00" in text
    with office.as_("clerk"):
        supposed = simulate(
            Supposition(office.scheme, "scattered", "dibao", "", Decimal("900.00"), NOVEMBER, NOVEMBER),
            office.region(),
        )
    Rate.objects.create(
        scheme=office.scheme, region_id=COUNTY, placement="scattered", category="dibao",
        amount=Decimal("900.00"), valid_from=NOVEMBER, source="x",
    )  # fmt: skip
    (line,) = office.lines(office.prepare(NOVEMBER))
    assert (line.amount, line.standard, supposed.total.after) == (Decimal("900.00"),) * 3
    notes = {step["informs"]: step["note"] for step in lines_of(line)}
    assert notes[False].startswith(str(PrimaryCategory.DIBAO.label))
    assert notes[True].startswith(str(PrimaryCategory.SEVERE_ILLNESS.label))


def test_a_study_grant_is_by_school_year_and_needs_the_certificate(office: Office) -> None:
    standard("study_orphan", "10000.00")
    file = {
        "primary_category": "orphan",
        "category_since": dt.date(2015, 3, 1),
        "birth_date": dt.date(2007, 5, 20),
        "school_stage": "higher",
    }
    with pytest.raises(ApplicationRefused, match="no proof of schooling for 2026–2027"):
        confirmed_under(office, "study_orphan", **file)
    with office.as_("director") as actor:
        applications.act(
            "withdraw", actor=actor, at=moment(9, 25), application=Application.objects.get(), reason="x"
        )
    prove(office, office.child("own"), dt.date(2028, 7, 1))
    found = confirmed_under(office, "study_orphan", **file)
    assert (found.start_month, found.end_month) == (dt.date(2026, 9, 1), dt.date(2028, 7, 1))


def test_the_care_allowance_and_what_it_does_not_pay(office: Office) -> None:
    standard("care", "200.00")
    found = confirmed_under(office, "care", primary_category="orphan")
    assert (found.category, found.start_month) == ("orphan", OCTOBER)
    with system_scope(reason="test", log=False):
        Entitlement.objects.update(state="ended", end_month=OCTOBER, end_reason="other")
    with pytest.raises(ApplicationRefused, match="does not pay for it"):
        confirmed_under(office, "care", primary_category="orphan", placement="institution")


def test_one_allowance_excludes_another(office: Office) -> None:
    standard("difficulty_living", "800.00")
    office.entitle(office.child("own"))
    with pytest.raises(ApplicationRefused, match="Basic living allowance"):
        confirmed_under(office, "difficulty_living", primary_category="severe_illness")


def test_months_that_overlap_are_refused_in_words(office: Office) -> None:
    """Two entitlements of a child and scheme never share a month; the database says so, the clerk reads a sentence."""
    application = verified(office)
    office.act("clerk", "check", application)
    office.entitle(office.child("own"), dt.date(2027, 3, 1))
    with pytest.raises(ApplicationRefused, match="already entitled in some of these months"):
        office.act("approver", "confirm", application, moment(9, 24))
    with office.as_("clerk"):
        application.refresh_from_db()
    assert application.state == "to_confirm"


def test_a_scheme_that_pays_by_grade_needs_one(office: Office) -> None:
    SchemeRule.objects.create(
        scheme=office.scheme, region_id=COUNTY, valid_from=dt.date(2026, 1, 1), document="区规〔2026〕1号",
        changes={"grades": [{"code": "first", "name": "一档"}, {"code": "second", "name": "二档"}]},
    )  # fmt: skip
    Rate.objects.create(
        scheme=office.scheme, region_id=COUNTY, placement="scattered", grade="second", amount=Decimal(900),
        valid_from=dt.date(2025, 1, 1), source="x",
    )  # fmt: skip
    application = verified(office)
    with pytest.raises(ApplicationRefused, match="no such grade"):
        office.act("clerk", "check", application, grade="third")
    office.act("clerk", "check", application, grade="second")
    office.act("approver", "confirm", application)
    with office.as_("clerk"):
        assert Entitlement.objects.get().grade == "second"


def test_nobody_applies_for_a_standard_that_others_are_reckoned_from(office: Office) -> None:
    office.scheme = scheme("dibao")
    with pytest.raises(ApplicationRefused, match="not open"):
        office.apply(office.child("own"))
