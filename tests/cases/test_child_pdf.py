"""The paper of a child's file: what stands on it, for whom, and what is kept of it."""

from __future__ import annotations

import datetime as dt
import hashlib
from decimal import Decimal
from typing import Any

import pytest
from django.http import HttpResponse
from django.utils import timezone
from guardian.shortcuts import assign_perm

from cases.casework import services as case_services
from cases.children.paper import PARTS, make_child_paper
from cases.models import (
    CareContact,
    Case,
    Child,
    Defect,
    DefectStep,
    DisabilityCard,
    EntrustedCare,
    GuardianshipAssessment,
    Help,
    Illness,
    Need,
    ParentAbsence,
    ParentSituation,
    ProtectedFact,
    Visit,
)
from cases.refusals import RegisterRefused
from referrals.models import Provider, Referral
from staff.models import AccessLog
from staff.scope import open_scope, scope_of, system_scope
from staff.workflow import Actor
from subsidies.models import Entitlement, Scheme
from tests.cast import OWN_ID, VILLAGE, Cast
from tests.papers import all_text, page_texts

AT = dt.datetime(2026, 10, 20, 2, 0, tzinfo=dt.UTC)
TODAY = dt.date(2026, 10, 20)
REASON = "移交区未成年人保护工作站"
MASKED = f"{OWN_ID[:6]}********{OWN_ID[-4:]}"


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: AT)


@pytest.fixture
def whole(cast: Cast) -> Cast:
    """The child 林小满 with something in every part of the file."""
    child, keep = cast.children["own"], {"region_id": VILLAGE}
    with system_scope(reason="test", log=False):
        Child.objects.filter(pk=child.pk).update(health_note="先天性心脏病术后", phone="13900001234")
        ParentSituation.objects.create(
            child=child,
            parent="father",
            parent_name="林大山",
            kind="dead",
            start_date=dt.date(2020, 1, 2),
            evidence="death_certificate",
            document="渝死证2020-17",
            **keep,
        )
        ParentAbsence.objects.create(
            child=child, parent="mother", start_date=TODAY, destination="广东东莞", **keep
        )
        DisabilityCard.objects.create(
            child=child, number=f"{OWN_ID}43", kind="4", level=3, start_date=TODAY, **keep
        )
        Illness.objects.create(child=child, diagnosis="法洛四联症", severe=True, start_date=TODAY, **keep)
        Visit.objects.create(
            child=child,
            kind="door",
            visited_at=AT,
            submitted_at=AT,
            text="屋顶漏雨，已报村委。",
            state="submitted",
            people_met=["child"],
            answers={},
            problems={},
            risk_before="yellow",
            risk="yellow",
            conducted_by=cast.users["director"],
            **keep,
        )
        Visit.objects.create(
            child=child,
            kind="door",
            visited_at=AT,
            text="草稿里的字",
            state="draft",
            risk_before="yellow",
            risk="yellow",
            conducted_by=cast.users["director"],
            **keep,
        )
        case = Case.objects.create(
            child=child,
            title="祖母住院无人照料",
            level="yellow",
            summary="邻居暂时照看",
            opened_by=cast.users["supervisor"],
            opened_at=AT,
            owner=cast.users["supervisor"],
            **keep,
        )
        case.actions.create(
            child=child, title="协调邻居照料", due_date=TODAY, owner=cast.users["director"], **keep
        )
        defect = Defect.objects.create(
            child=child,
            kind="out_of_school",
            opened_date=TODAY,
            due_date=TODAY,
            owner=cast.users["director"],
            **keep,
        )
        DefectStep.objects.create(
            defect=defect, child=child, date=TODAY, text="已联系中心小学", created_at=AT, **keep
        )
        care = EntrustedCare.objects.create(
            child=child,
            entrusted_by="mother",
            carer_name="秦守义",
            carer_relation="other",
            carer_phone="13600008888",
            carer_id_number=OWN_ID,
            start_date=TODAY,
            created_at=AT,
            **keep,
        )
        CareContact.objects.create(
            care=care, child=child, date=TODAY, kind="video", note="每晚视频", created_at=AT, **keep
        )
        GuardianshipAssessment.objects.create(
            child=child,
            instrument="试用表",
            definition={},
            answers={},
            parts={},
            score=Decimal("72.5"),
            grade="insufficient",
            note="祖母年高",
            assessed_date=TODAY,
            created_at=AT,
            **keep,
        )
        need = Need.objects.create(
            child=child, area="schooling", text="冬季校服", noted_date=TODAY, created_at=AT, **keep
        )
        Help.objects.create(
            child=child,
            need=need,
            area="schooling",
            form="money",
            date=TODAY,
            giver="县慈善总会",
            what="助学金",
            amount=Decimal("1200"),
            created_at=AT,
            **keep,
        )
        scheme, _new = Scheme.objects.get_or_create(
            code="basic_living", defaults={"clause": "民发〔2019〕62号"}
        )
        Entitlement.objects.create(
            child=child,
            scheme=scheme,
            category="de_facto_unattended",
            placement="scattered",
            start_month=dt.date(2026, 2, 1),
            confirmed_at=AT,
            **keep,
        )
        provider = Provider.objects.create(
            name="彩虹桥关爱室",
            kind="organisation",
            region_id=VILLAGE,
            post=cast.assignments["provider"].post,
        )
        Referral.objects.create(
            case=case,
            child=child,
            provider=provider,
            provider_post=provider.post,
            need="心理陪伴",
            summary="x",
            sent_by=cast.users["supervisor"],
            sent_at=AT,
            **keep,
        )
    return cast  # fmt: skip


