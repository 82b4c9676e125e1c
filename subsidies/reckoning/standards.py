"""Standards and terms as the pure rules want them: loaded once for a county, asked for many months."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from cases.enums import Placement, PrimaryCategory
from subsidies.enums import OffsetKind, SchemeCode
from subsidies.models import Offset, Rate, Scheme
from subsidies.reckoning import funding, rules
from subsidies.reckoning.formulas import Standard, Tables
from subsidies.reckoning.months import (
    BY_MONTH,
    month_of,
    months_between,
    period_end,
    period_of,
    place_of,
)
from subsidies.terms.in_force import Rulebook, Share, Terms, ancestors

# Terms that decide amounts and who funds them: a batch reckoned with others is out of date.
DECIDING = ("cadence", "funding", "offsets", "tekun_mode", "conflict_mode")


def rule_of(row: Rate) -> rules.Rate:
    """A stored standard as the pure rules read it; ``source`` is the row's key."""
    return rules.Rate(
        region_id=row.region_id,
        valid_from=row.valid_from,
        amount=row.amount,
        category=PrimaryCategory(row.category) if row.category else None,
        placement=Placement(row.placement),
        valid_to=row.valid_to,
        source=str(row.pk),
        grade=row.grade,
    )


def _whom(row: Rate) -> tuple[Any, ...]:
    return row.scheme_id, row.region_id, row.placement, row.category, row.grade


@dataclass(frozen=True, slots=True)
class Due:
    """What is due for one period: the pure answer, the standard and the row of the table that it rests on, the
    benefits in force, and who funds it: yuan by source (five, together the amount), by ``shares``.
    """

    amount: rules.Amount
    rate: Rate
    offsets: tuple[Offset, ...]
    standard: Decimal
    funding: Mapping[str, Decimal]
    shares: tuple[Share, ...] = ()


def together(dues: Mapping[dt.date, Due]) -> Due:
    """What months that are paid at once make; not empty."""
    every = [dues[month] for month in sorted(dues)]
    first = every[0]
    return Due(
        rules.together({month: due.amount for month, due in dues.items()}),
        first.rate,
        tuple({id(row): row for due in every for row in due.offsets}.values()),
        sum((due.standard for due in every), rules.ZERO),
        {source: sum((due.funding[source] for due in every), rules.ZERO) for source in first.funding},
        first.shares,
    )


