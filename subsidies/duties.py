"""Whose turn it is: who holds the post of the next step, and answering those whose duty it is not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from staff.enums import Role
from staff.models import Assignment
from staff.models.region import county_of, township_of
from staff.workflow import Actor, Transition, refusal


def holders(roles: Iterable[str], region_id: int, day: dt.date) -> dict[str, str]:
    """Role → names of those who hold it for a region today, as far as the reader may see posts. One query."""
    wanted = list(roles)
    found: dict[str, list[str]] = {}
    rows = (
        Assignment.objects.on(day)
        .filter(post__role__in=wanted, post__region_id__in=(county_of(region_id), township_of(region_id)))
        .order_by("start_date", "pk")
        .values_list("post__role", "user__name")
    )
    for role, name in rows:
        found.setdefault(role, []).append(name)
    return {role: "、".join(names) for role, names in found.items()}


def is_not_yours(obj: Any, name: str, actor: Actor) -> str:
    """Why the step belongs to another person; "" when it is the actor's duty, now or later, or no step at
    all.
    """
    transition = obj.workflow.by_name.get(name)
    if transition is None:
        return ""
    if actor.role not in transition.roles:
        return _("Your post does not have this duty.")
    if any(
        actor.user_id and getattr(obj, f"{field}_id") == actor.user_id for field in transition.differs_from
    ):
        return _("This step must be taken by another person than an earlier step.")
    return ""


def refuse_page(request: HttpRequest, text: str, back: str) -> HttpResponse:
    """403 with the reason in words and the way back."""
    return render(request, "subsidies/not_yours.html", {"text": text, "back": back}, status=403)


def entries(
    obj: Any, actor: Actor, main: Iterable[str], names: dict[str, str]
) -> list[Transition | dict[str, Any]]:
    """The steps of the actor, then the main step of somebody else, disabled, with who does it.

    ``main``: names of the steps that lead on, one of which is next. ``names``: role → people, see
    :func:`holders`.
    """
    found: list[Transition | dict[str, Any]] = []
    for transition in obj.workflow.transitions:
        if transition.automatic or obj.state not in transition.sources:
            continue
        why_not = refusal(obj, transition, actor)
        if why_not is None:
            found.append(transition)
        elif transition.name in main:
            found.append(disabled(transition, actor, why_not, names))
    return found


def disabled(transition: Transition, actor: Actor, why_not: str, names: dict[str, str]) -> dict[str, Any]:
    """A step that is shown but not the actor's: named after whose it is, or with the reason why not now."""
    reason = why_not
    if actor.role not in transition.roles:
        role = next(role for role in Role if role in transition.roles)
        reason = _("done by %(who)s") % {"who": names.get(role) or Role(role).label}
    return {
        "name": transition.name,
        "label": transition.label,
        "icon": transition.icon,
        "disabled": reason,
        "primary": False,
    }
