"""Every source of the supervisor's queue: its row, its panel, its decisions, and what it costs when all are there."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from cases.desk.merging import COUNTED, Filters, page_of, tallies
from cases.desk.sources import Reader, sources_for
from cases.models import Case, Child, Defect, Discrepancy, VisitTask
from staff.scope import open_scope, system_scope
from staff.workflow import Actor
from tests.cases.desk.conftest import Desk
from tests.cases.visiting import BUDGET, NOW, acting, fresh
from tests.cast import TOWNSHIP, VILLAGE

# What is sent to each source's item, and the state (or field) of the row that follows.
DECISIONS: dict[str, tuple[dict[str, Any], str, Any]] = {
    "visits": ({"action": "return", "reason_code": "unclear", "reason": "写清楚"}, "state", "returned"),
    "downgrades": ({"action": "hold", "reason": "再观察一个月"}, "state", "held"),
    "cases": ({"action": "begin", "title": "家访核实", "due_date": "2026-10-27"}, "state", "planned"),
    "actions": ({"action": "done", "reason": "学校已复课"}, "note", "学校已复课"),
    "discrepancies": (
        {"action": "find", "found": "true", "method": "phone", "text": "村委会电话核实"}, "state", "verified"
    ),
    "leads": ({"action": "drop", "reason": "父亲在家照料"}, "state", "dropped"),
    "transfers": ({"action": "accept"}, "state", "accepted"),
    "defects": ({"action": "close"}, "state", "closed"),
    "kept": ({"action": "dismiss", "reason": "与已有走访重复"}, "state", "dismissed"),
    "calls": (
        {"action": "confirm", "decision": "confirm", "spoke_with": "祖母", "came": "yes"}, "state", "confirmed"
    ),
    "marks": ({"action": "explained", "reason": "白天下地，晚上才在家"}, "verdict", "explained"),
    "applications": ({"action": "accept"}, "state", "verifying"),
}  # fmt: skip


def client_of(desk: Desk, name: str = "supervisor") -> Client:
    return desk.cast.client(name, headers={"Accept-Language": "en"})


def rows_of(response: Any) -> dict[str, str]:
    """Source code → the address of its row."""
    found = [row for _title, rows in response.context["groups"] for row in rows]
    return {row["id"].split("-")[1]: row["url"] for row in found}


def test_every_source_has_its_row_its_tile_and_its_panel(
    desk: Desk, django_assert_max_num_queries: Any
) -> None:
    with acting(desk.cast, "supervisor"):
        reader = Reader(Actor.current(), TOWNSHIP, NOW)
        codes = {source.code for source in sources_for(reader).values()}
    client = client_of(desk)
    client.get("/queue/")
    with django_assert_max_num_queries(BUDGET):
        page = client.get("/queue/")
    assert rows_of(page).keys() == codes
    assert codes - set(DECISIONS) == {"overdue", "handovers", "referrals"}  # decided in tests of their own
    assert page.context["tiles"][0]["number"] == len(codes)
    for code, url in rows_of(page).items():
        for headers in ({}, {"HX-Request": "true"}):
            response = client.get(url, headers=headers)
            assert response.status_code == 200, code
            text = response.content.decode()
            assert f'data-work="work-{code}-' in text
            keys = re.findall(
                r'data-key="(\w)"', text[text.index("cw-decide") :] if "cw-decide" in text else ""
            )
            assert len(keys) == len(set(keys)), code


@pytest.mark.parametrize("code", DECISIONS)
def test_its_decision_works_from_the_panel(desk: Desk, code: str) -> None:
    data, name, expected = DECISIONS[code]
    client = client_of(desk)
    url = rows_of(client.get("/queue/"))[code]
    empty = client.post(url, {"action": "no_such"}, headers={"HX-Request": "true"})
    assert empty.status_code == 422, empty.content.decode()
    answer = client.post(url, data, headers={"HX-Request": "true"})
    assert answer.status_code == 200, answer.content.decode()
    assert getattr(fresh(desk.cast, desk.rows[code]), name) == expected
    again = client.post(url, data, headers={"HX-Request": "true"})
    # Done once: the second is refused and told, or the next step of the same item is another one.
    assert again.status_code in (404, 422), again.content.decode()
    if code not in ("applications",):
        assert code not in rows_of(client.get("/queue/"))


def test_what_one_who_left_leaves_goes_to_somebody(desk: Desk) -> None:
    client = client_of(desk)
    url = rows_of(client.get("/queue/"))["handovers"]
    held = fresh(desk.cast, desk.rows["held"])
    with system_scope(reason="test", log=False):
        asked = VisitTask.objects.create(
            child_id=held.child_id, region_id=held.region_id, visitor_id=held.owner_id, due_date=NOW.date(),
            reason="x", asked_at=NOW,
        )  # fmt: skip
    assert client.post(url, {"action": "hand_over", "person": 0}).status_code == 422
    director = desk.cast.users["director"].pk
    assert client.post(url, {"action": "hand_over", "person": director}).status_code == 302
    assert fresh(desk.cast, desk.rows["held"]).owner_id == director
    assert fresh(desk.cast, asked).visitor_id == director
    assert "handovers" not in rows_of(client.get("/queue/"))
    assert client.post(url, {"action": "hand_over", "person": director}).status_code == 422


def test_a_declined_referral_goes_to_another_provider(desk: Desk) -> None:
    client = client_of(desk)
    url = rows_of(client.get("/queue/"))["referrals"]
    refused = client.post(url, {"action": "refer", "summary": "情绪低落，夜里哭"})
    assert refused.status_code == 422
    assert "情绪低落，夜里哭" in refused.content.decode()
    sent = {
        "action": "refer",
        "provider": desk.pk["next_provider"],
        "need": "心理辅导",
        "summary": "情绪低落",
    }
    assert client.post(url, sent).status_code == 302
    assert "referrals" not in rows_of(client.get("/queue/"))


def test_an_application_is_taken_up_checked_and_passed_on_without_leaving(desk: Desk) -> None:
    client = client_of(desk)
    url = rows_of(client.get("/queue/"))["applications"]
    asked = {"HX-Request": "true"}
    assert "Record a check" in client.post(url, {"action": "accept"}, headers=asked).content.decode()
    check = {
        "action": "add_check",
        "method": "home_visit",
        "date": "2026-10-20",
        "result": "confirms",
        "note": "入户属实",
    }
    lacking = client.post(url, check | {"note": ""}, headers=asked)
    assert lacking.status_code == 422
    found = client.post(url, check | {"person": "邻居"}, headers=asked)
    assert found.status_code == 200, found.content.decode()
    assert "入户属实" in found.content.decode()


def test_restricted_cases_show_nothing_to_whoever_is_not_named(desk: Desk) -> None:
    with system_scope(reason="restrict", log=False) as scope:
        case = desk.rows["cases"]
        planned = desk.rows["actions"].case
        from staff.scope import narrow

        narrow(named=scope.named | {case.pk, planned.pk})
        Case.objects.filter(pk__in=[case.pk, planned.pk]).update(restricted=True)
        type(desk.rows["actions"]).objects.filter(pk=desk.pk["actions"]).update(restricted=True)
        type(desk.rows["referrals"]).objects.filter(pk=desk.pk["referrals"]).update(restricted=True)
    client = client_of(desk)
    page = client.get("/queue/")
    assert not rows_of(page).keys() & {"cases", "actions", "referrals"}
    for text in ("缺课多日", "联系学校", "心理辅导"):
        assert text not in page.content.decode()
    for code in ("cases", "actions", "referrals"):
        assert client.get(f"/queue/{code}/{desk.pk[code]}/").status_code == 404


def test_nothing_of_another_township_is_reached(desk: Desk) -> None:
    other = client_of(desk, "other_supervisor")
    assert set(rows_of(other.get("/queue/"))) <= {"transfers"}
    for code in sorted(set(DECISIONS) | {"overdue", "handovers", "referrals"}):
        if code == "transfers":
            continue  # both ends read a transfer
        assert other.get(f"/queue/{code}/{desk.pk[code]}/").status_code == 404, code
    assert client_of(desk).get("/queue/nothing/1/").status_code == 404


def test_counts_stop_and_filters_narrow(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    with acting(desk.cast, "supervisor"):
        reader = Reader(Actor.current(), TOWNSHIP, NOW)
        whole = tallies(reader, Filters())
        assert {code: one.number for code, one in whole.items()} == dict.fromkeys(whole, 1)
        mine = page_of(reader, Filters(person=desk.cast.users["director"].pk)).rows
        assert mine
        assert {work.person_id for work in mine} == {desk.cast.users["director"].pk}
        assert whole["visits"].late == 0
        assert whole["overdue"].late == 1
    assert COUNTED == 1000


def test_the_countys_desk_decides_what_is_its_own(desk: Desk) -> None:
    with open_scope(desk.cast.scope("supervisor")):
        from cases.casework.services import change_case

        change_case(
            actor=Actor.current(), at=NOW, case=desk.rows["cases"], name="escalate", reason="请区里协调"
        )
    clerk = client_of(desk, "clerk")
    rows = rows_of(clerk.get("/queue/"))
    assert {"cases", "kept", "downgrades"} <= set(rows)
    assert not {"visits", "marks", "calls"} & set(rows)
    assert clerk.get(f"/queue/visits/{desk.pk['visits']}/").status_code == 403
    assert clerk.post(rows["cases"], {"action": "take_over"}).status_code == 302
    assert fresh(desk.cast, desk.rows["cases"]).state == "planned"


def verified(desk: Desk, kind: str, **detail: Any) -> str:
    """The township has reported on the discrepancy; its address in the county's queue."""
    client = client_of(desk)
    url = rows_of(client.get("/queue/"))["discrepancies"]
    assert client.post(url, DECISIONS["discrepancies"][0]).status_code == 302
    with system_scope(reason="test", log=False):
        found = Discrepancy.objects.get(pk=desk.pk["discrepancies"])
        found.kind, found.detail = kind, detail
        found.save(update_fields=["kind", "detail"])
    return url


