"""What an approver must be told about a batch: one statement for each kind of exception.

Each finds lines of the whole batch at once. Nothing here stops a payment; a person explains each, or holds the line.
"""

# Statements of our own text; values are parameters.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import connection

from cases.children.family import account_warning
from cases.enums import ParentSituationKind, Relation
from staff import crypto
from subsidies.aid.enums import PayeeKind
from subsidies.enums import ConflictMode, FailReason, IssueKind, PaymentState
from subsidies.preparing.covered import STAGE, by_age, proved
from subsidies.preparing.tables import Work, run
from subsidies.terms.in_force import Terms

# A refusal for one of these reasons comes again while the account stays the same.
ACCOUNT_FAULTS = tuple(sorted(set(FailReason.values) - {FailReason.BANK_SYSTEM, FailReason.OTHER}))
CHUNK = 2_000

# The line that stands for an entitlement: the month's own, else the first of its arrears.
_LINES = f"""
CREATE TEMP TABLE prep_line ON COMMIT DROP AS
SELECT DISTINCT ON (p.entitlement_id) p.payment_id, p.entitlement_id, p.child_id, p.child_name, p.sequence, p.amount,
    p.placement, p.state, p.account_digest, p.payee_name, p.payee_relation, w.payee_id,
    c.household_id, c.left_date, c.left_reason, coalesce(c.last_visit_date, c.registered_date) AS seen
FROM prep_written p
LEFT JOIN cases_child c ON c.id = p.child_id
LEFT JOIN prep_payee w ON w.child_id = p.child_id AND w.reachable
WHERE p.state <> '{PaymentState.NOTHING}'
ORDER BY p.entitlement_id, p.line"""

_ISSUE = """
INSERT INTO subsidies_batchissue (batch_id, region_code, kind, note, entitlement_id, payment_id, child_name, detail)
SELECT %(batch_id)s, %(region_id)s, %(kind)s, '', i.entitlement_id, i.payment_id, i.child_name, i.detail FROM ({found}) i"""

# Without an account: lines held back for it, and what earlier months owe and cannot be paid.
_PAYEE_MISSING = f"""
SELECT coalesce(l.entitlement_id, x.entitlement_id) AS entitlement_id, l.payment_id,
    coalesce(l.child_name, x.child_name) AS child_name,
    jsonb_build_object('owed', coalesce(x.owed, 0)::numeric(12, 2)::text) AS detail
FROM (SELECT * FROM prep_line WHERE state = '{PaymentState.HELD}') l
FULL JOIN (
    SELECT y.entitlement_id, max(coalesce(c.name, y.child_name, '')) AS child_name, sum(y.due - y.delivered) AS owed
    FROM prep_correction y LEFT JOIN cases_child c ON c.id = y.child_id
    WHERE y.due > y.delivered AND NOT y.reachable GROUP BY y.entitlement_id
) x ON x.entitlement_id = l.entitlement_id"""

# No line at all: what is right is not known.
_NO_STANDARD = """
SELECT u.entitlement_id, NULL::bigint AS payment_id, coalesce(max(c.name), '') AS child_name, jsonb_build_object(
    'months', jsonb_agg(to_char(u.month, 'YYYY-MM') ORDER BY u.month), 'why', max(u.why),
    'category', max(u.category), 'placement', max(u.placement)) AS detail
FROM prep_unruled u LEFT JOIN cases_child c ON c.id = u.child_id GROUP BY u.entitlement_id"""

_SHARED_ACCOUNT = f"""
SELECT l.entitlement_id, l.payment_id, l.child_name, s.detail
FROM prep_line l JOIN (
    SELECT account_digest, jsonb_build_object('count', count(DISTINCT child_id),
        'children', to_jsonb((array_agg(DISTINCT child_name ORDER BY child_name))[:10])) AS detail
    FROM prep_line WHERE account_digest IS NOT NULL AND payee_relation <> '{Relation.INSTITUTION}'
    GROUP BY account_digest HAVING count(DISTINCT coalesce(household_id, -child_id)) > 1
) s ON s.account_digest = l.account_digest
WHERE l.payee_relation <> '{Relation.INSTITUTION}'"""

