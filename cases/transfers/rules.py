"""How far a child's file goes, who may send and who may take it, and which of its places change. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from cases.circumstances.enums import TransferReason
from staff.enums import Role
from staff.models.region import county_of, township_of


class Distance(StrEnum):
    """Where the new village lies, seen from the old one."""

    TOWNSHIP = "township"  # in the same township
    COUNTY = "county"  # in another township of the same county
    BEYOND = "beyond"  # in another county


PROPOSERS: Mapping[Distance, frozenset[Role]] = {
    Distance.TOWNSHIP: frozenset({Role.DIRECTOR, Role.SUPERVISOR}),
    Distance.COUNTY: frozenset({Role.SUPERVISOR, Role.CLERK}),
    Distance.BEYOND: frozenset({Role.CLERK}),
}
ACCEPTERS = PROPOSERS


def distance(old: int, new: int) -> Distance:
    """Between two villages, by their 12-digit codes."""
    if county_of(old) != county_of(new):
        return Distance.BEYOND
    return Distance.TOWNSHIP if township_of(old) == township_of(new) else Distance.COUNTY


def places_after(
    reason: str, *, old: int, new: int, household: int | None, residence: int | None
) -> dict[str, int]:
    """Which of ``household_region_id`` and ``residence_region_id`` become the new village; only those that change.

    户籍迁移 moves the registration, and the residence if that was the old village. A family, guardian or
    institution elsewhere moves the residence alone. A wrong entry is put right wherever it stood.
    """
    changed: dict[str, int] = {}
    if reason == TransferReason.HOUSEHOLD_MOVED or (
        reason == TransferReason.WRONG_VILLAGE and household == old
    ):
        changed["household_region_id"] = new
    moves = {TransferReason.FAMILY_MOVED, TransferReason.NEW_GUARDIAN, TransferReason.INSTITUTION}
    follows = {TransferReason.HOUSEHOLD_MOVED, TransferReason.WRONG_VILLAGE}
    if reason in moves or (reason in follows and residence == old):
        changed["residence_region_id"] = new
    now = {"household_region_id": household, "residence_region_id": residence}
    return {name: place for name, place in changed.items() if now[name] != place}
