"""Sweeps: coverage equals its lists, a stated rule counts who came and left, closing freezes, missing visits are asked for."""

from __future__ import annotations

import datetime as dt
import io
import random
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any
from zipfile import ZipFile

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import ProgrammingError, transaction
from django.urls import reverse

from cases.field.roster import roster
from cases.models import Child, Sweep, SweepCoverage, Visit, VisitTask
from cases.refusals import RegisterRefused
from cases.sweeps import selectors, services
from cases.sweeps.rules import proposals
from cases.sweeps.selectors import SHOWS, Reach
from cases.sweeps.services import SweepData
from cases.villages import selectors as village_selectors
from staff.models import Region
from staff.scope import system_scope
from tests.cases.visiting import NOW, TODAY, acting
from tests.cast import COUNTY, FAR_VILLAGE, OTHER_VILLAGE, START, TOWNSHIP, VILLAGE, Cast, make_child

DAY = dt.timedelta(days=1)
D = dt.date
FIRST, LAST = D(2026, 10, 1), D(2026, 10, 31)


def plan(cast: Cast, by: str = "clerk", at: dt.datetime = NOW, **changes: Any) -> Sweep:
    data = {"title": "秋季排查", "start_date": FIRST, "end_date": LAST} | changes
    with acting(cast, by):
        region = Region.objects.get(pk=COUNTY if by == "clerk" else TOWNSHIP)
        return services.plan_sweep(SweepData(**data), region=region, at=at)


def visited(cast: Cast, child: Child, day: dt.date = TODAY, state: str = "submitted", **more: Any) -> Visit:
    """A visit as it stands in the file."""
    with system_scope(reason="test", log=False):
        return Visit.objects.create(
            child=child, region_id=child.region_id, kind="door", visited_at=NOW.replace(month=day.month, day=day.day),
            risk_before=child.risk, risk=child.risk, conducted_by=cast.users["director"], state=state,
            submitted_at=None if state == "draft" else NOW, **more,
        )  # fmt: skip


def names(cast: Cast, sweep: Sweep, show: str, by: str = "clerk", today: dt.date = TODAY) -> set[str]:
    with acting(cast, by):
        return set(Reach(sweep, today).children(show).values_list("name", flat=True))


# --- Who is counted ------------------------------------------------------------------------------------------


def test_twice_a_year_is_proposed_and_planned_from_the_list(cast: Cast) -> None:
    assert [(one.start, one.end) for one in proposals([9, 3], D(2026, 10, 20))] == [
        (D(2027, 3, 1), D(2027, 3, 31)),
        (D(2027, 9, 1), D(2027, 9, 30)),
    ]
    assert proposals([9], D(2026, 9, 30))[0].start == D(2026, 9, 1)
    with pytest.raises(ValueError, match="month"):
        proposals([13], TODAY)
    with time_machine.travel(NOW, tick=False):
        client = cast.client("clerk", headers={"accept-language": "en"})
        page = client.get(reverse("cases:sweeps"))
        first = page.context["proposals"][0]
        assert first["title"] == "Spring sweep 2027"
        form = client.get(first["url"]).context["form"]
        sent = {name: form[name].value() for name in ("title", "start_date", "end_date")}
        client.post(reverse("cases:sweep_add"), sent | {"risks": ["red"]})
        # What is planned is proposed no more.
        again = client.get(reverse("cases:sweeps"))
    assert [one["title"] for one in again.context["proposals"]] == ["Autumn sweep 2027"]
    assert [row["title"] for row in again.context["rows"]] == ["Spring sweep 2027"]


@pytest.mark.parametrize(
    ("changes", "counted"),
    [
        ({}, True),
        ({"registered_date": TODAY}, True),
        ({"registered_date": TODAY + DAY}, False),
        ({"left_date": TODAY + DAY, "left_reason": "07"}, True),
        ({"left_date": TODAY, "left_reason": "07"}, False),
        ({"left_date": FIRST - DAY, "left_reason": "07"}, False),
        ({"risk": "green"}, False),
        ({"primary_category": "orphan"}, False),
    ],
)
@pytest.mark.parametrize("seen", [False, True])
def test_who_came_or_left_is_counted_by_the_rule(
    cast: Cast, changes: dict[str, Any], counted: bool, seen: bool
) -> None:
    """On the register on the counted day; and whoever left during the sweep after having been visited."""
    sweep = plan(cast, categories=("de_facto_unattended",), risks=("yellow", "red"))
    with system_scope(reason="test", log=False):
        child = make_child(FAR_VILLAGE, "江惊蛰", **changes)
    if seen:
        visited(cast, child, FIRST)
    left_within = changes.get("left_date") == TODAY
    expected = counted or (seen and left_within)
    assert ("江惊蛰" in names(cast, sweep, "all")) is expected
    assert ("江惊蛰" in names(cast, sweep, "visited")) is (expected and seen)
    assert ("江惊蛰" in names(cast, sweep, "left")) is (expected and not seen)


