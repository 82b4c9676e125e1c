"""From last month to this one, in an equation that adds up. Pure.

``before + added − removed + changed + arrears − held = now`` in yuan, and ``before + joined − left =
now`` in children, where both ends are summed from their own lines and not from each other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from staff.models.region import township_of

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


def compare(before: Iterable[Line], after: Iterable[Line]) -> Comparison:
    """``before``: last month's regular lines. ``after``: all lines of this batch. Lines of nothing count
    as absent.

    A child that moved to another township within the county is one who left there and joined here; the
    county's own terms do not see the move.
    """
    past = [line for line in before if line.amount and not line.is_arrears]
    lines = [line for line in after if line.amount]
    regular = [line for line in lines if not line.is_arrears]
    arrears = [line for line in lines if line.is_arrears]
    result = Comparison()
    result.differences = [
        *_differences(past, regular),
        *(Difference(Change.ARREARS, None, line) for line in arrears),
    ]
    result.total = _sums(past, regular, arrears)
    groups: dict[int, tuple[list[Line], list[Line], list[Line]]] = defaultdict(lambda: ([], [], []))
    for position, part in enumerate((past, regular, arrears)):
        for line in part:
            groups[township_of(line.region_id)][position].append(line)
    result.townships = {place: _sums(*groups[place]) for place in sorted(groups)}
    return result


def _differences(past: list[Line], regular: list[Line]) -> list[Difference]:
    old = {line.entitlement_id: line for line in past}
    new = {line.entitlement_id: line for line in regular}
    return [
        *(Difference(Change.NEW, None, line) for line in regular if line.entitlement_id not in old),
        *(Difference(Change.LEFT, line, None) for line in past if line.entitlement_id not in new),
        *(
            Difference(Change.CHANGED, old[line.entitlement_id], line)
            for line in regular
            if line.entitlement_id in old and old[line.entitlement_id].amount != line.amount
        ),
    ]


def _sums(past: list[Line], regular: list[Line], arrears: list[Line]) -> Sums:
    sums = Sums(people_before=len(past), people_now=len(regular))
    sums.before = sum((line.amount for line in past), ZERO)
    for difference in _differences(past, regular):
        if difference.kind is Change.NEW:
            sums.joined += 1
            sums.added += difference.amount
        elif difference.kind is Change.LEFT:
            sums.left += 1
            sums.removed -= difference.amount
        else:
            sums.changed_people += 1
            sums.changed += difference.amount
    sums.arrears, sums.arrears_lines = sum((line.amount for line in arrears), ZERO), len(arrears)
    held = [line for line in (*regular, *arrears) if line.is_held]
    sums.held, sums.held_lines = sum((line.amount for line in held), ZERO), len(held)
    sums.now = sum((line.amount for line in (*regular, *arrears) if not line.is_held), ZERO)
    return sums
