"""Visits through their services: drafts, submission, repetition, what a review changes on the child."""

from __future__ import annotations

import datetime as dt
import threading
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction

from cases.models import Case, Visit
from cases.visits.enums import ReturnReason
from cases.visits.services import (
    VisitRefused,
    add_task,
    basis_of,
    create_visit,
    review_visit,
    save_draft,
    submit_visit,
)
from staff.models import Parameter, TransitionRecord
from staff.scope import system_scope
from staff.workflow import TransitionRefused
from tests.cases.visiting import NOW, VISITED, acting, fresh, submitted, visit_data
from tests.cast import COUNTY, START, Cast, make_cast

LATER = NOW + dt.timedelta(hours=3)
D = dt.date


def review(cast: Cast, visit: Visit, decision: str, by: str = "supervisor", **values: Any) -> Visit:
    with acting(cast, by) as actor:
        return review_visit(actor=actor, at=LATER, visit=visit, decision=decision, **values)


def test_a_submitted_visit_carries_the_childs_region_and_who_made_it(cast: Cast) -> None:
    visit = submitted(cast, problems=["low_mood", "guardian_ill"])
    assert visit.state == "submitted"
    assert visit.region_id == cast.children["own"].region_id
    assert visit.conducted_by == cast.users["director"]
    assert visit.submitted_at == NOW
    assert visit.problems == {"guardianship": ["guardian_ill"], "psychology": ["low_mood"]}
    with acting(cast, "supervisor"):
        record = TransitionRecord.objects.get(subject="cases.visit", subject_id=str(visit.pk))
    assert (record.source, record.target, record.role) == ("draft", "submitted", "director")


def test_the_same_uuid_again_is_the_same_visit(cast: Cast) -> None:
    uuid = uuid4()
    with acting(cast, "director") as actor:
        child = cast.children["own"]
        first, created = create_visit(actor=actor, at=NOW, uuid=uuid, child=child, data=visit_data())
        again, repeated = create_visit(
            actor=actor, at=LATER, uuid=uuid, child=child, data=visit_data(text="另一段")
        )
        assert (created, repeated) == (True, False)
        assert first.pk == again.pk
        assert [one.text for one in Visit.objects.all()] == [visit_data().text]
        assert TransitionRecord.objects.filter(subject_id=str(first.pk)).count() == 1


def test_a_uuid_of_another_child_or_another_person_is_refused(cast: Cast) -> None:
    visit = submitted(cast)
    with acting(cast, "supervisor") as actor:
        with pytest.raises(VisitRefused):
            create_visit(
                actor=actor, at=NOW, uuid=visit.uuid, child=cast.children["neighbour"], data=visit_data()
            )
        with pytest.raises(VisitRefused):
            create_visit(actor=actor, at=NOW, uuid=visit.uuid, child=cast.children["own"], data=visit_data())


def test_a_uuid_used_out_of_scope_is_refused_without_saying_by_whom(cast: Cast) -> None:
    with system_scope(reason="a visit elsewhere", log=False):
        far = Visit.objects.create(
            child=cast.children["strange"],
            region_id=cast.children["strange"].region_id,
            kind="door",
            visited_at=VISITED,
            risk="green",
            risk_before="green",
            conducted_by=cast.users["stranger"],
        )
    with acting(cast, "director") as actor:
        with pytest.raises(VisitRefused, match=r"编号|number"):
            create_visit(actor=actor, at=NOW, uuid=far.uuid, child=cast.children["own"], data=visit_data())
        assert Visit.objects.count() == 0


@pytest.mark.parametrize("member", ["clerk", "leader", "approver"])
def test_other_posts_make_no_visits(cast: Cast, member: str) -> None:
    with acting(cast, member) as actor, pytest.raises(VisitRefused):
        create_visit(actor=actor, at=NOW, uuid=uuid4(), child=cast.children["own"], data=visit_data())


def test_a_child_who_left_is_not_visited(cast: Cast) -> None:
    child = cast.children["own"]
    with acting(cast, "director") as actor:
        child.left_date, child.left_reason = D(2026, 9, 1), "05"
        child.save()
        with pytest.raises(VisitRefused):
            create_visit(actor=actor, at=NOW, uuid=uuid4(), child=child, data=visit_data())


def test_a_draft_is_kept_and_later_submitted_under_the_same_uuid(cast: Cast) -> None:
    uuid = uuid4()
    with acting(cast, "director") as actor:
        child = cast.children["own"]
        draft = save_draft(actor=actor, at=NOW, uuid=uuid, child=child, data=visit_data(text=""))
        assert (draft.state, draft.submitted_at, basis_of(draft)) == ("draft", None, "draft")
        draft = save_draft(actor=actor, at=NOW, uuid=uuid, child=child, data=visit_data(text="一半"))
        assert draft.text == "一半"
        visit, changed = create_visit(
            actor=actor, at=LATER, uuid=uuid, child=child, data=visit_data(), basis="draft"
        )
        assert (changed, visit.pk, visit.state) == (True, draft.pk, "submitted")
        with pytest.raises(VisitRefused):
            save_draft(actor=actor, at=LATER, uuid=uuid, child=child, data=visit_data())


