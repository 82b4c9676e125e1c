"""List page and child page at 1,000 and at 100,000 children in one county: server time and queries of a whole request."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from bench import clients, county
from cases.models import Child
from staff.scope import system_scope

SMALL, TIMES = 1_000, 100
ROUNDS = 40
# Lists as the county's clerk asks for them; each fills a page at either size, so that the pages compared are alike.
LISTS = {
    "children": "",
    "children by name": "sort=name",
    "children, last visited first": "sort=-visited",
    "children by birth": "sort=birth",
    "children, red": "risk=red",
    "children of a category by name": "category=left_behind&sort=name",
    "children of an age": "age_from=6&age_to=8",
    "children in school": "stage=primary",
    "children turning 16": "ageing=16",
    "children of one township": "region={township}",
    "children found by a surname": "q={surname}",
}


def measure() -> dict[str, Any]:
    """Milliseconds (the fastest of many, since machines are noisy), queries, and the ratio of the larger to the smaller, for each page."""
    assignments = county.make(SMALL)
    client = clients.client_of(assignments["zhaoqinghe"])
    with system_scope(reason="bench"):
        child = Child.objects.order_by("pk")[20]
    words = {"township": str(child.region_id // 1000 * 1000), "surname": child.name[0]}
    addresses = {
        name: f"{reverse('cases:children')}?{query.format(**words)}" for name, query in LISTS.items()
    } | {
        "child": reverse("cases:child", args=[child.pk]),
        "coming of age": reverse("cases:ageing") + "?years=18",
    }
    small = {name: clients.time_of(client, address, ROUNDS) for name, address in addresses.items()}
    count = county.grow(TIMES, fresh_names=True)
    large = {name: clients.time_of(client, address, ROUNDS) for name, address in addresses.items()}
    return {
        "children": [SMALL, count],
        **{
            name: {
                "small_ms": small[name].best,
                "large_ms": large[name].best,
                "ratio": round(large[name].best / small[name].best, 2),
                "queries": [small[name].queries, large[name].queries],
            }
            for name in addresses
        },
    }
