"""Evidence by the scheme's list, and how the township looked into it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from cases.documents import Document
from cases.models import Child
from staff.scope import system_scope
from staff.workflow import TransitionRefused
from subsidies.applications import evidence
from subsidies.applications import services as applications
from subsidies.applications.applying import Applicant, apply
from subsidies.applications.evidence import Given
from subsidies.applications.refusals import ApplicationRefused
from subsidies.models import Application, ApplicationEvidence
from tests.subsidies.conftest import Office, moment

PDF = Document("证明.pdf", b"%PDF-1.4 x", "application/pdf")


def asked(office: Office, child: Child, **applicant: str) -> set[str]:
    with office.as_("director") as actor:
        application = apply(
            actor=actor, at=moment(9, 1), child=child, scheme=office.scheme, statement="x",
            applicant=Applicant(**applicant) if applicant else None,
        )  # fmt: skip
        return {item.asked.code for item in evidence.items_of(application, child)}


def add(office: Office, who: str, application: Application, given: Given) -> ApplicationEvidence:
    with office.as_(who) as actor:
        return evidence.add_evidence(actor=actor, at=moment(9, 2), application=application, given=given)


def check(office: Office, application: Application, who: str = "supervisor", **values: Any) -> None:
    given: dict[str, Any] = {
        "method": "data_match",
        "date": dt.date(2026, 9, 2),
        "result": "confirms",
        "note": "一致",
    } | values
    with office.as_(who) as actor:
        evidence.add_check(actor=actor, at=moment(9, 2), application=application, **given)


def taken_up(office: Office) -> Application:
    office.situations(office.child("own"))
    application = office.apply(office.child("own"))
    return office.act("supervisor", "accept", application, moment(9, 2))


def verify(office: Office, application: Application) -> None:
    """As the page does: nothing is looked into beforehand."""
    with office.as_("supervisor") as actor:
        applications.act("verify", actor=actor, at=moment(9, 3), application=application, reason="情况属实")


COMMON = {"application_form", "child_identity", "guardian_identity", "payee_account"}


def test_the_list_follows_the_child_and_the_applicant(office: Office) -> None:
    assert asked(office, office.child("own")) == COMMON | {"parent_situation"}
    orphan = office.another_child("孤儿", primary_category="orphan", placement="institution")
    assert asked(office, orphan) == COMMON | {"parents_gone", "placement"}
    uncle = office.another_child("委托")
    assert "authority" in asked(office, uncle, name="林叔", relation="paternal_uncle")
    by_guardian = office.another_child("监护人")
    assert "authority" not in asked(office, by_guardian, name="林桂芳", relation="grandmother")
    by_village = office.another_child("村里")
    assert "authority" not in asked(office, by_village, name="莲花社区", relation="committee")
    grown = office.another_child("在读", birth_date=dt.date(2008, 1, 1), school_stage="senior")
    assert "enrolment" in asked(office, grown)


def test_each_piece_says_how_it_came_in(office: Office) -> None:
    application = office.apply(office.child("own"))
    row = add(office, "director", application, Given("child_identity", "uploaded", document=PDF))
    assert row.file is not None
    assert (row.file.kind, row.file.child_id, row.file.region_id) == (
        "evidence", application.child_id, application.region_id,
    )  # fmt: skip
    for given, reason in (
        (Given("pedigree", "on_file", "x"), "not on the list"),
        (Given("child_identity", "uploaded"), "Add the file"),
        (Given("child_identity", "on_file", " "), "Write which data"),
        (Given("child_identity", "data_match", "公安数据"), "township or the county"),
        (Given("child_identity", "rumour", "x"), "how the document came in"),
        (Given("restricted_proof", "uploaded", document=PDF), "Sealed papers"),
    ):
        with pytest.raises(ApplicationRefused, match=reason):
            add(office, "director", application, given)
    with pytest.raises(ApplicationRefused, match="at this step"):
        add(office, "clerk", application, Given("child_identity", "on_file", "x"))


def test_the_database_takes_no_evidence_of_nothing(office: Office) -> None:
    application = office.apply(office.child("own"))
    row = add(office, "director", application, Given("child_identity", "on_file", "档案第3页"))
    with (
        office.as_("director"),
        pytest.raises(IntegrityError, match="application_evidence_is_shown"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("UPDATE subsidies_applicationevidence SET note = '' WHERE id = %s", [row.pk])


def test_verified_only_after_it_was_looked_into(office: Office) -> None:
    application = taken_up(office)
    with pytest.raises(ApplicationRefused, match="Still missing"):
        verify(office, application)
    for code in COMMON:
        add(office, "supervisor", application, Given(code, "data_match", "公安数据 2026-09"))
    with pytest.raises(TransitionRefused, match="how it was verified"):
        verify(office, application)
    check(office, application)
    verify(office, application)
    assert application.state == "checking"


@pytest.mark.parametrize("method", ["home_visit", "neighbours", "letter"])
def test_what_data_contradict_is_settled_on_the_spot(office: Office, method: str) -> None:
    application = taken_up(office)
    for code in COMMON:
        add(office, "supervisor", application, Given(code, "data_match", "公安数据 2026-09"))
    check(office, application, result="contradicts", note="父亲有社保缴费记录")
    check(office, application, note="残联数据一致")
    with pytest.raises(TransitionRefused, match="data contradict"):
        verify(office, application)
    with pytest.raises(ApplicationRefused, match="who was asked"):
        check(office, application, method=method)
    check(office, application, method=method, person="邻居秦某", note="父亲仍在服刑")
    verify(office, application)
    assert application.state == "checking"


def test_what_was_asked_for_and_did_not_come_does_not_hold_it_up(office: Office) -> None:
    """The county then decides on what there is; without that, nobody could ever refuse for want of evidence."""
    application = taken_up(office)
    office.act(
        "supervisor",
        "ask_supplement",
        application,
        moment(9, 3),
        reason="请补户口簿",
        items=["child_identity"],
    )
    office.act("supervisor", "resubmit", application, moment(9, 8), reason="逾期未补")
    check(office, application)
    verify(office, application)
    assert application.state == "checking"


def test_checks_are_the_verifiers_own(office: Office) -> None:
    application = office.apply(office.child("own"))
    with pytest.raises(ApplicationRefused, match="while the township verifies"):
        check(office, application)
    office.act("supervisor", "accept", application, moment(9, 2))
    for who in ("director", "clerk"):
        with pytest.raises(ApplicationRefused, match="duty"):
            check(office, application, who)
    with pytest.raises(ApplicationRefused, match="future"):
        check(office, application, date=dt.date(2026, 9, 3))
    with pytest.raises(ApplicationRefused, match="what was found"):
        check(office, application, note=" ")
    own = office.apply(office.child("neighbour"), "supervisor")
    with system_scope(reason="test", log=False):
        Application.objects.filter(pk=own.pk).update(state="verifying")
        own.refresh_from_db()
    with pytest.raises(ApplicationRefused, match="does not verify"):
        check(office, own)