def ask(cast: Cast, member: str, child: str = "own", **given: Any) -> HttpResponse:
    """The POST that makes the paper of a whole file."""
    values = {"reason": REASON, "parts": list(PARTS)} | given
    return cast.client(member).post(f"/children/{cast.children[child].pk}/pdf/", values)  # type: ignore[return-value]


def test_the_paper_holds_the_whole_file(whole: Cast) -> None:
    response = ask(whole, "clerk")
    assert response.status_code == 200
    assert response["Content-Type"] == "application/pdf"
    number = whole.children["own"].number
    assert number in response["Content-Disposition"]
    assert response["Content-Disposition"].startswith("inline")
    text = all_text(response.content)
    expected = {
        "person": ["林小满", number, "2017-05-20", MASKED],
        "family": ["林桂芳", "137****5520"],
        "eligibility": ["林大山", "渝死证2020-17"],
        "categories": ["2026-01-01"],
        "payees": ["重庆农村商业银行", "6217********7890"],
        "circumstances": ["广东东莞"],
        "visits": ["屋顶漏雨，已报村委。", "王念慈", "2026-10-2010:00"],
        "cases": ["祖母住院无人照料", "邻居暂时照看", "协调邻居照料"],
        "defects": ["已联系中心小学"],
        "care": ["秦守义", "136****8888", "每晚视频"],
        "assessments": ["72.5", "祖母年高"],
        "needs": ["冬季校服", "县慈善总会", "1,200.00"],
        "subsidies": ["2026-02"],
        "referrals": ["彩虹桥关爱室", "心理陪伴"],
    }
    assert {part: [word for word in words if word not in text] for part, words in expected.items()} == {
        part: [] for part in expected
    }
    assert "草稿里的字" not in text


def test_numbers_and_health_are_masked_everywhere(whole: Cast) -> None:
    text = all_text(ask(whole, "clerk").content)
    for secret in (
        OWN_ID,
        "13900001234",
        "13712345520",
        "6217001234567890",
        "13600008888",
        "先天性心脏病术后",
        "法洛四联症",
    ):
        assert secret not in text, secret
    assert text.count("******") >= 2


def test_in_full_for_the_county_and_for_nobody_else(whole: Cast) -> None:
    text = all_text(ask(whole, "clerk", full="on").content)
    for secret in (
        OWN_ID,
        "13900001234",
        "13712345520",
        "6217001234567890",
        "13600008888",
        "先天性心脏病术后",
        "法洛四联症",
    ):
        assert secret in text, secret
    for member in ("director", "supervisor", "leader"):
        assert OWN_ID not in all_text(ask(whole, member, full="on").content)
        page = whole.client(member).get(f"/children/{whole.children['own'].pk}/pdf/").content.decode()
        assert 'name="full"' not in page
    with open_scope(whole.scope("supervisor")), pytest.raises(RegisterRefused):
        make_child_paper(whole.children["own"], reason=REASON, at=AT, full=True)


def test_what_is_kept_of_the_export(whole: Cast) -> None:
    response = ask(whole, "approver", full="on")
    with system_scope(reason="test", log=False):
        entry = AccessLog.objects.get(kind="export")
    assert (entry.user_id, entry.child_id, entry.reason) == (
        whole.users["approver"].pk,
        whole.children["own"].pk,
        REASON,
    )
    assert entry.detail["sha256"] == hashlib.sha256(response.content).hexdigest()
    assert (entry.detail["what"], entry.detail["full"], entry.detail["protected"]) == (
        "child_pdf",
        True,
        False,
    )


