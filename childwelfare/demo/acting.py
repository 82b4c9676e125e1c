"""Acting as the people of the demo county, so that its history is made by the same services as in life."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager

from django.utils import timezone

from staff.models import Assignment, User
from staff.scope import open_scope, scope_of
from staff.workflow import Actor

HOLDERS = {"check": "zhaoqinghe", "confirm": "qianzhixing"}


class Office:
    """Opens the scope of a named person, or of the director or supervisor of a place."""

    def __init__(self, assignments: dict[str, Assignment]) -> None:
        self.assignments = assignments
        self.field = {
            (a.region_id, a.post.role): a
            for a in Assignment.objects.filter(post__role__in=["director", "supervisor"]).select_related(
                "post__region", "user"
            )
        }

    def user(self, username: str) -> User:
        return self.assignments[username].user

    @staticmethod
    def at(day: dt.date, hour: int) -> dt.datetime:
        """A time of day in local time."""
        return timezone.make_aware(dt.datetime.combine(day, dt.time(hour, 20)))

    @staticmethod
    def actor() -> Actor:
        return Actor.current()

    @contextmanager
    def acting(self, username: str) -> Iterator[Assignment]:
        with open_scope(scope_of(self.assignments[username])):
            yield self.assignments[username]

    @contextmanager
    def director_of(self, village: int) -> Iterator[Assignment]:
        holder = self.field[village, "director"]
        with open_scope(scope_of(holder)):
            yield holder

    @contextmanager
    def supervisor_of(self, village: int) -> Iterator[Assignment]:
        holder = self.field[village // 1000 * 1000, "supervisor"]
        with open_scope(scope_of(holder)):
            yield holder

    @contextmanager
    def holder(self, step: str, village: int) -> Iterator[Assignment]:
        """Whoever takes a step of an application: the township's supervisor, or the county's clerk or approver."""
        opened = self.acting(HOLDERS[step]) if step in HOLDERS else self.supervisor_of(village)
        with opened as assignment:
            yield assignment