_HOLDER_NOT_PAYEE = f"""
SELECT l.entitlement_id, l.payment_id, l.child_name,
    jsonb_build_object('holder', l.payee_name, 'relation', l.payee_relation) AS detail
FROM prep_line l
WHERE l.payee_id IS NOT NULL AND l.payee_relation <> '{Relation.INSTITUTION}' AND l.payee_name <> l.child_name
    AND NOT EXISTS (SELECT FROM cases_guardian g WHERE g.child_id = l.child_id AND g.name = l.payee_name
                    AND (g.end_date IS NULL OR g.end_date >= %(day)s))"""

_PAYEE_KIND = """
SELECT l.entitlement_id, l.payment_id, l.child_name, jsonb_build_object(
    'holder', l.payee_name, 'relation', l.payee_relation, 'payee', a.payee) AS detail
FROM prep_line l JOIN unnest(%(placements)s::text[], %(payees)s::text[]) a (placement, payee) USING (placement)
WHERE l.payee_id IS NOT NULL AND CASE a.payee
    WHEN 'institution' THEN l.payee_relation <> 'institution'
    WHEN 'student' THEN l.payee_relation <> 'child'
    WHEN 'guardian' THEN l.payee_relation IN ('child', 'institution')
    WHEN 'child' THEN l.payee_relation = 'institution'
    ELSE false END"""

_PAYEE_DEAD = f"""
SELECT DISTINCT ON (l.entitlement_id) l.entitlement_id, l.payment_id, l.child_name,
    jsonb_build_object('holder', l.payee_name, 'since', s.start_date) AS detail
FROM cases_parentsituation s JOIN prep_line l ON l.child_id = s.child_id
    AND (s.parent_name = l.payee_name OR s.parent = l.payee_relation AND s.parent_name = '')
WHERE s.kind = '{ParentSituationKind.DEAD}' AND s.end_date IS NULL AND l.payee_id IS NOT NULL
ORDER BY l.entitlement_id, s.start_date"""

_AMOUNT_RANGE = """
SELECT l.entitlement_id, l.payment_id, l.child_name, jsonb_build_object(
    'amount', l.amount::text, 'least', (%(least)s::numeric)::text, 'most', (%(most)s::numeric)::text) AS detail
FROM prep_line l WHERE l.sequence = 0 AND (l.amount < %(least)s OR l.amount > %(most)s)"""

_NOT_VISITED = """
SELECT l.entitlement_id, l.payment_id, l.child_name,
    jsonb_build_object('since', l.seen, 'days', %(day)s::date - l.seen) AS detail
FROM prep_line l WHERE l.seen < %(day)s::date - %(visit_days)s"""

_ACCOUNT_CHECKSUM = """
SELECT l.entitlement_id, l.payment_id, l.child_name, jsonb_build_object('holder', l.payee_name) AS detail
FROM prep_line l JOIN cases_payee p ON p.id = l.payee_id WHERE p.account_sound = false"""

_ACCOUNT_REFUSED = f"""
SELECT DISTINCT ON (l.entitlement_id) l.entitlement_id, l.payment_id, l.child_name,
    jsonb_build_object('reason', p.fail_reason, 'month', to_char(p.month, 'YYYY-MM')) AS detail
FROM subsidies_payment p JOIN prep_line l ON l.entitlement_id = p.entitlement_id
WHERE p.state = '{PaymentState.FAILED}' AND p.region_code BETWEEN %(low)s AND %(high)s AND NOT p.cancelled
    AND p.fail_reason = ANY (%(faults)s) AND p.account_digest = l.account_digest
ORDER BY l.entitlement_id, p.id DESC"""

