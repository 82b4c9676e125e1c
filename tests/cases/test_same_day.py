"""Two people at one child's door on the same day: the first hears of the second, whoever they are."""

from __future__ import annotations

import datetime as dt

from cases.field.enums import NoteKind
from cases.models import Note, Visit
from cases.visits.services import create_visit, review_visit, submit_visit
from staff.scope import system_scope
from tests.cases.visiting import NOW, VISITED, acting, submitted, visit_data
from tests.cast import Cast

HOUR = dt.timedelta(hours=1)


def told(cast: Cast) -> list[tuple[str, int | None, str]]:
    with system_scope(reason="test", log=False):
        found = Note.objects.filter(kind=NoteKind.SAME_DAY).order_by("pk")
        return [
            (note.recipient.username, note.visit_id, note.text) for note in found.select_related("recipient")
        ]


def test_each_earlier_visitor_is_told_once_whoever_reaches_further(cast: Cast) -> None:
    first = submitted(cast, by="supervisor", visited_at=VISITED - HOUR)
    assert told(cast) == []
    second = submitted(cast)
    assert told(cast) == [("supervisor", first.pk, "王念慈于2026-10-20也走访了林小满。")]
    # A second visit of the same person says nothing new; their own visits nothing at all.
    submitted(cast, visited_at=VISITED + HOUR / 6)
    assert len(told(cast)) == 1
    submitted(cast, by="supervisor", visited_at=VISITED + HOUR)
    assert [(name, visit) for name, visit, _text in told(cast)[1:]] == [("director", second.pk)]


def test_the_same_visit_sent_again_tells_nobody_again_and_another_day_nobody(cast: Cast) -> None:
    submitted(cast, by="supervisor", visited_at=VISITED - 24 * HOUR)
    first = submitted(cast, by="supervisor", visited_at=VISITED - HOUR)
    second = submitted(cast)
    assert [(name, visit) for name, visit, _text in told(cast)] == [("supervisor", first.pk)]
    with acting(cast, "director") as actor:
        create_visit(actor=actor, at=NOW, uuid=second.uuid, child=cast.children["own"], data=visit_data())
    with acting(cast, "supervisor") as actor:
        review_visit(
            actor=actor, at=NOW, visit=second, decision="return", reason_code="unclear", reason="请补写。"
        )
    with acting(cast, "director") as actor:
        submit_visit(actor=actor, at=NOW + HOUR, visit=Visit.objects.get(pk=second.pk))
    assert len(told(cast)) == 1
