"""What if a standard became another? Cost by township and source of funds, reckoned without touching data.

Children with the same terms and benefits are counted by the database and reckoned once, so that a county of 100,000
takes a few queries. What is reckoned is what the entitlements on record will cost; who may still apply is not known.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db import connection

from staff.models import Region
from subsidies.enums import LastMonthRule
from subsidies.ledger.enums import Source
from subsidies.models import Offset, Rate, Scheme
from subsidies.preparing.facts import ALSO
from subsidies.reckoning import rules
from subsidies.reckoning.months import periods_between
from subsidies.reckoning.rules import ZERO
from subsidies.reckoning.standards import Standards

# One row for each month and kind of case. Rows are those that the reader's scope shows.
COUNTS = """
    WITH months AS (SELECT unnest(%(months)s::date[]) AS month),
    benefits AS (
        SELECT o.entitlement_id, m.month,
               string_agg(o.kind || ':' || o.amount, ',' ORDER BY o.kind) AS held
        FROM subsidies_offset o
        JOIN months m ON o.start_month <= m.month AND (o.end_month IS NULL OR o.end_month >= m.month)
        WHERE o.region_code BETWEEN %(lo)s AND %(hi)s
        GROUP BY o.entitlement_id, m.month
    )
    SELECT m.month, e.region_code / 1000 * 1000, e.category, e.placement, e.grade, coalesce(b.held, ''), {also}, count(*)
    FROM subsidies_entitlement e
    LEFT JOIN cases_child c ON c.id = e.child_id
    JOIN months m ON m.month BETWEEN e.start_month AND coalesce(
        e.end_month,
        date_trunc('month', c.birth_date + make_interval(years => %(age)s, months => -%(early)s)),
        'infinity'
    )
    LEFT JOIN benefits b ON b.entitlement_id = e.id AND b.month = m.month
    WHERE e.scheme_id = %(scheme)s AND e.region_code BETWEEN %(lo)s AND %(hi)s
    GROUP BY 1, 2, 3, 4, 5, 6, 7
""".replace("{also}", ALSO)
CHILDREN = """
    SELECT e.region_code / 1000 * 1000, count(DISTINCT e.child_id)
    FROM subsidies_entitlement e
    LEFT JOIN cases_child c ON c.id = e.child_id
    WHERE e.scheme_id = ANY(%(schemes)s) AND e.region_code BETWEEN %(lo)s AND %(hi)s
      AND e.start_month <= %(last)s AND coalesce(
        e.end_month,
        date_trunc('month', c.birth_date + make_interval(years => %(age)s, months => -%(early)s)),
        'infinity'
      ) >= %(first)s
    GROUP BY 1
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
    for code, count in _children(supposition, now, schemes, region):
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
    terms = now.terms(found.supposition.first)
    months = periods_between(found.supposition.first, found.supposition.last, terms.cadence)
    for month, township, category, placement, grade, held, also, count in _counts(now, months, region):
        benefits, others = _benefits(held, month), tuple(filter(None, also.split(",")))
        before = _due(now, month, category, placement, grade, benefits, others)
        after = _due(then, month, category, placement, grade, benefits, others)
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


def _due(
    standards: Standards,
    month: dt.date,
    category: str,
    placement: str,
    grade: str,
    benefits: list[Offset],
    also: tuple[str, ...],
) -> dict[str, Decimal] | None:
    """Yuan by source, None without a standard."""
    try:
        return dict(standards.due(month, category, placement, benefits, grade, also).funding)
    except rules.NoRateError:
        return None


def _benefits(held: str, month: dt.date) -> list[Offset]:
    parts = [part.split(":") for part in held.split(",") if part]
    return [Offset(kind=kind, amount=Decimal(amount), start_month=month) for kind, amount in parts]


def _counts(
    standards: Standards, months: Iterable[dt.date], region: Region
) -> Iterator[tuple[dt.date, int, str, str, str, str, str, int]]:
    values: dict[str, Any] = {
        "months": list(months),
        "scheme": standards.scheme.pk,
        "lo": region.lo,
        "hi": region.hi,
    }
    if not values["months"]:
        return
    with connection.cursor() as cursor:
        cursor.execute(COUNTS, values | _age(standards, values["months"][0]))
        yield from cursor.fetchall()


def _children(
    supposition: Supposition, standards: Standards, schemes: list[Scheme], region: Region
) -> list[tuple[int, int]]:
    values: dict[str, Any] = {
        "schemes": [scheme.pk for scheme in schemes],
        "first": supposition.first,
        "last": supposition.last,
        "lo": region.lo,
        "hi": region.hi,
    }
    with connection.cursor() as cursor:
        cursor.execute(CHILDREN, values | _age(standards, supposition.first))
        return list(cursor.fetchall())


def _age(standards: Standards, month: dt.date) -> dict[str, int]:
    """Entitlements taken over may have no end: the last month is then that of the scheme's highest age."""
    terms = standards.terms(month)
    return {"age": terms.age_most, "early": int(terms.last_month_rule == LastMonthRule.MONTH_BEFORE)}
