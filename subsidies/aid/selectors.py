"""What the child's panel shows of other help."""

from __future__ import annotations

from typing import Any

from staff.enums import Role
from staff.workflow import Actor
from subsidies.aid.insurance import of_child
from subsidies.models import DisabilitySubsidy, TemporaryRelief, WelfareService

SHOWN = 5


def child_aid(child_id: int) -> dict[str, Any]:
    """Context of ``subsidies/_child_aid.html``: insurance, services, disability subsidies, relief. Four queries."""
    role = Actor.current().role
    return {
        "covers": of_child(child_id),
        "services": list(WelfareService.objects.filter(child=child_id)[:SHOWN]),
        "disability": list(
            DisabilitySubsidy.objects.filter(child=child_id).order_by("-start_month", "kind")[:SHOWN]
        ),
        "relief": list(TemporaryRelief.objects.filter(child=child_id)[:SHOWN]),
        "may_serve": role in (Role.SUPERVISOR, Role.CLERK),
        "may_insure": role == Role.CLERK,
        "may_ask": role in (Role.DIRECTOR, Role.SUPERVISOR, Role.CLERK),
    }
