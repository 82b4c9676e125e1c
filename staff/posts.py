"""Posts and who holds them: opening a post, giving it to a person, ending an assignment."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from guardian.models import UserObjectPermission

from staff import scope
from staff.audit import log_access
from staff.enums import ROLE_LEVELS, RegionLevel, Role, incompatible_pairs
from staff.models import AccessLog, ApiToken, Assignment, Post, Region, User
from staff.models.people import INCOMPATIBLE_POST
from staff.scope import Scope, open_scope, system_scope
from staff.workflow import TransitionRefused

# Who sees children, so may have to take over or to watch that somebody does.
HANDOVER_READERS = (Role.DIRECTOR, Role.SUPERVISOR, Role.CLERK, Role.APPROVER, Role.LEADER, Role.SYSADMIN)
# How long a handover is offered on the own page of those who may have to take over.
HANDOVER_DAYS = 90

Ended = Callable[[Assignment, dt.datetime], None]
_ENDED: list[Ended] = []
_WITHDRAWING: list[Ended] = []


def on_access_end(handler: Ended) -> Ended:
    """Register what another app does when an assignment's access stops at once. Same transaction."""
    _ENDED.append(handler)
    return handler


class PostRefused(TransitionRefused):
    """The post or assignment cannot be made or changed; the message says why."""


def open_post(
    *,
    region: Region,
    role: Role,
    title: str,
    unit: str = "",
    further_regions: Sequence[Region] = (),
    at: dt.datetime,
) -> Post:
    """A new post in a region. Role and region never change afterwards: people's past acts refer to them.

    Raises PostRefused when the role does not exist at that level, or a region is outside the writer's scope.
    """
    active = scope.current()
    for place in (region, *further_regions):
        if not active.covers(place.code):
            raise PostRefused(_("%(place)s is not yours to administer.") % {"place": place.name})
        if RegionLevel(place.level) not in ROLE_LEVELS[role]:
            raise PostRefused(
                _("There is no post of %(role)s in a %(level)s.")
                % {"role": role.label, "level": RegionLevel(place.level).label}
            )
    post = Post.objects.create(region=region, role=role, title=title, unit=unit)
    post.further_regions.set(further_regions)
    return post


def assign(
    user: User, post: Post, *, start: dt.date, end: dt.date | None = None, phone: str = "", at: dt.datetime
) -> Assignment:
    """Give a post to a person from ``start`` (to ``end`` inclusive). Several people may share a post.

    Roles that exclude each other are refused for the same days wherever the other post is; the database
    refuses them too. A first assignment makes the post's county the keeper of an account that has none.
    Raises PostRefused.
    """
    user = User.objects.select_for_update().get(pk=user.pk)
    if not user.is_active:
        raise PostRefused(_("This account is closed."))
    if end is not None and end < start:
        raise PostRefused(_("The end date lies before the start date."))
    with system_scope(reason="compare a person's posts everywhere", lenses=("staff",), log=False):
        held = [
            a for a in Assignment._base_manager.filter(user=user).order_by("pk") if _overlaps(a, start, end)
        ]
    if any(a.post_id == post.pk for a in held):
        raise PostRefused(_("This person already holds this post in that period."))
    if pairs := incompatible_pairs([Role(post.role), *(Role(a.role) for a in held)]):
        raise PostRefused(" ".join(str(reason) for _first, _second, reason in pairs))
    try:
        with transaction.atomic():
            assignment = Assignment.objects.create(
                user=user, post=post, start_date=start, end_date=end, phone=phone
            )
    except IntegrityError as error:
        raise PostRefused(str(INCOMPATIBLE_POST)) from error
    _log(assignment, "assigned")
    return assignment


def _overlaps(held: Assignment, start: dt.date, end: dt.date | None) -> bool:
    return (held.end_date is None or held.end_date >= start) and (end is None or held.start_date <= end)


def end_assignment(
    assignment: Assignment, *, last_day: dt.date, at: dt.datetime, now: bool = False
) -> Assignment:
    """End an assignment after its ``last_day``; with ``now`` access stops at this moment.

    When access has stopped, API tokens of the assignment are revoked and what was shared with the person is
    taken back: shares were given to the holder of the post, and the successor is given their own. Raises
    PostRefused.
    """
    assignment = Assignment.objects.select_for_update().select_related("user", "post").get(pk=assignment.pk)
    today = timezone.localdate(at)
    if assignment.withdrawn_at or (assignment.end_date and assignment.end_date < today):
        raise PostRefused(_("This assignment has already ended."))
    if now:
        last_day = max(today, assignment.start_date)
    elif last_day < max(today, assignment.start_date):
        raise PostRefused(_("The last day is today or later. To stop access at once, choose so."))
    assignment.end_date = last_day
    assignment.withdrawn_at = at if now else None
    assignment.save(update_fields=["end_date", "withdrawn_at"])
    _log(assignment, "ended at once" if now else "ending")
    if now:
        withdraw(assignment, at=at)
        for handler in _ENDED:
            handler(assignment, at)
    return assignment


def before_withdrawal(handler: Ended) -> Ended:
    """Register what another app settles before the shares of an ended assignment are revoked. Same transaction."""
    _WITHDRAWING.append(handler)
    return handler


def withdraw(assignment: Assignment, *, at: dt.datetime) -> dict[str, int]:
    """Revoke the tokens and shares that an ended assignment left; returns how many. Safe to repeat."""
    for handler in _WITHDRAWING:
        handler(assignment, at)
    shares, _by_model = UserObjectPermission.objects.filter(user_id=assignment.user_id).delete()
    # Tokens are visible to their owner alone.
    with open_scope(Scope(user_id=assignment.user_id)):
        tokens = ApiToken.objects.filter(assignment_id=assignment.pk, revoked_at=None).update(revoked_at=at)
    if shares or tokens:
        _log(assignment, "withdrawn", shares=shares, tokens=tokens)
    return {"shares": shares, "tokens": tokens}


def withdraw_ended(*, at: dt.datetime) -> int:
    """Withdraw what assignments left that ended in the last seven days; for the nightly task."""
    today = timezone.localdate(at)
    done = 0
    with system_scope(reason="withdraw shares and tokens of ended assignments"):
        week = (today - dt.timedelta(days=7), today - dt.timedelta(days=1))
        for assignment in Assignment.objects.filter(end_date__range=week, withdrawn_at=None).order_by("pk"):
            still = Assignment.objects.on(today).filter(user_id=assignment.user_id).exists()
            if not still and any(withdraw(assignment, at=at).values()):
                done += 1
    return done


def successors(assignment: Assignment, on: dt.date) -> list[Assignment]:
    """Who holds the same role in the same region on a day, without the person themselves."""
    return list(
        Assignment.objects.on(on)
        .filter(role=assignment.role, region_id=assignment.region_id)
        .exclude(user_id=assignment.user_id)
        .select_related("user", "post")
    )


def handovers(user_id: int, on: dt.date) -> list[Assignment]:
    """Assignments in scope that ended in the last HANDOVER_DAYS or are ending, latest first; without one's
    own.
    """
    return list(
        Assignment.objects.filter(end_date__gte=on - dt.timedelta(days=HANDOVER_DAYS))
        .exclude(user_id=user_id)
        .select_related("user", "post__region")
        .order_by("-end_date", "-pk")[:20]
    )


def _log(assignment: Assignment, what: str, **detail: int) -> None:
    log_access(
        kind=AccessLog.Kind.ACCOUNT,
        region_id=assignment.region_id,
        subject="staff.assignment",
        subject_id=assignment.pk,
        detail={"what": what, "user": assignment.user_id, **detail},
    )
