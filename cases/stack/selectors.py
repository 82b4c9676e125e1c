"""Shaped reads of stacks: which are open, how far one has come, which child a number or a name means."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field

from django.db.models import Count, F, QuerySet

from cases.models import Child, Visit, VisitStack
from staff.models import Region

SHOWN = 60  # stacks on one page
MOST_CHILDREN = 300  # of one village
NUMBER = re.compile(r"(?:(\d{1,12})-)?(\d{1,4})")
SHEET = re.compile(r"(\d{1,12})-")


def stacks_shown() -> QuerySet[VisitStack]:
    """Stacks in scope, those being typed in first, then by day, with ``entered``: how many sheets are in."""
    return (
        VisitStack.objects.select_related("region", "conducted_by")
        .annotate(entered=Count("visits"))
        .order_by(F("closed_at").desc(nulls_first=True), "-day", "-pk")[:SHOWN]
    )


def children_of(region: Region) -> QuerySet[Child]:
    """The children of a village on the register, those due first."""
    return (
        Child.objects.filter(region_id__gte=region.lo, region_id__lte=region.hi, left_date__isnull=True)
        .select_related("region__parent")
        .defer("health_note", "phone", "id_number")
        .order_by(F("next_visit_date").asc(nulls_first=True), "pk")
    )


@dataclass
class Progress:
    """How far a stack has come. ``left``: sheets printed and not typed in; ``done``: typed in, the latest first;
    ``gone``: printed for a child whose file is elsewhere now, or has left."""

    left: list[tuple[int, Child]] = field(default_factory=list)
    done: list[tuple[int, Visit]] = field(default_factory=list)
    gone: int = 0

    @property
    def total(self) -> int:
        return len(self.left) + len(self.done)


def progress_of(stack: VisitStack) -> Progress:
    """Two queries. A file merged into another counts as that one."""
    numbers = {pk: number for number, pk in enumerate(stack.children, 1)}
    visits = list(
        Visit.objects.filter(stack=stack)
        .select_related("child", "conducted_by")
        .order_by("-submitted_at", "-pk")
    )
    entered = {visit.child_id for visit in visits}
    printed = Child.objects.filter(pk__in=stack.children).defer("health_note", "phone", "id_number")
    there = {child.pk: child for child in printed}
    found = Progress(done=[(numbers.get(visit.child_id, 0), visit) for visit in visits])
    for pk, number in numbers.items():
        child = there.get(pk)
        if pk in entered or (child is not None and child.merged_into_id in entered):
            continue
        if child is None or child.left_date is not None:
            found.gone += 1
        else:
            found.left.append((number, child))
    return found


def find_sheet(stack: VisitStack, words: str) -> list[Child]:
    """The children that a sheet's number (``3``, ``27-3``) or a name, pinyin or initials mean; several when it is not clear.

    A number means a sheet of this stack; a name is looked for in the stack's village.
    """
    wanted = words.strip()
    number = NUMBER.fullmatch(wanted)
    if number is not None:
        place = int(number[2])
        if number[1] not in (None, str(stack.pk)) or not 0 < place <= len(stack.children):
            return []
        return list(Child.objects.filter(pk=stack.children[place - 1], left_date__isnull=True))
    if not wanted:
        return []
    folded = wanted.casefold()
    everyone = list(children_of(stack.region)[:MOST_CHILDREN])
    exact = [one for one in everyone if folded == one.name.casefold()]
    return exact or [
        one for one in everyone if folded in one.name.casefold() or folded in one.name_pinyin.casefold()
    ]


def other_stack(stack: VisitStack, words: str) -> VisitStack | None:
    """The stack that a sheet's number (``27-3``) belongs to, when it is another one."""
    found = SHEET.match(words.strip())
    if found is None or int(found[1]) == stack.pk:
        return None
    return VisitStack.objects.filter(pk=int(found[1])).first()


def due_by(children: list[Child], day: dt.date) -> list[int]:
    """Ids of the children whose visit is due by a day, or who were never visited."""
    return [one.pk for one in children if one.next_visit_date is None or one.next_visit_date <= day]
