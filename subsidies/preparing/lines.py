"""The payments themselves, written by one statement: amount, explanation and funds from the rules, everything else
copied as it stands now. Ciphertexts are copied as they are; they are not bound to a row.
"""

# Statements of our own text; values are parameters.
# ruff: noqa: S608

from __future__ import annotations

from subsidies.enums import AmountLine, Clause, HoldReason, PaymentKind, PaymentState
from subsidies.preparing.tables import SOURCES, Work, run


def gap(source: str, more: str, less: str) -> str:
    """SQL of what a source gives to make ``more`` out of ``less``: each gives what it lacks, in the order of sources,
    until the difference is reached (subsidies.reckoning.funding.still_owed says the same for one child).
    """
    place = SOURCES.index(source)

    def up_to(end: int) -> str:
        lacks = [f"greatest({more}_{name} - {less}_{name}, 0)" for name in SOURCES[:end]]
        return f"least({' + '.join(['0', *lacks])}, abs(due - delivered))"

    return f"({up_to(place + 1)} - {up_to(place)})"


_FUNDS = ", ".join(f"from_{source}" for source in SOURCES)
_REGULAR_FUNDS = ", ".join(f"a.from_{source}" for source in SOURCES)
_ARREARS_FUNDS = ", ".join(gap(source, "due", "had") for source in SOURCES)
STEP = (
    "jsonb_build_object('label', '{label}', 'amount', ({amount})::text, 'clause', '{clause}', 'source', '')"
)

# What is still owed: the steps to what is due, less what was delivered.
_OWED_STEPS = f"""(coalesce(a.explanation, '{{}}') || jsonb_build_object(
    'lines', coalesce(a.explanation -> 'lines', '[null]') - -1 || jsonb_build_array(
        {STEP.format(label=AmountLine.DELIVERED, amount="-delivered", clause=Clause.ARREARS)},
        {STEP.format(label=AmountLine.TOTAL, amount="due - delivered", clause=Clause.ARREARS)}),
    'clause', '{Clause.ARREARS}', 'offsets', coalesce(x.offsets, '[]'),
    'due', due::text, 'delivered', delivered::text, 'reason', reason, 'before', before))"""

_WRITTEN = """id, entitlement_id, child_id, child_name, line, month, sequence, amount, placement, state, account_digest,
    payee_name, payee_relation"""

LINES = f"""
WITH written AS (
INSERT INTO subsidies_payment (
    batch_id, entitlement_id, child_id, region_code, scheme_id, line, month, kind, sequence, standard, amount,
    {_FUNDS}, repays_id, explanation, child_name, identity_number, category, placement, grade, payee_name,
    payee_relation, bank_name, account, account_digest, state, hold_reason, fail_reason, bank_message, cancelled)
SELECT %(batch_id)s, d.entitlement_id, d.child_id, d.region_code, %(scheme_id)s,
    row_number() OVER (ORDER BY d.region_code, d.child_id, d.sequence > 0, d.month),
    d.month, CASE WHEN d.sequence = 0 THEN '{PaymentKind.REGULAR}' ELSE '{PaymentKind.ARREARS}' END, d.sequence,
    d.standard, d.amount, {_FUNDS}, d.repays_id, d.explanation,
    coalesce(c.name, d.child_name), coalesce(c.id_number, ''), d.category, d.placement, d.grade,
    coalesce(p.name, ''), coalesce(p.relation, ''), coalesce(p.bank_name, ''), coalesce(p.account, ''),
    CASE WHEN w.reachable THEN p.account_digest END,
    CASE WHEN d.amount = 0 THEN '{PaymentState.NOTHING}' WHEN w.reachable THEN '{PaymentState.PREPARED}'
         ELSE '{PaymentState.HELD}' END,
    CASE WHEN d.amount = 0 OR w.reachable THEN '' ELSE '{HoldReason.ACCOUNT_MISSING}' END, '', '', false
FROM (
    SELECT f.entitlement_id, f.child_id, f.region_code, f.month, 0 AS sequence, a.standard, a.amount, {_REGULAR_FUNDS},
        NULL::bigint AS repays_id, NULL AS child_name, f.category, f.placement, f.grade,
        CASE WHEN f.offsets IS NULL THEN a.explanation
             ELSE jsonb_set(a.explanation, '{{offsets}}', f.offsets) END AS explanation
    FROM prep_fact f JOIN prep_answer a ON a.key = f.key
    WHERE f.month = %(month)s
    UNION ALL
    SELECT x.entitlement_id, x.child_id, x.region_code, x.month, x.sequence, coalesce(a.standard, 0), due - delivered,
        {_ARREARS_FUNDS}, x.failed_id, x.child_name, e.category, e.placement, e.grade, {_OWED_STEPS}
    FROM prep_correction x
    JOIN subsidies_entitlement e ON e.id = x.entitlement_id
    LEFT JOIN prep_answer a ON a.key = x.key
    WHERE due > delivered AND x.reachable
) d
LEFT JOIN cases_child c ON c.id = d.child_id
LEFT JOIN prep_payee w ON w.child_id = d.child_id
LEFT JOIN cases_payee p ON p.id = w.payee_id
RETURNING {_WRITTEN}
) INSERT INTO prep_written SELECT {_WRITTEN} FROM written"""


def write(work: Work) -> int:
    """Write every line of the batch; returns how many."""
    count = run(LINES, work)
    run("ANALYZE prep_written (entitlement_id, child_id)", work)
    return count
