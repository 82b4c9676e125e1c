"""Terms of a scheme where and when: national, province, prefecture, county, each ruling by its document and date.

A later rule of the same region overrides an earlier one, a narrower region a wider one; what a rule does not set is
inherited. The county's dated switches (:mod:`staff.parameters`: tekun_mode, stop_rule, …) count as rules of their
region; a rule of the scheme itself goes before a switch of the same region.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from django.db.models import F, Value

from staff.divisions import contains, level_of
from staff.models import Parameter
from staff.models.region import county_of
from staff.parameters import DEFAULTS
from subsidies.enums import SchemeCode
from subsidies.models import Scheme, SchemeRule
from subsidies.terms.reading import TermsError, make_terms, read_changes
from subsidies.terms.types import EvidenceItem, Formula, Grade, Publicity, SetBy, Share, Terms

FOLDER = Path(__file__).parents[1] / "schemes"
# Terms that were parameters of the county before schemes had rules, and still are for every scheme at once.
SWITCHES = (
    *("tekun_mode", "conflict_mode", "last_month_rule", "stop_rule"),
    *("verify_working_days", "confirm_working_days"),
)


@dataclass(frozen=True)
class Ruling:
    """What one document rules. ``region_id`` None: national; ``valid_from`` None: always; values already read."""

    document: str
    values: dict[str, Any]
    region_id: int | None = None
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None
    rule_id: int | None = None
    is_switch: bool = False

    def in_force(self, on: dt.date) -> bool:
        """Whether it holds on a day."""
        return (self.valid_from is None or self.valid_from <= on) and (
            self.valid_to is None or on <= self.valid_to
        )

    @property
    def _order(self) -> tuple[int, bool, int]:
        depth = -1 if self.region_id is None else level_of(self.region_id).depth
        return depth, not self.is_switch, self.valid_from.toordinal() if self.valid_from else 0


def resolve(rulings: Iterable[Ruling], on: dt.date, region_id: int | None = None) -> Terms:
    """The terms in force on a day, for a region (None: whatever region a ruling names). TermsError if incomplete."""
    values: dict[str, Any] = {}
    sources: dict[str, SetBy] = {}
    for ruling in sorted(rulings, key=lambda ruling: ruling._order):
        elsewhere = (
            region_id is not None
            and ruling.region_id is not None
            and not contains(ruling.region_id, region_id)
        )
        if elsewhere or not ruling.in_force(on):
            continue
        values |= ruling.values
        source = SetBy(ruling.document, ruling.region_id, ruling.valid_from, ruling.rule_id)
        sources |= dict.fromkeys(ruling.values, source)
    return make_terms(values, sources)


@cache
def national(code: str) -> tuple[Ruling, ...]:
    """The packaged rules of a scheme: defaults of the switches, what all schemes share, then its own."""
    switches = tuple(
        Ruling(DEFAULTS[key][1], read_changes({key: DEFAULTS[key][0]}), is_switch=True) for key in SWITCHES
    )
    return (*switches, *_packaged("common"), *_packaged(SchemeCode(code).value))


def _packaged(name: str) -> tuple[Ruling, ...]:
    data = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return tuple(
        Ruling(
            str(row["document"]),
            read_changes(row["terms"]),
            valid_from=dt.date.fromisoformat(row["valid_from"]) if row.get("valid_from") else None,
        )
        for row in data["rules"]
    )


def ancestors(region_id: int) -> list[int]:
    """Codes of the county, prefecture and province of a region: whose standards and rules apply."""
    county = county_of(region_id)
    return [county, county // 100_000_000 * 100_000_000, county // 10_000_000_000 * 10_000_000_000]


class Stored(NamedTuple):
    """A row of what a region rules: a dated parameter, or a rule of a scheme (``code``), whose key is ``rule_id``."""

    rule_id: int | None
    code: str
    region_id: int
    valid_from: dt.date
    valid_to: dt.date | None
    document: str
    value: Any


@dataclass
class Rulebook:
    """The rules of every scheme for one county, all dates. One query; every answer afterwards is computed."""

    county_id: int
    stored: dict[str, list[Ruling]] = field(default_factory=dict)
    switches: list[Ruling] = field(default_factory=list)
    parameters: list[Stored] = field(default_factory=list)
    _terms: dict[tuple[str, dt.date], Terms] = field(default_factory=dict)

    @classmethod
    def load(cls, region_id: int) -> Rulebook:
        """The rules that can apply in the county of a region of any level."""
        where = ancestors(region_id)
        book = cls(where[0])
        for row in _stored(where):
            if row.rule_id is None:
                book.parameters.append(row)
            else:
                book.stored.setdefault(row.code, []).append(_rule(row))
        book.switches = [_switch(row) for row in book.parameters if row.code in SWITCHES]
        return book

    def parameter(self, key: str, on: dt.date) -> Any:
        """The county's parameter in force on a day, as :func:`staff.parameters.value` finds it."""
        found = [
            row
            for row in self.parameters
            if row.code == key and row.valid_from <= on and (row.valid_to is None or on <= row.valid_to)
        ]
        narrowest = max(found, key=lambda row: (row.region_id, row.valid_from), default=None)
        return narrowest.value if narrowest else DEFAULTS[key][0]

    def rulings(self, code: str) -> Sequence[Ruling]:
        """Everything that bears on a scheme, in the order in which it counts, the narrowest last."""
        found = (*national(code), *self.switches, *self.stored.get(code, ()))
        return sorted(found, key=lambda ruling: ruling._order)

    def terms(self, code: str, on: dt.date) -> Terms:
        """The terms of a scheme in force on a day. TermsError when rules in force contradict each other."""
        key = (code, on)
        if key not in self._terms:
            self._terms[key] = resolve(self.rulings(code), on)
        return self._terms[key]


