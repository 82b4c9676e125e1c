"""State changes: an app's ``workflows.py`` is a table of transitions, this module performs them.

``perform`` locks the row, checks the source state, the role, the reason and the guard, writes the new state and one
:class:`~staff.models.TransitionRecord`, and queues effects for after the commit. What a page offers as buttons is
what ``available`` returns.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, models, transaction
from django.utils.translation import gettext as _

from staff import scope

Guard = Callable[[Any, "Actor"], str | None]
Effect = Callable[[Any, "Actor", dt.datetime, dict[str, Any]], None]
WordCheck = Callable[[Any, list[str]], None]
WORD_CHECKS: list[WordCheck] = []


def word_check(check: WordCheck) -> WordCheck:
    """Register what an app refuses in the words of any decision: it gets the record (None for many at once) and the
    words, and raises TransitionRefused.
    """
    WORD_CHECKS.append(check)
    return check


@dataclass(frozen=True)
class Actor:
    """A person acting under one assignment."""

    user_id: int
    assignment_id: int | None
    role: str

    @classmethod
    def current(cls) -> Actor:
        active = scope.current()
        return cls(active.user_id, active.assignment_id, active.role)


class TransitionRefused(Exception):
    """The transition cannot happen now; the message says why, in the user's language."""


@dataclass(frozen=True)
class Transition:
    """One arrow. ``reasons`` are the allowed reason codes (then one is required); ``needs_text`` asks for words.

    ``guard`` returns why not, or None. ``differs_from`` names fields holding a user who must be another person.
    ``stamps`` names fields to write: (user field, time field)."""

    name: str
    sources: tuple[str, ...]
    target: str
    label: Any
    roles: frozenset[str]
    reasons: Any = None
    needs_text: bool = False
    guard: Guard | None = None
    differs_from: tuple[str, ...] = ()
    stamps: tuple[str, str] | None = None
    effect: Effect | None = None
    danger: bool = False
    icon: str = ""
    automatic: bool = False


@dataclass(frozen=True)
class Workflow:
    """The transition table of one model's ``state`` field."""

    name: str
    transitions: tuple[Transition, ...]
    state_field: str = "state"
    by_name: dict[str, Transition] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {t.name: t for t in self.transitions})

    def pairs(self) -> list[tuple[str, str]]:
        """Every (source, target) that the database should accept."""
        return sorted({(source, t.target) for t in self.transitions for source in t.sources})


def refusal(obj: Any, transition: Transition, actor: Actor) -> str | None:
    """Why the actor cannot perform the transition on the object now; None when they can."""
    state = getattr(obj, obj.workflow.state_field)
    if state not in transition.sources:
        return _("This is not possible in the present state. Reload the page to see what has changed.")
    if actor.role not in transition.roles:
        return _("Your post does not have this duty.")
    for name in transition.differs_from:
        if actor.user_id and getattr(obj, f"{name}_id") == actor.user_id:
            return _("This step must be taken by another person than an earlier step.")
    return transition.guard(obj, actor) if transition.guard else None


def available(obj: Any, actor: Actor | None = None) -> list[Transition]:
    """The transitions the actor may perform now, in table order."""
    actor = actor or Actor.current()
    return [t for t in obj.workflow.transitions if not t.automatic and refusal(obj, t, actor) is None]


def perform(
    obj: Any,
    name: str,
    *,
    at: dt.datetime,
    actor: Actor | None = None,
    reason_code: str = "",
    reason: str = "",
    fields: dict[str, Any] | None = None,
) -> Any:
    """Perform transition ``name`` on ``obj`` and return the locked, changed instance.

    ``fields`` are further model fields written in the same statement. Raises TransitionRefused; nothing is written then.
    """
    from staff.models import TransitionRecord

    actor = actor or Actor.current()
    model: type[models.Model] = type(obj)
    with transaction.atomic():
        locked: Any = model._base_manager.select_for_update(of=("self",)).filter(pk=obj.pk).first()
        if locked is None:
            raise TransitionRefused(_("The record is no longer in your area."))
        transition: Transition = locked.workflow.by_name[name]
        why_not = refusal(locked, transition, actor)
        if why_not:
            raise TransitionRefused(why_not)
        if transition.reasons is not None and reason_code not in transition.reasons.values:
            raise TransitionRefused(_("Choose a reason."))
        if transition.needs_text and not reason.strip():
            raise TransitionRefused(_("Write the reason in words."))
        _check_words(locked, reason, fields)
        source = getattr(locked, locked.workflow.state_field)
        changes = {locked.workflow.state_field: transition.target, **(fields or {})}
        if transition.stamps:
            user_field, time_field = transition.stamps
            changes |= {f"{user_field}_id": actor.user_id or None, time_field: at}
        for key, value in changes.items():
            setattr(locked, key, value)
        locked.save(update_fields=list(changes))
        TransitionRecord.objects.create(
            subject=locked._meta.label_lower,
            subject_id=str(locked.pk),
            region_id=locked.region_id,
            child_id=getattr(locked, "child_id", None),
            # The case whose named people may read it: the row itself, or the case that it belongs to.
            restricted_id=(getattr(locked, "case_id", None) or locked.pk)
            if getattr(locked, "restricted", False)
            else None,
            name=name,
            source=source,
            target=transition.target,
            user_id=actor.user_id or None,
            assignment_id=actor.assignment_id,
            role=actor.role,
            at=at,
            reason_code=reason_code,
            reason=reason,
        )
        if transition.effect:
            transition.effect(
                locked, actor, at, {"reason_code": reason_code, "reason": reason, **(fields or {})}
            )
    obj.__dict__.update({k: v for k, v in locked.__dict__.items() if not k.startswith("_")})
    return locked