def test_a_returned_visit_is_changed_once_and_a_late_repetition_changes_nothing(cast: Cast) -> None:
    visit = submitted(cast)
    review(cast, visit, "return", reason_code=ReturnReason.INCOMPLETE, reason="请补写用药情况")
    visit = fresh(cast, visit)
    assert visit.state == "returned"
    basis = basis_of(visit)
    common = {"uuid": visit.uuid, "child": cast.children["own"]}
    with acting(cast, "director") as actor:
        stale, changed = create_visit(actor=actor, at=LATER, data=visit_data(text="旧"), **common)
        assert (stale.state, changed) == ("returned", False)
        done, changed = create_visit(
            actor=actor, at=LATER, data=visit_data(text="已补"), basis=basis, **common
        )
        assert (done.state, done.text, changed) == ("submitted", "已补", True)
        again, changed = create_visit(
            actor=actor, at=LATER, data=visit_data(text="再来"), basis=basis, **common
        )
        assert (again.text, changed) == ("已补", False)


def test_only_the_visitor_may_submit(cast: Cast) -> None:
    with acting(cast, "director") as actor:
        draft = save_draft(actor=actor, at=NOW, uuid=uuid4(), child=cast.children["own"], data=visit_data())
    with acting(cast, "supervisor") as actor, pytest.raises(TransitionRefused):
        submit_visit(actor=actor, at=NOW, visit=draft)


# --- Risk and dates -------------------------------------------------------------------------------------


def test_a_worse_colour_is_in_force_at_once_and_pulls_the_next_visit_forward(cast: Cast) -> None:
    submitted(cast, risk="red")
    child = fresh(cast, cast.children["own"])
    assert (child.risk, child.risk_since) == ("red", D(2026, 10, 20))
    assert child.next_visit_date == D(2026, 10, 20)  # it was due today already
    assert child.last_visit_date is None


def test_a_better_colour_waits_for_an_assessment_and_the_supervisor(cast: Cast) -> None:
    """More of it in test_colours."""
    visit = submitted(cast, risk="green")
    assert fresh(cast, cast.children["own"]).risk == "yellow"
    review(cast, visit, "approve")
    child = fresh(cast, cast.children["own"])
    assert (child.risk, child.last_visit_date, child.next_visit_date) == (
        "yellow",
        D(2026, 10, 20),
        D(2026, 11, 4),
    )


def test_the_interval_is_the_countys(cast: Cast) -> None:
    Parameter.objects.create(
        region_id=COUNTY,
        key="visit_interval_days",
        value={"yellow": 10},
        valid_from=START,
        source="潼民〔2026〕1号",
    )
    review(cast, submitted(cast), "approve")
    assert fresh(cast, cast.children["own"]).next_visit_date == D(2026, 10, 30)


def test_the_visitor_may_ask_for_an_earlier_next_visit(cast: Cast) -> None:
    review(cast, submitted(cast, next_visit_date=D(2026, 10, 25)), "approve")
    assert fresh(cast, cast.children["own"]).next_visit_date == D(2026, 10, 25)


def test_an_older_visit_approved_later_does_not_undo_a_newer_one(cast: Cast) -> None:
    older = submitted(cast, risk="green", visited_at=VISITED - dt.timedelta(days=3))
    submitted(cast, risk="red")
    review(cast, older, "approve")
    child = fresh(cast, cast.children["own"])
    assert (child.risk, child.last_visit_date) == ("red", D(2026, 10, 17))


def test_a_return_changes_nothing_on_the_child(cast: Cast) -> None:
    before = fresh(cast, cast.children["own"])
    visit = submitted(cast)
    review(cast, visit, "return", reason_code="incomplete", reason="请补写")
    after = fresh(cast, cast.children["own"])
    assert (after.last_visit_date, after.next_visit_date) == (before.last_visit_date, before.next_visit_date)


def test_approval_closes_tasks_asked_for_before_the_visit(cast: Cast) -> None:
    child = cast.children["own"]
    with acting(cast, "clerk") as actor:
        before = add_task(
            actor=actor,
            at=VISITED - dt.timedelta(days=2),
            child=child,
            due_date=D(2026, 10, 18),
            reason="低保名单不符",
        )
        after = add_task(
            actor=actor,
            at=VISITED + dt.timedelta(hours=1),
            child=child,
            due_date=D(2026, 10, 30),
            reason="核实",
        )
    assert fresh(cast, child).next_visit_date == D(2026, 10, 18)
    visit = submitted(cast)
    assert fresh(cast, before).done_at is None
    review(cast, visit, "approve")
    closed, still_open = fresh(cast, before), fresh(cast, after)
    assert (closed.visit_id, closed.done_at) == (visit.pk, LATER)
    assert still_open.done_at is None


