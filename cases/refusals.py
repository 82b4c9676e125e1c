"""Why something on the register is refused, in words for the person who asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from staff.enums import Role
from staff.workflow import Actor, TransitionRefused

if TYPE_CHECKING:
    from cases.duplicates.twins import Twins
    from cases.models import Child

FIELD = frozenset({Role.DIRECTOR, Role.SUPERVISOR, Role.CLERK})  # who keeps the files
REVIEWERS = frozenset({Role.SUPERVISOR, Role.CLERK})  # who decides about a child's standing


class RegisterRefused(TransitionRefused):
    """The change cannot be made; the message says why."""


class AlreadyRegistered(RegisterRefused):
    """The identity number is on a register already: ``child`` if the actor may see it, else None: no name."""

    def __init__(self, child: Child | None) -> None:
        self.child = child
        super().__init__(
            _("%(name)s is already on the register.") % {"name": child.name}
            if child is not None
            else _(
                "A child with this identity number is registered elsewhere. "
                "Ask the county bureau to arrange a transfer."
            )
        )


class NeedsConfirmation(RegisterRefused):
    """Unusual, but possible: done only when confirmed. ``warnings`` are (field, sentence) pairs; ``twins`` are the
    files that may be the same child's."""

    def __init__(self, warnings: list[tuple[str, str]], twins: Twins | None = None) -> None:
        self.warnings, self.twins = warnings, twins
        super().__init__(" ".join(text for _field, text in warnings))


def check_duty(actor: Actor, allowed: frozenset[Role]) -> None:
    """RegisterRefused when the post has not this duty. A system scope (user 0, no role) has every duty."""
    if actor.role not in allowed and (actor.user_id or actor.role):
        raise RegisterRefused(_("Your post does not have this duty."))
