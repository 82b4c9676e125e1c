"""What a child is paid for one month, and why. Pure; Decimal yuan with two places, never a float.

``pay = max(0, standard − Σ offsets)``: who already receives 低保金, 特困供养金 or 困难残疾人生活补贴 below
the standard is paid the difference (补差), anybody else in full. Each amount carries its own explanation as
lines of stable codes, so that a payment can be explained years later from what was stored with it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_DOWN, Decimal
from typing import Any, NotRequired, TypedDict

from cases.enums import Placement, PrimaryCategory
from staff.divisions import contains, level_of
from subsidies.enums import AmountLine, Clause, ConflictMode, OffsetKind, TekunMode
from subsidies.reckoning.months import month_of

CENT = Decimal("0.01")
ZERO = Decimal("0.00")


class NoRateError(LookupError):
    """No standard is in force for this region, category, placement and month."""


class AmbiguousRateError(ValueError):
    """Two standards apply equally well: the table of rates must be corrected, nothing is chosen by chance."""


@dataclass(frozen=True, slots=True)
class Rate:
    """One dated standard (标准): yuan a period.

    ``category`` and ``placement`` None and ``grade`` "" mean "any". ``valid_to`` is the last day in force, None while it
    is open. ``source`` identifies the row in an explanation (a key, or the notice that set it).
    """

    region_id: int
    valid_from: dt.date
    amount: Decimal
    category: PrimaryCategory | None = None
    placement: Placement | None = None
    valid_to: dt.date | None = None
    source: str = ""
    grade: str = ""


@dataclass(frozen=True, slots=True)
class Offset:
    """What the child already receives in the month: the child's own share, not the household's total."""

    kind: OffsetKind
    amount: Decimal
    source: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One step of an amount; ``amount`` is signed, so that the steps add up to the total.

    ``params`` are the codes and figures that its wording needs; lines of INFORMING codes are no part of the sum.
    """

    code: AmountLine
    amount: Decimal
    clause: Clause
    source: str = ""
    params: tuple[tuple[str, str], ...] = ()


# Lines that say how the standard came about, or what is not deducted.
INFORMING = frozenset(
    {
        AmountLine.FORMULA,
        AmountLine.TABLE,
        AmountLine.OTHER_CATEGORY,
        AmountLine.NOT_OFFSET,
        AmountLine.BESIDE,
    }
)


@dataclass(frozen=True, slots=True)
class Amount:
    """What is payable, how it came about, the rule that decided, and benefits that must be cancelled."""

    total: Decimal
    lines: tuple[Line, ...]
    clause: Clause
    conflicts: tuple[OffsetKind, ...] = ()


class ExplainedLine(TypedDict):
    """A line as it is stored with a payment: codes and a decimal string, nothing translated."""

    label: str
    amount: str
    clause: str
    source: str
    params: NotRequired[dict[str, str]]


def money(value: Decimal) -> Decimal:
    """``value`` with exactly two places. TypeError if not a Decimal, ValueError if not a whole cent ≥ 0."""
    if not isinstance(value, Decimal):
        raise TypeError(f"money is a Decimal, not {type(value).__name__}")
    if not value.is_finite() or value < 0:
        raise ValueError(f"money must be a finite amount of at least 0: {value}")
    exact = value.quantize(CENT)
    if exact != value:
        raise ValueError(f"money has no parts of a cent: {value}")
    return exact


def household_share(household_total: Decimal, members: int) -> Decimal:
    """One member's share of a household benefit, cut down to the cent so that the child does not lose.

    低保 is paid per household; only the child's share is offset (深圳: by the per-head level of relief).
    """
    if members < 1:
        raise ValueError(f"a household has at least one member, not {members}")
    return (money(household_total) / members).quantize(CENT, rounding=ROUND_DOWN)


def rate_on(
    rates: Iterable[Rate],
    month: dt.date,
    region_id: int,
    category: PrimaryCategory,
    placement: Placement,
    grade: str = "",
) -> Rate:
    """The standard for a child of ``category``, ``placement`` and ``grade`` in a region and month.

    In force is what is in force on the first day of the month. The narrowest region wins (county before
    prefecture before province), then the row that fits the category best, then the one that names the
    grade, then the placement, then the latest. A 事实无人抚养 child without a row of its own has the orphan's standard for
    its placement; the protected category has that of orphans living with kin. NoRateError,
    AmbiguousRateError.
    """
    first = month_of(month)
    fitting = [
        (_fit(rate, category, placement, grade), rate)
        for rate in rates
        if contains(rate.region_id, region_id)
        and rate.valid_from <= first
        and (rate.valid_to is None or first <= rate.valid_to)
    ]
    ranked = [(fit, rate) for fit, rate in fitting if fit is not None]
    if not ranked:
        raise NoRateError(f"no standard for {category}, {placement}, region {region_id}, {first:%Y-%m}")
    best = max(fit for fit, _rate in ranked)
    winners = [rate for fit, rate in ranked if fit == best]
    if len(winners) > 1:
        raise AmbiguousRateError(
            f"{len(winners)} standards for {category}, {placement}, region {region_id}, {first:%Y-%m}"
        )
    return winners[0]


