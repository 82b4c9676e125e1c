"""Reminders: everybody is told of their day once, in counts, whatever happens to the worker."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.conf import settings

from cases.models import Child, Note, Sweep
from cases.reminders import services, tasks
from staff.models import Parameter, PostRegion
from staff.scope import system_scope
from tests.cases.visiting import NOW, TODAY
from tests.cast import COUNTY, FAR_VILLAGE, OTHER_COUNTY, OTHER_VILLAGE, START, VILLAGE, Cast, make_child

DAY = dt.timedelta(days=1)


def told(cast: Cast) -> dict[str, str]:
    with system_scope(reason="test", log=False):
        return dict(Note._base_manager.values_list("recipient__username", "text"))


def due_in(cast: Cast, **days: int) -> None:
    """When the visits of children of the cast are due, in days from today."""
    with system_scope(reason="test", log=False):
        Child.objects.update(next_visit_date=TODAY + 40 * DAY)
        for name, number in days.items():
            Child.objects.filter(pk=cast.children[name].pk).update(next_visit_date=TODAY + number * DAY)


def remind(at: dt.datetime = NOW) -> int:
    return services.remind_county(COUNTY, at=at)


def sweep(**changes: Any) -> Sweep:
    values = {"title": "秋季排查", "start_date": TODAY - 20 * DAY, "end_date": TODAY + 2 * DAY} | changes
    with system_scope(reason="test", log=False):
        from staff.models import User

        return Sweep.objects.create(
            region_id=COUNTY, asked_by=User.objects.get(username="clerk"), asked_at=NOW, **values
        )


# Yellow: every 15 days. By days from today: who is told.
@pytest.mark.parametrize(
    ("days", "people"),
    [
        (4, set()),
        (3, {"director"}),
        (0, {"director"}),
        (-1, {"director"}),
        (-14, {"director"}),
        (-15, {"director", "supervisor"}),
        (-30, {"director", "supervisor", "clerk"}),
    ],
)
def test_who_is_told_of_a_visit(cast: Cast, days: int, people: set[str]) -> None:
    due_in(cast, own=days)
    assert remind() == len(people)
    found = told(cast)
    assert set(found) == people
    # Counts alone: no child's name, and no village's.
    assert not any(name in text for text in found.values() for name in ("林小满", "莲花"))
    assert all("1" in text for text in found.values())


def test_nobody_is_director_so_the_supervisor_is_told_at_once(cast: Cast) -> None:
    due_in(cast, township=-1)
    remind()
    assert set(told(cast)) == {"other_supervisor"}


def test_once_a_person_and_day_also_after_a_worker_died(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    due_in(cast, own=-16, neighbour=0)
    sending, calls = services.send_note, []

    def dies(**values: Any) -> Any:
        calls.append(values)
        if len(calls) == 2:
            raise SystemExit("the worker was killed")
        return sending(**values)

    monkeypatch.setattr(services, "send_note", dies)
    with pytest.raises(SystemExit):
        remind()
    assert told(cast) == {}  # all or nothing
    monkeypatch.setattr(services, "send_note", sending)
    assert remind() == 3
    before = told(cast)
    assert remind() == 0
    assert remind(NOW + dt.timedelta(hours=3)) == 0
    assert told(cast) == before
    assert remind(NOW + DAY) == 3


def test_a_post_of_two_villages_gets_one_note_with_both(cast: Cast) -> None:
    due_in(cast, own=-1, neighbour=-1)
    with system_scope(reason="test", log=False):
        PostRegion.objects.create(post=cast.assignments["director"].post, region_id=OTHER_VILLAGE)
        make_child(FAR_VILLAGE, "江惊蛰", next_visit_date=TODAY - DAY)
    remind()
    found = told(cast)
    assert "2" in found["director"]
    assert "1" in found["other_director"]


def test_the_days_ahead_are_the_countys(cast: Cast) -> None:
    due_in(cast, own=5)
    assert remind() == 0
    Parameter.objects.create(region_id=COUNTY, key="reminder_days", value=5, valid_from=START, source="x")
    assert remind() == 1


@pytest.mark.parametrize(
    ("start", "end", "people"),
    [
        (0, 20, True),
        (-1, 20, False),
        (-20, 3, True),
        (-20, 4, False),
        (-20, 0, True),
        (1, 20, False),
        (-20, -1, False),
    ],
)
def test_a_sweep_is_told_on_its_first_day_and_before_its_end(
    cast: Cast, start: int, end: int, people: bool
) -> None:
    due_in(cast)
    sweep(start_date=TODAY + start * DAY, end_date=TODAY + end * DAY)
    remind()
    found = told(cast)
    expected = {"director", "other_director", "supervisor", "other_supervisor", "clerk"} if people else set()
    assert set(found) == expected
    assert all("秋季排查" in text and "林" not in text for text in found.values())


def test_whoever_has_visited_everybody_is_not_told_of_the_end(cast: Cast) -> None:
    due_in(cast)
    sweep(whom={"categories": ["orphan"]})
    with system_scope(reason="test", log=False):
        make_child(VILLAGE, "江惊蛰", primary_category="orphan", next_visit_date=None)
    remind()
    assert set(told(cast)) == {"director", "supervisor", "clerk"}


def test_every_county_by_itself_and_the_task_is_scheduled(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    due_in(cast, own=0, strange=0)
    monkeypatch.setattr(tasks.timezone, "now", lambda: NOW)
    with system_scope(reason="test", log=False):
        Child.objects.filter(pk=cast.children["strange"].pk).update(next_visit_date=TODAY - 40 * DAY)
    assert tasks.remind() == 2
    assert set(told(cast)) == {"director", "stranger"}
    scheduled = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    assert tasks.remind.name in scheduled
    assert OTHER_COUNTY != COUNTY


def test_the_queries_do_not_grow_with_the_children(cast: Cast, django_assert_max_num_queries: Any) -> None:
    due_in(cast, own=-1)
    counts = []
    for day, more in enumerate((2, 60)):
        with system_scope(reason="test", log=False):
            for number in range(more):
                make_child(VILLAGE, f"童{more}{number}", next_visit_date=TODAY)
        with django_assert_max_num_queries(40) as asked:
            assert remind(NOW + day * DAY) == 1
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_a_county_that_fails_stops_no_other(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def failing(county: int, *, at: dt.datetime) -> int:
        asked.append(county)
        if len(asked) == 1:
            raise ValueError(county)
        return 0

    monkeypatch.setattr(services, "remind_county", failing)
    with pytest.raises(ExceptionGroup) as failed:
        services.remind_everywhere(at=NOW)
    assert {COUNTY, OTHER_COUNTY} <= set(asked)
    assert len(failed.value.exceptions) == 1
