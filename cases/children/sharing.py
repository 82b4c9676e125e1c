"""Sharing one child's file with a person whose area does not cover it, and taking that back.

The commonest need: a child is registered in one village and lives in another, whose director visits it.
A share is an object permission that the person's next request loads into its scope. Both acts are logged.
"""

from __future__ import annotations

import datetime as dt

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from guardian.models import UserObjectPermission
from guardian.shortcuts import assign_perm, remove_perm

from cases.models import Child
from cases.refusals import REVIEWERS, RegisterRefused, check_duty
from staff.audit import log_access
from staff.enums import Role
from staff.models import AccessLog, Assignment, User
from staff.models.people import AssignmentQuerySet
from staff.scope import system_scope
from staff.workflow import Actor

WHOLE_FILE = "view_shared_child"
MAY_RECEIVE = frozenset({Role.DIRECTOR, Role.SUPERVISOR, Role.CLERK})


def receivers(child: Child, on: dt.date) -> list[Assignment]:
    """Directors where the child lives or is registered, when that is not the village that keeps the file.

    Read past the scope, because they work elsewhere: names and posts only, no child is looked at.
    """
    known = (child.residence_region_id, child.household_region_id)
    elsewhere = {code for code in known if code and code != child.region_id}
    if not elsewhere:
        return []
    with system_scope(reason="directors who may receive a shared file", lenses=("staff",), log=False):
        return list(holders(on).filter(post__region_id__in=elsewhere).order_by("post__region_id", "pk"))


def holders(on: dt.date, roles: frozenset[Role] = MAY_RECEIVE) -> AssignmentQuerySet:
    """Assignments in force to posts of these roles, as far as the open scope reads them."""
    return (
        AssignmentQuerySet(Assignment)
        .on(on)
        .filter(post__role__in=roles)
        .select_related("user", "post__region")
    )


def shared_with(child: Child) -> list[User]:
    """The people with whom the child's whole file is shared, by name."""
    rows = UserObjectPermission.objects.filter(
        permission__codename=WHOLE_FILE, permission__content_type__app_label="cases", object_pk=str(child.pk)
    )
    return list(User.objects.filter(pk__in=rows.values("user_id")).order_by("name", "pk"))


def share_child(
    child: Child, user: User, *, at: dt.datetime, actor: Actor | None = None, reason: str
) -> None:
    """Let a director, supervisor or clerk elsewhere see and keep this child's file.

    ValidationError by field; RegisterRefused when the person holds no such post or sees the child anyway.
    """
    check_duty(actor or Actor.current(), REVIEWERS)
    if not reason.strip():
        raise ValidationError({"reason": _("Write the reason in words.")})
    with system_scope(reason="check who receives a shared file", lenses=("staff",), log=False):
        held = list(holders(timezone.localdate(at)).filter(user=user, user__is_active=True))
        ranges = [ends for assignment in held for ends in assignment.post.ranges()]
    if not held:
        raise RegisterRefused(_("This person holds no post to which a child's file can be given."))
    if any(low <= child.region_id <= high for low, high in ranges):
        raise RegisterRefused(_("The child is in this person's area already."))
    assign_perm(WHOLE_FILE, user, child)
    _log(child, user, reason.strip(), "given")


def unshare_child(
    child: Child, user: User, *, at: dt.datetime, actor: Actor | None = None, reason: str = ""
) -> None:
    """Take a share back; it ends with the person's next request."""
    check_duty(actor or Actor.current(), REVIEWERS)
    if user not in shared_with(child):
        raise RegisterRefused(_("The file is not shared with this person."))
    end_share(child, user, reason=reason.strip())


def end_share(child: Child, user: User, *, reason: str) -> None:
    """End a share as part of another decision, such as a transfer; logged."""
    remove_perm(WHOLE_FILE, user, child)
    _log(child, user, reason, "ended")


def _log(child: Child, user: User, reason: str, act: str) -> None:
    log_access(
        kind=AccessLog.Kind.SHARE,
        child_id=child.pk,
        region_id=child.region_id,
        subject="staff.user",
        subject_id=user.pk,
        reason=reason,
        detail={"act": act},
    )
