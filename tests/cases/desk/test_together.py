"""Quiet visits approved together: which they are, what is said beforehand and afterwards, races, and the cost of many."""

from __future__ import annotations

import datetime as dt
import threading
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cases.desk.sources import Reader
from cases.desk.together import approve_together, preview, quiet_visits
from cases.models import Child, SpotCheck, Visit, VisitMark, VisitTask
from cases.visits.services import review_visit
from staff.models import TransitionRecord
from staff.scope import open_scope, system_scope
from staff.workflow import Actor
from tests.cases.visiting import NOW, TODAY, acting, fresh, submitted
from tests.cast import TOWNSHIP, VILLAGE, Cast, make_cast, make_child


def green(cast: Cast, *names: str) -> list[Child]:
    with acting(cast, "director"):
        return [make_child(VILLAGE, name, risk="green", next_visit_date=TODAY) for name in names]


def english(cast: Cast, name: str = "supervisor") -> Client:
    return cast.client(name, headers={"Accept-Language": "en"})


# What makes a quiet visit one that is looked at by itself.
DOUBTS: dict[str, tuple[dict[str, Any], str]] = {
    "problem": ({"problems": ["absent"]}, "Something was found"),
    "answer": ({"answers": {"guardian": True}}, "Something was found"),
    "colour": ({"risk": "yellow"}, "not green before and after"),
    "nobody": ({"people_met": ["nobody"], "answers": {}}, "Nobody was met"),
}


def test_who_chose_nothing_is_not_offered_everything_again(cast: Cast) -> None:
    child = green(cast, "平平")[0]
    submitted(cast, child=child, risk="green")
    client = cast.client("supervisor")
    assert b"checked" in client.get("/queue/approve/").content
    page = client.post("/queue/approve/")
    assert b'name="visit"' in page.content
    assert b"checked" not in page.content


@pytest.mark.parametrize("doubt", [*DOUBTS, "mark", "call", "photo", "own", "copied", "red_child", "left"])
def test_what_is_not_quiet_is_neither_listed_nor_approved(cast: Cast, doubt: str) -> None:
    quiet_child, child = green(cast, "甲一", "甲二")
    quiet = submitted(cast, quiet_child, risk="green")
    changes, why = DOUBTS.get(doubt, ({}, ""))
    by = "supervisor" if doubt == "own" else "director"
    visit = submitted(cast, child, by=by, **({"risk": "green"} | changes))
    base = {"visit": visit, "child": child, "region_id": VILLAGE}
    with system_scope(reason="doubts", log=False):
        match doubt:
            case "mark":
                VisitMark.objects.create(**base, code="same_text", created_at=NOW)
                why = "bears a mark"
            case "call":
                SpotCheck.objects.create(
                    **base, visited_by=cast.users["director"], drawn_at=NOW, due_date=TODAY
                )
                why = "drawn for a call"
            case "photo":
                Visit.objects.filter(pk=visit.pk).update(
                    photos_awaited=["8d1f0a52-5a1e-4c6c-9e35-0a4a5b8c1d2e"]
                )
                why = "still on their way"
            case "own":
                why = "Another person reviews"
            case "copied":
                Visit.objects.filter(pk=visit.pk).update(entered_by=cast.users["supervisor"], source="paper")
                why = "Another person reviews"
            case "red_child":
                Child.objects.filter(pk=child.pk).update(risk="red")
                why = "not green before and after"
            case "left":
                Child.objects.filter(pk=child.pk).update(left_date=TODAY, left_reason="05")
                why = "left the register"
    client = english(cast)
    page = client.get("/queue/approve/").content.decode()
    assert "甲一" in page
    assert "甲二" not in page
    result = client.post("/queue/approve/", {"visit": [quiet.pk, visit.pk]})
    assert "甲二" in result.content.decode()
    assert why in result.content.decode()
    assert (fresh(cast, quiet).state, fresh(cast, visit).state) == ("approved", "submitted")


