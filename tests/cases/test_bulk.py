"""Bulk actions: the preview tells, the confirmation does, and nothing else."""

from __future__ import annotations

import datetime as dt
import html
import re
from typing import Any

import pytest
from django.utils import timezone

from cases.bulk import services as bulk
from cases.bulk.acts import ACTS
from cases.models import Case, Child, ChildAttribute, Visit, VisitTask
from staff.models import Job
from staff.scope import open_scope, system_scope
from tests.cast import OTHER_VILLAGE, START, Cast, make_child

AT = dt.datetime(2026, 10, 20, 2, 0, tzinfo=dt.UTC)
TODAY = dt.date(2026, 10, 20)
URL = "/children/bulk/"


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: AT)


def fields_of(page: bytes) -> dict[str, Any]:
    """The hidden fields of the preview, as a browser would send them."""
    found: dict[str, Any] = {}
    for name, value in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.decode()):
        found.setdefault(html.unescape(name), []).append(html.unescape(value))
    return found


def preview(cast: Cast, member: str, act: str, names: list[str], **asked: Any) -> tuple[Any, dict[str, Any]]:
    client = cast.client(member)
    ids = [cast.children[name].pk for name in names]
    answer = client.post(URL, {"act": act, "child": ids, "step": "1"} | asked)
    assert answer.status_code == 200
    return answer, fields_of(answer.content) | asked


def state(cast: Cast, name: str) -> Child:
    with system_scope(reason="test", log=False):
        return Child.objects.get(pk=cast.children[name].pk)


# act → what is asked for, what a child must be before, and what it is afterwards
REASON = {"reason": "新学年"}
DONE: dict[str, tuple[dict[str, str], Any]] = {
    "visit": (
        REASON | {"day": "2026-10-25"},
        lambda c: (
            VisitTask.objects.filter(child=c, due_date=dt.date(2026, 10, 25), reason="新学年").count() == 1
        ),
    ),
    "date": (
        REASON | {"day": "2026-10-21"},
        lambda c: c.next_visit_date == dt.date(2026, 10, 21),
    ),
    "stage": (REASON | {"stage": "junior"}, lambda c: c.school_stage == "junior"),
    "insurance": (REASON | {"insurance": "funded"}, lambda c: c.insurance == "funded"),
    "attribute": (
        REASON | {"kind": "dibao", "day": "2026-10-01"},
        lambda c: c.attributes.filter(
            kind="dibao", start_date=dt.date(2026, 10, 1), end_date=None, evidence="新学年"
        ).exists(),
    ),
    "attribute_end": (
        REASON | {"kind": "low_income", "day": "2026-10-01"},
        lambda c: c.attributes.get(kind="low_income").end_date == dt.date(2026, 10, 1),
    ),
    "over_age": (
        REASON | {"day": "2026-10-20"},
        lambda c: (c.left_date, c.left_reason) == (TODAY, "09"),
    ),
}


@pytest.mark.parametrize("act", list(ACTS))
def test_each_act_is_shown_then_done_with_its_reason(cast: Cast, act: str) -> None:
    asked, is_done = DONE[act]
    with system_scope(reason="test", log=False):
        Child.objects.update(birth_date=dt.date(2008, 1, 1), next_visit_date=dt.date(2026, 11, 1))
        for child in Child.objects.all():
            ChildAttribute.objects.create(
                child=child, region_id=child.region_id, kind="low_income", start_date=START
            )
    answer, sent = preview(cast, "supervisor", act, ["own", "neighbour", "township"], **asked)
    text = answer.content.decode()
    assert "林小满" in text
    assert "秦白露" in text
    assert "田立夏" not in text  # not in the township
    with system_scope(reason="test", log=False):
        assert not any(is_done(child) for child in Child.objects.all())
    assert cast.client("supervisor").post(URL, sent | {"confirm": "1"}).status_code == 302
    with system_scope(reason="test", log=False):
        done = {child.name for child in Child.objects.all() if is_done(child)}
        assert done == {"林小满", "秦白露"}
        if act != "visit":  # a task is no change of the child
            events = Child.events.rel.related_model if act not in ("attribute", "attribute_end") else None
            model = events or ChildAttribute.events.rel.related_model
            told = model.objects.filter(pgh_reason="新学年", pgh_user=cast.users["supervisor"].pk)
            assert told.count() == 2


def test_what_is_missing_stands_at_its_field_and_nothing_happens(cast: Cast) -> None:
    answer, _sent = preview(cast, "clerk", "stage", ["own"], stage="junior", reason="")
    assert "id_reason_error" in answer.content.decode()
    assert "seal-" not in answer.content.decode()


