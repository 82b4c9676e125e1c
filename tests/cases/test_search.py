"""Search by fragments: what is found, by whom, and that nothing readable is stored."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection

from cases import search
from cases.models import Child, ChildToken, Guardian
from staff.scope import open_scope, system_scope
from tests.cast import OTHER_VILLAGE, OWN_ID, VILLAGE, Cast, make_child


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
        # Of something longer than a tail, the end; a whole telephone number must be the same.
        ("13812345520", set()),
        ("137 1234 5520", {"林小满", "秦白露", "田立夏", "曾子涵", "欧阳娜娜"}),
        # Places as people type them.
        ("莲花", {"林小满", "曾子涵", "欧阳娜娜"}),
        ("莲花社区", {"林小满", "曾子涵", "欧阳娜娜"}),
        ("桂林街道", {"林小满", "秦白露", "曾子涵", "欧阳娜娜"}),
        ("桂林", {"林小满", "秦白露", "曾子涵", "欧阳娜娜"}),
        ("民安社区", set()),
        # Several words must all hold.
        ("莲花 曾", {"曾子涵"}),
        ("桂林街道 秦白露", {"秦白露"}),
        ("梓潼 秦白露", set()),
        ("莲花 zzh", {"曾子涵"}),
        ("桂芳 lxm", {"林小满"}),
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


def test_a_name_that_is_also_a_place_finds_both(indexed: Cast) -> None:
    with system_scope(reason="test", log=False):
        make_child(OTHER_VILLAGE, "石莲花")
        search.index_children()
    with open_scope(indexed.scope("clerk")):
        assert names("莲花") == {"林小满", "曾子涵", "欧阳娜娜", "石莲花"}


def test_the_name_of_a_place_beyond_the_scope_says_nothing(indexed: Cast) -> None:
    with open_scope(indexed.scope("other_director")):
        assert names("莲花") == set()
        assert names("桂林街道") == set()  # a township is wider than a village's post
        assert names("井田") == {"秦白露"}


@pytest.mark.parametrize("query", ["林", "l", "li", "lin", "小满", "桂芳", "zeng", "oy", "nana", "晴"])
def test_read_in_order_is_the_same_as_found(indexed: Cast, query: str) -> None:
    """The tokens that keep the order of names lead to the children that a search finds, no more and no fewer."""
    for member in ("clerk", "supervisor", "director", "stranger"):
        with open_scope(indexed.scope(member)):
            tokens = search.in_order(query)
            assert tokens
            rows = {row for hits in tokens for row in hits.values_list("name_pinyin", "child_id")}
            found = set(search.find(query).values_list("name_pinyin", "pk"))
            assert rows == found


def test_ends_of_numbers_keep_no_order(indexed: Cast) -> None:
    with open_scope(indexed.scope("clerk")):
        assert search.in_order("5520") == []
        assert search.in_order("林小满") == []
        assert search.in_order("zengzihan") == []
        tails = ChildToken.objects.filter(token=search.token("d:5520"))
        assert set(tails.values_list("name_pinyin", flat=True)) == {None}


def test_a_page_in_order_reads_no_more_than_it_shows(indexed: Cast) -> None:
    with open_scope(indexed.scope("clerk")), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_sort = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
        (hits,) = search.in_order("林")
        plan = hits.order_by("name_pinyin", "child_id")[:51].explain()
    assert "token_by_name" in plan
    assert "Sort" not in plan


def test_suggestions_put_those_on_the_register_first(indexed: Cast) -> None:
    from cases.children.listing import suggestions

    with system_scope(reason="test", log=False):
        Child.objects.filter(name="林小满").update(
            left_date="2026-10-01", left_reason="07", next_visit_date=None
        )
    with open_scope(indexed.scope("clerk")):
        for query in ("林", "桂芳", "5520"):
            found = [child.name for child in suggestions(query)]
            assert found == ["欧阳娜娜", "秦白露", "田立夏", "曾子涵", "林小满"], query
        assert [child.name for child in suggestions("林", limit=2)] == ["欧阳娜娜", "秦白露"]


def test_the_command_writes_the_index_of_every_child_anew(indexed: Cast) -> None:
    with system_scope(reason="test", log=False):
        before = set(ChildToken.objects.values_list("token", "region_code", "child_id"))
        ChildToken.objects.all().delete()
    call_command("index_search", stdout=StringIO())
    with system_scope(reason="test", log=False):
        assert set(ChildToken.objects.values_list("token", "region_code", "child_id")) == before != set()
