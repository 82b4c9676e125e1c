"""This batch beside the one before it, reckoned in the database: sums for county and townships, and the differences a
page at a time. What the terms mean, and that they add up, stands in :mod:`subsidies.batches.bridge`.
"""

# Statements of our own text; values are parameters.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from subsidies.batches.bridge import Change, Difference, Line, Sums
from subsidies.enums import PaymentKind, PaymentState

# A child is the same person in both months, whatever entitlement the line rests on; lines of nothing count as absent.
_LINES = f"""
WITH past AS (
    SELECT id, child_id, entitlement_id, region_code, region_code / 1000 * 1000 AS place, amount
    FROM subsidies_payment
    WHERE batch_id = %(before)s AND kind = '{PaymentKind.REGULAR}' AND amount > 0
), now AS (
    SELECT id, child_id, entitlement_id, region_code, region_code / 1000 * 1000 AS place, amount,
        state = '{PaymentState.HELD}' AS held
    FROM subsidies_payment
    WHERE batch_id = %(after)s AND kind = '{PaymentKind.REGULAR}' AND amount > 0
), arrears AS (
    SELECT id, entitlement_id, region_code, region_code / 1000 * 1000 AS place, amount,
        state = '{PaymentState.HELD}' AS held
    FROM subsidies_payment
    WHERE batch_id = %(after)s AND kind = '{PaymentKind.ARREARS}' AND amount > 0
)"""

_TERMS = """
    count(p.id), coalesce(sum(p.amount), 0), count(n.id), coalesce(sum(n.amount), 0),
    count(*) FILTER (WHERE p.id IS NULL), coalesce(sum(n.amount) FILTER (WHERE p.id IS NULL), 0),
    count(*) FILTER (WHERE n.id IS NULL), coalesce(sum(p.amount) FILTER (WHERE n.id IS NULL), 0),
    count(*) FILTER (WHERE n.amount <> p.amount), coalesce(sum(n.amount - p.amount), 0),
    count(*) FILTER (WHERE n.held), coalesce(sum(n.amount) FILTER (WHERE n.held), 0)"""
# A child that moved within the county left one township and joined another; the county does not see the move.
_SUMS = f"""{_LINES}
SELECT found.*, r.name FROM (
    SELECT 'all' AS what, 0::bigint AS place, {_TERMS} FROM past p FULL JOIN now n USING (child_id)
    UNION ALL
    SELECT 'place', place, {_TERMS} FROM past p FULL JOIN now n USING (child_id, place) GROUP BY place
    UNION ALL
    SELECT 'arrears', place, count(*), sum(amount), count(*) FILTER (WHERE held),
        coalesce(sum(amount) FILTER (WHERE held), 0), 0, 0, 0, 0, 0, 0, 0, 0
    FROM arrears GROUP BY place
) found LEFT JOIN staff_region r ON r.code = found.place
ORDER BY found.what, found.place"""

_DIFFERENCES = f"""{_LINES}
SELECT * FROM (
    SELECT CASE WHEN p.id IS NULL THEN 1 WHEN n.id IS NULL THEN 2 ELSE 3 END AS kind,
        p.id, p.entitlement_id, p.region_code, p.amount, n.id AS now_id, n.entitlement_id, n.region_code, n.amount, n.held
    FROM past p FULL JOIN now n USING (child_id)
    WHERE p.amount IS DISTINCT FROM n.amount
    UNION ALL
    SELECT 4, NULL, NULL, NULL, NULL, id, entitlement_id, region_code, amount, held FROM arrears
) found ORDER BY kind, coalesce(now_id, id) LIMIT %(limit)s OFFSET %(offset)s"""
_KINDS = {1: Change.NEW, 2: Change.LEFT, 3: Change.CHANGED, 4: Change.ARREARS}


@dataclass(slots=True)
class Compared:
    """The county's terms, and those of each township by code, with the townships' names."""

    total: Sums = field(default_factory=Sums)
    townships: dict[int, Sums] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)


def compare(before: int | None, after: int) -> Compared:
    """Sums of the county and of each township; no differences. ``before``: the earlier batch's key. One query."""
    found = Compared()
    with connection.cursor() as cursor:
        cursor.execute(_SUMS, {"before": before, "after": after})
        rows = cursor.fetchall()
    for what, place, *terms, name in rows:
        found.names[place] = name or str(place)
        if what == "all":
            _regular(found.total, terms)
        elif what == "place":
            _regular(found.townships.setdefault(place, Sums()), terms)
    for what, place, *terms, _name in rows:
        if what == "arrears":
            for sums in (found.total, found.townships.setdefault(place, Sums())):
                _arrears(sums, terms)
    found.townships = dict(sorted(found.townships.items()))
    return found


def _regular(sums: Sums, terms: Iterable[Any]) -> None:
    (
        sums.people_before, sums.before, sums.people_now, now, sums.joined, sums.added, sums.left, sums.removed,
        sums.changed_people, sums.changed, sums.held_lines, sums.held,
    ) = terms  # fmt: skip
    sums.now += now - sums.held


def _arrears(sums: Sums, terms: list[Any]) -> None:
    lines, amount, held_lines, held = terms[:4]
    sums.arrears_lines += lines
    sums.arrears += amount
    sums.held_lines += held_lines
    sums.held += held
    sums.now += amount - held


def count_differences(sums: Sums) -> int:
    """How many differences there are, by the sums of the county."""
    return sums.joined + sums.left + sums.changed_people + sums.arrears_lines


def differences(before: int | None, after: int, *, limit: int, offset: int) -> list[Difference]:
    """A page of the differences: new, left, changed, arrears, each in order of the lines. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_DIFFERENCES, {"before": before, "after": after, "limit": limit, "offset": offset})
        rows = cursor.fetchall()
    return [
        Difference(
            _KINDS[kind],
            Line(old, old_right, old_region, old_amount) if old else None,
            Line(new, right, region, amount, kind == 4, bool(held)) if new else None,
        )
        for kind, old, old_right, old_region, old_amount, new, right, region, amount, held in rows
    ]
