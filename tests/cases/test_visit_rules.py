"""Due dates, the ladder of lateness, colours up and down, and the escalation table row by row."""

import datetime as dt
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases.enums import RiskLevel
from cases.visits.enums import CASE_LEVELS, FocusQuestion, OverdueLevel, Problem
from cases.visits.rules import (
    DEFAULT_INTERVALS,
    ESCALATIONS,
    EscalationReason,
    Trigger,
    effective_risk,
    escalation,
    intervals_from,
    level_starts,
    needs_supervisor,
    next_due,
    overdue_level,
)

D = dt.date
DAYS = st.dates(D(2020, 1, 1), D(2035, 12, 31))
RISKS = st.sampled_from(RiskLevel)


@pytest.mark.parametrize(
    ("risk", "due"),
    [
        (RiskLevel.RED, D(2026, 10, 27)),
        (RiskLevel.YELLOW, D(2026, 11, 4)),
        (RiskLevel.BLUE, D(2026, 11, 19)),
        (RiskLevel.GREEN, D(2026, 11, 19)),
    ],
)
def test_next_due_by_colour(risk: RiskLevel, due: dt.date) -> None:
    assert next_due(D(2026, 10, 20), risk) == due


def test_a_county_may_see_green_children_quarterly() -> None:
    intervals = intervals_from({"red": 7, "yellow": 15, "blue": 30, "green": 90})
    assert next_due(D(2026, 10, 20), RiskLevel.GREEN, intervals) == D(2027, 1, 18)
    assert intervals_from({}) == DEFAULT_INTERVALS
    assert intervals_from({"red": 3})[RiskLevel.RED] == 3


@pytest.mark.parametrize(
    "parameter",
    [{"red": 0}, {"green": 91}, {"red": 20}, {"purple": 7}, {"yellow": 31}, {"green": 29}],
)
def test_intervals_that_make_no_sense_are_refused(parameter: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"interval|colour|purple"):
        intervals_from(parameter)


def test_an_earlier_visit_may_be_asked_for_a_later_one_not() -> None:
    last = D(2026, 10, 20)
    assert next_due(last, RiskLevel.BLUE, asked_for=D(2026, 10, 25)) == D(2026, 10, 25)
    assert next_due(last, RiskLevel.BLUE, asked_for=D(2026, 12, 25)) == D(2026, 11, 19)
    assert next_due(last, RiskLevel.BLUE, asked_for=D(2026, 10, 1)) == last


@pytest.mark.parametrize(
    ("on", "level"),
    [
        (D(2026, 10, 26), OverdueLevel.NONE),
        (D(2026, 10, 27), OverdueLevel.NONE),
        (D(2026, 10, 28), OverdueLevel.DIRECTOR),
        (D(2026, 11, 2), OverdueLevel.DIRECTOR),
        (D(2026, 11, 3), OverdueLevel.SUPERVISOR),
        (D(2026, 11, 9), OverdueLevel.SUPERVISOR),
        (D(2026, 11, 10), OverdueLevel.COUNTY),
        (D(2027, 11, 10), OverdueLevel.COUNTY),
    ],
)
def test_ladder_of_a_red_child(on: dt.date, level: OverdueLevel) -> None:
    assert overdue_level(D(2026, 10, 27), on, 7) is level


def test_interval_of_a_day_and_of_none() -> None:
    due = D(2026, 10, 27)
    assert overdue_level(due, D(2026, 10, 28), 1) is OverdueLevel.SUPERVISOR
    assert overdue_level(due, D(2026, 10, 29), 1) is OverdueLevel.COUNTY
    with pytest.raises(ValueError, match="at least a day"):
        overdue_level(due, due, 0)


@settings(deadline=None)
@given(DAYS, st.integers(2, 90), st.integers(-30, 400))
def test_dates_and_levels_agree(due: dt.date, interval: int, late: int) -> None:
    on = due + dt.timedelta(days=late)
    reached = [level for level, first in level_starts(due, interval).items() if first <= on]
    assert overdue_level(due, on, interval) is (reached[-1] if reached else OverdueLevel.NONE)


