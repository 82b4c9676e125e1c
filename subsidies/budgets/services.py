"""Budgets: what a county has been given by source and year, what of it is bound, sent, paid, and how long it lasts.

Every figure is a balance of the ledger. A county that has entered no appropriation for a year keeps no budget of that
year here: nothing can be overspent then, and the pages say so.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.db import IntegrityError, connection, transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from cases.ages import add_months
from staff.enums import RegionLevel, Role
from staff.models import Region
from staff.templatetags.look import money
from staff.workflow import Actor, TransitionRefused
from subsidies.enums import BatchKind, BatchState
from subsidies.ledger import entries as ledger
from subsidies.ledger.enums import Account, EntryKind, Source
from subsidies.models import JournalEntry, PaymentBatch, Posting

ZERO = ledger.ZERO
# Below this part of what was received a bar is marked.
LOW_PERCENT = 10


class BudgetRefused(TransitionRefused):
    """The act cannot be done; the message says why."""


class OverBudget(BudgetRefused):
    """Funds do not suffice and nobody has written why the batch is approved nevertheless."""


@dataclass(frozen=True)
class Balance:
    """One source of funds in one budget year, yuan. received + recovered = available + committed + in transit + paid."""

    source: Source
    appropriated: Decimal = ZERO
    available: Decimal = ZERO
    committed: Decimal = ZERO
    in_transit: Decimal = ZERO
    paid: Decimal = ZERO
    recovered: Decimal = ZERO

    @property
    def label(self) -> str:
        return str(self.source.label)

    @property
    def percent(self) -> int:
        """Part of what was received that is still available, 0 … 100, rounded down."""
        if self.appropriated <= 0 or self.available <= 0:
            return 0
        return min(100, int(self.available * 100 / self.appropriated))

    @property
    def is_low(self) -> bool:
        return self.percent < LOW_PERCENT


def balances(region_id: int, year: int) -> list[Balance]:
    """Sources with anything posted in the year, in the order of the sources. One query, independent of the number of
    children: the ledger has a few entries a batch.
    """
    found: dict[str, dict[str, Decimal]] = defaultdict(dict)
    rows = (
        Posting.objects.filter(region_id=region_id, year=year)
        .order_by()
        .values_list("source", "account")
        .annotate(yuan=Sum("amount"))
    )
    for source, account, yuan in rows:
        # The contra accounts give, so their balance is below zero.
        found[source][account] = -yuan if account in (Account.APPROPRIATED, Account.RECOVERED) else yuan
    return [Balance(source, **found[source]) for source in Source if source in found]


def keeps_budget(found: list[Balance]) -> bool:
    """Whether any appropriation stands for the year."""
    return any(balance.appropriated for balance in found)


def needs(batch: PaymentBatch) -> dict[str, Decimal]:
    """Yuan by source that the batch sends to the bank."""
    return {source: Decimal(yuan) for source, yuan in batch.funding.items()}


def shortfall(batch: PaymentBatch) -> dict[str, Decimal]:
    """Source → yuan that are missing for a batch that is not approved yet; {} when funds suffice or no budget is kept."""
    return missing(needs(batch), balances(batch.region_id, batch.month.year))


def missing(needed: Mapping[str, Decimal], found: list[Balance]) -> dict[str, Decimal]:
    """Source → yuan by which the need exceeds what is available."""
    if not keeps_budget(found):
        return {}
    available = {str(balance.source): balance.available for balance in found}
    lacking = {source: yuan - available.get(source, ZERO) for source, yuan in needed.items()}
    return {source: yuan for source, yuan in lacking.items() if yuan > 0}


def shortfall_text(lacking: Mapping[str, Decimal]) -> str:
    """``County funds 1,240.00 yuan, …``."""
    return "、".join(
        _("%(source)s %(amount)s yuan") % {"source": Source(source).label, "amount": money(yuan)}
        for source, yuan in lacking.items()
    )


def refuse_overspending(batch: PaymentBatch, note: str) -> None:
    """Raise OverBudget when funds do not suffice for the batch and ``note`` does not say why it is approved anyway.

    Call it in the transaction of the approval: until it ends no other batch of the county and year is weighed.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))",
            [f"budget {batch.region_id} {batch.month.year}"],
        )
    lacking = shortfall(batch)
    if lacking and not note.strip():
        raise OverBudget(
            _(
                "Funds do not suffice: %(missing)s short. Have the appropriation entered first, "
                "or write why the batch is approved nevertheless."
            )
            % {"missing": shortfall_text(lacking)}
        )


