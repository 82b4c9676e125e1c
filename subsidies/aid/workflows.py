"""Transition table of temporary relief."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from staff.enums import Role
from staff.workflow import Actor, Transition, Workflow
from subsidies.aid.enums import ReliefRoute
from subsidies.aid.enums import ReliefState as R

ASKERS = frozenset({Role.DIRECTOR, Role.SUPERVISOR, Role.CLERK})
DECIDERS = frozenset({Role.SUPERVISOR, Role.CLERK, Role.APPROVER})


def _in_ones_power(relief: Any, actor: Actor) -> str | None:
    """The township gives its own goods; everything else is the county's to decide."""
    if actor.role == Role.SUPERVISOR and relief.route != ReliefRoute.STREET_GOODS:
        return _now("The township decides about its own goods only. The county decides about this.")
    return None


RELIEF = Workflow(
    "relief",
    (
        Transition(
            "grant", (R.ASKED,), R.GRANTED, _("Grant"), DECIDERS, guard=_in_ones_power, differs_from=("asked_by",),
            stamps=("decided_by", "decided_at"), icon="check",
        ),
        Transition(
            "refuse", (R.ASKED,), R.REFUSED, _("Refuse"), DECIDERS, guard=_in_ones_power, differs_from=("asked_by",),
            stamps=("decided_by", "decided_at"), needs_text=True, icon="x", danger=True,
        ),
        Transition("give", (R.GRANTED,), R.GIVEN, _("It was given"), ASKERS, icon="heart-handshake"),
    ),
)  # fmt: skip
