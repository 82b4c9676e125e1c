"""Totals of the register: they add up on every day, and every number is the list behind it."""

from __future__ import annotations

import datetime as dt
import io
import re
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from cases.categories import changes as category_changes
from cases.categories import schemes as categories
from cases.categories.schemes import packaged
from cases.enums import DETAILS, PrimaryCategory
from cases.models import Child, ChildAttribute
from cases.totals.counts import counted_children, totals
from staff.models import AccessLog, Parameter, Region
from staff.scope import open_scope
from tests.cast import COUNTY, FAR_VILLAGE, OTHER_VILLAGE, START, TOWNSHIP, VILLAGE, Cast, make_child

D = dt.date
AT = dt.datetime(2026, 10, 20, 2, 0, tzinfo=dt.UTC)
TODAY = D(2026, 10, 20)
VILLAGES = (VILLAGE, OTHER_VILLAGE, FAR_VILLAGE)


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: AT)


@pytest.fixture
def mixed(cast: Cast) -> Cast:
    """Children of every category in three villages; some changed, left, detailed."""
    with open_scope(cast.scope("clerk")):
        for number, category in enumerate(PrimaryCategory):
            for village in VILLAGES[: number % 3 + 1]:
                details = DETAILS.get(category, ())
                child = make_child(
                    village,
                    f"{category.label}{village % 10}",
                    primary_category=category,
                    category_detail=details[0] if details and number % 2 else "",
                )
                ChildAttribute.objects.create(child=child, region_id=village, kind=category, start_date=START)
                if number % 4 == 0:
                    ChildAttribute.objects.create(
                        child=child, region_id=village, kind="key_monitoring", start_date=D(2026, 5, 1)
                    )
        own = cast.children["own"]
        category_changes.set_category(
            own, "orphan", detail="both_dead", since=D(2026, 6, 1), at=AT, reason="母亲病故"
        )
        leave(cast.children["neighbour"], D(2026, 8, 1))
    return cast


def leave(child: Child, day: dt.date) -> None:
    Child.objects.filter(pk=child.pk).update(left_date=day, left_reason="07")


def county() -> Region:
    return Region.objects.get(pk=COUNTY)


@pytest.mark.parametrize("code", ["national", "jiangsu-2018", "guangdong-2024"])
@pytest.mark.parametrize("area", [COUNTY, TOWNSHIP])
@pytest.mark.parametrize("day", [D(2025, 12, 31), START, D(2026, 7, 31), D(2026, 8, 1), TODAY])
def test_numbers_are_their_lists(mixed: Cast, code: str, area: int, day: dt.date) -> None:
    scheme, region = packaged()[code], Region.objects.get(pk=area)
    with open_scope(mixed.scope("clerk")):
        found = totals(region, day, scheme)
        assert found.adds_up
        everybody = set(counted_children(region, day, scheme))
        assert found.total == len(everybody)
        if day < START:
            assert found.total == 0
        seen: list[Child] = []
        for category in scheme.categories:
            of_category = set(counted_children(region, day, scheme, category=category.code))
            assert len(of_category) == found.counts.get(category.code, 0)
            seen += of_category
            lines = [line for line in found.parts if line.category is category]
            if lines:
                assert sum(line.count for line in lines) == len(of_category)
            for line in lines:
                part = line.part.code if line.part else "-"
                listed = counted_children(region, day, scheme, category=category.code, part=part)
                assert listed.count() == line.count
            for place in found.places:
                here = counted_children(place.region, day, scheme, category=category.code).count()
                assert here == place.counts.get(category.code, 0)
        assert len(seen) == len(set(seen))
        assert set(seen) == everybody
        for kind, count in found.attributes:
            assert counted_children(region, day, scheme, attribute=kind).count() == count
        assert sum(place.total for place in found.places) == found.total


