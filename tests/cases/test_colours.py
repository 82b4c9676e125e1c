"""A better colour needs an assessment and another person's approval; a worse one is in force at once."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from cases import colours
from cases.assessments import services as assessments
from cases.assessments.instruments import packaged
from cases.duplicates import merging
from cases.enums import RiskLevel
from cases.models import Child, GuardianshipAssessment, Note, Visit, VisitTask
from cases.refusals import RegisterRefused
from cases.register import set_risk
from cases.visits.services import review_visit
from staff.models import Parameter
from staff.workflow import TransitionRefused
from tests.cases.visiting import NOW, SHANGHAI, TODAY, acting, form_values, fresh, submitted
from tests.cast import COUNTY, START, VILLAGE, Cast, make_child, recolour

BEST = {code: item.options[0].code for code, item in packaged()["weighted-66"].items().items()}
# Answers by the best colour that their grade allows.
ANSWERS = {
    "green": BEST,
    "blue": BEST | {"peace_violence": "now"},
    "yellow": BEST | {"abuse_hits": "now"},
    "red": BEST | {"record_violence": "now"},
}
DAY = dt.timedelta(days=1)


def colour(cast: Cast) -> str:
    return str(fresh(cast, cast.children["own"]).risk)


def assess(
    cast: Cast, floor: str, by: str = "director", at: dt.datetime = NOW, **more: Any
) -> GuardianshipAssessment:
    with acting(cast, by):
        return assessments.add_assessment(cast.children["own"], ANSWERS[floor], at=at, **more)


def approve(cast: Cast, visit: Visit, by: str = "supervisor", at: dt.datetime = NOW) -> Visit:
    with acting(cast, by) as actor:
        return review_visit(actor=actor, at=at, visit=visit, decision="approve")


def open_tasks(cast: Cast) -> list[str]:
    with acting(cast, "director"):
        return list(VisitTask.objects.filter(done_at=None).values_list("kind", flat=True))


# --- What a visit does ---------------------------------------------------------------------------------------


def test_without_an_assessment_the_visit_is_approved_and_the_colour_stays(cast: Cast) -> None:
    visit = approve(cast, submitted(cast, risk="green"))
    assert (visit.state, colour(cast)) == ("approved", "yellow")
    # The director is told, and has a task, once however many visits propose it.
    approve(cast, submitted(cast, risk="blue"))
    assert open_tasks(cast) == ["assess"]
    with acting(cast, "director"):
        told = list(Note.objects.values_list("kind", "recipient__username", "visit"))
    assert len(told) == 2
    assert ("reminder", "director", visit.pk) in told
    home = cast.client("director").get("/").content.decode()
    assert reverse("cases:assessment_add", args=[cast.children["own"].pk]) in home
    assess(cast, "green")
    assert open_tasks(cast) == []


def test_an_assessment_and_the_approved_visit_lower_the_colour_together(cast: Cast) -> None:
    made = assess(cast, "blue")
    approve(cast, submitted(cast, risk="green"))
    child = fresh(cast, cast.children["own"])
    # No further than the grade allows; the colour began with the approval.
    assert (child.risk, child.risk_since) == ("blue", TODAY)
    made = fresh(cast, made)
    assert (made.state, made.risk_after, made.decided_by) == ("lowered", "blue", cast.users["supervisor"])
    # It is used up: the same assessment carries no second step.
    approve(cast, submitted(cast, risk="green"))
    assert colour(cast) == "blue"


def test_the_assessor_does_not_approve_the_own_assessment(cast: Cast) -> None:
    assess(cast, "green", by="supervisor")
    approve(cast, submitted(cast, risk="green"))
    assert colour(cast) == "yellow"


@pytest.mark.parametrize(
    ("began", "assessed", "counts"), [(10, 10, True), (10, 9, True), (10, 11, False), (400, 366, False)]
)
def test_the_stricter_of_recent_and_since_the_colour_began(
    cast: Cast, began: int, assessed: int, counts: bool
) -> None:
    """Days before today: of the colour in force, and of the assessment."""
    with acting(cast, "clerk"):
        Child.objects.filter(pk=cast.children["own"].pk).update(risk_since=TODAY - began * DAY)
    at = NOW - assessed * DAY
    made = assess(cast, "green", at=at)
    with acting(cast, "supervisor"):
        if counts:
            assessments.decide(made, "lower", at=NOW, reason="走访核实")
        else:
            with pytest.raises(TransitionRefused):
                assessments.decide(made, "lower", at=NOW, reason="走访核实")
    approve(cast, submitted(cast, risk="green"))
    assert colour(cast) == ("green" if counts else "yellow")


def test_an_assessment_of_another_colour_does_not_count(cast: Cast) -> None:
    """Assessed while yellow, found red the same day."""
    assess(cast, "green")
    submitted(cast, risk="red")
    approve(cast, submitted(cast, risk="green", visited_at=NOW))
    assert colour(cast) == "red"


def test_a_county_may_ask_for_the_approval_alone(cast: Cast) -> None:
    Parameter.objects.create(
        region_id=COUNTY, key="downgrade_needs_assessment", value=False, valid_from=START, source="x"
    )
    approve(cast, submitted(cast, risk="green"))
    assert colour(cast) == "green"


def test_the_reviewer_is_told_what_approving_does(cast: Cast) -> None:
    visit = submitted(cast, risk="green")
    page = reverse("cases:visit_review", args=[visit.pk])
    client = cast.client("supervisor", headers={"accept-language": "en"})
    assert "There is no assessment of the guardian since" in client.get(page).content.decode()
    assess(cast, "blue")
    assert f"allows {RiskLevel.BLUE.label}: approving lowers the colour" in client.get(page).content.decode()
    client.post(page, {"action": "approve"})
    assert colour(cast) == "blue"


# --- Every other way -------------------------------------------------------------------------------------------


def test_no_service_and_no_sql_makes_a_colour_better_without_a_ground(cast: Cast) -> None:
    own = cast.children["own"]
    made = assess(cast, "green")
    with acting(cast, "clerk"):
        with pytest.raises(RegisterRefused):
            set_risk(own, "green", at=NOW)
        writes = (
            lambda: Child.objects.filter(pk=own.pk).update(risk="green"),
            lambda: Child.objects.bulk_update([Child(pk=own.pk, risk="blue")], ["risk"]),
            lambda: connection.cursor().execute("UPDATE cases_child SET risk = 'green' WHERE id = %s", [own.pk]),
        )  # fmt: skip
        for write in writes:
            # Neither without a name, nor by naming an assessment that nobody has decided on, or nothing that exists.
            for ground in ("", colours.ground_of(made), "assessment:0", "visit:0", "merge:0", "clerk:1", "x"):
                with (
                    pytest.raises(IntegrityError, match="child_better_colour_has_ground"),
                    transaction.atomic(),
                    colours.resting_on(ground),
                ):
                    write()
        Child.objects.filter(pk=own.pk).update(risk="red")
    assert colour(cast) == "red"


def test_a_ground_is_forgotten_with_its_step(cast: Cast) -> None:
    made = assess(cast, "green")
    with acting(cast, "supervisor"):
        assessments.decide(made, "lower", at=NOW, reason="走访核实")
        Child.objects.filter(pk=cast.children["own"].pk).update(risk="yellow")
        with pytest.raises(IntegrityError), transaction.atomic():
            Child.objects.filter(pk=cast.children["own"].pk).update(risk="green")


def claim(child: Child, visit: Visit, colour: str) -> None:
    """Raw SQL of the application role, with a visit named as the ground."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.lowered_by', %s, true)", [f"visit:{visit.pk}"])
        cursor.execute("UPDATE cases_child SET risk = %s WHERE id = %s", [colour, child.pk])
        cursor.execute("SELECT set_config('app.lowered_by', '', true)")


