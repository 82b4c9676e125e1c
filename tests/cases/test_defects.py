"""Defects: opened by the register, settled by the register, checked by another person, counted (O-44)."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bench.lacking import lacking_children, record_facts
from cases import register
from cases.children import family
from cases.children.family import GuardianData, SituationData
from cases.circumstances.enums import DefectKind
from cases.defects import scan as defect_scan
from cases.defects import services as defects
from cases.defects.selectors import MEASURES, DefectFilters, Period, counts
from cases.models import Child, Defect, DefectStep, Guardian
from cases.refusals import RegisterRefused
from cases.register import ChildData
from cases.visits import services as visits
from staff import posts
from staff.models import Assignment, Parameter, Post, Region, TransitionRecord
from staff.scope import open_scope, system_scope
from staff.workflow import TransitionRefused, history
from tests.cases.visiting import visit_data
from tests.cast import COUNTY, FAR_VILLAGE, OTHER_VILLAGE, OWN_ID, START, TOWNSHIP, VILLAGE, Cast, make_child

AT = dt.datetime(2026, 10, 20, 2, 0, tzinfo=dt.UTC)
TODAY = dt.date(2026, 10, 20)
WHOLE = ChildData(
    name="陶小雨",
    birth_date=dt.date(2015, 3, 4),
    sex="male",
    primary_category="left_behind",
    registration="local",
    school_stage="primary",
    guardians=(GuardianData("陶大山", "grandfather", start_date=START),),
)


def lacking(child: Child) -> dict[str, str]:
    """Kind → state of what is live."""
    return dict(Defect.objects.filter(child=child, state__in=defects.LIVE).values_list("kind", "state"))


def bare(region_id: int = VILLAGE, **changes: Any) -> Child:
    """A child without any of the four, added through the register."""
    fields = {
        "name": "陶小雨",
        "birth_date": dt.date(2015, 3, 4),
        "sex": "male",
        "primary_category": "left_behind",
    }
    data = ChildData(**fields | {"registration": "none"} | changes)  # type: ignore[arg-type]
    return register.add_child(data, region_id=region_id, at=AT, confirmed=True)


@pytest.fixture
def quiet(cast: Cast) -> Cast:
    """The cast with complete files, so that what a test opens is what it sees."""
    with system_scope(reason="test", log=False):
        Child.objects.update(school_stage="primary")
        for number, child in enumerate(Child.objects.filter(id_digest=None)):
            Child.objects.filter(pk=child.pk).update(id_digest=bytes([number]) * 32)
    return cast


# --- Opening ------------------------------------------------------------------------------------------------


def test_a_new_file_opens_what_it_lacks_with_owner_and_day(quiet: Cast) -> None:
    with open_scope(quiet.scope("director")):
        child = bare()
        found = {one.kind: one for one in Defect.objects.filter(child=child)}
        assert set(found) == set(DefectKind.values)
        assert {one.owner_id for one in found.values()} == {quiet.users["director"].pk}
        assert {kind: (one.due_date - TODAY).days for kind, one in found.items()} == {
            "no_identity": 60,
            "no_registration": 60,
            "out_of_school": 30,
            "no_guardian": 15,
        }
        assert not Defect.objects.exclude(child=child).exists()
        whole = register.add_child(WHOLE, region_id=VILLAGE, at=AT, confirmed=True)
        assert lacking(whole) == {"no_identity": "open"}


def test_the_days_are_the_countys(quiet: Cast) -> None:
    with system_scope(reason="test", log=False):
        Parameter.objects.create(
            region_id=COUNTY, key="defect_due_days", value={"no_guardian": 3}, valid_from=START, source="x"
        )
    with open_scope(quiet.scope("director")):
        child = bare()
        due = dict(Defect.objects.filter(child=child).values_list("kind", "due_date"))
        assert (due["no_guardian"] - TODAY).days == 3
        assert (due["no_identity"] - TODAY).days == 60


def test_the_supervisor_answers_for_a_village_without_a_director(quiet: Cast) -> None:
    with open_scope(quiet.scope("clerk")):
        child = bare(FAR_VILLAGE)  # nobody is director there
        assert {one.owner_id for one in Defect.objects.filter(child=child)} == {
            quiet.users["other_supervisor"].pk
        }


def test_a_director_of_two_villages_answers_for_both(quiet: Cast) -> None:
    with system_scope(reason="test", log=False):
        post = quiet.assignments["director"].post
        post.further_regions.add(Region.objects.get(pk=FAR_VILLAGE))
    with open_scope(quiet.scope("clerk")):
        child = bare(FAR_VILLAGE)
        assert {one.owner_id for one in Defect.objects.filter(child=child)} == {quiet.users["director"].pk}


def test_a_change_opens_and_repeating_opens_nothing_twice(quiet: Cast) -> None:
    own = quiet.children["own"]
    with open_scope(quiet.scope("director")):
        register.change_child(own, {"registration": "none"}, at=AT)
        assert lacking(own) == {"no_registration": "open"}
        register.change_child(own, {"school_name": "实验小学"}, at=AT)
        assert defects.open_defects([own.pk], TODAY) == 0
        assert Defect.objects.filter(child=own).count() == 1
        family.end_guardian(Guardian.objects.get(child=own), day=TODAY, at=AT)
        assert "no_guardian" not in lacking(own)  # still guardian today
        tomorrow = AT + dt.timedelta(days=1)
        defects.follow_register([own.pk], at=tomorrow)
        assert lacking(own)["no_guardian"] == "open"


def test_a_dead_parent_is_no_guardian(quiet: Cast) -> None:
    own = quiet.children["own"]
    with open_scope(quiet.scope("director")):
        family.add_guardian(own, GuardianData("林父", "father", start_date=START), at=AT)
        family.end_guardian(
            Guardian.objects.get(child=own, relation="grandmother"), day=TODAY - dt.timedelta(days=1), at=AT
        )
        assert lacking(own) == {}
        situation = family.add_situation(
            own, SituationData("father", "dead", TODAY, evidence="death_certificate"), at=AT
        )
        assert lacking(own) == {"no_guardian": "open"}
        family.end_situation(
            situation, day=TODAY, at=AT
        )  # was entered in error: in force today, over tomorrow
        defects.follow_register([own.pk], at=AT + dt.timedelta(days=1))
        assert lacking(own) == {"no_guardian": "solved"}


def test_a_visit_reports_and_the_register_does_not_settle_it(quiet: Cast) -> None:
    own = quiet.children["own"]
    with open_scope(quiet.scope("director")):
        visits.create_visit(
            actor=defects.Actor.current(),
            at=AT,
            uuid=uuid4(),
            child=own,
            data=visit_data(problems=["dropped_out"], visited_at=AT),
        )
        found = Defect.objects.get(child=own)
        assert (found.kind, found.source, found.state) == ("out_of_school", "visit", "open")
        assert "2026-10-20" in found.note
        defects.follow_register([own.pk], at=AT)  # the register still says primary school
        assert lacking(own) == {"out_of_school": "open"}
        register.change_child(own, {"school_name": "实验小学"}, at=AT)
        assert lacking(own) == {"out_of_school": "open"}
        register.change_child(own, {"school_stage": "not_in_school"}, at=AT)
        assert lacking(own) == {"out_of_school": "open"}
        register.change_child(own, {"school_stage": "primary"}, at=AT)
        assert lacking(own) == {"out_of_school": "solved"}


def test_by_hand(quiet: Cast) -> None:
    own = quiet.children["own"]
    with open_scope(quiet.scope("director")):
        with pytest.raises(ValidationError):
            defects.open_by_hand(own, "no_guardian", note=" ", at=AT)
        made = defects.open_by_hand(own, "no_guardian", note="奶奶住院，无人照看", at=AT)
        assert (made.source, made.state, made.owner_id) == ("person", "open", quiet.users["director"].pk)
        with pytest.raises(RegisterRefused):
            defects.open_by_hand(own, "no_guardian", note="再次", at=AT)
        Child.objects.filter(pk=own.pk).update(birth_date=dt.date(2009, 1, 1), school_stage="")
        with pytest.raises(ValidationError):
            defects.open_by_hand(own, "out_of_school", note="17岁", at=AT)
    with open_scope(quiet.scope("leader")), pytest.raises(RegisterRefused):
        defects.open_by_hand(own, "no_identity", note="x", at=AT)


# --- Following ----------------------------------------------------------------------------------------------


def test_recording_the_fact_settles_it_with_the_actor(quiet: Cast) -> None:
    with open_scope(quiet.scope("director")):
        child = bare()
        before = OWN_ID  # another child's number is refused: nothing is settled
        with pytest.raises(RegisterRefused):
            register.change_child(child, {"id_number": before}, at=AT)
        assert lacking(child)["no_identity"] == "open"
        register.change_child(child, {"registration": "local"}, at=AT)
        register.change_child(child, {"school_stage": "primary"}, at=AT)
        family.add_guardian(child, GuardianData("陶大山", "grandfather"), at=AT)
        assert lacking(child) == {
            "no_identity": "open",
            "no_registration": "solved",
            "out_of_school": "solved",
            "no_guardian": "solved",
        }
        solved = Defect.objects.get(child=child, kind="no_registration")
        assert (solved.solved_by_id, solved.solved_date) == (quiet.users["director"].pk, TODAY)
        record = history(solved).get()
        assert (record.name, record.source, record.target) == ("solve", "open", "solved")
        assert (record.user_id, record.role, record.child_id) == (
            quiet.users["director"].pk,
            "director",
            child.pk,
        )


def test_steps_take_it_up(quiet: Cast) -> None:
    with open_scope(quiet.scope("director")):
        found = Defect.objects.get(child=bare(), kind="no_registration")
        with pytest.raises(ValidationError):
            defects.add_step(found, " ", at=AT)
        with pytest.raises(ValidationError):
            defects.add_step(found, "太早", day=TODAY - dt.timedelta(days=1), at=AT)
        defects.add_step(found, "到派出所咨询补录", at=AT)
        defects.add_step(found, "已交亲子鉴定材料", at=AT)
        found.refresh_from_db()
        assert found.state == "followed"
        assert [step.text for step in found.steps.all()] == ["到派出所咨询补录", "已交亲子鉴定材料"]
        assert [record.name for record in history(found)] == ["follow"]


def test_solving_and_closing_need_the_fact_and_another_person(quiet: Cast) -> None:
    with open_scope(quiet.scope("director")):
        child = bare()
        found = Defect.objects.get(child=child, kind="no_registration")
        with pytest.raises(RegisterRefused):
            defects.decide(found, "solve", reason="已落户", at=AT)
        register.change_child(child, {"registration": "local"}, at=AT)
        found.refresh_from_db()
        with pytest.raises(TransitionRefused):
            defects.decide(found, "close", at=AT)  # not the director's duty
    with open_scope(quiet.scope("supervisor")):
        # The fact disappears behind the services' back: closing looks at the fact itself.
        Child.objects.filter(pk=child.pk).update(registration="none")
        with pytest.raises(RegisterRefused):
            defects.decide(found, "close", at=AT)
        Child.objects.filter(pk=child.pk).update(registration="local")
        closed = defects.decide(found, "close", at=AT)
        assert (closed.state, closed.checked_by_id) == ("closed", quiet.users["supervisor"].pk)


def test_who_solves_does_not_check(quiet: Cast) -> None:
    with open_scope(quiet.scope("supervisor")):
        child = bare()
        register.change_child(child, {"registration": "local"}, at=AT)
        found = Defect.objects.get(child=child, kind="no_registration")
        assert found.solved_by_id == quiet.users["supervisor"].pk
        with pytest.raises(TransitionRefused):
            defects.decide(found, "close", at=AT)
        assert defects.close_many([found.pk], at=AT) == 0
    with open_scope(quiet.scope("clerk")):
        assert defects.close_many([found.pk], at=AT) == 1
        found.refresh_from_db()
        assert (found.state, found.checked_by_id) == ("closed", quiet.users["clerk"].pk)


def test_a_fact_that_disappears_opens_anew(quiet: Cast) -> None:
    own = quiet.children["own"]
    with open_scope(quiet.scope("director")):
        register.change_child(own, {"registration": "none"}, at=AT)
        register.change_child(own, {"registration": "local"}, at=AT)
        register.change_child(own, {"registration": "none"}, at=AT)  # before anybody checked: the same again
        first = Defect.objects.get(child=own)
        assert (first.state, first.solved_date, first.solved_by_id) == ("followed", None, None)
        register.change_child(own, {"registration": "local"}, at=AT)
    with open_scope(quiet.scope("supervisor")):
        defects.decide(first, "close", at=AT)
        register.change_child(own, {"registration": "none"}, at=AT)
        states = list(Defect.objects.filter(child=own).order_by("pk").values_list("state", flat=True))
        assert states == ["closed", "open"]
        with pytest.raises(RegisterRefused):
            defects.decide(first, "reopen", reason="误关", at=AT)  # a later one is live


def test_an_exemption_holds_and_is_asked_again(quiet: Cast) -> None:
    own = quiet.children["own"]
    with open_scope(quiet.scope("supervisor")):
        register.change_child(own, {"school_stage": "not_in_school"}, at=AT)
        found = Defect.objects.get(child=own)
        with pytest.raises(TransitionRefused):
            defects.decide(found, "void", reason=" ", at=AT)
        void = defects.decide(found, "void", reason="重病延缓入学，教育局批准", at=AT)
        assert void.exempt_until == dt.date(2027, 8, 31)
        assert defects.open_defects([own.pk], dt.date(2027, 8, 31)) == 0
        assert defects.open_defects([own.pk], dt.date(2027, 9, 1)) == 1
    with open_scope(quiet.scope("director")):
        again = Defect.objects.get(child=own, state="open")
        with pytest.raises(TransitionRefused):
            defects.decide(again, "void", reason="我说的", at=AT)  # not the director's duty


def test_who_outgrows_the_question_is_dropped_and_not_counted_as_solved(quiet: Cast) -> None:
    own = quiet.children["own"]
    with open_scope(quiet.scope("supervisor")):
        register.change_child(own, {"school_stage": "not_in_school"}, at=AT)
        sixteen = dt.datetime(2033, 5, 20, 2, 0, tzinfo=dt.UTC)
        assert defects.follow_register([own.pk], at=sixteen - dt.timedelta(days=1)).past == 0
        done = defects.follow_register([own.pk], at=sixteen)
        assert (done.past, done.solved) == (1, 0)
        assert Defect.objects.get(child=own).state == "void"


def test_giving_it_to_another_person(quiet: Cast) -> None:
    with open_scope(quiet.scope("supervisor")):
        found = Defect.objects.filter(child=bare()).first()
        assert found is not None
        with pytest.raises(RegisterRefused):
            defects.change_owner(found, quiet.users["other_director"], at=AT)  # another village
        given = defects.change_owner(found, quiet.users["supervisor"], at=AT)
        assert given.owner_id == quiet.users["supervisor"].pk
        assert "李守安" in DefectStep.objects.get(defect=found).text
    with open_scope(quiet.scope("director")), pytest.raises(RegisterRefused):
        defects.change_owner(found, quiet.users["director"], at=AT)


def test_what_a_leaving_person_was_responsible_for_goes_to_the_next(quiet: Cast) -> None:
    director, successor = quiet.users["director"], quiet.users["nobody"]
    with open_scope(quiet.scope("director")):
        child = bare()
    with open_scope(quiet.scope("sysadmin")):
        posts.end_assignment(quiet.assignments["director"], last_day=TODAY, at=AT, now=True)
    with open_scope(quiet.scope("supervisor")):
        owners = set(Defect.objects.filter(child=child).values_list("owner", flat=True))
        assert owners == {quiet.users["supervisor"].pk}
        step = DefectStep.objects.filter(child=child).first()
        assert step is not None
        assert director.name in step.text
        assert "李守安" in step.text
    with system_scope(reason="test", log=False):
        post = Post.objects.create(region_id=VILLAGE, role="director", title="继任")
        Assignment.objects.create(user=successor, post=post, start_date=TODAY)
    # The supervisor stays responsible: their post covers the village too.
    assert defect_scan.scan_county(COUNTY, at=AT).handed_over == 0


def test_an_ended_term_is_handed_over_by_night(quiet: Cast) -> None:
    with open_scope(quiet.scope("director")):
        child = bare()
    with system_scope(reason="test", log=False):
        Assignment.objects.filter(pk=quiet.assignments["director"].pk).update(end_date=TODAY)
    assert defect_scan.scan_county(COUNTY, at=AT).handed_over == 0  # the last day counts
    assert defect_scan.scan_county(COUNTY, at=AT + dt.timedelta(days=1)).handed_over == 4
    with open_scope(quiet.scope("supervisor")):
        assert set(Defect.objects.filter(child=child).values_list("owner", flat=True)) == {
            quiet.users["supervisor"].pk
        }


# --- The nightly look ------------------------------------------------------------------------------------------


def queries(act: Any) -> int:
    with CaptureQueriesContext(connection) as captured:
        act()
    return len([q for q in captured if "SAVEPOINT" not in q["sql"][:20]])


def test_the_nightly_look_costs_the_same_for_one_and_for_many(quiet: Cast) -> None:
    with system_scope(reason="test", log=False):
        make_child(VILLAGE, "一号", registration="none", school_stage="primary", id_digest=b"1" * 32)
    one = queries(lambda: defect_scan.scan_county(COUNTY, at=AT))
    with system_scope(reason="test", log=False):
        for number in range(30):
            make_child(
                (VILLAGE, OTHER_VILLAGE, FAR_VILLAGE)[number % 3],
                f"童{number}",
                registration="none",
                school_stage="not_in_school",
                id_digest=bytes([100 + number]) * 32,
            )
    many = queries(lambda: defect_scan.scan_county(COUNTY, at=AT))
    assert one == many
    again = defect_scan.scan_county(COUNTY, at=AT)  # safe to repeat
    assert again == defect_scan.Scanned(defects.Followed(), 0)
    with open_scope(quiet.scope("clerk")):
        assert Defect.objects.filter(state="open").count() == 61


def test_every_county_is_looked_at(cast: Cast) -> None:
    from cases.defects.tasks import scan_defects

    opened = scan_defects()
    with system_scope(reason="test", log=False):
        # Nobody of the cast has a stage of schooling, three have no identity number.
        assert opened == Defect.objects.count() == 7
        assert Defect.objects.filter(child=cast.children["strange"]).count() == 2


def test_nobody_elsewhere_sees_them(quiet: Cast) -> None:
    with open_scope(quiet.scope("director")):
        bare()
    seen = {}
    for member in (
        "director",
        "other_director",
        "supervisor",
        "other_supervisor",
        "clerk",
        "stranger",
        "releaser",
    ):
        with open_scope(quiet.scope(member)):
            seen[member] = Defect.objects.count()
    assert seen == {
        "director": 4,
        "other_director": 0,
        "supervisor": 4,
        "other_supervisor": 0,
        "clerk": 4,
        "stranger": 0,
        "releaser": 0,
    }


# --- O-44 -------------------------------------------------------------------------------------------------------

# 云南 2019: 38,600 guardianships settled, 13,500 registered, 1,949 back to school. A hundredth, cut down to whole
# children; bench/defects.py counts the full 54,049.
SCALED = {"no_guardian": 386, "no_registration": 135, "out_of_school": 19}


def test_the_counts_of_yunnan_come_out_of_generated_children_at_one_to_a_hundred(quiet: Cast) -> None:
    with system_scope(reason="test", log=False):
        made = lacking_children(SCALED, (VILLAGE, OTHER_VILLAGE, FAR_VILLAGE))
    assert defect_scan.scan_county(COUNTY, at=AT).followed.opened == sum(SCALED.values()) == 540
    period = Period(dt.date(2026, 1, 1), TODAY, TODAY)
    with open_scope(quiet.scope("clerk")):
        before = counts(period)
        assert {kind: before.number("open", kind) for kind in SCALED} == SCALED
        assert {kind: before.number("solved", kind) for kind in SCALED} == dict.fromkeys(SCALED, 0)
        record_facts(made)
        done = defects.follow_register([pk for keys in made.values() for pk in keys], at=AT)
        assert done.solved == 540
    with open_scope(quiet.scope("supervisor")):  # a supervisor checks those of the own township alone
        ids = list(Defect.objects.filter(state="solved").values_list("pk", flat=True))
        assert 0 < defects.close_many(ids, at=AT) == len(ids) < 540
    with open_scope(quiet.scope("clerk")):
        after = counts(period)
        assert {kind: after.number("solved", kind) for kind in SCALED} == SCALED
        assert {kind: after.number("open", kind) for kind in SCALED} == dict.fromkeys(SCALED, 0)
        assert after.number("check") + len(ids) == 540
        # Each figure is the length of its list, for every township, kind and measure.
        for measure in MEASURES:
            for kind in (*DefectKind.values, ""):
                for township in (TOWNSHIP, 500152002000, None):
                    filters = DefectFilters(
                        kind=kind, region=township, measure=measure, start=period.start, end=period.end
                    )
                    assert filters.defects(TODAY).count() == after.number(measure, kind, township)
        records = TransitionRecord.objects.filter(subject="cases.defect").values_list("name", flat=True)
        assert sorted(records) == ["close"] * len(ids) + ["solve"] * 540
