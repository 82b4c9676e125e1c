"""Who comes of age: the right children, in the right month, with what follows from it."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.utils import timezone

from cases.ageing import services as ageing
from cases.ageing.services import at_16, at_18, coming_of_age
from cases.models import Child, ChildAttribute
from staff.models import Parameter
from staff.scope import open_scope, system_scope
from tests.cast import COUNTY, OTHER_VILLAGE, STRANGE_VILLAGE, Cast, make_child

PAGE_COST = 15 + 4
TODAY = dt.date(2026, 10, 20)
AT = dt.datetime(2026, 10, 20, 2, 0, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: AT)


def add(cast: Cast, name: str, birth: str, category: str = "orphan", **fields: object) -> Child:
    with system_scope(reason="test", log=False):
        return make_child(
            fields.pop("region", OTHER_VILLAGE), name, birth_date=dt.date.fromisoformat(birth),  # type: ignore[arg-type]
            primary_category=category, **fields,
        )  # fmt: skip


def found(cast: Cast, years: int, member: str = "clerk") -> dict[str, list[str]]:
    with open_scope(cast.scope(member)):
        months, _ahead = coming_of_age(years, TODAY)
    return {
        f"{month.first:%Y-%m}" if month.first else "past": [coming.child.name for coming in month.children]
        for month in months
    }


def test_eighteen_by_month_until_the_horizon(cast: Cast) -> None:
    add(cast, "昨天", "2008-10-19")
    add(cast, "今天", "2008-10-20")
    add(cast, "十一月", "2008-11-30")
    add(cast, "最后", "2009-01-20")
    add(cast, "太晚", "2009-01-21")
    add(cast, "外县", "2008-11-30", region=STRANGE_VILLAGE)
    gone = add(cast, "已走", "2008-11-30")
    with system_scope(reason="test", log=False):
        Child.objects.filter(pk=gone.pk).update(left_date=TODAY, left_reason="07")
    assert found(cast, 18) == {
        "past": ["昨天"],
        "2026-10": ["今天"],
        "2026-11": ["十一月"],
        "2027-01": ["最后"],
    }
    assert found(cast, 18, "stranger") == {"2026-11": ["外县"]}
    with system_scope(reason="test", log=False):
        Parameter.objects.create(
            region_id=COUNTY, key="age_out_months", value=1, valid_from=dt.date(2026, 1, 1)
        )
    assert found(cast, 18) == {"past": ["昨天"], "2026-10": ["今天"]}


def test_sixteen_concerns_left_behind_migrant_and_the_entry_into_tekun(cast: Cast) -> None:
    add(cast, "留守", "2010-11-01", "left_behind")
    add(cast, "流动", "2010-12-01", "migrant")
    add(cast, "特困", "2010-11-02", "tekun")
    add(cast, "低保", "2010-11-03", "dibao")
    add(cast, "孤儿", "2010-11-04", "orphan")
    add(cast, "过了", "2010-10-01", "left_behind")
    add(cast, "过了特困", "2010-10-01", "tekun")
    both = add(cast, "重残留守", "2010-11-05", "severe_disability")
    with system_scope(reason="test", log=False):
        ChildAttribute.objects.create(
            child=both, region_id=both.region_id, kind="left_behind", start_date=dt.date(2026, 1, 1)
        )
    assert found(cast, 16) == {
        "past": ["过了"],
        "2026-11": ["留守", "特困", "低保", "重残留守"],
        "2026-12": ["流动"],
    }


@pytest.mark.parametrize(
    ("category", "stage", "lines", "paid"),
    [
        ("orphan", "senior", 1, True),
        ("orphan", "postgraduate", 1, True),  # 广东: no graduate students
        ("orphan", "", 1, True),
        ("de_facto_unattended", "vocational", 1, True),
        ("tekun", "senior", 1, False),
        ("dibao", "senior", 1, False),
    ],
)
def test_what_follows_from_eighteen(category: str, stage: str, lines: int, paid: bool) -> None:
    child = Child(primary_category=category, school_stage=stage, birth_date=dt.date(2008, 11, 30))
    coming = at_18(child, dt.date(2026, 11, 30))
    assert len(coming.follows) == lines
    assert coming.last_month == (dt.date(2026, 11, 1) if paid else None)
    before = at_18(child, dt.date(2026, 11, 30), "month_before")
    assert before.last_month == (dt.date(2026, 10, 1) if paid else None)


def test_what_is_said_of_school_differs() -> None:
    def said(category: str, stage: str) -> str:
        child = Child(primary_category=category, school_stage=stage, birth_date=dt.date(2008, 11, 30))
        return str(at_18(child, dt.date(2026, 11, 30)).follows[0])

    answers = [
        said(*pair)
        for pair in (("orphan", "senior"), ("orphan", ""), ("tekun", "senior"), ("dibao", "senior"))
    ]
    assert len(set(answers)) == 4
    assert said("orphan", "postgraduate") == said("orphan", "left_school") == said("dibao", "senior")


def test_what_follows_from_sixteen() -> None:
    def said(category: str) -> list[str]:
        child = Child(primary_category=category, birth_date=dt.date(2010, 11, 30))
        return [str(line) for line in at_16(child, dt.date(2026, 11, 30)).follows]

    assert said("left_behind") == said("migrant") != said("tekun")
    assert said("dibao") == said("low_income") != said("tekun")
    assert said("orphan") == []


def test_the_page(cast: Cast, django_assert_max_num_queries: pytest.FixtureRequest) -> None:
    old = add(cast, "超龄", "2008-01-01")
    soon = add(cast, "将满", "2008-12-01", school_stage="senior")
    client = cast.client("clerk")
    with django_assert_max_num_queries(PAGE_COST):  # type: ignore[operator]
        page = client.get("/children/ageing/?years=18").content.decode()
    assert f"/children/{old.pk}/leave/" in page
    assert f"/children/{soon.pk}/leave/" in page
    assert "2026-12" in page
    # Only those whose day is past are offered to leave together.
    assert re.findall(r'name="child" value="(\d+)"', page) == [str(old.pk)]
    preview = client.post("/children/bulk/", {"act": "over_age", "child": [old.pk]})
    assert "超龄" in client.get("/children/?age_from=18").content.decode()
    assert preview.status_code == 200
    assert client.get("/children/ageing/?years=x").status_code == 200
    # The phone keeps its own tab bar: the page's choice of 16 or 18 is not in its place.
    assert page.split('class="cw-tabbar', 1)[1].split("</nav>", 1)[0].count("years=") == 0
    leader = cast.client("leader").get("/children/ageing/?years=18").content.decode()
    assert "超龄" in leader
    assert "/leave/" not in leader
    assert cast.client("auditor").get("/children/ageing/").status_code == 403


def test_there_is_an_end_to_the_page(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ageing, "MOST", 1)
    add(cast, "甲", "2008-11-01")
    add(cast, "乙", "2008-12-01")
    page = cast.client("clerk").get("/children/ageing/?years=18").content.decode()
    assert "甲" in page
    assert "乙" not in page