@pytest.mark.parametrize(
    ("day", "state", "form", "counts"),
    [
        (FIRST, "submitted", "", True),
        (LAST, "approved", "", True),
        (TODAY, "escalated", "", True),
        (TODAY, "draft", "", False),
        (TODAY, "returned", "", False),
        (FIRST - DAY, "approved", "", False),
        (LAST + DAY, "approved", "", False),
        (TODAY, "approved", "500152-sweep", False),
        (TODAY, "approved", "regular", True),
    ],
)
def test_a_visit_counts_when_made_on_the_days_and_handed_in(
    cast: Cast, day: dt.date, state: str, form: str, counts: bool
) -> None:
    sweep = plan(cast, form_code=form)
    visited(cast, cast.children["own"], day, state)
    assert (cast.children["own"].name in names(cast, sweep, "visited")) is counts


def test_the_form_of_a_sweep_is_called_by_its_name(cast: Cast) -> None:
    sweep = plan(cast, form_code="left_behind")
    page = (
        cast.client("clerk", headers={"Accept-Language": "en"}).get(f"/sweeps/{sweep.pk}/").content.decode()
    )
    assert "left_behind" not in page
    assert "left-behind" in page.lower()


def test_every_number_is_the_length_of_its_list_over_random_counties(cast: Cast) -> None:
    """By village, by township and together; and nobody is both visited and left."""
    rng = random.Random(6)
    with system_scope(reason="test", log=False):
        for number in range(40):
            left = rng.choice((None, None, FIRST + rng.randrange(-5, 35) * DAY))
            child = make_child(
                rng.choice((VILLAGE, OTHER_VILLAGE, FAR_VILLAGE)), f"童{number:02d}", risk=rng.choice(("red", "green")),
                registered_date=START if left else FIRST + rng.randrange(-60, 35) * DAY,
                left_date=left, left_reason="07" if left else "",
            )  # fmt: skip
            for _n in range(rng.randrange(3)):
                day = FIRST + rng.randrange(-3, 33) * DAY
                visited(
                    cast,
                    child,
                    day,
                    rng.choice(("draft", "approved", "submitted")),
                    concern=rng.choice(("", "blue")),
                )
    for whom in ({}, {"risks": ("red",)}):
        sweep = plan(cast, title=f"排查{whom}", **whom)
        for by in ("clerk", "supervisor", "director"):
            with acting(cast, by):
                reach = Reach(sweep, TODAY)
                rows = reach.by_village()
                assert selectors.together(rows, COUNTY).children == reach.total().children
                above = selectors.by_township(rows)
                assert sum(one.left for one in above) == reach.children("left").count()
                for row in rows:
                    place = Region.objects.get(pk=row.region_id)
                    found = {
                        show: set(Reach(sweep, TODAY, place).children(show).values_list("pk", flat=True))
                        for show in SHOWS
                    }
                    assert (row.children, row.visited, row.left, row.found) == tuple(map(len, found.values()))
                    assert found["visited"] | found["left"] == found["all"]
                    assert not found["visited"] & found["left"]
                    assert found["found"] <= found["visited"]
                if by == "director":
                    assert {row.region_id for row in rows} <= {VILLAGE}
                left = selectors.left_in_sweeps([(VILLAGE, VILLAGE)], TODAY)
                here = reach.children("left").filter(region_id=VILLAGE)
                assert set(here.values_list("pk", flat=True)) <= left.keys()
                assert all(one.pk <= sweep.pk for one in left.values())


# --- Planning ---------------------------------------------------------------------------------------------------


