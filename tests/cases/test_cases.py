"""Cases through their services and pages: opening, plan, handing up, closing, and restriction to named
people.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.utils import ProgrammingError
from django.test import Client
from django.utils import timezone

from cases.casework import services
from cases.casework.selectors import named_people, people_for
from cases.casework.services import CaseRefused
from cases.models import Case, CaseAction, CaseEntry
from cases.plans import closing
from cases.plans import services as plans
from staff.models import AccessLog, TransitionRecord
from staff.posts import end_assignment
from staff.scope import open_scope, scope_of, system_scope
from staff.workflow import TransitionRefused
from tests.cases.visiting import BUDGET, NOW, TODAY, acting, fresh, submitted
from tests.cast import Cast

LATER = NOW + dt.timedelta(hours=2)
SOON = TODAY + dt.timedelta(days=5)


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOW)


def opened(cast: Cast, by: str = "supervisor", child: str = "own", **values: Any) -> Case:
    with acting(cast, by) as actor:
        return services.open_case(
            actor=actor,
            at=NOW,
            child=cast.children[child],
            **({"title": "祖母住院无人照料", "level": "yellow"} | values),
        )


def change(cast: Cast, case: Case, name: str, by: str = "supervisor", **values: Any) -> Case:
    with acting(cast, by) as actor:
        if name == "close":
            ending = {"outcome": "", "reason": "", "follow_up": "visits"} | values
            return closing.close_case(actor=actor, at=LATER, case=case, **ending)
        return services.change_case(actor=actor, at=LATER, case=case, name=name, **values)


def planned(cast: Cast, case: Case, by: str = "supervisor", owner: str | None = None) -> CaseAction:
    with acting(cast, by) as actor:
        person = cast.users[owner] if owner else None
        return plans.add_action(
            actor=actor, at=NOW, case=case, title="协调邻居照料", due_date=SOON, owner=person
        )


def titles(sql: str = "SELECT title FROM cases_case") -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return [row[0] for row in cursor.fetchall()]


def english(cast: Cast, name: str) -> Client:
    return cast.client(name, headers={"Accept-Language": "en"})


# --- Opening and the plan -------------------------------------------------------------------------------


def test_a_case_is_owned_by_its_opener_and_has_a_clock(cast: Cast) -> None:
    case = opened(cast, visit=submitted(cast))
    assert (case.state, case.owner_id, case.opened_by_id) == (
        "open",
        cast.users["supervisor"].pk,
        cast.users["supervisor"].pk,
    )
    assert case.due_at == NOW + dt.timedelta(hours=72)
    assert case.region_id == cast.children["own"].region_id


@pytest.mark.parametrize("member", ["director", "leader", "releaser"])
def test_others_open_no_case(cast: Cast, member: str) -> None:
    with pytest.raises(CaseRefused):
        opened(cast, by=member)


@pytest.mark.parametrize("values", [{"level": "green"}, {"level": ""}, {"title": "  "}])
def test_a_case_needs_a_level_and_a_title(cast: Cast, values: dict[str, str]) -> None:
    with pytest.raises(CaseRefused):
        opened(cast, **values)


def test_a_case_cannot_be_opened_outside_the_scope(cast: Cast) -> None:
    with pytest.raises(ProgrammingError):
        opened(cast, by="other_supervisor")


def test_the_first_action_sets_the_plan(cast: Cast) -> None:
    case = opened(cast)
    action = planned(cast, case, owner="director")
    assert fresh(cast, case).state == "planned"
    assert (action.owner_id, action.region_id, action.restricted) == (
        cast.users["director"].pk,
        case.region_id,
        False,
    )
    planned(cast, case, by="director")
    with acting(cast, "clerk"):
        names = list(TransitionRecord.objects.filter(subject="cases.case").values_list("name", flat=True))
    assert names == ["plan"]


def test_an_action_is_reported_once_and_with_words(cast: Cast) -> None:
    case = opened(cast)
    action = planned(cast, case)
    with acting(cast, "director") as actor:
        with pytest.raises(CaseRefused):
            plans.finish_action(actor=actor, at=LATER, action=action, note=" ")
        done = plans.finish_action(actor=actor, at=LATER, action=action, note="田大姐每晚陪伴")
        assert (done.done_at, done.note) == (LATER, "田大姐每晚陪伴")
        with pytest.raises(CaseRefused):
            plans.finish_action(actor=actor, at=LATER, action=action, note="再报一次")
    with acting(cast, "leader") as actor, pytest.raises(CaseRefused):
        plans.finish_action(actor=actor, at=LATER, action=action, note="无权")


# --- Handing up and closing -----------------------------------------------------------------------------


def test_handing_up_and_taking_over(cast: Cast) -> None:
    case = opened(cast)
    with pytest.raises(TransitionRefused):
        change(cast, case, "escalate", reason="")
    case = change(cast, case, "escalate", reason="需区里协调医疗")
    assert (case.state, case.at_county) == ("escalated", True)
    with pytest.raises(TransitionRefused):
        change(cast, case, "take_over", by="supervisor")
    case = change(cast, case, "take_over", by="clerk")
    assert (case.state, case.owner_id) == ("planned", cast.users["clerk"].pk)
    with pytest.raises(TransitionRefused):
        change(cast, case, "take_over", by="approver")
    with pytest.raises(TransitionRefused):
        change(cast, case, "close", outcome="resolved", reason="镇里想结案")
    assert change(cast, case, "close", by="approver", outcome="resolved", reason="已解决").state == "closed"


def test_closing_needs_an_outcome_words_and_a_finished_plan(cast: Cast) -> None:
    case = opened(cast)
    action = planned(cast, case)
    refusals: list[dict[str, str]] = [
        {"reason": "已解决"},
        {"outcome": "nonsense", "reason": "已解决"},
        {"outcome": "resolved"},
        {"outcome": "resolved", "reason": "已解决"},
    ]
    for values in refusals:
        with pytest.raises(TransitionRefused):
            change(cast, case, "close", **values)
    with acting(cast, "supervisor") as actor:
        plans.finish_action(actor=actor, at=LATER, action=action, note="已落实")
    case = change(cast, case, "close", outcome="resolved", reason="祖母出院，照料恢复")
    assert (case.state, case.outcome, case.closed_by_id) == (
        "closed",
        "resolved",
        cast.users["supervisor"].pk,
    )
    with pytest.raises(CaseRefused):
        planned(cast, case)


def test_the_database_refuses_a_closed_case_without_an_outcome(cast: Cast) -> None:
    case = opened(cast)
    with (
        acting(cast, "supervisor"),
        connection.cursor() as cursor,
        pytest.raises(IntegrityError, match="case_closed_has_outcome"),
        transaction.atomic(),
    ):
        cursor.execute("UPDATE cases_case SET state = 'closed', closed_at = now() WHERE id = %s", [case.pk])


# --- Restricted -----------------------------------------------------------------------------------------

SENSITIVE = "仅限指名人员"
EVERYONE = (
    "director",
    "other_director",
    "supervisor",
    "other_supervisor",
    "clerk",
    "approver",
    "releaser",
    "leader",
    "auditor",
    "sysadmin",
    "viewer",
    "provider",
    "stranger",
    "nobody",
)


def who_sees(cast: Cast, sql: str) -> set[str]:
    found = set()
    for member in EVERYONE:
        with acting(cast, member):
            if titles(sql):
                found.add(member)
    return found


def test_only_named_people_see_a_restricted_case_and_its_plan_by_raw_sql(cast: Cast) -> None:
    case = opened(cast, title=SENSITIVE, restricted=True)
    action = planned(cast, case)
    assert action.restricted
    cases, actions = "SELECT title FROM cases_case", "SELECT title FROM cases_caseaction"
    assert who_sees(cast, cases) == {"supervisor"}
    assert who_sees(cast, actions) == {"supervisor"}
    with acting(cast, "supervisor") as actor:
        services.name_person(actor=actor, at=NOW, case=case, person=cast.users["clerk"])
    assert who_sees(cast, cases) == {"supervisor", "clerk"}
    with acting(cast, "clerk") as actor:
        services.unname_person(actor=actor, at=NOW, case=case, person=cast.users["clerk"])
    assert who_sees(cast, cases) == {"supervisor"}


def test_restricting_an_open_case_takes_it_from_everybody_else(cast: Cast) -> None:
    case = opened(cast)
    planned(cast, case)
    everybody = {"director", "supervisor", "clerk", "approver", "leader"}
    assert who_sees(cast, "SELECT title FROM cases_case") == everybody
    with acting(cast, "clerk") as actor:
        services.restrict_case(actor=actor, at=NOW, case=case, people=[cast.users["supervisor"]])
    for sql in ("SELECT title FROM cases_case", "SELECT title FROM cases_caseaction"):
        assert who_sees(cast, sql) == {"clerk", "supervisor"}


def test_being_named_does_not_reach_beyond_ones_area(cast: Cast) -> None:
    case = opened(cast, restricted=True)
    with acting(cast, "supervisor") as actor:
        for outsider in ("other_supervisor", "stranger", "auditor", "provider", "nobody"):
            with pytest.raises(CaseRefused):
                services.name_person(actor=actor, at=NOW, case=case, person=cast.users[outsider])
        assert [person.username for person in named_people(case)] == ["supervisor"]


def test_the_last_person_and_the_owner_stay(cast: Cast) -> None:
    case = opened(cast, restricted=True)
    with acting(cast, "supervisor") as actor:
        with pytest.raises(CaseRefused):
            services.unname_person(actor=actor, at=NOW, case=case, person=cast.users["supervisor"])
        services.name_person(actor=actor, at=NOW, case=case, person=cast.users["clerk"])
        with pytest.raises(CaseRefused):
            services.unname_person(actor=actor, at=NOW, case=case, person=cast.users["supervisor"])
        with pytest.raises(CaseRefused):
            services.unname_person(actor=actor, at=NOW, case=case, person=cast.users["director"])


def test_naming_and_removing_is_logged(cast: Cast) -> None:
    case = opened(cast, restricted=True)
    with acting(cast, "supervisor") as actor:
        services.name_person(actor=actor, at=NOW, case=case, person=cast.users["clerk"])
        services.unname_person(actor=actor, at=NOW, case=case, person=cast.users["clerk"])
    with acting(cast, "auditor"):
        lines = AccessLog.objects.filter(
            kind="share", subject="cases.case", subject_id=str(case.pk)
        ).order_by("at")
        acts = [(line.user_id, line.detail["act"], line.detail["user"]) for line in lines]
    supervisor, clerk = cast.users["supervisor"].pk, cast.users["clerk"].pk
    assert acts == [
        (supervisor, "named", supervisor),
        (supervisor, "named", clerk),
        (supervisor, "unnamed", clerk),
    ]


def test_handing_up_a_restricted_case_needs_somebody_of_the_county(cast: Cast) -> None:
    case = opened(cast, restricted=True, summary="初步情况")
    with pytest.raises(CaseRefused):
        change(cast, case, "escalate", reason="机密理由")
    with acting(cast, "supervisor") as actor:
        services.name_person(actor=actor, at=NOW, case=case, person=cast.users["clerk"])
    case = change(cast, case, "escalate", reason="机密理由")
    with acting(cast, "clerk"):
        assert [entry.text for entry in CaseEntry.objects.filter(case=case)] == ["机密理由"]
    case = change(cast, case, "take_over", by="clerk")
    change(cast, case, "close", by="clerk", outcome="resolved", reason="机密结果")
    with acting(cast, "leader"):
        said = " ".join(
            TransitionRecord.objects.filter(subject="cases.case").values_list("reason", flat=True)
        )
    assert "机密" not in said


def test_an_action_of_a_restricted_case_goes_to_a_named_person(cast: Cast) -> None:
    case = opened(cast, restricted=True)
    with pytest.raises(CaseRefused):
        planned(cast, case, owner="director")


def test_people_around_a_village(cast: Cast) -> None:
    with acting(cast, "supervisor"):
        found = {person.user_id for person in people_for(cast.children["own"].region_id, TODAY)}
    assert found == {
        cast.users[name].pk for name in ("director", "supervisor", "clerk", "approver", "leader")
    }


def test_a_scope_opened_later_carries_the_names(cast: Cast) -> None:
    case = opened(cast, restricted=True)
    with system_scope(reason="test", log=False):
        assert scope_of(cast.assignments["supervisor"]).named == {case.pk}
        assert scope_of(cast.assignments["clerk"]).named == frozenset()


# --- Pages ----------------------------------------------------------------------------------------------


def test_a_case_from_opening_to_closing_through_the_pages(cast: Cast) -> None:
    child, visit = cast.children["own"], submitted(cast, answers={"guardian": True})
    supervisor, clerk = english(cast, "supervisor"), english(cast, "clerk")
    assert (
        "From the visit of 2026-10-20" in supervisor.get("/cases/add/", {"visit": visit.pk}).content.decode()
    )
    posted = supervisor.post(
        f"/cases/add/?visit={visit.pk}", {"level": "red", "title": "身上有伤", "summary": "左臂淤青"}
    )
    with acting(cast, "supervisor"):
        case = Case.objects.get()
    address = f"/cases/{case.pk}/"
    assert posted["Location"] == address
    assert (case.visit_id, case.child_id) == (visit.pk, child.pk)
    action = {"title": "送医检查", "owner": cast.users["director"].pk, "due_date": SOON.isoformat()}
    assert supervisor.post(f"{address}actions/add/", action)["Location"] == address
    assert (
        supervisor.post(f"{address}transition/", {"action": "escalate", "reason": "请区里处置"}).status_code
        == 302
    )
    assert clerk.post(f"{address}transition/", {"action": "take_over"}).status_code == 302
    text = clerk.get(address).content.decode()
    assert "送医检查" in text
    assert "左臂淤青" in text
    assert "请区里处置" in text
    ending = {"outcome": "resolved", "follow_up": "visits", "reason": "伤情已处置"}
    refused = clerk.post(f"{address}close/", ending)
    assert "Report every action of the plan as done first" in refused.content.decode()
    with acting(cast, "clerk"):
        pk = CaseAction.objects.get().pk
    director = english(cast, "director")
    assert director.post(f"{address}actions/{pk}/done/", {"note": ""}).status_code == 200
    assert director.post(f"{address}actions/{pk}/done/", {"note": "已就医，无大碍"})["Location"] == address
    assert clerk.post(f"{address}close/", ending)["Location"] == address
    assert fresh(cast, case).state == "closed"
    assert "身上有伤" in clerk.get("/cases/?show=closed").content.decode()
    assert "身上有伤" not in clerk.get("/cases/").content.decode()


def test_errors_of_the_forms_are_shown(cast: Cast) -> None:
    client, child = english(cast, "supervisor"), cast.children["own"]
    response = client.post(f"/cases/add/?child={child.pk}", {"level": "green", "title": ""})
    assert response.status_code == 200
    assert set(response.context["form"].errors) == {"level", "title"}
    case = opened(cast)
    address = f"/cases/{case.pk}/actions/add/"
    past = {"title": "协调", "owner": cast.users["stranger"].pk, "due_date": "2026-10-01"}
    response = client.post(address, past)
    assert set(response.context["form"].errors) == {"owner", "due_date"}
    refused = client.post(f"/cases/{case.pk}/transition/", {"action": "reopen"}, follow=True)
    assert refused.status_code == 200
    assert fresh(cast, case).state == "open"


@pytest.mark.parametrize(
    ("member", "status"),
    [
        ("director", 200),
        ("supervisor", 200),
        ("clerk", 200),
        ("approver", 200),
        ("leader", 200),
        ("other_director", 404),
        ("other_supervisor", 404),
        ("stranger", 404),
        ("releaser", 403),
        ("auditor", 403),
        ("sysadmin", 403),
        ("nobody", 403),
    ],
)
def test_who_sees_the_page_of_a_case(cast: Cast, member: str, status: int) -> None:
    case = opened(cast)
    assert cast.client(member).get(f"/cases/{case.pk}/").status_code == status


def test_a_reader_sees_a_case_and_cannot_act(cast: Cast) -> None:
    case = opened(cast)
    leader = english(cast, "leader")
    text = leader.get(f"/cases/{case.pk}/").content.decode()
    assert "Add an action" not in text
    assert "/transition/" not in text
    posts = {
        f"/cases/{case.pk}/transition/": {"action": "escalate", "reason": "无权"},
        f"/cases/{case.pk}/actions/add/": {},
        f"/cases/{case.pk}/people/": {"action": "restrict"},
        "/cases/add/": {},
    }
    for address, values in posts.items():
        assert leader.post(address, values).status_code == 403
    assert cast.client("director").post(f"/cases/{case.pk}/close/").status_code == 403
    assert cast.client("other_supervisor").post(f"/cases/{case.pk}/close/").status_code == 404


def test_restricting_and_naming_through_the_pages(cast: Cast) -> None:
    case = opened(cast, title=SENSITIVE)
    client, address = english(cast, "supervisor"), f"/cases/{case.pk}/people/"
    assert "Restrict the case" in client.get(address).content.decode()
    assert client.post(address, {"action": "restrict"})["Location"] == address
    assert fresh(cast, case, by="supervisor").restricted
    for member in ("clerk", "director", "leader"):
        assert cast.client(member).get(f"/cases/{case.pk}/").status_code == 404
        assert SENSITIVE not in cast.client(member).get("/cases/").content.decode()
    assert cast.client("clerk").get(address).status_code == 404
    response = client.get(address)
    offered = [pk for pk, _ in response.context["form"].fields["person"].choices]
    assert cast.users["clerk"].pk in offered
    assert not {cast.users["stranger"].pk, cast.users["supervisor"].pk} & set(offered)
    assert client.post(address, {"action": "name", "person": cast.users["stranger"].pk}).status_code == 200
    assert client.post(address, {"action": "name", "person": cast.users["clerk"].pk}).status_code == 302
    assert SENSITIVE in cast.client("clerk").get(f"/cases/{case.pk}/").content.decode()
    assert client.post(address, {"action": "unname", "unnamed": cast.users["clerk"].pk}).status_code == 302
    assert cast.client("clerk").get(f"/cases/{case.pk}/").status_code == 404


@pytest.mark.parametrize(
    ("member", "address"),
    [
        ("clerk", "/cases/"),
        ("clerk", "/cases/?show=closed"),
        ("supervisor", "/cases/{case}/"),
        ("clerk", "/cases/{case}/"),
        ("supervisor", "/cases/add/?child={child}"),
        ("supervisor", "/cases/{case}/actions/{action}/done/"),
    ],
)
def test_pages_stay_within_their_budget(
    cast: Cast, django_assert_max_num_queries: Any, member: str, address: str
) -> None:
    cases = [opened(cast) for _ in range(6)]
    actions = [planned(cast, cases[0], owner="director") for _ in range(4)]
    for case in cases[3:]:
        change(cast, case, "close", outcome="resolved", reason="已解决")
    client = cast.client(member)
    client.get("/cases/")
    place = address.format(case=cases[0].pk, child=cast.children["own"].pk, action=actions[0].pk)
    with django_assert_max_num_queries(BUDGET):
        assert client.get(place).status_code == 200


@pytest.mark.parametrize("named_too", [True, False])
def test_a_restricted_case_is_never_left_to_nobody(cast: Cast, named_too: bool) -> None:
    case = opened(cast, restricted=True)
    leaving = cast.assignments["supervisor"]
    if named_too:
        with acting(cast, "supervisor") as actor:
            services.name_person(actor=actor, at=NOW, case=case, person=cast.users["director"])
    with open_scope(cast.scope("sysadmin")):
        end_assignment(leaving, last_day=TODAY, now=True, at=NOW)
    seen = set()
    for member in ("supervisor", "director", "clerk", "approver"):
        with open_scope(cast.scope(member)):
            seen |= {member} if Case.objects.filter(pk=case.pk).exists() else set()
    assert seen == ({"director"} if named_too else seen & {"clerk", "approver"})
    assert len(seen) == 1
    if not named_too:
        with open_scope(cast.scope(*seen)):
            assert Case.objects.get(pk=case.pk).owner_id == cast.users[next(iter(seen))].pk
