"""The ledger: money moves from one account to another, within one source of funds and one budget year, to the fen.

An entry is written in the transaction of what it records, and never changed; the database refuses one whose postings
do not add up to nothing (``entry_balanced``), and a released batch that is not posted in full (``batch_posted``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet, Sum
from django.utils import timezone

from staff.workflow import Actor
from subsidies.enums import PaymentState
from subsidies.ledger.enums import Account, EntryKind, Source
from subsidies.models import JournalEntry, Payment, PaymentBatch, Posting

ZERO = Decimal("0.00")
# Kind of entry → the account that gives and the one that gains.
FLOWS: dict[EntryKind, tuple[Account, Account]] = {
    EntryKind.APPROPRIATION: (Account.APPROPRIATED, Account.AVAILABLE),
    EntryKind.COMMITMENT: (Account.AVAILABLE, Account.COMMITTED),
    EntryKind.CANCELLATION: (Account.COMMITTED, Account.AVAILABLE),
    EntryKind.RELEASE: (Account.COMMITTED, Account.IN_TRANSIT),
    EntryKind.PAYMENT: (Account.IN_TRANSIT, Account.PAID),
    EntryKind.RETURN: (Account.IN_TRANSIT, Account.AVAILABLE),
    EntryKind.LATE_RETURN: (Account.PAID, Account.AVAILABLE),
    EntryKind.LATE_PAYMENT: (Account.AVAILABLE, Account.PAID),
    EntryKind.RECOVERY: (Account.RECOVERED, Account.AVAILABLE),
    # A correction turns the flow of the entry that it corrects round, see ``turn_back``.
}
# Aggregates of payments: yuan by source of funds.
SUMS = {str(source): Sum(f"from_{source}") for source in Source.values}


def post(
    kind: EntryKind,
    amounts: Mapping[str, Decimal],
    *,
    region_id: int,
    year: int,
    at: dt.datetime,
    actor: Actor | None = None,
    **about: Any,
) -> JournalEntry | None:
    """Write one entry: ``amounts`` is yuan by source; sources of nothing are left out. None when there is nothing.

    ``about``: scheme, batch, result, recovery_part, document, text, day (of the document; the day of ``at`` without it).
    Runs in the caller's transaction.
    """
    giving, gaining = FLOWS[kind]
    lines = [
        (account, source, year, sign * yuan)
        for source, yuan in amounts.items()
        if yuan
        for account, sign in ((giving, -1), (gaining, 1))
    ]
    return _write(kind, lines, region_id=region_id, at=at, actor=actor, **about) if lines else None


def turn_back(
    entry: JournalEntry, *, at: dt.datetime, actor: Actor, document: str, text: str
) -> JournalEntry:
    """The entry that corrects another one: the same postings with the opposite sign. The database allows one."""
    lines = [
        (posting.account, posting.source, posting.year, -posting.amount) for posting in entry.postings.all()
    ]
    return _write(
        EntryKind.ADJUSTMENT,
        lines,
        region_id=entry.region_id,
        at=at,
        actor=actor,
        scheme_id=entry.scheme_id,
        corrects=entry,
        document=document,
        text=text,
    )


def _write(
    kind: EntryKind,
    lines: Sequence[tuple[str, str, int, Decimal]],
    *,
    region_id: int,
    at: dt.datetime,
    actor: Actor | None,
    **about: Any,
) -> JournalEntry:
    about.setdefault("day", timezone.localdate(at))
    entry = JournalEntry.objects.create(
        region_id=region_id, kind=kind, at=at, user_id=(actor.user_id or None) if actor else None, **about
    )
    # One statement: the database weighs it as a whole (``entry_balanced``).
    Posting.objects.bulk_create(
        Posting(entry=entry, region_id=region_id, account=account, source=source, year=year, amount=amount)
        for account, source, year, amount in lines
    )
    return entry


def by_source(payments: QuerySet[Payment]) -> dict[str, Decimal]:
    """Yuan of payments by source of funds."""
    sums = payments.aggregate(**SUMS)
    return {source: sums[source] or ZERO for source in SUMS}


def post_batch(
    kind: EntryKind, batch: PaymentBatch, *, at: dt.datetime, actor: Actor | None = None, **about: Any
) -> JournalEntry | None:
    """Post what goes to the bank from a batch: lines neither held back nor of nothing."""
    lines = Payment.objects.filter(batch=batch, state__in=(PaymentState.PREPARED, PaymentState.SENT))
    return post(
        kind,
        by_source(lines),
        region_id=batch.region_id,
        year=batch.month.year,
        at=at,
        actor=actor,
        scheme_id=batch.scheme_id,
        batch=batch,
        **about,
    )
