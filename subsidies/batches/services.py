"""Payment batches: prepared by a clerk, approved by an approver, released by a third person. Never the
same month twice.

A batch is worked out in one transaction under a lock of its county and scheme, so a worker that dies
leaves nothing, and two at once give one batch; the unique constraints of payments are the last net.
"""

from __future__ import annotations

import datetime as dt

from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from staff import jobs
from staff.models import Job, Region
from staff.sign_in import Proof
from staff.templatetags.look import moment
from staff.workflow import Actor, perform
from subsidies.bank import files as bank_files
from subsidies.batches.notes import decline, hold, note_issue, note_issues, unhold
from subsidies.batches.since import refuse_changed
from subsidies.budgets import services as budgets
from subsidies.enums import BatchState, PaymentState
from subsidies.ledger import entries as ledger
from subsidies.ledger.enums import EntryKind
from subsidies.models import Payment, PaymentBatch, Scheme
from subsidies.preparing.refusals import BatchRefused
from subsidies.preparing.service import check_start, prepare_batch, present_batch
from subsidies.reckoning.months import month_of
from subsidies.recovery import corrections

__all__ = [
    "act",
    "approve",
    "decline",
    "hold",
    "note_issue",
    "note_issues",
    "prepare_batch",
    "present_batch",
    "release",
    "send_back",
    "start_preparation",
    "unhold",
]
JOB = "subsidies.prepare_batch"
# How long a password typed again stands for an act.
PROOF_LASTS = dt.timedelta(minutes=5)
# What the database refuses about a release, in words for the releaser.
RELEASE_REFUSED = {
    "batch_releaser_apart": gettext_lazy(
        "You applied for, verified, checked or confirmed the allowance of a child in this batch, "
        "so another releaser must release it."
    ),
    "batch_adds_up": gettext_lazy(
        "The lines do not add up to the approved total. Return the batch to the clerk."
    ),
    "batch_posted": gettext_lazy(
        "The ledger does not hold the approved total. Tell the administrator; nothing was released."
    ),
}


def start_preparation(
    *, actor: Actor, at: dt.datetime, region: Region, scheme: Scheme, month: dt.date
) -> Job:
    """Queue the work; the page then shows its progress. Raises BatchRefused before anything is queued."""
    month = month_of(month)
    check_start(actor, region, scheme, month)
    return jobs.start(
        JOB,
        region_id=region.pk,
        arguments={"scheme": scheme.pk, "month": month.isoformat(), "at": at.isoformat()},
        at=at,
        done_url=reverse("subsidies:batches"),
    )


def approve(
    *, actor: Actor, at: dt.datetime, batch: PaymentBatch, over_budget_note: str = ""
) -> PaymentBatch:
    """Approve what was worked out, and commit the money. Refused while an exception has neither a note nor is
    its line held back, and while funds do not suffice unless it is written why.
    """
    with transaction.atomic():
        _in_order(at, batch.prepared_at)
        # Until the end nobody changes its lines; what was read before may be out of date.
        locked = PaymentBatch.objects.select_for_update(of=("self",)).filter(pk=batch.pk).first()
        budgets.refuse_overspending(locked or batch, over_budget_note)
        refuse_changed(locked or batch, at)
        fields = {"over_budget_note": over_budget_note.strip()[:200]}
        done: PaymentBatch = perform(batch, "approve", at=at, actor=actor, fields=fields)
        corrections.confirm(done, actor=actor, at=at)
        ledger.post_batch(EntryKind.COMMITMENT, done, at=at, actor=actor)
    return done


def send_back(*, actor: Actor, at: dt.datetime, batch: PaymentBatch, reason: str) -> PaymentBatch:
    """Return the batch to the clerk: its lines are cancelled, and the month can be prepared again.

    The approver does it before approval, the releaser after it.
    """
    name = "stop" if batch.state == BatchState.APPROVED else "return"
    _in_order(at, batch.approved_at or batch.prepared_at)
    with transaction.atomic():
        done: PaymentBatch = perform(batch, name, at=at, actor=actor, reason=reason)
        if name == "stop":
            ledger.post_batch(EntryKind.CANCELLATION, done, at=at, actor=actor)
        Payment.objects.filter(batch=done).update(cancelled=True)
        corrections.give_back(done, at=at)
    return done


def release(*, actor: Actor, at: dt.datetime, batch: PaymentBatch, proof: Proof) -> PaymentBatch:
    """Release the money, by a third person who has just proved who they are: the lines are sent, the ledger is
    posted, and a job writes the files for the bank. Raises BatchRefused, TransitionRefused.
    """
    if proof.user_id != actor.user_id or not dt.timedelta(0) <= at - proof.at <= PROOF_LASTS:
        raise BatchRefused(_("Enter your password again."))
    try:
        with transaction.atomic():
            locked = PaymentBatch.objects.select_for_update(of=("self",)).filter(pk=batch.pk).first()
            if locked is not None and locked.state == BatchState.APPROVED:
                _in_order(at, locked.approved_at or locked.prepared_at)
                refuse_changed(locked, at)
                # Posted first: the database lets nothing be released that is not in the ledger.
                ledger.post_batch(EntryKind.RELEASE, locked, at=at, actor=actor)
            done: PaymentBatch = perform(
                batch, "release", at=at, actor=actor, fields={"release_proof": proof.how}
            )
            lines = Payment.objects.filter(batch=done, state=PaymentState.PREPARED)
            if lines.filter(account_digest__isnull=True).exists():
                raise BatchRefused(_("A line has no account. Return the batch to the clerk."))
            sent = lines.update(state=PaymentState.SENT)
            if sent != done.line_count:
                raise BatchRefused(str(RELEASE_REFUSED["batch_adds_up"]))
            corrections.mark_held(done)
            if sent:
                bank_files.start_files(done, at)
            else:
                done = perform(done, "reconcile", at=at, actor=actor)
    except IntegrityError as error:
        sentence = next((text for name, text in RELEASE_REFUSED.items() if name in str(error)), None)
        if sentence is None:
            raise
        raise BatchRefused(str(sentence)) from error
    return done


def _in_order(at: dt.datetime, before: dt.datetime) -> None:
    """A step is never dated before the one it follows: a clock that went back is put right first."""
    if at < before:
        raise BatchRefused(
            _(
                "The server's clock shows %(now)s, but the step before was taken at %(before)s. "
                "Have the clock set right, then try again."
            )
            % {"now": moment(at), "before": moment(before)}
        )


def act(
    name: str,
    *,
    actor: Actor,
    at: dt.datetime,
    batch: PaymentBatch,
    reason: str = "",
    over_budget_note: str = "",
) -> PaymentBatch:
    """Perform the act that a button names: approve, return, stop. Raises TransitionRefused."""
    if name == "approve":
        return approve(actor=actor, at=at, batch=batch, over_budget_note=over_budget_note)
    if name in ("return", "stop"):
        return send_back(actor=actor, at=at, batch=batch, reason=reason)
    raise BatchRefused(_("This act does not exist."))
