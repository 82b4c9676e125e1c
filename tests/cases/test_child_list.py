"""The children's list: every filter, order and column, all in its address; pages by key; what it costs."""

from __future__ import annotations

import datetime as dt
import html
import re

import pytest
from django.db import connection
from django.utils import timezone

from cases import search
from cases.children.columns import COLUMNS, default_keys
from cases.children.filters import ORDERS, Filters, births_between
from cases.children.listing import page_of
from cases.models import Child, ChildAttribute, Defect, Guardian
from staff.enums import Role
from staff.models import Parameter
from staff.scope import open_scope, system_scope
from tests.cast import COUNTY, OTHER_VILLAGE, TOWNSHIP, VILLAGE, Cast, make_child

PAGE_COST = 15 + 4
TODAY = dt.date(2026, 10, 20)
AT = dt.datetime(2026, 10, 20, 2, 0, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: AT)


def listed(page: bytes) -> list[str]:
    """Names in the order of the list (phones' items)."""
    return re.findall(r'cw-item-title">([^<]+?)<', page.decode())


def link(page: bytes, rel: str) -> str:
    found = re.search(rf'href="(\?[^"]*)" rel="{rel}"', page.decode())
    assert found is not None, rel
    return html.unescape(found.group(1))


@pytest.fixture
def varied(cast: Cast) -> Cast:
    """Three children of the county, each unlike the others in everything that can be asked for."""
    with system_scope(reason="test", log=False):
        own, neighbour, township = (cast.children[name] for name in ("own", "neighbour", "township"))
        Child.objects.filter(pk=own.pk).update(
            primary_category="orphan", category_detail="both_dead", school_stage="primary",
            health_status="chronic", insurance="funded", birth_date=dt.date(2017, 5, 20), sex="female",
            registered_date=dt.date(2026, 1, 1), last_visit_date=dt.date(2026, 10, 1),
        )  # fmt: skip
        Child.objects.filter(pk=neighbour.pk).update(
            school_stage="senior", insurance="none", registration="none", birth_date=dt.date(2010, 11, 2), sex="male",
            registered_date=dt.date(2026, 2, 1), last_visit_date=None, risk="red",
        )  # fmt: skip
        Child.objects.filter(pk=township.pk).update(
            placement="institution", birth_date=dt.date(2009, 1, 20), next_visit_date=dt.date(2026, 10, 1),
            registered_date=dt.date(2026, 3, 1), last_visit_date=dt.date(2026, 9, 1),
        )  # fmt: skip
        Guardian.objects.filter(child=township).update(kind="caregiver")
        ChildAttribute.objects.create(
            child=own, region_id=own.region_id, kind="dibao", start_date=dt.date(2026, 1, 1)
        )
        ChildAttribute.objects.create(
            child=neighbour, region_id=neighbour.region_id, kind="dibao",
            start_date=dt.date(2025, 1, 1), end_date=dt.date(2026, 10, 19),
        )  # fmt: skip
        ChildAttribute.objects.create(
            child=township, region_id=township.region_id, kind="dibao", start_date=dt.date(2026, 10, 21)
        )
        for child, state in ((own, "closed"), (neighbour, "followed")):
            Defect.objects.create(
                child=child, region_id=child.region_id, kind="out_of_school", state=state, opened_date=TODAY,
                due_date=TODAY, solved_date=TODAY if state == "closed" else None,
            )  # fmt: skip
        search.index_children()
    return cast


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (f"region={TOWNSHIP}", {"林小满", "秦白露"}),
        (f"region={OTHER_VILLAGE}", {"秦白露"}),
        ("category=orphan&detail=both_dead", {"林小满"}),
        ("category=orphan&detail=both_missing", set()),
        # Held today: neither ended yesterday nor begins tomorrow.
        ("attribute=dibao", {"林小满"}),
        ("risk=red", {"秦白露"}),
        ("due=overdue", {"田立夏"}),
        ("placement=institution", {"田立夏"}),
        ("stage=senior", {"秦白露"}),
        ("health=chronic", {"林小满"}),
        ("sex=male", {"秦白露"}),
        ("registration=none", {"秦白露"}),
        ("insurance=funded", {"林小满"}),
        ("insurance=none", {"秦白露"}),
        ("age_from=9&age_to=9", {"林小满"}),
        ("age_from=10", {"秦白露", "田立夏"}),
        ("age_to=16", {"林小满", "秦白露"}),
        ("age_from=16&age_to=17", {"田立夏"}),
        ("ageing=16", {"秦白露"}),  # on 2 November
        ("ageing=18", {"田立夏"}),  # on 20 January, three months ahead to the day
        ("no_guardian=1", {"田立夏"}),
        ("no_identity=1", {"秦白露", "田立夏"}),
        ("defect=any", {"秦白露"}),
        ("defect=out_of_school", {"秦白露"}),
        ("defect=no_guardian", set()),
        ("q=林小满", {"林小满"}),
        ("q=林&sex=male", {"秦白露"}),  # its guardian is 林桂芳
        ("category=nonsense&age_from=x", {"林小满", "秦白露", "田立夏"}),
    ],
)
def test_each_filter(varied: Cast, query: str, expected: set[str]) -> None:
    page = varied.client("clerk").get(f"/children/?{query}")
    assert set(listed(page.content)) == expected


