"""The list of children that a phone keeps: only what a visit needs, those due first, nothing for nothing."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from guardian.shortcuts import assign_perm

from cases.field import roster as rosters
from cases.field.comparing import differences
from cases.field.roster import roster
from cases.models import Child, Note, Visit, VisitTask
from cases.visits.forms import VisitForm
from cases.visits.services import basis_of
from staff.models import AccessLog
from staff.scope import open_scope, system_scope
from tests.cast import OTHER_VILLAGE, OWN_ID, VILLAGE, Cast, make_child

TODAY = dt.date(2026, 10, 25)
AT = dt.datetime(2026, 10, 20, 9, 40, tzinfo=dt.UTC)


def listed(cast: Cast, member: str = "director") -> dict[str, Any]:
    with open_scope(cast.scope(member)):
        return roster(user_id=cast.users[member].pk, region_id=VILLAGE, on=TODAY)


@pytest.fixture
def phone(cast: Cast) -> tuple[Client, dict[str, str]]:
    """The director's browser, and the header that names the phone."""
    client = cast.client("director")
    given = client.post("/field/key/", "{}", content_type="application/json").json()
    return client, {"X-Field-Device": given["device"]}


def test_a_child_is_what_a_visit_needs(cast: Cast) -> None:
    with system_scope(reason="test", log=False):
        Child._base_manager.filter(pk=cast.children["own"].pk).update(
            address="长滩村3组", last_visit_date=dt.date(2026, 10, 5), phone="", health_note="x"
        )
        VisitTask.objects.create(
            child=cast.children["own"], region_id=VILLAGE, due_date=TODAY, reason="看新房", asked_at=AT
        )
        _visit(cast, state="submitted", risk="red")
    (child,) = listed(cast)["children"]
    assert child == {
        "id": cast.children["own"].pk,
        "name": "林小满",
        "pinyin": cast.children["own"].name_pinyin,
        "age": 9,
        "sex": child["sex"],
        "category": child["category"],
        "risk": "yellow",
        "place": "莲花社区",
        "address": "长滩村3组",
        "guardian": {
            "name": "林桂芳", "relation": child["guardian"]["relation"], "phone": "13712345520", "masked": "137****5520"
        },
        "next": "2026-10-20",
        "last": "2026-10-05",
        "last_risk": "red",
        "waiting": True,
        "tasks": [{"due": "2026-10-25", "reason": "看新房"}],
        "form": child["form"],
        "special": child["special"],
    }  # fmt: skip
    assert child["sex"]
    assert child["category"]
    assert (child["form"][0], child["special"][0]) == ("regular", "special")


def test_no_number_no_account_no_protected_fact(cast: Cast) -> None:
    with system_scope(reason="test", log=False):
        Child._base_manager.filter(pk=cast.children["own"].pk).update(primary_category="protected")
    found = listed(cast)
    text = json.dumps(found, ensure_ascii=False)
    assert found["children"][0]["category"] == ""
    for secret in (OWN_ID, OWN_ID[:6], "6217001234567890", "protected", "保护"):
        assert secret not in text


def test_only_ones_own_and_those_due_first(cast: Cast) -> None:
    with system_scope(reason="test", log=False):
        make_child(VILLAGE, "后来的", next_visit_date=dt.date(2026, 11, 30))
        make_child(VILLAGE, "未访的", next_visit_date=None)
        make_child(VILLAGE, "离开的", left_date=dt.date(2026, 10, 1), left_reason="01")
    assert [child["name"] for child in listed(cast)["children"]] == ["未访的", "林小满", "后来的"]
    assert [child["name"] for child in listed(cast, "other_director")["children"]] == ["秦白露"]


def test_a_child_shared_as_a_whole_is_visited_one_shared_in_part_is_not(cast: Cast) -> None:
    with system_scope(reason="test", log=False):
        part = make_child(OTHER_VILLAGE, "田立秋")
        assign_perm("cases.view_shared_child", cast.users["director"], cast.children["neighbour"])
        assign_perm("cases.view_limited_child", cast.users["director"], part)
    assert {child["name"] for child in listed(cast)["children"]} == {"林小满", "秦白露"}


def test_what_came_back_and_what_waits_for_the_reader(cast: Cast) -> None:
    with system_scope(reason="test", log=False):
        own = _visit(cast, state="returned")
        _visit(cast, state="returned", by="supervisor")
        Note.objects.create(region_id=VILLAGE, recipient=cast.users["director"], text="x", created_at=AT)
    found = listed(cast)
    assert [(one["visit"], one["state"]) for one in found["unfinished"]] == [(own.pk, "returned")]
    assert found["notes"] == 1


