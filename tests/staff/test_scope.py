"""Raw SQL as the application role, under every member of the cast: the database alone decides."""

from __future__ import annotations

import pytest
from django.db import connection, transaction
from django.db.utils import InternalError, ProgrammingError
from django.utils import timezone
from guardian.shortcuts import assign_perm

from cases.casework.services import change_case, restrict_case
from cases.models import Case
from staff.models import AccessLog
from staff.scope import EVERYWHERE, NOBODY, Scope, current, merge, open_scope, system_scope
from staff.workflow import Actor
from tests.cast import OTHER_VILLAGE, VILLAGE, Cast, make_child


def names(sql: str = "SELECT name FROM cases_child ORDER BY name") -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return {row[0] for row in cursor.fetchall()}


COUNTY_A = {"林小满", "秦白露", "田立夏"}
SEES = {
    "director": {"林小满"},
    "other_director": {"秦白露"},
    "supervisor": {"林小满", "秦白露"},
    "other_supervisor": {"田立夏"},
    "clerk": COUNTY_A,
    "approver": COUNTY_A,
    "releaser": set(),
    "leader": COUNTY_A,
    "auditor": set(),
    "sysadmin": set(),
    "viewer": set(),
    "provider": set(),
    "stranger": {"罗小寒"},
    "nobody": set(),
}


