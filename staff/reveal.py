"""Protected values (identity number, phone, account) shown in full for a stated reason, and logged.

An app registers what can be revealed with :func:`revealable`, in a module that its AppConfig.ready imports::

    @revealable("child-identity", label=_("identity number"), roles={Role.DIRECTOR, …})
    def child_identity(pk: int) -> Revealed:
        child = Child.objects.get(pk=pk)
        return Revealed(child.id_number, child_id=child.pk, region_id=child.region_id, person=child.name)

The function reads through the open scope, so a record out of scope raises DoesNotExist and the page answers
404. The address is ``{% url "staff:reveal" "child-identity" child.pk %}``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from staff.audit import log_access
from staff.enums import Role
from staff.models import AccessLog
from staff.scope import current
from staff.workflow import TransitionRefused

KEPT_ON_SCREEN_SECONDS = 60


class RevealReason(models.TextChoices):
    """Why somebody needs the whole value. ``OTHER`` needs words."""

    VERIFY = "verify", gettext_lazy("Check against a document")
    APPLY = "apply", gettext_lazy("Fill in an application or a form of another office")
    CONTACT = "contact", gettext_lazy("Reach the family")
    PAY = "pay", gettext_lazy("Check a payment")
    OTHER = "other", gettext_lazy("Another reason")


class Revealed(NamedTuple):
    """A value in full; ``child_id`` and ``region_id`` place it in the access log, ``person`` names whose it
    is.
    """

    text: str
    child_id: int | None
    region_id: int
    person: str = ""


class Revealable(NamedTuple):
    label: Any
    roles: frozenset[Role]
    find: Callable[[int], Revealed]


class RevealRefused(TransitionRefused):
    """No sufficient reason was given."""


REVEALABLE: dict[str, Revealable] = {}
Finder = Callable[[int], Revealed]


def revealable(key: str, *, label: Any, roles: Iterable[Role]) -> Callable[[Finder], Finder]:
    """Register the function that finds a protected value by the primary key of its record."""

    def register(find: Finder) -> Finder:
        if key in REVEALABLE:
            raise ValueError(f"{key} is registered twice")
        REVEALABLE[key] = Revealable(label, frozenset(roles), find)
        return find

    return register


def address(key: str, pk: int) -> str:
    """Where a value is shown in full; empty for a reader who may not see it, so that nothing is offered."""
    return reverse("staff:reveal", args=[key, pk]) if current().role in REVEALABLE[key].roles else ""


def reveal(key: str, pk: int, *, reason_code: str, reason: str) -> Revealed:
    """The value in full, after one line in the access log. Raises RevealRefused without a reason."""
    if reason_code not in RevealReason.values:
        raise RevealRefused(_("Choose a reason."))
    if reason_code == RevealReason.OTHER and not reason.strip():
        raise RevealRefused(_("Write the reason in words."))
    found = REVEALABLE[key].find(pk)
    log_access(
        kind=AccessLog.Kind.REVEAL,
        child_id=found.child_id,
        region_id=found.region_id,
        subject=key,
        subject_id=pk,
        reason=" ".join(filter(None, (reason_code, reason.strip()))),
    )
    return found