def test_a_returned_visit_comes_as_its_form_sends_it(cast: Cast) -> None:
    """Sent back as it came, it says what it said; with another word, that word alone differs."""
    with system_scope(reason="test", log=False):
        visit = _visit(
            cast, state="returned", text="孩子在外婆家。\n一切正常。", people_met=["child", "grandmother"],
            answers={"guardian": True, "harm": False, "school": True}, problems={"guardianship": ["guardian_ill"]},
            next_visit_date=dt.date(2026, 10, 30), form_code="regular", form_version=1,
        )  # fmt: skip
    [one] = listed(cast)["unfinished"]
    assert (one["basis"], one["form"], one["photos"]) == (basis_of(visit), ["regular", 1], 0)
    data = QueryDict(mutable=True)
    for name, value in one["fields"]:
        data.appendlist(name, value)
    assert data.getlist("people_met") == ["child", "grandmother"]
    assert data.getlist("problems") == ["guardian_ill"]
    with open_scope(cast.scope("director")):
        stored = Visit.objects.select_related("child").get(pk=visit.pk)

        def differing() -> list[str]:
            form = VisitForm(data, child=stored.child, at=AT, visit=stored, draft=True)
            assert form.is_valid(), form.errors
            return [
                found.name for found in differences(form, VisitForm(child=stored.child, at=AT, visit=stored))
            ]

        assert differing() == []
        data["text"] = "孩子在家。"
        assert differing() == ["text"]


def _visit(cast: Cast, *, by: str = "director", **fields: Any) -> Visit:
    values = {
        "kind": "door",
        "visited_at": AT,
        "submitted_at": AT,
        "risk_before": "yellow",
        "risk": "yellow",
    } | fields
    child = cast.children["own"]
    return Visit.objects.create(child=child, region_id=child.region_id, conducted_by=cast.users[by], **values)


# --- Cost -------------------------------------------------------------------------------------------------


def test_forty_children_cost_as_many_queries_as_one(
    cast: Cast, phone: tuple[Client, dict[str, str]], page_budget: Any
) -> None:
    client, headers = phone
    with CaptureQueriesContext(connection) as few:
        client.get("/field/roster/", headers=headers)
    with system_scope(reason="test", log=False):
        for number in range(40):
            child = make_child(VILLAGE, f"某{number}")
            VisitTask.objects.create(child=child, region_id=VILLAGE, due_date=TODAY, reason="x", asked_at=AT)
    with page_budget(len(few) + 1):
        answer = client.get("/field/roster/", headers=headers)
    assert len(answer.json()["children"]) == 41
    with open_scope(cast.scope("director")), CaptureQueriesContext(connection) as own:
        roster(user_id=cast.users["director"].pk, region_id=VILLAGE, on=TODAY)
    assert len(own) <= 10, "\n".join(query["sql"][:120] for query in own)


def test_never_more_than_a_phone_can_show(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rosters, "MOST", 2)
    with system_scope(reason="test", log=False):
        for number in range(3):
            make_child(VILLAGE, f"某{number}", next_visit_date=dt.date(2026, 12, 1))
    found = listed(cast)
    assert [len(found["children"]), found["cut"]] == [2, True]
    assert found["children"][0]["name"] == "林小满"


def test_an_unchanged_list_is_not_sent_and_nobody_has_read_it(phone: tuple[Client, dict[str, str]]) -> None:
    client, headers = phone
    first = client.get("/field/roster/", headers=headers)
    assert "no-store" in first["Cache-Control"]
    again = client.get("/field/roster/", headers=headers | {"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again["X-Field-At"] > first["X-Field-At"]
    with system_scope(reason="test", log=False):
        Child._base_manager.filter(region_id=VILLAGE).update(address="新址", updated_at=timezone.now())
        read = AccessLog._base_manager.filter(subject="cases.fielddevice", kind="download")
        assert [line.detail["children"] for line in read] == [1]
    changed = client.get("/field/roster/", headers=headers | {"If-None-Match": first["ETag"]})
    assert changed.json()["children"][0]["address"] == "新址"
    with system_scope(reason="test", log=False):
        assert read.all().count() == 2


def test_what_another_visitor_was_sent_for_is_not_asked_of_the_director(cast: Cast) -> None:
    child = cast.children["own"]
    with system_scope(reason="test", log=False):
        for number, visitor in enumerate((None, "director", "supervisor")):
            VisitTask.objects.create(
                child=child, region_id=child.region_id, due_date=AT.date(), reason=str(number), asked_at=AT,
                visitor=cast.users[visitor] if visitor else None,
            )  # fmt: skip
    for member, reasons in (("director", {"0", "1"}), ("supervisor", {"0", "2"})):
        row = next(one for one in listed(cast, member)["children"] if one["id"] == child.pk)
        assert {task["reason"] for task in row["tasks"]} == reasons
