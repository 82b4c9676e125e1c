"""Pages of those who visit, as the cast sees them."""

from __future__ import annotations

import datetime as dt
import io
import json
import re
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from cases.late.selectors import find_late
from cases.models import Child, Visit
from cases.visits.pictures import clean_photo
from cases.visits.selectors import intervals_for, overdue_children
from cases.visits.services import add_task, review_visit, save_draft
from tests.cases.visiting import BUDGET, NOW, acting, form_values, fresh, picture, submitted, visit_data
from tests.cast import COUNTY, VILLAGE, Cast, make_child


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> dt.datetime:
    """The pages' clock stands at the day of the mock-ups."""
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    return NOW


def page(client: Client, address: str, **query: Any) -> str:
    response = client.get(address, query)
    assert response.status_code == 200, response.status_code
    return response.content.decode()


def english(cast: Cast, name: str) -> Client:
    return cast.client(name, headers={"Accept-Language": "en"})


# --- Home -----------------------------------------------------------------------------------------------


def test_home_groups_what_is_to_be_done(cast: Cast, clock: dt.datetime) -> None:
    with acting(cast, "director") as actor:
        late = make_child(
            VILLAGE,
            "江惊蛰",
            risk="red",
            next_visit_date=dt.date(2026, 10, 18),
            last_visit_date=dt.date(2026, 10, 11),
        )
        make_child(VILLAGE, "罗夏至", risk="green", next_visit_date=dt.date(2026, 10, 24))
        make_child(VILLAGE, "远冬至", risk="green", next_visit_date=dt.date(2026, 11, 20))
        done = make_child(VILLAGE, "白立春", next_visit_date=dt.date(2026, 10, 1))
        save_draft(actor=actor, at=NOW, uuid=uuid4(), child=late, data=visit_data(text=""))
    with acting(cast, "clerk") as actor:
        add_task(
            actor=actor,
            at=NOW,
            child=cast.children["own"],
            due_date=dt.date(2026, 10, 22),
            reason="低保名单不符",
        )
    returned = submitted(cast)
    submitted(cast, done)
    with acting(cast, "supervisor") as actor:
        review_visit(
            actor=actor,
            at=NOW,
            visit=returned,
            decision="return",
            reason_code="incomplete",
            reason="请补写用药情况",
        )
    client = english(cast, "director")
    response = client.get("/")
    found = response.context
    assert [row["title"] for row in found["overdue"]] == ["江惊蛰"]
    assert [row["title"] for row in found["soon"]] == ["林小满", "罗夏至"]
    assert [row["title"] for row in found["drafts"]] == ["江惊蛰"]
    assert [row["lines"][0] for row in found["tasks"]] == ["低保名单不符"]
    assert (found["home"].total, found["home"].waiting) == (5, 1)
    text = response.content.decode()
    assert "Supervisor: 请补写用药情况" in text
    assert "2 days overdue" in text
    assert "every 7 days · last visit 10-11" in text
    assert f'href="/visits/{returned.pk}/edit/"' in text
    assert "远冬至" not in text


def test_home_shows_nothing_of_another_village(cast: Cast, clock: dt.datetime) -> None:
    submitted(cast, cast.children["neighbour"], by="other_director")
    text = page(cast.client("director"), "/")
    assert "秦白露" not in text
    assert "林小满" in text


@pytest.mark.parametrize(
    ("member", "address"),
    [("supervisor", "/queue/"), ("releaser", "/batches/"), ("provider", "/referrals/"), ("nobody", "/me/")],
)
def test_others_start_elsewhere(cast: Cast, member: str, address: str) -> None:
    response = cast.client(member).get("/")
    assert (response.status_code, response["Location"]) == (302, address)


def test_signed_out_goes_to_the_sign_in_page(db: None) -> None:
    assert "sign" in Client().get("/")["Location"]


# --- Recording ------------------------------------------------------------------------------------------


