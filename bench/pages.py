"""List page and child page at 1,000 and at 100,000 children in one county: server time and queries of a whole request."""

from __future__ import annotations

import time
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from bench import county
from cases.models import Child
from staff.scope import system_scope
from staff.sessions import SESSION_KEY

SMALL, TIMES = 1_000, 100
ROUNDS = 40


def measure() -> dict[str, Any]:
    """Milliseconds (the fastest of many, since machines are noisy), queries, and the ratio of the larger to the smaller, for each page."""
    from django.conf import settings

    settings.ALLOWED_HOSTS = ["*"]
    assignments = county.make(SMALL)
    client = Client()
    client.force_login(assignments["zhaoqinghe"].user)
    session = client.session
    session[SESSION_KEY] = assignments["zhaoqinghe"].pk
    session.save()
    with system_scope(reason="bench"):
        child = Child.objects.order_by("pk")[20]
    addresses = {
        "children": reverse("cases:children"),
        "children, searched": reverse("cases:children") + f"?q={child.name}",
        "children, one township": reverse("cases:children") + f"?township={child.region_id // 1000 * 1000}",
        "child": reverse("cases:child", args=[child.pk]),
    }
    small = {name: _time(client, address) for name, address in addresses.items()}
    count = county.grow(TIMES)
    large = {name: _time(client, address) for name, address in addresses.items()}
    return {
        "children": [SMALL, count],
        **{
            name: {
                "small_ms": small[name][0],
                "large_ms": large[name][0],
                "ratio": round(large[name][0] / small[name][0], 2),
                "queries": [small[name][1], large[name][1]],
            }
            for name in addresses
        },
    }


def _time(client: Client, address: str) -> tuple[float, int]:
    for _each in range(5):
        response = client.get(address)
        assert response.status_code == 200, (address, response.status_code)
    taken = []
    for _each in range(ROUNDS):
        started = time.perf_counter()
        client.get(address)
        taken.append(time.perf_counter() - started)
    with CaptureQueriesContext(connection) as captured:
        client.get(address)
    return round(min(taken) * 1000, 1), len(captured)