def test_what_cannot_be_planned_or_changed(cast: Cast) -> None:
    sweep = plan(cast)
    for changes in (
        {"end_date": FIRST - DAY},
        {"start_date": FIRST - 90 * DAY, "end_date": FIRST - DAY},
        {"end_date": FIRST + 200 * DAY},
    ):
        with pytest.raises(ValidationError):
            plan(cast, **changes)
    with pytest.raises(RegisterRefused):
        plan(cast)  # twice the same
    with acting(cast, "supervisor"), pytest.raises(RegisterRefused):
        services.plan_sweep(SweepData("x", FIRST, LAST), region=Region.objects.get(pk=COUNTY), at=NOW)
    with acting(cast, "director"), pytest.raises(RegisterRefused):
        services.plan_sweep(SweepData("x", FIRST, LAST), region=Region.objects.get(pk=VILLAGE), at=NOW)
    with acting(cast, "supervisor"), pytest.raises(RegisterRefused):
        services.change_sweep(sweep, SweepData("x", FIRST, LAST), at=NOW)  # the county's
    with acting(cast, "clerk"):
        with pytest.raises(ValidationError):
            services.change_sweep(sweep, SweepData("x", FIRST + DAY, LAST), at=NOW)
        assert services.change_sweep(sweep, SweepData("延长", FIRST, LAST + DAY), at=NOW).title == "延长"
        with pytest.raises(RegisterRefused):
            services.withdraw_sweep(sweep, at=NOW)
        later = plan(cast, title="明年", start_date=D(2027, 3, 1), end_date=D(2027, 3, 31))
        services.withdraw_sweep(later, at=NOW)
        assert list(Sweep.objects.values_list("title", flat=True)) == ["延长"]


# --- Closing -------------------------------------------------------------------------------------------------------


def test_closing_freezes_the_numbers(cast: Cast) -> None:
    sweep = plan(cast)
    visited(cast, cast.children["own"], concern="yellow")
    over = NOW.replace(day=31)
    with acting(cast, "clerk"):
        with pytest.raises(RegisterRefused):
            services.close_sweep(sweep, at=NOW)
        services.close_sweep(sweep, at=over)
        before = selectors.frozen(sweep)
    assert [(row.region_id, row.children, row.visited, row.found) for row in before] == [
        (VILLAGE, 1, 1, 1),
        (OTHER_VILLAGE, 1, 0, 0),
        (FAR_VILLAGE, 1, 0, 0),
    ]
    # What is handed in, or who comes or goes, later changes nothing; nor can the rows be rewritten.
    visited(cast, cast.children["neighbour"])
    with system_scope(reason="test", log=False):
        Child.objects.filter(pk=cast.children["own"].pk).update(left_date=LAST, left_reason="07")
    with acting(cast, "clerk"):
        assert selectors.frozen(sweep) == before
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            SweepCoverage.objects.filter(sweep=sweep).update(visited=0)
        for again in (services.close_sweep, services.withdraw_sweep):
            with pytest.raises(RegisterRefused):
                again(sweep, at=over)
    page = cast.client("clerk").get(reverse("cases:sweep", args=[sweep.pk]))
    assert page.context["total"].visited == 1
    assert cast.client("clerk").get(reverse("cases:sweep_children", args=[sweep.pk])).status_code == 302
    with acting(cast, "director"):
        assert [row.region_id for row in selectors.frozen(sweep)] == [VILLAGE]


# --- Asking for what is missing --------------------------------------------------------------------------------------


def test_missing_visits_are_asked_for_once(cast: Cast) -> None:
    sweep = plan(cast)
    visited(cast, cast.children["own"])
    url, values = reverse("cases:sweep_ask", args=[sweep.pk]), {"day": LAST.isoformat()}
    with time_machine.travel(NOW, tick=False):
        for _twice in range(2):
            cast.client("clerk").post(url, values)
        # Another office's sweep is read, not managed.
        assert cast.client("supervisor").post(url, values).status_code == 403
    with acting(cast, "clerk"):
        asked = VisitTask.objects.filter(reason__endswith="秋季排查", due_date=LAST)
        assert sorted(asked.values_list("child", flat=True)) == sorted(
            cast.children[name].pk for name in ("neighbour", "township")
        )
    # A township is asked alone for its own sweep.
    own = plan(cast, by="supervisor", title="街道排查")
    with time_machine.travel(NOW, tick=False):
        cast.client("supervisor").post(
            reverse("cases:sweep_ask", args=[own.pk]), values | {"region": VILLAGE}
        )
    with acting(cast, "clerk"):
        assert not VisitTask.objects.filter(reason__contains="街道").exists()