def test_recording_without_scripts(cast: Cast, clock: dt.datetime) -> None:
    child, client = cast.children["own"], english(cast, "director")
    assert f"?child={child.pk}" in page(client, "/visits/add/")
    text = page(client, "/visits/add/", child=child.pk)
    assert 'data-outbox-key="child-' in text
    assert re.search(r'name="client_id" value="[0-9a-f-]{36}"', text)
    assert 'value="2026-10-20T11:05"' in text
    values = form_values(
        child, answer_guardian="yes", problems=["guardian_ill", "low_mood"], next_visit_date="2026-10-30"
    )
    response = client.post("/visits/add/", values)
    assert (response.status_code, response["Location"]) == (302, "/")
    with acting(cast, "director"):
        visit = Visit.objects.get()
    assert (visit.state, str(visit.uuid), visit.kind) == ("submitted", values["client_id"], "door")
    assert visit.answers == {"guardian": True, "living": False, "school": False, "harm": False}
    assert visit.problems == {"guardianship": ["guardian_ill"], "psychology": ["low_mood"]}
    assert timezone.localtime(visit.visited_at).isoformat() == "2026-10-20T09:40:00+08:00"
    assert visit.next_visit_date == dt.date(2026, 10, 30)
    again = client.post("/visits/add/", values)
    assert again.status_code == 302
    with acting(cast, "director"):
        assert Visit.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"people_met": []}, "people_met", "Say whom you met"),
        ({"people_met": ["nobody", "child"]}, "people_met", "Either somebody was met"),
        ({"answer_harm": ""}, "answer_harm", "Answer yes or no."),
        ({"kind": "special"}, "answer_supplies", "Answer yes or no."),
        ({"kind": "letter"}, "kind", "Select a valid choice"),
        ({"risk": ""}, "risk", "Choose a risk colour."),
        ({"text": " "}, "text", "Write what you found"),
        ({"visited_at": "2026-10-20T12:00"}, "visited_at", "lies in the future"),
        ({"visited_at": "2010-10-20T12:00"}, "visited_at", "before the child"),
        ({"visited_at": "yesterday"}, "visited_at", "valid date/time"),
        ({"next_visit_date": "2026-11-05"}, "next_visit_date", "by 2026-11-04"),
        ({"next_visit_date": "2026-10-20"}, "next_visit_date", "after the visit"),
        ({"problems": ["nonsense"]}, "problems", "Select a valid choice"),
    ],
)
def test_errors_stand_beside_their_field(
    cast: Cast, clock: dt.datetime, changes: dict[str, Any], field: str, message: str
) -> None:
    response = english(cast, "director").post("/visits/add/", form_values(cast.children["own"], **changes))
    assert response.status_code == 200
    assert message in response.context["errors"][field]
    text = response.content.decode()
    assert message in text.replace("&#x27;", "'")
    with acting(cast, "director"):
        assert Visit.objects.count() == 0


def test_an_error_keeps_what_was_typed(cast: Cast, clock: dt.datetime) -> None:
    values = form_values(cast.children["own"], risk="", answer_guardian="yes", problems=["low_mood"])
    text = cast.client("director").post("/visits/add/", values).content.decode()
    assert values["text"] in text
    assert values["client_id"] in text
    assert re.search(r'name="answer_guardian" value="yes"\s+checked', text)
    assert re.search(r'value="low_mood"\s+checked', text)


def test_a_draft_may_be_incomplete_and_is_finished_later(cast: Cast, clock: dt.datetime) -> None:
    child, client = cast.children["own"], cast.client("director")
    values = form_values(child, text="", risk="", people_met=[], answer_harm="", save="draft")
    assert client.post("/visits/add/", values).status_code == 302
    with acting(cast, "director"):
        draft = Visit.objects.get()
    assert (draft.state, draft.risk, str(draft.uuid)) == ("draft", "yellow", values["client_id"])
    text = page(client, f"/visits/{draft.pk}/edit/")
    assert 'name="basis" value="draft"' in text
    full = form_values(child, client_id=values["client_id"], basis="draft")
    assert client.post(f"/visits/{draft.pk}/edit/", full).status_code == 302
    assert fresh(cast, draft).state == "submitted"