_CHILD_LEFT = """
SELECT l.entitlement_id, l.payment_id, l.child_name,
    jsonb_build_object('date', l.left_date, 'reason', l.left_reason) AS detail
FROM prep_line l WHERE l.left_date IS NOT NULL"""

_OPEN_DISCREPANCY = """
SELECT l.entitlement_id, l.payment_id, l.child_name, jsonb_build_object('discrepancies', d.ids) AS detail
FROM prep_line l JOIN (
    SELECT child_id, jsonb_agg(id ORDER BY id) AS ids FROM cases_discrepancy
    WHERE state IN ('to_check', 'verified') AND region_code BETWEEN %(low)s AND %(high)s GROUP BY child_id
) d ON d.child_id = l.child_id"""

# Which months of a line need a proof: under a scheme of students all, else those past the age limit. An open right is not
# paid past it without one (subsidies.preparing.covered).
_NO_PROOF = f"""
SELECT l.entitlement_id, l.payment_id, l.child_name, jsonb_build_object(
    'school_year', extract(year FROM x.first)::int - (extract(month FROM x.first) < 9)::int,
    'term', CASE WHEN extract(month FROM x.first) BETWEEN 3 AND 8 THEN 2 ELSE 1 END,
    'months', x.months) AS detail
FROM prep_line l JOIN (
    SELECT w.entitlement_id, min(n.first) AS first, jsonb_agg(to_char(w.month, 'YYYY-MM') ORDER BY w.month) AS months
    FROM prep_written w
    JOIN prep_period p ON p.month = w.month
    JOIN subsidies_entitlement e ON e.id = w.entitlement_id
    JOIN cases_child c ON c.id = e.child_id
    CROSS JOIN LATERAL (SELECT {by_age("c.birth_date")} AS limit_month) a
    CROSS JOIN LATERAL (SELECT
        CASE WHEN p.proof THEN w.month ELSE greatest(w.month, (a.limit_month + interval '1 month')::date) END AS first,
        CASE WHEN p.proof THEN p.last
             ELSE least(p.last, coalesce(e.end_month, CASE WHEN p.lead IS NULL THEN a.limit_month ELSE p.last END)) END AS last) n
    WHERE w.state <> '{PaymentState.NOTHING}' AND n.first <= n.last
        AND NOT {proved("w.child_id", "n.first", "n.last", f"({STAGE} OR cardinality(p.stages) = 0)")}
    GROUP BY w.entitlement_id
) x ON x.entitlement_id = l.entitlement_id"""

# Paid in full although the child draws what may not be drawn beside it: somebody has that one cancelled.
_CONFLICT = """
SELECT l.entitlement_id, l.payment_id, l.child_name,
    jsonb_build_object('benefits', p.explanation -> 'conflicts') AS detail
FROM prep_line l JOIN subsidies_payment p ON p.id = l.payment_id
WHERE p.batch_id = %(batch_id)s AND p.explanation -> 'conflicts' <> '[]'"""

# A month that was paid too little or too much waits for a person, whatever else is known about the line.
_CORRECTED = """
SELECT x.entitlement_id, min(p.payment_id) AS payment_id, max(coalesce(c.name, x.child_name)) AS child_name,
    jsonb_build_object(
        'months', jsonb_agg(to_char(x.month, 'YYYY-MM') ORDER BY x.month),
        'amounts', jsonb_agg(abs(due - delivered)::text ORDER BY x.month),
        'amount', sum(abs(due - delivered))::text,
        'reason', CASE WHEN min(x.reason) = max(x.reason) THEN min(x.reason) ELSE 'several' END,
        'was', (array_agg(x.before ->> 'standard' ORDER BY x.month))[1],
        'now', (array_agg(a.standard::text ORDER BY x.month))[1]) AS detail
FROM prep_correction x
LEFT JOIN prep_answer a ON a.key = x.key
LEFT JOIN cases_child c ON c.id = x.child_id
LEFT JOIN prep_written p ON p.entitlement_id = x.entitlement_id AND p.month = x.month AND p.sequence > 0
WHERE {which} GROUP BY x.entitlement_id"""


