"""Payment batches: prepared by a clerk, approved by an approver, released by a third person. Never the
same month twice.

A batch is worked out in one transaction under a lock of its county and scheme, so a worker that dies
leaves nothing, and two at once give one batch; the unique constraints of payments are the last net.
"""

from __future__ import annotations

import datetime as dt

from django.db import connection, transaction
from django.db.models import Count, Q, Sum
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from staff import jobs
from staff.enums import RegionLevel, Role
from staff.models import Job, Region, TransitionRecord
from staff.workflow import Actor, perform
from subsidies import bank_files, rules
from subsidies.enums import BatchState, HoldReason, IssueKind, PaymentState
from subsidies.models import BatchIssue, Entitlement, Payment, PaymentBatch, Scheme
from subsidies.months import month_of
from subsidies.preparation import BatchRefused, Preparation, Report
from subsidies.standards import Standards

JOB = "subsidies.prepare_batch"
CHUNK = 500


def start_preparation(
    *, actor: Actor, at: dt.datetime, region: Region, scheme: Scheme, month: dt.date
) -> Job:
    """Queue the work; the page then shows its progress. Raises BatchRefused before anything is queued."""
    month = month_of(month)
    _check_start(actor, region, scheme, month)
    return jobs.start(
        JOB,
        region_id=region.pk,
        arguments={"scheme": scheme.pk, "month": month.isoformat(), "at": at.isoformat()},
        at=at,
        done_url=reverse("subsidies:batches"),
    )


def present_batch(region_id: int, scheme: Scheme, month: dt.date) -> PaymentBatch | None:
    """The month's batch that was not returned, or None."""
    return (
        PaymentBatch.objects.filter(region_id=region_id, scheme=scheme, month=month)
        .exclude(state=BatchState.RETURNED)
        .first()
    )


def _check_start(actor: Actor, region: Region, scheme: Scheme, month: dt.date) -> None:
    if actor.role != Role.CLERK:
        raise BatchRefused(_("Your post does not have this duty."))
    if region.level != RegionLevel.COUNTY:
        raise BatchRefused(_("A batch belongs to a county."))
    later = PaymentBatch.objects.filter(region=region, scheme=scheme, month__gt=month).exclude(
        state=BatchState.RETURNED
    )
    if later.exists():
        # The later batch has already paid this month as arrears where it was owed.
        raise BatchRefused(
            _("A later month has been prepared already. What this month owes is paid there as arrears.")
        )


def prepare_batch(
    *,
    actor: Actor,
    at: dt.datetime,
    region: Region,
    scheme: Scheme,
    month: dt.date,
    report: Report | None = None,
) -> PaymentBatch:
    """Work out the month: amounts, standards, explanations, payees and accounts are frozen line by line.

    Idempotent: when the month has a batch that was not returned, that batch comes back unchanged. Raises
    BatchRefused.
    """
    month = month_of(month)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"batch {region.pk} {scheme.pk}"]
            )
        if present := present_batch(region.pk, scheme, month):
            return present
        _check_start(actor, region, scheme, month)
        entitlements = list(
            Entitlement.objects.filter(
                region__gte=region.lo, region__lte=region.hi, scheme=scheme, start_month__lte=month
            )
            .select_related("child")
            .select_for_update(of=("self",))
            .order_by("region_id", "child_id", "pk")
        )
        standards = Standards.load(scheme, region.pk)
        prepared = Preparation(entitlements, standards, month, timezone.localdate(at)).run(report)
        batch = PaymentBatch.objects.create(
            region=region,
            scheme=scheme,
            month=month,
            number=_next_number(region, month),
            prepared_by_id=actor.user_id,
            prepared_at=at,
        )
        for line, payment in enumerate(prepared.payments, start=1):
            payment.batch, payment.line = batch, line
        for start in range(0, len(prepared.payments), CHUNK):
            Payment.objects.bulk_create(prepared.payments[start : start + CHUNK])
            if report is not None:
                report(len(entitlements), len(entitlements))
        for issue in prepared.issues:
            issue.batch, issue.region_id = batch, region.pk
            issue.payment = issue.payment  # takes over the key that bulk_create has given
        BatchIssue.objects.bulk_create(prepared.issues, batch_size=CHUNK)
        _count(batch)
        _record(batch, "prepare", actor, at)
    return batch


