"""Pages of notes: the inbox, writing one, the bell; and that a returned visit is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from cases.models import Note
from cases.notes.selectors import inbox, unread_count
from cases.notes.services import send_note
from cases.visits.services import review_visit
from staff.scope import open_scope
from staff.workflow import Actor
from tests.cases.visiting import NOW, acting, submitted
from tests.cast import VILLAGE, Cast


def write(cast: Cast, text: str = "请今天去看看", **about: Any) -> Note:
    with open_scope(cast.scope("supervisor")):
        note = send_note(
            actor=Actor.current(), at=timezone.now(), recipient=cast.users["director"], text=text, **about
        )
    assert note is not None
    return note


def notes_of(cast: Cast, name: str) -> list[Note]:
    with open_scope(cast.scope(name)):
        return list(inbox(cast.users[name].pk))


def test_a_note_is_written_on_a_childs_page_and_read_on_the_directors(cast: Cast) -> None:
    child = cast.children["own"]
    supervisor, director = cast.client("supervisor"), cast.client("director")
    assert f"/notes/add/?child={child.pk}" in supervisor.get(f"/children/{child.pk}/").content.decode()
    address = f"/notes/add/?child={child.pk}"
    assert "王念慈" in supervisor.get(address).content.decode()
    sent = supervisor.post(address, {"recipient": cast.users["director"].pk, "text": "请今天去看看"})
    assert sent.status_code == 302
    assert sent["Location"] == f"/children/{child.pk}/"
    home = director.get("/").content.decode()
    assert 'href="/notes/"' in home
    page = director.get("/notes/").content.decode()
    assert "请今天去看看" in page
    assert "李守安" in page
    (note,) = notes_of(cast, "director")
    opened = director.post(f"/notes/{note.pk}/read/")
    assert opened["Location"] == f"/children/{child.pk}/"
    assert notes_of(cast, "director")[0].read_at is not None
    assert "请今天去看看" in supervisor.get("/notes/sent/").content.decode()


@pytest.mark.parametrize(
    ("about", "recipient", "status"),
    [
        ("child", "director", 302),
        ("child", "other_director", 422),  # of another village
        ("child", "clerk", 422),
        ("village", "director", 302),
    ],
)
def test_only_the_people_of_the_place_are_offered_and_taken(
    cast: Cast, about: str, recipient: str, status: int
) -> None:
    number = cast.children["own"].pk if about == "child" else VILLAGE
    answer = cast.client("supervisor").post(
        f"/notes/add/?{about}={number}", {"recipient": cast.users[recipient].pk, "text": "请今天去看看"}
    )
    assert answer.status_code == status
    assert len(notes_of(cast, recipient)) == (status == 302)


def test_an_empty_note_is_not_sent_and_what_was_typed_stays(cast: Cast) -> None:
    client, address = cast.client("supervisor"), f"/notes/add/?village={VILLAGE}"
    assert client.post(address, {"recipient": cast.users["director"].pk, "text": " "}).status_code == 422
    long = client.post(address, {"recipient": cast.users["director"].pk, "text": "字" * 301})
    assert long.status_code == 422
    assert "字" * 301 in long.content.decode()
    assert notes_of(cast, "director") == []


def test_a_director_writes_to_nobody(cast: Cast) -> None:
    client = cast.client("director")
    assert client.get(f"/notes/add/?village={VILLAGE}").status_code == 403
    assert "/notes/add/" not in client.get(f"/children/{cast.children['own'].pk}/").content.decode()


def test_a_returned_visit_is_told_with_the_words_and_leads_to_it(cast: Cast) -> None:
    visit = submitted(cast)
    with acting(cast, "supervisor") as actor:
        review_visit(
            actor=actor,
            at=NOW,
            visit=visit,
            decision="return",
            reason_code="unclear",
            reason="请补写奶奶的用药情况。",
        )
    (note,) = notes_of(cast, "director")
    assert (note.kind, note.visit_id, note.sent_by_id) == (
        "returned",
        visit.pk,
        cast.users["supervisor"].pk,
    )
    assert "请补写奶奶的用药情况。" in note.text
    opened = cast.client("director").post(f"/notes/{note.pk}/read/")
    assert opened["Location"] == f"/visits/{visit.pk}/"


def test_all_are_read_at_once(cast: Cast) -> None:
    for number in range(3):
        write(cast, f"提醒{number}")
    cast.client("director").post("/notes/")
    with open_scope(cast.scope("director")):
        assert unread_count(cast.users["director"].pk) == 0


def test_the_bell_counts_and_costs_one_query_only_after_a_change(
    cast: Cast, django_assert_num_queries: Callable[..., Any]
) -> None:
    from cases.notes.selectors import unread_in_menu

    write(cast)
    director = cast.users["director"].pk
    with open_scope(cast.scope("director")):
        with django_assert_num_queries(1):
            assert unread_in_menu(director) == 1
        with django_assert_num_queries(0):
            assert unread_in_menu(director) == 1
    write(cast)
    with open_scope(cast.scope("director")), django_assert_num_queries(1):
        assert unread_in_menu(director) == 2


def test_the_inbox_costs_the_same_however_full(cast: Cast, page_budget: Callable[[int], Any]) -> None:
    client = cast.client("director")
    for number in range(40):
        write(cast, f"第{number}件", child=cast.children["own"])
    with page_budget(12):
        page = client.get("/notes/")
    assert page.content.decode().count("件</span>") == 30