def test_who_cannot_be_changed_is_told_why_before(cast: Cast) -> None:
    with system_scope(reason="test", log=False):
        own, neighbour, township = (cast.children[name] for name in ("own", "neighbour", "township"))
        Child.objects.filter(pk__in=[own.pk, neighbour.pk, township.pk]).update(
            birth_date=dt.date(2008, 1, 1)
        )
        Visit.objects.create(
            child=own, region_id=own.region_id, kind="door", visited_at=AT, risk_before="green", risk="green",
            state="submitted", submitted_at=AT, conducted_by=cast.users["director"], text="x",
        )  # fmt: skip
        Case.objects.create(
            child=neighbour, region_id=neighbour.region_id, title="x", level="red", opened_by=cast.users["clerk"],
            opened_at=AT,
        )  # fmt: skip
        young = make_child(OTHER_VILLAGE, "袁小雪", birth_date=dt.date(2008, 10, 21))
        late = make_child(OTHER_VILLAGE, "孟谷雨", birth_date=dt.date(2008, 1, 1), registered_date=TODAY)
        cast.children |= {"young": young, "late": late}
    with open_scope(cast.scope("clerk")):
        children = list(Child.objects.order_by("pk"))
        lines = bulk.preview(ACTS["over_age"], children, {"day": dt.date(2026, 10, 19), "reason": "x"}, TODAY)
        refused = {line.child.name: line.refused for line, _seal in lines}
    assert refused["田立夏"] == ""
    assert all(refused[name] for name in ("林小满", "秦白露", "袁小雪", "孟谷雨"))
    assert len({refused[name] for name in ("林小满", "秦白露", "袁小雪", "孟谷雨")}) == 4
    _answer, sent = preview(
        cast,
        "clerk",
        "over_age",
        ["own", "neighbour", "township", "young", "late"],
        day="2026-10-19",
        reason="满18",
    )
    assert len([name for name in sent if name.startswith("seal-")]) == 1
    cast.client("clerk").post(URL, sent | {"confirm": "1"})
    with system_scope(reason="test", log=False):
        assert list(Child.objects.filter(left_date__isnull=False).values_list("name", flat=True)) == [
            "田立夏"
        ]


@pytest.mark.parametrize("kind", ["left_behind", "orphan"])
def test_sixteen_is_over_age_for_left_behind_children_alone(cast: Cast, kind: str) -> None:
    with system_scope(reason="test", log=False):
        Child.objects.update(primary_category=kind, birth_date=dt.date(2010, 10, 20))
    _answer, sent = preview(cast, "clerk", "over_age", ["own"], day="2026-10-20", reason="满16")
    assert (f"seal-{cast.children['own'].pk}" in sent) == (kind == "left_behind")


def test_who_changed_between_preview_and_confirmation_is_left_alone(cast: Cast) -> None:
    _answer, sent = preview(
        cast, "supervisor", "stage", ["own", "neighbour"], stage="junior", reason="新学年"
    )
    with system_scope(reason="test", log=False):
        Child.objects.filter(pk=cast.children["own"].pk).update(school_stage="special")
    answer = cast.client("supervisor").post(URL, sent | {"confirm": "1"}, follow=True)
    assert (state(cast, "own").school_stage, state(cast, "neighbour").school_stage) == ("special", "junior")
    text = answer.content.decode()
    assert "林小满（" in text
    assert "秦白露（" not in text


def test_another_question_than_the_one_shown_is_shown_first(cast: Cast) -> None:
    _answer, sent = preview(cast, "supervisor", "stage", ["own"], stage="junior", reason="新学年")
    answer = cast.client("supervisor").post(URL, sent | {"stage": "senior", "confirm": "1"})
    assert answer.status_code == 200
    assert state(cast, "own").school_stage == ""
    sent = fields_of(answer.content) | {"stage": "senior", "reason": "新学年", "confirm": "1"}
    assert cast.client("supervisor").post(URL, sent).status_code == 302
    assert state(cast, "own").school_stage == "senior"


def test_a_forged_seal_does_nothing(cast: Cast) -> None:
    own, township = cast.children["own"].pk, cast.children["township"].pk
    _answer, sent = preview(cast, "supervisor", "stage", ["own"], stage="junior", reason="新学年")
    sent |= {"child": [own, township], f"seal-{own}": "0" * 16, f"seal-{township}": "0" * 16, "confirm": "1"}
    cast.client("supervisor").post(URL, sent)
    assert (state(cast, "own").school_stage, state(cast, "township").school_stage) == ("", "")