def _next_number(region: Region, month: dt.date) -> str:
    used = PaymentBatch.objects.filter(region=region, month=month).count()
    return f"PB-{month:%Y%m}-{used + 1:02d}"


def _count(batch: PaymentBatch) -> None:
    """Write what goes to the bank: lines neither held back nor of nothing."""
    sums = Payment.objects.filter(
        batch=batch, state__in=(PaymentState.PREPARED, PaymentState.SENT)
    ).aggregate(lines=Count("pk"), children=Count("child_id", distinct=True), total=Sum("amount"))
    batch.line_count, batch.child_count = sums["lines"], sums["children"]
    batch.total = sums["total"] or rules.ZERO
    batch.save(update_fields=["line_count", "child_count", "total"])


def _record(
    batch: PaymentBatch, name: str, actor: Actor, at: dt.datetime, reason: str = "", code: str = ""
) -> None:
    TransitionRecord.objects.create(
        subject=batch._meta.label_lower,
        subject_id=str(batch.pk),
        region_id=batch.region_id,
        name=name,
        source="" if name == "prepare" else batch.state,
        target=batch.state,
        user_id=actor.user_id or None,
        assignment_id=actor.assignment_id,
        role=actor.role,
        at=at,
        reason_code=code,
        reason=reason,
    )


def _open_for_clerk(batch_id: int, actor: Actor) -> PaymentBatch:
    """The batch locked; only the clerk changes lines, and only before approval."""
    batch = PaymentBatch.objects.select_for_update(of=("self",)).filter(pk=batch_id).first()
    if batch is None:
        raise BatchRefused(_("The record is no longer in your area."))
    if actor.role != Role.CLERK:
        raise BatchRefused(_("Your post does not have this duty."))
    if batch.state != BatchState.PREPARED:
        raise BatchRefused(_("The batch is already approved; its lines stay as they are."))
    return batch


def note_issue(*, actor: Actor, at: dt.datetime, issue: BatchIssue, note: str) -> BatchIssue:
    """The clerk explains an exception; the line is paid as calculated."""
    if not note.strip():
        raise BatchRefused(_("Write why the line may be paid as it is."))
    with transaction.atomic():
        _open_for_clerk(issue.batch_id, actor)
        issue.note, issue.noted_by_id, issue.noted_at = note.strip()[:200], actor.user_id, at
        issue.save(update_fields=["note", "noted_by", "noted_at"])
    return issue


def hold(*, actor: Actor, at: dt.datetime, payment: Payment, reason_code: str, note: str) -> Payment:
    """Hold a line back: it is explained and counted as due, and becomes arrears of a later batch when it
    is due then.
    """
    if reason_code not in HoldReason.values:
        raise BatchRefused(_("Choose a reason."))
    if not note.strip():
        raise BatchRefused(_("Write the reason in words."))
    with transaction.atomic():
        batch = _open_for_clerk(payment.batch_id, actor)
        line = Payment.objects.select_for_update(of=("self",)).get(pk=payment.pk)
        if line.state not in (PaymentState.PREPARED, PaymentState.HELD):
            raise BatchRefused(_("There is nothing to hold back on this line."))
        line.state, line.hold_reason = PaymentState.HELD, reason_code
        line.save(update_fields=["state", "hold_reason"])
        issue, _made = BatchIssue.objects.get_or_create(
            batch=batch,
            entitlement_id=line.entitlement_id,
            kind=IssueKind.HELD_BY_CLERK,
            defaults={"payment": line, "region_id": batch.region_id, "child_name": line.child_name},
        )
        issue.note, issue.noted_by_id, issue.noted_at = note.strip()[:200], actor.user_id, at
        issue.save(update_fields=["note", "noted_by", "noted_at"])
        _count(batch)
        _record(batch, "hold", actor, at, f"{line.line} {line.child_name}: {note.strip()}", reason_code)
    return line


