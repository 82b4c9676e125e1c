"""A register of 500,000 children over a province's divisions, against one of 1,000 in the same database.

The divisions are read from the file that BENCH_REGIONS names (columns code, name, level, parent; for example a
province's official list), else made: 16 prefectures, 129 counties, some 15,000 villages. The first 1,000 children
live in one county, 60 of them in one village. The others are spread over every village but that one, so the
village's people see the same list at either size and the pages compared are alike; the county's list has a full
page at either size, and four times the children behind it. Nobody above the county has the lens for children:
the viewer and the auditor, who exist there, are measured at the pages they have. BENCH_CHILDREN sets another size.
"""

from __future__ import annotations

import datetime as dt
import logging
import os
import random
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from django.db import connection
from django.urls import NoReverseMatch, reverse

from bench import clients
from bench.county import TODAY, analyse
from cases.models import Child
from childwelfare.demo import children as families
from staff.enums import RegionLevel, Role
from staff.models import Assignment, Post, PostRegion, Region, User
from staff.regions import import_regions
from staff.scope import system_scope

SMALL, OWN = 1_000, 60
LARGE = int(os.environ.get("BENCH_CHILDREN", "500000"))
ROUNDS = 30
STEP = 20  # copies of the 1,000 inserted in one statement
AIM, BUDGET = 1.3, 15
FAMILY = ("cases_guardian", "cases_payee", "cases_parentsituation", "cases_childattribute")


