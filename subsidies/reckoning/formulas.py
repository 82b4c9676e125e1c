"""The standard for one child: a row of the table, a share of another standard, or the higher of both. Pure.

江苏 2018: at least 75/70/65 % of the institutional standard for orphans with kin, at least 80 % and 60 % of that for
children whose parents are gone or unable. 义乌 2023: the difference between the orphans' and the 低保 standard, half of
it, or 20 % of the orphans'.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal

from cases.enums import Placement, PrimaryCategory
from subsidies.enums import AmountLine, Clause, SchemeCode
from subsidies.reckoning.rules import ZERO, AmbiguousRateError, Line, NoRateError, Rate, money, rate_on
from subsidies.terms.enums import Rounding
from subsidies.terms.types import Base, Formula

DEEPEST = 5  # a standard of a standard of …: more is a circle
_ROUNDINGS: dict[Rounding, tuple[Decimal, str]] = {
    Rounding.FEN_UP: (Decimal("0.01"), ROUND_CEILING),
    Rounding.FEN: (Decimal("0.01"), ROUND_HALF_UP),
    Rounding.YUAN_UP: (Decimal(1), ROUND_CEILING),
    Rounding.YUAN: (Decimal(1), ROUND_HALF_UP),
    Rounding.YUAN_DOWN: (Decimal(1), ROUND_FLOOR),
}
_FOLLOW_ORPHANS = (PrimaryCategory.DE_FACTO_UNATTENDED, PrimaryCategory.PROTECTED)


class FormulaCircleError(AmbiguousRateError):
    """Standards are reckoned from each other in a circle; one of the rules must be corrected."""


@dataclass(frozen=True, slots=True)
class Standard:
    """Yuan a period, the rate row that it rests on, and the steps that led to it (informing lines)."""

    amount: Decimal
    rate: Rate
    clause: Clause = Clause.STANDARD
    steps: tuple[Line, ...] = ()


@dataclass(frozen=True)
class Tables:
    """Rates and formulas of every scheme in one county and month; ``documents`` names what set a scheme's formulas."""

    county_id: int
    month: dt.date
    rates: Mapping[str, Sequence[Rate]]
    formulas: Mapping[str, Sequence[Formula]] = field(default_factory=dict)
    documents: Mapping[str, str] = field(default_factory=dict)

    def standard(self, scheme: str, category: str, placement: str, grade: str = "") -> Standard:
        """The standard for such a child. NoRateError, AmbiguousRateError (two rows, or formulas in a circle)."""
        return self._standard(scheme, PrimaryCategory(category), Placement(placement), grade, 0)

    def highest(
        self, scheme: str, categories: Sequence[str], placement: str, grade: str = ""
    ) -> tuple[PrimaryCategory, Standard]:
        """The best of several categories that apply at once: the highest standard, one only (就高不就低, 深圳).

        Categories without a standard are passed over; NoRateError when none has one. Equal ones: the first given.
        """
        found: list[tuple[PrimaryCategory, Standard]] = []
        for category in dict.fromkeys(categories):
            try:
                found.append((PrimaryCategory(category), self.standard(scheme, category, placement, grade)))
            except NoRateError:
                continue
        if not found:
            raise NoRateError(f"no standard for any of {list(categories)}, region {self.county_id}")
        best, standard = max(found, key=lambda pair: pair[1].amount)
        others = tuple(
            Line(
                AmountLine.OTHER_CATEGORY,
                other.amount,
                Clause.HIGHER_OF,
                params=(("category", category.value), ("placement", str(placement))),
            )
            for category, other in found
            if category is not best
        )
        if others:
            standard = Standard(standard.amount, standard.rate, Clause.HIGHER_OF, (*standard.steps, *others))
        return best, standard

    def _standard(
        self, scheme: str, category: PrimaryCategory, placement: Placement, grade: str, depth: int
    ) -> Standard:
        if depth > DEEPEST:
            raise FormulaCircleError(f"standards of {scheme} are reckoned in a circle, {self.month:%Y-%m}")
        formula = self._formula(scheme, category, placement, grade)
        try:
            row = rate_on(self.rates.get(scheme, ()), self.month, self.county_id, category, placement, grade)
        except NoRateError:
            row = None
        if formula is None and category in _FOLLOW_ORPHANS and (row is None or row.category != category):
            # Without a standard of its own the child has the orphan's, however that one came about.
            as_orphan = Placement.SCATTERED if category == PrimaryCategory.PROTECTED else placement
            if self._formula(scheme, PrimaryCategory.ORPHAN, as_orphan, grade):
                return self._standard(scheme, PrimaryCategory.ORPHAN, as_orphan, grade, depth + 1)
        if formula is not None:
            return self._reckoned(scheme, formula, row, depth)
        if row is None:
            raise NoRateError(
                f"no standard for {category}, {placement}, region {self.county_id}, {self.month:%Y-%m}"
            )
        return Standard(money(row.amount), row)

    def _formula(self, scheme: str, category: str, placement: str, grade: str) -> Formula | None:
        """The formula for such a child, the one that names most."""
        fitting = [row for row in self.formulas.get(scheme, ()) if row.fits(category, placement, grade)]
        return max(
            fitting,
            key=lambda row: (row.category is not None, bool(row.grade), row.placement is not None),
            default=None,
        )

    def _reckoned(self, scheme: str, formula: Formula, row: Rate | None, depth: int) -> Standard:
        of = self._of(formula.of, depth)
        minus = self._of(formula.minus, depth) if formula.minus else None
        value = share_of(of.amount, formula.percent, minus.amount if minus else ZERO, formula.rounding)
        step = Line(
            AmountLine.FORMULA,
            value,
            Clause.FORMULA,
            of.rate.source,
            _params(formula, of.amount, minus.amount if minus else None, self.documents.get(scheme, "")),
        )
        steps = (*of.steps, step)
        if formula.at_least and row is not None:
            steps = (*steps, Line(AmountLine.TABLE, money(row.amount), Clause.STANDARD, row.source))
            if row.amount >= value:
                return Standard(money(row.amount), row, Clause.AT_LEAST, steps)
        return Standard(value, of.rate, Clause.FORMULA, steps)

    def _of(self, base: Base, depth: int) -> Standard:
        return self._standard(base.scheme.value, base.category, base.placement, base.grade, depth + 1)


def share_of(
    base: Decimal,
    percent: Decimal,
    minus: Decimal = ZERO,
    rounding: Rounding = Rounding.FEN_UP,
) -> Decimal:
    """``percent`` of (``base`` − ``minus``) in yuan, at least 0, rounded as the rule says."""
    unit, mode = _ROUNDINGS[rounding]
    exact = max(ZERO, money(base) - money(minus)) * percent / 100
    return exact.quantize(unit, rounding=mode).quantize(Decimal("0.01"))


def _params(
    formula: Formula, of: Decimal, minus: Decimal | None, document: str
) -> tuple[tuple[str, str], ...]:
    found = [("percent", f"{formula.percent.normalize():f}"), ("of", str(of))]
    found += [(f"of_{name}", value) for name, value in _names(formula.of)]
    if formula.minus is not None and minus is not None:
        found.append(("minus", str(minus)))
        found += [(f"minus_{name}", value) for name, value in _names(formula.minus)]
    found.append(("rounding", formula.rounding.value))
    if document:
        found.append(("document", document))
    return tuple(found)


def _names(base: Base) -> list[tuple[str, str]]:
    names = [
        ("scheme", SchemeCode(base.scheme).value),
        ("category", base.category.value),
        ("placement", base.placement.value),
    ]
    return [*names, ("grade", base.grade)] if base.grade else names
