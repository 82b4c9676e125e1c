"""The queue: what is listed to whom and in which order, the decision beside it, its budget."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from cases.models import Case, Note, Visit
from cases.visits.enums import OverdueLevel
from cases.visits.selectors import intervals_for, overdue_children
from staff.models import AccessLog, Parameter
from staff.scope import system_scope
from tests.cases.visiting import BUDGET, NOW, TODAY, acting, fresh, submitted
from tests.cast import COUNTY, OTHER_VILLAGE, START, VILLAGE, Cast, make_child


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOW)


def english(cast: Cast, name: str = "supervisor") -> Client:
    return cast.client(name, headers={"Accept-Language": "en"})


def listed(response: Any) -> list[str]:
    """The names in the order of the page."""
    return [row["title"] for _title, rows in response.context["groups"] for row in rows]


def counts(response: Any) -> dict[str, int]:
    return {tile["label"]: tile["number"] for tile in response.context["tiles"]}


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
    assert listed(english(cast).get("/queue/?source=overdue")) == ["江惊蛰"]
    submitted(cast, child)
    assert listed(english(cast).get("/queue/?source=overdue")) == []


# --- Lists ----------------------------------------------------------------------------------------------


def test_the_supervisors_queue(cast: Cast) -> None:
    late(cast, "江惊蛰", "red", 8)
    late(cast, "温芒种", "red", 2)
    late(cast, "陶小暑", "green", 70, OTHER_VILLAGE)
    yellow = submitted(cast, at=NOW - dt.timedelta(hours=1), problems=["low_mood"])
    submitted(
        cast, cast.children["neighbour"], by="other_director", risk="red", at=NOW - dt.timedelta(days=20)
    )
    submitted(cast, cast.children["own"], by="supervisor")
    response = english(cast).get("/queue/")
    # By the day each was promised: seventy days ago, a review of seventeen days ago, eight days ago, in three days.
    assert listed(response) == ["陶小暑", "秦白露", "江惊蛰", "林小满"]
    assert counts(response) == {"Everything": 4, "Visits overdue": 2, "Visits to review": 2}
    text = response.content.decode()
    assert "Low in spirits" in text
    assert "raised to Red" in text
    assert f'href="/queue/visits/{yellow.pk}/"' in text
    assert 'data-beside="review"' in text
    assert "data-keys" in text
    assert listed(english(cast).get("/queue/?show=review")) == ["秦白露", "林小满"]
    assert listed(english(cast).get(f"/queue/?region={OTHER_VILLAGE}")) == ["陶小暑", "秦白露"]
    director = cast.users["director"].pk
    assert listed(english(cast).get(f"/queue/?person={director}")) == ["林小满"]


def test_the_countys_queue_shows_what_has_climbed(cast: Cast) -> None:
    late(cast, "江惊蛰", "red", 13)
    late(cast, "陶小暑", "red", 14)
    visit = submitted(cast, answers={"harm": True}, risk="red")
    english(cast).post(
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
    assert listed(response) == ["陶小暑", "林小满"]
    assert counts(response) == {"Everything": 2, "Visits overdue": 1, "Cases to begin": 1}
    assert listed(english(cast, "stranger").get("/queue/")) == []


@pytest.mark.parametrize(
    ("member", "status"), [("director", 403), ("leader", 403), ("auditor", 403), ("approver", 200)]
)
def test_who_has_a_queue(cast: Cast, member: str, status: int) -> None:
    assert cast.client(member).get("/queue/").status_code == status


def test_a_long_queue_goes_on(cast: Cast) -> None:
    for number in range(32):
        late(cast, f"甲{number:02}", "red", 10)
    client = english(cast)
    first = client.get("/queue/")
    assert counts(first)["Visits overdue"] == 32
    assert len(listed(first)) == 30
    assert len(listed(client.get(first.context["later"]))) == 2


def test_who_was_written_to_comes_again_when_nobody_visits(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    late(cast, "江惊蛰", "red", 10)
    client = english(cast)
    (row,) = [row for _title, rows in client.get("/queue/").context["groups"] for row in rows]
    director = cast.users["director"].pk
    empty = client.post(row["url"], {"action": "note", "recipient": director, "text": " "})
    assert empty.status_code == 422
    assert (
        client.post(row["url"], {"action": "note", "recipient": director, "text": "请尽快走访"})["Location"]
        == "/queue/"
    )
    with acting(cast, "director"):
        assert Note.objects.get().text == "请尽快走访"
    assert listed(client.get("/queue/")) == []
    monkeypatch.setattr(timezone, "now", lambda: NOW + dt.timedelta(days=6))
    assert listed(english(cast).get("/queue/")) == ["江惊蛰"]


# --- Decisions ------------------------------------------------------------------------------------------


def test_the_panel_is_a_fragment_for_htmx_and_a_page_otherwise(cast: Cast) -> None:
    visit = submitted(cast, risk="green", answers={"guardian": True})
    client = english(cast)
    fragment = client.get(f"/visits/{visit.pk}/review/", headers={"HX-Request": "true"})
    whole = client.get(f"/queue/visits/{visit.pk}/")
    assert "<html" not in fragment.content.decode()
    assert "HX-Request" in whole["Vary"]
    for response in (fragment, whole):
        text = response.content.decode()
        assert "approving leaves the colour" in text
        assert "A case is suggested:" in text
        for key in "AREN":
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
    first = submitted(cast, risk="red", at=NOW - dt.timedelta(hours=2))
    second = submitted(cast, cast.children["neighbour"], by="other_director")
    client = cast.client("supervisor")
    response = client.post(f"/visits/{first.pk}/review/", {"action": "approve"})
    assert response["Location"] == f"/queue/visits/{second.pk}/"
    response = client.post(
        f"/queue/visits/{second.pk}/",
        {"action": "return", "reason_code": "unclear", "reason": "写清楚何时回家"},
    )
    assert response["Location"] == "/queue/"
    assert (fresh(cast, first).state, fresh(cast, second).state) == ("approved", "returned")


def test_htmx_is_answered_with_the_next_panel_the_row_and_the_counts(cast: Cast) -> None:
    first = submitted(cast, risk="red", at=NOW - dt.timedelta(hours=2))
    second = submitted(cast, cast.children["neighbour"], by="other_director")
    client = english(cast)
    answer = client.post(
        f"/queue/visits/{first.pk}/?source=visits", {"action": "approve"}, headers={"HX-Request": "true"}
    )
    assert answer["HX-Replace-Url"] == f"/queue/visits/{second.pk}/?source=visits"
    text = answer.content.decode()
    assert f'data-work="work-visits-{second.pk}"' in text
    assert f'data-decided="work-visits-{first.pk}"' in text
    assert 'id="desk-tiles" hx-swap-oob="true"' in text
    assert '<p id="said" hx-swap-oob="innerHTML">Visit to 林小满 approved.' in text
    done = client.post(f"/queue/visits/{second.pk}/", {"action": "approve"}, headers={"HX-Request": "true"})
    assert "Everything here is decided" in done.content.decode()
    assert done["HX-Replace-Url"] == "/queue/"


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
    for headers in ({}, {"HX-Request": "true"}):
        response = cast.client("supervisor").post(f"/queue/visits/{visit.pk}/", values, headers=headers)
        assert response.status_code == 422
        assert 'role="alert"' in response.content.decode()
        if "reason" in values:  # what was typed stands there again, opened
            assert values["reason"] in response.content.decode()
            assert "data-asks open" in response.content.decode()
    assert fresh(cast, visit).state == "submitted"


def test_the_second_of_two_is_told_who_decided(cast: Cast) -> None:
    visit = submitted(cast, at=NOW - dt.timedelta(hours=1))
    with system_scope(reason="a second supervisor", log=False):
        colleague = cast.users["other_supervisor"]
        cast.assignments["other_supervisor"].post.further_regions.add(VILLAGE)
    client = english(cast, "other_supervisor")
    assert client.post(f"/queue/visits/{visit.pk}/", {"action": "approve"}).status_code == 302
    typed = {"action": "return", "reason_code": "unclear", "reason": "写清楚何时回家"}
    second = english(cast).post(f"/queue/visits/{visit.pk}/", typed)
    assert second.status_code == 422
    assert f"{colleague.name} decided meanwhile: Approve" in second.content.decode()
    found = fresh(cast, visit)
    assert (found.state, found.reviewed_by_id) == ("approved", colleague.pk)


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
    for address in (f"/visits/{visit.pk}/review/", f"/queue/visits/{visit.pk}/"):
        assert client.get(address).status_code == status
        assert client.post(address, {"action": "approve"}).status_code == status
    assert fresh(cast, visit).state == "submitted"


def test_ones_own_visit_offers_no_decision_and_is_refused(cast: Cast) -> None:
    visit = submitted(cast, by="supervisor")
    client = english(cast)
    assert "There is nothing for you to decide" in client.get(f"/visits/{visit.pk}/review/").content.decode()
    response = client.post(f"/visits/{visit.pk}/review/", {"action": "approve"})
    assert response.status_code == 422
    assert "another person" in response.content.decode()
    assert fresh(cast, visit).state == "submitted"


# --- Budgets --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("member", "address"),
    [
        ("supervisor", "/queue/"),
        ("supervisor", "/queue/?source=overdue"),
        ("supervisor", f"/queue/?region={VILLAGE}"),
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
