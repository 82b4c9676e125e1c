"""Transition tables of visits, cases and discrepancies. Effects live in the services; this file is only the tables."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from cases.circumstances.enums import AssessmentState, DefectState, TransferState
from cases.field.enums import KeptState, SpotCheckState
from cases.matching.enums import Found, LeadState, RequestState
from cases.transfers.rules import ACCEPTERS, distance
from cases.visits.enums import CaseState, ReturnReason, VisitState
from staff import scope
from staff.enums import Role
from staff.workflow import Actor, Transition, Workflow

FIELD = frozenset({Role.DIRECTOR, Role.SUPERVISOR})
REVIEW = frozenset({Role.SUPERVISOR})
COUNTY = frozenset({Role.CLERK, Role.APPROVER})
DECIDERS = frozenset({Role.CLERK})


def _own(visit: Any, actor: Actor) -> str | None:
    if actor.user_id not in (visit.conducted_by_id, visit.entered_by_id):
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
            differs_from=("conducted_by", "entered_by"), stamps=("reviewed_by", "reviewed_at"), icon="check",
        ),
        Transition(
            "return", (VisitState.SUBMITTED,), VisitState.RETURNED, _("Return"), REVIEW, reasons=ReturnReason, needs_text=True,
            differs_from=("conducted_by", "entered_by"), stamps=("reviewed_by", "reviewed_at"), icon="arrow-back-up",
        ),
        Transition(
            "escalate", (VisitState.SUBMITTED,), VisitState.ESCALATED, _("Open a case"), REVIEW, needs_text=True,
            differs_from=("conducted_by", "entered_by"), stamps=("reviewed_by", "reviewed_at"), icon="arrow-up-right",
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
        Transition(
            "reopen", (CaseState.CLOSED,), CaseState.PLANNED, _("Open again"), REVIEW | COUNTY, needs_text=True,
            guard=_county_closes, icon="refresh",
        ),
    ),
)  # fmt: skip

# The township verifies, the county clerk decides; whoever pays is asked by hand, never by this.
DISCREPANCY = Workflow(
    "discrepancy",
    (
        Transition(
            "find", ("to_check", "verified"), "verified", _("Report what was found"), REVIEW, reasons=Found, needs_text=True,
            stamps=("verified_by", "verified_at"), icon="map-pin",
        ),
        Transition(
            "return", ("verified",), "to_check", _("Have it checked again"), DECIDERS, needs_text=True, icon="arrow-back-up",
        ),
        Transition(
            "true", ("to_check", "verified"), "true", _("True"), DECIDERS, needs_text=True,
            stamps=("decided_by", "decided_at"), icon="check",
        ),
        Transition(
            "untrue", ("to_check", "verified"), "untrue", _("Untrue"), DECIDERS, needs_text=True,
            stamps=("decided_by", "decided_at"), icon="x",
        ),
        Transition(
            "uncheckable", ("to_check", "verified"), "uncheckable", _("Cannot be checked"), DECIDERS, needs_text=True,
            stamps=("decided_by", "decided_at"), icon="circle-off",
        ),
        Transition("reopen", ("untrue", "uncheckable"), "to_check", _("Open again"), DECIDERS, needs_text=True, icon="refresh"),
        Transition(
            "close", ("true", "untrue", "uncheckable"), "closed", _("Give feedback and close"), DECIDERS, needs_text=True,
            stamps=("closed_by", "closed_at"), icon="check",
        ),
    ),
)  # fmt: skip

# 政策找人: the township assigns, the village visits and helps to apply, the county knows when a child is brought in.
LEAD = Workflow(
    "lead",
    (
        Transition(
            "assign", (LeadState.FOUND, LeadState.ASSIGNED), LeadState.ASSIGNED, _("Assign the visit"), REVIEW | DECIDERS,
            icon="user",
        ),
        Transition(
            "visit", (LeadState.FOUND, LeadState.ASSIGNED), LeadState.VISITED, _("Record the visit"), FIELD, needs_text=True,
            stamps=("visited_by", "visited_at"), icon="clipboard-text",
        ),
        Transition(
            "apply", (LeadState.VISITED,), LeadState.APPLYING, _("Take into the register and help to apply"), FIELD | DECIDERS,
            automatic=True,
        ),
        Transition(
            "bring_in", (LeadState.FOUND, LeadState.ASSIGNED, LeadState.VISITED, LeadState.APPLYING), LeadState.BROUGHT_IN,
            _("Brought into scope"),
            FIELD | COUNTY, automatic=True, stamps=("closed_by", "closed_at"),
        ),
        Transition(
            "drop", (LeadState.FOUND, LeadState.ASSIGNED, LeadState.VISITED, LeadState.APPLYING), LeadState.DROPPED,
            _("Does not qualify"), REVIEW | DECIDERS, needs_text=True, stamps=("closed_by", "closed_at"), icon="x",
        ),
        Transition("reopen", (LeadState.DROPPED,), LeadState.FOUND, _("Open again"), DECIDERS, needs_text=True, icon="refresh"),
    ),
)  # fmt: skip


def _has_list(request: Any, actor: Actor) -> str | None:
    if request.file_id is None:
        return str(_("Make the list first."))
    return None


# Giving personal data to another department: asked by one person, approved by another, sent, answered, told.
DATA_REQUEST = Workflow(
    "data_request",
    (
        Transition("submit", (RequestState.DRAFT,), RequestState.SUBMITTED, _("Ask for approval"), DECIDERS, icon="arrow-up-right"),
        Transition(
            "approve", (RequestState.SUBMITTED,), RequestState.APPROVED, _("Approve"), frozenset({Role.APPROVER}),
            differs_from=("requested_by",), stamps=("approved_by", "approved_at"), icon="check",
        ),
        Transition(
            "refuse", (RequestState.SUBMITTED,), RequestState.REFUSED, _("Do not approve"), frozenset({Role.APPROVER}),
            needs_text=True, differs_from=("requested_by",), stamps=("approved_by", "approved_at"), icon="x",
        ),
        Transition("send", (RequestState.APPROVED,), RequestState.SENT, _("Hand over"), DECIDERS, guard=_has_list, icon="check"),
        Transition("answer", (RequestState.SENT, RequestState.ANSWERED), RequestState.ANSWERED, _("Answer received"), DECIDERS, automatic=True),
        Transition(
            "await", (RequestState.ANSWERED,), RequestState.SENT, _("Answer taken back"), DECIDERS, automatic=True, icon="corner-up-left"
        ),
        Transition("close", (RequestState.ANSWERED,), RequestState.CLOSED, _("Return the feedback"), DECIDERS, icon="check"),
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


# A visit that came for a child who is no longer there: somebody who sees both places puts it into the file.
def _keeps(kept: Any, actor: Actor) -> str | None:
    if not scope.current().covers(kept.region_id):
        return str(_("Only those who keep the visit decide this."))
    return None


def _is_asked(kept: Any, actor: Actor) -> str | None:
    if not scope.current().covers(kept.offered_to_id or 0):
        return str(_("Only the county that is asked decides this."))
    return None


KEPT_VISIT = Workflow(
    "kept_visit",
    (
        Transition(
            "place", (KeptState.KEPT, KeptState.OFFERED), KeptState.PLACED, _("Put into the file"), REVIEW | COUNTY,
            stamps=("decided_by", "decided_at"), icon="check",
        ),
        Transition(
            "offer", (KeptState.KEPT,), KeptState.OFFERED, _("Offer to the file's county"), REVIEW | COUNTY, guard=_keeps,
            icon="send",
        ),
        Transition(
            "take_back", (KeptState.OFFERED,), KeptState.KEPT, _("Take back"), REVIEW | COUNTY, guard=_keeps,
            icon="arrow-back-up",
        ),
        Transition(
            "decline", (KeptState.OFFERED,), KeptState.KEPT, _("Decline"), COUNTY, guard=_is_asked, needs_text=True, icon="x",
        ),
        Transition(
            "dismiss", (KeptState.KEPT,), KeptState.DISMISSED, _("Do not place"), REVIEW | COUNTY, needs_text=True,
            stamps=("decided_by", "decided_at"), icon="x",
        ),
    ),
)  # fmt: skip
SPOT_CHECK = Workflow(
    "spot_check",
    (
        Transition(
            "confirm", (SpotCheckState.DRAWN, SpotCheckState.UNREACHED), SpotCheckState.CONFIRMED, _("Confirmed by phone"),
            REVIEW | COUNTY, differs_from=("visited_by",), stamps=("checked_by", "checked_at"), icon="check",
        ),
        Transition(
            "contradict", (SpotCheckState.DRAWN, SpotCheckState.UNREACHED), SpotCheckState.CONTRADICTED,
            _("The family says otherwise"), REVIEW | COUNTY, needs_text=True, differs_from=("visited_by",),
            stamps=("checked_by", "checked_at"), icon="x",
        ),
        Transition(
            "unreached", (SpotCheckState.DRAWN,), SpotCheckState.UNREACHED, _("Nobody could be reached"), REVIEW | COUNTY,
            differs_from=("visited_by",), stamps=("checked_by", "checked_at"), icon="phone-call",
        ),
    ),
)  # fmt: skip
