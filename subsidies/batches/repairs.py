"""What the bank could not pay is paid again: a batch of its own, one line a corrected line, approved and released as any.

Amounts are what the month still owes today, worked out by the same engine as a month's batch and under the same lock,
so that a failed line is never paid again by both (tests/subsidies/test_repair.py).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.ages import add_months
from cases.models import Payee
from staff.enums import Role
from staff.workflow import Actor
from subsidies.enums import BatchKind, BatchState, FailReason, IssueKind, PaymentState
from subsidies.models import BatchIssue, Payment, PaymentBatch
from subsidies.preparing import anomalies, answers, facts, lines, tables
from subsidies.preparing.periods import period_of
from subsidies.preparing.refusals import BatchRefused
from subsidies.preparing.service import count, lock, record, work_of
from subsidies.reckoning.months import month_of
from subsidies.reckoning.standards import Standards
from subsidies.recovery import corrections

# Only what is paid again is left of what the engine found; the rest waits for the month's batch.
_KEEP = """
DELETE FROM prep_correction x WHERE NOT (due > delivered AND x.reachable AND x.failed_id = ANY (%s))"""


@dataclass(frozen=True, slots=True)
class Failed:
    """A failed line and what can be done about it. ``tail``: the end of the account that is recorded today."""

    payment: Payment
    payee: Payee | None
    repaid_by: Payment | None

    @property
    def tail(self) -> str:
        return self.payee.account[-4:] if self.payee and self.payee.account else ""

    @property
    def changed(self) -> bool:
        """Whether another account or another holder has been recorded since."""
        return bool(self.tail) and _differs(self.payment, self.payee)

    @property
    def open(self) -> bool:
        """Whether it can be paid again at all: nothing does so yet, and there is an account."""
        return self.repaid_by is None and bool(self.tail)


def _differs(payment: Payment, payee: Payee | None) -> bool:
    return payee is not None and (
        bytes(payee.account_digest or b"") != bytes(payment.account_digest or b"")
        or payee.name != payment.payee_name
    )


def failed_lines(batch: PaymentBatch) -> QuerySet[Payment]:
    """The failed lines of a batch, in order."""
    found = Payment.objects.filter(batch=batch, state=PaymentState.FAILED)
    return found.select_related("entitlement").order_by("line")


def unpaid_lines(batch: PaymentBatch) -> QuerySet[Payment]:
    """Those of them that no other line pays again."""
    again = Payment.objects.filter(repays=OuterRef("pk"), cancelled=False)
    return failed_lines(batch).filter(~Exists(again))


def describe(payments: Collection[Payment], scheme_code: str, day: dt.date) -> list[Failed]:
    """Failed lines with the payee of today and the line that pays them again. Two queries."""
    payees = payees_of({payment.entitlement.child_id for payment in payments}, scheme_code, day)
    again = {
        line.repays_id: line
        for line in Payment.objects.filter(
            repays__in=[payment.pk for payment in payments], cancelled=False
        ).select_related("batch")
    }
    return [
        Failed(payment, payees.get(payment.entitlement.child_id), again.get(payment.pk))
        for payment in payments
    ]


def payees_of(children: Collection[int], scheme_code: str, day: dt.date) -> dict[int, Payee]:
    """Child → who receives the money of a scheme on a day: the payee for it alone before the one for all others."""
    rows = (
        Payee.objects.filter(child_id__in=children, purpose__in=("", scheme_code), start_date__lte=day)
        .exclude(end_date__lt=day)
        .order_by("purpose", "start_date", "pk")
    )
    return {row.child_id: row for row in rows}


def repair(
    *,
    actor: Actor,
    at: dt.datetime,
    batch: PaymentBatch,
    confirmed: Collection[int] = (),
    note: str = "",
) -> PaymentBatch:
    """A batch that pays again what failed in ``batch``: every line whose account or payee was changed since, and the
    lines of ``confirmed`` (keys) whose account is right although it is the same, which ``note`` explains.

    It is approved and released like a month's batch. Raises BatchRefused when there is nothing to pay again.
    """
    if actor.role != Role.CLERK:
        raise BatchRefused(_("Your post does not have this duty."))
    if confirmed and not note.strip():
        raise BatchRefused(_("Write why the same account is right."))
    day = timezone.localdate(at)
    with transaction.atomic(), connection.cursor() as cursor:
        lock(batch.region_id, batch.scheme_id)
        batch = PaymentBatch.objects.select_related("scheme", "region").get(pk=batch.pk)
        if batch.state not in (BatchState.RELEASED, BatchState.RECONCILED):
            raise BatchRefused(_("The batch has not been released yet."))
        chosen = _chosen(batch, day, set(confirmed))
        if not chosen:
            raise BatchRefused(
                _(
                    "No failed line has been corrected. Record the right account in the child's file, or confirm "
                    "that the account is right."
                )
            )
        made = PaymentBatch.objects.create(
            region=batch.region,
            scheme=batch.scheme,
            month=max(month_of(day), batch.month),
            kind=BatchKind.REPAIR,
            number=_number(batch),
            prepared_by_id=actor.user_id,
            prepared_at=at,
        )
        standards = Standards.load(batch.scheme, batch.region_id)
        months = sorted({payment.month for payment in chosen})
        work = work_of(made, standards, day, month=add_months(months[-1], 1))
        tables.create(cursor)
        periods = [period_of(month, standards.terms(month).cadence) for month in months]
        tables.add_periods(cursor, periods, standards)
        cursor.execute("INSERT INTO prep_mark SELECT * FROM unnest(%s::bigint[], %s::date[])", _since(chosen))
        facts.collect(work)
        answers.answer(standards)
        corrections.find(work)
        cursor.execute(_KEEP, [[payment.pk for payment in chosen]])
        if not lines.write(work):
            raise BatchRefused(
                _(
                    "Nothing is owed for these lines any more: another batch pays them, or the amount is not due."
                )
            )
        anomalies.look(work, standards.terms(made.month), lambda: None)
        _explain(made, batch, actor, at, note.strip())
        count(made)
        record(made, "prepare", actor, at, batch.number)
    return made


def _chosen(batch: PaymentBatch, day: dt.date, confirmed: set[int]) -> list[Payment]:
    """Unpaid failed lines that were corrected or confirmed."""
    found = describe(list(unpaid_lines(batch)), batch.scheme.code, day)
    return [
        failed.payment
        for failed in found
        if failed.open and (failed.changed or failed.payment.pk in confirmed)
    ]


def _since(chosen: Collection[Payment]) -> list[list[object]]:
    """Children and the earliest month of each that is reckoned again: two columns."""
    earliest: dict[int, dt.date] = {}
    for payment in chosen:
        # The child that is entitled now: a merged file's lines count for the file that was kept.
        child_id = payment.entitlement.child_id
        earliest[child_id] = min(payment.month, earliest.get(child_id, payment.month))
    return [list(earliest), list(earliest.values())]


def _number(batch: PaymentBatch) -> str:
    stem = f"{batch.number}-R"
    used = PaymentBatch.objects.filter(region_id=batch.region_id, number__startswith=stem).count()
    return f"{stem}{used + 1}"


def _explain(made: PaymentBatch, batch: PaymentBatch, actor: Actor, at: dt.datetime, note: str) -> None:
    """Paying again and keeping an account are what the clerk has just decided: noted as such, with why."""
    paid_again = _("Paid again after the bank's answer to batch %(number)s.") % {"number": batch.number}
    issues = BatchIssue.objects.filter(batch=made)
    noted = {"noted_by_id": actor.user_id, "noted_at": at}
    issues.filter(kind=IssueKind.ARREARS).update(note=f"{paid_again} {note}".strip()[:200], **noted)
    if note:
        issues.filter(kind=IssueKind.ACCOUNT_REFUSED).update(note=note[:200], **noted)


def reason_of(payment: Payment) -> str:
    """Why the bank did not pay a line, with its own words."""
    label = str(FailReason(payment.fail_reason).label)
    return f"{label}（{payment.bank_message}）" if payment.bank_message not in ("", label) else label
