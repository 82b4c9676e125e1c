"""What a supervisor asks for many children at once: an earlier visit, or one beside the interval."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import replace

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.children.sharing import end_share
from cases.field.enums import TaskKind
from cases.models import Child, LateStep, Visit, VisitTask
from cases.refusals import REVIEWERS, check_duty
from staff.scope import current, open_scope
from staff.workflow import Actor


def set_next_visit(
    child_ids: Iterable[int], day: dt.date, *, at: dt.datetime, actor: Actor | None = None, reason: str = ""
) -> int:
    """Bring the next visit of several children forward to a day; returns how many changed.

    Never later: a child that is due on or before the day keeps its date.
    """
    check_duty(actor or Actor.current(), REVIEWERS)
    if day < timezone.localdate(at):
        raise ValidationError({"day": _("Choose today or a later day.")})
    with open_scope(replace(current(), reason=reason)):
        found = Child.objects.filter(pk__in=list(child_ids), left_date__isnull=True)
        return found.exclude(next_visit_date__lte=day).update(next_visit_date=day, updated_at=at)


def ask_for_visits(
    child_ids: Iterable[int], *, due_date: dt.date, reason: str, at: dt.datetime, actor: Actor | None = None
) -> list[VisitTask]:
    """Ask for a visit to each of several children beside the regular interval; but not to those who left."""
    actor = actor or Actor.current()
    check_duty(actor, REVIEWERS)
    if not reason.strip():
        raise ValidationError({"reason": _("Say what the visit is for.")})
    if due_date < timezone.localdate(at):
        raise ValidationError({"day": _("Choose today or a later day.")})
    children = Child.objects.filter(pk__in=list(child_ids), left_date__isnull=True).order_by("pk")
    return VisitTask.objects.bulk_create(
        VisitTask(
            child_id=pk,
            region_id=region_id,
            due_date=due_date,
            reason=reason.strip()[:200],
            asked_by_id=actor.user_id or None,
            asked_at=at,
        )
        for pk, region_id in children.values_list("pk", "region_id")
    )


def close_tasks(visit: Visit, at: dt.datetime) -> None:
    """A visit that was asked for is made by the first reviewed one after it. A file that was shared for it is taken back."""
    done = VisitTask.objects.filter(
        child_id=visit.child_id, kind=TaskKind.VISIT, done_at=None, asked_at__lte=visit.visited_at
    )
    lent = LateStep.objects.filter(task__in=done, shared=True).select_related("child", "visitor")
    for step in lent:
        if step.visitor is not None:
            end_share(step.child, step.visitor, reason=_("The visit was made."))
    done.update(visit=visit, done_at=at)
