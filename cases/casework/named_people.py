"""A restricted case is never left to nobody: who takes it over when its last named person leaves the post."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from django.utils import timezone
from guardian.models import UserObjectPermission

from cases.casework.selectors import Person, people_for
from cases.casework.services import NAMED, OPENERS, name_on_case
from cases.models import Case, CaseAction
from staff.models import Assignment, User
from staff.posts import before_withdrawal
from staff.scope import open_scope, system_scope


@before_withdrawal
def leave_no_case_alone(assignment: Assignment, at: dt.datetime) -> None:
    """Name a successor on each open restricted case on which only the leaving person is named; each naming is logged.

    The successor holds the same duty over the child's village, else is a supervisor or works at the county.
    """
    codename = NAMED.partition(".")[2]
    rows = UserObjectPermission.objects.filter(permission__codename=codename)
    mine = {int(pk) for pk in rows.filter(user_id=assignment.user_id).values_list("object_pk", flat=True)}
    shared = rows.filter(object_pk__in=map(str, mine)).exclude(user_id=assignment.user_id)
    alone = mine - {int(pk) for pk in shared.values_list("object_pk", flat=True)}
    if not alone:
        return
    today = timezone.localdate(at)
    with (
        system_scope(
            reason="restricted cases whose last named person leaves", lenses=("cases", "staff")
        ) as found,
        open_scope(replace(found, named=frozenset(alone))),
    ):
        for case in Case.objects.filter(pk__in=alone).exclude(state="closed").order_by("pk"):
            heir = _heir(people_for(case.region_id, today), assignment)
            if heir is None:
                continue  # nobody covers the village; the case is named in the log of the system scope
            name_on_case(case, User.objects.get(pk=heir.user_id))
            if case.owner_id == assignment.user_id:
                case.owner_id = heir.user_id
                case.save(update_fields=["owner"])
                CaseAction.objects.filter(
                    case=case, owner_id=assignment.user_id, done_at__isnull=True
                ).update(owner_id=heir.user_id)


def _heir(people: list[Person], assignment: Assignment) -> Person | None:
    others = [one for one in people if one.user_id != assignment.user_id]
    same = [one for one in others if one.role == assignment.role]
    openers = [one for one in others if one.role in OPENERS]
    # People are listed county first; the nearest is the last.
    return next(iter(same or openers[::-1]), None)
