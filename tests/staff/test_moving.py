"""Rows follow a child, and only a child: what goes along, what stays, who reads it afterwards, and no misuse."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.db import ProgrammingError, connection, transaction
from django.db.utils import InternalError

from cases.models import Child, Household
from staff import moving
from staff.models import StoredFile, TransitionRecord
from staff.moving import ALWAYS, COUNTY, NEVER
from staff.scope import Scope, current, open_scope, system_scope
from tests.access.world import World, make_world, mark
from tests.cast import FAR_VILLAGE, OTHER_VILLAGE, STRANGE_VILLAGE, VILLAGE, make_child

# Every model that refers to a child, and what its rows do when the child's file goes elsewhere. A new model is
# added here on purpose, or this test fails.
DECLARED = {
    ALWAYS: {
        "cases.CareContact", "cases.Case", "cases.CaseAction", "cases.CaseConference",
        "cases.CaseEntry", "cases.CaseGoal", "cases.CategoryPeriod", "cases.Child",
        "cases.ChildAttribute", "cases.ChildMerge", "cases.ChildToken", "cases.ConferenceParticipant", "cases.Defect", "cases.DefectStep",
        "cases.DisabilityCard", "cases.Discrepancy", "cases.EntrustedCare", "cases.Guardian",
        "cases.GuardianshipAssessment", "cases.Help", "cases.Illness", "cases.LateStep", "cases.Leaving", "cases.MatchCandidate",
        "cases.MatchDecision", "cases.Need", "cases.ParentAbsence", "cases.ParentSituation", "cases.Payee",
        "cases.ProtectedFact", "cases.SpotCheck", "cases.Visit", "cases.VisitMark", "cases.VisitPhoto", "cases.VisitTask", "cases.VisitTrace",
        "referrals.Referral",
        "subsidies.SchoolProof",
    },
    COUNTY: {
        "subsidies.Application", "subsidies.ApplicationCheck", "subsidies.ApplicationEvidence",
        "subsidies.DisabilitySubsidy", "subsidies.Entitlement", "subsidies.EntitlementReview",
        "subsidies.InsuranceCover", "subsidies.Offset", "subsidies.Recalculation", "subsidies.WelfareService",
    },
    NEVER: {
        "cases.Note", "cases.PotentialChild", "cases.RegisterImportRow", "cases.Transfer", "staff.AccessLog",
        "subsidies.Payment", "subsidies.Recovery", "subsidies.TemporaryRelief",
    },
}  # fmt: skip
BY_ROW = {"staff.StoredFile", "staff.TransitionRecord"}
# Without a child, and going along when their village is merged or moved.
WITH_A_REGION = {
    *(
        "cases.FieldDevice",
        "cases.Household",
        "cases.KeptPhoto",
        "cases.KeptVisit",
        "cases.NotSameChild",
        "cases.Note",
    ),
    *("cases.PotentialChild", "cases.PushSubscription", "cases.VisitStack", "subsidies.StaffPay"),
}


@pytest.fixture
def world(db: None) -> World:
    return make_world()


def everything() -> Scope:
    """A scope that sees all rows, the restricted ones too."""
    return replace(current(), named=frozenset(range(1, 2000)))


def regions(table: str, column: str, child: int) -> set[int]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT DISTINCT region_code FROM {table} WHERE {column} = %s", [child])
        return {row[0] for row in cursor.fetchall()}


def move(world: World, to: int, who: str = "clerk") -> dict[str, int]:
    """As the service does it: by somebody whose area covers the new village."""
    child = world.cast.children["own"]
    scope = world.cast.scope("stranger" if to == STRANGE_VILLAGE else who)
    with open_scope(replace(scope, ranges=(*scope.ranges, (VILLAGE, VILLAGE)))):
        found = Child.objects.select_related("household").get(pk=child.pk)
    with open_scope(scope):
        return moving.move_child(found, to)


def test_every_model_with_a_child_says_what_it_does() -> None:
    modes: dict[str, set[str]] = {ALWAYS: set(), COUNTY: set(), NEVER: set()}
    by_row = set()
    for model in moving.regional_models():
        if not moving.child_column(model):
            continue
        pairs = moving.behaviour(model)
        assert {mode for _condition, mode in pairs} <= set(moving.MODES)
        if pairs[0][0]:
            by_row.add(model._meta.label)
        else:
            modes[pairs[0][1]].add(model._meta.label)
    assert modes == DECLARED
    assert by_row == BY_ROW
    with_region = {m._meta.label for m in moving.regional_models() if getattr(m, "follows_region", None)}
    assert with_region == WITH_A_REGION


def test_no_model_with_a_child_is_without_a_region() -> None:
    """Or a row of the child could not follow at all."""
    from django.apps import apps

    regional = set(moving.regional_models())
    events = {follower.table for follower in moving.followers() if follower.label.endswith("history")}
    for model in apps.get_models():
        columns = {field.column for field in model._meta.concrete_fields}
        if "child_id" in columns and model not in regional and model._meta.db_table not in events:
            kept = model._meta.db_table.removesuffix("event")
            assert any(kept == other._meta.db_table for other in regional), model._meta.label


@pytest.mark.parametrize("to", [OTHER_VILLAGE, FAR_VILLAGE, STRANGE_VILLAGE])
def test_no_row_of_a_following_table_keeps_the_old_region(world: World, to: int) -> None:
    pk = world.pk["own"]
    moved = move(world, to)
    assert moved["cases.child"] == 1
    assert moved["cases.visit"] == 1
    assert moved["cases.childtoken"] > 5
    # What is restricted goes along, and no number tells that it is there.
    hidden = ("cases.case", "cases.caseaction", "cases.protectedfact", "staff.transitionrecord")
    assert not [label for label in moved if label.startswith(hidden)]
    same_county = to // 10**6 == VILLAGE // 10**6
    with system_scope(reason="test", log=False), open_scope(everything()):
        seen = 0
        for one in moving.followers():
            if not one.child or one.mode == NEVER or one.condition:
                continue
            expected = {to} if one.mode == ALWAYS or same_county else {VILLAGE}
            found = regions(one.table, one.child, pk)
            assert found <= expected, one.label
            seen += bool(found)
        assert seen > 25  # so that an empty world proves nothing
        assert regions("subsidies_payment", "child_id", pk) == {VILLAGE}
        photo = StoredFile.objects.get(pk=world.pk["file_own"])
        assert photo.region_id == to
        assert Household.objects.get(children=pk).region_id == to
        # Restricted to named people, and nobody is named: it goes along unseen.
        assert regions("cases_protectedfact", "child_id", pk) == {to}
        # Nothing of anybody else went along.
        for name in ("neighbour", "township", "strange"):
            other = world.cast.children[name]
            assert regions("cases_visit", "child_id", other.pk) == {other.region_id}
            assert regions("cases_childevent", "pgh_obj_id", other.pk) == {other.region_id}


def test_history_is_read_by_the_receiver_and_no_longer_by_the_sender(world: World) -> None:
    pk = world.pk["own"]
    with open_scope(world.cast.scope("director")):
        TransitionRecord.objects.create(
            subject="cases.visit", subject_id=str(world.pk["visit_own"]), region_id=VILLAGE, child_id=pk, name="submit",
            source="draft", target="submitted", at="2026-10-20T09:40:00Z",
        )  # fmt: skip
    tables = (
        "cases_visit",
        "cases_visitevent",
        "cases_payeeevent",
        "staff_transitionrecord",
        "cases_childtoken",
    )

    def sees(member: str) -> list[bool]:
        with open_scope(world.cast.scope(member)):
            return [bool(regions(table, "child_id", pk)) for table in tables]

    assert sees("director") == [True] * 5
    assert sees("stranger") == [False] * 5
    move(world, STRANGE_VILLAGE)
    assert sees("stranger") == [True] * 5
    for member in ("director", "supervisor", "clerk", "approver", "leader"):
        assert sees(member) == [False] * 5, member
    with open_scope(world.cast.scope("stranger")):
        assert Child.objects.get(pk=pk).address == mark("own")
        # The acting person stands in the history of the move.
        latest = Child.pgh_event_model.objects.filter(pgh_obj_id=pk).latest("pgh_id")  # type: ignore[attr-defined]
        assert latest.pgh_user == world.cast.users["stranger"].pk


def test_a_household_is_copied_for_the_mover_when_others_stay(world: World) -> None:
    own = world.cast.children["own"]
    with system_scope(reason="test", log=False):
        brother = make_child(VILLAGE, "林大满")
        Child.objects.filter(pk=brother.pk).update(household=own.household)
    move(world, OTHER_VILLAGE)
    with system_scope(reason="test", log=False):
        mover = Child.objects.select_related("household").get(pk=own.pk)
        stays = Child.objects.select_related("household").get(pk=brother.pk)
    assert mover.household
    assert stays.household
    assert mover.household_id != stays.household_id
    assert (mover.household.region_id, stays.household.region_id) == (OTHER_VILLAGE, VILLAGE)
    assert mover.household.head_name == stays.household.head_name


def test_files_merged_into_it_go_along(world: World) -> None:
    own, twin = world.cast.children["own"], None
    with system_scope(reason="test", log=False):
        twin = make_child(VILLAGE, "林小满")
        Child.objects.filter(pk=twin.pk).update(merged_into=own, left_date="2026-10-01", left_reason="9")
    assert move(world, OTHER_VILLAGE)["cases.child"] == 2
    with system_scope(reason="test", log=False):
        assert Child.objects.get(pk=twin.pk).region_id == OTHER_VILLAGE


def test_moving_takes_as_many_queries_whatever_hangs_on_the_child(world: World) -> None:
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as one:
        move(world, OTHER_VILLAGE)
    assert len(one) < 30


# --- Misuse ---------------------------------------------------------------------------------------------


def test_carrying_cannot_take_a_row_elsewhere(world: World) -> None:
    """The functions take no destination: called by anybody, they put rows where the child is already."""
    pk = world.pk["own"]
    with open_scope(world.cast.scope("stranger")):
        assert moving.carry([pk]) == {}
    with open_scope(world.cast.scope("director")):
        assert regions("cases_visit", "child_id", pk) == {VILLAGE}
        # A director cannot write a child out of the own village, so nothing can be carried out of it.
        with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
            Child._base_manager.filter(pk=pk).update(region_id=OTHER_VILLAGE)


@pytest.mark.parametrize("member", ["nobody", "leader", "auditor"])
def test_who_may_not_write_carries_nothing(world: World, member: str) -> None:
    scope = replace(world.cast.scope(member), readonly=True)
    with (
        open_scope(scope),
        pytest.raises((ProgrammingError, InternalError), match="somebody acts"),
        transaction.atomic(),
    ):
        moving.carry([world.pk["own"]])


def test_a_division_without_a_successor_carries_nothing(world: World) -> None:
    with (
        open_scope(world.cast.scope("clerk")),
        pytest.raises((ProgrammingError, InternalError), match="succeeded"),
        transaction.atomic(),
    ):
        moving.carry_region(VILLAGE, STRANGE_VILLAGE)


def test_the_application_may_still_not_change_history(world: World) -> None:
    with open_scope(world.cast.scope("clerk")):
        for table in ("cases_childevent", "staff_transitionrecord", "staff_storedfile"):
            with (
                pytest.raises(ProgrammingError, match="permission denied"),
                transaction.atomic(),
                connection.cursor() as cursor,
            ):
                cursor.execute(f"UPDATE {table} SET region_code = {OTHER_VILLAGE}")


def test_the_functions_are_the_owners_and_closed_to_the_public(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p.proname, p.prosecdef, p.proconfig, pg_get_userbyid(p.proowner) <> current_user, "
            "EXISTS (SELECT FROM aclexplode(p.proacl) a WHERE a.grantee = 0) "
            "FROM pg_proc p WHERE p.proname LIKE 'staff\\_carry%' ORDER BY 1"
        )
        found: list[Any] = cursor.fetchall()
    assert [row[0] for row in found] == ["staff_carry_child", "staff_carry_region"]
    for _name, definer, config, foreign, public in found:
        assert definer
        assert foreign
        assert not public
        assert config == ["search_path=pg_catalog, public, pg_temp"]


def test_an_owner_bound_by_policies_carries_as_well(db: None) -> None:
    """On a given server the owner may be an ordinary role: it has policies of its own for what it carries."""
    tables = {one.table for one in moving.followers()}
    tables |= {"cases_child", "cases_household", "cases_householdevent"}
    with connection.cursor() as cursor:
        cursor.execute("SELECT tableowner FROM pg_tables WHERE tablename = 'cases_child'")
        owner = cursor.fetchone()[0]
        cursor.execute(
            "SELECT tablename, cmd FROM pg_policies WHERE policyname IN ('carry_select', 'carry_update') "
            "AND roles = ARRAY[%s]::name[] AND qual = 'true'",
            [owner],
        )
        assert set(cursor.fetchall()) == {(table, act) for table in tables for act in ("SELECT", "UPDATE")}
        # Nothing is added or deleted on the way.
        cursor.execute(
            "SELECT qual FROM pg_policies WHERE permissive = 'RESTRICTIVE' AND cmd NOT IN ('INSERT', 'DELETE')"
        )
        restrictive = [row[0] for row in cursor.fetchall()]
    assert restrictive
    assert all(f"CURRENT_USER = '{owner}'" in qual for qual in restrictive), restrictive
