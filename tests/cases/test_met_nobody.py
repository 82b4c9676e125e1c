"""A closed door: a visit was made, but nobody was met. It finds nothing out, and the next visit stays as due as it was."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from cases.models import Child, Visit, VisitTask
from cases.questions.shown import findings
from cases.visits.exports import EVERYDAY, REGULAR, _around, type_of
from cases.visits.rules import DEFAULT_INTERVALS
from cases.visits.services import add_task, review_visit
from tests.cases.visiting import NOW, VISITED, acting, form_values, fresh, submitted
from tests.cast import Cast

DAY = dt.timedelta(days=1)


def closed(cast: Cast, **changes: Any) -> Visit:
    return submitted(cast, people_met=["nobody"], answers={}, text="大门紧锁。", **changes)


def approve(cast: Cast, visit: Visit) -> Child:
    with acting(cast, "supervisor") as actor:
        review_visit(actor=actor, at=NOW, visit=visit, decision="approve")
    child: Child = fresh(cast, cast.children["own"])
    return child


def test_it_neither_counts_as_the_visit_nor_makes_the_one_that_was_asked_for(cast: Cast) -> None:
    before = fresh(cast, cast.children["own"])
    with acting(cast, "supervisor") as actor:
        task = add_task(
            actor=actor, at=NOW - 2 * DAY, child=before, due_date=dt.date(2026, 10, 22), reason="请看看。"
        )
    due = fresh(cast, before).next_visit_date
    after = approve(cast, closed(cast))
    assert (after.last_visit_date, after.next_visit_date) == (before.last_visit_date, due)
    assert fresh(cast, task).done_at is None
    # Whoever meets somebody makes both.
    after = approve(cast, submitted(cast))
    assert after.last_visit_date == VISITED.date()
    assert after.next_visit_date > due
    with acting(cast, "clerk"):
        assert VisitTask.objects.get(pk=task.pk).done_at is not None


def test_it_betters_no_colour_and_worsens_one_at_once(cast: Cast) -> None:
    assert approve(cast, closed(cast, risk="green")).risk == "yellow"
    closed(cast, risk="red")
    assert fresh(cast, cast.children["own"]).risk == "red"


def test_it_takes_nothing_from_the_visit_before_that_met_somebody(cast: Cast) -> None:
    met = submitted(cast, visited_at=VISITED - DAY)
    approve(cast, closed(cast))
    after = approve(cast, met)
    assert after.last_visit_date == (VISITED - DAY).date()
    assert after.next_visit_date == (VISITED - DAY).date() + dt.timedelta(days=15)


@pytest.mark.parametrize("met", [["nobody"], ["child"]])
def test_who_met_nobody_answers_nothing_about_the_child(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, met: list[str]
) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    values = form_values(cast.children["own"], people_met=met, text="大门紧锁。")
    given = {name: value for name, value in values.items() if not name.startswith("answer_")}
    response = cast.client("director", headers={"Accept-Language": "en"}).post("/visits/add/", given)
    with acting(cast, "director"):
        kept = list(Visit.objects.filter(text="大门紧锁。"))
    if met == ["child"]:
        assert response.status_code == 200
        assert kept == []
        return
    (visit,) = kept
    assert (response.status_code, visit.answers, visit.concern) == (302, {}, "")
    assert findings(visit) == "Nobody was met, nothing asked"


def test_the_kind_of_a_visit_goes_by_the_days_of_the_county_and_by_visits_that_met_somebody(
    cast: Cast,
) -> None:
    visit = submitted(cast)
    visit.before = VISITED - 10 * DAY  # type: ignore[attr-defined]
    assert type_of(visit, DEFAULT_INTERVALS) == REGULAR
    assert type_of(visit, dict.fromkeys(DEFAULT_INTERVALS, 30)) == EVERYDAY


def test_the_visit_before_is_one_that_met_somebody(cast: Cast) -> None:
    first = submitted(cast, visited_at=VISITED - 20 * DAY)
    closed(cast, visited_at=VISITED - 3 * DAY)
    last = submitted(cast)
    with acting(cast, "clerk"):
        found = _around(Visit.objects.filter(pk=last.pk)).get()
    assert found.before == first.visited_at  # type: ignore[attr-defined]
