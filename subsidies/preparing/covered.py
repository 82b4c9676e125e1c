"""Until when a right is paid, as one piece of SQL that the batch and the simulator share.

A right with a last month is paid until then. One without (taken over from an earlier system) is paid to the month of the
age limit; beyond it for the months in which the child is proved to study full-time at a stage that the scheme's terms
extend (在校延续, one proof a term); under a scheme of students whoever is grown up for proved periods alone. An allowance that follows another
one is paid for the months of that one.
"""

# Statements of our own text; values are parameters.
# ruff: noqa: S608

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.db import connection

from cases.ages import ADULT
from subsidies.enums import LastMonthRule
from subsidies.preparing.periods import Period
from subsidies.reckoning.months import BY_MONTH, period_end, period_of
from subsidies.reckoning.standards import Standards
from subsidies.terms.types import Terms

# What a period's terms say about it. Of a scheme that follows another (``lead``) age and schooling are the other one's;
# ``kinds`` and ``places`` are the categories and placements that are followed. ``by_month``: each month is reckoned by itself.
COLUMNS = """month date PRIMARY KEY, last date NOT NULL, once boolean NOT NULL, by_month boolean NOT NULL, age integer,
    early integer, stages text[], proof boolean, lead bigint, kinds text[], places text[]"""

PERIODS = """
SELECT u.month, u.last, u.once, u.by_month, u.age, u.early, string_to_array(u.stages, ',') AS stages, u.proof,
    CASE WHEN u.lead <> '' THEN coalesce(z.id, -1) END AS lead,
    string_to_array(u.kinds, ',') AS kinds, string_to_array(u.places, ',') AS places
FROM unnest(%(p_month)s::date[], %(p_last)s::date[], %(p_once)s::boolean[], %(p_by_month)s::boolean[], %(p_age)s::integer[],
    %(p_early)s::integer[], %(p_stages)s::text[], %(p_proof)s::boolean[], %(p_lead)s::text[], %(p_kinds)s::text[], %(p_places)s::text[])
    u (month, last, once, by_month, age, early, stages, proof, lead, kinds, places)
LEFT JOIN subsidies_scheme z ON z.code = u.lead"""
_NAMES = ("month", "last", "once", "by_month", "age", "early", "stages", "proof", "lead", "kinds", "places")


def values_of(periods: Iterable[Period], standards: Standards) -> dict[str, list[Any]]:
    """Parameters of PERIODS."""
    rows = [_row(period, standards) for period in sorted(set(periods))]
    return {f"p_{name}": [row[place] for row in rows] for place, name in enumerate(_NAMES)}


def _deciding(standards: Standards, month: dt.date) -> Terms:
    """The terms whose age and schooling decide: the scheme's, or those of the one it follows."""
    terms = standards.terms(month)
    return standards.book.terms(terms.follows.value, month) if terms.follows else terms


def _row(period: Period, standards: Standards) -> tuple[Any, ...]:
    terms, deciding = standards.terms(period.month), _deciding(standards, period.month)
    return (
        period.month,
        period.last,
        period.once,
        terms.cadence in BY_MONTH,
        deciding.age_most,
        int(deciding.last_month_rule == LastMonthRule.MONTH_BEFORE),
        ",".join(deciding.extension_stages),
        deciding.school_proof,
        terms.follows.value if terms.follows else "",
        ",".join(terms.categories),
        ",".join(terms.placements),
    )


def decided_from(standards: Standards, month: dt.date) -> int:
    """The age from which on file and proofs decide until when a right without a last month is paid: that of the age
    limit; under a scheme of students from 18 on.
    """
    deciding = _deciding(standards, month)
    return min(deciding.age_most, ADULT) if deciding.school_proof else deciding.age_most


def by_age(born: str) -> str:
    """SQL: the last month of somebody ``born`` on a day by the age limit of period ``p``."""
    return f"""(date_trunc('month', {born} + make_interval(years => p.age))
        - make_interval(months => p.early))::date"""


# Which schooling counts in period ``p``; a scheme of students that names no stage takes any.
STAGE = "({0}.stage = ANY (p.stages) OR p.proof AND cardinality(p.stages) = 0)"


def proved(child: str, first: str, last: str, stage: str = STAGE) -> str:
    """SQL: whether a child is proved to study full-time in a month from ``first`` to ``last``.

    A proof is for its term, no longer than schooling is expected to last; who goes on in the term after (another school
    after the summer) studies through.
    """
    return f"""EXISTS (
        SELECT FROM subsidies_schoolproof s
        CROSS JOIN LATERAL (SELECT make_date(s.school_year + (s.term = 2)::int, CASE s.term WHEN 1 THEN 9 ELSE 3 END, 1)) t (begins)
        WHERE s.child_id = {child} AND s.full_time AND {stage.format("s")}
            AND t.begins <= {last} AND t.begins + interval '5 months' >= {first}
            AND (s.until IS NULL OR date_trunc('month', s.until) >= {first} OR EXISTS (
                SELECT FROM subsidies_schoolproof n WHERE n.child_id = s.child_id AND n.full_time AND {stage.format("n")}
                    AND (n.school_year, n.term) = (s.school_year + (s.term = 2)::int, 3 - s.term))))"""


def _goes_on(right: str, first: str, last: str) -> str:
    """SQL: whether a right that has begun reaches to ``first``, by its own last month or by age and schooling."""
    age = f"{by_age('c.birth_date')} >= {first}"
    grown = f"date_trunc('month', c.birth_date + interval '18 years') < {first}"
    school = proved(f"{right}.child_id", first, last)
    return f"""CASE WHEN {right}.end_month IS NOT NULL THEN {right}.end_month >= {first}
        ELSE EXISTS (SELECT FROM cases_child c WHERE c.id = {right}.child_id
            AND CASE WHEN p.proof THEN {age} AND NOT ({grown} AND NOT {school}) ELSE {age} OR {school} END) END"""


def in_force(first: str, last: str) -> str:
    """SQL: whether right ``e`` is paid for a part of period ``p``, from the month ``first`` to ``last``."""
    return f"""e.start_month <= {last}
    AND (NOT p.once OR e.start_month = p.month AND e.continues_id IS NULL)
    AND CASE WHEN p.lead IS NULL THEN {_goes_on("e", first, last)}
        ELSE coalesce(e.end_month, 'infinity') >= {first} AND EXISTS (
            SELECT FROM subsidies_entitlement l
            WHERE l.child_id = e.child_id AND l.scheme_id = p.lead AND l.start_month <= {last}
                AND l.category = ANY (p.kinds) AND l.placement = ANY (p.places) AND {_goes_on("l", first, last)}) END"""


_PAID = f"""
WITH prep_period AS ({PERIODS})
SELECT EXISTS (SELECT FROM prep_period p JOIN subsidies_entitlement e ON e.id = %(pk)s WHERE {in_force("p.month", "p.last")})"""


def is_paid(pk: int, standards: Standards, month: dt.date) -> bool:
    """Whether an entitlement is paid for a month, or for the period that it lies in where that is one sum. One query."""
    first, last = month, month
    cadence = standards.terms(month).cadence
    if cadence not in BY_MONTH:
        first, last = period_of(month, cadence), period_end(month, cadence)
    with connection.cursor() as cursor:
        cursor.execute(_PAID, {"pk": pk, **values_of([Period(first, last)], standards)})
        return bool(cursor.fetchone()[0])