def test_a_day_before_the_change_and_the_leaving(mixed: Cast) -> None:
    scheme = packaged()["national"]
    with open_scope(mixed.scope("clerk")):
        before, after = (totals(county(), day, scheme) for day in (D(2026, 5, 31), D(2026, 6, 1)))
        assert after.counts["orphan"] - before.counts["orphan"] == 1
        assert before.counts["de_facto_unattended"] - after.counts["de_facto_unattended"] == 1
        assert before.total == after.total
        assert totals(county(), D(2026, 8, 1), scheme).total == after.total - 1
        attributes = dict(totals(county(), TODAY, scheme).attributes)
        assert attributes["key_monitoring"] > 0
        assert dict(before.attributes).get("orphan", 0) < attributes["orphan"]


STORIES = st.lists(
    st.tuples(
        st.sampled_from(VILLAGES),
        st.dates(D(2026, 1, 1), D(2026, 6, 1)),
        st.sampled_from(PrimaryCategory),
        st.lists(
            st.tuples(st.sampled_from(PrimaryCategory), st.dates(D(2025, 11, 1), TODAY)),
            max_size=4,
        ),
        st.none() | st.dates(D(2026, 6, 1), TODAY),
    ),
    max_size=8,
)


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STORIES, st.lists(st.dates(D(2025, 11, 1), D(2026, 11, 1)), min_size=1, max_size=4))
def test_categories_add_up_to_the_register_whatever_happened(
    cast: Cast, stories: list[tuple[int, dt.date, PrimaryCategory, list[tuple[str, dt.date]], dt.date | None]],
    days: list[dt.date],
) -> None:  # fmt: skip
    with open_scope(cast.scope("clerk")), transaction.atomic():
        known: list[tuple[dt.date, dt.date | None, dict[dt.date, str]]] = []
        for number, (village, registered, first, changes, left) in enumerate(stories):
            child = make_child(
                village, f"史{number}", primary_category=first, registered_date=registered,
                category_since=registered,
            )  # fmt: skip
            truth = dict.fromkeys(days, first.value)
            for category, since in changes:
                if category != Child.objects.get(pk=child.pk).primary_category:
                    category_changes.set_category(child, category, since=since, at=AT, reason="核实")
                    truth |= {day: str(category) for day in days if day >= since}
            if left is not None:
                leave(child, left)
            known.append((registered, left, truth))
        for scheme in packaged().values():
            for day in days:
                found = totals(county(), day, scheme)
                on = [
                    truth[day]
                    for start, left, truth in known
                    if start <= day and (left is None or day < left)
                ]
                on += ["de_facto_unattended"] * (3 if day >= START else 0)  # the cast
                expected = Counter(categories.counted_under(scheme, code)[0].code for code in on)
                assert found.adds_up
                assert found.total == len(on)
                assert found.counts == dict(expected)
        transaction.set_rollback(True)


def test_the_queries_do_not_grow_with_the_register(mixed: Cast) -> None:
    scheme = packaged()["national"]
    with open_scope(mixed.scope("clerk")):
        region = county()
        costs = []
        for _round in range(2):
            with CaptureQueriesContext(connection) as captured:
                totals(region, TODAY, scheme)
            costs.append(len(captured))
            for number in range(30):
                make_child(OTHER_VILLAGE, f"多{number}", primary_category="dibao")
        assert costs == [4, 4]


# --- Pages


def links(page: str) -> list[tuple[str, int]]:
    """Addresses of the lists behind the numbers of a page, and the numbers."""
    found = re.findall(r'href="(/totals/children/[^"]*)"[^>]*>([0-9,]+)<', page)
    return [(url.replace("&amp;", "&"), int(number.replace(",", ""))) for url, number in found]


@pytest.mark.parametrize("member", ["clerk", "supervisor", "approver", "leader"])
def test_every_number_of_the_page_links_to_its_children(mixed: Cast, member: str) -> None:
    client = mixed.client(member)
    page = client.get("/totals/").content.decode()
    found = links(page)
    assert len(found) > 30
    for url, number in found:
        listed = client.get(url).content.decode()
        assert len(re.findall(r'href="/children/(\d+)/"', listed)) == number, url


def test_who_reads_the_totals(mixed: Cast) -> None:
    for member in ("director", "viewer", "releaser", "auditor", "provider"):
        assert mixed.client(member).get("/totals/").status_code == 403
    other = links(mixed.client("stranger").get("/totals/").content.decode())
    assert {number for _url, number in other} == {1}
    # A place elsewhere is not there.
    asked = {"day": "2026-10-20", "region": str(COUNTY)}
    assert mixed.client("stranger").get("/totals/children/", asked).status_code == 404