def _stored(where: Sequence[int]) -> list[Stored]:
    """The dated parameters and the rules of schemes of some regions, each in the order written."""
    common = ("region_id", "valid_from", "valid_to")
    rules = SchemeRule.objects.filter(region_id__in=where).order_by().annotate(rule=F("pk"))
    parameters = Parameter.objects.filter(region_id__in=where).order_by()
    rows = rules.values_list("pk", "rule", "scheme__code", *common, "document", "changes").union(
        parameters.annotate(rule=Value(None, output_field=SchemeRule._meta.pk)).values_list(
            "pk", "rule", "key", *common, "source", "value"
        ),
        all=True,
    )
    return [Stored(*row[1:]) for row in sorted(rows, key=lambda row: row[0])]


def _rule(row: Stored) -> Ruling:
    """A stored rule, read. TermsError when what it sets is no term (it was checked when it was written)."""
    changes = read_changes(row.value)
    return Ruling(row.document, changes, row.region_id, row.valid_from, row.valid_to, row.rule_id)


def _switch(row: Stored) -> Ruling:
    return Ruling(
        row.document,
        read_changes({row.code: row.value}),
        row.region_id,
        row.valid_from,
        row.valid_to,
        is_switch=True,
    )


def terms_of(scheme: Scheme | str, region_id: int, on: dt.date) -> Terms:
    """The terms of a scheme for the county of a region on a day. One query. TermsError as :meth:`Rulebook.terms`."""
    code = scheme if isinstance(scheme, str) else scheme.code
    return Rulebook.load(region_id).terms(code, on)


@lru_cache(maxsize=64)
def national_terms(code: str, on: dt.date) -> Terms:
    """The packaged national terms of a scheme on a day."""
    return resolve(national(code), on)


__all__ = [
    "EvidenceItem",
    "Formula",
    "Grade",
    "Publicity",
    "Rulebook",
    "Ruling",
    "SetBy",
    "Share",
    "Terms",
    "TermsError",
    "ancestors",
    "national_terms",
    "resolve",
    "terms_of",
]
