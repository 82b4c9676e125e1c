"""Pages and papers of plans and conferences, as the people of the cast use them."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from cases.casework import services as case_services
from cases.models import (
    Case,
    CaseAction,
    CaseConference,
    CaseEntry,
    CaseGoal,
    ConferenceParticipant,
    VisitTask,
)
from cases.plans import conferences, services
from cases.plans.conferences import Invited
from staff.models import AccessLog
from staff.scope import system_scope
from tests.cases.visiting import BUDGET, NOW, TODAY, acting, fresh
from tests.cast import Cast
from tests.papers import all_text, words

SOON = TODAY + dt.timedelta(days=5)


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOW)


@pytest.fixture
def case(cast: Cast) -> Case:
    with acting(cast, "supervisor") as actor:
        return case_services.open_case(
            actor=actor,
            at=NOW,
            child=cast.children["own"],
            title="无人照料",
            level="yellow",
            summary="祖母住院",
        )


@pytest.fixture
def restricted(cast: Cast) -> Case:
    with acting(cast, "supervisor") as actor:
        return case_services.open_case(
            actor=actor, at=NOW, child=cast.children["own"], title="受限个案甲", level="red", restricted=True
        )


def english(cast: Cast, name: str) -> Client:
    return cast.client(name, headers={"Accept-Language": "en"})


def lines(prefix: str, *rows: dict[str, Any], initial: int = 0) -> dict[str, Any]:
    """What a formset posts."""
    values = {f"{prefix}-{n}-{name}": value for n, row in enumerate(rows) for name, value in row.items()}
    return {f"{prefix}-TOTAL_FORMS": len(rows), f"{prefix}-INITIAL_FORMS": initial, **values}


# --- The plan -------------------------------------------------------------------------------------------


def test_a_plan_from_the_first_goal_to_the_closed_case_through_the_pages(cast: Cast, case: Case) -> None:
    supervisor, director, at = english(cast, "supervisor"), english(cast, "director"), f"/cases/{case.pk}/"
    goal_words = {"text": "每天有人照料", "measure": "走访三次都见到人", "due_date": SOON.isoformat()}
    assert supervisor.post(f"{at}goals/add/", goal_words)["Location"] == at
    with acting(cast, "supervisor"):
        goal = CaseGoal.objects.get()
    assert (
        f'value="{goal.pk}" selected' in supervisor.get(f"{at}actions/add/?goal={goal.pk}").content.decode()
    )
    wanted = {
        "goal": goal.pk, "title": "联系姑母", "owner": cast.users["director"].pk, "due_date": SOON.isoformat()
    }  # fmt: skip
    assert supervisor.post(f"{at}actions/add/", wanted)["Location"] == at
    with acting(cast, "supervisor"):
        action = CaseAction.objects.get(goal=goal)
    moved = {"due_date": "2026-10-28", "owner": cast.users["director"].pk, "reason": "姑母外出务工"}
    assert director.post(f"{at}actions/{action.pk}/date/", moved)["Location"] == at
    later = {"due_date": "2026-11-09", "reason": "等待鉴定"}
    assert supervisor.post(f"{at}goals/{goal.pk}/date/", later)["Location"] == at
    reworded = {"title": "联系姑母和舅舅", "reason": "舅舅也愿意"}
    assert 'value="联系姑母"' in director.get(f"{at}actions/{action.pk}/words/").content.decode()
    assert director.post(f"{at}actions/{action.pk}/words/", reworded)["Location"] == at
    reworded = {"text": "白天夜里有人照料", "measure": "走访三次都见到人", "reason": "夜里也要有人"}
    assert supervisor.post(f"{at}goals/{goal.pk}/words/", reworded)["Location"] == at
    assert supervisor.post(f"{at}review/", {"text": "进展顺利", "next_date": "2026-11-30"})["Location"] == at
    text = supervisor.get(at).content.decode()
    shown = (
        "每天有人照料",
        "走访三次都见到人",
        "联系姑母和舅舅",
        "It said: 联系姑母. 舅舅也愿意",
        "姑母外出务工",
        "白天夜里有人照料",
        "It said: 每天有人照料. 夜里也要有人",
        "等待鉴定",
        "进展顺利",
        "2026-11-30",
    )
    assert [word for word in shown if word not in text] == []
    ending = {"outcome": "improved", "reason": "照料恢复", "follow_up": "assess", "visit_date": "2026-11-20"}
    refused = supervisor.post(f"{at}close/", ending).content.decode()
    assert "Judge every goal of the plan first" in refused
    assert "联系姑母" in refused  # what stands in the way is listed
    assert director.post(f"{at}actions/{action.pk}/done/", {"note": "姑母答应照料"})["Location"] == at
    judged = {"state": "partly", "outcome": "白天有人，夜里还没有"}
    assert supervisor.post(f"{at}goals/{goal.pk}/judge/", judged)["Location"] == at
    assert supervisor.post(f"{at}close/", ending)["Location"] == at
    text = supervisor.get(at).content.decode()
    assert f"/children/{case.child_id}/assessment/" in text  # the colour waits for an assessment
    assert 'value="reopen"' in text
    assert (
        supervisor.post(f"{at}transition/", {"action": "reopen", "reason": "夜里又无人"}).status_code == 302
    )
    assert fresh(cast, case).state == "planned"
    assert "夜里又无人" in supervisor.get(at).content.decode()
    with acting(cast, "supervisor"):
        assert VisitTask.objects.get().due_date == dt.date(2026, 11, 20)


def test_an_old_case_without_goals_looks_and_closes_as_before(cast: Cast, case: Case) -> None:
    with acting(cast, "supervisor") as actor:
        services.add_action(actor=actor, at=NOW, case=case, title="联系姑母", due_date=SOON)
    text = english(cast, "supervisor").get(f"/cases/{case.pk}/").content.decode()
    assert "联系姑母" in text
    assert "Actions without a goal" not in text


def test_errors_stand_beside_their_fields(cast: Cast, case: Case) -> None:
    client, at = english(cast, "supervisor"), f"/cases/{case.pk}/"
    yesterday = (TODAY - dt.timedelta(days=1)).isoformat()
    asked: list[tuple[str, dict[str, Any], set[str]]] = [
        ("goals/add/", {"due_date": yesterday}, {"text", "due_date"}),
        ("review/", {}, {"text", "next_date"}),
        ("review/", {"text": "好", "next_date": yesterday}, {"__all__"}),
        ("close/", {}, {"outcome", "reason", "follow_up"}),
        ("conferences/add/", lines("others"), {"held_at", "chair"}),
        (
            "conferences/add/",
            {"held_at": "2026-10-20T09:00", "chair": "李守安", **lines("others")},
            {"__all__"},
        ),
    ]
    for address, values, wrong in asked:
        response = client.post(at + address, values)
        assert response.status_code == 200
        assert set(response.context["form"].errors) == wrong, address


def test_the_responsible_person_finds_it_at_home_and_the_list_shows_what_is_late(
    cast: Cast, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    with acting(cast, "supervisor") as actor:
        services.add_action(
            actor=actor, at=NOW, case=case, title="联系姑母", due_date=SOON, owner=cast.users["director"]
        )
    assert "联系姑母" in cast.client("director").get("/").content.decode()
    assert "联系姑母" not in cast.client("other_director").get("/").content.decode()
    assert "无人照料" not in cast.client("supervisor").get("/cases/?show=late").content.decode()
    monkeypatch.setattr(timezone, "now", lambda: NOW + dt.timedelta(days=6))
    assert "无人照料" in cast.client("supervisor").get("/cases/?show=late").content.decode()


# --- A conference ---------------------------------------------------------------------------------------


def test_a_conference_from_the_invitation_to_the_plan_through_the_pages(cast: Cast, case: Case) -> None:
    client, at = english(cast, "supervisor"), f"/cases/{case.pk}/conferences/"
    called = {
        "held_at": "2026-10-20T09:00", "place": "镇会议室", "chair": "李守安",
        "insiders": [cast.users["director"].pk, cast.users["clerk"].pk],
        **lines("others", {"role": "police", "organisation": "派出所", "name": "周警官"}, {"role": "school", "name": ""}),
    }  # fmt: skip
    address = client.post(f"{at}add/", called)["Location"]
    with acting(cast, "supervisor"):
        conference = CaseConference.objects.get()
        people = {one.name: one for one in ConferenceParticipant.objects.all()}
    assert address == f"{at}{conference.pk}/"
    assert {name: one.role for name, one in people.items()} == {
        "王念慈": "village", "赵清和": "civil_affairs", "周警官": "police",
    }  # fmt: skip
    assert {one.attended for one in people.values()} == {None}
    written = {
        "came": [people["王念慈"].pk, people["周警官"].pk], "minutes": "派出所通报情况。", "decisions": "孩子每天到校\n\n联系姑母\n暂不办理",
        **lines("others", {"role": "school", "organisation": "中心小学", "name": "何老师"}),
    }  # fmt: skip
    assert client.post(f"{address}minutes/", written)["Location"] == f"{address}decisions/"
    with acting(cast, "supervisor"):
        came = dict(ConferenceParticipant.objects.values_list("name", "attended"))
    assert came == {"王念慈": True, "赵清和": False, "周警官": True, "何老师": True}
    again = client.post(f"{address}minutes/", written | {"minutes": "改写"})
    assert "The minutes are written" in again.content.decode()
    assert fresh(cast, conference).minutes == "派出所通报情况。"
    offered = client.get(f"{address}decisions/").context["lines"]
    assert [form["text"].value() for form in offered] == ["孩子每天到校", "联系姑母", "暂不办理"]
    day = SOON.isoformat()
    chosen = lines(
        "lines",
        {"kind": "goal", "text": "孩子每天到校", "due_date": day},
        {"kind": "action", "text": "联系姑母", "due_date": day, "owner": cast.users["director"].pk},
        {"kind": "", "text": "暂不办理"},
        initial=3,
    )
    wrong = client.post(f"{address}decisions/", chosen | {"lines-1-owner": "", "lines-0-due_date": ""})
    assert [set(form.errors) for form in wrong.context["lines"]] == [{"due_date"}, {"owner"}, set()]
    assert client.post(f"{address}decisions/", chosen)["Location"] == f"/cases/{case.pk}/"
    with acting(cast, "supervisor"):
        assert CaseGoal.objects.get().conference_id == CaseAction.objects.get().conference_id == conference.pk
        assert conferences.decisions_left(CaseConference.objects.get()) == ["暂不办理"]
    assert client.post(f"{address}words/", {"text": "会后补充：已签约。"})["Location"] == address
    text = client.get(address).content.decode()
    assert [
        word for word in ("派出所通报情况", "会后补充：已签约。", "何老师", "暂不办理") if word not in text
    ] == []


def test_minutes_wait_for_the_conference_and_for_somebody_who_came(cast: Cast, case: Case) -> None:
    client, at = english(cast, "supervisor"), f"/cases/{case.pk}/conferences/"
    with acting(cast, "supervisor") as actor:
        asked = [Invited("police", "周警官")]
        coming = conferences.call_conference(
            actor=actor, at=NOW, case=case, held_at=NOW + dt.timedelta(days=1), chair="李守安", invited=asked
        )
        held = conferences.call_conference(
            actor=actor, at=NOW, case=case, held_at=NOW, chair="李守安", invited=asked
        )
    values = {"minutes": "x", **lines("others")}
    assert "still to come" in client.post(f"{at}{coming.pk}/minutes/", values).content.decode()
    assert "minutes/" not in client.get(f"{at}{coming.pk}/").content.decode()
    assert "Say who came" in client.post(f"{at}{held.pk}/minutes/", values).content.decode()
    assert "Write the minutes first" in client.post(f"{at}{held.pk}/words/", {"text": "x"}).content.decode()
    long = client.post(f"{at}{held.pk}/minutes/", values | {"decisions": "长" * 121})
    assert set(long.context["form"].errors) == {"decisions"}
    with acting(cast, "supervisor"):
        assert not CaseConference.objects.filter(minuted_at__isnull=False).exists()
        assert not CaseEntry.objects.exists()


def test_a_restricted_case_offers_and_takes_named_people_alone(cast: Cast, restricted: Case) -> None:
    client, at = english(cast, "supervisor"), f"/cases/{restricted.pk}/"
    for address in ("conferences/add/", "actions/add/"):
        choices = client.get(at + address).context["form"].fields
        people = choices.get("insiders") or choices["owner"]
        assert [pk for pk, _name in people.choices] == [cast.users["supervisor"].pk]
    values = {
        "held_at": "2026-10-20T09:00", "chair": "李守安", "insiders": [cast.users["director"].pk], **lines("others")
    }  # fmt: skip
    assert set(client.post(f"{at}conferences/add/", values).context["form"].errors) == {"insiders"}
    assert cast.client("clerk").get(f"{at}conferences/add/").status_code == 404


# --- On paper -------------------------------------------------------------------------------------------


def test_a_case_and_its_minutes_are_printed_with_all_they_hold_and_the_paper_is_logged(
    cast: Cast, case: Case
) -> None:
    with acting(cast, "supervisor") as actor:
        goal = services.add_goal(
            actor=actor, at=NOW, case=case, text="每天有人照料", measure="走访三次都见到人", due_date=SOON
        )
        services.add_action(actor=actor, at=NOW, case=case, title="联系姑母", due_date=SOON, goal=goal)
        services.change_goal_date(
            actor=actor, at=NOW, goal=goal, due_date=SOON + dt.timedelta(days=3), reason="等待鉴定"
        )
        held = conferences.call_conference(
            actor=actor, at=NOW, case=case, held_at=NOW, chair="李守安", place="镇会议室",
            invited=[Invited("police", "周警官", "派出所")],
        )  # fmt: skip
        conferences.write_minutes(
            actor=actor, at=NOW, conference=held, minutes="派出所通报情况。", decisions="孩子每天到校",
            came=set(held.participants.values_list("pk", flat=True)),
        )  # fmt: skip
        conferences.add_words(actor=actor, at=NOW, conference=held, text="会后补充。")
    client = cast.client("supervisor")
    plan = client.post(f"/cases/{case.pk}/pdf/", {"reason": "存档"})
    assert plan["Content-Type"] == "application/pdf"
    shown = (
        "无人照料",
        "祖母住院",
        "每天有人照料",
        "走访三次都见到人",
        "联系姑母",
        "等待鉴定",
        "镇会议室",
        "林小满",
    )
    text = all_text(plan.content)
    assert [word for word in shown if words(word) not in text] == []
    minutes = all_text(
        client.post(f"/cases/{case.pk}/conferences/{held.pk}/pdf/", {"reason": "签字"}).content
    )
    spoken = ("周警官", "派出所", "派出所通报情况。", "孩子每天到校", "会后补充。", "李守安", "2026-10-20")
    assert [word for word in spoken if words(word) not in minutes] == []
    with system_scope(reason="test", log=False):
        logged = AccessLog.objects.filter(kind="export").order_by("at", "pk")
        assert [line.detail["what"] for line in logged] == ["case_pdf", "conference_pdf"]
    assert client.post(f"/cases/{case.pk}/pdf/", {"reason": ""}).status_code == 200


# --- Budgets --------------------------------------------------------------------------------------------


def test_pages_cost_the_same_however_much_is_planned(
    cast: Cast, case: Case, django_assert_max_num_queries: Any
) -> None:
    def fill(times: int) -> None:
        with acting(cast, "supervisor") as actor:
            for n in range(times):
                goal = services.add_goal(actor=actor, at=NOW, case=case, text=f"目标{n}", due_date=SOON)
                services.add_action(actor=actor, at=NOW, case=case, title="x", due_date=SOON, goal=goal)
                held = conferences.call_conference(
                    actor=actor,
                    at=NOW,
                    case=case,
                    held_at=NOW,
                    chair="x",
                    invited=[Invited("police", "x")] * 3,
                )
                conferences.write_minutes(
                    actor=actor, at=NOW, conference=held, minutes="x", decisions="a\nb", came=set(),
                    others=[Invited("school", "y")] * 3,
                )  # fmt: skip
                services.review_plan(actor=actor, at=NOW, case=case, text="x", next_date=SOON)

    fill(2)
    with acting(cast, "supervisor"):
        conference = CaseConference.objects.first()
    assert conference is not None
    addresses = [
        "/cases/", "/cases/?show=late", f"/cases/{case.pk}/", f"/cases/{case.pk}/close/", f"/cases/{case.pk}/actions/add/",
        f"/cases/{case.pk}/conferences/{conference.pk}/", f"/cases/{case.pk}/conferences/{conference.pk}/decisions/",
    ]  # fmt: skip
    for member in ("supervisor", "clerk"):
        client = cast.client(member)
        client.get("/cases/")
        for address in addresses:
            with django_assert_max_num_queries(BUDGET):
                assert client.get(address).status_code == 200, address
    fill(4)
    client = cast.client("supervisor")
    client.get("/cases/")
    for address in addresses:
        with django_assert_max_num_queries(BUDGET):
            assert client.get(address).status_code == 200, address


def test_a_reader_reads_the_plan_and_acts_on_nothing(cast: Cast, case: Case) -> None:
    text = english(cast, "leader").get(f"/cases/{case.pk}/").content.decode()
    assert [
        word
        for word in ("goals/add", "actions/add", "conferences/add", "close/", "transition/")
        if word in text
    ] == []