@dataclass
class Standards:
    """Everything that decides amounts of one scheme in one county. Two queries; every answer afterwards is
    computed, and equal questions are answered once.
    """

    scheme: Scheme
    county_id: int
    book: Rulebook
    rows: dict[str, Rate] = field(default_factory=dict)
    _every: dict[str, Rate] = field(default_factory=dict)
    _rates: dict[str, list[rules.Rate]] = field(default_factory=dict)
    _tables: dict[dt.date, Tables] = field(default_factory=dict)
    _standards: dict[Any, Standard] = field(default_factory=dict)
    _amounts: dict[Any, tuple[rules.Amount, Mapping[str, Decimal]]] = field(default_factory=dict)
    _digests: dict[dt.date, str] = field(default_factory=dict)

    @classmethod
    def load(cls, scheme: Scheme, region_id: int) -> Standards:
        """Standards and rules in force for a region of any level, all dates."""
        where = ancestors(region_id)
        stored = Rate.objects.filter(region_id__in=where, superseded=False)
        stored = stored.select_related("scheme").order_by("pk")
        return cls._of(scheme, where[0], Rulebook.load(region_id), {str(row.pk): row for row in stored})

    @classmethod
    def _of(cls, scheme: Scheme, county_id: int, book: Rulebook, every: dict[str, Rate]) -> Standards:
        rates: dict[str, list[rules.Rate]] = defaultdict(list)
        for key, row in every.items():
            rates[row.scheme.code].append(replace(rule_of(row), source=key))
        rows = {key: row for key, row in every.items() if row.scheme_id == scheme.pk}
        return cls(scheme, county_id, book, rows, every, dict(rates))

    def of_scheme(self, scheme: Scheme) -> Standards:
        """The same county's standards of another scheme; no query."""
        return self._of(scheme, self.county_id, self.book, self._every)

    def supposing(self, rate: Rate) -> Standards:
        """Standards as they would be with a rate that is not saved: from its month on it takes the place of the
        stored ones for the same region, placement, category and grade. No query.
        """
        kept = {
            key: row
            for key, row in self._every.items()
            if row.valid_from < rate.valid_from or _whom(row) != _whom(rate)
        }
        return self._of(self.scheme, self.county_id, self.book, kept | {"supposed": rate})

    def rests_on(self, scheme_code: str, month: dt.date) -> bool:
        """Whether standards of this scheme are reckoned from, or are, those of another in a month."""
        return scheme_code in self._reached(self.tables(month))

    def of(self, scheme: Scheme) -> Standards:
        """The same county's standards of another scheme, without asking the database again."""
        rows = {key: row for key, row in self._every.items() if row.scheme_id == scheme.pk}
        return Standards(scheme, self.county_id, self.book, rows, self._every, self._rates)

    def terms(self, month: dt.date) -> Terms:
        """The scheme's terms in a month. TermsError when rules in force contradict each other."""
        return self.book.terms(self.scheme.code, month_of(month))

    def tables(self, month: dt.date) -> Tables:
        """Rates and formulas of every scheme in a month."""
        first = month_of(month)
        if first not in self._tables:
            terms = {code.value: self.book.terms(code.value, first) for code in SchemeCode}
            self._tables[first] = Tables(
                self.county_id,
                first,
                self._rates,
                {code: found.formulas for code, found in terms.items() if found.formulas},
                {code: found.sources["formulas"].document for code, found in terms.items()},
            )
        return self._tables[first]

    def standard(
        self, month: dt.date, category: str, placement: str, grade: str = "", also: Iterable[str] = ()
    ) -> Standard:
        """The standard of a period; ``also``: other categories that apply to the child, of which the highest
        counts where the rule says so. Raises rules.NoRateError, rules.AmbiguousRateError.
        """
        others = tuple(also) if self.terms(month).higher_of else ()
        key = (month, category, placement, grade, others)
        if key not in self._standards:
            tables, code = self.tables(month), self.scheme.code
            self._standards[key] = (
                tables.highest(code, (category, *others), placement, grade)[1]
                if others
                else tables.standard(code, category, placement, grade)
            )
        return self._standards[key]

    def rate(self, month: dt.date, category: str, placement: str, grade: str = "") -> rules.Rate:
        """The row of the table on which a month's standard rests. Raises as :meth:`standard`."""
        return self.standard(month, category, placement, grade).rate

    def due(
        self,
        month: dt.date,
        category: str,
        placement: str,
        offsets: Iterable[Offset] = (),
        grade: str = "",
        also: Iterable[str] = (),
        months: Iterable[dt.date] | None = None,
    ) -> Due:
        """What is due for the period that a month lies in; ``offsets`` may hold rows of other months. A quarter or a year
        is reckoned month by month: all of them, or the ``months`` given. Raises as :meth:`standard`.
        """
        cadence, held = self.terms(month).cadence, tuple(offsets)
        if cadence not in BY_MONTH:
            return self.due_of_month(month, month, category, placement, held, grade, also)
        first = period_of(month, cadence)
        chosen = months_between(first, period_end(month, cadence)) if months is None else tuple(months)
        return together(
            {one: self.due_of_month(first, one, category, placement, held, grade, also) for one in chosen}
        )

    def due_of_month(
        self,
        period: dt.date,
        month: dt.date,
        category: str,
        placement: str,
        offsets: Iterable[Offset] = (),
        grade: str = "",
        also: Iterable[str] = (),
    ) -> Due:
        """What is due for one month of the period that begins in a month, by the standard of the period; for the whole
        period where it is one sum. Raises as :meth:`standard`.
        """
        used = tuple(
            row
            for row in offsets
            if row.start_month <= month and (row.end_month is None or row.end_month >= month)
        )
        standard, terms = self.standard(period, category, placement, grade, also), self.terms(period)
        place, count = place_of(month, terms.cadence)
        yuan = funding.part(standard.amount, place, count)
        shares = funding.shares_of_month(terms.funding, place, count) if count > 1 else terms.funding
        benefits = tuple(rules.Offset(OffsetKind(row.kind), row.amount, row.source) for row in used)
        key = (standard, yuan, shares, benefits, category, *(getattr(terms, name) for name in DECIDING))
        if key not in self._amounts:
            amount = rules.amount(
                yuan,
                benefits,
                PrimaryCategory(category),
                terms.tekun_mode,
                terms.conflict_mode,
                source=standard.rate.source,
                clause=standard.clause,
                steps=standard.steps,
                deducted=terms.offsets,
            )
            self._amounts[key] = amount, funding.split(amount.total, shares)
        found, by_source = self._amounts[key]
        row = self._every[standard.rate.source]
        return Due(found, row, used, yuan, by_source, terms.funding)

    def digest(self, month: dt.date) -> str:
        """sha256 of everything that decides a month's amounts and funds: rates of all schemes that formulas can
        reach, formulas, and the deciding terms. Equal digests mean equal answers.
        """
        first = month_of(month)
        if first not in self._digests:
            tables, terms = self.tables(first), self.terms(first)
            reached = self._reached(tables)
            rates = sorted(
                (
                    code,
                    rate.region_id,
                    rate.category or "",
                    rate.placement or "",
                    rate.grade,
                    rate.valid_from.isoformat(),
                    str(rate.amount),
                )
                for code in reached
                for rate in self._rates.get(code, ())
                if rate.valid_from <= first and (rate.valid_to is None or first <= rate.valid_to)
            )
            seen = {
                "rates": rates,
                "formulas": {code: repr(tables.formulas.get(code, ())) for code in sorted(reached)},
                "terms": {name: repr(getattr(terms, name)) for name in (*DECIDING, "higher_of")},
            }
            text = json.dumps(seen, sort_keys=True, ensure_ascii=False)
            self._digests[first] = hashlib.sha256(text.encode()).hexdigest()
        return self._digests[first]

    def _reached(self, tables: Tables) -> set[str]:
        """Codes of the schemes whose standards this one's can rest on."""
        found: set[str] = set()
        ahead = [self.scheme.code]
        while ahead:
            code = ahead.pop()
            if code in found:
                continue
            found.add(code)
            for formula in tables.formulas.get(code, ()):
                ahead.append(formula.of.scheme.value)
                if formula.minus is not None:
                    ahead.append(formula.minus.scheme.value)
        return found


__all__ = ["Due", "Standards", "ancestors", "rule_of"]