def _check_words(obj: Any, reason: str, fields: dict[str, Any] | None) -> None:
    words = [reason, *(value for value in (fields or {}).values() if isinstance(value, str))]
    for check in WORD_CHECKS:
        check(obj, words)


RECORD_MANY = """
    INSERT INTO staff_transitionrecord
        (id, subject, subject_id, region_code, child_id, name, source, target, user_id, assignment_id, role, at,
         reason_code, reason)
    SELECT gen_random_uuid(), %s, moved.id::text, moved.region, moved.child, %s, moved.source, %s, %s, %s, %s, %s, %s, %s
    FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::text[]) AS moved (id, region, child, source)
"""


def perform_many(
    model: type[models.Model],
    ids: Iterable[int],
    name: str,
    *,
    at: dt.datetime,
    actor: Actor | None = None,
    reason_code: str = "",
    reason: str = "",
    fields: dict[str, Any] | None = None,
    follows: bool = False,
) -> list[int]:
    """Perform one transition on many rows that belong to children; three statements, however many rows.

    Rows that are not in a source state now, or that another person must step, are left out; returns the keys of
    the others in order. The database's policies decide which rows the actor reaches. ``follows``: the step is the
    consequence of something the actor was allowed to do (a fact was recorded), so their post need not have this
    duty itself. Raises TransitionRefused without the duty or the words, ValueError for a transition that must look
    at each row by itself.
    """
    actor = actor or Actor.current()
    workflow: Workflow = model.workflow  # type: ignore[attr-defined]
    transition = workflow.by_name[name]
    if transition.guard or transition.effect:
        raise ValueError(f"{workflow.name}.{name} must look at each row by itself")
    if not follows and actor.role not in transition.roles and (actor.user_id or actor.role):
        raise TransitionRefused(_("Your post does not have this duty."))
    if transition.needs_text and not reason.strip():
        raise TransitionRefused(_("Write the reason in words."))
    _check_words(None, reason, fields)
    with transaction.atomic():
        rows: models.QuerySet[Any] = model._default_manager.filter(
            pk__in=list(ids), **{f"{workflow.state_field}__in": transition.sources}
        )
        if actor.user_id:
            for other in transition.differs_from:
                rows = rows.exclude(**{f"{other}_id": actor.user_id})
        moved = list(
            rows.select_for_update(of=("self",))
            .order_by("pk")
            .values_list("pk", "region_id", "child_id", workflow.state_field)
        )
        if not moved:
            return []
        changes = {workflow.state_field: transition.target, **(fields or {})}
        if transition.stamps:
            user_field, time_field = transition.stamps
            changes |= {f"{user_field}_id": actor.user_id or None, time_field: at}
        keys, regions, children, sources = (list(column) for column in zip(*moved, strict=True))
        model._default_manager.filter(pk__in=keys).update(**changes)
        with connection.cursor() as cursor:
            cursor.execute(
                RECORD_MANY,
                [
                    *(model._meta.label_lower, name, transition.target, actor.user_id or None),
                    *(actor.assignment_id, actor.role, at, reason_code, reason),
                    *(keys, regions, children, sources),
                ],
            )
    return keys


def history(obj: Any) -> models.QuerySet[Any]:
    """The transition records of an object, oldest first."""
    from staff.models import TransitionRecord

    return (
        TransitionRecord.objects.filter(subject=obj._meta.label_lower, subject_id=str(obj.pk))
        .select_related("user")
        .order_by("at", "pk")
    )
