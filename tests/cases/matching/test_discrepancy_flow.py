"""From finding to feedback: the township verifies by visit or paper, the county sends back, decides and closes; many at once."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image

from cases.matching import selectors
from cases.matching.discrepancies import acts as service
from cases.matching.discrepancies import pages
from cases.matching.discrepancies.acts import Verification
from cases.matching.review import services as review
from cases.models import Child, Discrepancy, MatchCandidate, MatchDecision, Visit, VisitTask
from staff.models import AccessLog, Parameter, StoredFile, TransitionRecord
from staff.scope import system_scope
from staff.workflow import TransitionRefused
from tests.cases.matching.conftest import (
    AT,
    MINOR,
    OWN,
    SECOND,
    Import,
    acting,
    another_child,
    csv_list,
    month_run,
    number,
    row,
)
from tests.cast import COUNTY, START, Cast

Raise = Callable[..., Discrepancy]
PHONE = Verification(found="true", text="电话核实", method="phone")
UNTRUE_BY_OFFICE = Verification(found="untrue", text="派出所来函", method="office")


def now(found: Discrepancy, cast: Cast, member: str = "clerk") -> Discrepancy:
    with acting(cast, member):
        return Discrepancy.objects.get(pk=found.pk)


@pytest.fixture
def dead(cast: Cast, take: Import) -> Discrepancy:
    """The child stands on the list of deaths."""
    take(
        f"死者姓名,身份证号,死亡日期\n林小满,{OWN},2026-10-03".encode("gb18030"),
        kind="death",
        name="死亡.csv",
    )
    with acting(cast, "clerk"):
        return Discrepancy.objects.get()


@pytest.fixture
def several(cast: Cast, take: Import) -> list[Discrepancy]:
    """Three children whose list names another village, all alike."""
    names = {"苏谷雨": SECOND, "苏立夏": number("50015220160506204")}
    for name, each in names.items():
        another_child(cast, name, each)
    lines = [
        row(name, each, head=name, sex="女", village="井田社区居民委员会")
        for name, each in {"林小满": OWN, **names}.items()
    ]
    take(csv_list(*lines, row("罗小暑", MINOR, head="罗长河")))
    with acting(cast, "clerk"):
        return list(Discrepancy.objects.filter(kind="different").order_by("pk"))


def visited(cast: Cast, child: Child, state: str = "submitted") -> Visit:
    with system_scope(reason="test", log=False):
        return Visit.objects.create(
            child=child, region_id=child.region_id, kind="door", visited_at=AT, text="见到本人", risk_before="yellow",
            risk="yellow", conducted_by=cast.users["director"], submitted_at=AT, state=state,
        )  # fmt: skip


def photo() -> SimpleUploadedFile:
    data = io.BytesIO()
    Image.new("RGB", (60, 40), "white").save(data, "JPEG")
    return SimpleUploadedFile("户口簿.jpg", data.getvalue(), content_type="image/jpeg")


# --- The township ---------------------------------------------------------------------------------------


def test_by_visit_the_visit_is_chosen_and_shown(cast: Cast, dead: Discrepancy) -> None:
    visit = visited(cast, cast.children["own"])
    client = cast.client("supervisor")
    address = reverse("cases:discrepancy_found", args=[dead.pk])
    said = {"found": "untrue", "method": "visit", "text": "孩子在家"}
    refused = client.post(address, said)
    assert refused.status_code == 422
    assert now(dead, cast).state == "to_check"
    assert client.post(address, said | {"visit": visit.pk}).status_code == 302
    told = now(dead, cast)
    assert (told.state, told.found, told.method, told.visit_id) == ("verified", "untrue", "visit", visit.pk)
    page = cast.client("clerk").get(reverse("cases:discrepancy", args=[dead.pk])).content.decode()
    assert reverse("cases:visit", args=[visit.pk]) in page
    assert "李守安" in page


def test_a_visit_to_another_child_or_a_draft_does_not_count(cast: Cast, dead: Discrepancy) -> None:
    other, draft = visited(cast, cast.children["neighbour"]), visited(cast, cast.children["own"], "draft")
    for visit in (other, draft):
        answer = cast.client("supervisor").post(
            reverse("cases:discrepancy_found", args=[dead.pk]),
            {"found": "untrue", "method": "visit", "text": "x", "visit": visit.pk},
        )
        assert answer.status_code == 422
    with acting(cast, "supervisor") as actor, pytest.raises(TransitionRefused):
        service.report_finding(
            discrepancy=dead,
            verification=Verification("untrue", "x", "visit", visit=other),
            actor=actor,
            at=AT,
        )


def test_by_paper_the_paper_is_kept_and_read_by_those_who_may(cast: Cast, dead: Discrepancy) -> None:
    client = cast.client("supervisor")
    address = reverse("cases:discrepancy_found", args=[dead.pk])
    said = {"found": "true", "method": "document", "text": "见火化证"}
    assert client.post(address, said).status_code == 422
    assert client.post(address, said | {"document": photo()}).status_code == 302
    with acting(cast, "clerk"):
        kept = StoredFile.objects.get(pk=now(dead, cast).document_id)
    assert (kept.kind, kept.child_id, kept.content_type) == ("evidence", dead.child_id, "image/jpeg")
    paper = reverse("cases:discrepancy_document", args=[dead.pk])
    assert cast.client("clerk").get(paper).content[:2] == b"\xff\xd8"
    assert cast.client("other_supervisor").get(paper).status_code == 404
    with system_scope(reason="test", log=False):
        assert AccessLog.objects.filter(kind="download", subject="cases.discrepancy").count() == 1


def test_something_that_is_no_picture_is_refused_beside_the_field(cast: Cast, dead: Discrepancy) -> None:
    wrong = SimpleUploadedFile("a.jpg", b"MZ not a picture", content_type="image/jpeg")
    answer = cast.client("supervisor").post(
        reverse("cases:discrepancy_found", args=[dead.pk]),
        {"found": "true", "method": "document", "text": "x", "document": wrong},
    )
    assert answer.status_code == 422
    assert answer.context["found_form"].errors["document"]


def test_the_supervisor_asks_the_village_to_visit(cast: Cast, dead: Discrepancy) -> None:
    address = reverse("cases:discrepancy_visit", args=[dead.pk])
    assert cast.client("supervisor").post(address).status_code == 302
    with acting(cast, "director"):
        task = VisitTask.objects.get(child=dead.child_id)
    assert task.due_date <= dead.due_date
    with acting(cast, "supervisor") as actor:
        service.report_finding(discrepancy=dead, verification=PHONE, actor=actor, at=AT)
    assert cast.client("supervisor").post(address).status_code == 422


def test_the_township_may_correct_its_report_until_the_county_decides(cast: Cast, dead: Discrepancy) -> None:
    with acting(cast, "supervisor") as actor:
        service.report_finding(discrepancy=dead, verification=PHONE, actor=actor, at=AT)
        service.report_finding(
            discrepancy=now(dead, cast, "supervisor"), verification=UNTRUE_BY_OFFICE, actor=actor, at=AT
        )
    assert now(dead, cast).found == "untrue"
    with acting(cast, "clerk") as actor:
        service.decide(discrepancy=now(dead, cast), state="untrue", reason="属错报", actor=actor, at=AT)
    with acting(cast, "supervisor") as actor, pytest.raises(TransitionRefused):
        service.report_finding(
            discrepancy=now(dead, cast, "supervisor"), verification=PHONE, actor=actor, at=AT
        )


# --- The county -----------------------------------------------------------------------------------------


def test_sent_back_decided_closed_with_the_whole_story(cast: Cast, dead: Discrepancy) -> None:
    with acting(cast, "supervisor") as actor:
        service.report_finding(discrepancy=dead, verification=PHONE, actor=actor, at=AT)
    client, address = cast.client("clerk"), reverse("cases:discrepancy_decide", args=[dead.pk])
    assert client.post(address, {"action": "return", "reason": ""}).status_code == 422
    assert client.post(address, {"action": "return", "reason": "请入户"}).status_code == 302
    back = now(dead, cast)
    assert (back.state, back.found) == ("to_check", "")
    assert client.post(address, {"action": "close", "reason": "过早"}).status_code == 422
    client.post(address, {"action": "untrue", "untrue-reason": "同名同姓"})
    assert now(dead, cast).detail["decided"] == "untrue"
    assert client.post(address, {"action": "close", "reason": "已告知卫健"}).status_code == 302
    closed = now(dead, cast)
    assert (closed.state, closed.feedback, closed.closed_by_id) == (
        "closed",
        "已告知卫健",
        cast.users["clerk"].pk,
    )
    with acting(cast, "clerk"):
        records = TransitionRecord.objects.filter(subject="cases.discrepancy").order_by("at", "pk")
        assert [r.name for r in records] == ["find", "return", "untrue", "close"]
    page = cast.client("supervisor").get(reverse("cases:discrepancy", args=[dead.pk])).content.decode()
    assert all(text in page for text in ("电话核实", "请入户", "同名同姓", "已告知卫健"))


def test_a_remedy_that_needs_words_is_not_carried_out_without_them(cast: Cast, dead: Discrepancy) -> None:
    answer = cast.client("clerk").post(
        reverse("cases:discrepancy_decide", args=[dead.pk]),
        {"action": "true:died", "died-day": "2026-10-03", "true-died-reason": "火化证"},
    )
    assert answer.status_code == 422
    with acting(cast, "clerk"):
        assert Child.objects.get(pk=dead.child_id).left_date is None


# --- The pair from which it followed --------------------------------------------------------------------


@pytest.fixture
def verified(cast: Cast, dead: Discrepancy) -> Discrepancy:
    """The township has reported, so that matching leaves it alone."""
    with acting(cast, "supervisor") as actor:
        return service.report_finding(discrepancy=dead, verification=PHONE, actor=actor, at=AT)


def pair_of(cast: Cast, found: Discrepancy) -> MatchCandidate:
    with acting(cast, "clerk"):
        return MatchCandidate.objects.get(list_row=found.list_row_id, role="child")


def reviewed(cast: Cast, found: Discrepancy, action: str, member: str = "clerk") -> None:
    pair = pair_of(cast, found)
    with acting(cast, member) as actor:
        review.act(action, candidate=pair, actor=actor, at=AT)


def decided(cast: Cast, found: Discrepancy, state: str, remedy: str = "") -> Discrepancy:
    with acting(cast, "clerk") as actor:
        return service.decide(
            discrepancy=found, state=state, remedy=remedy, reason="x", actor=actor, at=AT + dt.timedelta(1)
        )


def two_persons() -> None:
    with system_scope(reason="test", log=False):
        Parameter.objects.create(region_id=COUNTY, key="two_person_review", value="all", valid_from=START)


def test_nothing_follows_from_a_pair_that_two_rejected(cast: Cast, verified: Discrepancy) -> None:
    two_persons()
    reviewed(cast, verified, "other")
    for state in ("true", "untrue"):
        with pytest.raises(TransitionRefused, match=r"pair|配对|比对"):
            decided(cast, verified, state, "nothing")
    reviewed(cast, verified, "agree", "approver")
    for state in ("true", "uncheckable"):
        with pytest.raises(TransitionRefused):
            decided(cast, verified, state, "nothing")
    assert now(verified, cast).state == "verified"
    with acting(cast, "clerk") as actor:
        many_of: dict[str, Any] = {"ids": [verified.pk], "reason": "x", "actor": actor, "at": AT}
        refused = service.decide_many(state="uncheckable", **many_of)
        assert (refused.done, list(refused.refused)) == (0, ["林小满"])
        assert service.decide_many(state="untrue", **many_of).done == 1


def there(cast: Cast, found: Discrepancy) -> bool:
    with acting(cast, "clerk"):
        return Discrepancy.objects.filter(pk=found.pk).exists()


def test_a_pair_that_is_put_back_ends_nothing_until_it_is_rejected(cast: Cast, dead: Discrepancy) -> None:
    reviewed(cast, dead, "unsure")
    assert there(cast, dead)
    with pytest.raises(TransitionRefused, match=r"pair|配对|比对"):
        decided(cast, dead, "true", "nothing")
    reviewed(cast, dead, "other")
    assert not there(cast, dead)


def test_where_two_decide_one_alone_ends_nothing(cast: Cast, dead: Discrepancy) -> None:
    """What one proposed and took back has left no trace; what the second says too takes it away."""
    two_persons()
    reviewed(cast, dead, "other")
    assert pair_of(cast, dead).state == "proposed"
    assert there(cast, dead)
    reviewed(cast, dead, "undo")
    assert pair_of(cast, dead).state == "accepted"
    assert now(dead, cast).due_date == dead.due_date
    reviewed(cast, dead, "other")
    reviewed(cast, dead, "agree", "approver")
    assert not there(cast, dead)


def test_opened_again_the_overturned_pair_is_the_same_person_again(cast: Cast, verified: Discrepancy) -> None:
    overturned = decided(cast, verified, "untrue", service.ANOTHER_PERSON)
    assert pair_of(cast, verified).state == "rejected"
    with acting(cast, "clerk") as actor:
        service.reopen(discrepancy=overturned, reason="看错了", actor=actor, at=AT + dt.timedelta(2))
        assert [d.same for d in MatchDecision.objects.all()] == [True]
    assert (pair_of(cast, verified).state, now(verified, cast).state) == ("accepted", "to_check")
    assert decided(cast, now(verified, cast), "true", "nothing").state == "true"


def test_opened_again_where_two_decide_the_pair_waits_for_the_second(
    cast: Cast, verified: Discrepancy
) -> None:
    overturned = decided(cast, verified, "untrue", service.ANOTHER_PERSON)
    two_persons()
    with acting(cast, "clerk") as actor:
        service.reopen(discrepancy=overturned, reason="看错了", actor=actor, at=AT + dt.timedelta(2))
    assert (pair_of(cast, verified).state, pair_of(cast, verified).proposed_same) == ("proposed", True)


def test_opened_again_a_pair_that_was_not_overturned_by_it_is_left_alone(
    cast: Cast, verified: Discrepancy
) -> None:
    untrue = decided(cast, verified, "untrue")
    with acting(cast, "clerk") as actor:
        service.reopen(discrepancy=untrue, reason="看错了", actor=actor, at=AT + dt.timedelta(2))
    pair = pair_of(cast, verified)
    assert (pair.state, pair.decided_by_id) == ("accepted", None)


def test_one_person_does_not_overturn_a_pair_about_which_two_decide(
    cast: Cast, verified: Discrepancy
) -> None:
    two_persons()
    with pytest.raises(TransitionRefused):
        decided(cast, verified, "untrue", service.ANOTHER_PERSON)
    assert (pair_of(cast, verified).state, now(verified, cast).state) == ("accepted", "verified")


def test_of_one_whose_pair_was_rejected_only_untrue_is_offered(cast: Cast, verified: Discrepancy) -> None:
    def offered() -> set[str]:
        with acting(cast, "clerk"):
            return {choice["code"] for choice in pages.choices_of(verified, "", None, None)}

    assert {"untrue:another_person", "untrue", "uncheckable", "true:nothing"} <= offered()
    reviewed(cast, verified, "other")
    assert pair_of(cast, verified).state == "rejected"
    assert offered() == {"untrue"}


# --- Many -----------------------------------------------------------------------------------------------


def many(cast: Cast, member: str, **data: Any) -> Any:
    return cast.client(member).post(reverse("cases:discrepancies_many"), data)


def states(cast: Cast) -> list[str]:
    with acting(cast, "clerk"):
        return list(
            Discrepancy.objects.filter(kind="different").order_by("pk").values_list("state", flat=True)
        )


def test_the_township_reports_the_selected_ones_together(cast: Cast, several: list[Discrepancy]) -> None:
    ids = [d.pk for d in several[:2]]
    given = {"state": "to_check", "act": "found:untrue", "method": "office", "reason": "派出所证明未迁"}
    assert many(cast, "supervisor", ids=ids, **given).status_code == 302
    assert states(cast) == ["verified", "verified", "to_check"]
    with acting(cast, "clerk"):
        first = Discrepancy.objects.get(pk=ids[0])
        assert TransitionRecord.objects.filter(subject="cases.discrepancy", name="find").count() == 2
    assert (first.found, first.method, first.outcome) == ("untrue", "office", "派出所证明未迁")
    assert first.verified_by_id == cast.users["supervisor"].pk


def test_visits_are_asked_for_together_and_who_is_nobody_is_named(
    cast: Cast, several: list[Discrepancy]
) -> None:
    answer = many(cast, "supervisor", state="to_check", all="1", act="visit", reason="请走访")
    assert answer.status_code == 302
    with acting(cast, "director"):
        assert VisitTask.objects.count() == 3
    page = cast.client("supervisor").get(answer["Location"]).content.decode()
    assert "罗小暑" in page


def test_the_county_decides_alike_ones_together_and_closes_them(
    cast: Cast, several: list[Discrepancy]
) -> None:
    given = {"state": "to_check", "kind": "different", "all": "1"}
    assert many(cast, "clerk", act="untrue", reason="名单地址有误", **given).status_code == 302
    assert states(cast) == ["untrue"] * 3
    with acting(cast, "clerk"):
        assert {d.detail["decided"] for d in Discrepancy.objects.filter(kind="different")} == {"untrue"}
        assert Discrepancy.objects.get(kind="not_registered").state == "to_check", "the filter holds"
    many(cast, "clerk", state="untrue", all="1", act="close", reason="已反馈镇街")
    assert states(cast) == ["closed"] * 3


def test_a_remedy_is_carried_out_for_each_and_one_refusal_stops_no_other(
    cast: Cast, several: list[Discrepancy]
) -> None:
    with acting(cast, "clerk"):
        Child.objects.filter(pk=several[1].child_id).update(left_date=dt.date(2026, 9, 1), left_reason="07")
    with acting(cast, "clerk") as actor:
        outcome = service.decide_many(
            ids=[d.pk for d in several], state="true", remedy="visit", reason="入户", actor=actor, at=AT
        )
        asked = VisitTask.objects.count()
    assert outcome.done + len(outcome.refused) == 3
    assert asked == outcome.done
    assert states(cast).count("true") == outcome.done


def test_a_remedy_with_something_to_fill_in_is_decided_one_by_one(cast: Cast, dead: Discrepancy) -> None:
    with acting(cast, "clerk") as actor:
        outcome = service.decide_many(
            ids=[dead.pk], state="true", remedy="died", reason="x", actor=actor, at=AT
        )
    assert (outcome.done, list(outcome.refused)) == (0, ["林小满"])
    assert now(dead, cast).state == "to_check"


@pytest.mark.parametrize(
    ("member", "data", "status"),
    [
        ("clerk", {"act": "found:true", "reason": "x"}, 302),
        ("clerk", {"act": "untrue", "reason": ""}, 302),
        ("supervisor", {"act": "untrue", "reason": "x"}, 302),
        ("supervisor", {"act": "found:true", "method": "visit", "reason": "x"}, 302),
        ("director", {"act": "untrue", "reason": "x"}, 403),
    ],
)
def test_what_a_role_may_not_do_with_many_is_not_done(
    cast: Cast, several: list[Discrepancy], member: str, data: dict[str, str], status: int
) -> None:
    answer = many(cast, member, state="to_check", all="1", **data)
    assert answer.status_code == status
    assert states(cast) == ["to_check"] * 3


def test_another_township_reaches_none_of_them(cast: Cast, several: list[Discrepancy]) -> None:
    ids = [d.pk for d in several]
    given = {"state": "to_check", "act": "found:untrue", "method": "office", "reason": "x"}
    many(cast, "other_supervisor", ids=ids, **given)
    assert states(cast) == ["to_check"] * 3


# --- The list and the funnel ----------------------------------------------------------------------------


def test_filters_and_counts(cast: Cast, several: list[Discrepancy], page_budget: Any) -> None:
    with acting(cast, "clerk"):
        Discrepancy.objects.filter(pk=several[0].pk).update(due_date=dt.date(2026, 1, 5))
    client = cast.client("clerk")

    def shown(query: str) -> list[int]:
        return [r["it"].pk for r in client.get(f"{reverse('cases:discrepancies')}?{query}").context["rows"]]

    assert shown("overdue=1") == [several[0].pk]
    assert len(shown("")) == 4
    assert len(shown("kind=different")) == 3
    assert shown("list_kind=death") == []
    assert shown("township=500152002000") == []
    with page_budget(15):
        answer = client.get(reverse("cases:discrepancies") + "?kind=different")
    assert answer.context["counts"]["to_check"] == 3


def test_the_page_of_one_within_its_budget(cast: Cast, dead: Discrepancy, page_budget: Any) -> None:
    for member in ("supervisor", "clerk"):
        client = cast.client(member)
        client.get(reverse("cases:discrepancy", args=[dead.pk]))
        with page_budget(15):
            assert client.get(reverse("cases:discrepancy", args=[dead.pk])).status_code == 200


def test_the_funnel_of_a_month(cast: Cast, several: list[Discrepancy]) -> None:
    one, two, three = several
    with acting(cast, "supervisor") as actor:
        for each in (one, two):
            service.report_finding(discrepancy=each, verification=PHONE, actor=actor, at=AT)
    with acting(cast, "clerk") as actor:
        service.decide(discrepancy=now(one, cast), state="untrue", reason="x", actor=actor, at=AT)
        service.close(discrepancy=now(one, cast), feedback="x", actor=actor, at=AT)
        Discrepancy.objects.filter(pk=three.pk).update(due_date=dt.date(2026, 1, 5))
        steps = selectors.funnel(month_run(cast))
    assert [(step["count"], step["waiting"]) for step in steps] == [(4, 0), (2, 2), (1, 1), (1, 0)]
    assert steps[1]["overdue"] == 1
    page = cast.client("clerk").get(reverse("cases:run", args=[month_run(cast).pk]))
    assert page.context["funnel"][0]["count"] == 4
