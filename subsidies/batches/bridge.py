"""From last month to this one, in an equation that adds up; :mod:`subsidies.batches.comparison` reckons it.

``before + added − removed + changed + arrears − held = now`` in yuan, and ``before + joined − left =
now`` in children, where both ends are summed from their own lines and not from each other.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

ZERO = Decimal("0.00")


class Change(StrEnum):
    """What differs in a line."""

    NEW = "new"
    LEFT = "left"
    CHANGED = "changed"
    ARREARS = "arrears"


@dataclass(frozen=True, slots=True)
class Line:
    """One payment: ``pk``, whose it is, where, how much, and whether it goes to the bank."""

    pk: int
    entitlement_id: int
    region_id: int
    amount: Decimal
    is_arrears: bool = False
    is_held: bool = False


@dataclass(frozen=True, slots=True)
class Difference:
    """One row of the table of differences; a line that is absent is None."""

    kind: Change
    before: Line | None
    after: Line | None

    @property
    def amount(self) -> Decimal:
        """Signed yuan."""
        return (self.after.amount if self.after else ZERO) - (self.before.amount if self.before else ZERO)


@dataclass(slots=True)
class Sums:
    """The terms for a county or a township. People are entitlements with an amount above zero."""

    people_before: int = 0
    joined: int = 0
    left: int = 0
    people_now: int = 0
    before: Decimal = ZERO
    added: Decimal = ZERO
    removed: Decimal = ZERO
    changed: Decimal = ZERO
    changed_people: int = 0
    arrears: Decimal = ZERO
    arrears_lines: int = 0
    held: Decimal = ZERO
    held_lines: int = 0
    now: Decimal = ZERO

    @property
    def adds_up(self) -> bool:
        """Whether both equations hold."""
        money = self.before + self.added - self.removed + self.changed + self.arrears - self.held
        return money == self.now and self.people_before + self.joined - self.left == self.people_now

    @property
    def difference(self) -> Decimal:
        return self.now - self.before


@dataclass(slots=True)
class Comparison:
    """The county's terms, those of each township by code, and the differences: new, left, changed,
    arrears.
    """

    total: Sums = field(default_factory=Sums)
    townships: dict[int, Sums] = field(default_factory=dict)
    differences: list[Difference] = field(default_factory=list)