def test_the_county_decides_a_discrepancy_with_its_remedy_beside_the_queue(desk: Desk) -> None:
    differs = [{"field": "name", "register": "甲", "list": "江小满", "value": "江小满"}]
    url = verified(desk, "different", differences=differs)
    clerk, asked = client_of(desk, "clerk"), {"HX-Request": "true"}
    page = clerk.get(url, headers=asked).content.decode()
    keys = re.findall(r'data-key="(\w)"', page[page.index("cw-decide") :])
    assert len(keys) == len(set(keys))
    assert keys[:2] == ["1", "2"]
    choice = {"action": "true:correct", "correct-fields_taken": "name", "correct-reason": "以名单为准"}
    for lacking in ("correct-fields_taken", "correct-reason"):
        refused = clerk.post(url, {**choice, lacking: ""}, headers=asked)
        assert refused.status_code == 422
        opened = re.search(
            r'<details class="cw-asks" data-asks open>.*?</details>', refused.content.decode(), re.S
        )
        assert opened is not None
        assert 'value="true:correct"' in opened[0]
        assert "以名单为准" in opened[0] or lacking == "correct-reason"  # nothing typed is lost
    for nonsense in ("true:exclude", "true:", "untrue:other", "found"):
        assert clerk.post(url, choice | {"action": nonsense, "reason": "x"}, headers=asked).status_code == 422
    supervisor = client_of(desk)
    assert supervisor.post(url, choice, headers=asked).status_code == 422
    assert fresh(desk.cast, desk.rows["discrepancies"]).state == "verified"
    done = clerk.post(url, choice, headers=asked)
    assert done.status_code == 200, done.content.decode()
    found = fresh(desk.cast, desk.rows["discrepancies"])
    assert (found.state, found.remedy, found.reason) == ("true", "correct", "以名单为准")
    assert found.detail["done"] in done.content.decode()
    assert fresh(desk.cast, desk.cast.children["own"]).name == "江小满"
    assert "discrepancies" not in rows_of(clerk.get("/queue/"))
    assert clerk.post(url, choice, headers=asked).status_code == 422


def test_an_untrue_discrepancy_is_decided_beside_the_queue(desk: Desk) -> None:
    url = verified(desk, "gone")
    clerk = client_of(desk, "clerk")
    assert clerk.post(url, {"action": "untrue", "reason": ""}).status_code == 422
    assert clerk.post(url, {"action": "untrue", "reason": "仍在享受"}).status_code == 302
    found = fresh(desk.cast, desk.rows["discrepancies"])
    assert (found.state, found.remedy, found.reason) == ("untrue", "", "仍在享受")


def test_a_defect_past_its_day_stands_in_the_queue(desk: Desk) -> None:
    with system_scope(reason="late", log=False):
        Defect.objects.filter(pk=desk.pk["held"]).update(due_date=NOW.date().replace(day=1))
        assert Child.objects.filter(region_id=VILLAGE).exists()
    client = client_of(desk)
    found = [
        row["id"] for _title, rows in client.get("/queue/?source=defects").context["groups"] for row in rows
    ]
    assert found == [f"work-defects-{desk.pk['held']}", f"work-defects-{desk.pk['defects']}"]