def unhold(*, actor: Actor, at: dt.datetime, payment: Payment, note: str) -> Payment:
    """Let a line go again that was held back; one without an account stays held."""
    if not note.strip():
        raise BatchRefused(_("Write the reason in words."))
    with transaction.atomic():
        batch = _open_for_clerk(payment.batch_id, actor)
        line = Payment.objects.select_for_update(of=("self",)).get(pk=payment.pk)
        if line.state != PaymentState.HELD:
            raise BatchRefused(_("This line is not held back."))
        if not line.account:
            raise BatchRefused(
                _("This line has no account. Record the payee; the amount is paid as arrears next month.")
            )
        line.state, line.hold_reason = PaymentState.PREPARED, ""
        line.save(update_fields=["state", "hold_reason"])
        BatchIssue.objects.filter(
            batch=batch, entitlement_id=line.entitlement_id, kind=IssueKind.HELD_BY_CLERK
        ).update(note=note.strip()[:200], noted_by_id=actor.user_id, noted_at=at)
        _count(batch)
        _record(batch, "unhold", actor, at, f"{line.line} {line.child_name}: {note.strip()}")
    return line


def approve(*, actor: Actor, at: dt.datetime, batch: PaymentBatch) -> PaymentBatch:
    """Approve what was worked out. Refused while an exception has neither a note nor is its line held
    back.
    """
    done: PaymentBatch = perform(batch, "approve", at=at, actor=actor)
    return done


def send_back(*, actor: Actor, at: dt.datetime, batch: PaymentBatch, reason: str) -> PaymentBatch:
    """Return the batch to the clerk: its lines are cancelled, and the month can be prepared again.

    The approver does it before approval, the releaser after it.
    """
    name = "stop" if batch.state == BatchState.APPROVED else "return"
    with transaction.atomic():
        done: PaymentBatch = perform(batch, name, at=at, actor=actor, reason=reason)
        Payment.objects.filter(batch=done).update(cancelled=True)
    return done


def release(*, actor: Actor, at: dt.datetime, batch: PaymentBatch) -> PaymentBatch:
    """Release the money: the lines are sent, the bank files are written and archived. By a third person."""
    with transaction.atomic():
        done: PaymentBatch = perform(batch, "release", at=at, actor=actor)
        sums = Payment.objects.filter(batch=done, state=PaymentState.PREPARED).aggregate(
            lines=Count("pk"), total=Sum("amount"), without=Count("pk", filter=Q(account_digest__isnull=True))
        )
        if (sums["lines"], sums["total"] or rules.ZERO, sums["without"]) != (done.line_count, done.total, 0):
            raise BatchRefused(
                _("The lines do not add up to the approved total. Return the batch to the clerk.")
            )
        Payment.objects.filter(batch=done, state=PaymentState.PREPARED).update(state=PaymentState.SENT)
        if done.line_count:
            bank_files.write_files(done, at)
        else:
            done = perform(done, "reconcile", at=at, actor=actor)
    return done


def act(name: str, *, actor: Actor, at: dt.datetime, batch: PaymentBatch, reason: str = "") -> PaymentBatch:
    """Perform the act that a button names: approve, return, stop, release. Raises TransitionRefused."""
    if name == "approve":
        return approve(actor=actor, at=at, batch=batch)
    if name in ("return", "stop"):
        return send_back(actor=actor, at=at, batch=batch, reason=reason)
    if name == "release":
        return release(actor=actor, at=at, batch=batch)
    raise BatchRefused(_("This act does not exist."))
