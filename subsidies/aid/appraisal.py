"""考核: from what a child director did in a month to a score, and from the score to performance pay. Pure.

云南 pays 1,500 yuan a month and up to 400 yuan by appraisal (O-43); weights and steps are the dated parameter
``staff_pay``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from typing import Any

CENT = Decimal("0.01")
PARTS = ("visits", "in_time", "files")


@dataclass(frozen=True)
class Measures:
    """Counted of one director's villages and one month: children kept, of them visited, visits made, visits overdue at
    the end, and files with a defect that nobody has begun to follow."""

    children: int = 0
    visited: int = 0
    visits: int = 0
    overdue: int = 0
    unfollowed: int = 0

    def as_json(self) -> dict[str, int]:
        return asdict(self)


@dataclass(frozen=True)
class Pay:
    """Yuan of one month."""

    base: Decimal
    performance: Decimal

    @property
    def total(self) -> Decimal:
        return self.base + self.performance


def shares(measures: Measures) -> dict[str, Decimal]:
    """Each part between 0 and 1: children visited, not overdue, and whose defects are followed. No children: 1."""
    if not measures.children:
        return dict.fromkeys(PARTS, Decimal(1))
    whole = Decimal(measures.children)
    return {
        "visits": min(Decimal(1), measures.visited / whole),
        "in_time": max(Decimal(0), 1 - measures.overdue / whole),
        "files": max(Decimal(0), 1 - measures.unfollowed / whole),
    }


def score(measures: Measures, weights: Mapping[str, int]) -> int:
    """0 … 100 by the weights of the parts, which must add up to 100 (ValueError)."""
    if set(weights) != set(PARTS) or sum(weights.values()) != 100:
        raise ValueError(f"weights of {PARTS} must add up to 100: {dict(weights)}")
    found = shares(measures)
    points = sum((found[part] * weights[part] for part in PARTS), Decimal(0))
    return int(points.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def share_of(points: int, steps: list[list[int]]) -> int:
    """Per cent of the performance pay for a score: the highest step [from, per cent] that it reaches, else 0."""
    return max((share for least, share in steps if points >= least), default=0)


def pay(points: int, rules: Mapping[str, Any]) -> Pay:
    """What a score of 0 … 100 is worth under ``staff_pay``. ValueError for another score."""
    if not 0 <= points <= 100:
        raise ValueError(f"a score lies between 0 and 100: {points}")
    most = Decimal(str(rules["performance"]))
    part = most * share_of(points, rules["steps"]) / 100
    return Pay(Decimal(str(rules["base"])).quantize(CENT), part.quantize(CENT, rounding=ROUND_DOWN))
