"""Transition tables of visits, cases and discrepancies. Effects live in the services; this file is only the tables."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from cases.visit_enums import CaseState, ReturnReason, VisitState
from staff.enums import Role
from staff.workflow import Actor, Transition, Workflow

FIELD = frozenset({Role.DIRECTOR, Role.SUPERVISOR})
REVIEW = frozenset({Role.SUPERVISOR})
COUNTY = frozenset({Role.CLERK, Role.APPROVER})


def _own(visit: Any, actor: Actor) -> str | None:
    if visit.conducted_by_id != actor.user_id:
        return str(_("Only the person who made the visit may submit it."))
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
            needs_text=True, stamps=("closed_by", "closed_at"), icon="check",
        ),
    ),
)  # fmt: skip
