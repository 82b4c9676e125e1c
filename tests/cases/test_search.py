"""Search by fragments: what is found, by whom, and that nothing readable is stored."""

from __future__ import annotations

import pytest
from django.db import connection

from cases import search
from cases.models import Child, ChildToken, Guardian
from staff.scope import open_scope, system_scope
from tests.cast import OWN_ID, VILLAGE, Cast, make_child


@pytest.fixture
def indexed(cast: Cast) -> Cast:
    with system_scope(reason="test", log=False):
        make_child(VILLAGE, "曾子涵", number="500152000077", id_number="")
        make_child(VILLAGE, "欧阳娜娜")
        search.index_children()
    return cast


def names(query: str) -> set[str]:
    return {child.name for child in search.find(query)}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("小满", {"林小满"}),
        ("林小满", {"林小满"}),
        ("林", {"林小满", "秦白露", "田立夏", "曾子涵", "欧阳娜娜"}),  # every child's guardian is 林桂芳
        ("桂芳", {"林小满", "秦白露", "田立夏", "曾子涵", "欧阳娜娜"}),
        ("林满", set()),
        ("zengzihan", {"曾子涵"}),
        ("zengz", {"曾子涵"}),
        ("Zeng Zi Han", {"曾子涵"}),
        ("zengzihao", set()),
        ("zihan", {"曾子涵"}),
        ("zzh", {"曾子涵"}),
        ("lxm", {"林小满"}),
        ("ouyangnana", {"欧阳娜娜"}),
        ("oynn", {"欧阳娜娜"}),
        (OWN_ID, {"林小满"}),
        (OWN_ID[-4:], {"林小满"}),
        (OWN_ID[-6:].lower(), {"林小满"}),
        ("500152000077", {"曾子涵"}),
        ("０００７７", {"曾子涵"}),
        ("0077", {"曾子涵"}),
        ("5520", {"林小满", "秦白露", "田立夏", "曾子涵", "欧阳娜娜"}),
        ("13712345520", {"林小满", "秦白露", "田立夏", "曾子涵", "欧阳娜娜"}),
        ("罗小寒", set()),
        ("", set()),
        ("！？", set()),
    ],
)
def test_find(indexed: Cast, query: str, expected: set[str]) -> None:
    with open_scope(indexed.scope("clerk")):
        assert names(query) == expected


def test_each_post_finds_its_own(indexed: Cast) -> None:
    seen = {}
    for member in ("director", "other_director", "supervisor", "stranger", "releaser", "provider", "auditor"):
        with open_scope(indexed.scope(member)):
            seen[member] = names("桂芳")
    assert seen == {
        "director": {"林小满", "曾子涵", "欧阳娜娜"},
        "other_director": {"秦白露"},
        "supervisor": {"林小满", "曾子涵", "欧阳娜娜", "秦白露"},
        "stranger": {"罗小寒"},
        "releaser": set(),
        "provider": set(),
        "auditor": set(),
    }


def test_indexing_again_replaces_what_no_longer_holds(indexed: Cast) -> None:
    child = indexed.children["own"]
    with open_scope(indexed.scope("director")):
        before = set(ChildToken.objects.filter(child_id=child.pk).values_list("token", flat=True))
        Child.objects.filter(pk=child.pk).update(name="林大雪")
        written = search.index_children([child.pk])
        after = set(ChildToken.objects.filter(child_id=child.pk).values_list("token", flat=True))
        assert written == len(after)
        assert search.token("n:小满") in before - after
        assert search.token("n:大雪") in after - before
        assert names("小满") == set()
        assert names("大雪") == {"林大雪"}


def test_indexing_outside_the_scope_changes_nothing(indexed: Cast) -> None:
    child = indexed.children["strange"]
    with open_scope(indexed.scope("clerk")):
        assert search.index_children([child.pk]) == 0
    with open_scope(indexed.scope("stranger")):
        assert names("罗小寒") == {"罗小寒"}


def test_tokens_are_keyed(settings: pytest.FixtureRequest) -> None:
    child = Child(name="林小满", number="C1", id_number=OWN_ID)
    guardian = Guardian(name="林桂芳", phone="13712345520")
    first = search.tokens_for(child, [guardian])
    assert first == search.tokens_for(child, [guardian])
    assert search.tokens_for(child, []) < first
    assert all(-(2**63) <= token < 2**63 for token in first)
    settings.CHILDWELFARE_INDEX_KEY = "b3RoZXIga2V5IG90aGVyIGtleSBvdGhlciBrZXkgb3Q="  # type: ignore[attr-defined]
    search.token.cache_clear()
    try:
        assert first.isdisjoint(search.tokens_for(child, [guardian]))
    finally:
        search.token.cache_clear()


def test_the_search_uses_the_token_index(indexed: Cast) -> None:
    with open_scope(indexed.scope("clerk")), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        plan = ChildToken.objects.filter(token=search.token("n:小满")).explain()
    assert "Index" in plan
    assert "token =" in plan.split("Index Cond:")[1]
