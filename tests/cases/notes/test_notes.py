"""Notes: who can be told what, once only, and who reads them."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from cases.models import Note
from cases.notes.selectors import inbox, unread_count
from cases.notes.services import NoteRefused, read_notes, send_note
from staff.scope import Scope, open_scope, system_scope
from staff.workflow import Actor
from tests.cast import Cast

AT = dt.datetime(2026, 11, 20, 2, 0, tzinfo=dt.UTC)
SYSTEM = Actor(0, None, "")


def told(cast: Cast, name: str) -> list[str]:
    with open_scope(cast.scope(name)):
        return [note.text for note in inbox(cast.users[name].pk)]


@pytest.mark.parametrize(
    ("sender", "recipient", "reached"),
    [
        ("supervisor", "director", True),
        ("supervisor", "other_director", True),
        ("clerk", "director", True),
        ("clerk", "supervisor", True),
        ("supervisor", "clerk", False),  # above
        ("other_supervisor", "director", False),  # elsewhere
        ("stranger", "director", False),  # another county
        ("supervisor", "supervisor", False),  # oneself
        ("supervisor", "nobody", False),  # holds no post
        ("director", "director", False),
        ("director", "supervisor", False),  # has not this duty
        ("leader", "director", False),
    ],
)
def test_a_note_reaches_whoever_holds_a_post_in_the_senders_area(
    cast: Cast, sender: str, recipient: str, reached: bool
) -> None:
    with open_scope(cast.scope(sender)):
        values = {"actor": Actor.current(), "at": timezone.now(), "recipient": cast.users[recipient]}
        if reached:
            note = send_note(**values, text="请今天去看看")
            assert note is not None
            assert note.sent_by_id == cast.users[sender].pk
        else:
            with pytest.raises(NoteRefused):
                send_note(**values, text="请今天去看看")
    assert told(cast, recipient) == (["请今天去看看"] if reached else [])


def test_a_step_of_the_work_tells_whom_it_can_and_never_fails_for_it(cast: Cast) -> None:
    with open_scope(cast.scope("supervisor")):
        values = {"actor": Actor.current(), "at": AT, "text": "走访已退回", "kind": "returned"}
        assert send_note(**values, recipient=cast.users["nobody"]) is None
        assert send_note(**values, recipient=cast.users["director"].pk) is not None


def test_a_reminder_has_no_sender_and_comes_once_per_subject(cast: Cast) -> None:
    def remind(subject: str) -> Note | None:
        return send_note(
            actor=SYSTEM,
            at=AT,
            recipient=cast.users["director"],
            text="今天有 2 次走访到期",
            kind="reminder",
            subject=subject,
        )

    with system_scope(reason="test", log=False):
        first = remind("2026-11-20")
        assert first is not None
        assert first.sent_by_id is None
        assert remind("2026-11-20") is None
        assert remind("2026-11-21") is not None
    assert len(told(cast, "director")) == 2


def test_two_people_read_a_note_and_nobody_else(cast: Cast) -> None:
    with open_scope(cast.scope("supervisor")):
        send_note(actor=Actor.current(), at=AT, recipient=cast.users["director"], text="请今天去看看")
    for name in cast.users:
        with open_scope(cast.scope(name)):
            seen = Note._base_manager.count()
        assert seen == (1 if name in ("supervisor", "director") else 0), name


def test_reading_counts_down_and_touches_only_ones_own(cast: Cast) -> None:
    with open_scope(cast.scope("supervisor")):
        sent = [
            send_note(actor=Actor.current(), at=AT, recipient=cast.users[to], text=f"提醒{number}")
            for number, to in enumerate(["director", "director", "other_director"])
        ]
        assert read_notes(actor=Actor.current(), at=AT) == 0  # the sender reads nothing for the others
    director = cast.users["director"].pk
    with open_scope(cast.scope("director")):
        assert unread_count(director) == 2
        assert read_notes(actor=Actor.current(), at=AT, ids=[sent[0].pk, sent[2].pk]) == 1  # type: ignore[union-attr]
        assert unread_count(director) == 1
        assert [note.text for note in inbox(director)] == ["提醒1", "提醒0"]  # unread first
        assert read_notes(actor=Actor.current(), at=AT) == 1
        assert unread_count(director) == 0


def test_the_inbox_is_the_same_under_every_post_and_shows_no_child_out_of_sight(cast: Cast) -> None:
    with open_scope(cast.scope("supervisor")):
        send_note(
            actor=Actor.current(),
            at=AT,
            recipient=cast.users["director"],
            text="请今天去看看",
            child=cast.children["neighbour"],  # of another village than the recipient's
        )
    with open_scope(cast.scope("director")):
        (note,) = inbox(cast.users["director"].pk)
        assert note.child is None
    with open_scope(Scope(user_id=cast.users["director"].pk)):
        assert unread_count(cast.users["director"].pk) == 1
