"""Which pairs of the matcher decide about money: another person must look at them (四眼).

Registered with :mod:`cases.matching`, which knows nothing of money.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from django.db.models import Q

from cases.matching.kinds import KINDS
from cases.matching.review.second import money_follows
from cases.models import Discrepancy, MatchCandidate
from subsidies.models import Entitlement, Offset

Kind = Discrepancy.Kind
# Discrepancies after which somebody is paid otherwise: an offset, the end of a right, another payee or guardian.
ABOUT_MONEY: Final = frozenset(
    {
        Kind.PAID_IN_FULL, Kind.AMOUNT, Kind.MOVED, Kind.CHILD_DEAD, Kind.PARENT_DEAD, Kind.GUARDIAN_DEAD,
        Kind.CUSTODY, Kind.RELEASED,
    }
)  # fmt: skip


@money_follows
def paid_children(pairs: Sequence[MatchCandidate]) -> set[int]:
    """Pairs of a child with a right or an offset in the run's month, on a list from which such a discrepancy follows.

    One query, however many pairs.
    """
    kinds = {
        code for code, kind in KINDS.items() if kind.offset or any(r.kind in ABOUT_MONEY for r in kind.rules)
    }
    asked = [pair for pair in pairs if pair.list_row.kind in kinds]
    if not asked:
        return set()
    month, children = asked[0].run.period, {pair.child_id for pair in asked}
    going_on = Q(child__in=children) & (Q(end_month__isnull=True) | Q(end_month__gte=month))
    rights = Entitlement.objects.filter(going_on).order_by().values_list("child_id", flat=True)
    offsets = Offset.objects.filter(going_on).order_by().values_list("child_id", flat=True)
    paid = set(rights.union(offsets))
    return {pair.pk for pair in asked if pair.child_id in paid}
