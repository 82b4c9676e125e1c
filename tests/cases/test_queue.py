"""The review queue: what is listed to whom, the decision beside the list, quiet visits together."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from cases.models import Case, Visit
from cases.visit_enums import OverdueLevel
from cases.visit_selectors import intervals_for, overdue_children
from staff.models import AccessLog, Parameter
from staff.scope import system_scope
from tests.cases.visiting import BUDGET, NOW, TODAY, acting, fresh, submitted
from tests.cast import COUNTY, OTHER_VILLAGE, START, VILLAGE, Cast, make_child


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOW)


def english(cast: Cast, name: str = "supervisor") -> Client:
    return cast.client(name, headers={"Accept-Language": "en"})


def groups(response: Any) -> dict[str, list[str]]:
    return {group["title"]: [row["title"] for row in group["rows"]] for group in response.context["groups"]}


def late(cast: Cast, name: str, risk: str, days: int, region: int = VILLAGE) -> None:
    with system_scope(reason="a late child", log=False):
        make_child(region, name, risk=risk, next_visit_date=TODAY - dt.timedelta(days=days))


# --- Lateness climbs ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("risk", "days", "level"),
    [
        ("red", 0, None),
        ("red", 1, "director"),
        ("red", 6, "director"),
        ("red", 7, "supervisor"),
        ("red", 13, "supervisor"),
        ("red", 14, "county"),
        ("yellow", 14, "director"),
        ("yellow", 15, "supervisor"),
        ("yellow", 30, "county"),
        ("green", 29, "director"),
        ("green", 30, "supervisor"),
        ("green", 60, "county"),
    ],
)
def test_lateness_climbs_with_the_interval(cast: Cast, risk: str, days: int, level: str | None) -> None:
    late(cast, "江惊蛰", risk, days)
    order = [OverdueLevel.DIRECTOR, OverdueLevel.SUPERVISOR, OverdueLevel.COUNTY]
    with acting(cast, "clerk"):
        intervals = intervals_for(COUNTY, TODAY)
        reached = [
            one.value
            for one in order
            if overdue_children(TODAY, intervals, one).filter(name="江惊蛰").exists()
        ]
    assert (
        reached == [one.value for one in order[: order.index(OverdueLevel(level)) + 1]]
        if level
        else reached == []
    )


def test_the_countys_intervals_decide(cast: Cast) -> None:
    late(cast, "江惊蛰", "red", 6)
    with acting(cast, "clerk"):
        assert not overdue_children(TODAY, intervals_for(COUNTY, TODAY), OverdueLevel.SUPERVISOR).exists()
        Parameter.objects.create(
            region_id=COUNTY, key="visit_interval_days", value={"red": 3}, valid_from=START, source="测试"
        )
        found = overdue_children(TODAY, intervals_for(COUNTY, TODAY), OverdueLevel.COUNTY)
        assert [child.name for child in found] == ["江惊蛰"]


def test_a_child_whose_visit_awaits_review_or_who_left_is_not_late(cast: Cast) -> None:
    with acting(cast, "director"):
        child = make_child(VILLAGE, "江惊蛰", risk="red", next_visit_date=TODAY - dt.timedelta(days=20))
        make_child(
            VILLAGE,
            "白立春",
            risk="red",
            next_visit_date=TODAY - dt.timedelta(days=20),
            left_date=TODAY,
            left_reason="05",
        )
    assert groups(english(cast).get("/queue/?show=overdue"))["Overdue: supervisor"] == ["江惊蛰"]
    submitted(cast, child)
    assert "Overdue: supervisor" not in groups(english(cast).get("/queue/?show=overdue"))


# --- Lists ----------------------------------------------------------------------------------------------


def test_the_supervisors_queue(cast: Cast) -> None:
    late(cast, "江惊蛰", "red", 8)
    late(cast, "温芒种", "red", 2)
    late(cast, "陶小暑", "green", 70, OTHER_VILLAGE)
    yellow = submitted(cast, at=NOW - dt.timedelta(hours=1), problems=["low_mood"])
    red = submitted(cast, cast.children["neighbour"], by="other_director", risk="red")
    submitted(cast, cast.children["own"], by="supervisor")
    response = english(cast).get("/queue/")
    assert groups(response) == {
        "Overdue: supervisor": ["江惊蛰", "陶小暑"],
        "Visits to review": ["秦白露", "林小满"],
    }
    assert [tile["number"] for tile in response.context["tiles"]] == [2, 2, 0]
    assert response.context["first_url"] == f"/visits/{red.pk}/review/"
    text = response.content.decode()
    assert "Low in spirits" in text
    assert "raised to Red" in text
    assert f'href="/visits/{yellow.pk}/review/"' in text
    assert 'data-beside="review"' in text
    assert "data-keys" in text
    every = groups(english(cast).get("/queue/?show=overdue"))
    assert every["Overdue, still with a level below"] == ["温芒种"]


def test_the_countys_queue_shows_what_has_climbed(cast: Cast) -> None:
    late(cast, "江惊蛰", "red", 13)
    late(cast, "陶小暑", "red", 14)
    visit = submitted(cast, answers={"harm": True}, risk="red")
    supervisor = english(cast)
    supervisor.post(
        f"/visits/{visit.pk}/review/",
        {
            "action": "escalate",
            "level": "red",
            "title": "身上有伤",
            "reason": "请区里处置",
            "to_county": "on",
        },
    )
    response = english(cast, "clerk").get("/queue/")
    assert groups(response) == {"Overdue: county": ["陶小暑"], "Cases handed up": ["林小满"]}
    assert groups(english(cast, "stranger").get("/queue/")) == {}


@pytest.mark.parametrize(
    ("member", "status"), [("director", 403), ("leader", 403), ("auditor", 403), ("approver", 200)]
)
def test_who_has_a_queue(cast: Cast, member: str, status: int) -> None:
    assert cast.client(member).get("/queue/").status_code == status


def test_a_long_queue_says_how_many_more(cast: Cast) -> None:
    for number in range(52):
        late(cast, f"甲{number:02}", "red", 10)
    response = english(cast).get("/queue/")
    assert len(groups(response)["Overdue: supervisor"]) == 50
    assert response.context["queue"].overdue_count == 52
    assert "and 2 more" in response.content.decode()


# --- Decisions ------------------------------------------------------------------------------------------


def test_the_panel_is_a_fragment_for_htmx_and_a_page_otherwise(cast: Cast) -> None:
    visit = submitted(cast, risk="green", answers={"guardian": True})
    client = english(cast)
    fragment = client.get(f"/visits/{visit.pk}/review/", headers={"HX-Request": "true"})
    whole = client.get(f"/visits/{visit.pk}/review/")
    assert "<html" not in fragment.content.decode()
    assert "HX-Request" in whole["Vary"]
    for response in (fragment, whole):
        text = response.content.decode()
        assert "A better colour takes effect with the supervisor" in text
        assert "A case is suggested:" in text
        for key in "ARE":
            assert f'data-key="{key}"' in text
    assert "1 / 1" in whole.content.decode()
    with system_scope(reason="look at the log", log=False):
        assert (
            AccessLog._base_manager.filter(
                kind="read", subject="cases.visit", child_id=visit.child_id
            ).count()
            == 2
        )


def test_approving_goes_on_to_the_next(cast: Cast) -> None:
    first = submitted(cast, risk="red")
    second = submitted(cast, cast.children["neighbour"], by="other_director")
    client = cast.client("supervisor")
    response = client.post(f"/visits/{first.pk}/review/", {"action": "approve"})
    assert response["Location"] == f"/visits/{second.pk}/review/"
    response = client.post(
        f"/visits/{second.pk}/review/",
        {"action": "return", "reason_code": "unclear", "reason": "写清楚何时回家"},
    )
    assert response["Location"] == "/queue/"
    assert (fresh(cast, first).state, fresh(cast, second).state) == ("approved", "returned")


@pytest.mark.parametrize(
    "values",
    [
        {"action": "return", "reason_code": "unclear"},
        {"action": "return", "reason": "无原因代码"},
        {"action": "escalate", "reason": "没有级别", "title": "照料"},
        {"action": "escalate", "level": "green", "reason": "级别不对", "title": "照料"},
        {"action": "submit"},
        {},
    ],
)
def test_an_incomplete_decision_decides_nothing(cast: Cast, values: dict[str, str]) -> None:
    visit = submitted(cast)
    response = cast.client("supervisor").post(f"/visits/{visit.pk}/review/", values)
    assert response.status_code == 422
    assert fresh(cast, visit).state == "submitted"
    if values.get("action") == "escalate":
        assert values["reason"] in response.content.decode()


def test_escalating_opens_a_case(cast: Cast) -> None:
    visit = submitted(cast, answers={"guardian": True})
    response = cast.client("supervisor").post(
        f"/visits/{visit.pk}/review/",
        {"action": "escalate", "level": "blue", "title": "无人照料", "reason": "祖母住院"},
    )
    assert response.status_code == 302
    with acting(cast, "supervisor"):
        case = Case.objects.get()
    assert (case.visit_id, case.level, case.state, case.summary) == (visit.pk, "blue", "open", "祖母住院")


@pytest.mark.parametrize(
    ("member", "status"),
    [
        ("director", 403),
        ("clerk", 403),
        ("leader", 403),
        ("other_supervisor", 404),
        ("releaser", 403),
        ("nobody", 403),
    ],
)
def test_others_cannot_decide(cast: Cast, member: str, status: int) -> None:
    visit = submitted(cast)
    client = cast.client(member)
    assert client.get(f"/visits/{visit.pk}/review/").status_code == status
    assert client.post(f"/visits/{visit.pk}/review/", {"action": "approve"}).status_code == status
    assert fresh(cast, visit).state == "submitted"


def test_ones_own_visit_offers_no_decision_and_is_refused(cast: Cast) -> None:
    visit = submitted(cast, by="supervisor")
    client = english(cast)
    assert "There is nothing for you to decide" in client.get(f"/visits/{visit.pk}/review/").content.decode()
    response = client.post(f"/visits/{visit.pk}/review/", {"action": "approve"})
    assert response.status_code == 422
    assert "another person" in response.content.decode()
    assert fresh(cast, visit).state == "submitted"


# --- Together -------------------------------------------------------------------------------------------


def test_quiet_visits_are_looked_through_and_approved_together(cast: Cast) -> None:
    with acting(cast, "director"):
        green = [
            make_child(VILLAGE, name, risk="green", next_visit_date=TODAY)
            for name in ("甲一", "甲二", "甲三", "甲四")
        ]
    quiet = [submitted(cast, child, risk="green") for child in green[:2]]
    found = submitted(cast, green[2], risk="green", problems=["absent"])
    answered = submitted(cast, green[3], risk="green", answers={"guardian": True})
    client = english(cast)
    assert "/queue/approve/" in client.get("/queue/").content.decode()
    text = client.get("/queue/approve/").content.decode()
    assert "甲一" in text
    assert "甲三" not in text
    assert "甲四" not in text
    response = client.post("/queue/approve/", {"visit": [quiet[0].pk, found.pk, answered.pk]})
    assert response.status_code == 302
    states = {visit.pk: fresh(cast, visit).state for visit in (*quiet, found, answered)}
    assert states == {
        quiet[0].pk: "approved",
        quiet[1].pk: "submitted",
        found.pk: "submitted",
        answered.pk: "submitted",
    }
    assert fresh(cast, green[0]).last_visit_date == TODAY
    assert client.post("/queue/approve/", {})["Location"] == "/queue/approve/"
    assert cast.client("director").get("/queue/approve/").status_code == 403


# --- Budgets --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("member", "address"),
    [
        ("supervisor", "/queue/"),
        ("supervisor", "/queue/?show=overdue"),
        ("supervisor", "/queue/?show=cases"),
        ("supervisor", "/visits/{visit}/review/"),
        ("supervisor", "/queue/approve/"),
        ("clerk", "/queue/"),
    ],
)
def test_pages_stay_within_their_budget(
    cast: Cast, django_assert_max_num_queries: Any, member: str, address: str
) -> None:
    with acting(cast, "director"):
        children = [
            make_child(VILLAGE, f"甲{number}", risk="green", next_visit_date=TODAY) for number in range(6)
        ]
    visits: list[Visit] = [submitted(cast, child, risk="green") for child in children]
    for number in range(6):
        late(cast, f"乙{number}", "red", 20)
    client = cast.client(member)
    client.get("/queue/")
    with django_assert_max_num_queries(BUDGET):
        assert client.get(address.format(visit=visits[0].pk)).status_code == 200