def test_role_is_restricted(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user")
        assert cursor.fetchone() == (False, False)
        cursor.execute(
            "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND pg_has_role(current_user, relowner, 'USAGE')"
        )
        assert cursor.fetchone() == (0,)


@pytest.mark.parametrize("member", SEES)
def test_children_by_raw_sql(cast: Cast, member: str) -> None:
    with open_scope(cast.scope(member)):
        assert names() == SEES[member]


def test_every_cast_member_is_in_the_expectations(cast: Cast) -> None:
    assert set(cast.users) == set(SEES)


def test_without_a_scope_nothing_is_visible(cast: Cast) -> None:
    with open_scope(NOBODY):
        assert names() == set()


def test_nested_scopes_put_the_old_one_back(cast: Cast) -> None:
    with open_scope(cast.scope("clerk")):
        with open_scope(cast.scope("director")):
            assert names() == {"林小满"}
        assert names() == COUNTY_A
        assert current().role == "clerk"


def test_a_failed_inner_scope_puts_the_old_one_back(cast: Cast) -> None:
    with open_scope(cast.scope("clerk")):
        with pytest.raises(RuntimeError), open_scope(cast.scope("director")):
            raise RuntimeError
        assert names() == COUNTY_A


def test_a_post_with_two_villages_has_a_gap(cast: Cast) -> None:
    two = Scope(
        user_id=1,
        ranges=((500152001001, 500152001001), (500152002001, 500152002001)),
        lenses=frozenset({"cases"}),
    )
    with open_scope(two):
        assert names() == {"林小满", "田立夏"}


def test_a_shared_child_is_visible_and_only_that_child(cast: Cast) -> None:
    assign_perm("cases.view_shared_child", cast.users["director"], cast.children["strange"])
    with open_scope(cast.scope("director")):
        assert names() == {"林小满", "罗小寒"}


def test_limited_sharing_shows_the_child_row_and_no_more(cast: Cast) -> None:
    assign_perm("cases.view_limited_child", cast.users["provider"], cast.children["own"])
    with open_scope(cast.scope("provider")):
        assert names() == {"林小满"}
        assert names("SELECT name FROM cases_guardian") == set()
        assert names("SELECT name FROM cases_payee") == set()
        with pytest.raises(ProgrammingError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("UPDATE cases_child SET address = 'x'")


def test_a_row_cannot_be_written_outside_the_scope(cast: Cast) -> None:
    with open_scope(cast.scope("director")), pytest.raises(ProgrammingError), transaction.atomic():
        make_child(OTHER_VILLAGE, "外村儿童")


def test_a_row_cannot_be_moved_out_of_the_scope(cast: Cast) -> None:
    with open_scope(cast.scope("director")), connection.cursor() as cursor:
        with pytest.raises(ProgrammingError), transaction.atomic():
            cursor.execute("UPDATE cases_child SET region_code = %s", [OTHER_VILLAGE])
        cursor.execute("UPDATE cases_child SET name = name")
        assert cursor.rowcount == 1


def test_a_reading_role_cannot_write(cast: Cast) -> None:
    with (
        open_scope(cast.scope("leader")),
        connection.cursor() as cursor,
        pytest.raises(ProgrammingError),
        transaction.atomic(),
    ):
        cursor.execute("UPDATE cases_child SET address = 'x'")


@pytest.mark.parametrize(
    "statement",
    [
        "TRUNCATE cases_child CASCADE",
        "ALTER TABLE cases_child DISABLE ROW LEVEL SECURITY",
        "DROP POLICY cases_child_scope ON cases_child",
        "UPDATE staff_accesslog SET reason = ''",
        "DELETE FROM staff_accesslog",
        "DELETE FROM cases_childevent",
        "UPDATE staff_transitionrecord SET name = ''",
    ],
)
def test_the_application_role_may_not(cast: Cast, statement: str) -> None:
    refused = pytest.raises((ProgrammingError, InternalError))
    with open_scope(cast.scope("clerk")), connection.cursor() as cursor, refused, transaction.atomic():
        cursor.execute(statement)


@pytest.mark.parametrize("member", ["auditor", "leader"])
def test_who_may_only_read_deletes_nothing(db: None, member: str) -> None:
    from tests.access.world import make_world

    world = make_world()
    tables = ("subsidies_batchissue", "subsidies_offset", "subsidies_payment", "subsidies_application")
    with open_scope(world.cast.scope(member)), connection.cursor() as cursor:
        seen = 0
        for table in tables:
            cursor.execute(f"SELECT count(*) FROM {table}")
            before = cursor.fetchone()[0]
            seen += before
            cursor.execute(f"DELETE FROM {table}")
            assert cursor.rowcount == 0, table
        assert seen > 0
    with open_scope(world.cast.scope("clerk")), connection.cursor() as cursor:
        cursor.execute("DELETE FROM subsidies_batchissue")
        assert cursor.rowcount > 0


def test_every_regional_table_has_a_forced_policy(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname IN ('region_code', 'child_id')
            WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
              AND NOT (c.relrowsecurity AND c.relforcerowsecurity)
            """
        )
        without = {row[0] for row in cursor.fetchall()}
    # Public within the system: rates, rules and parameters name no person, a provider is an organisation.
    assert without == {"staff_parameter", "subsidies_rate", "subsidies_schemerule", "referrals_provider"}


def test_history_is_written_with_actor_and_follows_the_lens(cast: Cast) -> None:
    with open_scope(cast.scope("director")), connection.cursor() as cursor:
        cursor.execute("UPDATE cases_child SET address = '新址'")
        cursor.execute(
            "SELECT pgh_user, pgh_assignment, address FROM cases_childevent WHERE pgh_label = 'update'"
        )
        assert cursor.fetchall() == [(cast.users["director"].pk, cast.assignments["director"].pk, "新址")]
    with open_scope(cast.scope("auditor")), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM cases_childevent")
        assert cursor.fetchone() == (0,)
        cursor.execute("SELECT subject, operation, user_id FROM staff_trail WHERE operation = 'update'")
        assert cursor.fetchall() == [("cases.child", "update", cast.users["director"].pk)]
    with open_scope(cast.scope("clerk")), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM staff_trail")
        assert cursor.fetchone() == (0,)


def test_system_scope_needs_a_reason_and_is_logged(cast: Cast) -> None:
    with pytest.raises(ValueError, match="reason"), system_scope(reason=" "):
        pass
    with system_scope(reason="count for the test"):
        assert len(names()) == 4
    with system_scope(reason="look", log=False):
        assert AccessLog._base_manager.filter(kind="system", reason="count for the test").count() == 1


def test_merge() -> None:
    assert merge([(5, 9), (1, 4), (20, 30), (8, 12)]) == [(1, 12), (20, 30)]
    assert merge([]) == []
    assert merge([EVERYWHERE, (1, 2)]) == [EVERYWHERE]


def test_village_code_is_inside_its_township() -> None:
    assert VILLAGE // 1000 == OTHER_VILLAGE // 1000


def test_history_of_a_restricted_case_is_for_those_named_on_it(cast: Cast) -> None:
    child = cast.children["own"]
    with open_scope(cast.scope("supervisor")):
        case = Case.objects.create(
            child=child, region_id=child.region_id, title="受保护", level="red",
            opened_by=cast.users["supervisor"], opened_at=timezone.now(), owner=cast.users["supervisor"],
        )  # fmt: skip
        restrict_case(actor=Actor.current(), at=timezone.now(), case=case, people=[cast.users["clerk"]])
    with open_scope(cast.scope("supervisor")):
        change_case(actor=Actor.current(), at=timezone.now(), case=case, name="escalate", reason="上报")

    def seen(member: str) -> tuple[int, int]:
        with open_scope(cast.scope(member)), connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM cases_caseevent WHERE restricted")
            events = cursor.fetchone()[0]
            cursor.execute("SELECT count(*) FROM staff_transitionrecord WHERE subject = 'cases.case'")
            return events, cursor.fetchone()[0]

    assert min(seen("supervisor")) >= 1
    assert min(seen("clerk")) >= 1
    assert [seen(member) for member in ("approver", "leader", "director")] == [(0, 0)] * 3
