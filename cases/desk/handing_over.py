"""What stands in the name of somebody who left, and giving it to whoever goes on."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cases.casework.selectors import named_people
from cases.defects.services import OPEN
from cases.field.enums import NoteKind
from cases.models import Case, CaseAction, Defect, PotentialChild, VisitTask
from cases.notes.services import send_note
from cases.workflows import REVIEW
from staff.audit import log_access
from staff.enums import Role
from staff.models import Assignment
from staff.workflow import Actor, TransitionRefused


class HandoverRefused(TransitionRefused):
    """The work cannot be handed over; the message says why, in the user's language."""


@dataclass(frozen=True)
class Held:
    """One open thing in somebody's name."""

    row: Any
    title: str
    what: str
    url: str
    level: str = ""
    date: dt.date | None = None


def open_in_name_of(left: Assignment) -> list[Held]:
    """Cases, actions, defects, visits of potential children and visits asked for of the post's village in the person's name, by
    date. Five queries; restricted ones only for who is named on them."""
    mine = {"owner_id": left.user_id, "region_id": left.region_id}
    held = [
        Held(
            one, one.child.name, f"{_('Case')} · {one.title}", reverse("cases:case", args=[one.pk]), one.level
        )
        for one in Case.objects.filter(**mine).exclude(state="closed").select_related("child").order_by("pk")
    ]
    held += [
        Held(one, one.child.name, one.title, reverse("cases:case", args=[one.case_id]), "", one.due_date)
        for one in CaseAction.objects.filter(**mine, done_at=None)
        .select_related("child", "case")
        .order_by("pk")
    ]
    held += [
        Held(
            one,
            one.child.name,
            one.get_kind_display(),
            reverse("cases:defect", args=[one.pk]),
            "",
            one.due_date,
        )
        for one in Defect.objects.filter(**mine, state__in=OPEN).select_related("child").order_by("pk")
    ]
    leads = PotentialChild.objects.filter(
        assigned_to_id=left.user_id, region_id=left.region_id, state="assigned"
    ).order_by("pk")
    held += [
        Held(one, one.name, _("Potential child"), reverse("cases:lead", args=[one.pk]), "", one.due_date)
        for one in leads
    ]
    asked = VisitTask.objects.filter(
        visitor_id=left.user_id, region_id=left.region_id, done_at=None, child__left_date__isnull=True
    )
    held += [
        Held(one, one.child.name, one.reason, reverse("cases:child", args=[one.child_id]), "", one.due_date)
        for one in asked.select_related("child").order_by("pk")
    ]
    return sorted(held, key=lambda one: (one.date is not None, one.date or dt.date.min))


def successors(left: Assignment, actor: Actor, on: dt.date) -> list[tuple[int, str]]:
    """Who may go on: those who direct the village now, and oneself. One query."""
    held = Assignment.objects.on(on).filter(role=Role.DIRECTOR, region_id=left.region_id)
    people = dict(held.exclude(user_id=left.user_id).order_by("pk").values_list("user_id", "user__name"))
    return [*people.items(), (actor.user_id, _("Myself"))]


def hand_over(left: Assignment, to: int, *, actor: Actor, at: dt.datetime) -> int:
    """Everything open in the name of somebody who left goes to another person of the village, who is told; returns how
    many things. HandoverRefused without the duty, while the person still holds the post, when nothing is open any more,
    or for a restricted case on which the new person is not named."""
    if actor.role not in REVIEW:
        raise HandoverRefused(_("Your post does not have this duty."))
    if left.end_date is None or left.end_date >= timezone.localdate(at):
        raise HandoverRefused(_("This person still holds the post."))
    if to not in dict(successors(left, actor, timezone.localdate(at))):
        raise HandoverRefused(_("This person holds no post in the village. Choose somebody who does."))
    with transaction.atomic():
        held = open_in_name_of(left)
        if not held:
            raise HandoverRefused(_("Nothing is open in this name any more."))
        for one in held:
            if getattr(one.row, "restricted", False):
                case = one.row if isinstance(one.row, Case) else one.row.case
                if to not in {person.pk for person in named_people(case)}:
                    raise HandoverRefused(
                        _("Name the new person on the restricted case first: %(case)s.") % {"case": case}
                    )
        for model, name in (
            (Case, "owner"),
            (CaseAction, "owner"),
            (Defect, "owner"),
            (PotentialChild, "assigned_to"),
            (VisitTask, "visitor"),
        ):
            keys = [one.row.pk for one in held if isinstance(one.row, model)]
            model._default_manager.filter(pk__in=keys, **{f"{name}_id": left.user_id}).update(
                **{f"{name}_id": to}
            )
        log_access(
            kind="share", region_id=left.region_id, subject="staff.assignment", subject_id=left.pk,
            detail={"act": "handover", "from": left.user_id, "to": to, "things": len(held)},
        )  # fmt: skip
        if to != actor.user_id:
            words = ngettext(
                "%(n)d matter of %(person)s is yours now.",
                "%(n)d matters of %(person)s are yours now.",
                len(held),
            ) % {"n": len(held), "person": left.user.name}
            send_note(
                actor=actor,
                at=at,
                recipient=to,
                kind=NoteKind.REMINDER,
                subject=f"handover-{left.pk}",
                text=words,
            )
    return len(held)
