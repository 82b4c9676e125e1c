"""Standards and county switches as the pure rules want them: loaded once, asked for many months."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from cases.enums import Placement, PrimaryCategory
from staff.models import Parameter
from staff.models.region import county_of
from staff.parameters import DEFAULTS
from subsidies import rules
from subsidies.enums import ConflictMode, OffsetKind, TekunMode
from subsidies.models import Offset, Rate, Scheme

SWITCHES = ("tekun_mode", "conflict_mode")


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
    )


def ancestors(region_id: int) -> list[int]:
    """Codes of the county, prefecture and province of a region: whose standards and switches apply."""
    county = county_of(region_id)
    return [county, county // 100_000_000 * 100_000_000, county // 10_000_000_000 * 10_000_000_000]


@dataclass(frozen=True, slots=True)
class Due:
    """What is due for one month: the pure answer, the row of the standard, and the offsets that were used."""

    amount: rules.Amount
    rate: Rate
    offsets: tuple[Offset, ...] = ()


@dataclass
class Standards:
    """Everything that decides amounts of one scheme in one county. Two queries; every answer afterwards
    is computed.
    """

    scheme: Scheme
    county_id: int
    rows: dict[str, Rate] = field(default_factory=dict)
    _rates: list[rules.Rate] = field(default_factory=list)
    _switches: list[Parameter] = field(default_factory=list)
    _found: dict[Any, rules.Rate] = field(default_factory=dict)
    _amounts: dict[Any, rules.Amount] = field(default_factory=dict)

    @classmethod
    def load(cls, scheme: Scheme, region_id: int) -> Standards:
        """Standards and switches in force for a region of any level, all dates."""
        where = ancestors(region_id)
        rows = {str(row.pk): row for row in Rate.objects.filter(scheme=scheme, region_id__in=where)}
        switches = list(
            Parameter.objects.filter(region_id__in=where, key__in=SWITCHES).order_by(
                "-region_id", "-valid_from"
            )
        )
        return cls(scheme, where[0], rows, [rule_of(row) for row in rows.values()], switches)

    def switch(self, key: str, month: dt.date) -> str:
        """The value of a switch in a month: the narrowest region's own, else the national default."""
        for row in self._switches:
            if row.key == key and row.valid_from <= month and (row.valid_to is None or row.valid_to >= month):
                return str(row.value)
        return str(DEFAULTS[key][0])

    def rate(self, month: dt.date, category: str, placement: str) -> rules.Rate:
        """The standard of a month. Raises rules.NoRateError, rules.AmbiguousRateError."""
        key = (month, category, placement)
        if key not in self._found:
            self._found[key] = rules.rate_on(
                self._rates, month, self.county_id, PrimaryCategory(category), Placement(placement)
            )
        return self._found[key]

    def due(self, month: dt.date, category: str, placement: str, offsets: Iterable[Offset] = ()) -> Due:
        """What is due for a month; ``offsets`` may hold rows of other months. Raises as :meth:`rate`."""
        used = tuple(
            row
            for row in offsets
            if row.start_month <= month and (row.end_month is None or row.end_month >= month)
        )
        rate = self.rate(month, category, placement)
        tekun, conflict = self.switch("tekun_mode", month), self.switch("conflict_mode", month)
        benefits = tuple(rules.Offset(OffsetKind(row.kind), row.amount, row.source) for row in used)
        key = (rate, benefits, category, tekun, conflict)
        if key not in self._amounts:
            self._amounts[key] = rules.amount(
                rate.amount,
                benefits,
                PrimaryCategory(category),
                TekunMode(tekun),
                ConflictMode(conflict),
                source=rate.source,
            )
        return Due(self._amounts[key], self.rows[rate.source], used)
