"""Who is due something in which period, and everything that decides how much."""

# Statements of our own text; values are parameters.
# ruff: noqa: S608

from __future__ import annotations

from subsidies.preparing.covered import in_force
from subsidies.preparing.tables import Work, run

# Other categories that applied when the right was confirmed (subsidies.entitlements.entitling); terms changed later say one alone.
ALSO = """coalesce((
    SELECT string_agg(other, ',' ORDER BY other)
    FROM subsidies_application a, jsonb_array_elements_text(a.decision -> 'also') other
    WHERE a.id = e.application_id), '')"""

# Of two entitlements in one period (other terms from a month on) the one in force when it begins decides.
_FACTS = f"""
SELECT DISTINCT ON (e.child_id, p.month)
       e.child_id, p.month, e.id AS entitlement_id, e.region_code, e.category, e.placement, e.grade, o.offsets,
       concat_ws('|', p.month, e.category, e.placement, e.grade, coalesce(o.amounts, ''), {ALSO}) AS key
FROM {{periods}}
JOIN subsidies_entitlement e ON {{whose}}
    AND e.scheme_id = %(scheme_id)s AND e.region_code BETWEEN %(low)s AND %(high)s
    AND {in_force("p.month", "p.last")}
LEFT JOIN (
    SELECT f.entitlement_id, p.month,
           string_agg(f.kind || '=' || f.amount, ',' ORDER BY f.kind) AS amounts,
           jsonb_agg(jsonb_build_object(
               'kind', f.kind, 'amount', f.amount::text, 'source', f.source, 'from', f.start_month,
               'discrepancy_id', f.discrepancy_id) ORDER BY f.start_month, f.id) AS offsets
    FROM {{periods}}
    JOIN subsidies_offset f ON {{whose_offset}}
        AND f.region_code BETWEEN %(low)s AND %(high)s
        AND f.start_month <= p.month AND (f.end_month IS NULL OR f.end_month >= p.month)
    GROUP BY f.entitlement_id, p.month
) o ON o.entitlement_id = e.id AND o.month = p.month
WHERE {{when}}
ORDER BY e.child_id, p.month, e.start_month, e.id
"""
_INTO = """
INSERT INTO prep_fact (child_id, month, entitlement_id, region_code, category, placement, grade, offsets, key)
"""
_NOW = "(SELECT * FROM prep_period WHERE month = %(month)s) p"
_BEFORE = "prep_mark m JOIN prep_period p ON p.month >= m.since AND p.month < %(month)s"

OF_THE_MONTH = _INTO + _FACTS.format(periods=_NOW, whose="true", whose_offset="true", when="true")
OF_EARLIER_PERIODS = _INTO + _FACTS.format(
    periods=_BEFORE,
    whose="e.child_id = m.child_id",
    whose_offset="f.child_id = m.child_id",
    # Taken over from an earlier system: nobody applied here, neither for this right nor for one it continues.
    when="""(p.month >= %(first)s OR EXISTS (
        SELECT FROM subsidies_entitlement a
        WHERE a.child_id = e.child_id AND a.scheme_id = e.scheme_id AND a.application_id IS NOT NULL
            AND a.start_month <= e.start_month))""",
)
# For the simulator: the same of every period, which a statement's own prep_period holds.
OF_EVERY_PERIOD = _FACTS.format(periods="prep_period p", whose="true", whose_offset="true", when="true")

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
    count = run(OF_THE_MONTH, work)
    run(OF_EARLIER_PERIODS, work)
    run(PAYEES, work)
    run("ANALYZE prep_fact (child_id, month, key)", work)
    run("ANALYZE prep_payee", work)
    return count
