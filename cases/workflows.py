"""Transition tables of visits, cases and discrepancies. Effects live in the services; this file is only the tables."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from cases.circumstance_enums import AssessmentState, DefectState, TransferState
from cases.discrepancy_enums import Found
from cases.transfer_rules import ACCEPTERS, distance
from cases.visit_enums import CaseState, ReturnReason, VisitState
from staff import scope
from staff.enums import Role
from staff.workflow import Actor, Transition, Workflow

FIELD = frozenset({Role.DIRECTOR, Role.SUPERVISOR})
REVIEW = frozenset({Role.SUPERVISOR})
COUNTY = frozenset({Role.CLERK, Role.APPROVER})
DECIDERS = frozenset({Role.CLERK})


def _own(visit: Any, actor: Actor) -> str | None:
    if visit.conducted_by_id != actor.user_id:
        return str(_("Only the person who made the visit may submit it."))
    return None


def _county_closes(case: Any, actor: Actor) -> str | None:
    if case.at_county and actor.role not in COUNTY:
        return str(_("The county has taken this case over and closes it."))
    return None


VISIT = Workflow(
    "visit",
    (
        Transition(
            "submit", (VisitState.DRAFT, VisitState.RETURNED), VisitState.SUBMITTED, _("Submit"), FIELD, guard=_own, automatic=True
        ),
        Transition(
            "approve", (VisitState.SUBMITTED,), VisitState.APPROVED, _("Approve"), REVIEW,
            differs_from=("conducted_by",), stamps=("reviewed_by", "reviewed_at"), icon="check",
        ),
        Transition(
            "return", (VisitState.SUBMITTED,), VisitState.RETURNED, _("Return"), REVIEW, reasons=ReturnReason, needs_text=True,
            differs_from=("conducted_by",), stamps=("reviewed_by", "reviewed_at"), icon="arrow-back-up",
        ),
        Transition(
            "escalate", (VisitState.SUBMITTED,), VisitState.ESCALATED, _("Open a case"), REVIEW, needs_text=True,
            differs_from=("conducted_by",), stamps=("reviewed_by", "reviewed_at"), icon="arrow-up-right",
        ),
    ),
)  # fmt: skip

CASE = Workflow(
    "case",
    (
        Transition("plan", (CaseState.OPEN,), CaseState.PLANNED, _("Set the plan"), FIELD | COUNTY, automatic=True),
        Transition(
            "escalate", (CaseState.OPEN, CaseState.PLANNED), CaseState.ESCALATED, _("Escalate to the county"), REVIEW,
            needs_text=True, icon="arrow-up-right",
        ),
        Transition(
            "take_over", (CaseState.ESCALATED,), CaseState.PLANNED, _("Take over"), COUNTY, icon="check",
        ),
        Transition(
            "close", (CaseState.OPEN, CaseState.PLANNED), CaseState.CLOSED, _("Close"), REVIEW | COUNTY,
            needs_text=True, guard=_county_closes, stamps=("closed_by", "closed_at"), icon="check",
        ),
    ),
)  # fmt: skip

# The township reports what it found, the county clerk decides; whoever pays is asked by hand, never by this.
DISCREPANCY = Workflow(
    "discrepancy",
    (
        Transition(
            "find", ("to_check",), "to_check", _("Report what was found"), REVIEW, reasons=Found, needs_text=True, icon="map-pin",
        ),
        Transition(
            "true", ("to_check",), "true", _("True"), DECIDERS, needs_text=True,
            stamps=("decided_by", "decided_at"), icon="check",
        ),
        Transition(
            "untrue", ("to_check",), "untrue", _("Untrue"), DECIDERS, needs_text=True,
            stamps=("decided_by", "decided_at"), icon="x",
        ),
        Transition(
            "uncheckable", ("to_check",), "uncheckable", _("Cannot be checked"), DECIDERS, needs_text=True,
            stamps=("decided_by", "decided_at"), icon="circle-off",
        ),
        Transition("reopen", ("untrue", "uncheckable"), "to_check", _("Open again"), DECIDERS, needs_text=True, icon="refresh"),
    ),
)  # fmt: skip

# Whoever finds a defect solved does not check it; the supervisor or the county does.
DEFECT = Workflow(
    "defect",
    (
        Transition("follow", (DefectState.OPEN,), DefectState.FOLLOWED, _("Follow"), FIELD | DECIDERS, automatic=True),
        Transition(
            "solve", (DefectState.OPEN, DefectState.FOLLOWED), DefectState.SOLVED, _("Solved"), FIELD | DECIDERS, needs_text=True,
            stamps=("solved_by", "solved_at"), icon="check", automatic=True,
        ),
        Transition(
            "close", (DefectState.SOLVED,), DefectState.CLOSED, _("Checked, close"), REVIEW | DECIDERS,
            differs_from=("solved_by",), stamps=("checked_by", "checked_at"), icon="check",
        ),
        Transition(
            "reopen", (DefectState.SOLVED, DefectState.CLOSED, DefectState.VOID), DefectState.FOLLOWED, _("Open again"),
            REVIEW | DECIDERS, needs_text=True, icon="refresh",
        ),
        Transition(
            "void", (DefectState.OPEN, DefectState.FOLLOWED), DefectState.VOID, _("None, or exempt"), REVIEW | DECIDERS,
            needs_text=True, icon="circle-off",
        ),
    ),
)  # fmt: skip


def _receives(transfer: Any, actor: Actor) -> str | None:
    if not scope.current().covers(transfer.to_region_id):
        return str(_("The receiving side decides this."))
    if actor.role not in ACCEPTERS[distance(transfer.region_id, transfer.to_region_id)]:
        return str(_("A transfer that far is decided by the supervisor or the county."))
    return None


def _sends(transfer: Any, actor: Actor) -> str | None:
    if not scope.current().covers(transfer.region_id):
        return str(_("Only the sending side can withdraw it."))
    return None


# The receiving side accepts: another person than the one who proposed, whose area covers the new village.
TRANSFER = Workflow(
    "transfer",
    (
        Transition(
            "accept", (TransferState.PROPOSED,), TransferState.ACCEPTED, _("Accept the child"), FIELD | DECIDERS,
            guard=_receives, differs_from=("proposed_by",), stamps=("decided_by", "decided_at"), icon="check",
        ),
        Transition(
            "refuse", (TransferState.PROPOSED,), TransferState.REFUSED, _("Do not accept"), FIELD | DECIDERS,
            guard=_receives, needs_text=True, stamps=("decided_by", "decided_at"), icon="x",
        ),
        Transition(
            "withdraw", (TransferState.PROPOSED,), TransferState.WITHDRAWN, _("Withdraw"), FIELD | DECIDERS,
            guard=_sends, needs_text=True, stamps=("decided_by", "decided_at"), icon="arrow-back-up",
        ),
    ),
)  # fmt: skip

# A worse colour follows an assessment at once; a better one waits for somebody other than the assessor (4.1).
ASSESSMENT = Workflow(
    "assessment",
    (
        Transition(
            "lower", (AssessmentState.PROPOSED,), AssessmentState.LOWERED, _("Lower the colour"), REVIEW | DECIDERS,
            needs_text=True, differs_from=("assessed_by",), stamps=("decided_by", "decided_at"), icon="check",
        ),
        Transition(
            "hold", (AssessmentState.PROPOSED,), AssessmentState.HELD, _("Leave the colour"), REVIEW | DECIDERS,
            needs_text=True, stamps=("decided_by", "decided_at"), icon="x",
        ),
        Transition(
            "supersede", (AssessmentState.PROPOSED,), AssessmentState.SUPERSEDED, _("Superseded"), FIELD | DECIDERS,
            automatic=True,
        ),
    ),
)  # fmt: skip
