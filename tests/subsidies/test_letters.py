"""Letters to applicants, and what is posted: PDF that says what it must, and not what it must not."""

from __future__ import annotations

import datetime as dt
import hashlib

import pytest
from django.urls import reverse

from staff.models import AccessLog, Parameter, Region
from staff.scope import system_scope
from subsidies.applications import postings
from subsidies.models import Application, Scheme, SchemeRule
from tests.cast import COUNTY, TOWNSHIP
from tests.papers import all_text
from tests.subsidies.conftest import Office, moment


def checked(office: Office) -> Application:
    office.situations(office.child("own"))
    application = office.apply(office.child("own"))
    office.act("supervisor", "accept", application, moment(9, 2))
    office.act("supervisor", "verify", application, moment(9, 10), reason="入户核实。")
    return office.act("clerk", "check", application, moment(9, 15))


def letter(office: Office, application: Application, name: str, who: str = "clerk") -> str:
    response = office.cast.client(who).get(reverse(f"subsidies:{name}", args=[application.pk]))
    assert response.status_code == 200, response.content.decode()[:500]
    assert response.headers["Content-Type"] == "application/pdf"
    with system_scope(reason="test", log=False):
        logged = AccessLog.objects.filter(kind="export", subject_id=str(application.pk)).latest("pk")
    assert logged.detail["sha256"] == hashlib.sha256(response.content).hexdigest()
    return all_text(response.content)


def test_the_refusal_gives_reasons_basis_and_remedy(office: Office) -> None:
    application = checked(office)
    office.act(
        "approver",
        "refuse",
        application,
        moment(9, 24),
        reason_code="parent_able",
        reason="父亲已返乡，有能力抚养。",
    )
    Parameter.objects.create(
        region_id=COUNTY, key="reconsideration_days", value=90, valid_from=dt.date(2026, 1, 1), source="x"
    )
    text = letter(office, application, "application_letter")
    for expected in (
        "不予确认告知书", "林小满", "林桂芳", "父亲已返乡，有能力抚养。", "国办发〔2010〕54号", "民发〔2019〕62号", "行政复议",
        "90日", "6个月", "行政诉讼", f"500152-不确〔2026〕{application.pk}号", "2026年9月24日", "潼南区",
    ):  # fmt: skip
        assert expected in text, expected
    with office.as_("clerk"):
        child = application.child
    assert child.id_number not in text


def test_the_confirmation_names_what_was_confirmed(office: Office) -> None:
    application = checked(office)
    office.act("approver", "confirm", application, moment(9, 24))
    text = letter(office, application, "application_letter", "director")
    for expected in ("确认通知书", "2026-10", "2035-05", "林小满", f"500152-确〔2026〕{application.pk}号"):
        assert expected in text, expected
    assert "行政复议" not in text


def test_the_request_for_documents_lists_all_of_them_and_the_days_left(office: Office) -> None:
    application = office.apply(office.child("own"))
    office.act("supervisor", "accept", application, moment(9, 2))
    office.act(
        "supervisor", "ask_supplement", application, moment(9, 4), reason="复印件加盖公章。",
        items=["child_identity", "guardian_identity"],
    )  # fmt: skip
    text = letter(office, application, "supplement_notice", "supervisor")
    for expected in (
        "补正材料告知书", "1.儿童户口簿或身份证", "2.监护人（申请人）身份证、户口簿", "复印件加盖公章。", "一次告知", "剩余13个工作日",
        "桂林街道",
    ):  # fmt: skip
        assert expected in text, expected


def test_no_letter_before_there_is_a_reason_for_one(office: Office) -> None:
    application = checked(office)
    for name in ("application_letter", "supplement_notice"):
        assert (
            office.cast.client("clerk").get(reverse(f"subsidies:{name}", args=[application.pk])).status_code
            == 404
        )
    office.act("approver", "refuse", application, moment(9, 24), reason_code="other", reason="x")
    for who, status in (("other_director", 404), ("stranger", 404), ("releaser", 403), ("auditor", 403)):
        address = reverse("subsidies:application_letter", args=[application.pk])
        assert office.cast.client(who).get(address).status_code == status, who


# --- What is posted --------------------------------------------------------------------------------------


def posted(code: str, **publicity: object) -> Scheme:
    scheme = Scheme.objects.get_or_create(code=code, defaults={"clause": "x"})[0]
    if publicity:
        SchemeRule.objects.create(
            scheme=scheme, region_id=COUNTY, valid_from=dt.date(2026, 1, 1), document="区规〔2026〕3号",
            changes={"publicity": publicity},
        )  # fmt: skip
    return scheme


def test_nothing_is_posted_where_the_rule_forbids(office: Office) -> None:
    checked(office)
    for who, scheme in (("clerk", office.scheme), ("supervisor", posted("study_orphan"))):
        with office.as_(who) as actor, pytest.raises(postings.PostingRefused, match="forbids"):
            postings.posting(
                actor=actor, at=moment(9, 16), scheme=scheme, township=Region.objects.get(pk=TOWNSHIP)
            )
    address = reverse("subsidies:posting", args=["basic_living", TOWNSHIP])
    response = office.cast.client("clerk").get(address, headers={"Accept-Language": "en"})
    assert response.status_code == 422
    assert "application/pdf" not in response.headers["Content-Type"]
    page = office.cast.client("clerk").get(reverse("subsidies:postings"), headers={"Accept-Language": "en"})
    assert "Basic living" not in page.content.decode()


def test_an_orphan_is_not_posted_even_where_a_county_rules_so(office: Office) -> None:
    posted("basic_living", kind="days", days=7)
    checked(office)
    with office.as_("clerk") as actor:
        found = postings.posting(
            actor=actor, at=moment(9, 16), scheme=office.scheme, township=Region.objects.get(pk=TOWNSHIP)
        )
    assert found.lines == []


def test_posted_with_shortened_names_for_the_days_of_the_rule(office: Office) -> None:
    office.scheme = posted("difficulty_living", kind="working_days", days=5, where="village")
    child = office.another_child("欧阳小雪", primary_category="dibao", id_number="")
    application = office.apply(child)
    office.act("supervisor", "accept", application, moment(9, 2))
    office.act("supervisor", "verify", application, moment(9, 10), reason="属实")
    response = office.cast.client("supervisor").get(
        reverse("subsidies:posting", args=["difficulty_living", TOWNSHIP])
    )
    text = all_text(response.content)
    assert "欧＊＊＊" in text
    assert "欧阳" not in text
    with office.as_("supervisor") as actor:
        found = postings.posting(
            actor=actor, at=moment(9, 22), scheme=office.scheme, township=Region.objects.get(pk=TOWNSHIP)
        )
    # Five working days after Tuesday 2026-09-22, without Mid-Autumn on the 25th.
    assert (found.start, found.end) == (dt.date(2026, 9, 22), dt.date(2026, 9, 30))
    page = office.cast.client("clerk").get(reverse("subsidies:postings")).content.decode()
    assert reverse("subsidies:posting", args=["difficulty_living", TOWNSHIP]) in page