def test_a_returned_visit_shows_the_words_and_is_submitted_again(cast: Cast, clock: dt.datetime) -> None:
    visit = submitted(cast)
    with acting(cast, "supervisor") as actor:
        review_visit(
            actor=actor,
            at=NOW,
            visit=visit,
            decision="return",
            reason_code="incomplete",
            reason="请补写用药情况",
        )
    client = cast.client("director")
    text = page(client, f"/visits/{visit.pk}/edit/")
    assert "请补写用药情况" in text
    basis = re.search(r'name="basis" value="([^"]+)"', text)
    assert basis is not None
    values = form_values(
        cast.children["own"], client_id=str(visit.uuid), basis=basis[1], text="奶奶每天吃降压药。"
    )
    assert client.post(f"/visits/{visit.pk}/edit/", values).status_code == 302
    assert (fresh(cast, visit).state, fresh(cast, visit).text) == ("submitted", "奶奶每天吃降压药。")


def test_who_may_record_and_edit(cast: Cast, clock: dt.datetime) -> None:
    own, draft = cast.children["own"], None
    with acting(cast, "director") as actor:
        draft = save_draft(actor=actor, at=NOW, uuid=uuid4(), child=own, data=visit_data())
    for member, status in [
        ("supervisor", 403),
        ("other_director", 404),
        ("clerk", 403),
        ("leader", 403),
        ("stranger", 403),
    ]:
        assert cast.client(member).get(f"/visits/{draft.pk}/edit/").status_code == status, member
    for member, status in [
        ("director", 200),
        ("supervisor", 200),
        ("other_director", 404),
        ("clerk", 403),
        ("auditor", 403),
    ]:
        assert cast.client(member).get("/visits/add/", {"child": own.pk}).status_code == status, member
    posted = cast.client("other_director").post("/visits/add/", form_values(own))
    assert posted.status_code == 404
    for nonsense in ("x", "0", "999999", "1" * 18):
        assert cast.client("director").get("/visits/add/", {"child": nonsense}).status_code == 404
    submitted_one = submitted(cast)
    assert cast.client("director").get(f"/visits/{submitted_one.pk}/edit/").status_code == 302


def test_a_visit_and_the_list_follow_the_scope(cast: Cast, clock: dt.datetime) -> None:
    visit = submitted(cast)
    for member, status in [
        ("director", 200),
        ("supervisor", 200),
        ("clerk", 200),
        ("leader", 200),
        ("other_director", 404),
        ("other_supervisor", 404),
        ("stranger", 404),
        ("releaser", 403),
        ("auditor", 403),
        ("provider", 403),
    ]:
        assert cast.client(member).get(f"/visits/{visit.pk}/").status_code == status, member
    assert "林小满" in page(cast.client("supervisor"), "/visits/")
    assert "林小满" in page(cast.client("supervisor"), "/visits/", state="submitted")
    assert "林小满" not in page(cast.client("supervisor"), "/visits/", state="approved")
    assert "林小满" not in page(cast.client("other_supervisor"), "/visits/")


def test_drafts_are_listed_to_their_author_alone(cast: Cast, clock: dt.datetime) -> None:
    with acting(cast, "director") as actor:
        save_draft(actor=actor, at=NOW, uuid=uuid4(), child=cast.children["own"], data=visit_data())
    assert "林小满" in page(cast.client("director"), "/visits/", state="draft")
    for address in ("/visits/?state=draft", "/visits/"):
        assert "林小满" not in page(cast.client("supervisor"), address)


def test_choosing_a_child_by_name_or_pinyin(cast: Cast, clock: dt.datetime) -> None:
    Child.objects.none()
    with acting(cast, "director"):
        make_child(VILLAGE, "江惊蛰", name_pinyin="jiangjingzhe")
    client = cast.client("director")
    assert "林小满" not in page(client, "/visits/add/", q="江")
    assert "江惊蛰" in page(client, "/visits/add/", q="JIANG")