# --- how long the money lasts ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Outlook:
    """What a source can still carry. ``waiting``: batches not approved yet; ``rate``: yuan that a month takes."""

    balance: Balance
    waiting: Decimal
    rate: Decimal

    @property
    def after(self) -> Decimal:
        """Available once the waiting batches are approved."""
        return self.balance.available - self.waiting

    @property
    def months(self) -> int | None:
        """Whole further months at the present rate; None when nothing is drawn from the source."""
        return None if self.rate <= 0 else max(0, int(self.after // self.rate))


def outlook(batches: list[PaymentBatch], before: list[PaymentBatch], found: list[Balance]) -> list[Outlook]:
    """One row a source. ``batches``: those of the month that were not returned; before the first of them is prepared
    the rate is that of the month ``before``. Lines paid again were part of an earlier month and are no part of the rate.
    """
    monthly = [batch for batch in batches if batch.kind == BatchKind.REGULAR]
    rate = _sum(monthly or [batch for batch in before if batch.kind == BatchKind.REGULAR])
    unapproved = waiting(batches)
    return [
        Outlook(balance, unapproved.get(balance.source, ZERO), rate.get(balance.source, ZERO))
        for balance in found
    ]


def waiting(batches: list[PaymentBatch]) -> dict[str, Decimal]:
    """Yuan by source that those of the batches need which wait for approval."""
    return _sum([batch for batch in batches if batch.state == BatchState.PREPARED])


def _sum(batches: list[PaymentBatch]) -> dict[str, Decimal]:
    total: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for batch in batches:
        for source, yuan in needs(batch).items():
            total[source] += yuan
    return dict(total)


def warnings(
    month: dt.date, rows: list[Outlook], *, waiting: Mapping[str, Decimal], begun: bool = True
) -> list[str]:
    """Sentences for the sources that do not last beyond the month; one that is needed and was never given too.

    ``waiting``: see :func:`waiting`; ``begun``: the month has a batch, so that the next money is for the month after.
    """
    found = []
    following = f"{add_months(month, 1):%Y-%m}"
    for row in rows:
        if row.after < 0:
            found.append(
                _("%(source)s do not suffice for what waits for approval: %(amount)s yuan short.")
                % {"source": row.balance.label, "amount": money(-row.after)}
            )
        elif row.months == 0 and not begun:
            found.append(
                _("%(source)s do not suffice for this month, which takes about %(amount)s yuan.")
                % {"source": row.balance.label, "amount": money(row.rate)}
            )
        elif row.months == 0 and row.waiting:
            found.append(
                _("%(source)s suffice only for this month; more must come in before %(month)s.")
                % {"source": row.balance.label, "month": following}
            )
        elif row.months == 0:
            found.append(
                _("%(source)s do not suffice for another month; more must come in before %(month)s.")
                % {"source": row.balance.label, "month": following}
            )
    known = {str(row.balance.source) for row in rows}
    for source, yuan in waiting.items():
        if source not in known:
            found.append(
                _("%(source)s do not suffice for what waits for approval: %(amount)s yuan short.")
                % {"source": Source(source).label, "amount": money(yuan)}
            )
    return found


# --- appropriations --------------------------------------------------------------------------------------


def receive(
    *,
    actor: Actor,
    at: dt.datetime,
    region: Region,
    source: str,
    year: int,
    amount: Decimal,
    day: dt.date,
    document: str,
    text: str = "",
    client_id: uuid.UUID | None = None,
) -> JournalEntry:
    """Enter money that a document gives the county for a year. The same form sent twice is one entry.

    ``amount``: yuan above nothing. Raises BudgetRefused. What was entered wrongly is turned back by another person
    (:func:`correct`), never edited.
    """
    if actor.role != Role.CLERK:
        raise BudgetRefused(_("Your post does not have this duty."))
    if region.level != RegionLevel.COUNTY:
        raise BudgetRefused(_("A budget belongs to a county."))
    if not document.strip():
        raise BudgetRefused(_("Write the number of the document."))
    try:
        with transaction.atomic():
            entry = ledger.post(
                EntryKind.APPROPRIATION,
                {Source(source): max(amount, ZERO)},
                region_id=region.pk,
                year=year,
                at=at,
                actor=actor,
                day=day,
                document=document.strip(),
                text=text.strip(),
                client_id=client_id,
            )
    except IntegrityError as error:
        if client_id is None or "client_id" not in str(error):
            raise
        entry = JournalEntry.objects.get(client_id=client_id)
    if entry is None:
        raise BudgetRefused(_("The amount must be more than nothing."))
    return entry


def correct(*, actor: Actor, at: dt.datetime, entry: JournalEntry, document: str, text: str) -> JournalEntry:
    """Turn an appropriation back that was entered wrongly; by the approver, who enters none. Raises BudgetRefused.

    The right one is then entered anew by the clerk.
    """
    if actor.role != Role.APPROVER:
        raise BudgetRefused(_("Your post does not have this duty."))
    if entry.kind != EntryKind.APPROPRIATION:
        raise BudgetRefused(
            _("Only an appropriation is corrected by hand; everything else follows the money.")
        )
    if not document.strip():
        raise BudgetRefused(_("Write the number of the document."))
    if not text.strip():
        raise BudgetRefused(_("Write the reason in words."))
    try:
        with transaction.atomic():
            return ledger.turn_back(entry, at=at, actor=actor, document=document.strip(), text=text.strip())
    except IntegrityError as error:
        if "corrects" not in str(error):
            raise
        raise BudgetRefused(_("This entry has been corrected already.")) from error


def appropriations(region_id: int, year: int) -> list[Posting]:
    """What was received for a year, one posting each, the latest first; corrected ones have ``entry.corrected_by``.
    One query.
    """
    return list(
        Posting.objects.filter(
            region_id=region_id, year=year, account=Account.AVAILABLE, entry__kind=EntryKind.APPROPRIATION
        )
        .select_related("entry__user", "entry__corrected_by__user")
        .order_by("-entry__day", "-entry_id")
    )