def test_the_preview_says_what_will_happen_and_that_happens(cast: Cast) -> None:
    first, second, out = green(cast, "甲一", "甲二", "甲三")
    earlier = submitted(cast, first, risk="green", visited_at=NOW - dt.timedelta(days=3))
    latest = submitted(cast, first, risk="green")
    asked = submitted(cast, second, risk="green", next_visit_date=TODAY + dt.timedelta(days=9))
    taken_out = submitted(cast, out, risk="green")
    with system_scope(reason="asked", log=False):
        task = VisitTask.objects.create(
            child=second,
            region_id=VILLAGE,
            due_date=TODAY,
            reason="核实",
            asked_at=NOW - dt.timedelta(days=2),
        )
    client = english(cast)
    page = client.get("/queue/approve/")
    effects = {row["pk"]: row["effect"] for row in page.context["rows"]}
    assert effects == {
        earlier.pk: "a later visit decides when the next one is due",
        latest.pk: "next visit 2026-11-19",
        asked.pk: "next visit 2026-10-29, the visit that was asked for is made",
        taken_out.pk: "next visit 2026-11-19",
    }
    answer = client.post("/queue/approve/", {"visit": [earlier.pk, latest.pk, asked.pk]})
    assert answer["Location"] == "/queue/"
    children = {one.pk: fresh(cast, one) for one in (first, second, out)}
    assert children[first.pk].next_visit_date == dt.date(2026, 11, 19)
    assert children[second.pk].next_visit_date == dt.date(2026, 10, 29)
    assert (children[first.pk].last_visit_date, children[out.pk].last_visit_date) == (TODAY, None)
    assert fresh(cast, task).visit_id == asked.pk
    assert fresh(cast, taken_out).state == "submitted"
    with system_scope(reason="look", log=False):
        records = TransitionRecord.objects.filter(subject="cases.visit", name="approve")
        assert {int(one.subject_id) for one in records} == {earlier.pk, latest.pk, asked.pk}
    assert client.post("/queue/approve/", {}).status_code == 422
    assert english(cast, "director").get("/queue/approve/").status_code == 403
    # Sent once more, nothing is approved twice, and it says so.
    again = client.post("/queue/approve/", {"visit": [latest.pk]}).content.decode()
    assert "no longer waits for review" in again


def test_two_hundred_at_once_cost_as_many_statements_as_ten(
    cast: Cast, django_assert_max_num_queries: Any
) -> None:
    with acting(cast, "director"):
        child = make_child(VILLAGE, "甲", risk="green", next_visit_date=TODAY)
    one = submitted(cast, child, risk="green")
    with system_scope(reason="many", log=False):
        seed = Child.objects.get(pk=child.pk)
        children = []
        for number in range(199):
            seed.pk, seed.number, seed.name, seed.id_digest = None, f"Q{number:06d}", f"甲{number}", None
            children.append(
                Child(
                    **{
                        f.attname: getattr(seed, f.attname)
                        for f in Child._meta.concrete_fields
                        if f.attname != "id"
                    }
                )
            )
        children = Child.objects.bulk_create(children)
        Visit.objects.bulk_create(
            Visit(
                child=made, region_id=VILLAGE, kind="door", visited_at=one.visited_at, people_met=["child"],
                answers=one.answers, text=f"一切正常{number}", risk_before="green", risk="green", state="submitted",
                conducted_by=cast.users["director"], submitted_at=NOW,
            )
            for number, made in enumerate(children)
        )  # fmt: skip
    with acting(cast, "supervisor"):
        reader = Reader(Actor.current(), TOWNSHIP, NOW)
        with django_assert_max_num_queries(8):
            assert len(preview(reader)["rows"]) == 200
        ids = list(quiet_visits(reader.actor.user_id).values_list("pk", flat=True))
        spent = []
        for some in (ids[:10], ids[10:]):
            with CaptureQueriesContext(connection) as asked:
                outcome = approve_together(some, actor=reader.actor, at=NOW)
            assert (len(outcome.approved), outcome.left_out) == (len(some), [])
            spent.append(len(asked))
        # Drawing for calls asks and writes a little or not at all.
        assert abs(spent[0] - spent[1]) <= 3
        assert max(spent) <= 25
        assert Child.objects.filter(region_id=VILLAGE, last_visit_date=TODAY).count() == 200


@pytest.fixture
def committed_cast(transactional_db: None) -> Cast:
    return make_cast()


def test_of_two_who_approve_at_once_each_visit_is_approved_once(committed_cast: Cast) -> None:
    cast = committed_cast
    visits = [submitted(cast, child, risk="green") for child in green(cast, "甲一", "甲二", "甲三")]
    start, results, problems = threading.Barrier(2), [], []

    def together(single: bool) -> None:
        try:
            start.wait(10)
            with open_scope(cast.scope("supervisor")):
                actor = Actor.current()
                if single:
                    review_visit(actor=actor, at=NOW, visit=visits[1], decision="approve")
                else:
                    results.append(approve_together([one.pk for one in visits], actor=actor, at=NOW))
        except Exception as problem:  # looked at below
            problems.append(problem)
        finally:
            connection.close()

    threads = [threading.Thread(target=together, args=(single,)) for single in (False, True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    with system_scope(reason="look", log=False):
        records = TransitionRecord.objects.filter(subject="cases.visit", name="approve")
        keys = sorted(int(one.subject_id) for one in records)
    assert keys == sorted(one.pk for one in visits)
    (outcome,) = results
    # Whichever came second was told: the batch left that one out, or the single approval was refused.
    assert bool(outcome.left_out) != bool(problems)
    assert len(outcome.approved) + len(outcome.left_out) == 3
