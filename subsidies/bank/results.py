"""The bank's answer to a batch: each line becomes paid or failed and the ledger follows, all or nothing, the same file
twice changes nothing.

A line is found by batch number and line number (or by line number and payee, in a file without batch numbers), and must
agree in amount and in the end of the account number (:mod:`subsidies.bank.judging`).
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from staff import files, jobs
from staff.enums import Role
from staff.models import Job, StoredFile
from staff.templatetags.look import moment
from staff.workflow import Actor, perform
from subsidies.bank.judging import Judge, Verdict
from subsidies.bank.layouts import Layout, LayoutRefused, choices_of
from subsidies.bank.reading import ResultRefused, Words, read_rows
from subsidies.enums import BatchState, PaymentState
from subsidies.ledger import entries as ledger
from subsidies.ledger.enums import EntryKind, Source
from subsidies.models import BankResult, Payment, PaymentBatch

JOB = "subsidies.bank_result"
IMPORTERS = frozenset({Role.CLERK, Role.RELEASER})
# Answers to larger batches are taken over by a worker.
MOST_AT_ONCE = 2000
MOST_PROBLEMS = 200
CHUNK = 5000
# State before and after → what is posted.
POSTED: dict[tuple[str, str], EntryKind] = {
    (PaymentState.SENT, PaymentState.PAID): EntryKind.PAYMENT,
    (PaymentState.SENT, PaymentState.FAILED): EntryKind.RETURN,
    (PaymentState.PAID, PaymentState.FAILED): EntryKind.LATE_RETURN,
    (PaymentState.FAILED, PaymentState.PAID): EntryKind.LATE_PAYMENT,
}
SETTLE_MANY = """
    UPDATE subsidies_payment p
    SET state = v.state, fail_reason = v.reason, bank_message = v.message, paid_date = v.paid
    FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::date[]) AS v (id, state, reason, message, paid)
    WHERE p.id = v.id
"""
Report = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the import changed. ``repeated``: the very same file was taken over before."""

    paid: int = 0
    failed: int = 0
    unchanged: int = 0
    repeated: bool = False


def start_import(*, actor: Actor, at: dt.datetime, batch: PaymentBatch, name: str, data: bytes) -> Job:
    """Keep the file and queue its import; the job's result tells what came of it. Raises ResultRefused."""
    _check_duty(actor)
    stored = _store(batch, name, data, at)
    return jobs.start(
        JOB,
        region_id=batch.region_id,
        arguments={"batch": batch.pk, "file": str(stored.pk), "at": at.isoformat()},
        at=at,
        done_url=reverse("subsidies:batch", args=[batch.pk]),
    )


def _check_duty(actor: Actor) -> None:
    if actor.role not in IMPORTERS:
        raise ResultRefused(_("Your post does not have this duty."))


def _store(batch: PaymentBatch, name: str, data: bytes, at: dt.datetime) -> StoredFile:
    return files.store(
        data,
        kind=StoredFile.Kind.BANK_RESULT,
        name=name,
        content_type="application/octet-stream",
        region_id=batch.region_id,
        at=at,
    )