def test_the_watermark_names_who_when_and_why_on_every_page(whole: Cast) -> None:
    with system_scope(reason="test", log=False):
        for number in range(60):
            Visit.objects.create(
                child=whole.children["own"], region_id=VILLAGE, kind="phone", submitted_at=AT, state="approved",
                visited_at=AT - dt.timedelta(days=number), text="通话正常。" * 20, risk_before="green", risk="green",
                conducted_by=whole.users["director"],
            )  # fmt: skip
    pages = page_texts(ask(whole, "supervisor").content)
    assert len(pages) >= 3
    for text in pages:
        assert text.count("李守安李守安supervisor") == 4  # three in the watermark, one at the foot
        assert text.count("2026-10-2010:00") >= 4
        assert text.count(REASON) == 4


def test_only_the_parts_that_were_chosen(whole: Cast) -> None:
    text = all_text(ask(whole, "clerk", parts=["person", "visits"]).content)
    assert "屋顶漏雨" in text
    assert "祖母住院无人照料" not in text
    assert "县慈善总会" not in text
    page = ask(whole, "clerk", parts=[])
    assert page["Content-Type"].startswith("text/html")


def test_without_a_reason_there_is_no_paper(whole: Cast) -> None:
    response = ask(whole, "clerk", reason=" ")
    assert response["Content-Type"].startswith("text/html")
    with system_scope(reason="test", log=False):
        assert not AccessLog.objects.filter(kind="export").exists()


def test_another_area_gets_404_and_other_duties_403(whole: Cast) -> None:
    for member in ("other_director", "other_supervisor", "stranger"):
        assert ask(whole, member).status_code == 404
        assert whole.client(member).get(f"/children/{whole.children['own'].pk}/pdf/").status_code == 404
    for member in ("releaser", "auditor", "sysadmin", "viewer", "provider"):
        assert ask(whole, member).status_code == 403
    with system_scope(reason="test", log=False):
        assert not AccessLog.objects.filter(kind="export").exists()


# --- Restricted cases ------------------------------------------------------------------------------------


@pytest.fixture
def restricted(whole: Cast) -> Cast:
    """A restricted case with a plan, a referral and a protected fact; the supervisor is named on it."""
    child = whole.children["own"]
    with open_scope(whole.scope("supervisor")):
        case = case_services.open_case(
            actor=Actor.current(),
            at=AT,
            child=child,
            title="受限个案甲",
            level="red",
            summary="受限的情况",
            restricted=True,
        )
    with system_scope(reason="test", log=False):
        assign_perm("cases.view_restricted_case", whole.users["supervisor"], case)
    scope = scope_of(whole.assignments["supervisor"])
    with open_scope(scope):
        case.actions.create(
            child=child,
            region_id=VILLAGE,
            title="受限的行动",
            due_date=TODAY,
            restricted=True,
            owner=whole.users["supervisor"],
        )
        ProtectedFact.objects.create(
            child=child, region_id=VILLAGE, case=case, kind="举报人", text="匿名邻居丁", created_at=AT
        )
        provider = Provider.objects.get()
        Referral.objects.create(
            case=case, child=child, region_id=VILLAGE, provider=provider, provider_post=provider.post, need="受限的转介",
            summary="x", sent_by=whole.users["supervisor"], sent_at=AT, state="done", done_at=AT, feedback="y",
        )  # fmt: skip
    return whole


def test_a_restricted_case_is_on_paper_for_named_people_alone(restricted: Cast) -> None:
    words = ("受限个案甲", "受限的情况", "受限的行动", "受限的转介")
    named, unnamed = (all_text(ask(restricted, member).content) for member in ("supervisor", "clerk"))
    assert [word for word in words if word not in named] == []
    assert [word for word in words if word in unnamed] == []
    assert "祖母住院无人照料" in unnamed
    assert "匿名邻居丁" not in named  # not asked for


def test_protected_facts_only_when_named_and_asked(restricted: Cast) -> None:
    address = f"/children/{restricted.children['own'].pk}/pdf/"
    assert 'name="protected"' in restricted.client("supervisor").get(address).content.decode()
    assert 'name="protected"' not in restricted.client("clerk").get(address).content.decode()
    assert "匿名邻居丁" in all_text(ask(restricted, "supervisor", protected="on").content)
    assert "匿名邻居丁" not in all_text(ask(restricted, "clerk", protected="on").content)
    with system_scope(reason="test", log=False):
        details = [
            entry.detail["protected"] for entry in AccessLog.objects.filter(kind="export").order_by("at")
        ]
    assert details == [True, False]