@pytest.mark.parametrize("query", ["x" * 3000, "不在册" * 1000, "\0不在册", "😀" * 500])
def test_a_search_for_what_nobody_is_called_never_lists_everybody(varied: Cast, query: str) -> None:
    assert listed(varied.client("clerk").get("/children/", {"q": query}).content) == []


def test_those_who_left_by_reason_and_period(varied: Cast) -> None:
    with open_scope(varied.scope("clerk")):
        for name, day, reason in (("林小满", 1, "07"), ("秦白露", 10, "09")):
            Child.objects.filter(name=name).update(
                left_date=dt.date(2026, 10, day), left_reason=reason, next_visit_date=None
            )
    client = varied.client("clerk")
    for query, expected in {
        "": ["秦白露", "林小满"],
        "&sort=left": ["林小满", "秦白露"],
        "&left_reason=07": ["林小满"],
        "&no_guardian=1": [],
        "&left_from=2026-10-02": ["秦白露"],
        "&left_to=2026-10-02": ["林小满"],
        "&left_from=2026-10-02&left_to=2026-10-09": [],
    }.items():
        assert listed(client.get(f"/children/?left=1{query}").content) == expected, query
    # The period says nothing about those who are still here.
    assert listed(client.get("/children/?left_from=2026-10-02").content) == ["田立夏"]


def test_months_ahead_are_the_countys_parameter(varied: Cast) -> None:
    with system_scope(reason="test", log=False):
        Parameter.objects.create(
            region_id=COUNTY, key="age_out_months", value=2, valid_from=dt.date(2026, 1, 1)
        )
    assert listed(varied.client("clerk").get("/children/?ageing=18").content) == []


@pytest.mark.parametrize("years", [16, 18])
@pytest.mark.parametrize(
    ("first", "last"),
    [
        (dt.date(2026, 2, 28), dt.date(2026, 2, 28)),
        (dt.date(2028, 2, 29), dt.date(2028, 2, 29)),
        (dt.date(2026, 11, 30), dt.date(2027, 2, 28)),
        (dt.date(2026, 10, 20), dt.date(2027, 1, 20)),
    ],
)
def test_births_whose_birthday_lies_between(years: int, first: dt.date, last: dt.date) -> None:
    """Against every day of four years, 29 February among them."""
    from cases import ages

    low, high = births_between(years, first, last)
    start = dt.date(first.year - years - 2, 1, 1)
    days = [start + dt.timedelta(days=n) for n in range(4 * 366)]
    assert [d for d in days if low <= d <= high] == [
        d for d in days if first <= ages.birthday(d, years) <= last
    ]


