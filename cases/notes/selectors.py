"""Reading notes. A person's inbox does not depend on the post they act under, so the row policy alone narrows it."""

from __future__ import annotations

import datetime as dt

from django.core.cache import cache
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from cases.models import Note
from staff.enums import Role
from staff.models import Assignment
from staff.models.people import AssignmentQuerySet

KEPT_SECONDS = 600


def inbox(user_id: int) -> QuerySet[Note]:
    """Notes to a person, unread first, then latest. A child out of the reader's sight is absent, name and all."""
    return (
        Note._base_manager.filter(recipient_id=user_id)
        .select_related("sent_by", "child", "visit__child")
        .order_by(F("read_at").desc(nulls_first=True), "-created_at", "-pk")
    )


def unread_count(user_id: int) -> int:
    """How many notes a person has not read. One query on an index."""
    return Note._base_manager.filter(recipient_id=user_id, read_at=None).count()


def unread_in_menu(user_id: int) -> int:
    """The same for the menu of every page: kept in the cache until a note comes or is read. No query mostly."""
    return int(cache.get_or_set(_menu_key(user_id), lambda: unread_count(user_id), KEPT_SECONDS) or 0)


def forget_count(user_id: int) -> None:
    """The count has changed: at once, and once it is committed, since a page may have counted in between."""
    cache.delete(_menu_key(user_id))
    transaction.on_commit(lambda: cache.delete(_menu_key(user_id)), robust=True)


def _menu_key(user_id: int) -> str:
    return f"notes:{user_id}"


def sent(user_id: int) -> QuerySet[Note]:
    """Notes that a person wrote, latest first."""
    return (
        Note._base_manager.filter(sent_by_id=user_id)
        .select_related("recipient")
        .order_by("-created_at", "-pk")
    )


def seats(at: dt.datetime) -> AssignmentQuerySet:
    """Assignments in force in the open scope's area: who can be told something from here."""
    found: AssignmentQuerySet = Assignment.objects.on(timezone.localdate(at))
    return found.order_by("start_date", "pk")


def people_at(
    village: int, at: dt.datetime, *, besides: int = 0, first: int | None = None
) -> list[tuple[int, str]]:
    """Who can be told about a village, as (account id, words): ``first``, its directors, the township's supervisors. One query."""
    here = Q(region_id=village) | Q(post__further_regions=village)
    near = here & Q(role=Role.DIRECTOR) | Q(region_id=village // 1000 * 1000, role=Role.SUPERVISOR)
    found = seats(at).filter(near | Q(user_id=first)).exclude(user_id=besides).select_related("user", "post")
    people = {seat.user_id: f"{seat.user.name} · {seat.post.get_role_display()}" for seat in found}
    roles = {seat.user_id: seat.role for seat in found}
    return sorted(people.items(), key=lambda one: (one[0] != first, roles[one[0]] != Role.DIRECTOR, one[1]))
