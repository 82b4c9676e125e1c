"""Which door visits are drawn for a call: by chance, by share, at least one a person and period, hidden until decided."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cases.checks import draws
from cases.checks.draws import chance, draw_checks
from cases.desk.together import approve_together
from cases.models import SpotCheck, Visit
from cases.transfers.services import accept_transfer, propose_transfer
from cases.visits.services import review_visit
from staff.models import Parameter
from staff.scope import system_scope
from staff.workflow import perform
from tests.cases.visiting import NOW, acting, submitted
from tests.cast import COUNTY, OTHER_VILLAGE, START, VILLAGE, Cast, make_child

# On a busy machine drawing examples takes a while.
calm = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

ALWAYS: Callable[[], float] = lambda: 0.0  # noqa: E731
NEVER: Callable[[], float] = lambda: 0.9999  # noqa: E731


def accepted(cast: Cast, number: int, **changes: Any) -> list[Visit]:
    """Approved visits of the director, one a minute."""
    values = {"kind": "door", "conducted_by": cast.users["director"]} | changes
    with system_scope(reason="test", log=False):
        return Visit.objects.bulk_create(
            Visit(
                child=cast.children["own"],
                region_id=VILLAGE,
                visited_at=NOW,
                risk="green",
                risk_before="green",
                state="approved",
                submitted_at=NOW,
                reviewed_at=NOW + dt.timedelta(minutes=minute),
                **values,
            )
            for minute in range(number)
        )


def drawn(cast: Cast) -> list[SpotCheck]:
    with acting(cast, "supervisor"):
        return list(SpotCheck.objects.all())


# --- The chance ------------------------------------------------------------------------------------------


@calm
@given(st.floats(0, 1), st.integers(1, 400), st.integers(0, 800), st.integers(0, 5000))
def test_the_chance_is_at_least_the_share_and_sure_once_the_period_is_over(
    share: float, days: int, since: int, visits: int
) -> None:
    found = chance(share=share, days=days, since=since, visits=visits)
    assert share <= found <= 1
    assert chance(share=share, days=days, since=days + since, visits=visits) == 1
    assert chance(share=share, days=days, since=since + 1, visits=visits) >= found


def test_of_many_visits_the_share_is_drawn() -> None:
    """1,000 visits a period: the chance is the share, and 20,000 throws lie within four standard deviations of it."""
    found = chance(share=0.05, days=90, since=0, visits=1000)
    assert found == 0.05
    rng = random.Random(3)
    hits = sum(rng.random() < found for _ in range(20_000))
    assert abs(hits - 1000) < 4 * (20_000 * 0.05 * 0.95) ** 0.5


@pytest.mark.parametrize("a_month", [1, 4, 30])
def test_everybody_is_drawn_within_a_period_and_every_visit_is_likely(a_month: int) -> None:
    """Over many periods none passes without a draw; the first visit after a draw is not safe, the last not certain."""
    rng = random.Random(5)
    gap = 30 / a_month
    firsts, longest = 0, 0.0
    for _ in range(400):
        since, number = gap, 1
        while rng.random() >= chance(share=0.05, days=90, since=int(since), visits=3 * a_month):
            since, number = since + gap, number + 1
        firsts += number == 1
        longest = max(longest, since)
    assert longest <= 90 + gap
    assert 0 < firsts < 400


# --- Drawing ---------------------------------------------------------------------------------------------


def test_the_draw_is_the_machines_and_nothing_of_the_visit_tells_it(cast: Cast) -> None:
    """One visit, asked about again and again, is drawn sometimes: no number, uuid or time of it decides."""
    (visit,) = accepted(cast, 1)
    with system_scope(reason="test", log=False):
        Parameter.objects.create(
            region_id=COUNTY, key="spot_check_share", value=0.5, valid_from=START, source="test"
        )
    accepted(cast, 400)  # so that the share alone is the chance
    outcomes = []
    with acting(cast, "supervisor"):
        for _ in range(40):
            outcomes.append(bool(draw_checks([visit], at=NOW, random=draws._random)))
            SpotCheck.objects.all().delete()
    assert 5 < sum(outcomes) < 35
    assert draws._random.__self__.__class__ is random.SystemRandom  # type: ignore[attr-defined]


def test_only_door_visits_are_drawn_and_due_after_working_days(cast: Cast) -> None:
    door, phone = accepted(cast, 1)[0], accepted(cast, 1, kind="phone")[0]
    with acting(cast, "supervisor"):
        (check,) = draw_checks([door, phone], at=NOW, random=ALWAYS)
    assert check.visit_id == door.pk
    assert check.due_date == dt.date(2026, 10, 27)  # five working days after Tuesday the 20th
    assert check.visited_by_id == cast.users["director"].pk


def test_a_county_that_wants_none_has_none(cast: Cast) -> None:
    with system_scope(reason="test", log=False):
        Parameter.objects.create(
            region_id=COUNTY, key="spot_check_share", value=0, valid_from=START, source="test"
        )
    with acting(cast, "supervisor"):
        assert draw_checks(accepted(cast, 3), at=NOW, random=ALWAYS) == []


def test_a_batch_of_visits_costs_as_many_queries_as_one(
    cast: Cast, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    visits = accepted(cast, 60)
    with acting(cast, "supervisor"), django_assert_max_num_queries(6):
        assert len(draw_checks(visits, at=NOW, random=ALWAYS)) == 60


def test_whoever_was_drawn_in_a_batch_waits_anew_for_the_rest_of_it(cast: Cast) -> None:
    """The period that was over is begun by the first draw: the others of the batch have the plain share."""
    with system_scope(reason="test", log=False):
        Visit.objects.filter(pk=accepted(cast, 1)[0].pk).update(reviewed_at=NOW - dt.timedelta(days=89))
    visits = accepted(cast, 5)
    with acting(cast, "supervisor"):
        throws = iter([0.4, 0.4, 0.4, 0.4, 0.4])
        found = draw_checks(visits, at=NOW, random=lambda: next(throws))
    assert [check.visit_id for check in found] == [visits[0].pk]


@pytest.mark.parametrize("together", [False, True])
def test_a_visit_is_drawn_when_it_is_accepted_and_not_before(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, together: bool
) -> None:
    monkeypatch.setattr(draw_checks, "__kwdefaults__", {"random": ALWAYS})
    with system_scope(reason="test", log=False):
        child = make_child(VILLAGE, "夏至", risk="green")
    visit = submitted(cast, child, risk="green", text="")
    assert drawn(cast) == []
    with acting(cast, "supervisor") as actor:
        if together:
            outcome = approve_together([visit.pk], actor=actor, at=NOW)
            assert [one.pk for one in outcome.approved] == [visit.pk]
        else:
            review_visit(actor=actor, at=NOW, visit=visit, decision="approve")
    assert [check.visit_id for check in drawn(cast)] == [visit.pk]


def test_a_returned_visit_is_not_drawn(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draw_checks, "__kwdefaults__", {"random": ALWAYS})
    visit = submitted(cast)
    with acting(cast, "supervisor") as actor:
        review_visit(
            actor=actor, at=NOW, visit=visit, decision="return", reason_code="unclear", reason="请补写"
        )
    assert drawn(cast) == []


# --- Hidden ----------------------------------------------------------------------------------------------

SEEN = {"drawn": set(), "unreached": set(), "confirmed": {"director"}, "contradicted": {"director"}}


@pytest.mark.parametrize("state", sorted(SEEN))
def test_the_database_hides_an_open_check_and_its_history_from_whoever_is_checked(
    cast: Cast, state: str
) -> None:
    visit = accepted(cast, 1)[0]
    with acting(cast, "supervisor"):
        (check,) = draw_checks([visit], at=NOW, random=ALWAYS)
        SpotCheck.objects.filter(pk=check.pk).update(state=state)
    event = SpotCheck.pgh_event_model  # type: ignore[attr-defined]
    for name in ("director", "other_director", "supervisor", "clerk", "releaser", "auditor", "viewer"):
        with acting(cast, name):
            seen = SpotCheck._base_manager.filter(pk=check.pk).exists()
            states = set(event._base_manager.values_list("state", flat=True))
        checks = name in ("supervisor", "clerk")
        assert seen == (checks or name in SEEN[state]), name
        assert states == ({"drawn", state} if checks else {state} if name in SEEN[state] else set()), name


def test_the_records_of_an_open_check_are_hidden_as_the_check_is(cast: Cast) -> None:
    """Nobody could be reached: the visitor, who might ring first, must not read it from the record of decisions."""
    visit = accepted(cast, 1)[0]
    with acting(cast, "supervisor") as actor:
        (check,) = draw_checks([visit], at=NOW, random=ALWAYS)
        perform(check, "unreached", actor=actor, at=NOW)
    readers = ("director", "other_director", "supervisor", "clerk", "auditor")
    assert [recorded(cast, name, check) for name in readers] == [[], [], *[["unreached"]] * 3]
    with acting(cast, "clerk") as actor:
        perform(check, "confirm", actor=actor, at=NOW)
    assert recorded(cast, "director", check) == ["confirm"]
    assert recorded(cast, "supervisor", check) == ["unreached", "confirm"]


def recorded(cast: Cast, name: str, check: SpotCheck) -> list[str]:
    with acting(cast, name), connection.cursor() as cursor:
        cursor.execute(
            "SELECT name FROM staff_transitionrecord WHERE subject = 'cases.spotcheck' AND subject_id = %s"
            " ORDER BY name DESC",
            [str(check.pk)],
        )
        return [row[0] for row in cursor.fetchall()]


def test_a_check_goes_with_the_child_whoever_accepts_it(cast: Cast) -> None:
    """The receiving director does not see the check, and it follows nevertheless."""
    visit = accepted(cast, 1)[0]
    with acting(cast, "supervisor"):
        draw_checks([visit], at=NOW, random=ALWAYS)
    with acting(cast, "director") as actor:
        transfer = propose_transfer(
            cast.children["own"],
            to_region_id=OTHER_VILLAGE,
            reason_code="family_moved",
            reason="全家搬走",
            effective_date=NOW.date(),
            at=NOW,
            actor=actor,
        )
    with acting(cast, "other_director") as actor:
        accept_transfer(transfer, at=NOW, actor=actor)
    assert [check.region_id for check in drawn(cast)] == [OTHER_VILLAGE]
