"""Plans of cases through their services: goals, actions, new days, reviews, closing, opening again, and what is late."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from cases.casework import services as case_services
from cases.casework.services import CaseRefused
from cases.duplicates import merging
from cases.models import Case, CaseAction, CaseEntry, CaseGoal, Note, VisitTask
from cases.plans import closing, conferences, selectors, services
from cases.plans.conferences import Decision, Invited
from cases.plans.entries import ROWS
from cases.transfers import services as transfers
from staff.models import TransitionRecord
from staff.scope import open_scope, system_scope
from staff.workflow import TransitionRefused
from tests.cases.visiting import NOW, TODAY, acting, fresh
from tests.cast import FAR_VILLAGE, OTHER_VILLAGE, VILLAGE, Cast

LATER = NOW + dt.timedelta(hours=2)
SOON = TODAY + dt.timedelta(days=5)
SECRET = "机密之言"
DAY = dt.timedelta(days=1)


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOW)


@pytest.fixture
def case(cast: Cast) -> Case:
    with acting(cast, "supervisor") as actor:
        return case_services.open_case(
            actor=actor, at=NOW, child=cast.children["own"], title="无人照料", level="yellow"
        )


def goal_of(cast: Cast, case: Case, by: str = "supervisor", **values: Any) -> CaseGoal:
    with acting(cast, by) as actor:
        given = {"text": "每天有人照料", "due_date": SOON} | values
        return services.add_goal(actor=actor, at=NOW, case=case, **given)


def action_of(
    cast: Cast, case: Case, by: str = "supervisor", owner: str | None = None, **values: Any
) -> CaseAction:
    with acting(cast, by) as actor:
        given = {"title": "联系姑母", "due_date": SOON} | values
        person = cast.users[owner] if owner else None
        return services.add_action(actor=actor, at=NOW, case=case, owner=person, **given)


def conference_of(cast: Cast, case: Case, words: str = "会议内容") -> Any:
    """A conference held and minuted by the supervisor, with a policeman, and a word added later."""
    with acting(cast, "supervisor") as actor:
        held = conferences.call_conference(
            actor=actor, at=NOW, case=case, held_at=NOW - DAY, chair=words, place=words,
            invited=[Invited("police", words, words)],
        )  # fmt: skip
        conferences.write_minutes(
            actor=actor, at=NOW, conference=held, minutes=words, decisions=words,
            came=set(held.participants.values_list("pk", flat=True)),
        )  # fmt: skip
        conferences.add_words(actor=actor, at=NOW, conference=held, text=words)
    return held


def judge(
    cast: Cast, goal: CaseGoal, state: str = "reached", outcome: str = "照料落实", by: str = "supervisor"
) -> None:
    with acting(cast, by) as actor:
        services.judge_goal(actor=actor, at=LATER, goal=goal, state=state, outcome=outcome)


def finish(cast: Cast, action: CaseAction, note: str = "已落实") -> None:
    with acting(cast, "supervisor") as actor:
        services.finish_action(actor=actor, at=LATER, action=action, note=note)


def close(cast: Cast, case: Case, at: dt.datetime = LATER, **values: Any) -> Case:
    with acting(cast, "supervisor") as actor:
        given = {"outcome": "resolved", "reason": "照料恢复", "follow_up": "visits"} | values
        return closing.close_case(actor=actor, at=at, case=case, **given)


# --- Goals and actions ----------------------------------------------------------------------------------


def test_the_first_goal_begins_the_help_and_sets_the_day_of_the_review(cast: Cast, case: Case) -> None:
    goal = goal_of(cast, case, measure="走访三次都见到人")
    action = action_of(cast, case, by="director", goal=goal)
    found = fresh(cast, case)
    assert (found.state, found.review_date) == ("planned", TODAY + 30 * DAY)
    assert (goal.state, goal.region_id, goal.restricted, action.goal_id) == ("open", VILLAGE, False, goal.pk)


Refused = Callable[[Cast, Case], object]
REFUSALS: dict[str, Refused] = {
    "a director sets no goal": lambda cast, case: goal_of(cast, case, by="director"),
    "nor does a leader": lambda cast, case: goal_of(cast, case, by="leader"),
    "a goal without words": lambda cast, case: goal_of(cast, case, text="  "),
    "a goal of yesterday": lambda cast, case: goal_of(cast, case, due_date=TODAY - DAY),
    "an action without words": lambda cast, case: action_of(cast, case, title=" "),
    "a judgement without words": lambda cast, case: judge(cast, goal_of(cast, case), outcome=" "),
    "a judgement of nothing": lambda cast, case: judge(cast, goal_of(cast, case), state="open"),
    "a director's judgement": lambda cast, case: judge(cast, goal_of(cast, case), by="director"),
    "a review without words": lambda cast, case: review(cast, case, text=" "),
    "a review until today": lambda cast, case: review(cast, case, next_date=TODAY),
    "a plan with an open goal closes": lambda cast, case: (goal_of(cast, case), close(cast, case)),
    "a plan with an open action closes": lambda cast, case: (action_of(cast, case), close(cast, case)),
    "closing without what follows": lambda cast, case: close(cast, case, follow_up=""),
    "closing without words": lambda cast, case: close(cast, case, reason=""),
    "a visit asked for yesterday": lambda cast, case: close(cast, case, visit_date=TODAY - DAY),
    "a goal after closing": lambda cast, case: (close(cast, case), goal_of(cast, case)),
    "a conference after closing": lambda cast, case: (close(cast, case), conference_of(cast, case)),
    "another case's goal": lambda cast, case: action_of(cast, another(cast), goal=goal_of(cast, case)),
    "a judged goal": lambda cast, case: action_of(cast, case, goal=judged(cast, goal_of(cast, case))),
    "judging twice": lambda cast, case: judge(cast, judged(cast, goal_of(cast, case))),
    "the same day again": lambda cast, case: move(cast, action_of(cast, case), SOON),
    "a day that has passed": lambda cast, case: move(cast, action_of(cast, case), TODAY - DAY),
    "a new day without a reason": lambda cast, case: move(cast, action_of(cast, case), SOON + DAY, reason=" "),
    "a director moves another's": lambda cast, case: move(cast, action_of(cast, case), SOON + DAY, by="director"),
    "the same words again": lambda cast, case: reword(cast, action_of(cast, case, title="联系舅舅")),
    "other words without a reason": lambda cast, case: reword(cast, goal_of(cast, case), reason=" "),
    "no words in their place": lambda cast, case: reword(cast, goal_of(cast, case), text=" "),
    "a director rewords another's": lambda cast, case: reword(cast, action_of(cast, case), by="director"),
    "nor a goal": lambda cast, case: reword(cast, goal_of(cast, case), by="director"),
    "a judged goal's words": lambda cast, case: reword(cast, judged(cast, goal_of(cast, case))),
    "a reported action's words": lambda cast, case: reword(cast, reported(cast, action_of(cast, case))),
    "a closed case's words": lambda cast, case: reword(cast, left_open(cast, case)),
    "opening again what is open": lambda cast, case: reopen(cast, case),
    "opening again after too long": lambda cast, case: reopen(cast, close(cast, case), NOW + 91 * DAY),
    "opening again without words": lambda cast, case: reopen(cast, close(cast, case), reason=" "),
}  # fmt: skip


def review(cast: Cast, case: Case, **values: Any) -> CaseEntry:
    with acting(cast, "supervisor") as actor:
        given = {"text": "进展顺利", "next_date": TODAY + 20 * DAY} | values
        return services.review_plan(actor=actor, at=NOW, case=case, **given)


def another(cast: Cast) -> Case:
    with acting(cast, "supervisor") as actor:
        return case_services.open_case(
            actor=actor, at=NOW, child=cast.children["own"], title="另案", level="blue"
        )


def judged(cast: Cast, goal: CaseGoal) -> CaseGoal:
    judge(cast, goal, state="partly")
    return fresh(cast, goal)


def reported(cast: Cast, action: CaseAction) -> CaseAction:
    finish(cast, action)
    return action


def left_open(cast: Cast, case: Case) -> CaseGoal:
    """A goal that nobody judged in a case that is closed, as closed cases of before have them."""
    goal = goal_of(cast, case)
    with acting(cast, "supervisor"):
        Case.objects.filter(pk=case.pk).update(state="closed", closed_at=NOW, outcome="improved")
    return goal


def move(
    cast: Cast, action: CaseAction, day: dt.date, by: str = "supervisor", reason: str = "姑母外出"
) -> CaseAction:
    with acting(cast, by) as actor:
        return services.change_action(actor=actor, at=NOW, action=action, due_date=day, reason=reason)


def reopen(cast: Cast, case: Case, at: dt.datetime = LATER, reason: str = "又无人照料") -> Case:
    with acting(cast, "supervisor") as actor:
        return closing.reopen_case(actor=actor, at=at, case=case, reason=reason)


def test_what_is_refused(cast: Cast, case: Case) -> None:
    """Each by itself, on the same case: whatever was done before the refusal is rolled back."""
    taken = []
    for name, attempt in REFUSALS.items():
        with suppress(TransitionRefused), transaction.atomic():
            attempt(cast, case)
            taken.append(name)
            transaction.set_rollback(True)
    assert taken == []


def test_the_database_refuses_a_judgement_without_words(cast: Cast, case: Case) -> None:
    goal = goal_of(cast, case)
    with (
        acting(cast, "supervisor"),
        connection.cursor() as cursor,
        pytest.raises(IntegrityError, match="goal_judged_has_words"),
        transaction.atomic(),
    ):
        cursor.execute(
            "UPDATE cases_casegoal SET state = 'reached', judged_at = now() WHERE id = %s", [goal.pk]
        )


def test_a_judged_goal_says_who_when_and_what(cast: Cast, case: Case) -> None:
    goal = judged(cast, goal_of(cast, case))
    assert (goal.state, goal.outcome, goal.judged_at, goal.judged_by_id) == (
        "partly", "照料落实", LATER, cast.users["supervisor"].pk,
    )  # fmt: skip


def test_a_new_day_and_another_person_keep_what_was_before_and_why(cast: Cast, case: Case) -> None:
    action, goal = action_of(cast, case, owner="director"), goal_of(cast, case)
    move(cast, action, SOON + DAY, by="director")
    with acting(cast, "supervisor") as actor:
        services.change_action(
            actor=actor,
            at=NOW,
            action=action,
            due_date=SOON + DAY,
            owner=cast.users["clerk"],
            reason="须区里协调",
        )
        services.change_goal_date(actor=actor, at=NOW, goal=goal, due_date=SOON + 9 * DAY, reason="等待鉴定")
        kept = list(
            CaseEntry.objects.values_list("kind", "action_id", "goal_id", "former_date", "new_date", "text")
        )
    assert [entry[:5] for entry in kept] == [
        ("day", action.pk, None, SOON, SOON + DAY),
        ("day", action.pk, None, None, None),
        ("day", None, goal.pk, SOON, SOON + 9 * DAY),
    ]
    first, second, third = (entry[5] for entry in kept)
    assert (first, third) == ("姑母外出", "等待鉴定")
    assert [word for word in ("王念慈", "赵清和", "须区里协调") if word not in second] == []
    found = fresh(cast, action)
    assert (found.due_date, found.owner_id) == (SOON + DAY, cast.users["clerk"].pk)
    assert fresh(cast, goal).due_date == SOON + 9 * DAY


def reword(cast: Cast, row: CaseGoal | CaseAction, by: str = "supervisor", **values: str) -> None:
    given = {"reason": "姑母改了住处"} | values
    with acting(cast, by) as actor:
        if isinstance(row, CaseGoal):
            services.reword_goal(actor=actor, at=NOW, goal=row, **{"text": "夜里也有人照料"} | given)
        else:
            services.reword_action(actor=actor, at=NOW, action=row, **{"title": "联系舅舅"} | given)


def test_other_words_keep_what_was_said_before_and_why(cast: Cast, case: Case) -> None:
    goal = goal_of(cast, case, text="每天有人照料", measure="走访三次")
    action = action_of(cast, case, owner="director")
    reword(cast, goal, measure="走访三次")
    reword(cast, goal, measure="")
    reword(cast, action, by="director")
    with acting(cast, "supervisor"):
        kept = list(CaseEntry.objects.values_list("kind", "goal_id", "action_id", "text", "written_by"))
    supervisor, director = cast.users["supervisor"].pk, cast.users["director"].pk
    assert [(*entry[:3], entry[4]) for entry in kept] == [
        ("words", goal.pk, None, supervisor),
        ("words", goal.pk, None, supervisor),
        ("words", None, action.pk, director),
    ]
    for (*_what, text, _who), before in zip(kept, ("每天有人照料", "走访三次", "联系姑母"), strict=True):
        assert before in text
        assert text.endswith("姑母改了住处")
    assert "走访三次" not in kept[0][3]  # what stayed as it was is not said again
    assert (fresh(cast, goal).text, fresh(cast, goal).measure) == ("夜里也有人照料", "")
    assert fresh(cast, action).title == "联系舅舅"


def test_whoever_becomes_responsible_is_told(cast: Cast, case: Case) -> None:
    action_of(cast, case, owner="director")
    with open_scope(cast.scope("director")):
        (note,) = Note.objects.filter(recipient=cast.users["director"])
    assert "联系姑母" in note.text
    assert note.child_id == case.child_id


def test_a_review_sets_the_next_one(cast: Cast, case: Case) -> None:
    goal_of(cast, case)
    entry = review(cast, case)
    assert (entry.former_date, entry.new_date) == (TODAY + 30 * DAY, TODAY + 20 * DAY)
    assert fresh(cast, case).review_date == TODAY + 20 * DAY


# --- Closing, and opening again -------------------------------------------------------------------------


def test_a_case_closes_with_every_goal_judged_and_says_what_follows(cast: Cast, case: Case) -> None:
    goal, action = goal_of(cast, case), action_of(cast, case)
    judge(cast, goal, state="missed", outcome="姑母不愿照料")
    finish(cast, action)
    risk = cast.children["own"].risk
    closed = close(cast, case, follow_up="assess", visit_date=TODAY + 30 * DAY)
    assert (closed.state, closed.outcome, closed.follow_up, closed.review_date) == (
        "closed",
        "resolved",
        "assess",
        None,
    )
    assert fresh(cast, cast.children["own"]).risk == risk  # only an assessment changes it
    with acting(cast, "supervisor"):
        (task,) = VisitTask.objects.filter(child=case.child)
    assert task.due_date == TODAY + 30 * DAY


def test_a_closed_case_opens_again_within_the_countys_days_and_keeps_how_it_had_ended(
    cast: Cast, case: Case
) -> None:
    opened = reopen(cast, close(cast, case), NOW + 90 * DAY)
    assert (opened.state, opened.outcome, opened.closed_at, opened.follow_up) == ("planned", "", None, "")
    assert opened.review_date == TODAY + 120 * DAY
    with acting(cast, "supervisor"):
        entry = CaseEntry.objects.get(kind="reopened")
    assert "又无人照料" in entry.text
    assert "照料恢复" in entry.text
    assert goal_of(cast, opened).case_id == case.pk


def test_a_case_with_the_county_is_closed_and_opened_there(cast: Cast, case: Case) -> None:
    with acting(cast, "supervisor") as actor:
        case_services.change_case(actor=actor, at=NOW, case=case, name="escalate", reason="需区里协调")
    with acting(cast, "clerk") as actor:
        case_services.change_case(actor=actor, at=NOW, case=case, name="take_over")
        closing.close_case(
            actor=actor, at=NOW, case=case, outcome="resolved", reason="已落实", follow_up="nothing"
        )
    with pytest.raises(TransitionRefused):
        reopen(cast, case)


def test_a_case_of_before_without_goals_closes_as_ever(cast: Cast, case: Case) -> None:
    finish(cast, action_of(cast, case))
    assert close(cast, case).state == "closed"


# --- What is late ---------------------------------------------------------------------------------------


def test_what_is_overdue_is_told_to_those_who_see_the_case(cast: Cast, case: Case) -> None:
    goal = goal_of(cast, case)
    mine, done = action_of(cast, case, owner="director", goal=goal), action_of(cast, case)
    finish(cast, done)
    closed = another(cast)
    close(cast, closed)
    late = SOON + DAY
    seen = {}
    for member in ("director", "supervisor", "clerk", "other_supervisor", "stranger", "releaser"):
        with acting(cast, member) as actor:
            seen[member] = (
                [action.pk for action in selectors.overdue_actions(late)],
                [one.pk for one in selectors.overdue_goals(late)],
                [action.pk for action in selectors.own_actions(actor.user_id, TODAY)],
            )
    everything = [mine.pk], [goal.pk]
    assert seen == {
        "director": (*everything, [mine.pk]),
        "supervisor": (*everything, []),
        "clerk": (*everything, []),
        "other_supervisor": ([], [], []),
        "stranger": ([], [], []),
        "releaser": ([], [], []),
    }
    with acting(cast, "supervisor"):
        assert not selectors.overdue_actions(SOON).exists()
        assert [one.pk for one in selectors.overdue_reviews(TODAY + 31 * DAY)] == [case.pk]
        segments = selectors.segments_on(late)
        assert list(Case.objects.filter(segments["late"])) == [case]
        assert not Case.objects.filter(selectors.segments_on(SOON)["late"]).exists()
        standing = selectors.standings([case, closed], late)[case.pk]
    assert (standing.to_do, standing.goals, standing.judged, standing.late_since) == (1, 1, 0, SOON)


# --- Restricted -----------------------------------------------------------------------------------------

EVERYWHERE_WORDS = [
    *(
        "cases_case",
        "cases_casegoal",
        "cases_caseaction",
        "cases_caseconference",
        "cases_conferenceparticipant",
    ),
    *("cases_caseentry", "cases_caseevent", "cases_casegoalevent", "cases_caseactionevent"),
    *("cases_caseconferenceevent", "cases_conferenceparticipantevent", "cases_caseentryevent"),
    *("staff_transitionrecord", "staff_accesslog", "staff_trail", "cases_note", "cases_visittask"),
]


def filled(cast: Cast, case: Case) -> None:
    """Every kind of row of a plan with secret words, by the supervisor."""
    goal = goal_of(cast, case, text=SECRET, measure=SECRET)
    action = action_of(cast, case, title=SECRET, goal=goal)
    conference = conference_of(cast, case, SECRET)
    move(cast, action, SOON + DAY, reason=SECRET)
    reword(cast, goal, text=SECRET + "!", reason=SECRET)
    reword(cast, action, title=SECRET + "!", reason=SECRET)
    review(cast, case, text=SECRET)
    with acting(cast, "supervisor") as actor:
        conferences.take_decisions(
            actor=actor, at=NOW, conference=conference, decisions=[Decision("goal", SECRET, SOON)]
        )
        for one in CaseGoal.objects.filter(case=case):
            services.judge_goal(actor=actor, at=LATER, goal=one, state="reached", outcome=SECRET)
        for step in CaseAction.objects.filter(case=case):
            services.finish_action(actor=actor, at=LATER, action=step, note=SECRET)


def holders(cast: Cast) -> dict[str, set[str]]:
    """Member → tables in which they find the secret words, by raw SQL."""
    found: dict[str, set[str]] = {}
    for member in sorted(cast.users):
        with open_scope(cast.scope(member)), connection.cursor() as cursor:
            for table in EVERYWHERE_WORDS:
                cursor.execute(f"SELECT count(*) FROM {table} t WHERE t::text LIKE %s", [f"%{SECRET}%"])
                if cursor.fetchone()[0]:
                    found.setdefault(member, set()).add(table)
    return found


def test_the_words_of_a_restricted_case_reach_named_people_alone_and_no_history(cast: Cast) -> None:
    with acting(cast, "supervisor") as actor:
        case = case_services.open_case(
            actor=actor,
            at=NOW,
            child=cast.children["own"],
            title=SECRET,
            level="red",
            summary=SECRET,
            restricted=True,
        )
    filled(cast, case)
    close(cast, case, reason=SECRET, visit_date=SOON)
    reopen(cast, case, reason=SECRET)
    close(cast, case, reason=SECRET)
    words = set(EVERYWHERE_WORDS[:6])
    assert holders(cast) == {"supervisor": words}
    with acting(cast, "supervisor") as actor:
        case_services.name_person(actor=actor, at=NOW, case=case, person=cast.users["clerk"])
    assert holders(cast) == {"supervisor": words, "clerk": words}


def test_restricting_a_case_takes_its_whole_plan_from_the_others(cast: Cast, case: Case) -> None:
    filled(cast, case)
    with acting(cast, "supervisor") as actor:
        case_services.restrict_case(actor=actor, at=NOW, case=case, people=())
    with open_scope(cast.scope("supervisor")):
        assert {model.__name__: model.objects.filter(restricted=False).count() for model in ROWS} == {
            model.__name__: 0 for model in ROWS
        }
        assert all(model.objects.exists() for model in ROWS)
    # What was said in the open before stays out of everybody else's sight; only the note told its reader.
    assert {member for member, tables in holders(cast).items() if tables - {"cases_note"}} == {"supervisor"}


def test_only_named_people_are_responsible_or_asked_in_a_restricted_case(cast: Cast) -> None:
    with acting(cast, "supervisor") as actor:
        case = case_services.open_case(
            actor=actor, at=NOW, child=cast.children["own"], title=SECRET, level="red", restricted=True
        )
        people = {person.user_id for person in selectors.workers_of(case, TODAY)}
        assert people == {cast.users["supervisor"].pk}
        action = services.add_action(actor=actor, at=NOW, case=case, title=SECRET, due_date=SOON)
        director = cast.users["director"]
        attempts: list[Callable[[], object]] = [
            lambda: services.add_action(
                actor=actor, at=NOW, case=case, title=SECRET, due_date=SOON, owner=director
            ),
            lambda: services.change_action(
                actor=actor, at=NOW, action=action, due_date=SOON, owner=director, reason="x"
            ),
            lambda: conferences.call_conference(
                actor=actor, at=NOW, case=case, held_at=NOW, chair="x",
                invited=[Invited("village", director.name, "", director)],
            ),
        ]  # fmt: skip
        for attempt in attempts:
            with pytest.raises(CaseRefused), transaction.atomic():
                attempt()
        case_services.name_person(actor=actor, at=NOW, case=case, person=director)
        for attempt in attempts:
            attempt()
    with open_scope(cast.scope("director")):
        (note,) = Note.objects.filter(recipient=director)[:1]
        assert SECRET not in note.text
        assert note.child_id is None


# --- The file goes elsewhere ----------------------------------------------------------------------------


@pytest.mark.parametrize("restricted", [False, True])
def test_an_open_case_goes_with_the_file_and_with_all_that_is_planned(
    cast: Cast, case: Case, restricted: bool
) -> None:
    filled(cast, case)
    action_of(cast, case)
    if restricted:
        with acting(cast, "supervisor") as actor:
            case_services.restrict_case(actor=actor, at=NOW, case=case, people=())
    with acting(cast, "supervisor") as actor:
        move_out = transfers.propose_transfer(
            case.child,
            to_region_id=FAR_VILLAGE,
            reason_code="family_moved",
            effective_date=TODAY,
            at=NOW,
            actor=actor,
        )
    with acting(cast, "other_supervisor") as actor:
        transfers.accept_transfer(move_out, at=NOW, actor=actor)
    with open_scope(cast.scope("other_supervisor")):
        for model in ROWS:
            regions = set(model.objects.filter(case=case).values_list("region_id", "restricted"))
            assert regions == {(FAR_VILLAGE, restricted)}, model
        assert {one.owner_id for one in selectors.overdue_actions(SOON + DAY)} == {
            cast.users["other_supervisor"].pk
        }
    with open_scope(cast.scope("supervisor")):
        # Whoever was named goes on seeing a restricted case; an open one leaves with the file.
        assert {model.objects.filter(case=case).exists() for model in ROWS} == {False}


def test_a_merged_file_brings_its_plan_along(cast: Cast, case: Case) -> None:
    filled(cast, case)
    with acting(cast, "supervisor") as actor:
        case_services.restrict_case(actor=actor, at=NOW, case=case, people=())
    kept = cast.children["neighbour"]
    with acting(cast, "clerk") as actor:
        merging.merge_children(kept, cast.children["own"], {}, reason="同一人", at=NOW, actor=actor)
    with open_scope(cast.scope("supervisor")):
        for model in ROWS:
            rows = set(
                model._base_manager.filter(case=case).values_list("child_id", "region_id", "restricted")
            )
            assert rows == {(kept.pk, OTHER_VILLAGE, True)}, model


def test_steps_of_a_plan_are_recorded_without_words(cast: Cast, case: Case) -> None:
    goal_of(cast, case, text=SECRET)
    close_after = goal_of(cast, case, text="第二")
    judge(cast, close_after)
    with system_scope(reason="test", log=False):
        records = TransitionRecord.objects.filter(subject="cases.case").values_list("name", "reason")
        assert list(records) == [("plan", "")]
