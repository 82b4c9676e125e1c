"""What row scope costs: the same query by the application role under its policies, and by the owner without them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from django.db.models import Count

from bench import county
from cases import search
from cases.models import Child, Visit
from staff.scope import Scope, open_scope, scope_of, system_scope

SMALL, TIMES = 1_000, 100
ROUNDS = 60


def measure() -> dict[str, Any]:
    """Milliseconds (the fastest of many) with and without policies, and their ratio, at 100,000 children; runs alternate."""
    assignments = county.make(SMALL)
    count = county.grow(TIMES)
    with system_scope(reason="bench"):
        clerk, director = scope_of(assignments["zhaoqinghe"]), scope_of(assignments["wangnianci"])
        some = Child.objects.order_by("pk")[50]
    queries: dict[str, tuple[Scope, Callable[[str], Any]]] = {
        "first page of the county": (clerk, lambda db: list(Child.objects.using(db).on_register().order_by("next_visit_date", "pk")[:50])),
        "first page of a village": (director, lambda db: list(Child.objects.using(db).on_register().order_by("next_visit_date", "pk")[:50])),
        "one child": (clerk, lambda db: Child.objects.using(db).get(pk=some.pk)),
        "search by name": (clerk, lambda db: list(search.find(some.name).using(db)[:20])),
        "visits of a child": (clerk, lambda db: list(Visit.objects.using(db).filter(child=some)[:20])),
        "counts of a township": (
            clerk,
            lambda db: list(
                Child.objects.using(db).filter(region__gte=some.region_id // 1000 * 1000, region__lte=some.region_id // 1000 * 1000 + 999)
                .values("primary_category").annotate(n=Count("pk")).order_by()
            ),
        ),
        "counts of the county": (clerk, lambda db: list(Child.objects.using(db).values("primary_category").annotate(n=Count("pk")).order_by())),
    }  # fmt: skip
    results: dict[str, Any] = {"children": count}
    for name, (scope, run) in queries.items():
        with open_scope(scope):
            assert _shape(run("default")) == _shape(run("owner")), name
            times: dict[str, list[float]] = {"default": [], "owner": []}
            for _each in range(ROUNDS):
                for alias in times:
                    started = time.perf_counter()
                    run(alias)
                    times[alias].append(time.perf_counter() - started)
        with_policies, without = (min(times[alias]) * 1000 for alias in ("default", "owner"))
        results[name] = {
            "with_ms": round(with_policies, 2),
            "without_ms": round(without, 2),
            "ratio": round(with_policies / without, 2),
        }
    return results


def _shape(result: Any) -> Any:
    return len(result) if isinstance(result, list) else result.pk
