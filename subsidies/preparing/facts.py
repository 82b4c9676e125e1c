"""Who is due something in which period, and everything that decides how much."""

# Statements of our own text; values are parameters.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Iterable

from django.db import connection

from subsidies.preparing.covered import in_force
from subsidies.preparing.tables import Work, run

_OTHERS = """coalesce((
    SELECT string_agg(other, ',' ORDER BY other)
    FROM subsidies_application a, jsonb_array_elements_text(a.decision -> 'also') other
    WHERE a.id = {key}), '')"""
# Other categories that applied when the right was confirmed (subsidies.entitlements.entitling), also for one that continues
# it on other terms: the highest counts for each (就高不就低).
ALSO = f"""CASE WHEN e.application_id IS NOT NULL THEN {_OTHERS.format(key="e.application_id")}
    WHEN e.continues_id IS NULL THEN ''
    ELSE (WITH RECURSIVE back AS (
        SELECT b.application_id, b.continues_id FROM subsidies_entitlement b WHERE b.id = e.continues_id
        UNION ALL
        SELECT b.application_id, b.continues_id FROM back JOIN subsidies_entitlement b ON b.id = back.continues_id
        WHERE back.application_id IS NULL)
        SELECT {_OTHERS.format(key="(SELECT max(application_id) FROM back)")}) END"""

# Who is due something in each part of a period: the whole of it, or its months one by one. Of two entitlements in one part
# (other terms from a month on) the one in force when it begins decides.
_PARTS = f"""
SELECT DISTINCT ON (e.child_id, p.part)
       e.child_id, p.month, p.part, e.id AS entitlement_id, e.region_code, e.category, e.placement, e.grade, o.offsets,
       concat_ws('|', p.month, e.category, e.placement, e.grade, coalesce(o.amounts, ''), {ALSO}{{tail}}) AS key
FROM {{periods}}
JOIN subsidies_entitlement e ON {{whose}}
    AND e.scheme_id = %(scheme_id)s AND e.region_code BETWEEN %(low)s AND %(high)s
    AND {in_force("p.part", "p.upto")}
LEFT JOIN (
    SELECT f.entitlement_id, p.part,
           string_agg(f.kind || '=' || f.amount, ',' ORDER BY f.kind) AS amounts,
           jsonb_agg(jsonb_build_object(
               'kind', f.kind, 'amount', f.amount::text, 'source', f.source, 'from', f.start_month,
               'discrepancy_id', f.discrepancy_id) ORDER BY f.start_month, f.id) AS offsets
    FROM {{periods}}
    JOIN subsidies_offset f ON {{whose_offset}}
        AND f.region_code BETWEEN %(low)s AND %(high)s
        AND f.start_month <= p.part AND (f.end_month IS NULL OR f.end_month >= p.part)
    GROUP BY f.entitlement_id, p.part
) o ON o.entitlement_id = e.id AND o.part = p.part
WHERE {{when}}
ORDER BY e.child_id, p.part, e.start_month, e.id
"""
_COLUMNS = "child_id, month, entitlement_id, region_code, category, placement, grade, offsets, key"
_WHOLE = f"SELECT {_COLUMNS} FROM ({_PARTS.replace('{tail}', '')}) whole"
# Months that are paid together are one fact: the first one's terms stand on the line, the keys of all decide the amount.
_TOGETHER = f"""
SELECT child_id, month, entitlement_id, region_code, category, placement, grade,
    (SELECT jsonb_agg(DISTINCT held) FROM jsonb_array_elements(jsonb_path_query_array(every, '$[*][*]')) held) AS offsets, key
FROM (
    SELECT child_id, month, (array_agg(entitlement_id ORDER BY part))[1] AS entitlement_id,
        (array_agg(region_code ORDER BY part))[1] AS region_code, (array_agg(category ORDER BY part))[1] AS category,
        (array_agg(placement ORDER BY part))[1] AS placement, (array_agg(grade ORDER BY part))[1] AS grade,
        jsonb_agg(offsets) FILTER (WHERE offsets IS NOT NULL) AS every, string_agg(key, ';' ORDER BY part) AS key
    FROM ({_PARTS.replace("{tail}", ", p.part")}) months GROUP BY child_id, month
) together"""
_PERIODS = (
    "(SELECT q.*, q.month AS part, q.last AS upto FROM prep_period q WHERE NOT q.by_month AND {which}) p"
)
_MONTHS = """(SELECT q.*, g::date AS part, g::date AS upto FROM prep_period q, generate_series(q.month, q.last, interval '1 month') g
    WHERE q.by_month AND {which}) p"""


def _statements(
    which: str, marked: str = "{}", whose: str = "true", whose_offset: str = "true", when: str = "true"
) -> tuple[str, str]:
    """Of periods that are one sum, and of those that are reckoned by month."""
    values = {"whose": whose, "whose_offset": whose_offset, "when": when}
    return (
        _WHOLE.format(periods=marked.format(_PERIODS.format(which=which)), **values),
        _TOGETHER.format(periods=marked.format(_MONTHS.format(which=which)), **values),
    )


_NOW = _statements("q.month = %(month)s")
_BEFORE = _statements(
    "q.month < %(month)s",
    marked="prep_mark m JOIN {} ON p.month >= m.since",
    whose="e.child_id = m.child_id",
    whose_offset="f.child_id = m.child_id",
    # Taken over from an earlier system: nobody applied here, neither for this right nor for one it continues.
    when="""(p.month >= %(first)s OR EXISTS (
        SELECT FROM subsidies_entitlement a
        WHERE a.child_id = e.child_id AND a.scheme_id = e.scheme_id AND a.application_id IS NOT NULL
            AND a.start_month <= e.start_month))""",
)
# For the simulator: the same of every period, which a statement's own prep_period holds.
OF_EVERY_PERIOD = " UNION ALL ".join(f"({one})" for one in _statements("true"))

# The payee named for this scheme alone comes before the one for all others.
PAYEES = """
INSERT INTO prep_payee (child_id, payee_id, reachable)
SELECT DISTINCT ON (child_id) child_id, id, account_digest IS NOT NULL AND octet_length(account) > 0
FROM cases_payee
WHERE region_code BETWEEN %(low)s AND %(high)s AND purpose IN (%(scheme_code)s, '')
    AND start_date <= %(day)s AND (end_date IS NULL OR end_date >= %(day)s)
ORDER BY child_id, purpose DESC, start_date DESC, id DESC
"""


def collect(work: Work) -> int:
    """Fill ``prep_fact`` and ``prep_payee``; returns how many are due something in the batch's own month."""
    count = 0
    for of_the_month, before in tuple(zip(_NOW, _BEFORE, strict=True))[: 2 if _by_month() else 1]:
        count += run(f"INSERT INTO prep_fact ({_COLUMNS}) {of_the_month}", work)
        run(f"INSERT INTO prep_fact ({_COLUMNS}) {before}", work)
    run(PAYEES, work)
    run("ANALYZE prep_fact (child_id, month, key)", work)
    run("ANALYZE prep_payee", work)
    return count


def _by_month() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM prep_period WHERE by_month)")
        return bool(cursor.fetchone()[0])


def also_of(ids: Iterable[int]) -> dict[int, tuple[str, ...]]:
    """Of each entitlement the other categories of which the highest counts. One query."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT e.id, {ALSO} FROM subsidies_entitlement e WHERE e.id = ANY (%s)", [list(ids)])
        return {key: tuple(filter(None, also.split(","))) for key, also in cursor.fetchall()}
