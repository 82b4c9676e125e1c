"""Transition tables of applications, entitlements and payment batches."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from staff.enums import Role
from staff.workflow import Actor, Transition, Workflow
from subsidies.enums import ApplicationState as A
from subsidies.enums import BatchState as B
from subsidies.enums import EndReason, RefusalReason
from subsidies.enums import EntitlementState as E

APPLICANTS = frozenset({Role.DIRECTOR, Role.SUPERVISOR})
VERIFIERS = frozenset({Role.SUPERVISOR})
CLERKS = frozenset({Role.CLERK})
APPROVERS = frozenset({Role.APPROVER})
RELEASERS = frozenset({Role.RELEASER})

APPLICATION = Workflow(
    "application",
    (
        Transition("accept", (A.SUBMITTED, A.SUPPLEMENT), A.VERIFYING, _("Accept"), VERIFIERS, differs_from=("applied_by",), icon="check"),
        Transition(
            "ask_supplement", (A.SUBMITTED, A.VERIFYING), A.SUPPLEMENT, _("Ask for documents"), VERIFIERS,
            needs_text=True, differs_from=("applied_by",), icon="corner-up-left",
        ),
        Transition("resubmit", (A.SUPPLEMENT,), A.SUBMITTED, _("Documents added, submit again"), APPLICANTS, needs_text=True, icon="send"),
        Transition(
            "verify", (A.VERIFYING,), A.CHECKING, _("Verified, pass to the county"), VERIFIERS, needs_text=True,
            differs_from=("applied_by",), stamps=("verified_by", "verified_at"), icon="check",
        ),
        Transition(
            "return", (A.CHECKING,), A.VERIFYING, _("Return to the township"), CLERKS, needs_text=True,
            differs_from=("applied_by", "verified_by"), icon="corner-up-left",
        ),
        Transition(
            "check", (A.CHECKING,), A.TO_CONFIRM, _("Checked, submit for confirmation"), CLERKS,
            differs_from=("applied_by", "verified_by"), stamps=("checked_by", "checked_at"), icon="check",
        ),
        Transition(
            "confirm", (A.TO_CONFIRM,), A.CONFIRMED, _("Confirm"), APPROVERS,
            differs_from=("applied_by", "verified_by", "checked_by"), stamps=("decided_by", "decided_at"), icon="check",
        ),
        Transition(
            "refuse", (A.TO_CONFIRM,), A.REFUSED, _("Refuse"), APPROVERS, reasons=RefusalReason, needs_text=True,
            differs_from=("applied_by", "verified_by", "checked_by"), stamps=("decided_by", "decided_at"), icon="x", danger=True,
        ),
        Transition(
            "withdraw", (A.SUBMITTED, A.SUPPLEMENT, A.VERIFYING, A.CHECKING, A.TO_CONFIRM), A.WITHDRAWN, _("Withdraw"),
            APPLICANTS, needs_text=True, icon="x",
        ),
    ),
)  # fmt: skip

ENTITLEMENT = Workflow(
    "entitlement",
    (
        Transition("recheck", (E.ACTIVE,), E.RECHECKING, _("Start a re-check"), VERIFIERS | CLERKS, needs_text=True, icon="search"),
        Transition("keep", (E.RECHECKING, E.ENDING), E.ACTIVE, _("Still entitled"), CLERKS, needs_text=True, icon="check"),
        Transition(
            "propose_end", (E.ACTIVE, E.RECHECKING), E.ENDING, _("Propose to end"), CLERKS, reasons=EndReason,
            needs_text=True, icon="x",
        ),
        Transition("end", (E.ENDING,), E.ENDED, _("End"), APPROVERS, reasons=EndReason, needs_text=True, icon="x", danger=True),
    ),
)  # fmt: skip


def _explained(batch: Any, actor: Actor) -> str | None:
    """Every exception has the clerk's note, or its line is held back."""
    open_issues = batch.issues.filter(note="").exclude(payment__state="held").count()
    if open_issues:
        return ngettext(
            "%(count)d exception has neither a note nor is its line held back.",
            "%(count)d exceptions have neither a note nor are their lines held back.",
            open_issues,
        ) % {"count": open_issues}
    return None


BATCH = Workflow(
    "batch",
    (
        Transition(
            "approve", (B.PREPARED,), B.APPROVED, _("Approve"), APPROVERS, differs_from=("prepared_by",),
            stamps=("approved_by", "approved_at"), guard=_explained, icon="check",
        ),
        Transition("return", (B.PREPARED,), B.RETURNED, _("Return to the clerk"), APPROVERS, needs_text=True, icon="corner-up-left"),
        Transition(
            "release", (B.APPROVED,), B.RELEASED, _("Release"), RELEASERS, differs_from=("prepared_by", "approved_by"),
            stamps=("released_by", "released_at"), icon="cash",
        ),
        Transition(
            "stop", (B.APPROVED,), B.RETURNED, _("Return to the clerk"), RELEASERS, needs_text=True,
            differs_from=("prepared_by",), icon="corner-up-left",
        ),
        Transition(
            "reconcile", (B.RELEASED,), B.RECONCILED, _("Reconcile"), CLERKS | RELEASERS,
            stamps=("reconciled_by", "reconciled_at"), automatic=True,
        ),
    ),
)  # fmt: skip
