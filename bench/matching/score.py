"""How right a matcher's pairs are: ``python -m bench.matching.score truth.csv results.csv``.

results.csv has list_row_id, child_id, tier (`auto` or `review`) and may have more columns; a row may have
several pairs. With ``--guardians`` the pairs are judged by whom the row's person is guardian of.
"""

from __future__ import annotations

import argparse
import csv
import math
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

_FORMAT: Final = (
    "id_lower_x id_x_sign id_fullwidth id_space id_apostrophe id_hyphen id_letters id_certificate "
    "name_space name_dot name_trad name_variant name_note"
)
# Groups of kinds, as the targets name them.
GROUPS: Final[dict[str, frozenset[str]]] = {
    "format noise": frozenset(_FORMAT.split(" ")),
    "one edit in the number": frozenset(("id_typo1", "id_transpose", "id_len")),
    "number cut by a spreadsheet": frozenset(("id_trunc", "id_sci")),
    "number missing": frozenset(("id_missing",)),
    "guardian's number": frozenset(("wrong_guardian",)),
}
NEVER_AUTOMATIC: Final[dict[str, str]] = {
    "a sibling's number": "wrong_sibling",
    "a changed name": "name_former",
    "two valid different numbers": "id_other_valid",
}


class Fact(NamedTuple):
    """A list row: the children it rightly belongs to, what was done to it, and its circumstances."""

    row: str
    children: frozenset[str]
    kinds: tuple[str, ...]
    tags: tuple[str, ...]


class Share(NamedTuple):
    """Of `true` rows, how many are automatic and how many reached at all."""

    true: int
    auto: int
    reached: int


@dataclass(slots=True)
class Score:
    rows: int = 0
    true: int = 0
    auto: int = 0
    auto_right: int = 0
    auto_found: int = 0
    reached: int = 0
    review_rows: int = 0
    review_right: int = 0
    kinds: dict[str, Share] = field(default_factory=dict)
    tags: dict[str, Share] = field(default_factory=dict)
    visible: dict[str, Share] = field(default_factory=dict)
    rules: dict[str, tuple[int, int]] = field(default_factory=dict)  # "tier rule" → pairs, right pairs
    wrong: list[tuple[str, str, Fact]] = field(default_factory=list)
    missed: list[Fact] = field(default_factory=list)

    @property
    def precision(self) -> float:
        return _ratio(self.auto_right, self.auto)

    @property
    def precision_low(self) -> float:
        return wilson_low(self.auto_right, self.auto)

    @property
    def recall(self) -> float:
        return _ratio(self.auto_found, self.true)

    @property
    def reach(self) -> float:
        return _ratio(self.reached, self.true)

    @property
    def review_per_thousand(self) -> float:
        return 1000 * _ratio(self.review_rows, self.rows)

    @property
    def hit_rate(self) -> float:
        return _ratio(self.review_right, self.review_rows)

    def summary(self) -> dict[str, Any]:
        """What the tables show, as plain JSON values."""
        wrong = Counter(
            f"{'+'.join(fact.kinds)} {'+'.join(fact.tags)}".strip() for _r, _c, fact in self.wrong
        )
        return {
            "rows": self.rows,
            "true": self.true,
            "auto": self.auto,
            "wrong_pairs": self.auto - self.auto_right,
            "review_rows": self.review_rows,
            "precision": self.precision,
            "precision_low": self.precision_low,
            "recall": self.recall,
            "reach": self.reach,
            "review_per_thousand": self.review_per_thousand,
            "hit_rate": self.hit_rate,
            "groups": {name: self.group(kinds) for name, kinds in GROUPS.items()},
            "never": self.never_automatic(),
            "kinds": self.kinds,
            "tags": self.tags,
            "rules": self.rules,
            "wrong": dict(wrong),
        }

    def never_automatic(self) -> dict[str, Share]:
        """Shares of the kinds that no matcher may decide, of rows where the defect can be seen at all."""
        return {name: self.visible.get(kind, Share(0, 0, 0)) for name, kind in NEVER_AUTOMATIC.items()}

    def group(self, kinds: frozenset[str]) -> Share:
        """The kinds together. A row with two of them counts twice."""
        found = [share for kind, share in self.kinds.items() if kind in kinds]
        return Share(*(sum(numbers) for numbers in zip(*found, strict=True))) if found else Share(0, 0, 0)


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else math.nan


def wilson_low(right: int, of: int, z: float = 1.96) -> float:
    """Lower end of the 95 % interval of a share (Wilson 1927): what it is worth with so few cases."""
    if not of:
        return math.nan
    share, square = right / of, z * z / of
    spread = z * math.sqrt(share * (1 - share) / of + square / of / 4)
    return (share + square / 2 - spread) / (1 + square)


def read_truth(path: Path, *, guardians: bool = False) -> Iterator[Fact]:
    """The facts of a truth.csv, for children or for guardians."""
    with path.open(encoding="utf-8", newline="") as stream:
        for line in csv.DictReader(stream):
            right = line["guardian_of"] if guardians else line["child_id"]
            yield Fact(
                line["list_row_id"],
                frozenset(right.split(";")) if right else frozenset(),
                tuple(line["kind"].split("+")),
                tuple(filter(None, line["tags"].split("+"))),
            )