def test_handover_lists_what_a_post_leaves_open(cast: Cast, clock: dt.datetime) -> None:
    with acting(cast, "director") as actor:
        save_draft(actor=actor, at=NOW, uuid=uuid4(), child=cast.children["own"], data=visit_data())
        make_child(VILLAGE, "江惊蛰", risk="red", next_visit_date=dt.date(2026, 10, 1))
    address = f"/handover/{cast.assignments['director'].pk}/cases/"
    response = english(cast, "supervisor").get(address)
    assert [title for title, rows in response.context["groups"]] == ["Overdue", "Drafts"]
    text = response.content.decode()
    assert "江惊蛰" in text
    assert "秦白露" not in text
    assert "<html" not in text
    assert cast.client("other_supervisor").get(address).status_code == 404
    assert cast.client("releaser").get(address).status_code == 403


def test_the_outbox_page(cast: Cast) -> None:
    assert "data-outbox-list" in page(cast.client("director"), "/outbox/")
    assert cast.client("clerk").get("/outbox/").status_code == 403


# --- Budgets --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address", ["/", "/visits/", "/visits/add/", "/visits/add/?child={own}", "/visits/{visit}/", "/outbox/"]
)
def test_pages_stay_within_their_budget(
    cast: Cast, clock: dt.datetime, django_assert_max_num_queries: Any, address: str
) -> None:
    with acting(cast, "director") as actor:
        for number in range(12):
            child = make_child(VILLAGE, f"甲{number}", next_visit_date=dt.date(2026, 10, 10 + number))
            save_draft(actor=actor, at=NOW, uuid=uuid4(), child=child, data=visit_data())
    visits = [submitted(cast) for _ in range(3)]
    for visit in visits[:2]:
        with acting(cast, "supervisor") as actor:
            review_visit(
                actor=actor, at=NOW, visit=visit, decision="return", reason_code="incomplete", reason="请补写"
            )
    client = cast.client("director")
    client.get("/outbox/")
    with django_assert_max_num_queries(BUDGET):
        page(client, address.format(own=cast.children["own"].pk, visit=visits[2].pk))


def test_a_draft_is_read_by_its_author_alone(cast: Cast, clock: dt.datetime) -> None:
    with acting(cast, "director") as actor:
        draft = save_draft(
            actor=actor, at=NOW, uuid=uuid4(), child=cast.children["own"], data=visit_data(),
            photos=[clean_photo(io.BytesIO(picture()), name="x", most_megabytes=5, most_megapixels=20)],
        )  # fmt: skip
        photo = draft.photos.get()
    for member, status in (("director", 200), ("supervisor", 404)):
        client = cast.client(member)
        for address in (
            f"/visits/{draft.pk}/",
            f"/visits/{draft.pk}/photos/{photo.pk}/",
            f"/api/v1/visits/{draft.pk}/",
        ):
            assert client.get(address).status_code == status, (member, address)
        assert client.get("/api/v1/visits/").json()["count"] == (1 if status == 200 else 0)
        assert client.get(f"/visits/{draft.pk}/pdf/").status_code == 404


def test_what_is_no_key_and_no_object_is_refused(cast: Cast, clock: dt.datetime) -> None:
    client = cast.client("director")
    assert client.get("/visits/add/", {"child": "9" * 5000}).status_code == 404
    for given in ("[]", '["a"]', json.dumps(form_values(cast.children["own"]) | {"child": 10**30})):
        answer = client.post("/api/v1/visits/", given, content_type="application/json")
        assert answer.status_code == 400, answer.content


def test_a_visit_that_nobody_reviews_hides_no_lateness_for_good(cast: Cast, clock: dt.datetime) -> None:
    """Yellow: every 15 days."""
    child = cast.children["own"]
    submitted(cast)
    with acting(cast, "clerk"):
        Child.objects.filter(pk=child.pk).update(next_visit_date=NOW.date() - dt.timedelta(days=1))
        for days, late in ((1, False), (15, False), (16, True)):
            today = NOW.date() + dt.timedelta(days=days)
            assert overdue_children(today, intervals_for(COUNTY, today)).filter(pk=child.pk).exists() is late
            assert (find_late(child.pk, today) is not None) is late