def highest_rate(
    rates: Collection[Rate],
    month: dt.date,
    region_id: int,
    categories: Sequence[PrimaryCategory],
    placement: Placement,
) -> tuple[PrimaryCategory, Rate]:
    """The best of several categories that apply at once: the highest standard, one only (就高不就低, 深圳).

    Categories without a standard are passed over; NoRateError when none has one. Equal standards: the
    first category given.
    """
    found: list[tuple[PrimaryCategory, Rate]] = []
    for category in categories:
        try:
            found.append((category, rate_on(rates, month, region_id, category, placement)))
        except NoRateError:
            continue
    if not found:
        raise NoRateError(f"no standard for any of {list(categories)}, region {region_id}")
    return max(found, key=lambda pair: pair[1].amount)


def amount(
    standard: Decimal,
    offsets: Collection[Offset] = (),
    category: PrimaryCategory = PrimaryCategory.DE_FACTO_UNATTENDED,
    tekun_mode: TekunMode = TekunMode.OFFSET,
    conflict_mode: ConflictMode = ConflictMode.CANCEL_OTHER,
    *,
    source: str = "",
    clause: Clause = Clause.STANDARD,
    steps: Sequence[Line] = (),
    deducted: Collection[OffsetKind] | None = None,
) -> Amount:
    """What one child is paid for one month, in yuan.

    ``offsets`` holds at most one entry of each kind; two of a kind are a ValueError, because a list
    imported twice must not be deducted twice. ``tekun_mode`` EXCLUDE pays nothing beside 特困 (闽侯, 广东).
    An orphan may hold none of the three benefits: ``conflict_mode`` CANCEL_OTHER pays in full and names
    them in ``conflicts`` (重庆), OFFSET deducts them until they are cancelled. ``source`` identifies the
    standard's row; ``steps`` and ``clause`` say how the standard came about. Benefits that are not among
    ``deducted`` (None: all are) are held beside the allowance and change nothing (rules.md 2.3, 8).
    """
    kinds = [OffsetKind(offset.kind) for offset in offsets]
    if len(set(kinds)) < len(kinds):
        raise ValueError(f"two offsets of one kind: {sorted(kind.value for kind in kinds)}")
    full = money(standard)
    ordered = sorted(offsets, key=lambda offset: list(OffsetKind).index(OffsetKind(offset.kind)))
    lines = [*steps, Line(AmountLine.STANDARD, full, clause, source)]
    tekun = next((offset for offset in ordered if offset.kind == OffsetKind.TEKUN), None)
    if tekun is not None and tekun_mode == TekunMode.EXCLUDE and category != PrimaryCategory.ORPHAN:
        money(tekun.amount)
        lines.append(Line(AmountLine.EXCLUDED, ZERO - full, Clause.TEKUN_EXCLUDES, tekun.source))
        return _total(lines, Clause.TEKUN_EXCLUDES)
    if deducted is not None:
        beside = [offset for offset in ordered if offset.kind not in deducted]
        ordered = [offset for offset in ordered if offset.kind in deducted]
        lines += [_beside(offset) for offset in beside]
    if category == PrimaryCategory.ORPHAN:
        return _orphan_amount(full, lines, ordered, conflict_mode)
    deductions = [_deduction(offset, Clause.TOP_UP) for offset in ordered]
    return _topped_up(full, lines, deductions, Clause.TOP_UP if ordered else Clause.FULL)


def together(amounts: Mapping[dt.date, Amount]) -> Amount:
    """What several months make that are paid at once: the steps of each, named by its month, and their sum."""
    lines: list[Line] = []
    for month, one in sorted(amounts.items()):
        for line in one.lines[:-1]:
            named = replace(line, params=(*line.params, ("month", f"{month:%Y-%m}")))
            how = line.code in (AmountLine.FORMULA, AmountLine.TABLE, AmountLine.OTHER_CATEGORY)
            if not how or line not in lines:
                lines.append(line if how else named)
    clauses = [one.clause for one in amounts.values()]
    clause = next((clause for clause in clauses if clause != Clause.FULL), Clause.FULL)
    conflicts = dict.fromkeys(kind for one in amounts.values() for kind in one.conflicts)
    return _total(lines, clause, tuple(conflicts))


def explain(result: Amount) -> list[ExplainedLine]:
    """The lines of an amount as JSON values, total last. Codes stay codes; display translates them."""
    return [_explained(line) for line in result.lines]


def _explained(line: Line) -> ExplainedLine:
    found: ExplainedLine = {
        "label": line.code.value,
        "amount": str(line.amount),
        "clause": line.clause.value,
        "source": line.source,
    }
    if line.params:
        found["params"] = dict(line.params)
    return found