def _found(terms: Terms) -> dict[IssueKind, str]:
    """Which exceptions are looked for under these terms, and how."""
    found = {
        IssueKind.ARREARS: _CORRECTED.format(which="due > delivered AND x.reachable"),
        IssueKind.OVERPAID: _CORRECTED.format(which="due < delivered"),
        IssueKind.PAYEE_MISSING: _PAYEE_MISSING,
        IssueKind.NO_STANDARD: _NO_STANDARD,
        IssueKind.SHARED_ACCOUNT: _SHARED_ACCOUNT,
        IssueKind.HOLDER_NOT_PAYEE: _HOLDER_NOT_PAYEE,
        IssueKind.PAYEE_KIND: _PAYEE_KIND,
        IssueKind.PAYEE_DEAD: _PAYEE_DEAD,
        IssueKind.ACCOUNT_CHECKSUM: _ACCOUNT_CHECKSUM,
        IssueKind.ACCOUNT_REFUSED: _ACCOUNT_REFUSED,
        IssueKind.CHILD_LEFT: _CHILD_LEFT,
        IssueKind.OPEN_DISCREPANCY: _OPEN_DISCREPANCY,
        IssueKind.NO_PROOF: _NO_PROOF,
    }
    if terms.conflict_mode == ConflictMode.CANCEL_OTHER:
        found[IssueKind.CONFLICT] = _CONFLICT
    if terms.amount_least is not None or terms.amount_most is not None:
        found[IssueKind.AMOUNT_RANGE] = _AMOUNT_RANGE
    if terms.visit_days:
        found[IssueKind.NOT_VISITED] = _NOT_VISITED
    return found


def look(work: Work, terms: Terms, pause: Callable[[], None]) -> int:
    """Write every exception of the batch; ``pause`` is called between the kinds. Returns how many."""
    run("DROP TABLE IF EXISTS pg_temp.prep_line", work)
    run(_LINES, work)
    run("ANALYZE prep_line (entitlement_id, child_id, payee_id)", work)
    check_accounts(pause)
    values = {**work.values, **_limits(work, terms)}
    count = 0
    with connection.cursor() as cursor:
        for kind, found in _found(terms).items():
            pause()
            cursor.execute(_ISSUE.replace("{found}", found), {**values, "kind": kind.value})
            count += cursor.rowcount
    return count


def _limits(work: Work, terms: Terms) -> dict[str, Any]:
    placements = ["scattered", "institution"]
    return {
        "placements": placements,
        "payees": [PayeeKind(terms.payee_of(placement)).value for placement in placements],
        "least": terms.amount_least,
        "most": terms.amount_most,
        "visit_days": terms.visit_days,
        "faults": list(ACCOUNT_FAULTS),
    }


def check_accounts(pause: Callable[[], None]) -> int:
    """Look at the check digits of accounts that nobody has looked at, once for each payee; returns how many.

    The number is read from its ciphertext here and nowhere else in a preparation.
    """
    count = 0
    with connection.cursor() as cursor:
        while True:
            cursor.execute(
                "SELECT p.id, p.account FROM prep_line l JOIN cases_payee p ON p.id = l.payee_id"
                " WHERE p.account_sound IS NULL AND octet_length(p.account) > 0 LIMIT %s",
                [CHUNK],
            )
            rows = cursor.fetchall()
            if not rows:
                return count
            pause()
            sound = [not account_warning(crypto.decrypt(bytes(account))) for _key, account in rows]
            cursor.execute(
                "UPDATE cases_payee p SET account_sound = v.sound"
                " FROM unnest(%s::bigint[], %s::boolean[]) v (id, sound) WHERE v.id = p.id",
                [[key for key, _account in rows], sound],
            )
            count += cursor.rowcount
