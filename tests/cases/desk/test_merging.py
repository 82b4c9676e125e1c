"""The merged order: paging equals the sorted union of all sources, whatever the rows and the filters."""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cases.desk import merging
from cases.desk.merging import Filters, Key, Work, next_after, page_of, standing, tallies, work_of
from cases.desk.sources import Reader, sources_for
from cases.models import Case as CaseFile
from cases.models import CaseAction, Discrepancy, KeptVisit, PotentialChild, VisitMark
from staff.models import Region
from staff.scope import open_scope, system_scope
from staff.workflow import Actor
from tests.cases.desk.conftest import SENT, Desk, days_ago
from tests.cases.visiting import NOW, TODAY, acting
from tests.cast import OTHER_VILLAGE, TOWNSHIP, VILLAGE


def fill(desk: Desk, number: int, seed: int) -> None:
    """So many rows more, spread over sources and villages, many with the same promise."""
    pick = random.Random(seed)
    own, near = desk.cast.children["own"], desk.cast.children["neighbour"]
    director = desk.cast.users["director"]
    run = desk.rows["discrepancies"].run
    visit = desk.rows["calls"].visit
    with system_scope(reason="many", log=False):
        for one in range(number):
            child = pick.choice([own, near])
            base = {"child": child, "region_id": child.region_id}
            ago = pick.choice([0, 1, 2, 2, 5, 40])
            match one % 5:
                case 0:
                    CaseFile.objects.create(
                        **base,
                        title="甲",
                        level="blue",
                        opened_by=director,
                        opened_at=NOW,
                        due_at=days_ago(ago),
                    )
                case 1:
                    case = desk.rows["actions"].case
                    CaseAction.objects.create(
                        **base | {"child": own, "region_id": VILLAGE}, case=case, title="乙", owner=director,
                        due_date=TODAY - dt.timedelta(days=ago + 1),
                    )  # fmt: skip
                case 2:
                    Discrepancy.objects.create(
                        **base, run=run, kind="gone", list_kind="dibao", role="father", person_id=one,
                        due_date=TODAY - dt.timedelta(days=ago),
                    )  # fmt: skip
                case 3:
                    PotentialChild.objects.create(
                        region_id=child.region_id, county=500152000000, subject=f"{one}".ljust(64, "x"), name=f"陆{one}",
                        entered_by=director, state="found", due_date=TODAY - dt.timedelta(days=ago), created_at=NOW,
                    )  # fmt: skip
                case 4:
                    KeptVisit.objects.create(
                        uuid=uuid4(), region_id=child.region_id, child_number=1, child_name=f"迁{one}", author=director,
                        payload=SENT.written(), reason="moved", received_at=days_ago(ago),
                    )  # fmt: skip
        for code in ("same_text", "too_quick"):
            VisitMark.objects.create(
                visit=visit, child=own, region_id=VILLAGE, code=code, created_at=days_ago(5)
            )


def paged(reader: Reader, filters: Filters, size: int) -> list[Work]:
    """Every row, page after page, as the pages' addresses carry the key."""
    found: list[Work] = []
    after: Key | None = None
    while True:
        page = page_of(reader, filters, after, size)
        found += page.rows
        assert len(page.rows) == size or page.later is None
        if page.later is None:
            return found
        after = Key.read(str(page.later))
        assert after == page.later


def expected(reader: Reader, filters: Filters) -> list[tuple[dt.datetime, int, int]]:
    """The same by hand: each source by itself, put together and sorted in Python."""
    rows = []
    for rank, source in sources_for(reader).items():
        if filters.source not in ("", source.code) or (filters.person and not source.person):
            continue
        found = source.waiting(reader).order_by().annotate(by_when=source.promised(reader))
        if filters.region:
            low, high = filters.region.lo, filters.region.hi
            found = found.filter(**{f"{source.region}__gte": low, f"{source.region}__lte": high})
        if filters.person:
            found = found.filter(**{source.person: filters.person})
        rows += [(by_when, rank, pk) for by_when, pk in found.values_list("by_when", "pk")]
    return sorted(rows)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(number=st.integers(0, 45), seed=st.integers(0, 10_000), size=st.integers(1, 9))
def test_paging_is_the_sorted_union(desk_maker: object, number: int, seed: int, size: int) -> None:
    with desk_maker() as desk:  # type: ignore[operator]
        fill(desk, number, seed)
        director = desk.cast.users["director"].pk
        with acting(desk.cast, "supervisor"):
            reader = Reader(Actor.current(), TOWNSHIP, NOW)
            near = Region.objects.get(pk=OTHER_VILLAGE)
            everything = Filters()
            for filters in (everything, Filters("cases"), Filters(region=near), Filters(person=director)):
                rows = paged(reader, filters, size)
                keys = [(work.key.promised, work.key.rank, work.pk) for work in rows]
                assert keys == expected(reader, filters)
                for place, work in enumerate(rows[:3], 1):
                    assert standing(reader, filters, work.key) == (place, len(rows))
            whole = paged(reader, everything, 50)
            counted = tallies(reader, everything)
            by_source = Counter(work.source.code for work in whole)
            assert {code: one.number for code, one in counted.items() if one.number} == by_source
            late = Counter(work.source.code for work in whole if work.key.promised <= NOW)
            assert {code: one.late for code, one in counted.items() if one.late} == late
            first, second = whole[0], whole[1]
            assert next_after(reader, everything, first.key) == second
            assert next_after(reader, everything, whole[-1].key) == first
            assert work_of(reader, second.source, second.pk) == second


def test_a_page_and_all_counts_are_a_query_each(desk: Desk, django_assert_num_queries: object) -> None:
    fill(desk, 40, 1)
    with open_scope(desk.cast.scope("supervisor")):
        reader = Reader(Actor.current(), TOWNSHIP, NOW)
        assert reader.parameters
        with django_assert_num_queries(1):  # type: ignore[operator]
            assert len(page_of(reader, Filters()).rows) == merging.PAGE
        with django_assert_num_queries(1):  # type: ignore[operator]
            tallies(reader, Filters())


@pytest.mark.parametrize(
    "text", ["", "x", "20261020T000000.000000~1", "20261020T000000.000000~x~1", "~1~1", "99~1~1"]
)
def test_an_address_that_cannot_be_read_is_the_first_page(text: str) -> None:
    assert Key.read(text) is None
