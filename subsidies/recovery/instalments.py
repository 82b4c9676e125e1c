"""What was paid too much comes back (追缴): the plan of instalments, what is paid back, and what a document waives.

One recovery is one month of one child. What comes back goes to the sources of funds it was paid from, to the fen: each
part is split by what each source still misses, so that all parts together make exactly what was paid too much.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import ROUND_DOWN, Decimal
from itertools import repeat
from typing import Any

from django.db import transaction
from django.db.models import Case, DecimalField, ExpressionWrapper, F, IntegerField, Q, QuerySet, Value, When
from django.db.models.functions import ExtractMonth, ExtractYear, Floor
from django.utils import timezone
from django.utils.translation import gettext as _

from cases import documents
from cases.ages import add_months
from cases.documents import Document
from cases.models import Child
from staff.enums import Role
from staff.models import TransitionRecord
from staff.models.region import county_of
from staff.workflow import Actor, TransitionRefused
from subsidies.ledger import entries as ledger
from subsidies.ledger.enums import EntryKind, RecoveryPartKind, RecoveryState, Source
from subsidies.models import Recovery, RecoveryPart
from subsidies.reckoning.rules import money

FEN, ZERO = Decimal("0.01"), Decimal("0.00")
MOST_INSTALMENTS = 60
# Who takes money back, and who may let go of it.
DUTIES = {
    RecoveryPartKind.PAID_BACK: frozenset({Role.CLERK}),
    RecoveryPartKind.WAIVED: frozenset({Role.APPROVER}),
}


class InstalmentRefused(TransitionRefused):
    """The instalment, the waiver or the plan cannot be recorded; the message says why and what to do."""


# --- The plan: pure ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Instalment:
    """One part of the plan, and how much of it is settled."""

    number: int
    due_date: dt.date
    amount: Decimal
    settled: Decimal

    @property
    def left(self) -> Decimal:
        return self.amount - self.settled


def amounts_of(total: Decimal, count: int) -> list[Decimal]:
    """``total`` yuan in ``count`` equal amounts in whole fen; what is left over is in the last one.

    ValueError when there are more instalments than fen.
    """
    each = (total / count).quantize(FEN, ROUND_DOWN)
    if count < 1 or each <= 0:
        raise ValueError(f"{total} cannot be paid in {count} instalments")
    return [each] * (count - 1) + [total - each * (count - 1)]


def plan_of(recovery: Recovery) -> list[Instalment]:
    """The instalments month by month; what came back settles the earliest first. [] before a first day is agreed."""
    if recovery.first_due_date is None:
        return []
    left, plan = recovery.recovered, []
    for number, amount in enumerate(amounts_of(recovery.amount, recovery.instalments)):
        settled = min(amount, left)
        left -= settled
        due = add_months(recovery.first_due_date, number)
        plan.append(Instalment(number + 1, due, amount, settled))
    return plan


def split(part: Decimal, missing: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """``part`` yuan by source, in proportion to what each source still misses; sums to ``part``, none above what it
    misses. ValueError when together they miss less.
    """
    total = sum(missing.values(), ZERO)
    if part > total:
        raise ValueError(f"{part} is more than the {total} that is missing")
    if not part:
        return dict.fromkeys(missing, ZERO)
    exact = {source: part * yuan / total for source, yuan in missing.items()}
    shares = {source: yuan.quantize(FEN, ROUND_DOWN) for source, yuan in exact.items()}
    over = int((part - sum(shares.values(), ZERO)) / FEN)
    # The largest remainders get the fen that are left over; of equal ones the first source.
    for source in sorted(missing, key=lambda name: shares[name] - exact[name])[:over]:
        shares[source] += FEN
    return shares


def splits(
    funding: Mapping[str, Decimal],
    parts: Sequence[Decimal],
    kept: Iterable[Mapping[str, Decimal]] = repeat({}),
) -> list[dict[str, Decimal]]:
    """Every part by source, in the order in which they came; ``kept``: for each part, yuan by source that were not to
    come back when it came.
    """
    missing, found = dict(funding), []
    for part, due in zip(parts, kept, strict=False):
        shares = split(part, {source: yuan - due.get(source, ZERO) for source, yuan in missing.items()})
        missing = {source: yuan - shares[source] for source, yuan in missing.items()}
        found.append(shares)
    return found


def total_of(amounts: Iterable[Mapping[str, Decimal]]) -> dict[str, Decimal]:
    """Yuan by source, added up."""
    found: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for shares in amounts:
        for source, yuan in shares.items():
            found[source] += yuan
    return dict(found)


def funding_of(recovery: Recovery) -> dict[str, Decimal]:
    """Yuan by source as they were paid, without what turned out to be due. What is not told was the county's."""
    told = {source: Decimal(recovery.funding.get(source, 0)) for source in Source.values}
    told[Source.COUNTY] += recovery.too_much - sum(told.values(), ZERO)
    if told[Source.COUNTY] < 0:
        raise ValueError(f"recovery {recovery.pk} comes from sources of more than it is")
    return {source: yuan for source, yuan in told.items() if yuan}