def import_result(
    *,
    actor: Actor,
    at: dt.datetime,
    batch: PaymentBatch,
    name: str,
    data: bytes,
    file: StoredFile | None = None,
    report: Report | None = None,
) -> Outcome:
    """Take over a result file. Raises ResultRefused with every problem found; then nothing has changed.

    ``file``: where ``data`` is kept already.
    """
    _check_duty(actor)
    sha256 = hashlib.sha256(data).hexdigest()
    with transaction.atomic():
        # Of two imports at once the second waits here, and then sees what the first has done.
        locked = PaymentBatch.objects.select_for_update(of=("self",)).filter(pk=batch.pk).first()
        if locked is None:
            raise ResultRefused(_("The record is no longer in your area."))
        if BankResult.objects.filter(batch=locked, sha256=sha256).exists():
            return Outcome(repeated=True)
        # An answer without batch numbers would fit the same lines of another month.
        other = (
            BankResult.objects.filter(region_id=locked.region_id, sha256=sha256)
            .select_related("batch")
            .first()
        )
        if other is not None:
            raise ResultRefused(
                _("This file was taken over as the answer to batch %(number)s.")
                % {"number": other.batch.number}
            )
        if locked.state not in (BatchState.RELEASED, BatchState.RECONCILED) or locked.released_at is None:
            raise ResultRefused(_("The batch has not been released yet."))
        if at < locked.released_at:
            raise ResultRefused(
                _(
                    "The server's clock shows %(now)s, but the batch was released at %(before)s. "
                    "Have the clock set right, then try again."
                )
                % {"now": moment(at), "before": moment(locked.released_at)}
            )
        layouts = _layouts(locked)
        judge = Judge(locked, timezone.localdate(at), Words.of(layouts), second=_is_second(locked, actor))
        verdicts = judge.judge(read_rows(data, layouts))
        changed = [verdict for verdict in verdicts if verdict.changes()]
        _settle(changed, report)
        result = BankResult.objects.create(
            batch=locked,
            region_id=locked.region_id,
            file=file or _store(locked, name, data, at),
            sha256=sha256,
            paid_count=sum(verdict.state == PaymentState.PAID for verdict in verdicts),
            failed_count=sum(verdict.state == PaymentState.FAILED for verdict in verdicts),
            user_id=actor.user_id or None,
            at=at,
        )
        _post(locked, result, changed, actor, at)
        if locked.state == BatchState.RELEASED and not _unsettled(locked):
            locked = perform(locked, "reconcile", at=at, actor=actor)
    batch.state = locked.state
    paid = sum(verdict.state == PaymentState.PAID for verdict in changed)
    return Outcome(paid=paid, failed=len(changed) - paid, unchanged=len(verdicts) - len(changed))


def _is_second(batch: PaymentBatch, actor: Actor) -> bool:
    """Whether this is the releaser, and somebody else took over what the bank answered so far."""
    return (
        actor.role == Role.RELEASER
        and not BankResult.objects.filter(batch=batch, failed_count__gt=0)
        .filter(Q(user_id=actor.user_id) | Q(user__isnull=True))
        .exists()
    )


def _layouts(batch: PaymentBatch) -> list[Layout]:
    """The county's layouts that can be read by; one that is faulty is told where it is edited, and left out here."""
    found = []
    for choice in choices_of(batch.region_id):
        try:
            found.append(choice.layout)
        except LayoutRefused:
            continue
    return found


def _settle(changed: list[Verdict], report: Report | None) -> None:
    for start in range(0, len(changed), CHUNK):
        part = changed[start : start + CHUNK]
        if report is not None:
            report(start, len(changed))
        columns: list[Any] = [
            [verdict.sent.pk for verdict in part],
            [str(verdict.state) for verdict in part],
            [str(verdict.fail_reason) for verdict in part],
            [verdict.message[:120] for verdict in part],
            [verdict.paid_date for verdict in part],
        ]
        with connection.cursor() as cursor:
            cursor.execute(SETTLE_MANY, columns)
            if cursor.rowcount != len(part):
                raise ResultRefused(_("The record is no longer in your area."))


def _post(
    batch: PaymentBatch, result: BankResult, changed: list[Verdict], actor: Actor, at: dt.datetime
) -> None:
    """One entry for each way that money took: paid, returned, or returned after it was paid."""
    moved: dict[EntryKind, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for verdict in changed:
        kind = POSTED.get((verdict.sent.state, verdict.state))
        if kind is not None:
            for source, yuan in zip(Source.values, verdict.sent.funding, strict=True):
                moved[kind][source] += yuan
    for kind, amounts in moved.items():
        ledger.post(
            kind,
            amounts,
            region_id=batch.region_id,
            year=batch.month.year,
            at=at,
            actor=actor,
            scheme_id=batch.scheme_id,
            batch=batch,
            result=result,
        )


def _unsettled(batch: PaymentBatch) -> bool:
    return Payment.objects.filter(batch=batch, state=PaymentState.SENT).exists()