def test_filters_survive_address_and_job(varied: Cast) -> None:
    filters = Filters(
        q="林", region=TOWNSHIP, category="orphan", age_from=0, age_to=17, left=True, left_reason="07",
        left_from=dt.date(2026, 1, 1), no_identity=True, ageing=18, sort="-name", cols="name.birth",
    )  # fmt: skip
    assert Filters.read(filters.as_arguments()) == filters
    with open_scope(varied.scope("clerk")):
        from django.http import QueryDict

        from cases.children.list_views import filter_form

        assert filter_form(QueryDict(filters.address().removeprefix("?")), TODAY).filters() == filters


def test_a_sent_form_leads_to_an_address_without_what_is_empty(varied: Cast) -> None:
    answer = varied.client("clerk").get(
        "/children/",
        {"shown": "1", "q": "", "category": "orphan", "risk": "", "col": ["name", "age", "nonsense"]},
    )
    assert answer["Location"] == "/children/?category=orphan&cols=name.age"


# --- Order, columns --------------------------------------------------------------------------------------


@pytest.fixture
def many(cast: Cast) -> Cast:
    with system_scope(reason="test", log=False):
        for number in range(60):
            make_child(
                OTHER_VILLAGE, f"童{number:02d}", risk="green",
                next_visit_date=TODAY + dt.timedelta(days=number // 7) if number % 10 else None,
                last_visit_date=TODAY - dt.timedelta(days=number // 5) if number % 9 else None,
                birth_date=dt.date(2012, 1, 1) + dt.timedelta(days=number % 30),
                registered_date=dt.date(2026, 1, 1) + dt.timedelta(days=number % 11),
            )  # fmt: skip
        search.index_children()
    return cast


@pytest.mark.parametrize("sort", [sign + key for key in ORDERS if key != "left" for sign in ("", "-")])
def test_every_order_pages_through_every_child_once_there_and_back(many: Cast, sort: str) -> None:
    client = many.client("supervisor")
    first = client.get("/children/", {"sort": sort}).content
    second = client.get(f"/children/{link(first, 'next')}").content
    names = listed(first) + listed(second)
    assert (len(listed(first)), len(names), len(set(names))) == (50, 62, 62)
    field = ("-" if sort.startswith("-") else "") + ORDERS[sort.removeprefix("-")]
    with open_scope(many.scope("supervisor")):
        total = "-pk" if sort.startswith("-") else "pk"
        assert names == list(Child.objects.order_by(field, total).values_list("name", flat=True))
    assert listed(client.get(f"/children/{link(second, 'prev')}").content) == listed(first)


@pytest.mark.parametrize("query", ["q=林", "q=t", "q=to", "q=林&sort=-name", "q=林&risk=green"])
def test_results_of_a_short_search_page_in_the_same_way(many: Cast, query: str) -> None:
    client = many.client("supervisor")
    first = client.get(f"/children/?{query}").content
    second = client.get(f"/children/{link(first, 'next')}").content
    names = listed(first) + listed(second)
    with open_scope(many.scope("supervisor")):
        filters = Filters(
            q=query.split("&")[0][2:], sort="-name" if "-name" in query else "",
            risk="green" if "risk" in query else "",
        )  # fmt: skip
        expected = list(filters.children(TODAY).values_list("name", flat=True))
    assert names == expected
    assert len(names) > 55
    assert listed(client.get(f"/children/{link(second, 'prev')}").content) == listed(first)


def test_headings_sort_and_turn_round(varied: Cast) -> None:
    client = varied.client("clerk")
    page = client.get("/children/?risk=red").content.decode()
    assert 'aria-sort="ascending"' in page
    assert html.escape("?risk=red&sort=-due") in page
    assert html.escape("?risk=red&sort=name") in page
    page = client.get("/children/?sort=-birth&cols=name.birth").content.decode()
    assert 'aria-sort="descending"' in page
    assert html.escape("?sort=birth&cols=name.birth") in page


def headings(page: bytes) -> int:
    return len(re.findall(r'<th scope="col"', page.decode()))


def test_columns_are_chosen_in_the_address(varied: Cast) -> None:
    client = varied.client("leader")  # selects nothing, so every heading is a column
    assert headings(client.get("/children/").content) == len(default_keys(Role.LEADER))
    page = client.get("/children/?cols=name.insurance.nonsense.identity")
    assert headings(page.content) == 3
    text = page.content.decode()
    assert "500152********" in text
    assert headings(client.get("/children/?cols=nonsense").content) == len(default_keys(Role.LEADER))


def test_every_column_has_a_cell_for_every_child(varied: Cast) -> None:
    with open_scope(varied.scope("clerk")):
        page = page_of(Filters(), list(COLUMNS.values()), TODAY)
        for child in page.children:
            for column in COLUMNS.values():
                assert isinstance(column.text(child, page.around), str), column.key
        cells = {
            column.key: column.text(next(c for c in page.children if c.name == "林小满"), page.around)
            for column in COLUMNS.values()
        }
    assert cells["township"] == "桂林街道"
    assert cells["village"] == "莲花社区"
    assert cells["age"] == "9"
    assert cells["phone"] == "137****5520"
    assert cells["guardian"] == "林桂芳"


def test_the_directors_list_is_simple(varied: Cast) -> None:
    page = varied.client("director").get("/children/").content.decode()
    assert "cw-filter-more" not in page
    assert "/children/views/" not in page
    assert 'name="q"' in page
    clerk = varied.client("clerk").get("/children/").content
    assert len(page) < 0.6 * len(clerk)


# --- Cost ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query",
    [
        "",
        "q=林",
        "q=莲花社区 林小满",
        "left=1",
        "ageing=18&attribute=dibao&defect=any&no_guardian=1&no_identity=1",
        f"sort=-visited&region={VILLAGE}&cols={'.'.join(COLUMNS)}",
    ],
)
def test_cost_of_the_list(
    many: Cast, query: str, django_assert_max_num_queries: pytest.FixtureRequest
) -> None:
    client = many.client("clerk")
    with django_assert_max_num_queries(PAGE_COST):  # type: ignore[operator]
        assert client.get(f"/children/?{query}").status_code == 200


def test_who_has_no_guardian_is_found_without_reading_a_table(many: Cast) -> None:
    """The children without are worked out of two indexes before the list is read, not by asking for each child."""
    with open_scope(many.scope("clerk")), connection.cursor() as cursor:
        # Which of two indexes is read of tables as small as these is a matter of chance.
        for way in ("seqscan", "bitmapscan", "sort", "hashagg"):
            cursor.execute(f"SET LOCAL enable_{way} = off")
        plan = Filters(no_guardian=True).children(TODAY)[:51].explain()
    assert re.search(r"Index (Only )?Scan using \w+ on cases_guardian", plan), plan
    assert {"child_present", "guardian_in_law"} <= {
        index.name for model in (Child, Guardian) for index in model._meta.indexes
    }
    assert "Except" in plan
    assert "Anti" not in plan
    assert "SubPlan" not in plan, "asked once for each child"


@pytest.mark.parametrize("sort", [key for key in ORDERS if key != "left"])
def test_each_order_is_read_from_an_index(many: Cast, sort: str) -> None:
    """With sorting made dear, the county's first page needs none."""
    with open_scope(many.scope("clerk")), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_sort = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
        for order in (sort, f"-{sort}"):
            plan = Filters(sort=order).children(TODAY)[:51].explain()
            assert "Sort" not in plan, plan
            assert "Index Scan" in plan
