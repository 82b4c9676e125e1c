"""An application from the village to the entitlement, each step by another person."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import IntegrityError, transaction

from cases.models import Child
from staff.models import Holiday, Parameter, TransitionRecord
from staff.scope import system_scope
from staff.workflow import TransitionRefused, available
from subsidies import applications
from subsidies.models import Application, Entitlement, Rate
from tests.cast import COUNTY
from tests.subsidies.conftest import OCTOBER, Office, moment


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


def test_documents_needed_stop_the_clock_and_it_starts_anew(office: Office) -> None:
    application = office.apply(office.child("own"))
    office.act("supervisor", "accept", application, moment(9, 2))
    office.act("supervisor", "ask_supplement", application, moment(9, 4), reason="请补刑事判决书")
    assert (application.state, application.verify_due_date) == ("supplement", None)
    office.situations(office.child("own"))
    office.act("director", "resubmit", application, moment(9, 7), reason="已补")
    assert (application.state, application.decision["answer"]) == ("submitted", "eligible")
    office.act("supervisor", "accept", application, moment(9, 8))
    assert application.verify_due_date == dt.date(2026, 9, 29)


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


def test_withdrawn_before_the_decision_only(office: Office) -> None:
    application = verified(office)
    office.act("clerk", "check", application)
    office.act("approver", "confirm", application)
    with pytest.raises(TransitionRefused):
        office.act("director", "withdraw", application, reason="不申请了")


def test_one_open_application_and_one_entitlement(office: Office) -> None:
    office.apply(office.child("own"))
    with pytest.raises(applications.ApplicationRefused, match="under way"):
        office.apply(office.child("own"))
    office.entitle(office.child("neighbour"))
    with pytest.raises(applications.ApplicationRefused, match="already entitled"):
        office.apply(office.child("neighbour"), "other_director")


def test_only_field_posts_apply_and_only_for_the_register(office: Office) -> None:
    with pytest.raises(applications.ApplicationRefused, match="duty"):
        office.apply(office.child("own"), "clerk")
    with system_scope(reason="test", log=False):
        Child.objects.filter(pk=office.child("own").pk).update(
            left_date=dt.date(2026, 8, 1), left_reason="07"
        )
    child = office.child("own")
    child.left_date = dt.date(2026, 8, 1)
    with pytest.raises(applications.ApplicationRefused, match="left the register"):
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
    with pytest.raises(applications.ApplicationRefused, match="category"):
        office.act("approver", "confirm", application)
    with system_scope(reason="test", log=False):
        Child.objects.filter(pk=application.child_id).update(primary_category="orphan")
    Rate.objects.all().delete()
    with pytest.raises(applications.ApplicationRefused, match="standard"):
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
