"""Who funds an amount: exact to the fen, never negative, together the amount. Pure; Decimal yuan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import ROUND_DOWN, Decimal

from subsidies.ledger.enums import Source
from subsidies.terms.enums import ShareKind
from subsidies.terms.types import Share

CENT = Decimal("0.01")
ZERO = Decimal("0.00")


def split(amount: Decimal, shares: Sequence[Share]) -> dict[str, Decimal]:
    """Yuan of ``amount`` (≥ 0) from each of the five sources.

    Fixed sums come first, in their order, as far as the amount goes; percentages are of what they leave, cut down to
    the fen; the one that takes the rest has what remains. No shares: the county pays. ValueError for a negative amount.
    """
    if amount < 0:
        raise ValueError(f"no funds pay a negative amount: {amount}")
    found = {source.value: ZERO for source in Source}
    left = amount
    for share in shares:
        if share.kind is ShareKind.FIXED:
            part = min(share.value or ZERO, left)
            found[share.source.value] += part
            left -= part
    base = left
    for share in shares:
        if share.kind is ShareKind.PERCENT:
            part = (base * (share.value or ZERO) / 100).quantize(CENT, rounding=ROUND_DOWN)
            found[share.source.value] += part
            left -= part
    rest = next((share.source for share in shares if share.kind is ShareKind.REST), Source.COUNTY)
    found[rest.value] += left
    return found


def part(amount: Decimal, place: int, count: int) -> Decimal:
    """Of a sum for ``count`` months what the month at ``place`` (from 0) has: equal to the fen below, together the sum."""
    ends = [(amount * end / count).quantize(CENT, rounding=ROUND_DOWN) for end in (place, place + 1)]
    return ends[1] - ends[0]


def shares_of_month(shares: Sequence[Share], place: int, count: int) -> tuple[Share, ...]:
    """Shares of a period as they are for one of its months: of a fixed sum a part."""
    return tuple(
        replace(share, value=part(share.value or ZERO, place, count))
        if share.kind is ShareKind.FIXED
        else share
        for share in shares
    )


def still_owed(due: Mapping[str, Decimal], delivered: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """Who funds what is still owed (补发): ``due`` less ``delivered``, both by source, the due the larger in sum.

    A source that has given more than its share is not asked to take it back here: the others give less, in their order.
    ValueError when nothing is owed.
    """
    left = sum(due.values(), ZERO) - sum(delivered.values(), ZERO)
    if left < 0:
        raise ValueError("more was delivered than is due")
    found = {source.value: ZERO for source in Source}
    for source in Source:
        gap = due.get(source.value, ZERO) - delivered.get(source.value, ZERO)
        part = min(max(gap, ZERO), left)
        found[source.value] = part
        left -= part
    return found