@dataclass(frozen=True, slots=True)
class Use:
    """What a batch found to be due after all, by source: of what was still open, and of what had been waived.

    ``after``: the last part before it (key, 0 without one). ``until``: the last part before it was undone, since parts
    came in between; None while it holds.
    """

    batch: int
    open: dict[str, Decimal]
    waived: dict[str, Decimal]
    after: int
    until: int | None = None

    @classmethod
    def stored(cls, row: dict[str, Any]) -> Use:
        """As ``Recovery.uses`` keeps it."""
        return cls(
            **row
            | {
                name: {source: Decimal(yuan) for source, yuan in row[name].items()}
                for name in ("open", "waived")
            }
        )

    def as_stored(self) -> dict[str, Any]:
        """For ``Recovery.uses``."""
        return asdict(self) | {
            name: {source: str(yuan) for source, yuan in getattr(self, name).items() if yuan}
            for name in ("open", "waived")
        }


def uses_of(recovery: Recovery) -> list[Use]:
    """Every use, also those that were undone."""
    return [Use.stored(row) for row in recovery.uses]


def shares_of(recovery: Recovery, parts: Sequence[RecoveryPart]) -> list[dict[str, Decimal]]:
    """Every part of a recovery by source, to the fen as it was posted; ``parts``: all of them, by key."""
    uses = uses_of(recovery)
    holding = [use for use in uses if use.until is None]
    funding = total_of(
        [funding_of(recovery), *(shares for use in holding for shares in (use.open, use.waived))]
    )
    kept = [
        total_of(
            use.open for use in uses if use.after < part.pk and (use.until is None or part.pk <= use.until)
        )
        for part in parts
    ]
    return splits(funding, [part.amount for part in parts], kept)


# --- What is late -------------------------------------------------------------------------------------------------


def with_due(found: QuerySet[Recovery], today: dt.date) -> QuerySet[Recovery]:
    """Annotate ``due_by_now``: yuan that should have come back before ``today`` by the plan, as :func:`plan_of` has it."""
    yuan: DecimalField[Decimal, Decimal] = DecimalField(max_digits=20, decimal_places=2)
    first = "first_due_date"
    this_month = Case(When(**{f"{first}__day__lt": today.day}, then=Value(1)), default=Value(0))
    months = (today.year - ExtractYear(first)) * 12 + today.month - ExtractMonth(first) + this_month
    each = Floor(ExpressionWrapper(F("amount") * 100 / F("instalments"), yuan))
    return found.annotate(months_due=ExpressionWrapper(months, IntegerField())).annotate(
        due_by_now=Case(
            When(Q(first_due_date__isnull=True) | Q(months_due__lte=0), then=Value(ZERO, yuan)),
            When(months_due__gte=F("instalments"), then=F("amount")),
            default=ExpressionWrapper(F("months_due") * each / Value(Decimal(100)), yuan),
            output_field=yuan,
        )
    )


def overdue(found: QuerySet[Recovery], today: dt.date) -> QuerySet[Recovery]:
    """Open recoveries of which an instalment that was due before today has not come."""
    open_ones = found.filter(state=RecoveryState.OPEN)
    return with_due(open_ones, today).filter(recovered__lt=F("due_by_now"))


# --- Writing --------------------------------------------------------------------------------------------------------


def agree_plan(
    *,
    actor: Actor,
    at: dt.datetime,
    recovery: Recovery,
    instalments: int,
    first_due_date: dt.date,
    note: str = "",
) -> Recovery:
    """Agree with the family in how many monthly instalments it pays back, and from which day. Raises InstalmentRefused."""
    if actor.role not in DUTIES[RecoveryPartKind.PAID_BACK]:
        raise InstalmentRefused(_("Your post does not have this duty."))
    with transaction.atomic():
        locked = _open(recovery)
        try:
            if instalments > MOST_INSTALMENTS:
                raise ValueError(instalments)
            amounts_of(locked.amount, instalments)
        except (ValueError, ArithmeticError) as error:
            raise InstalmentRefused(
                _("Choose from 1 to %(most)d instalments.") % {"most": MOST_INSTALMENTS}
            ) from error
        locked.instalments, locked.first_due_date = instalments, first_due_date
        locked.note = note.strip()[:200] or locked.note
        locked.save(update_fields=["instalments", "first_due_date", "note"])
        _record(
            locked, "agree_plan", actor, at, f"{instalments} × {first_due_date.isoformat()} {note}".strip()
        )
    return locked


