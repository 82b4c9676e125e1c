"""What the clerk does about lines and exceptions of a batch before approval: explain, confirm, hold back, let go."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext as _

from staff.enums import Role
from staff.workflow import Actor
from subsidies.enums import CORRECTIONS, BatchState, HoldReason, IssueKind, PaymentKind, PaymentState
from subsidies.models import BatchIssue, Payment, PaymentBatch
from subsidies.preparing.refusals import BatchRefused
from subsidies.preparing.service import count, record
from subsidies.recovery import corrections


def open_for_clerk(batch_id: int, actor: Actor) -> PaymentBatch:
    """The batch locked; only the clerk changes lines, and only before approval. Raises BatchRefused."""
    batch = PaymentBatch.objects.select_for_update(of=("self",)).filter(pk=batch_id).first()
    if batch is None:
        raise BatchRefused(_("The record is no longer in your area."))
    if actor.role != Role.CLERK:
        raise BatchRefused(_("Your post does not have this duty."))
    if batch.state != BatchState.PREPARED:
        raise BatchRefused(_("The batch is already approved; its lines stay as they are."))
    return batch


def _text(note: str, refusal: str) -> str:
    if not note.strip():
        raise BatchRefused(refusal)
    return note.strip()[:200]


def note_issue(*, actor: Actor, at: dt.datetime, issue: BatchIssue, note: str) -> BatchIssue:
    """The clerk explains an exception; the line is paid as calculated. For a correction the note confirms it."""
    text = _text(note, _("Write why the line may be paid as it is."))
    with transaction.atomic():
        open_for_clerk(issue.batch_id, actor)
        issue.note, issue.noted_by_id, issue.noted_at = text, actor.user_id, at
        issue.save(update_fields=["note", "noted_by", "noted_at"])
    return issue


def note_issues(
    *, actor: Actor, at: dt.datetime, batch: PaymentBatch, kind: str, note: str, reason_key: str = ""
) -> int:
    """Explain at once every exception of a kind that has no note yet; ``reason_key`` narrows corrections to those of
    one reason (subsidies.reckoning.reasons.CORRECTION_REASONS). Returns how many.
    """
    text = _text(note, _("Write why the lines may be paid as they are."))
    with transaction.atomic():
        open_for_clerk(batch.pk, actor)
        issues = BatchIssue.objects.filter(batch=batch, kind=kind, note="")
        if reason_key:
            issues = issues.filter(detail__reason=reason_key)
        return issues.update(note=text, noted_by_id=actor.user_id, noted_at=at)


def decline(*, actor: Actor, at: dt.datetime, issue: BatchIssue, note: str) -> BatchIssue:
    """The clerk does not confirm a correction: arrears are held back, what was to be asked back is not asked back
    now. Both are proposed again by the next batch while they are still what is right.
    """
    text = _text(note, _("Write the reason in words."))
    if issue.kind not in CORRECTIONS:
        raise BatchRefused(_("Only a correction is declined; hold other lines back."))
    with transaction.atomic():
        batch = open_for_clerk(issue.batch_id, actor)
        if issue.kind == IssueKind.OVERPAID:
            corrections.decline(batch, issue.entitlement_id, note=text, actor=actor, at=at)
        else:
            Payment.objects.filter(
                batch=batch,
                entitlement_id=issue.entitlement_id,
                kind=PaymentKind.ARREARS,
                state=PaymentState.PREPARED,
            ).update(state=PaymentState.HELD, hold_reason=HoldReason.OTHER)
            count(batch)
        issue.note, issue.noted_by_id, issue.noted_at = text, actor.user_id, at
        issue.save(update_fields=["note", "noted_by", "noted_at"])
        record(batch, "decline", actor, at, f"{issue.child_name}: {text}")
    return issue


def hold(*, actor: Actor, at: dt.datetime, payment: Payment, reason_code: str, note: str) -> Payment:
    """Hold a line back: it is explained and counted as due, and becomes arrears of a later batch when it
    is due then.
    """
    if reason_code not in HoldReason.values:
        raise BatchRefused(_("Choose a reason."))
    text = _text(note, _("Write the reason in words."))
    with transaction.atomic():
        batch = open_for_clerk(payment.batch_id, actor)
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
        issue.note, issue.noted_by_id, issue.noted_at = text, actor.user_id, at
        issue.save(update_fields=["note", "noted_by", "noted_at"])
        count(batch)
        record(batch, "hold", actor, at, f"{line.line} {line.child_name}: {note.strip()}", reason_code)
    return line


def unhold(*, actor: Actor, at: dt.datetime, payment: Payment, note: str) -> Payment:
    """Let a line go again that was held back; one without an account stays held."""
    text = _text(note, _("Write the reason in words."))
    with transaction.atomic():
        batch = open_for_clerk(payment.batch_id, actor)
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
        ).update(note=text, noted_by_id=actor.user_id, noted_at=at)
        count(batch)
        record(batch, "unhold", actor, at, f"{line.line} {line.child_name}: {note.strip()}")
    return line
