"""Terms of a scheme (补贴项目规则): what a rule can set, as frozen values. Reading: :mod:`subsidies.terms.reading`;
which rule holds where and when: :mod:`subsidies.terms.in_force`. The keys are described in ``docs/rules-as-data.md``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from django.utils.translation import get_language

from cases.circumstances.enums import HelpForm
from cases.enums import Placement, PrimaryCategory, SchoolStage
from subsidies.aid.enums import Cadence, PayeeKind
from subsidies.enums import (
    ConflictMode,
    EndReason,
    LastMonthRule,
    OffsetKind,
    SchemeCode,
    StopRule,
    TekunMode,
)
from subsidies.ledger.enums import Source
from subsidies.terms.enums import (
    EvidenceWhen,
    PublicityKind,
    PublicityPlace,
    Recheck,
    Rounding,
    ShareKind,
    Starts,
)

HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True)
class Words:
    """A name in both languages; printed in the active one."""

    zh: str
    en: str

    def __str__(self) -> str:
        return self.en if (get_language() or "").startswith("en") else self.zh


@dataclass(frozen=True, slots=True)
class Share:
    """One source's part of an amount: ``value`` yuan (fixed), percent of what fixed sums leave, or the rest (None)."""

    source: Source
    kind: ShareKind
    value: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Grade:
    """档次: a group of children or students with a standard of its own."""

    code: str
    name: Words


@dataclass(frozen=True, slots=True)
class Base:
    """The standard that a formula starts from, as of another scheme, category, placement or grade."""

    scheme: SchemeCode
    category: PrimaryCategory
    placement: Placement
    grade: str = ""


@dataclass(frozen=True, slots=True)
class Formula:
    """A standard reckoned from others: ``percent`` of (``of`` − ``minus``), never below nothing.

    It holds for children of ``category``, ``placement``, ``grade`` (None, None, "": of any). ``at_least``: a row in
    the table of rates that is higher counts (江苏: "not below 80 %"); otherwise the formula replaces the table.
    """

    of: Base
    percent: Decimal = HUNDRED
    minus: Base | None = None
    category: PrimaryCategory | None = None
    placement: Placement | None = None
    grade: str = ""
    at_least: bool = False
    rounding: Rounding = Rounding.FEN_UP

    def fits(self, category: str, placement: str, grade: str) -> bool:
        """Whether it is for such a child."""
        return (
            self.category in (None, category)
            and self.placement in (None, placement)
            and self.grade in ("", grade)
        )


@dataclass(frozen=True, slots=True)
class EvidenceItem:
    """One document of the scheme's list (申请材料)."""

    code: str
    name: Words
    required: bool
    when: tuple[EvidenceWhen, ...] = (EvidenceWhen.ALWAYS,)


@dataclass(frozen=True, slots=True)
class Publicity:
    """公示: whether a decision is posted, how long and where."""

    kind: PublicityKind = PublicityKind.NONE
    days: int = 0
    where: PublicityPlace = PublicityPlace.VILLAGE


@dataclass(frozen=True, slots=True)
class SetBy:
    """Where a term comes from. ``region_id`` None: national. ``rule_id``: the county's (or province's) rule."""

    document: str
    region_id: int | None = None
    valid_from: dt.date | None = None
    rule_id: int | None = None


@dataclass(frozen=True)
class Terms:
    """What holds for one scheme in one county on one day."""

    categories: tuple[PrimaryCategory, ...]
    placements: tuple[Placement, ...]
    age_least: int
    age_most: int
    payee: PayeeKind
    institution_payee: PayeeKind
    cadence: Cadence
    unit: HelpForm
    funding: tuple[Share, ...]
    offsets: tuple[OffsetKind, ...]
    excludes: tuple[SchemeCode, ...]
    higher_of: bool
    tekun_mode: TekunMode
    conflict_mode: ConflictMode
    starts: Starts
    last_month_rule: LastMonthRule
    stop_rule: StopRule
    stop_by_reason: Mapping[EndReason, StopRule]
    grace_months: int
    grace_reasons: tuple[EndReason, ...]
    extension_stages: tuple[SchoolStage, ...]
    publicity: Publicity
    evidence: tuple[EvidenceItem, ...]
    verify_working_days: int
    confirm_working_days: int
    recheck: Recheck
    school_proof: bool
    amount_least: Decimal | None
    amount_most: Decimal | None
    visit_days: int
    grades: tuple[Grade, ...]
    formulas: tuple[Formula, ...]
    follows: SchemeCode | None
    sources: Mapping[str, SetBy] = field(default_factory=dict, compare=False)

    def payee_of(self, placement: str) -> PayeeKind:
        """Who is paid for a child of this placement: an institution has the money of who lives there."""
        return self.institution_payee if placement == Placement.INSTITUTION else self.payee

    def stop_of(self, reason: str) -> StopRule:
        """From which month an end of this reason (EndReason) stops the money."""
        return self.stop_by_reason.get(EndReason(reason), self.stop_rule) if reason else self.stop_rule

    def grace_of(self, reason: str) -> int:
        """Months paid on top after an end of this reason (渐退期)."""
        return self.grace_months if reason in self.grace_reasons else 0

    def grade_name(self, code: str) -> str:
        """The name of a grade; the code itself when no rule in force names it."""
        return next((str(grade.name) for grade in self.grades if grade.code == code), code)

    def evidence_for(self, *cases: str) -> tuple[EvidenceItem, ...]:
        """The documents asked for in these cases (codes of EvidenceWhen, besides ``always``)."""
        asked = {EvidenceWhen.ALWAYS.value, *cases}
        return tuple(item for item in self.evidence if asked & set(item.when))
