"""Two people at once: the same pair merged twice, and a visit logged while its file is merged."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from uuid import uuid4

import pytest
from django.db import connections

from cases.duplicates import merging
from cases.models import Child, ChildMerge, Visit
from cases.refusals import RegisterRefused
from cases.visits import services as visits
from cases.visits.services import VisitData
from staff.scope import open_scope, system_scope
from staff.workflow import Actor
from tests.cast import VILLAGE, Cast, make_cast, make_child

AT = dt.datetime(2026, 10, 20, 2, 0, tzinfo=dt.UTC)
DATA = VisitData(
    kind="door", visited_at=AT - dt.timedelta(hours=2), risk="green", people_met=("child",), text="在家"
)


def make_pair() -> tuple[Cast, Child, Child]:
    cast = make_cast()
    with system_scope(reason="test", log=False):
        return cast, make_child(VILLAGE, "陶小雨"), make_child(VILLAGE, "陶晓宇")


def together(*acts: Callable[[], str]) -> list[str]:
    """Run each in a thread with a connection of its own, all let go at one moment; what they return, sorted."""
    outcome: list[str] = []
    gate = threading.Barrier(len(acts))

    def run(act: Callable[[], str]) -> None:
        try:
            gate.wait(30)
            outcome.append(act())
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return sorted(outcome)


@pytest.mark.django_db(transaction=True)
def test_two_people_merge_the_same_pair_at_once() -> None:
    cast, one, other = make_pair()

    def merge(kept: Child, merged: Child, member: str) -> str:
        try:
            with open_scope(cast.scope(member)):
                merging.merge_children(kept, merged, {}, reason="x", at=AT)
            return "merged"
        except RegisterRefused:
            return "refused"

    # Each the other way round: whoever comes second is told, and nobody waits for ever.
    assert together(lambda: merge(one, other, "clerk"), lambda: merge(other, one, "supervisor")) == [
        "merged",
        "refused",
    ]
    with open_scope(cast.scope("clerk")):
        assert ChildMerge.objects.count() == 1
        assert Child.objects.filter(pk__in=(one.pk, other.pk), merged_into__isnull=True).count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_visit_logged_while_its_file_is_merged_is_on_the_kept_file() -> None:
    cast, one, other = make_pair()

    def merge() -> str:
        with open_scope(cast.scope("clerk")):
            merging.merge_children(one, other, {}, reason="x", at=AT)
        return "merged"

    def visit() -> str:
        with open_scope(cast.scope("director")):
            visits.create_visit(
                actor=Actor.current(),
                at=AT,
                uuid=uuid4(),
                child=Child.objects.get(pk=other.pk),
                data=DATA,
                photos=(),
            )
        return "visited"

    assert together(merge, visit) == ["merged", "visited"]
    # And one that was written without signal for the file that is no more.
    assert visit() == "visited"
    with open_scope(cast.scope("clerk")):
        assert list(Visit.objects.values_list("child_id", flat=True)) == [one.pk, one.pk]
