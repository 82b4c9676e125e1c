"""Whether the ledger tells the same as the batches, the payments and the instalments, to the fen.

The database refuses what would break one entry; this compares the whole, for the auditor and the night.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Q, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from staff.models import Region
from staff.templatetags.look import money
from subsidies.enums import BatchState, PaymentState
from subsidies.ledger import entries as ledger
from subsidies.ledger.enums import Account, EntryKind, RecoveryPartKind, Source
from subsidies.models import JournalEntry, Payment, PaymentBatch, Posting, RecoveryPart

ZERO = ledger.ZERO
Amounts = dict[str, Decimal]
# Accounts that hold money on its way: never below nothing.
HOLDING = (Account.COMMITTED, Account.IN_TRANSIT, Account.PAID)


@dataclass(frozen=True)
class Problem:
    """What does not agree: a code for programs, a sentence for people."""

    code: str
    text: str


def check(region_id: int) -> list[Problem]:
    """Every disagreement in a county's ledger; [] when all is well. A fixed number of queries.

    balanced: each entry adds up to nothing by source and year, and has postings · flow: it moves money as its kind says ·
    holding: no account of money on its way is below nothing · batch: by source, a batch's balances are the sums of its
    lines (approved: committed; sent: at the bank; paid: paid out; nothing bound by a returned one) · recovery: what came
    back is posted.
    """
    region = Region.objects.get(pk=region_id)
    return [*_unbalanced(region), *_flows(region), *_holding(region), *_batches(region), *_recoveries(region)]


def _postings(region: Region) -> QuerySet[Posting]:
    return Posting.objects.filter(region__gte=region.lo, region__lte=region.hi).order_by()


def _unbalanced(region: Region) -> Iterable[Problem]:
    sums = _postings(region).values("entry_id", "source", "year").annotate(yuan=Sum("amount"))
    for row in sums.exclude(yuan=0):
        yield Problem(
            "balanced",
            _("Entry %(entry)d: %(source)s of %(year)d add up to %(amount)s yuan instead of nothing.")
            % {
                "entry": row["entry_id"],
                "source": Source(row["source"]).label,
                "year": row["year"],
                "amount": money(row["yuan"]),
            },
        )
    entries = JournalEntry.objects.filter(region__gte=region.lo, region__lte=region.hi)
    for pk in entries.filter(postings__isnull=True).order_by("pk").values_list("pk", flat=True):
        yield Problem("balanced", _("Entry %(entry)d has no postings.") % {"entry": pk})


def _flows(region: Region) -> Iterable[Problem]:
    """A line of a time before this ledger may stand for money that was committed earlier (release out of the contra)."""
    wrong = Q()
    for known, (giving, gaining) in ledger.FLOWS.items():
        right = Q(account=giving, amount__lt=0) | Q(account=gaining, amount__gt=0)
        if known == EntryKind.RELEASE:
            right |= Q(account=Account.APPROPRIATED, amount__lt=0)
        wrong |= Q(entry__kind=known) & ~right
    for pk, kind in (
        _postings(region).filter(wrong).order_by("entry_id").values_list("entry_id", "entry__kind").distinct()
    ):
        yield Problem(
            "flow",
            _("Entry %(entry)d does not move money as “%(kind)s” does.")
            % {"entry": pk, "kind": EntryKind(kind).label},
        )


def _holding(region: Region) -> Iterable[Problem]:
    sums = (
        _postings(region)
        .filter(account__in=HOLDING)
        .values("account", "source", "year")
        .annotate(yuan=Sum("amount"))
    )
    for row in sums.filter(yuan__lt=0).order_by("year", "source", "account"):
        yield Problem(
            "holding",
            _("%(account)s, %(source)s of %(year)d: %(amount)s yuan, which is less than nothing.")
            % {
                "account": Account(row["account"]).label,
                "source": Source(row["source"]).label,
                "year": row["year"],
                "amount": money(row["yuan"]),
            },
        )


def _batches(region: Region) -> Iterable[Problem]:
    batches = PaymentBatch.objects.filter(region__gte=region.lo, region__lte=region.hi)
    batches = batches.exclude(state=BatchState.PREPARED)
    posted: dict[int, dict[str, Amounts]] = defaultdict(lambda: defaultdict(dict))
    rows = (
        _postings(region)
        .annotate(batch_id=Coalesce("entry__batch_id", "entry__result__batch_id"))
        .filter(batch_id__isnull=False)
        .values_list("batch_id", "account", "source")
        .annotate(yuan=Sum("amount"))
    )
    for batch_id, account, source, yuan in rows:
        if yuan:
            posted[batch_id][account][source] = yuan
    # Batches of before the ledger: what had been answered by the bank then is not in it.
    complete = set(
        JournalEntry.objects.filter(kind=EntryKind.COMMITMENT, batch__in=list(posted)).values_list(
            "batch_id", flat=True
        )
    )
    lines: dict[int, dict[str, Amounts]] = defaultdict(dict)
    sums = Payment.objects.filter(batch__in=batches.values("pk"), cancelled=False).order_by()
    for batch_id, state, *found in sums.values_list("batch_id", "state").annotate(**ledger.SUMS):
        by_source = zip(ledger.SUMS, found, strict=True)
        lines[batch_id][state] = {source: yuan for source, yuan in by_source if yuan}
    for batch in batches.order_by("pk"):
        expected = _expected(batch, lines[batch.pk])
        for account, amounts in expected.items():
            if account != Account.IN_TRANSIT and batch.pk not in complete:
                continue
            if posted[batch.pk][account] != amounts:
                yield Problem(
                    "batch",
                    _(
                        "Batch %(number)s, %(account)s: %(posted)s yuan in the ledger, %(lines)s yuan in its lines."
                    )
                    % {
                        "number": batch.number,
                        "account": Account(account).label,
                        "posted": money(sum(posted[batch.pk][account].values(), ZERO)),
                        "lines": money(sum(amounts.values(), ZERO)),
                    },
                )


def _expected(batch: PaymentBatch, lines: dict[str, Amounts]) -> dict[str, Amounts]:
    """Account → yuan by source that the batch's lines say."""
    approved = batch.state == BatchState.APPROVED
    return {
        Account.COMMITTED: lines.get(PaymentState.PREPARED, {}) if approved else {},
        Account.IN_TRANSIT: lines.get(PaymentState.SENT, {}),
        Account.PAID: lines.get(PaymentState.PAID, {}),
    }


def _recoveries(region: Region) -> Iterable[Problem]:
    parts = (
        RecoveryPart.objects.filter(
            region__gte=region.lo, region__lte=region.hi, kind=RecoveryPartKind.PAID_BACK
        )
        .annotate(
            posted=Sum("entries__postings__amount", filter=Q(entries__postings__account=Account.AVAILABLE))
        )
        .order_by("pk")
    )
    for part in parts:
        if (part.posted or ZERO) != part.amount:
            yield Problem(
                "recovery",
                _("Instalment %(part)d: %(amount)s yuan came back, %(posted)s yuan are in the ledger.")
                % {"part": part.pk, "amount": money(part.amount), "posted": money(part.posted or ZERO)},
            )