@pytest.mark.parametrize(
    ("found", "since", "before", "claimed", "allowed"),
    [
        ("green", None, "yellow", "green", True),
        ("green", 0, "yellow", "green", True),
        ("green", 1, "yellow", "blue", True),  # less than it found
        ("green", 1, "red", "green", True),  # the colour has become better meanwhile
        ("blue", 1, "yellow", "green", False),  # it found no green
        ("yellow", 1, "yellow", "green", False),
        ("green", -1, "yellow", "green", False),  # approved before the present colour began
        ("green", 1, "blue", "green", False),  # handed in while the colour was better
    ],
)
def test_the_database_takes_only_the_visit_that_justifies_the_colour(
    cast: Cast, found: str, since: int | None, before: str, claimed: str, allowed: bool
) -> None:
    """``since``: days from the beginning of the colour until the approval."""
    own = cast.children["own"]
    visit = approve(cast, submitted(cast, risk=found))
    with acting(cast, "clerk"):
        Visit.objects.filter(pk=visit.pk).update(risk_before=before)
        began = None if since is None else TODAY - since * DAY
        Child.objects.filter(pk=own.pk).update(risk_since=began)
        if allowed:
            claim(own, visit, claimed)
        else:
            with pytest.raises(IntegrityError, match="better_colour_has_ground"):
                claim(own, visit, claimed)
    assert colour(cast) == (claimed if allowed else "yellow")


def test_the_database_takes_no_visit_that_is_unrelated_or_out_of_date(cast: Cast) -> None:
    own = cast.children["own"]
    early = approve(cast, submitted(cast, risk="green", visited_at=NOW - 2 * DAY))
    with acting(cast, "clerk"):
        other = make_child(VILLAGE, "陶小雨", risk="yellow")
    others = approve(cast, submitted(cast, other, risk="green"))
    latest = approve(cast, submitted(cast, risk="green"))
    waits = submitted(cast, risk="green", visited_at=NOW - DAY)
    with acting(cast, "clerk"):
        for visit in (early, others, waits):  # early: a later visit speaks for the child
            with pytest.raises(IntegrityError, match="better_colour_has_ground"):
                claim(own, visit, "green")
        claim(own, latest, "green")
    assert colour(cast) == "green"