def adds_up(explanation: Sequence[Mapping[str, Any]]) -> bool:
    """True when a stored explanation's steps sum to its total, which must be its last line.

    Lines of INFORMING codes are not part of the sum.
    """
    if not explanation or explanation[-1]["label"] != AmountLine.TOTAL:
        return False
    steps = [line for line in explanation[:-1] if line["label"] not in INFORMING]
    return sum((Decimal(line["amount"]) for line in steps), ZERO) == Decimal(explanation[-1]["amount"])


@dataclass(frozen=True, slots=True)
class Correction:
    """One month to put right: positive is owed to the child (补发), negative was paid too much (追缴)."""

    month: dt.date
    amount: Decimal


def corrections(due: Mapping[dt.date, Decimal], paid: Mapping[dt.date, Decimal]) -> list[Correction]:
    """Months in which what was paid (all kinds together) differs from what was due, in order of month.

    Each arrears line names the month it repairs. Keys are first days of months; an absent month is 0.
    """
    months = sorted({*due, *paid})
    found = (Correction(m, money(due.get(m, ZERO)) - money(paid.get(m, ZERO))) for m in months)
    return [correction for correction in found if correction.amount != 0]


_OFFSET_LINES: dict[OffsetKind, AmountLine] = {
    OffsetKind.DIBAO: AmountLine.OFFSET_DIBAO,
    OffsetKind.TEKUN: AmountLine.OFFSET_TEKUN,
    OffsetKind.DISABILITY_LIVING: AmountLine.OFFSET_DISABILITY,
}


def _fit(
    rate: Rate, category: PrimaryCategory, placement: Placement, grade: str
) -> tuple[int, int, int, int, int] | None:
    """How well a rate fits, comparable between rates; None when it does not apply."""
    if rate.category == category:
        closeness = 2
    elif rate.category is None:
        closeness = 0
    elif rate.category == PrimaryCategory.ORPHAN and category in (
        PrimaryCategory.DE_FACTO_UNATTENDED,
        PrimaryCategory.PROTECTED,
    ):
        closeness = 1
        if category == PrimaryCategory.PROTECTED:
            placement = Placement.SCATTERED  # 江苏 2018, 隆阳: always the standard of 散居孤儿
    else:
        return None
    if rate.placement not in (None, placement) or rate.grade not in ("", grade):
        return None
    named = int(rate.placement is not None)
    return (
        level_of(rate.region_id).depth,
        closeness,
        int(bool(rate.grade)),
        named,
        rate.valid_from.toordinal(),
    )


def _orphan_amount(full: Decimal, lines: list[Line], offsets: Sequence[Offset], mode: ConflictMode) -> Amount:
    conflicts = tuple(OffsetKind(offset.kind) for offset in offsets)
    if mode == ConflictMode.OFFSET:
        deductions = [_deduction(offset, Clause.ORPHAN_OFFSET) for offset in offsets]
        return _topped_up(
            full, lines, deductions, Clause.ORPHAN_OFFSET if offsets else Clause.FULL, conflicts
        )
    kept = []
    for offset in offsets:
        disability = offset.kind == OffsetKind.DISABILITY_LIVING
        clause = Clause.DISABILITY_NO_DOUBLE if disability else Clause.ORPHAN_NO_DOUBLE
        kept.append(Line(AmountLine.NOT_OFFSET, money(offset.amount), clause, offset.source))
    return _total([*lines, *kept], kept[0].clause if kept else Clause.FULL, conflicts)


def _deduction(offset: Offset, clause: Clause) -> Line:
    # Subtracted from zero: negating 0.00 would store "-0.00".
    deducted = ZERO - money(offset.amount)
    return Line(_OFFSET_LINES[OffsetKind(offset.kind)], deducted, clause, offset.source)


def _beside(offset: Offset) -> Line:
    kind = OffsetKind(offset.kind).value
    return Line(
        AmountLine.BESIDE, money(offset.amount), Clause.NOT_DEDUCTED, offset.source, (("kind", kind),)
    )


def _topped_up(
    full: Decimal,
    lines: list[Line],
    deductions: list[Line],
    clause: Clause,
    conflicts: tuple[OffsetKind, ...] = (),
) -> Amount:
    """Close a deduction: what the benefits exceed the standard by is given back, so that the total is 0."""
    deducted = ZERO - sum((line.amount for line in deductions), ZERO)
    lines = [*lines, *deductions]
    if deducted > full:
        lines.append(Line(AmountLine.FLOOR, deducted - full, Clause.TOP_UP_NONE))
    if deducted >= full and deducted:
        clause = Clause.TOP_UP_NONE
    return _total(lines, clause, conflicts)


def _total(lines: list[Line], clause: Clause, conflicts: tuple[OffsetKind, ...] = ()) -> Amount:
    total = sum((line.amount for line in lines if line.code not in INFORMING), ZERO)
    return Amount(total, (*lines, Line(AmountLine.TOTAL, total, clause)), clause, conflicts)
