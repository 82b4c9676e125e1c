"""Roles: nobody can both do and check the same step, and nobody sees more than the duty needs."""

from itertools import combinations

import pytest

from staff.enums import (
    INCOMPATIBLE,
    LENSES,
    READ_ONLY,
    ROLE_LEVELS,
    RegionLevel,
    Role,
    incompatibility,
    incompatible_pairs,
    may_hold_post_at,
)

HANDLING = [Role.DIRECTOR, Role.SUPERVISOR, Role.CLERK, Role.APPROVER, Role.RELEASER]


@pytest.mark.parametrize(("first", "second"), list(combinations(HANDLING, 2)))
def test_no_two_steps_of_the_same_money_in_one_hand(first: Role, second: Role) -> None:
    assert incompatibility(first, second) is not None
    assert incompatibility(second, first) is incompatibility(first, second)


@pytest.mark.parametrize("role", [*HANDLING, Role.LEADER, Role.PROVIDER, Role.SYSADMIN])
def test_the_auditor_is_nobody_else(role: Role) -> None:
    assert incompatibility(Role.AUDITOR, role) is not None


@pytest.mark.parametrize("role", [*HANDLING, Role.LEADER, Role.PROVIDER, Role.AUDITOR])
def test_the_administrator_is_nobody_else(role: Role) -> None:
    assert incompatibility(Role.SYSADMIN, role) is not None


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.PROVIDER])
def test_a_provider_holds_no_post_inside_the_authority(role: Role) -> None:
    assert incompatibility(Role.PROVIDER, role) is not None


def test_what_may_be_held_together() -> None:
    allowed = {frozenset(pair) for pair in combinations(Role, 2) if incompatibility(pair[0], pair[1]) is None}
    assert allowed == {
        *(frozenset({Role.LEADER, role}) for role in HANDLING),
        *(frozenset({Role.VIEWER, role}) for role in [*HANDLING, Role.LEADER, Role.AUDITOR, Role.SYSADMIN]),
    }


def test_several_roles_report_every_forbidden_pair_once() -> None:
    found = incompatible_pairs(iter([Role.RELEASER, Role.CLERK, Role.VIEWER, Role.APPROVER, Role.CLERK]))
    assert [(first, second) for first, second, _reason in found] == [
        (Role.CLERK, Role.APPROVER),
        (Role.CLERK, Role.RELEASER),
        (Role.APPROVER, Role.RELEASER),
    ]
    assert incompatible_pairs([Role.LEADER, Role.VIEWER]) == []
    assert incompatible_pairs([Role.CLERK]) == []


def test_every_pair_names_two_roles() -> None:
    assert all(len(pair) == 2 for pair in INCOMPATIBLE)


def test_every_role_has_lenses_and_levels() -> None:
    assert set(LENSES) == set(Role) == set(ROLE_LEVELS)
    assert set().union(*LENSES.values()) == {"cases", "money", "totals", "trail", "staff"}
    assert all(levels for levels in ROLE_LEVELS.values())


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.SYSADMIN, Role.VIEWER, Role.PROVIDER, Role.RELEASER])
def test_roles_that_must_not_see_children(role: Role) -> None:
    assert "cases" not in LENSES[role]


def test_only_the_auditor_reads_the_trail_and_only_the_administrator_manages_staff() -> None:
    assert [role for role in Role if "trail" in LENSES[role]] == [Role.AUDITOR]
    assert [role for role in Role if "staff" in LENSES[role]] == [Role.SYSADMIN]


def test_readers() -> None:
    assert {Role.LEADER, Role.AUDITOR, Role.VIEWER} == READ_ONLY


def test_posts_stand_where_the_office_is() -> None:
    assert may_hold_post_at(Role.DIRECTOR, RegionLevel.VILLAGE)
    assert not may_hold_post_at(Role.DIRECTOR, RegionLevel.TOWNSHIP)
    assert may_hold_post_at(Role.SUPERVISOR, RegionLevel.TOWNSHIP)
    assert not may_hold_post_at(Role.SUPERVISOR, RegionLevel.COUNTY)
    for role in (Role.CLERK, Role.APPROVER, Role.RELEASER, Role.LEADER):
        assert ROLE_LEVELS[role] == {RegionLevel.COUNTY}
    # No role that sees children spans more than one county.
    for role in Role:
        if "cases" in LENSES[role]:
            assert not ROLE_LEVELS[role] & {RegionLevel.PROVINCE, RegionLevel.PREFECTURE}


def test_level_depth_follows_the_tree() -> None:
    assert [level.depth for level in RegionLevel] == [0, 1, 2, 3, 4]
    assert RegionLevel.PROVINCE.depth < RegionLevel.VILLAGE.depth