# --- Review ---------------------------------------------------------------------------------------------


def test_returning_needs_a_coded_reason_and_words(cast: Cast) -> None:
    visit = submitted(cast)
    for values in (
        {"reason": "请补写"},
        {"reason_code": "nonsense", "reason": "请补写"},
        {"reason_code": "incomplete"},
    ):
        with pytest.raises(TransitionRefused):
            review(cast, visit, "return", **values)
    assert fresh(cast, visit).state == "submitted"


def test_an_unknown_decision_is_refused(cast: Cast) -> None:
    with pytest.raises(VisitRefused):
        review(cast, submitted(cast), "submit")


@pytest.mark.parametrize("member", ["director", "clerk", "leader"])
def test_only_supervisors_review(cast: Cast, member: str) -> None:
    visit = submitted(cast)
    with pytest.raises(TransitionRefused):
        review(cast, visit, "approve", by=member)


def test_a_visit_is_reviewed_once(cast: Cast) -> None:
    visit = submitted(cast)
    review(cast, visit, "approve")
    with pytest.raises(TransitionRefused):
        review(cast, visit, "return", reason_code="incomplete", reason="请补写")


def test_nobody_reviews_their_own_visit(cast: Cast) -> None:
    visit = submitted(cast, by="supervisor")
    with pytest.raises(TransitionRefused):
        review(cast, visit, "approve")


def test_the_database_refuses_a_review_of_ones_own_visit(cast: Cast) -> None:
    visit = submitted(cast, by="supervisor")
    with (
        acting(cast, "supervisor"),
        connection.cursor() as cursor,
        pytest.raises(IntegrityError, match="visit_reviewer_is_another"),
        transaction.atomic(),
    ):
        cursor.execute("UPDATE cases_visit SET reviewed_by_id = conducted_by_id WHERE id = %s", [visit.pk])


def test_a_visit_outside_the_supervisors_township_cannot_be_reviewed(cast: Cast) -> None:
    visit = submitted(cast)
    with pytest.raises(TransitionRefused):
        review(cast, visit, "approve", by="other_supervisor")
    assert fresh(cast, visit).state == "submitted"


def test_escalating_opens_a_case_of_the_level_and_keeps_the_colour(cast: Cast) -> None:
    visit = submitted(cast, risk="green", answers={"guardian": True})
    visit = review(
        cast,
        visit,
        "escalate",
        level="blue",
        title="祖母住院，无人照料",
        reason="请区里协调照料",
        to_county=True,
    )
    assert visit.state == "escalated"
    with acting(cast, "clerk"):
        case = Case.objects.get(visit=visit)
        assert (case.level, case.state, case.at_county, case.child) == (
            "blue",
            "escalated",
            True,
            cast.children["own"],
        )
    child = fresh(cast, cast.children["own"])
    assert (child.risk, child.last_visit_date, child.next_visit_date) == (
        "yellow",
        D(2026, 10, 20),
        D(2026, 11, 4),
    )


def test_escalating_without_a_level_changes_nothing(cast: Cast) -> None:
    visit = submitted(cast)
    for level, title in (("green", "照料"), ("", "照料"), ("red", " ")):
        with pytest.raises(TransitionRefused):
            review(cast, visit, "escalate", level=level, title=title, reason="请协调")
    assert fresh(cast, visit).state == "submitted"
    with acting(cast, "clerk"):
        assert Case.objects.count() == 0


# --- A race ---------------------------------------------------------------------------------------------


@pytest.fixture
def committed_cast(transactional_db: None) -> Cast:
    return make_cast()


@pytest.mark.slow
def test_the_same_submission_twice_at_one_moment_is_one_visit(committed_cast: Cast) -> None:
    uuid = uuid4()
    barrier = threading.Barrier(2)
    results: list[tuple[int, bool]] = []
    errors: list[Exception] = []

    def send() -> None:
        try:
            with acting(committed_cast, "director") as actor:
                barrier.wait(timeout=10)
                visit, created = create_visit(
                    actor=actor, at=NOW, uuid=uuid, child=committed_cast.children["own"], data=visit_data()
                )
                results.append((visit.pk, created))
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert errors == []
    assert sorted(created for _, created in results) == [False, True]
    assert len({pk for pk, _ in results}) == 1
    with acting(committed_cast, "director"):
        assert Visit.objects.count() == 1
