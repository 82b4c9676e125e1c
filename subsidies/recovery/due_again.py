"""What was asked back, was paid back or waived in part, and turns out to be due after all.

The family never gave back what is still open or was waived, so of what is due now that much is in its hands already: it
is used up first, what is open before what was waived, and only the rest is paid. (What nobody has paid back or waived
yet is dropped whole, see :mod:`subsidies.recovery.corrections`.) Each use is kept with its batch and by source of
funds, and undone when that batch is returned.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from django.db import connection

from subsidies.ledger.enums import RecoveryPartKind, RecoveryState
from subsidies.models import PaymentBatch, Recovery, RecoveryPart
from subsidies.preparing.tables import SOURCES, Work
from subsidies.recovery.instalments import ZERO, Use, funding_of, shares_of, split, total_of, uses_of

FIELDS = ["due_after_all", "recovered", "funding", "uses", "state"]

# The newest first: what was found last is what is undone.
_TOUCHED = f"""
SELECT r.id, x.child_id, x.month, x.due - x.delivered FROM prep_correction x
JOIN subsidies_entitlement e ON e.child_id = x.child_id AND e.scheme_id = %(scheme_id)s
    AND e.region_code BETWEEN %(low)s AND %(high)s
JOIN subsidies_recovery r ON r.entitlement_id = e.id AND r.month = x.month
WHERE x.due > x.delivered AND r.recovered > 0 AND r.due_after_all < r.amount
    AND r.state IN ('{RecoveryState.OPEN}', '{RecoveryState.SETTLED}')
ORDER BY x.child_id, x.month, r.id DESC"""  # noqa: S608

_DELIVERED = f"""
UPDATE prep_correction SET delivered = delivered + %s, {", ".join(f"had_{one} = had_{one} + %s" for one in SOURCES)}
WHERE child_id = %s AND month = %s"""  # noqa: S608


def use_up(work: Work) -> int:
    """Use up what is still open, and then what was waived, of months in ``prep_correction`` that are due more than was
    delivered; what is used counts as delivered. Returns how many months.
    """
    with connection.cursor() as cursor:
        cursor.execute(_TOUCHED, work.values)
        rows = cursor.fetchall()
        if not rows:
            return 0
        # Locked: an instalment that is being recorded waits, or is counted here.
        keys = [key for key, *_rest in rows]
        found = {row.pk: row for row in Recovery.objects.select_for_update(of=("self",)).filter(pk__in=keys)}
        parts = _parts(found)
        months: dict[tuple[int, dt.date], list[Recovery]] = defaultdict(list)
        missing: dict[tuple[int, dt.date], Decimal] = {}
        for key, child, month, yuan in rows:
            months[child, month].append(found[key])
            missing[child, month] = yuan
        changed: list[Recovery] = []
        used: list[list[Any]] = []
        for of, recoveries in months.items():
            shares = _use(recoveries, parts, missing[of], work.batch_id)
            if total := sum(shares.values(), ZERO):
                changed += recoveries
                used.append([total, *(shares.get(source, ZERO) for source in SOURCES), *of])
        if used:
            cursor.executemany(_DELIVERED, used)
        Recovery.objects.bulk_update(changed, FIELDS, batch_size=500)
    return len(used)


def _parts(found: Iterable[int]) -> dict[int, list[RecoveryPart]]:
    parts: dict[int, list[RecoveryPart]] = defaultdict(list)
    for part in RecoveryPart.objects.filter(recovery__in=list(found)).order_by("pk"):
        parts[part.recovery_id].append(part)
    return parts


def _use(
    recoveries: list[Recovery], parts: dict[int, list[RecoveryPart]], missing: Decimal, batch_id: int
) -> dict[str, Decimal]:
    """Use up to ``missing`` yuan of one month's recoveries; returns what was used, by source."""
    opened: dict[int, dict[str, Decimal]] = {}
    waived: dict[int, dict[str, Decimal]] = {}
    for row in recoveries:
        yuan = min(missing, row.amount - row.recovered)
        opened[row.pk] = split(yuan, _not_back(row, parts[row.pk]))
        missing -= yuan
    for row in recoveries:
        let_go = _let_go(row, parts[row.pk])
        yuan = min(missing, sum(let_go.values(), ZERO))
        waived[row.pk] = split(yuan, let_go)
        missing -= yuan
    for row in recoveries:
        last = max((part.pk for part in parts[row.pk]), default=0)
        _apply(row, Use(batch_id, opened[row.pk], waived[row.pk], last))
    return total_of([*opened.values(), *waived.values()])


def _less(whole: Mapping[str, Decimal], gone: Mapping[str, Decimal]) -> dict[str, Decimal]:
    return total_of([whole, {source: -yuan for source, yuan in gone.items()}])


def _stored(shares: Mapping[str, Decimal]) -> dict[str, str]:
    return {source: str(yuan) for source, yuan in shares.items() if yuan}


def _not_back(row: Recovery, parts: list[RecoveryPart]) -> dict[str, Decimal]:
    """Yuan by source that are still open."""
    waived = [use.waived for use in uses_of(row) if use.until is None]
    return _less(total_of([funding_of(row), *waived]), total_of(shares_of(row, parts)))


def _let_go(row: Recovery, parts: list[RecoveryPart]) -> dict[str, Decimal]:
    """Yuan by source that were waived, without what was used of them before."""
    shares = zip(parts, shares_of(row, parts), strict=True)
    waived = total_of(share for part, share in shares if part.kind == RecoveryPartKind.WAIVED)
    return _less(waived, total_of(use.waived for use in uses_of(row) if use.until is None))


def _apply(row: Recovery, use: Use) -> None:
    opened, waived = sum(use.open.values(), ZERO), sum(use.waived.values(), ZERO)
    if not opened + waived:
        return
    row.funding = _stored(_less(funding_of(row), total_of([use.open, use.waived])))
    row.due_after_all += opened + waived
    row.recovered += opened
    row.uses = [*row.uses, use.as_stored()]
    row.state = _state(row)


def _state(row: Recovery) -> RecoveryState:
    if row.due_after_all == row.amount:
        return RecoveryState.DROPPED
    return RecoveryState.SETTLED if row.recovered == row.amount else RecoveryState.OPEN


def undo(batch: PaymentBatch) -> int:
    """The batch is returned: what it used up is open, or waived, again. Returns how many recoveries."""
    found = list(
        Recovery.objects.select_for_update(of=("self",)).filter(
            scheme_id=batch.scheme_id, uses__contains=[{"batch": batch.pk, "until": None}]
        )
    )
    parts = _parts([row.pk for row in found])
    for row in found:
        (use,) = [use for use in uses_of(row) if use.batch == batch.pk and use.until is None]
        others = [stored for stored in row.uses if Use.stored(stored) != use]
        last = max((part.pk for part in parts[row.pk]), default=0)
        # Parts that came since were split without what was used: it stays on record for them.
        row.uses = others if last <= use.after else [*others, replace(use, until=last).as_stored()]
        row.funding = _stored(total_of([funding_of(row), use.open, use.waived]))
        row.due_after_all -= sum(use.open.values(), ZERO) + sum(use.waived.values(), ZERO)
        row.recovered -= sum(use.open.values(), ZERO)
        row.state = _state(row)
    Recovery.objects.bulk_update(found, FIELDS, batch_size=500)
    return len(found)
