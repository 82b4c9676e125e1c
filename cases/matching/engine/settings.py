"""Everything that decides a run, frozen with it: rules with their tiers and scores, and thresholds."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final

from cases.matching.engine.rules import AUTO, REVIEW, RULES, Rule

# Raised whenever normalising, the passes or the guards change what a run finds.
VERSION: Final = 5
# Guards and how often the pairs they send to a person are right, in thousandths.
DOUBTS: Final[Mapping[str, int]] = {
    "named_twice": 680,
    "named_as_another": 150,
    "elder": 62,
    "two_candidates": 500,
}


@dataclass(frozen=True, slots=True)
class Settings:
    """What a run goes by. `near_slips`: slips between two numbers that still count as near. `legible_tail`:
    legible last digits that tell one masked number from another. `doubts`: the most, in thousandths, that a pair
    may score which this guard sends to a person. `least_score`: pairs below are not proposed."""

    rules: tuple[Rule, ...] = RULES
    near_slips: int = 2
    legible_tail: int = 3
    doubts: Mapping[str, int] = field(default_factory=lambda: dict(DOUBTS))
    least_score: int = 0
    version: int = VERSION

    def demoted(self, *codes: str) -> Settings:
        """The same settings, but what these rules name goes to a person. Raises KeyError for an unknown code."""
        unknown = set(codes) - {rule.code for rule in self.rules}
        if unknown:
            raise KeyError(*sorted(unknown))
        return replace(
            self, rules=tuple(replace(r, tier=REVIEW) if r.code in codes else r for r in self.rules)
        )

    @property
    def automatic(self) -> frozenset[str]:
        """Codes of the rules whose pairs need no person."""
        return frozenset(rule.code for rule in self.rules if rule.tier == AUTO)

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values; `from_json` gives the same settings back."""
        return {**asdict(self), "rules": [asdict(rule) for rule in self.rules]}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Settings:
        """Settings as `to_json` wrote them. Raises TypeError for fields this version does not know."""
        return cls(**{**data, "rules": tuple(Rule(**rule) for rule in data["rules"])})

    @property
    def digest(self) -> str:
        """sha256 of the settings: equal for runs that go by the same."""
        return hashlib.sha256(json.dumps(self.to_json(), sort_keys=True).encode()).hexdigest()
