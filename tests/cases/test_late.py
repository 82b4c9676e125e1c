"""Late visits: who must act and since when, and what the supervisor and the county do about them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.urls import reverse

from cases.children.sharing import shared_with
from cases.late import selectors, services
from cases.late.services import LateData
from cases.models import Child, LateStep, Note, VisitTask
from cases.refusals import RegisterRefused
from cases.visits.services import review_visit
from staff.models import Assignment
from staff.scope import system_scope
from tests.cases.visiting import NOW, TODAY, acting, fresh, submitted
from tests.cast import VILLAGE, Cast, make_child

DAY = dt.timedelta(days=1)
# A yellow child is seen every 15 days.
LEVELS = [(0, ""), (1, "director"), (14, "director"), (15, "supervisor"), (29, "supervisor"), (30, "county")]


def make_late(cast: Cast, days: int, vacant: bool = False) -> Child:
    with system_scope(reason="test", log=False):
        Child.objects.filter(pk=cast.children["own"].pk).update(next_visit_date=TODAY - days * DAY)
        if vacant:
            Assignment.objects.filter(pk=cast.assignments["director"].pk).update(end_date=TODAY - DAY)
    return cast.children["own"]


def act(cast: Cast, by: str, what: str, **more: object) -> LateStep:
    with acting(cast, by) as actor:
        return services.act_on_late(
            cast.children["own"].pk, LateData(what, **({"words": "祖母住院，父亲周末回来"} | more)), at=NOW, actor=actor  # type: ignore[arg-type]
        )  # fmt: skip


@pytest.mark.parametrize("vacant", [False, True])
@pytest.mark.parametrize(("days", "level"), LEVELS)
def test_who_must_act_and_since_when(cast: Cast, days: int, level: str, vacant: bool) -> None:
    child = make_late(cast, days, vacant)
    expected = "supervisor" if vacant and level == "director" else level
    starts = {"director": 1, "supervisor": 1 if vacant else 15, "county": 30}
    with acting(cast, "clerk"):
        found = selectors.find_late(child.pk, TODAY)
    if not level:
        assert found is None
        return
    assert found is not None
    stands = found[1]
    assert (stands.level, stands.vacant) == (expected, vacant)
    assert stands.since == TODAY - (days - starts[expected]) * DAY
    with time_machine.travel(NOW, tick=False):
        page = cast.client("clerk").get(reverse("cases:late"), {"level": expected})
    assert [row["title"] for row in page.context["rows"]] == [child.name]
    assert stands.since.isoformat() in page.content.decode()


@pytest.mark.parametrize(
    ("days", "by", "refused"),
    [
        (5, "supervisor", True),
        (15, "director", True),
        (15, "supervisor", False),
        (15, "clerk", True),
        (30, "clerk", False),
        (30, "supervisor", False),
        (30, "approver", True),
    ],
)
def test_whose_turn_it_is(cast: Cast, days: int, by: str, refused: bool) -> None:
    make_late(cast, days)
    if not refused:
        assert act(cast, by, "explain").level == ("county" if days == 30 else "supervisor")
        return
    with pytest.raises(RegisterRefused):
        act(cast, by, "explain")


def test_another_visitor_is_sent_sees_the_file_until_the_visit_is_reviewed(cast: Cast) -> None:
    child = make_late(cast, 16)
    other = cast.users["other_director"]
    step = act(cast, "supervisor", "assign", visitor_id=other.pk, day=TODAY + DAY)
    assert (step.visitor, step.shared, step.words) == (other, True, "祖母住院，父亲周末回来")
    with acting(cast, "other_director"):
        task = VisitTask.objects.get(visitor=other)
        assert (task.due_date, task.child) == (TODAY + DAY, child)
        assert Note._base_manager.filter(recipient=other, child=child).count() == 1
        assert child.name not in Note._base_manager.get(recipient=other).text
    # The task stands on her home; the visit closes it, and the file is hers no more.
    with time_machine.travel(NOW, tick=False):
        assert step.words in cast.client("other_director").get("/").content.decode()
    visit = submitted(cast, child, by="other_director", at=NOW + DAY, visited_at=NOW + DAY)
    with acting(cast, "supervisor") as actor:
        assert shared_with(child) == [other]
        review_visit(actor=actor, at=NOW + DAY, visit=visit, decision="approve")
        assert shared_with(child) == []
    assert fresh(cast, task).done_at is not None
    with acting(cast, "other_director"):
        assert not Child.objects.filter(pk=child.pk).exists()


def test_going_oneself_and_explaining_keep_the_visit_late(cast: Cast) -> None:
    child = make_late(cast, 31)
    mine = act(cast, "supervisor", "self")
    assert (mine.visitor, mine.shared) == (cast.users["supervisor"], False)
    words = act(cast, "clerk", "explain", words="已协调邻县")
    with acting(cast, "clerk"):
        found = selectors.find_late(child.pk, TODAY)
        assert found is not None
        child = found[0]
        assert selectors.steps_of([child])[child.pk] == [words, mine]
        # Words about an earlier late visit do not stand beside a later one.
        Child.objects.filter(pk=child.pk).update(next_visit_date=TODAY - DAY)
        child.refresh_from_db()
        assert selectors.steps_of([child]) == {}


def test_what_is_missing_is_told(cast: Cast) -> None:
    make_late(cast, 31)
    with pytest.raises(ValidationError) as refused:
        act(cast, "supervisor", "explain", words="  ")
    assert list(refused.value.message_dict) == ["words"]
    for visitor in (None, cast.users["stranger"].pk, cast.users["supervisor"].pk):
        with pytest.raises(ValidationError):
            act(cast, "supervisor", "assign", visitor_id=visitor)
    with pytest.raises(RegisterRefused):
        act(cast, "clerk", "self")
    with system_scope(reason="test", log=False):
        assert LateStep.objects.count() == 0
        assert VisitTask.objects.count() == 0


def test_the_page_offers_what_the_reader_can_do(
    cast: Cast, page_budget: Callable[[int], AbstractContextManager[None]]
) -> None:
    child = make_late(cast, 16)
    with system_scope(reason="test", log=False):
        for number in range(30):
            make_child(VILLAGE, f"童{number}", next_visit_date=TODAY - 20 * DAY)
    url = reverse("cases:late_child", args=[child.pk])
    with time_machine.travel(NOW, tick=False):
        supervisor = cast.client("supervisor")
        with page_budget(15):
            page = supervisor.get(url)
        assert cast.users["other_director"].name in page.content.decode()
        assert supervisor.post(url, {"act": "explain", "words": ""}).status_code == 422
        answer = supervisor.post(url, {"act": "explain", "words": "全家去了省城，月底回来"})
        assert answer.status_code == 302
        for by in ("clerk", "director"):
            text = cast.client(by).get(url).content.decode()
            assert "全家去了省城，月底回来" in text
            assert 'name="words"' not in text
            cast.client(by).post(url, {"act": "explain", "words": "不该写下"})
        with page_budget(15):
            listed = supervisor.get(reverse("cases:late"))
        assert "全家去了省城" in listed.content.decode()
        assert len(listed.context["rows"]) == 31
    with acting(cast, "clerk"):
        assert LateStep.objects.get().words == "全家去了省城，月底回来"