@pytest.mark.parametrize(("current", "proposed"), list(product(RiskLevel, RiskLevel)))
def test_down_waits_up_is_at_once(current: RiskLevel, proposed: RiskLevel) -> None:
    order = ["red", "yellow", "blue", "green"]
    down = order.index(proposed.value) > order.index(current.value)
    assert needs_supervisor(current, proposed) is down
    assert needs_supervisor(current.value, proposed.value) is down  # type: ignore[arg-type]
    assert effective_risk(current.value, proposed.value) is (current if down else proposed)  # type: ignore[arg-type]
    assert effective_risk(current, proposed) is (current if down else proposed)
    for allowed in RiskLevel:
        found = effective_risk(current, proposed, allowed)
        worst = min(order.index(proposed.value), order.index(allowed.value))
        # As far down as is proposed and allowed, and never up by what is allowed.
        assert order.index(found.value) == (
            max(order.index(current.value), worst) if down else order.index(proposed.value)
        )


@pytest.mark.parametrize("proposed", list(RiskLevel))
def test_the_first_assessment_is_at_once(proposed: RiskLevel) -> None:
    assert not needs_supervisor(None, proposed)
    assert effective_risk(None, proposed) is proposed


@pytest.mark.parametrize("trigger", ESCALATIONS, ids=lambda trigger: trigger.reason.value)
def test_each_row_alone(trigger: Trigger) -> None:
    answers = {trigger.found: True} if isinstance(trigger.found, FocusQuestion) else {}
    problems = [trigger.found] if isinstance(trigger.found, Problem) else []
    risk = trigger.found if isinstance(trigger.found, RiskLevel) else RiskLevel.GREEN
    suggested = escalation(answers, problems, risk)
    assert suggested is not None
    assert suggested.level is trigger.level
    assert suggested.triggers == (trigger,)
    assert suggested.police_first is trigger.police_first


def test_the_table_is_whole() -> None:
    assert {trigger.reason for trigger in ESCALATIONS} == set(EscalationReason)
    assert len({trigger.found for trigger in ESCALATIONS}) == len(ESCALATIONS)
    assert {trigger.level for trigger in ESCALATIONS} == set(CASE_LEVELS)
    ranks = [trigger.level.rank for trigger in ESCALATIONS]
    assert ranks == sorted(ranks, reverse=True)


def test_the_visit_of_the_mock_up() -> None:
    answers = {
        FocusQuestion.GUARDIAN: True,
        FocusQuestion.LIVING: False,
        FocusQuestion.SCHOOL: False,
        FocusQuestion.HARM: False,
    }
    suggested = escalation(answers, [Problem.GUARDIAN_ILL, Problem.LOW_MOOD], RiskLevel.YELLOW)
    assert suggested is not None
    assert suggested.level is RiskLevel.BLUE
    assert not suggested.police_first


def test_nothing_found_suggests_nothing() -> None:
    assert escalation({}, [], RiskLevel.GREEN) is None
    assert escalation(dict.fromkeys(FocusQuestion, False), [], RiskLevel.YELLOW) is None
    assert escalation({}, [Problem.LACKS_STATIONERY, Problem.ABSENT], RiskLevel.BLUE) is None


def test_a_question_answered_no_does_not_count_beside_a_problem() -> None:
    suggested = escalation({FocusQuestion.GUARDIAN: False}, [Problem.GUARDIAN_LOST], RiskLevel.GREEN)
    assert suggested is not None
    assert [trigger.found for trigger in suggested.triggers] == [Problem.GUARDIAN_LOST]


def test_stored_codes_count_like_members_and_unknown_ones_are_refused() -> None:
    stored = escalation({"harm": True}, ["lacks_food"], "red")
    assert stored == escalation({FocusQuestion.HARM: True}, [Problem.LACKS_FOOD], RiskLevel.RED)
    assert stored is not None
    assert len(stored.triggers) == 3
    for answers, problems, risk in (({"hurt": True}, [], "red"), ({}, ["hungry"], "red"), ({}, [], "pink")):
        with pytest.raises(ValueError, match="not a valid"):
            escalation(answers, problems, risk)


@settings(deadline=None)
@given(
    st.dictionaries(st.sampled_from(FocusQuestion), st.booleans()),
    st.sets(st.sampled_from(Problem)),
    RISKS,
    st.sampled_from(Problem),
)
def test_finding_more_never_lowers_the_level(
    answers: dict[FocusQuestion, bool], problems: set[Problem], risk: RiskLevel, more: Problem
) -> None:
    def rank(problems: set[Problem]) -> int:
        suggested = escalation(answers, problems, risk)
        return suggested.level.rank if suggested else -1

    assert rank({*problems, more}) >= rank(problems)