def test_a_visit_handed_in_before_the_colour_became_worse_leaves_it(cast: Cast) -> None:
    Parameter.objects.create(
        region_id=COUNTY, key="downgrade_needs_assessment", value=False, valid_from=START, source="x"
    )
    visit = submitted(cast, risk="green")
    with acting(cast, "clerk"):
        set_risk(cast.children["own"], "red", at=NOW)
    page = cast.client("supervisor", headers={"accept-language": "en"}).get(
        reverse("cases:visit_review", args=[visit.pk])
    )
    assert "The colour became worse after this visit was handed in" in page.content.decode()
    assert approve(cast, visit).state == "approved"
    assert colour(cast) == "red"


def test_a_merge_keeps_the_worse_colour_and_its_undoing_gives_back_the_own(cast: Cast) -> None:
    with acting(cast, "clerk"):
        files = [make_child(VILLAGE, "陶小雨", risk=risk) for risk in ("green", "red")]
        for kept, merged in (files, files[::-1]):
            done = merging.merge_children(kept, merged, {"risk": "kept"}, reason="同一人", at=NOW)
            assert Child.objects.get(pk=kept.pk).risk == "red"
            again = merging.undo_merge(done, reason="不是同一人", at=NOW)
            assert again.edited == ()
            assert [Child.objects.get(pk=one.pk).risk for one in files] == ["green", "red"]
        # What became worse since the merge stays so.
        done = merging.merge_children(files[0], files[1], {}, reason="同一人", at=NOW)
        page = cast.client("clerk").get(reverse("cases:merge", args=[files[0].pk, files[1].pk]))
    assert b'name="choose-risk" value="kept"' not in page.content


def test_pages_do_not_take_a_colour(cast: Cast) -> None:
    """The form of the file has none, and a visit's proposes only."""
    own = cast.children["own"]
    client = cast.client("clerk")
    client.post(reverse("cases:child_edit", args=[own.pk]), {"name": own.name, "risk": "green"})
    cast.client("director").post("/visits/add/", form_values(own, risk="green"))
    assert colour(cast) == "yellow"


# --- The rule as a whole -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(1, 6))
def test_over_random_sequences_the_colour_never_improves_without_assessment_and_approval(
    cast: Cast, seed: int
) -> None:
    """Told apart from what the office keeps: by the order of what was done, not by its dates."""
    rng = random.Random(seed)
    with acting(cast, "clerk"):
        recolour("red", pk=cast.children["own"].pk)
    own, now, step = cast.children["own"], NOW, 0
    began = 0  # the step in which the present colour began
    made: dict[int, dict[str, Any]] = {}  # assessments by id: step, by whom, what they allow
    waiting: list[Visit] = []
    lowered = 0
    while step < 60 or (not lowered and step < 300):
        step += 1
        now += rng.choice((dt.timedelta(minutes=5), DAY, 9 * DAY, 200 * DAY if rng.random() < 0.1 else DAY))
        before, approver, act = (
            RiskLevel(colour(cast)),
            "",
            rng.choice(("visit", "assess", "review", "decide")),
        )
        worse = RiskLevel.GREEN
        if act == "visit":
            proposed = RiskLevel(rng.choice(RiskLevel.values))
            visit = submitted(
                cast, own, by=rng.choice(("director", "supervisor")), at=now, visited_at=now, risk=proposed
            )
            waiting.append(visit)
            worse = proposed
        elif act == "assess":
            by, floor = rng.choice(("director", "supervisor")), rng.choice(RiskLevel.values)
            one = assess(cast, floor, by=by, at=now)
            made[one.pk] = {"step": step, "by": by, "floor": RiskLevel(floor), "at": now}
            worse = RiskLevel(floor)
        elif act == "review" and waiting:
            approver = rng.choice(("supervisor", "clerk"))
            try:
                approve(cast, waiting.pop(rng.randrange(len(waiting))), by=approver, at=now)
            except TransitionRefused:
                approver = ""
        elif act == "decide" and made:
            approver = rng.choice(("director", "supervisor", "clerk"))
            try:
                with acting(cast, approver):
                    chosen = GuardianshipAssessment.objects.get(
                        pk=max(made) if rng.random() < 0.7 else rng.choice(list(made))
                    )
                    assessments.decide(chosen, rng.choice(("lower", "lower", "hold")), at=now, reason="核实")
            except (TransitionRefused, ValidationError):
                approver = ""
        after = RiskLevel(colour(cast))
        assert not worse.is_worse_than(after), f"step {step}: a worse proposal waits"
        if before.is_worse_than(after):
            used = [
                pk
                for pk, one in made.items()
                if one["step"] > began
                and one["by"] != approver
                and not one["floor"].is_worse_than(after)
                and now - one["at"] < 366 * DAY
            ]
            assert approver in ("supervisor", "clerk"), f"step {step}: nobody approved"
            assert used, f"step {step}: {before} became {after} without an assessment"
            lowered += 1
        if after != before:
            began = step
    assert lowered, "the sequence says nothing"
    assert now.tzinfo is SHANGHAI
