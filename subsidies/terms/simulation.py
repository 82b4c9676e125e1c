"""What if a standard became another? Cost by township and source of funds, reckoned without touching data.

Children with the same terms and benefits are counted by the database and reckoned once, so that a county of 100,000
takes a few queries. What is reckoned is what the entitlements on record will cost; who may still apply is not known.
"""

# Statements of our own text; values are parameters.
# ruff: noqa: S608

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db import connection

from staff.models import Region
from subsidies.ledger.enums import Source
from subsidies.models import Rate, Scheme
from subsidies.preparing.answers import Key, due_on
from subsidies.preparing.covered import PERIODS, values_of
from subsidies.preparing.facts import OF_EVERY_PERIOD
from subsidies.preparing.periods import Period, periods_between
from subsidies.reckoning import rules
from subsidies.reckoning.rules import ZERO
from subsidies.reckoning.standards import Standards

# One row for each period and key of what decides the amount, as the batch finds them. Rows are those that the reader's
# scope shows.
COUNTS = f"""
    WITH prep_period AS ({PERIODS})
    SELECT f.region_code / 1000 * 1000, f.key, count(*) FROM ({OF_EVERY_PERIOD}) f GROUP BY 1, 2
"""
CHILDREN = f"""
    WITH prep_period AS ({PERIODS})
    SELECT DISTINCT f.region_code / 1000 * 1000, f.child_id FROM ({OF_EVERY_PERIOD}) f
"""


@dataclass(frozen=True, slots=True)
class Supposition:
    """A standard of ``amount`` yuan a period from ``first`` to ``last`` (first days of months)."""

    scheme: Scheme
    placement: str
    category: str
    grade: str
    amount: Decimal
    first: dt.date
    last: dt.date

    def rate(self, region_id: int) -> Rate:
        """The rate as it would be recorded; never saved."""
        return Rate(
            scheme=self.scheme,
            region_id=region_id,
            placement=self.placement,
            category=self.category,
            grade=self.grade,
            amount=self.amount,
            valid_from=self.first,
        )


@dataclass(slots=True)
class Cost:
    """Yuan before and after, and what they are for: payments (人次) and children (人数)."""

    name: str = ""
    before: Decimal = ZERO
    after: Decimal = ZERO
    payments: int = 0
    children: int = 0

    @property
    def difference(self) -> Decimal:
        """What it would cost more."""
        return self.after - self.before

    def add(self, before: Decimal, after: Decimal, payments: int = 0) -> None:
        """Count payments of the same amounts."""
        self.before += before
        self.after += after
        self.payments += payments


@dataclass(slots=True)
class Simulation:
    """The answer, by township (code → Cost, in the order of codes), by source, by scheme, and altogether."""

    supposition: Supposition
    total: Cost = field(default_factory=Cost)
    townships: dict[int, Cost] = field(default_factory=dict)
    sources: dict[str, Cost] = field(default_factory=dict)
    # (Township, source) → Cost, for those that cost something before or after.
    shares: dict[tuple[int, str], Cost] = field(default_factory=lambda: defaultdict(Cost))
    schemes: dict[str, Cost] = field(default_factory=dict)
    # Payments for which the table of rates has no standard, before or after: they cost nothing here.
    without_standard: int = 0


def simulate(supposition: Supposition, region: Region) -> Simulation:
    """Reckon a supposition for a county. Eight queries or fewer, one more for each scheme whose standards rest on it.

    rules.AmbiguousRateError when the table of rates is not clear.
    """
    now = Standards.load(supposition.scheme, region.pk)
    then = now.supposing(supposition.rate(region.pk))
    schemes = [
        scheme
        for scheme in Scheme.objects.order_by("pk")
        if now.of_scheme(scheme).rests_on(supposition.scheme.code, supposition.first)
    ]
    found = Simulation(supposition)
    found.sources = {source.value: Cost(str(source.label)) for source in Source}
    townships: dict[int, Cost] = defaultdict(Cost)
    for scheme in schemes:
        cost = Cost(str(scheme))
        _add_scheme(found, cost, townships, now.of_scheme(scheme), then.of_scheme(scheme), region)
        if cost.payments:
            found.schemes[scheme.code] = cost
    names = dict(Region.objects.filter(pk__in=list(townships)).values_list("pk", "name"))
    for code, count in _children(supposition, now, schemes, region).items():
        townships[code].children = count
    found.townships = {code: townships[code] for code in sorted(townships) if townships[code].payments}
    for code, cost in found.townships.items():
        cost.name = names.get(code, str(code))
        found.total.children += cost.children
    return found


def _add_scheme(
    found: Simulation,
    cost: Cost,
    townships: dict[int, Cost],
    now: Standards,
    then: Standards,
    region: Region,
) -> None:
    for township, key, count in _rows(COUNTS, now, found.supposition, region):
        parsed = Key.parse_all(key)
        before, after = _due(now, parsed), _due(then, parsed)
        if before is None and after is None:
            found.without_standard += count
            continue
        for source, by_source in found.sources.items():
            shares = [due[source] * count if due else ZERO for due in (before, after)]
            for one in (by_source, found.shares[township, source]):
                one.add(shares[0], shares[1])
        sums = [sum(due.values(), ZERO) * count if due else ZERO for due in (before, after)]
        for one in (found.total, cost, townships[township]):
            one.add(sums[0], sums[1], count)


def _due(standards: Standards, keys: list[Key]) -> dict[str, Decimal] | None:
    """Yuan by source, None without a standard."""
    try:
        return dict(due_on(standards, keys).funding)
    except rules.NoRateError:
        return None


def _periods(standards: Standards, supposition: Supposition) -> list[Period]:
    """Periods that begin in the supposed months."""
    found = periods_between(supposition.first, supposition.last, lambda month: standards.terms(month).cadence)
    return [period for period in found if supposition.first <= period.month <= supposition.last]


def _rows(
    statement: str, standards: Standards, supposition: Supposition, region: Region
) -> list[tuple[Any, ...]]:
    periods = _periods(standards, supposition)
    if not periods:
        return []
    values: dict[str, Any] = {"scheme_id": standards.scheme.pk, "low": region.lo, "high": region.hi}
    with connection.cursor() as cursor:
        cursor.execute(statement, values | values_of(periods, standards))
        return list(cursor.fetchall())


def _children(
    supposition: Supposition, standards: Standards, schemes: list[Scheme], region: Region
) -> dict[int, int]:
    """Children by township, once however many schemes pay them."""
    found: dict[int, set[int]] = defaultdict(set)
    for scheme in schemes:
        for township, child in _rows(CHILDREN, standards.of_scheme(scheme), supposition, region):
            found[township].add(child)
    return {township: len(children) for township, children in found.items()}
