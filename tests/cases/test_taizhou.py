"""O-29: the register of 泰州医药高新区, 180 children, comes out of an imported file, in totals and in lists.

The children are generated; only the numbers are the office's (2020-11-25): 43 hold the attribute 建档立卡, 12 are
counted under it.
"""

from __future__ import annotations

import datetime as dt
import random
import re
from collections import Counter

import pytest
from django.test import Client
from django.utils import timezone

from cases.categories.schemes import packaged, suggest_primary
from cases.importing import running, services
from cases.models import Child, RegisterImportRow
from cases.totals import counts as register_totals
from staff.models import Assignment, Parameter, Post, Region, User
from staff.scope import open_scope, scope_of, system_scope
from staff.sessions import SESSION_KEY
from tests.cases.importing import number, text
from tests.cast import START

D = dt.date
AT = dt.datetime(2026, 10, 20, 2, 0, tzinfo=dt.UTC)
TODAY = D(2026, 10, 20)
COUNTY = 321271000000
COUNTED = {
    "orphan": (4, "孤儿"),
    "guardianship_improper": (12, "无力监护"),
    "guardianship_lacking": (4, "监护缺失"),
    "severe_illness": (3, "重病"),
    "severe_disability": (80, "重残"),
    "dibao": (42, "低保"),
    "low_income": (23, "低收入"),
    "registered_poor": (12, "建档立卡"),
}
TOWNSHIPS = ("凤凰街道", "沿江街道", "明珠街道", "寺巷街道", "野徐镇")
VILLAGES = ("春晖", "朝阳", "明理", "祥泰", "永安", "安居", "润泽", "和顺", "康宁", "锦绣")
HEADER = "姓名,身份证号,乡镇,村居,类别,其他属性,户口分类"


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: AT)


@pytest.fixture
def bureau(db: None) -> Client:
    """The county desk of the district, with five townships of two villages each."""
    with system_scope(reason="test", log=False):
        places = [
            (320000000000, "江苏省", "province", None),
            (321200000000, "泰州市", "prefecture", 320000000000),
        ]
        places.append((COUNTY, "医药高新区", "county", 321200000000))
        for order, name in enumerate(TOWNSHIPS, start=1):
            township = COUNTY + order * 1_000
            places.append((township, name, "township", COUNTY))
            for village in (1, 2):
                label = f"{VILLAGES[2 * order + village - 3]}社区居民委员会"
                places.append((township + village, label, "village", township))
        for code, name, level, parent in places:
            Region.objects.get_or_create(
                code=code, defaults={"name": name, "level": level, "parent_id": parent}
            )
        user = User.objects.create_user("desk", password=None, name="陈泰然")
        post = Post.objects.create(region_id=COUNTY, role="clerk", title="区民政局")
        assignment = Assignment.objects.create(user=user, post=post, start_date=START)
        Parameter.objects.create(
            region_id=COUNTY,
            key="category_scheme",
            value="jiangsu-2018",
            valid_from=START,
            source="江苏2018",
        )
    client = Client()
    client.force_login(user)
    session = client.session
    session[SESSION_KEY] = assignment.pk
    session.save()
    client.assignment = assignment  # type: ignore[attr-defined]
    return client


def file() -> bytes:
    """180 rows. Of those counted elsewhere 31 hold 建档立卡 too; some hold other attributes besides."""
    rng = random.Random(29)
    rows = [(code, words) for code, (count, words) in COUNTED.items() for _n in range(count)]
    rng.shuffle(rows)
    # Only who is counted under something more protected can hold 建档立卡 without being counted there.
    others = [place for place, (code, _words) in enumerate(rows) if code != "registered_poor"]
    also_poor = set(rng.sample(others, 31))
    lines = []
    for place, (code, words) in enumerate(rows):
        held = ["建档立卡"] if place in also_poor else []
        if code == "severe_disability" and place % 3 == 0:
            held.append("低保")
        township = TOWNSHIPS[place % 5]
        village = f"{VILLAGES[2 * (place % 5) + place % 2]}社区"
        born = D(2010, 1, 1) + dt.timedelta(days=place * 31)
        id_number = number(f"{born:%Y%m%d}", sequence=100 + place, area="321200")
        lines.append(
            ",".join([f"生成{place:03d}", id_number, township, village, words, "、".join(held), "本辖区户口"])
        )
    return text(*lines, header=HEADER)


@pytest.fixture
def imported(bureau: Client) -> Client:
    with open_scope(scope_of(bureau.assignment)):  # type: ignore[attr-defined]
        found = services.receive(data=file(), name="困境儿童花名册.csv", region_id=COUNTY, at=AT)
        running.check(found, today=TODAY)
        problems = list(
            RegisterImportRow.objects.filter(register_import=found)
            .exclude(problems=[])
            .values("problems")[:3]
        )
        assert not problems
        running.apply(found, at=AT, today=TODAY)
        assert Child.objects.count() == 180
    return bureau


def test_the_numbers_of_taizhou_in_the_totals(imported: Client) -> None:
    found = imported.get("/totals/").context["found"]
    assert found.adds_up
    assert found.total == 180
    assert found.scheme.code == "jiangsu-2018"
    assert found.counts == {
        "orphan": 4,
        "lacking": 4,
        "unable": 12,
        "ill_disabled_street": 83,
        "poor_family": 77,
    }
    parts = {line.part.code: line.count for line in found.parts if line.part and line.count}
    assert {code: parts[code] for code in ("dibao", "low_income", "registered_poor")} == {
        "dibao": 42,
        "low_income": 23,
        "registered_poor": 12,
    }
    assert (parts["severe_illness"], parts["severe_disability"]) == (3, 80)
    assert dict(found.attributes)["registered_poor"] == 43
    assert len(found.places) == 5
    assert sum(place.total for place in found.places) == 180


def test_by_the_national_scheme_the_eight_numbers(imported: Client) -> None:
    with open_scope(scope_of(imported.assignment)):  # type: ignore[attr-defined]
        area, scheme = Region.objects.get(pk=COUNTY), packaged()["national"]
        found = register_totals.totals(area, TODAY, scheme)
        counted = Counter(Child.objects.values_list("primary_category", flat=True))
        assert dict(counted) == {code: count for code, (count, _words) in COUNTED.items()}
        assert (found.total, sum(found.counts.values())) == (180, 180)
        assert found.counts["guardianship"] == 16
        # Each is counted under the most protected of what it holds.
        for child in Child.objects.prefetch_related("attributes"):
            held = {attribute.kind for attribute in child.attributes.all()}
            assert suggest_primary(held, scheme).value == child.primary_category


def test_the_lists_count_the_same(imported: Client) -> None:
    def listed(query: str) -> int:
        return int(imported.get(f"/children/?{query}").context["page"].count)

    assert listed("") == 180
    for code, (count, _words) in COUNTED.items():
        assert listed(f"category={code}") == count
    assert listed("attribute=registered_poor") == 43


def test_the_43_and_the_12_are_lists_behind_their_numbers(imported: Client) -> None:
    page = imported.get("/totals/").content.decode()
    urls = [url.replace("&amp;", "&") for url in re.findall(r'href="(/totals/children/[^"]*)"', page)]
    poor = next(url for url in urls if "attribute=registered_poor" in url)
    counted = next(url for url in urls if "part=registered_poor" in url)
    for url, count in ((poor, 43), (counted, 12)):
        answer = imported.get(url)
        assert answer.context["count"] == count
        assert len(set(re.findall(r"生成\d{3}", answer.content.decode()))) == count