def pay_back(
    *,
    actor: Actor,
    at: dt.datetime,
    recovery: Recovery,
    amount: Decimal,
    date: dt.date,
    document: str = "",
    file: Document | None = None,
) -> RecoveryPart:
    """The clerk records what came back, with the receipt; it is in the ledger at once, by the sources it came from.

    Raises InstalmentRefused, also when two at once would make more than the debt.
    """
    with transaction.atomic():
        locked, part = _add(
            RecoveryPartKind.PAID_BACK,
            actor,
            at,
            recovery,
            amount=amount,
            date=date,
            document=document,
            file=file,
        )
        parts = list(RecoveryPart.objects.filter(recovery=locked).order_by("pk"))
        ledger.post(
            EntryKind.RECOVERY,
            shares_of(locked, parts)[-1],
            region_id=county_of(locked.region_id),
            year=date.year,
            at=at,
            actor=actor,
            recovery_part=part,
            scheme_id=locked.scheme_id,
            document=part.document,
        )
    return part


def waive(
    *,
    actor: Actor,
    at: dt.datetime,
    recovery: Recovery,
    amount: Decimal,
    date: dt.date,
    document: str,
    file: Document | None,
) -> RecoveryPart:
    """The approver lets go of a part by a document, whose number and scan are kept. Nothing is in the ledger: no money
    moved. Raises InstalmentRefused.
    """
    if not document.strip():
        raise InstalmentRefused(_("Money is waived by a document. Write its number."))
    if file is None:
        raise InstalmentRefused(_("Add the document that waives it."))
    with transaction.atomic():
        _recovery, part = _add(
            RecoveryPartKind.WAIVED,
            actor,
            at,
            recovery,
            amount=amount,
            date=date,
            document=document,
            file=file,
        )
    return part


def _add(
    kind: RecoveryPartKind,
    actor: Actor,
    at: dt.datetime,
    recovery: Recovery,
    *,
    amount: Decimal,
    date: dt.date,
    document: str,
    file: Document | None,
) -> tuple[Recovery, RecoveryPart]:
    if actor.role not in DUTIES[kind]:
        raise InstalmentRefused(_("Your post does not have this duty."))
    if date > timezone.localdate(at):
        raise InstalmentRefused(_("This day is still to come."))
    try:
        yuan = money(amount)
    except (TypeError, ValueError) as error:
        raise InstalmentRefused(_("Write the amount in yuan with at most two decimals.")) from error
    if yuan <= 0:
        raise InstalmentRefused(_("The amount must be more than 0."))
    # The row is locked before its parts are counted: two at once follow one another.
    locked = _open(recovery)
    left = locked.amount - locked.recovered
    if yuan > left:
        raise InstalmentRefused(_("Only %(left)s yuan are left to be paid back.") % {"left": f"{left:,.2f}"})
    child = Child.objects.filter(pk=locked.child_id).first()
    stored = None
    if file is not None:
        if child is None:
            raise InstalmentRefused(_("The record is no longer in your area."))
        stored = documents.keep(file, child=child, at=at)
    part = RecoveryPart.objects.create(
        recovery=locked,
        region_id=locked.region_id,
        kind=kind,
        amount=yuan,
        date=date,
        document=document.strip(),
        file=stored,
        user_id=actor.user_id or None,
        at=at,
    )
    _record(locked, kind, actor, at, f"{yuan} {date.isoformat()} {document}".strip())
    locked.refresh_from_db()
    return locked, part


def _open(recovery: Recovery) -> Recovery:
    locked = Recovery.objects.select_for_update(of=("self",)).filter(pk=recovery.pk).first()
    if locked is None:
        raise InstalmentRefused(_("The record is no longer in your area."))
    if locked.state == RecoveryState.PROPOSED:
        raise InstalmentRefused(_("It is asked back once its batch is approved."))
    if locked.state != RecoveryState.OPEN:
        raise InstalmentRefused(_("Nothing is left to be paid back. Reload the page."))
    return locked


def _record(recovery: Recovery, name: str, actor: Actor, at: dt.datetime, text: str) -> None:
    TransitionRecord.objects.create(
        subject=recovery._meta.label_lower,
        subject_id=str(recovery.pk),
        region_id=recovery.region_id,
        child_id=recovery.child_id,
        name=name,
        source=recovery.state,
        target=recovery.state,
        user_id=actor.user_id or None,
        assignment_id=actor.assignment_id,
        role=actor.role,
        at=at,
        reason=text[:300],
    )