class Pair(NamedTuple):
    """What a matcher proposes; `rule` where it says why."""

    row: str
    child: str
    tier: str
    rule: str = ""


def read_results(path: Path) -> Iterator[Pair]:
    with path.open(encoding="utf-8", newline="") as stream:
        for line in csv.DictReader(stream):
            yield Pair(line["list_row_id"], line["child_id"], line["tier"], line.get("rule") or "")


def score(truth: Iterable[Fact], results: Iterable[Pair]) -> Score:
    """Judge pairs. A true row is found when one of its children is automatic; of a
    guardian of three each of the three pairs may be proposed.
    """
    proposed: dict[str, dict[str, str]] = {}
    named: dict[tuple[str, str], str] = {}
    for row, child, tier, rule in results:
        pairs = proposed.setdefault(row, {})
        if pairs.get(child) != "auto":
            pairs[child] = tier
            named[row, child] = f"{tier} {rule}"
    result = Score()
    rules = Counter[tuple[str, bool]]()
    kinds, tags, visible = (Counter[tuple[str, str]]() for _each in range(3))
    for fact in truth:
        result.rows += 1
        pairs = proposed.get(fact.row, {})
        tiers = {pairs[child] for child in fact.children if child in pairs}
        if fact.children:
            result.true += 1
            result.auto_found += "auto" in tiers
            result.reached += bool(tiers)
            states = ["true"] + ["auto"] * ("auto" in tiers) + ["reached"] * bool(tiers)
            both = ("two defects",) if len(fact.kinds) > 1 else ()
            kinds.update((kind, state) for kind in {*fact.kinds, *both} for state in states)
            tags.update((tag, state) for tag in set(fact.tags) for state in states)
            if (kind := _visible(fact)) is not None:
                visible.update((kind, state) for state in states)
            if not tiers:
                result.missed.append(fact)
        rules.update((named[fact.row, child], child in fact.children) for child in pairs)
        automatic = [child for child, tier in pairs.items() if tier == "auto"]
        result.auto += len(automatic)
        result.auto_right += sum(child in fact.children for child in automatic)
        result.wrong += [(fact.row, child, fact) for child in automatic if child not in fact.children]
        if "review" in pairs.values():
            result.review_rows += 1
            result.review_right += "review" in tiers
    result.rules = {
        name: (rules[name, True] + rules[name, False], rules[name, True])
        for name in sorted({name for name, _right in rules})
    }
    result.kinds, result.tags, result.visible = _shares(kinds), _shares(tags), _shares(visible)
    return result


def _visible(fact: Fact) -> str | None:
    """The kind that may not become automatic, unless another defect or the register hides it: a sibling's
    number that was then left out is no number at all."""
    for kind in NEVER_AUTOMATIC.values():
        if kind in fact.kinds:
            others = {k for k in fact.kinds if k.startswith(("id_", "wrong_")) and k != kind}
            return kind if others <= GROUPS["format noise"] and "reg_id" not in fact.tags else None
    return None


def _shares(counts: Counter[tuple[str, str]]) -> dict[str, Share]:
    names = sorted({name for name, _state in counts}, key=lambda name: (-counts[name, "true"], name))
    return {name: Share(*(counts[name, state] for state in ("true", "auto", "reached"))) for name in names}


def report(found: Score, examples: int = 0) -> str:
    """The score as lines of text."""
    lines = [
        f"rows {found.rows}  true {found.true}  automatic {found.auto}, wrong {found.auto - found.auto_right}",
        f"precision {found.precision:.5f} (95 % low {found.precision_low:.5f})  recall {found.recall:.4f}  "
        f"reach {found.reach:.5f}",
        f"review rows {found.review_rows}, {found.review_per_thousand:.2f} per 1,000, "
        f"hit rate {found.hit_rate:.3f}",
        f"{'':30}{'true':>8}{'auto':>8}{'reach':>8}",
    ]
    groups = {name: found.group(kinds) for name, kinds in GROUPS.items()} | found.never_automatic()
    for title, shares in (("", groups), ("", found.kinds), ("#", found.tags)):
        lines += [
            f"{title + name:30}{share.true:>8}{_ratio(share.auto, share.true):8.3f}"
            f"{_ratio(share.reached, share.true):8.3f}"
            for name, share in shares.items()
        ]
    wrong = Counter(f"{'+'.join(fact.kinds)}|{'+'.join(fact.tags)}" for _row, _child, fact in found.wrong)
    lines += [f"wrong: {count} {kind}" for kind, count in wrong.most_common()]
    lines += [f"wrong: row {row} child {child} {fact}" for row, child, fact in found.wrong[:examples]]
    lines += [f"missed: {fact}" for fact in found.missed[:examples]]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.matching.score", description=__doc__)
    parser.add_argument("truth", type=Path)
    parser.add_argument("results", type=Path)
    parser.add_argument("--guardians", action="store_true")
    parser.add_argument("--examples", type=int, default=0, help="show as many wrong and missed rows")
    chosen = parser.parse_args()
    facts = read_truth(chosen.truth, guardians=chosen.guardians)
    print(report(score(facts, read_results(chosen.results)), chosen.examples))


if __name__ == "__main__":
    main()
