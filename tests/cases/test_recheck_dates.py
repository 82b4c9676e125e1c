"""The list of children whose eligibility must be asked again: nobody missing, nobody too many."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.utils import timezone

from cases.ages import add_months
from cases.children import selectors
from cases.eligibility import recheck_dates
from cases.eligibility.table import Cause
from cases.enums import ParentSituationKind
from cases.models import Child, ParentSituation
from staff.models import Parameter
from staff.scope import open_scope, system_scope
from tests.cast import COUNTY, FAR_VILLAGE, OTHER_VILLAGE, VILLAGE, Cast, make_child

D = dt.date
AT = dt.datetime(2026, 10, 20, 2, 0, tzinfo=dt.UTC)
TODAY = D(2026, 10, 20)


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: AT)


@pytest.fixture
def families(cast: Cast) -> Cast:
    """Sixty children with parents in every situation, dates around today; the county keeps children in school."""
    rng = random.Random(62)

    def near() -> dt.date:
        return TODAY + dt.timedelta(days=rng.randint(-260, 200))

    with system_scope(reason="test", log=False):
        Parameter.objects.create(
            region_id=COUNTY,
            key="eligibility",
            value={"in_school_stages": ["senior"], "liberty_months": 5},
            valid_from=D(2026, 1, 1),
            source="test",
        )
        for number in range(60):
            village = rng.choice((VILLAGE, OTHER_VILLAGE, FAR_VILLAGE))
            child = make_child(
                village,
                f"查{number}",
                birth_date=add_months(TODAY, -12 * 18) + dt.timedelta(days=rng.randint(-200, 400)),
                school_stage=rng.choice(("senior", "")),
                enrolled_until=rng.choice((None, near())),
            )
            for parent in ("father", "mother"):
                for kind in rng.sample(list(ParentSituationKind), rng.choice((0, 1, 1, 2))):
                    ParentSituation.objects.create(
                        child=child,
                        region_id=village,
                        parent=parent,
                        kind=kind,
                        start_date=near(),
                        expected_end_date=rng.choice((None, near())),
                        end_date=rng.choice((None, None, TODAY + dt.timedelta(days=rng.randint(1, 99)))),
                        evidence=rng.choice(("department_match", "police_search_receipt", "")),
                    )
    return cast


@pytest.mark.parametrize("days", [30, 90, 180])
def test_the_list_is_what_asking_every_child_would_find(families: Cast, days: int) -> None:
    with open_scope(families.scope("clerk")):
        found, cut = recheck_dates.rechecks(COUNTY, TODAY, days)
        recorded = ParentSituation.objects.exclude(end_date__lte=TODAY).values("child_id")
        expected = {
            (child.pk, date)
            for child in Child.objects.filter(pk__in=recorded)
            for date in selectors.eligibility_of(child, TODAY).dates
            if date.cause is not Cause.RECHECK and date.on <= TODAY + dt.timedelta(days=days)
        }
        assert not cut
        assert {(row.child.pk, row.date) for row in found} == expected
        assert len(found) == len(expected) > 3
        assert [row.date.on for row in found] == sorted(row.date.on for row in found)


def test_the_page(families: Cast, page_budget: Callable[[int], AbstractContextManager[None]]) -> None:
    client = families.client("clerk")
    client.get("/children/rechecks/")
    with page_budget(15):
        page = client.get("/children/rechecks/?days=180")
    assert page.status_code == 200
    seen = {
        name: {
            row.child.region_id
            for row in families.client(name)
            .get("/children/rechecks/?days=180")
            .context["page"]
            .paginator.object_list
        }
        for name in ("director", "supervisor", "clerk", "stranger")
    }
    assert seen["director"] == {VILLAGE}
    assert seen["supervisor"] == {VILLAGE, OTHER_VILLAGE}
    assert seen["clerk"] == {VILLAGE, OTHER_VILLAGE, FAR_VILLAGE}
    assert seen["stranger"] == set()
    assert families.client("viewer").get("/children/rechecks/").status_code == 403


def test_a_child_that_left_is_not_asked_about(families: Cast) -> None:
    with open_scope(families.scope("clerk")):
        found, _cut = recheck_dates.rechecks(COUNTY, TODAY, 180)
        gone = found[0].child
        Child.objects.filter(pk=gone.pk).update(left_date=TODAY, left_reason="05")
        found, _cut = recheck_dates.rechecks(COUNTY, TODAY, 180)
        assert gone.pk not in {row.child.pk for row in found}