def make_divisions() -> None:
    """The file's divisions, or made ones."""
    if given := os.environ.get("BENCH_REGIONS"):
        import_regions(Path(given))
        return
    province = 53 * 10**10
    rows = [Region(code=province, name="某省", level=RegionLevel.PROVINCE)]
    for number in range(129):
        prefecture = province + (number % 16 + 1) * 10**8
        if number < 16:
            rows.append(_region(prefecture, f"第{number + 1}市", RegionLevel.PREFECTURE, province))
        county = prefecture + (number // 16 + 1) * 10**6
        rows.append(_region(county, f"第{number + 1}县", RegionLevel.COUNTY, prefecture))
        for town in range(1, 12):
            township = county + town * 1000
            rows.append(_region(township, f"第{town}镇", RegionLevel.TOWNSHIP, county))
            rows += [
                _region(
                    township + village, f"{number}{town}{village}村民委员会", RegionLevel.VILLAGE, township
                )
                for village in range(1, 11)
            ]
    for level in RegionLevel:
        Region.objects.bulk_create([row for row in rows if row.level == level])


def _region(code: int, name: str, level: str, parent: int) -> Region:
    return Region(code=code, name=name, level=level, parent_id=parent)


def make_first() -> dict[str, int]:
    """The first children in the county with the most villages; codes of their places by level."""
    villages = list(
        Region.objects.filter(level=RegionLevel.VILLAGE).order_by("code").values_list("code", flat=True)
    )
    by_county: dict[int, list[int]] = {}
    for code in villages:
        by_county.setdefault(code // 10**6 * 10**6, []).append(code)
    home, inside = max(by_county.items(), key=lambda item: len(item[1]))
    own = inside[0]
    rng = random.Random(2026)
    places = [own] * OWN + [rng.choice(inside[1:]) for _each in range(SMALL - OWN)]
    families._save([families._family(rng, number, place, TODAY) for number, place in enumerate(places, 1)])
    counties = sorted(by_county)
    return {
        "village": own,
        "township": own // 1000 * 1000,
        "county": home,
        "prefecture": home // 10**8 * 10**8,
        "province": home // 10**10 * 10**10,
        "second county": next(code for code in counties if code != home),
        "third county": counties[-1] if counties[-1] != home else counties[-2],
    }


def make_people(places: dict[str, int]) -> dict[str, Assignment]:
    """One post for every level and role that can exist there, and a clerk who covers three counties."""
    wanted = {
        "village director": (Role.DIRECTOR, ["village"]),
        "township supervisor": (Role.SUPERVISOR, ["township"]),
        "county clerk": (Role.CLERK, ["county"]),
        "clerk of three counties": (Role.CLERK, ["county", "second county", "third county"]),
        "prefecture viewer": (Role.VIEWER, ["prefecture"]),
        "province viewer": (Role.VIEWER, ["province"]),
        "province auditor": (Role.AUDITOR, ["province"]),
    }
    found = {}
    for number, (name, (role, where)) in enumerate(wanted.items()):
        user = User.objects.create_user(f"bench{number}", password=None, name=name)
        post = Post.objects.create(region_id=places[where[0]], role=role, title=name)
        for further in where[1:]:
            PostRegion.objects.create(post=post, region_id=places[further])
        found[name] = Assignment.objects.create(user=user, post=post, start_date=dt.date(2026, 1, 1))
    return found


def grow(own: int) -> int:
    """Copies of the first children over every village but ``own``, with family and search tokens; set-based."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE place AS SELECT code, row_number() OVER (ORDER BY code) - 1 AS n"
            " FROM staff_region WHERE level = 'village' AND code <> %s",
            [own],
        )
        cursor.execute("SELECT count(*) FROM place")
        (total,) = cursor.fetchone()
        cursor.execute("CREATE TEMPORARY TABLE made (id bigint, source bigint, place bigint)")
        cursor.execute("SELECT min(id), max(id) FROM cases_child")
        low, high = cursor.fetchone()
        columns = {table: _columns(table, cursor) for table in ("cases_child", *FAMILY)}
        started = time.perf_counter()
        copies = LARGE // SMALL - 1
        for first in range(1, copies + 1, STEP):
            last = min(first + STEP - 1, copies)
            cursor.execute("DELETE FROM made")
            cursor.execute(
                "INSERT INTO made SELECT c.id + (%s - %s + 1) * copy, c.id, p.code"
                " FROM cases_child c, generate_series(%s, %s) copy, place p"
                " WHERE c.id BETWEEN %s AND %s AND p.n = ((c.id - %s) * 499 + copy * 7919) %% %s",
                [high, low, first, last, low, high, low, total],
            )
            changed = {
                "id": "made.id",
                "number": "t.number || '-' || made.id",
                "id_digest": "NULL",
                **dict.fromkeys(("region_code", "household_region_id", "residence_region_id"), "made.place"),
                "household_id": "NULL",
            }
            _copy("cases_child", "id", columns["cases_child"], changed, cursor)
            for table in FAMILY:
                own_key = {"child_id": "made.id", "region_code": "made.place"}
                _copy(table, "child_id", [c for c in columns[table] if c != "id"], own_key, cursor)
            cursor.execute(
                "INSERT INTO cases_childtoken (token, region_code, child_id, name_pinyin)"
                " SELECT t.token, made.place, made.id, t.name_pinyin FROM cases_childtoken t JOIN made ON made.source = t.child_id"
            )
            print(f"{last * SMALL:,} children, {time.perf_counter() - started:.0f} s", file=sys.stderr)
        cursor.execute("SELECT count(*) FROM cases_child")
        return int(cursor.fetchone()[0])


def _columns(table: str, cursor: Any) -> list[str]:
    cursor.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_name = %s ORDER BY ordinal_position",
        [table],
    )
    return [row[0] for row in cursor.fetchall()]


def _copy(table: str, key: str, columns: list[str], changed: dict[str, str], cursor: Any) -> None:
    values = ", ".join(changed.get(column, f"t.{column}") for column in columns)
    cursor.execute(
        f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM {table} t JOIN made ON made.source = t.{key}"
    )


def addresses_of(level: str, child: Child, places: dict[str, int]) -> dict[str, str]:
    """The pages that somebody of this level opens, by name."""
    totals = {"totals": _address("cases:register_totals"), "monthly report": _address("subsidies:report")}
    if "viewer" in level:
        return {name: address for name, address in totals.items() if address}
    if "auditor" in level:
        return {"audit trail": reverse("staff:trail")}
    listed = reverse("cases:children")
    found = {
        "list": listed,
        "list by name": f"{listed}?sort=name",
        "list, red": f"{listed}?risk=red",
        "child": reverse("cases:child", args=[child.pk]),
        "search by name": f"{listed}?{urlencode({'q': child.name})}",
        "search by a surname": f"{listed}?{urlencode({'q': child.name[0]})}",
        "search while typing": f"{reverse('cases:child_suggest')}?{urlencode({'q': child.name_pinyin[0], 'format': 'json'})}",
    }
    if "director" in level:
        return found
    return found | {name: address for name, address in totals.items() if address}


def _address(name: str) -> str:
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""


def measure() -> dict[str, Any]:
    """For every person and page: milliseconds at either size (the fastest of many), their ratio, queries; what misses."""
    with system_scope(reason="bench"):
        make_divisions()
        places = make_first()
        people = make_people(places)
        child = Child.objects.filter(region_id=places["village"]).order_by("pk")[5]
    analyse()
    small = _run(people, child, places)
    started = time.perf_counter()
    with system_scope(reason="bench"):
        count = grow(places["village"])
    loaded = time.perf_counter() - started
    analyse()
    large = _run(people, child, places)
    pages: dict[str, dict[str, Any]] = {
        f"{person}: {page}": {
            "small_ms": taken.best,
            "large_ms": large[person][page].best,
            "ratio": round(large[person][page].best / taken.best, 2),
            "queries": [taken.queries, large[person][page].queries],
        }
        for person, found in small.items()
        for page, taken in found.items()
    }
    return {
        "children": [SMALL, count],
        "regions": Region.objects.count(),
        "load_s": round(loaded),
        "slower than the aim": sorted(name for name, page in pages.items() if page["ratio"] > AIM),
        "beyond the budget": sorted(name for name, page in pages.items() if max(page["queries"]) > BUDGET),
        **pages,
    }


def _run(
    people: dict[str, Assignment], child: Child, places: dict[str, int]
) -> dict[str, dict[str, clients.Taken]]:
    found = {}
    logging.getLogger("django.request").setLevel(logging.ERROR)  # a page that a role may not open is left out
    for person, assignment in people.items():
        client = clients.client_of(assignment)
        pages = addresses_of(person, child, places)
        found[person] = {
            page: clients.time_of(client, address, ROUNDS)
            for page, address in pages.items()
            if client.get(address).status_code == 200
        }
    return found
