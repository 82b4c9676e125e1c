"""Attributes of a child (属性): what is true of it beside the one category it is counted under, dated."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.enums import Attribute
from cases.models import Child, ChildAttribute
from cases.refusals import REVIEWERS, RegisterRefused, check_duty
from staff.scope import current, open_scope
from staff.workflow import Actor

# The health condition behind it lives in the restricted compartment: never given or ended in a list.
NOT_HERE = frozenset({Attribute.PROTECTED})


def add_attribute(
    child: Child, kind: str, *, day: dt.date, reason: str, at: dt.datetime, actor: Actor | None = None
) -> ChildAttribute:
    """Note that an attribute holds from a day on. ValidationError by field; RegisterRefused when it holds already."""
    code = _check(kind, day, reason, at, actor)
    with open_scope(replace(current(), reason=reason.strip())):
        locked = Child.objects.select_for_update(of=("self",)).get(pk=child.pk)
        if text := why_not_added(
            locked, locked.attributes.filter(kind=code, end_date__isnull=True).exists(), day
        ):
            raise RegisterRefused(text)
        return ChildAttribute.objects.create(
            child=locked,
            region_id=locked.region_id,
            kind=code,
            start_date=day,
            evidence=reason.strip()[:120],
        )


def end_attribute(
    child: Child, kind: str, *, day: dt.date, reason: str, at: dt.datetime, actor: Actor | None = None
) -> ChildAttribute:
    """End an attribute: ``day`` is the last on which it holds. Same errors as ``add_attribute``."""
    code = _check(kind, day, reason, at, actor)
    with open_scope(replace(current(), reason=reason.strip())):
        locked = Child.objects.select_for_update(of=("self",)).get(pk=child.pk)
        held = locked.attributes.filter(kind=code, end_date__isnull=True).first()
        if text := why_not_ended(locked, held, code, day):
            raise RegisterRefused(text)
        assert held is not None
        held.end_date = day
        held.save(update_fields=["end_date"])
        return held


def why_not_added(child: Child, held: bool, day: dt.date) -> str:
    """Why the attribute cannot begin; empty when it can. ``held``: it holds already."""
    if child.left_date is not None:
        return _("The child has left the register.")
    if held:
        return _("The attribute holds already.")
    if day < child.birth_date:
        return _("The child was not yet born on this day.")
    return ""


def why_not_ended(child: Child, held: ChildAttribute | None, kind: str, day: dt.date) -> str:
    """Why the attribute cannot end; empty when it can."""
    if child.left_date is not None:
        return _("The child has left the register.")
    if held is None:
        return _("The child does not have this attribute.")
    if child.primary_category == kind:
        return _("The child is counted under this category. Change the category first.")
    if day < held.start_date:
        return _("It begins later than this day: %(day)s.") % {"day": held.start_date.isoformat()}
    return ""


def _check(kind: str, day: dt.date, reason: str, at: dt.datetime, actor: Actor | None) -> Attribute:
    check_duty(actor or Actor.current(), REVIEWERS)
    code = Attribute(kind)
    if code in NOT_HERE:
        raise ValidationError({"kind": _("This attribute is kept in the restricted part of the file.")})
    if not reason.strip():
        raise ValidationError({"reason": _("Write the reason in words.")})
    if day > timezone.localdate(at):
        raise ValidationError({"day": _("This day is still to come.")})
    return code
