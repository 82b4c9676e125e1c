"""公开表: totals of townships, no name, and no number from which one could tell a child."""

from __future__ import annotations

import datetime as dt
import io
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.urls import reverse
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from cases.models import Child, Guardian, Payee
from staff.models import Parameter
from staff.scope import system_scope
from subsidies.reports import public_tables
from subsidies.reports.public_tables import HIDDEN, LAYOUTS, Line, guarded
from subsidies.reports.suppression import with_totals
from tests.cast import COUNTY, FAR_VILLAGE, VILLAGE
from tests.papers import all_text, words
from tests.subsidies.conftest import NOVEMBER, OCTOBER, Office
from tests.subsidies.paying import settle
from tests.subsidies.test_suppression import reckoned

LEAST = 3
NUMBERS = st.sampled_from([0, 0, 1, 2, 3, 5, 30])
TOWNSHIPS = st.lists(st.tuples(*[NUMBERS] * 7), min_size=1, max_size=6)


@pytest.fixture(autouse=True)
def _november() -> Any:
    with time_machine.travel(dt.datetime(2026, 11, 28, 2, tzinfo=dt.UTC), tick=False):
        yield


def test_the_headings_are_those_of_the_counties() -> None:
    assert "|".join(LAYOUTS["yongjia"].headings) == "乡镇|孤儿补助人数|金额|困境儿童补助人数|金额|共计"
    assert "|".join(LAYOUTS["minhou"].headings) == "乡镇名称|人数|总合计金额|备注"
    line = Line("x", new=4, left=3, raised=5)
    assert line.remark == "新增4人,核减3人,升级5人"
    for layout in LAYOUTS.values():
        assert len(layout.cells) == len(layout.headings) - 1


def lines_of(numbers: list[tuple[int, ...]]) -> list[Line]:
    """Townships with numbers of orphans, others, those of last month, and movements; money at two known standards."""
    return [
        Line(
            f"{place}", orphans=row[0], orphan_yuan=Decimal(1550 * row[0]), others=row[1],
            other_yuan=Decimal(1100 * row[1]), was_orphans=row[2], was_others=row[3], new=row[4], left=row[5],
            raised=row[6],
        )
        for place, row in enumerate(numbers)
    ]  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(TOWNSHIPS)
def test_nothing_that_is_hidden_follows_from_what_is_published(numbers: list[tuple[int, ...]]) -> None:
    lines = guarded(lines_of(numbers), LEAST)
    grid = with_totals([[line.orphans, line.others] for line in lines[:-1]])
    found = {(place, column) for place, line in enumerate(lines) if line.is_hidden for column in range(3)}
    assert reckoned(grid, found) == set()
    for line in lines:
        if not line.is_hidden:
            assert all(count == 0 or count >= LEAST for count in (line.orphans, line.others, line.people))
        # What moved would tell a hidden number of this month or of the last.
        if line.is_hidden or any(0 < was < LEAST for was in (line.was_orphans, line.was_others)):
            assert line.remark_hidden
        if not line.remark_hidden:
            assert all(count == 0 or count >= LEAST for count in (line.new, line.left, line.raised))
    moved = {(place, column) for place, line in enumerate(lines) if line.remark_hidden for column in range(4)}
    assert reckoned(with_totals([[line.new, line.left, line.raised] for line in lines[:-1]]), moved) == set()


def test_one_small_township_takes_the_smallest_neighbour_with_it() -> None:
    lines = guarded(
        lines_of([(2, 30, 0, 0, 0, 0, 0), (20, 10, 0, 0, 0, 0, 0), (50, 60, 0, 0, 0, 0, 0)]), LEAST
    )
    assert [line.is_hidden for line in lines] == [True, True, False, False]


@pytest.fixture
def paid(office: Office) -> Office:
    """Two townships: five unattended children and four orphans in one, two children in the other; paid twice."""
    for number in range(3):
        office.entitle(office.another_child(f"甲童{number}", account=f"62170012345681{number:02d}"))
    for number in range(4):
        child = office.another_child(
            f"乙童{number}", account=f"62170012345682{number:02d}", primary_category="orphan"
        )
        office.entitle(child)
    for key in ("own", "neighbour", "township"):
        office.entitle(office.child(key))
    office.entitle(office.another_child("丙童", region_id=FAR_VILLAGE, account="6217001234568300"))
    settle(office, office.pay(OCTOBER))
    return office


