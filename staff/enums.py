"""Roles, region levels, and who may not be whom (岗位、层级、不相容岗位).

The separation that this file states: whoever applies for a child does not verify, whoever verifies
does not confirm, whoever confirms does not release money; and the two who watch the system (the
auditor, the administrator) handle no child at all.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class RegionLevel(models.TextChoices):
    """Level of an administrative division, highest first."""

    PROVINCE = "province", _("Province")
    PREFECTURE = "prefecture", _("Prefecture")
    COUNTY = "county", _("County")
    TOWNSHIP = "township", _("Township")
    VILLAGE = "village", _("Village")

    @property
    def depth(self) -> int:
        """0 for a province … 4 for a village; sorts regions from the top down."""
        return list(RegionLevel).index(self)


class Role(models.TextChoices):
    """The permission bundle of a post (岗位角色)."""

    DIRECTOR = "director", _("Village child director")
    SUPERVISOR = "supervisor", _("Township child supervisor")
    CLERK = "clerk", _("County clerk")
    APPROVER = "approver", _("County approver")
    RELEASER = "releaser", _("Payment releaser")
    LEADER = "leader", _("Bureau leader")
    AUDITOR = "auditor", _("Auditor")
    SYSADMIN = "sysadmin", _("System administrator")
    VIEWER = "viewer", _("Higher-level viewer")
    PROVIDER = "provider", _("Service provider")


# What a role may look through. The names are the `lens` of a model's RowScope:
#   cases   children, visits, cases, applications — anything that names a child
#   money   entitlements, batches, payments
#   totals  reports and counts without names
#   trail   the audit trail
#   staff   posts, accounts, assignments
# A provider has no lens: it reaches single children only through a sharing (转介 that it received).
LENSES: dict[Role, frozenset[str]] = {
    Role.DIRECTOR: frozenset({"cases", "money"}),
    Role.SUPERVISOR: frozenset({"cases", "money", "totals"}),
    Role.CLERK: frozenset({"cases", "money", "totals"}),
    Role.APPROVER: frozenset({"cases", "money", "totals"}),
    Role.RELEASER: frozenset({"money", "totals"}),
    Role.LEADER: frozenset({"cases", "money", "totals"}),
    Role.AUDITOR: frozenset({"trail", "money"}),
    Role.SYSADMIN: frozenset({"staff"}),
    Role.VIEWER: frozenset({"totals"}),
    Role.PROVIDER: frozenset(),
}

# Roles that may read what their lenses show and change nothing.
READ_ONLY: frozenset[Role] = frozenset({Role.LEADER, Role.AUDITOR, Role.VIEWER})

# Levels of region in which a post of the role can exist.
ROLE_LEVELS: dict[Role, frozenset[RegionLevel]] = {
    Role.DIRECTOR: frozenset({RegionLevel.VILLAGE}),
    Role.SUPERVISOR: frozenset({RegionLevel.TOWNSHIP}),
    Role.CLERK: frozenset({RegionLevel.COUNTY}),
    Role.APPROVER: frozenset({RegionLevel.COUNTY}),
    Role.RELEASER: frozenset({RegionLevel.COUNTY}),
    Role.LEADER: frozenset({RegionLevel.COUNTY}),
    Role.AUDITOR: frozenset({RegionLevel.PROVINCE, RegionLevel.PREFECTURE, RegionLevel.COUNTY}),
    Role.SYSADMIN: frozenset({RegionLevel.PROVINCE, RegionLevel.PREFECTURE, RegionLevel.COUNTY}),
    Role.VIEWER: frozenset({RegionLevel.PROVINCE, RegionLevel.PREFECTURE, RegionLevel.COUNTY}),
    Role.PROVIDER: frozenset({RegionLevel.COUNTY, RegionLevel.TOWNSHIP}),
}

_APPLIES_VERIFIES = _("The person who applies for a child must not verify the application.")
_APPLIES_CONFIRMS = _("The person who applies for a child must not check or confirm the application.")
_APPLIES_RELEASES = _("The person who applies for a child must not release the money.")
_VERIFIES_CONFIRMS = _("The person who verifies an application must not check or confirm it.")
_VERIFIES_RELEASES = _("The person who verifies an application must not release the money.")
_PREPARES_APPROVES = _("The person who prepares a decision or a payment batch must not approve it.")
_PREPARES_RELEASES = _("The person who prepares a payment batch must not release it.")
_APPROVES_RELEASES = _("The person who approves a payment batch must not release it.")
_AUDITOR_ALONE = _("The auditor reads what others did, so holds no other role that handles or sees cases.")
_SYSADMIN_ALONE = _("The system administrator manages accounts, so holds no role that handles or sees cases.")
_TWO_WATCHERS = _("System administration and audit must be held by different people.")
_OUTSIDE = _("A service provider is outside the authority, so its account holds no post inside it.")


def _pairs() -> dict[frozenset[Role], Promise]:
    table: dict[frozenset[Role], Promise] = {
        frozenset({Role.DIRECTOR, Role.SUPERVISOR}): _APPLIES_VERIFIES,
        frozenset({Role.DIRECTOR, Role.CLERK}): _APPLIES_CONFIRMS,
        frozenset({Role.DIRECTOR, Role.APPROVER}): _APPLIES_CONFIRMS,
        frozenset({Role.DIRECTOR, Role.RELEASER}): _APPLIES_RELEASES,
        frozenset({Role.SUPERVISOR, Role.CLERK}): _VERIFIES_CONFIRMS,
        frozenset({Role.SUPERVISOR, Role.APPROVER}): _VERIFIES_CONFIRMS,
        frozenset({Role.SUPERVISOR, Role.RELEASER}): _VERIFIES_RELEASES,
        frozenset({Role.CLERK, Role.APPROVER}): _PREPARES_APPROVES,
        frozenset({Role.CLERK, Role.RELEASER}): _PREPARES_RELEASES,
        frozenset({Role.APPROVER, Role.RELEASER}): _APPROVES_RELEASES,
        # GB/T 22239—2019 (等保三级): system, security and audit administration are separate people.
        frozenset({Role.AUDITOR, Role.SYSADMIN}): _TWO_WATCHERS,
    }
    for role in (Role.DIRECTOR, Role.SUPERVISOR, Role.CLERK, Role.APPROVER, Role.RELEASER, Role.LEADER):
        table[frozenset({Role.AUDITOR, role})] = _AUDITOR_ALONE
        table[frozenset({Role.SYSADMIN, role})] = _SYSADMIN_ALONE
    for role in Role:
        if role is not Role.PROVIDER:
            table[frozenset({Role.PROVIDER, role})] = _OUTSIDE
    return table


# Unordered pair of roles → the sentence shown to whoever tries to give them to one person.
INCOMPATIBLE: dict[frozenset[Role], Promise] = _pairs()


# The same table as sets in which every two roles are incompatible: the form that a database constraint can hold.
INCOMPATIBLE_CLIQUES: tuple[frozenset[Role], ...] = (
    frozenset(Role) - {Role.LEADER, Role.VIEWER},
    frozenset({Role.LEADER, Role.AUDITOR, Role.SYSADMIN, Role.PROVIDER}),
    frozenset({Role.VIEWER, Role.PROVIDER}),
)


def incompatibility(first: Role, second: Role) -> Promise | None:
    """Why one person cannot hold both roles, or None when they can (in either order)."""
    return INCOMPATIBLE.get(frozenset({first, second}))


def incompatible_pairs(roles: Iterable[Role]) -> list[tuple[Role, Role, Promise]]:
    """Every forbidden pair among ``roles`` with its reason, in the order of the enum; [] when all is well."""
    given = set(roles)
    held = [role for role in Role if role in given]
    found = []
    for first, second in combinations(held, 2):
        reason = incompatibility(first, second)
        if reason is not None:
            found.append((first, second, reason))
    return found


def may_hold_post_at(role: Role, level: RegionLevel) -> bool:
    """True when a post of ``role`` can exist in a region of ``level``."""
    return level in ROLE_LEVELS[role]