# --- Pages -------------------------------------------------------------------------------------------------------------


def test_the_director_sees_the_own_progress_and_who_is_left(cast: Cast) -> None:
    sweep = plan(cast)
    client = cast.client("director", headers={"accept-language": "en"})
    children = reverse("cases:sweep_children", args=[sweep.pk])
    with time_machine.travel(NOW, tick=False):
        home = client.get("/").content.decode()
        assert "0 / 1, 1 child not yet visited" in home
        assert f'href="{children}?show=left"' in home
        page = client.get(children + "?show=left")
        assert [row["title"] for row in page.context["rows"]] == [cast.children["own"].name]
        visited(cast, cast.children["own"])
        assert "all 1 visited" in client.get("/").content.decode()
        assert client.get(children + "?show=left").context["rows"] == []
        with acting(cast, "director"):
            assert selectors.left_in_sweeps([(VILLAGE, VILLAGE)], TODAY) == {}
        # A neighbour's place is none of hers.
        assert client.get(f"{children}?region={OTHER_VILLAGE}").status_code == 404
        assert client.get(f"{children}?region={VILLAGE}").status_code == 200


def test_pages_cost_the_same_for_ten_times_the_children(
    cast: Cast, page_budget: Callable[[int], AbstractContextManager[None]]
) -> None:
    sweep = plan(cast)
    client = cast.client("clerk")
    pages = [
        reverse("cases:sweeps"),
        reverse("cases:sweep", args=[sweep.pk]),
        reverse("cases:sweep", args=[sweep.pk]) + f"?township={TOWNSHIP}",
        reverse("cases:sweep_children", args=[sweep.pk]) + f"?show=left&region={TOWNSHIP}",
    ]
    with time_machine.travel(NOW, tick=False):
        for more in (3, 30):
            with system_scope(reason="test", log=False):
                for number in range(more):
                    make_child(VILLAGE, f"童{more}{number}")
            for page in pages:
                with page_budget(15):
                    assert client.get(page).status_code == 200
        found = client.get(pages[1])
        links = [
            cell for row in found.context["villages"] or found.context["townships"] for cell in row["cells"]
        ]
        for cell in links:
            if isinstance(cell, tuple) and isinstance(cell[0], int):
                assert client.get(cell[1]).context["page"].count == cell[0]


def test_the_report_is_a_workbook_that_says_what_the_page_says(cast: Cast) -> None:
    sweep = plan(cast)
    visited(cast, cast.children["own"])
    with time_machine.travel(NOW, tick=False):
        answer = cast.client("clerk").get(reverse("cases:sweep_export", args=[sweep.pk]))
    with ZipFile(io.BytesIO(answer.content)) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
        words = (
            book.read("xl/sharedStrings.xml").decode() if "xl/sharedStrings.xml" in book.namelist() else sheet
        )
    assert "秋季排查" in words
    assert "莲花社区" in words
    assert cast.children["own"].name not in words + sheet


def test_the_phone_is_told_who_is_left_in_the_sweep(cast: Cast) -> None:
    plan(cast)
    with acting(cast, "director"):
        found = roster(user_id=cast.users["director"].pk, region_id=VILLAGE, on=TODAY)
        assert [(task["due"], task["reason"][-4:]) for task in found["children"][0]["tasks"]] == [
            ("2026-10-31", "秋季排查")
        ]
    visited(cast, cast.children["own"])
    with acting(cast, "director"):
        found = roster(user_id=cast.users["director"].pk, region_id=VILLAGE, on=TODAY)
    assert found["children"][0]["tasks"] == []


def test_a_visit_where_nobody_was_met_covers_nobody(cast: Cast) -> None:
    sweep, own = plan(cast), cast.children["own"]
    visited(cast, own, people_met=["nobody"])
    with acting(cast, "clerk"):
        assert not Child.objects.filter(village_selectors._made(TODAY), pk=own.pk).exists()
    assert own.name in names(cast, sweep, "left")
    visited(cast, own, people_met=["grandmother"])
    with acting(cast, "clerk"):
        assert Child.objects.filter(village_selectors._made(TODAY), pk=own.pk).exists()
    assert own.name in names(cast, sweep, "visited")
