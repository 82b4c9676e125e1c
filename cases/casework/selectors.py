"""Shaped reads of cases: the list, and the people around one. Plans are :mod:`cases.plans.selectors`'s."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet
from guardian.models import UserObjectPermission

from cases.models import Case
from cases.visits.enums import CaseState
from staff.enums import Role
from staff.models import Assignment, User
from staff.models.people import AssignmentQuerySet
from staff.scope import system_scope

# Posts that work on cases; readers and those who handle no child are never named on one.
AROUND = (Role.DIRECTOR, Role.SUPERVISOR, Role.CLERK, Role.APPROVER, Role.LEADER)
OPEN_STATES = (CaseState.OPEN, CaseState.PLANNED, CaseState.ESCALATED)


@dataclass(frozen=True)
class Person:
    """Somebody in a post, as a case needs them: ``role`` is a staff.enums.Role value."""

    user_id: int
    name: str
    role: str
    title: str


def people_for(region_id: int, on: dt.date) -> list[Person]:
    """Everyone whose post covers a village on a day and who may work on its cases, county first.

    A supervisor's scope shows no county posts, so this reads posts (no child) under a system scope of the
    county.
    """
    county = region_id // 1_000_000 * 1_000_000
    above = [region_id, region_id // 1_000 * 1_000, county]
    with system_scope(
        reason="who may work on a case", ranges=[(county, county + 999_999)], lenses=("staff",), log=False
    ):
        held = list(
            AssignmentQuerySet(Assignment)
            .on(on)
            .filter(post__role__in=AROUND, user__is_active=True)
            .filter(Q(post__region_id__in=above) | Q(post__further_regions__in=above))
            .select_related("user", "post")
            .order_by("post__region_id", "post__role", "user__name", "pk")
            .distinct()
        )
    return [Person(one.user_id, one.user.name, one.post.role, one.post.title) for one in held]


def named_people(case: Case) -> list[User]:
    """The people who may see a restricted case, by name."""
    ids = UserObjectPermission.objects.filter(
        object_pk=str(case.pk),
        permission__codename="view_restricted_case",
        permission__content_type__app_label="cases",
    ).values("user_id")
    return list(User.objects.filter(pk__in=ids).order_by("name", "pk"))


def cases_in(condition: Q, *, closed: bool = False) -> QuerySet[Case]:
    """Cases in scope with what the list shows: open ones by their clock, closed ones latest first."""
    found = Case.objects.filter(condition).select_related("child", "region", "owner")
    return found.order_by("-closed_at", "-pk") if closed else found.order_by("due_at", "pk")


def segment_counts(segments: dict[str, Q]) -> dict[str, int]:
    """How many cases each segment holds. One query."""
    return Case.objects.aggregate(
        **{code: Count("pk", filter=condition) for code, condition in segments.items()}
    )


def person_choices(people: list[Person]) -> list[tuple[int, str]]:
    """One choice a person, with the posts they hold."""
    posts: dict[int, list[str]] = {}
    for person in people:
        posts.setdefault(person.user_id, [person.name]).append(person.title)
    return [(user_id, " · ".join(filter(None, dict.fromkeys(words)))) for user_id, words in posts.items()]