def test_one_failure_undoes_everything(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    act = ACTS["stage"]
    real = act.apply

    def breaks(child: Child, data: dict[str, Any], at: dt.datetime) -> None:
        if child.name == "秦白露":
            raise ZeroDivisionError
        real(child, data, at)

    monkeypatch.setattr(act, "apply", breaks)
    data = {"stage": "junior", "reason": "x"}
    with open_scope(cast.scope("supervisor")):
        children = list(Child.objects.order_by("pk"))
        seen = {line.child.pk: seal for line, seal in bulk.preview(act, children, data, TODAY)}
        with pytest.raises(ZeroDivisionError):
            bulk.perform(act, data, seen, at=AT)
    assert state(cast, "own").school_stage == ""


def test_all_that_the_list_shows(cast: Cast) -> None:
    client = cast.client("clerk")
    with system_scope(reason="test", log=False):
        Child.objects.filter(name="秦白露").update(risk="red")
    asked = {
        "act": "stage",
        "all": "1",
        "query": "risk=yellow",
        "step": "1",
        "stage": "junior",
        "reason": "新学年",
    }
    sent = fields_of(client.post(URL, asked).content) | {
        "stage": "junior",
        "reason": "新学年",
        "confirm": "1",
    }
    answer = client.post(URL, sent)
    assert answer["Location"] == "/children/?risk=yellow"
    with system_scope(reason="test", log=False):
        changed = set(Child.objects.filter(school_stage="junior").values_list("name", flat=True))
    assert changed == {"林小满", "田立夏"}


def test_too_many_and_none_are_sent_back(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    client = cast.client("clerk")
    assert client.post(URL, {"act": "stage", "query": "risk=red"})["Location"] == "/children/?risk=red"
    monkeypatch.setattr(bulk, "MOST", 2)
    assert client.post(URL, {"act": "stage", "all": "1"}).status_code == 302
    monkeypatch.setattr(bulk, "MOST", 3)
    assert client.post(URL, {"act": "stage", "all": "1"}).status_code == 200


def test_more_than_a_hundred_are_done_by_a_job_that_tells(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: pytest.FixtureRequest
) -> None:
    monkeypatch.setattr(bulk, "AT_ONCE", 1)
    _answer, sent = preview(
        cast, "clerk", "stage", ["own", "neighbour", "township"], stage="junior", reason="新学年"
    )
    with system_scope(reason="test", log=False):
        Child.objects.filter(name="田立夏").update(school_stage="special")
    client = cast.client("clerk")
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        answer = client.post(URL, sent | {"confirm": "1"})
    with open_scope(cast.scope("clerk")):
        job = Job.objects.get(kind=bulk.KIND)
        assert (job.state, job.result["done"]) == ("done", 2), job.error
        changed = Child.objects.get(name="田立夏").pk
        assert [pk for pk, _why in job.result["refused"]] == [changed], "a job keeps no names"
    assert answer["Location"] == f"/jobs/{job.pk}/"
    assert job.done_url == f"{URL}{job.pk}/"
    assert "田立夏" in client.get(job.done_url).content.decode()
    assert cast.client("stranger").get(job.done_url).status_code == 404
    assert (state(cast, "own").school_stage, state(cast, "township").school_stage) == ("junior", "special")


def test_the_restricted_category_is_no_matter_of_lists(cast: Cast) -> None:
    answer, _sent = preview(
        cast, "clerk", "attribute", ["own"], kind="protected", day="2026-10-01", reason="x"
    )
    assert "id_kind_error" in answer.content.decode()
    assert 'value="protected"' not in answer.content.decode()


def test_who_may(cast: Cast) -> None:
    for member, expected in {
        "director": 403, "approver": 403, "leader": 403, "auditor": 403, "supervisor": 302, "clerk": 302,
    }.items():  # fmt: skip
        assert cast.client(member).post(URL, {}).status_code == expected, member
    assert "/children/bulk/" not in cast.client("leader").get("/children/").content.decode()
    assert "/children/bulk/" in cast.client("supervisor").get("/children/").content.decode()


def test_cost_of_a_preview(cast: Cast, django_assert_max_num_queries: pytest.FixtureRequest) -> None:
    with system_scope(reason="test", log=False):
        ids = [make_child(OTHER_VILLAGE, f"童{n:02d}").pk for n in range(40)]
    client = cast.client("clerk")
    for act, (asked, _done) in DONE.items():
        with django_assert_max_num_queries(19):  # type: ignore[operator]
            assert client.post(URL, {"act": act, "child": ids, "step": "1"} | asked).status_code == 200