def test_the_page_of_a_past_day_and_a_township(mixed: Cast) -> None:
    client = mixed.client("clerk")
    page = client.get("/totals/", {"day": "2026-05-31", "region": TOWNSHIP})
    found = page.context["found"]
    assert (found.day, found.area.pk, len(found.places)) == (D(2026, 5, 31), TOWNSHIP, 2)
    later = client.get("/totals/", {"day": "2030-01-01"}).context["found"]
    assert later.day == TODAY
    assert client.get("/totals/", {"day": "x", "region": "y"}).context["found"].area.pk == COUNTY


def test_costs(mixed: Cast, page_budget: Callable[[int], AbstractContextManager[None]]) -> None:
    client = mixed.client("clerk")
    for url in ("/totals/", f"/totals/children/?day=2026-10-20&region={COUNTY}", "/totals/schemes/"):
        with page_budget(15):
            assert client.get(url).status_code == 200


def test_export(mixed: Cast) -> None:
    client = mixed.client("clerk")
    found = client.get("/totals/").context["found"]
    answer = client.get("/totals/export/")
    sheet = load_workbook(io.BytesIO(answer.content)).active
    assert sheet is not None
    rows = [list(row) for row in sheet.iter_rows(values_only=True)]
    total = next(row for row in rows[1:] if row[0] in ("合计", "Total"))
    shown = [found.counts.get(category.code, 0) for category in found.scheme.categories]
    assert [cell for cell in total[1:] if cell is not None] == [*shown, found.total]
    with open_scope(mixed.scope("auditor")):
        line = AccessLog.objects.filter(kind="export").latest("pk")
    assert (line.subject, line.detail["total"]) == ("cases.register_totals", found.total)


def test_choosing_a_scheme(mixed: Cast) -> None:
    client = mixed.client("clerk")
    data = {"scheme": "jiangsu-2018", "day": "2026-10-01", "source": "苏民儿〔2018〕1号"}
    page = client.post("/totals/schemes/", data)
    before, after = page.context["preview"]
    assert (before["scheme"].code, after["scheme"].code) == ("national", "jiangsu-2018")
    assert before["sums"][1] == after["sums"][1] > 20
    assert sum(row["cells"][1] for row in after["rows"]) == after["sums"][1]
    assert not Parameter.objects.filter(key="category_scheme").exists()
    assert client.post("/totals/schemes/", data | {"confirm": "1"}).status_code == 302
    row = Parameter.objects.get(key="category_scheme")
    assert (row.region_id, row.value, row.valid_from) == (COUNTY, "jiangsu-2018", D(2026, 10, 1))
    with open_scope(mixed.scope("auditor")):
        line = AccessLog.objects.get(kind="setting")
    assert (line.reason, line.detail["scheme"]) == ("苏民儿〔2018〕1号", "jiangsu-2018")
    for day, code in (("2026-09-30", "national"), ("2026-10-01", "jiangsu-2018")):
        assert client.get("/totals/", {"day": day}).context["found"].scheme.code == code
    # The same day chosen again replaces; the choice is not the township's.
    client.post("/totals/schemes/", data | {"scheme": "guangdong-2024", "confirm": "1"})
    assert Parameter.objects.get(key="category_scheme").value == "guangdong-2024"
    assert mixed.client("supervisor").get("/totals/").context["found"].scheme.code == "guangdong-2024"


def test_a_scheme_is_refused_before_its_document(mixed: Cast) -> None:
    data = {"scheme": "jiangsu-2018", "day": "2017-12-31", "source": "x", "confirm": "1"}
    page = mixed.client("clerk").post("/totals/schemes/", data)
    assert "day" in page.context["form"].errors
    for member in ("approver", "leader"):
        client = mixed.client(member)
        assert client.get("/totals/schemes/").context["form"] is None
        assert client.post("/totals/schemes/", data | {"day": "2026-10-01"}).status_code == 403
    assert mixed.client("supervisor").get("/totals/schemes/").status_code == 403
    assert not Parameter.objects.filter(key="category_scheme").exists()
