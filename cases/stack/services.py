"""Stacks of sheets: opened, typed in sheet by sheet, the last one taken back, closed. Every write of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import ProtectedError
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.casework.selectors import people_for
from cases.circumstances.enums import DefectState
from cases.enums import RiskLevel
from cases.field.enums import VisitSource
from cases.models import Child, Defect, Visit, VisitStack
from cases.questions.definition import FormRef
from cases.stack.rows import Row, typed_of
from cases.visits.enums import VisitState
from cases.visits.forms import VisitForm
from cases.visits.pictures import Photo
from cases.visits.services import VisitData, VisitRefused, create_visit
from cases.workflows import FIELD
from staff.models import Region, User
from staff.scope import current
from staff.workflow import Actor


class StackRefused(VisitRefused):
    """The stack cannot be changed so; the message says why, in the user's language."""


def visitors_of(region_id: int, day: dt.date) -> dict[int, str]:
    """User id → name of those whose post visits a village on a day."""
    return {one.user_id: one.name for one in people_for(region_id, day) if one.role in FIELD}


def open_stack(
    *,
    actor: Actor,
    at: dt.datetime,
    region: Region,
    form: FormRef,
    day: dt.date,
    conducted_by: User,
    children: Sequence[Child] = (),
    printed: bool = False,
) -> VisitStack:
    """A stack of sheets for a village and a day; ``children`` get the numbers 1, 2, 3 … in their order.

    StackRefused without the duty, for a village out of reach, or a visitor whose post does not go there.
    """
    if actor.role not in FIELD:
        raise StackRefused(_("Your post does not have this duty."))
    if not current().covers(region.pk):
        raise StackRefused(_("%(place)s is not in your area.") % {"place": region.name})
    if conducted_by.pk not in visitors_of(region.pk, day):
        raise StackRefused(
            _("%(person)s held no post that visits this village on that day.") % {"person": conducted_by.name}
        )
    return VisitStack.objects.create(
        region=region,
        form_code=form.code,
        form_version=form.version,
        day=day,
        children=[child.pk for child in children],
        conducted_by=conducted_by,
        opened_by_id=actor.user_id,
        opened_at=at,
        printed_at=at if printed else None,
    )


def enter_sheet(
    *,
    actor: Actor,
    at: dt.datetime,
    stack: VisitStack,
    child: Child,
    uuid: UUID,
    data: VisitData,
    photos: Sequence[Photo] = (),
) -> tuple[Visit, bool]:
    """Type in one sheet: the visit is submitted at once. Returns it, and whether this call did so; the same again changes
    nothing. A child that was not on the stack gets the next number. StackRefused for a second sheet of one child, or when
    the stack is closed; VisitRefused as :func:`cases.visits.services.create_visit`.
    """
    with transaction.atomic():
        locked = _lock(stack)
        other = Visit.objects.filter(stack=locked, child_id=child.pk).exclude(uuid=uuid).first()
        if other is not None:
            raise StackRefused(_("The sheet of %(child)s is typed in already.") % {"child": child.name})
        now = Child.objects.select_for_update(of=("self",)).filter(pk=child.pk).first()
        before, followed = (now or child).risk, _defects(child)
        visit, changed = create_visit(
            actor=actor,
            at=at,
            uuid=uuid,
            child=child,
            data=data,
            photos=photos,
            source=VisitSource.PAPER,
            conducted_by=locked.conducted_by,
            stack=locked,
        )
        if changed:
            if child.pk not in locked.children:
                locked.children.append(child.pk)
            raised = RiskLevel(visit.risk).is_worse_than(RiskLevel(before))
            opened = sorted(_defects(child) - followed)
            locked.slip = {"visit": visit.pk, "raised": raised, "defects": opened}
            locked.save(update_fields=["children", "slip"])
    return visit, changed


def undo_last(*, actor: Actor, stack: VisitStack, rows: Sequence[Row], at: dt.datetime) -> Visit:
    """Take the sheet typed last off the register again; what was typed is kept, so that it need not be typed twice.

    Only by whoever typed it, and while nobody has reviewed it. StackRefused when there is none, when it raised the
    child's colour (that becomes better by an assessment alone), or when something has been built on it.
    """
    with transaction.atomic():
        locked = _lock(stack)
        visit = (
            Visit.objects.select_for_update(of=("self",))
            .select_related("child")
            .filter(pk=locked.slip.get("visit"), stack=locked, entered_by_id=actor.user_id)
            .first()
        )
        if visit is None:
            raise StackRefused(_("There is no sheet of yours to take back. Only the last one can be."))
        if visit.state != VisitState.SUBMITTED:
            raise StackRefused(_("This visit has been reviewed and stays. Ask the reviewer."))
        if locked.slip["raised"]:
            raise StackRefused(
                _("This sheet raised the child's colour, so it stays. Have it returned, and correct it then.")
            )
        opened: list[int] = locked.slip["defects"]
        typed = typed_of(rows, {**VisitForm(child=visit.child, at=at, visit=visit).initial, **_local(visit)})
        try:
            Defect.objects.filter(pk__in=opened, state=DefectState.OPEN, steps=None).delete()
            visit.photos.all().delete()
            visit.delete()
        except ProtectedError as error:
            raise StackRefused(
                _("Something has been built on this visit. Have it returned instead.")
            ) from error
        locked.slip = {"child": visit.child_id, "typed": typed}
        locked.save(update_fields=["slip"])
    return visit


def close_stack(*, actor: Actor, at: dt.datetime, stack: VisitStack, again: bool = False) -> VisitStack:
    """Say that a stack is done, or (``again``) that it is not. Sheets that nobody filled stay what they are: no visit."""
    if actor.role not in FIELD:
        raise StackRefused(_("Your post does not have this duty."))
    with transaction.atomic():
        locked = _lock(stack, closed=True)
        locked.closed_at = None if again else locked.closed_at or at
        locked.save(update_fields=["closed_at"])
    return locked


def _lock(stack: VisitStack, *, closed: bool = False) -> VisitStack:
    found = (
        VisitStack.objects.select_for_update(of=("self",))
        .select_related("conducted_by")
        .filter(pk=stack.pk)
        .first()
    )
    if found is None:
        raise StackRefused(_("The record is no longer in your area."))
    if found.closed_at is not None and not closed:
        raise StackRefused(_("This stack is closed. Open it again to go on."))
    return found


def _defects(child: Child) -> set[int]:
    return set(Defect.objects.filter(child_id=child.pk).values_list("pk", flat=True))


def _local(visit: Visit) -> dict[str, Any]:
    return {"visited_at": timezone.localtime(visit.visited_at)}
