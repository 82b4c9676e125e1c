"""Searching at 1,000 and at 100,000 children in one county: p50 and p95 of server time for each kind of query.

Beside each stands a baseline of the same run: a page that reads nothing of the register (the reader's own
settings), so that the ratio says what the search adds to answering at all. The copies of children get names of
their own, drawn like the first ones, so that the larger county has not a hundred namesakes of each child.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from bench import clients, county
from cases.models import Child
from staff.scope import open_scope, scope_of, system_scope

SMALL, TIMES = 1_000, 100
ROUNDS = 40
TRIVIAL = "staff:me"


def queries_of(child: Child, village: str) -> dict[str, str]:
    """One query of each kind, about a child of the county."""
    guardian = child.guardians.order_by("pk").first()
    assert guardian is not None
    surname = child.name[0]
    syllables = child.name_pinyin.split()
    return {
        "one common character": surname,
        "a given name": child.name[1:],
        "a whole name": child.name,
        "a common surname in pinyin": syllables[0],
        "one initial": syllables[0][0],
        "initials": "".join(syllable[0] for syllable in syllables),
        "pinyin of the whole name": "".join(syllables),
        "last four of a number": child.id_number[-4:],
        "last six of a number": child.id_number[-6:],
        "a whole identity number": child.id_number,
        "a guardian": guardian.name,
        "a telephone number": guardian.phone,
        "last four of a telephone number": guardian.phone[-4:],
        "a village": village,
        "a village and a surname": f"{village} {surname}",
        "nobody": "龘龘",
    }


def measure() -> dict[str, Any]:
    """For each kind of query and size: milliseconds of the list and of the suggestions while typing, and ratios."""
    assignments = county.make(SMALL)
    clerk = assignments["zhaoqinghe"]
    with system_scope(reason="bench"):
        scope = scope_of(clerk)
    with open_scope(scope):
        child = Child.objects.exclude(id_digest=None).select_related("region").order_by("pk")[20]
        asked = queries_of(child, child.region.short_name)
    client = clients.client_of(clerk)
    sizes: dict[str, dict[str, clients.Taken]] = {"small": _run(client, asked)}
    count = county.grow(TIMES, fresh_names=True)
    sizes["large"] = _run(client, asked)
    small, large = sizes["small"], sizes["large"]
    return {
        "children": [SMALL, count],
        "baseline_ms": [small["baseline"].p50, large["baseline"].p50],
        **{
            name: {
                "small_p50_ms": small[name].p50,
                "large_p50_ms": large[name].p50,
                "large_p95_ms": large[name].p95,
                "to_baseline": round(large[name].p50 / large["baseline"].p50, 2),
                "queries": [small[name].queries, large[name].queries],
            }
            for name in small
            if name != "baseline"
        },
    }


def _run(client: Any, asked: dict[str, str]) -> dict[str, clients.Taken]:
    found = {"baseline": clients.time_of(client, reverse(TRIVIAL), ROUNDS)}
    for name, query in asked.items():
        listed = f"{reverse('cases:children')}?{urlencode({'q': query})}"
        typed = f"{reverse('cases:child_suggest')}?{urlencode({'q': query, 'format': 'json'})}"
        found[name] = clients.time_of(client, listed, ROUNDS)
        found[f"{name}, while typing"] = clients.time_of(client, typed, ROUNDS)
    return found
