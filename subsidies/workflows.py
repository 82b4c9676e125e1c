"""Transition tables of applications, entitlements and payment batches."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from staff.enums import Role
from staff.workflow import Actor, Guard, Transition, Workflow
from subsidies.aid.enums import CheckMethod, CheckResult
from subsidies.enums import CORRECTIONS, EndReason, RefusalReason
from subsidies.enums import ApplicationState as A
from subsidies.enums import BatchState as B
from subsidies.enums import EntitlementState as E

APPLICANTS = frozenset({Role.DIRECTOR, Role.SUPERVISOR})
VERIFIERS = frozenset({Role.SUPERVISOR})
CLERKS = frozenset({Role.CLERK})
APPROVERS = frozenset({Role.APPROVER})
RELEASERS = frozenset({Role.RELEASER})


def _asked_once(application: Any, actor: Actor) -> str | None:
    """Missing documents are asked for once, all together."""
    if application.supplement_asked_at is not None:
        return str(
            _(
                "Documents have been asked for once, in writing. They are not asked for again: decide on what there is."
            )
        )
    return None


def _not_taken_up(application: Any, actor: Actor) -> str | None:
    return None if application.clock_left is None else str(_("The township has taken it up already."))


def _taken_up(application: Any, actor: Actor) -> str | None:
    return None if application.clock_left is not None else str(_("The township has not taken it up yet."))


def _looked_into(application: Any, actor: Actor) -> str | None:
    """At least one check is on record; what data contradict is settled at the home, among neighbours or by letter."""
    checks = [(check.method, check.result) for check in application.checks.all()]
    if not checks:
        return str(_("First record how it was verified."))
    methods = {method for method, _result in checks}
    if any(result == CheckResult.CONTRADICTS for _method, result in checks) and methods <= {
        CheckMethod.DATA_MATCH
    }:
        return str(
            _(
                "The data contradict the application: visit the home, ask neighbours or write a letter, and record it."
            )
        )
    return None


APPLICATION = Workflow(
    "application",
    (
        Transition("accept", (A.SUBMITTED,), A.VERIFYING, _("Accept"), VERIFIERS, differs_from=("applied_by",), icon="check"),
        Transition(
            "ask_supplement", (A.SUBMITTED, A.VERIFYING), A.SUPPLEMENT, _("Ask for documents"), VERIFIERS,
            needs_text=True, differs_from=("applied_by",), guard=_asked_once, icon="corner-up-left",
        ),
        # Back to where the application was when documents were asked for.
        Transition(
            "resubmit", (A.SUPPLEMENT,), A.SUBMITTED, _("Documents added, submit again"), APPLICANTS, needs_text=True,
            guard=_not_taken_up, icon="send",
        ),
        Transition(
            "resume", (A.SUPPLEMENT,), A.VERIFYING, _("Documents added, go on"), APPLICANTS, needs_text=True,
            guard=_taken_up, icon="send",
        ),
        Transition(
            "verify", (A.VERIFYING,), A.CHECKING, _("Verified, pass to the county"), VERIFIERS, needs_text=True,
            differs_from=("applied_by",), stamps=("verified_by", "verified_at"), guard=_looked_into, icon="check",
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
            "refuse", (A.TO_CONFIRM,), A.REFUSED, _("Do not confirm"), APPROVERS, reasons=RefusalReason, needs_text=True,
            differs_from=("applied_by", "verified_by", "checked_by"), stamps=("decided_by", "decided_at"), icon="x", danger=True,
        ),
        Transition(
            "withdraw", (A.SUBMITTED, A.SUPPLEMENT, A.VERIFYING, A.CHECKING, A.TO_CONFIRM), A.WITHDRAWN, _("Withdraw"),
            APPLICANTS, needs_text=True, icon="x",
        ),
    ),
)  # fmt: skip


def _proposes(key: str) -> Guard:
    """What is decided is what was proposed: other terms, or a later last month."""

    def guard(entitlement: Any, actor: Actor) -> str | None:
        return None if key in entitlement.proposed else str(_("Something else is proposed."))

    return guard


ENTITLEMENT = Workflow(
    "entitlement",
    (
        Transition("recheck", (E.ACTIVE,), E.RECHECKING, _("Start a re-check"), VERIFIERS | CLERKS, needs_text=True, icon="search"),
        Transition(
            "keep", (E.RECHECKING, E.ENDING, E.CHANGING), E.ACTIVE, _("Still entitled"), CLERKS | APPROVERS, needs_text=True,
            icon="check",
        ),
        Transition(
            "propose_end", (E.ACTIVE, E.RECHECKING, E.CHANGING), E.ENDING, _("Propose to end"), CLERKS, reasons=EndReason,
            needs_text=True, stamps=("proposed_by", "proposed_at"), icon="x",
        ),
        Transition(
            "end", (E.ENDING,), E.ENDED, _("End"), APPROVERS, reasons=EndReason, needs_text=True,
            differs_from=("proposed_by",), stamps=("decided_by", "decided_at"), icon="x", danger=True,
        ),
        Transition(
            "propose_change", (E.ACTIVE, E.RECHECKING), E.CHANGING, _("Propose other terms"), CLERKS, needs_text=True,
            stamps=("proposed_by", "proposed_at"), icon="pencil",
        ),
        Transition(
            "change", (E.CHANGING,), E.ENDED, _("Continue on the proposed terms"), APPROVERS, needs_text=True,
            guard=_proposes("from_month"), differs_from=("proposed_by",), stamps=("decided_by", "decided_at"), icon="check",
        ),
        Transition(
            "extend", (E.CHANGING,), E.ACTIVE, _("Extend"), APPROVERS, needs_text=True, guard=_proposes("until"),
            differs_from=("proposed_by",), stamps=("decided_by", "decided_at"), icon="check",
        ),
    ),
)  # fmt: skip


def _explained(batch: Any, actor: Actor) -> str | None:
    """Every exception has the clerk's note, or its line is held back; corrections are confirmed or declined, always."""
    held = Q(payment__state="held") & ~Q(kind__in=CORRECTIONS)
    open_issues = batch.issues.filter(note="").exclude(held).count()
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
