"""The overview of villages: each number is the length of its list, what needs a look comes first, and it costs the same."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from contextlib import AbstractContextManager

import time_machine
from django.urls import reverse
from django.utils.timezone import localdate

from cases.models import Child, Defect, Visit, VisitTask
from cases.villages import selectors
from cases.villages.selectors import MEASURES
from cases.visits.rules import DEFAULT_INTERVALS, overdue_level
from staff.models import Assignment, Region
from staff.scope import system_scope
from tests.cases.visiting import NOW, TODAY, acting
from tests.cast import COUNTY, FAR_VILLAGE, OTHER_VILLAGE, START, TOWNSHIP, VILLAGE, Cast, make_child

DAY = dt.timedelta(days=1)
PLACES = (VILLAGE, OTHER_VILLAGE, FAR_VILLAGE)  # the last one has no director


def fill(cast: Cast, number: int, seed: int = 35) -> None:
    """Children in every situation that the overview tells apart."""
    rng = random.Random(seed)
    with system_scope(reason="test", log=False):
        for n in range(number):
            last = rng.choice((None, TODAY - rng.randrange(60) * DAY))
            child = make_child(
                rng.choice(PLACES), f"村{seed}{n:03d}", risk=rng.choice(("red", "yellow", "blue", "green")),
                last_visit_date=last, next_visit_date=rng.choice((None, TODAY - rng.randrange(-20, 90) * DAY)),
                left_date=TODAY if n % 9 == 0 else None, left_reason="07" if n % 9 == 0 else "",
            )  # fmt: skip
            place = {"child": child, "region_id": child.region_id}
            if rng.random() < 0.6:
                at = NOW - rng.randrange(45) * DAY
                Visit.objects.create(
                    **place, kind="door", visited_at=at, risk_before=child.risk, risk=child.risk, submitted_at=at,
                    conducted_by=cast.users["director"], state=rng.choice(("submitted", "approved", "returned")),
                )  # fmt: skip
            if rng.random() < 0.2:
                Defect.objects.create(
                    **place,
                    kind="no_guardian",
                    opened_date=START,
                    due_date=TODAY,
                    state=rng.choice(("open", "void")),
                )
            if rng.random() < 0.2:
                VisitTask.objects.create(
                    **place,
                    due_date=TODAY,
                    reason="x",
                    asked_at=NOW,
                    visitor=rng.choice((None, cast.users["director"])),
                )


def test_every_number_is_the_length_of_its_list(cast: Cast) -> None:
    fill(cast, 90)
    for by in ("clerk", "supervisor", "director"):
        with acting(cast, by):
            day = selectors.day_of(COUNTY, TODAY)
            found = selectors.standings(day)
            for one in found:
                place = Region.objects.get(pk=one.region_id)
                for code in MEASURES:
                    assert one.numbers[code] == selectors.children(day, code, place).count(), (by, code)
                numbers = one.numbers
                assert numbers["all"] == sum(numbers[colour] for colour in ("red", "yellow", "blue", "green"))
                assert numbers["interval"] <= numbers["all"]
            above = selectors.by_township(found)
            for code in MEASURES:
                assert sum(one.numbers[code] for one in above) == selectors.children(day, code).count()
    assert {one.region_id for one in found} == {VILLAGE}


def test_lateness_follows_the_ladder_and_a_vacant_post_brings_it_to_the_supervisor_at_once(
    cast: Cast,
) -> None:
    """The lists say of each child what the rule says of it."""
    fill(cast, 90)
    with acting(cast, "clerk"):
        day = selectors.day_of(COUNTY, TODAY)
        made = Visit.objects.filter(state="submitted").select_related("child")
        # A visit that nobody reviews hides lateness for one interval of the colour.
        waiting = {
            visit.child_id
            for visit in made
            if localdate(visit.visited_at) >= TODAY - DEFAULT_INTERVALS[visit.child.risk] * DAY  # type: ignore[index]
        }
        expected: dict[str, set[int]] = {code: set() for code in ("none", "director", "supervisor", "county")}
        for child in Child.objects.filter(left_date=None):
            if child.next_visit_date is None or child.pk in waiting:
                continue
            level = overdue_level(
                child.next_visit_date,
                TODAY,
                DEFAULT_INTERVALS[child.risk],  # type: ignore[index]
                vacant=child.region_id == FAR_VILLAGE,
            )
            expected[level].add(child.pk)
        for code in ("director", "supervisor", "county"):
            assert set(selectors.children(day, code).values_list("pk", flat=True)) == expected[code], code
            assert expected[code]
        assert not selectors.children(day, "director", Region.objects.get(pk=FAR_VILLAGE)).exists()
        # Whoever leaves the post leaves the village to the supervisor.
        director = set(
            selectors.children(day, "director", Region.objects.get(pk=VILLAGE)).values_list("pk", flat=True)
        )
        with system_scope(reason="test", log=False):
            Assignment.objects.filter(pk=cast.assignments["director"].pk).update(end_date=TODAY - DAY)
        supervisor = set(selectors.children(day, "supervisor").values_list("pk", flat=True))
        assert director
        assert director <= supervisor


def test_red_with_nobody(cast: Cast) -> None:
    with system_scope(reason="test", log=False):
        Child.objects.filter(pk=cast.children["township"].pk).update(risk="red")
        Child.objects.filter(pk=cast.children["own"].pk).update(risk="red")
    with acting(cast, "clerk"):
        day = selectors.day_of(COUNTY, TODAY)
        assert list(selectors.children(day, "nobody")) == [cast.children["township"]]
        assert selectors.standings(day)[0].region_id == FAR_VILLAGE
        VisitTask.objects.create(
            child=cast.children["township"], region_id=FAR_VILLAGE, due_date=TODAY, reason="x", asked_at=NOW,
            visitor=cast.users["other_supervisor"],
        )  # fmt: skip
        assert not selectors.children(day, "nobody").exists()


def test_each_number_opens_its_list_within_the_budget(
    cast: Cast, page_budget: Callable[[int], AbstractContextManager[None]]
) -> None:
    with time_machine.travel(NOW, tick=False):
        for by, more in (("clerk", 10), ("clerk", 60), ("supervisor", 0), ("director", 0)):
            fill(cast, more, seed=more)
            client = cast.client(by)
            for address in ("", f"?township={TOWNSHIP}"):
                with page_budget(15):
                    page = client.get(reverse("cases:villages") + address)
            cards = [*page.context["townships"], *page.context["villages"]]
            assert cards
            for card in cards[:3]:
                for number in [card["all"], *card["colours"], *card["alarms"], *card["made"]]:
                    if number["url"]:
                        with page_budget(15):
                            listed = client.get(number["url"])
                        assert listed.context["page"].count == number["value"]
        text = (
            cast.client("clerk", headers={"accept-language": "en"})
            .get(reverse("cases:villages"))
            .content.decode()
        )
    assert "No director" in text
    assert "王念慈" in text