def rows_of(office: Office, layout: str, month: dt.date = OCTOBER) -> list[list[Any]]:
    with office.as_("clerk"):
        return public_tables.public_table(office.region(), month, layout).rows


def test_a_county_of_two_townships_publishes_only_its_sum(paid: Office) -> None:
    assert rows_of(paid, "yongjia") == [
        ["桂林街道", HIDDEN, HIDDEN, HIDDEN, HIDDEN, HIDDEN],
        ["梓潼街道", HIDDEN, HIDDEN, HIDDEN, HIDDEN, HIDDEN],
        ["合计", 4, Decimal("6200.00"), 7, Decimal("10850.00"), Decimal("17050.00")],
    ]
    assert rows_of(paid, "minhou")[-1] == ["合计", 11, Decimal("17050.00"), ""]


def test_the_countys_own_number_counts(paid: Office) -> None:
    with system_scope(reason="test", log=False):
        Parameter.objects.create(
            region_id=COUNTY, key="small_cell", value=2, valid_from=dt.date(2026, 1, 1), source="本县规定"
        )
    assert rows_of(paid, "yongjia")[:2] == [
        ["桂林街道", 4, Decimal("6200.00"), 5, Decimal("7750.00"), Decimal("13950.00")],
        ["梓潼街道", 0, Decimal("0.00"), 2, Decimal("3100.00"), Decimal("3100.00")],
    ]


def test_what_came_and_went_is_counted(paid: Office) -> None:
    for number in range(3):
        paid.entitle(paid.another_child(f"新来{number}", account=f"62170012345684{number:02d}"), NOVEMBER)
    settle(paid, paid.pay(NOVEMBER))
    with system_scope(reason="test", log=False):
        Parameter.objects.create(
            region_id=COUNTY, key="small_cell", value=1, valid_from=dt.date(2026, 1, 1), source="本县规定"
        )
    rows = rows_of(paid, "yiwu", NOVEMBER)
    assert rows[0] == ["桂林街道", 12, Decimal("18600.00"), "新增3人"]
    assert rows[1][3] == ""
    assert rows[-1][3] == "新增3人"


@pytest.mark.parametrize("layout", sorted(LAYOUTS))
def test_nothing_personal_leaves_by_page_or_file(paid: Office, layout: str) -> None:
    client = paid.cast.client("clerk")
    address = f"{reverse('subsidies:public_table')}?month=2026-10&layout={layout}"
    page = client.get(address)
    sheet = client.get(f"{address}&format=xlsx").content
    cells = [cell.value for row in load_workbook(io.BytesIO(sheet)).active.iter_rows() for cell in row]
    assert tuple(cells[: len(LAYOUTS[layout].headings)]) == LAYOUTS[layout].headings
    printed = all_text(client.get(f"{address}&format=pdf").content)
    assert words(LAYOUTS[layout].headings[1]) in printed
    with system_scope(reason="test", log=False):
        secrets = {
            name
            for child in Child.objects.all()
            for name in (child.name, child.number, child.id_number)
            if name
        }
        secrets |= set(Guardian.objects.values_list("name", flat=True)) | {
            payee.account for payee in Payee.objects.all()
        }
    texts = {"page": page.content.decode(), "xlsx": " ".join(str(cell) for cell in cells), "pdf": printed}
    assert [(where, secret) for where, text in texts.items() for secret in secrets if secret in text] == []
    assert page.status_code == 200


def test_a_child_of_the_village_counts_in_its_township(paid: Office) -> None:
    with paid.as_("clerk"):
        lines = public_tables._read(paid.region(), OCTOBER)
    assert [(line.orphans, line.others) for line in lines] == [(4, 5), (0, 2)]
    assert VILLAGE // 1000 != FAR_VILLAGE // 1000


def test_the_table_costs_few_queries(paid: Office, page_budget: Any) -> None:
    client = paid.cast.client("clerk")
    with page_budget(15):
        client.get(f"{reverse('subsidies:public_table')}?month=2026-10")
