"""What earlier periods still owe a child (补发) and what they were paid too much (追缴).

A period is reckoned again when something was marked (:class:`subsidies.models.Recalculation`): triggers mark a changed
entitlement, benefit or payment; :func:`mark_changes` marks what changed in the standards and rules, and periods that no
batch was prepared for. A batch takes the marks and reckons every marked period as it is right today, less what was
delivered: money that arrived or is on its way, less what is asked back or was waived, unless that was due after all. So
what was paid and corrected is always what is right today, however often a fact changes (tests/subsidies/test_retroactive.py).
"""

# Statements of our own text; values are parameters.
# ruff: noqa: S608

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping

from django.db import connection

from staff.workflow import Actor
from subsidies.enums import BatchKind, BatchState, PaymentState
from subsidies.ledger.enums import RecoveryState
from subsidies.models import PaymentBatch, Recovery
from subsidies.preparing.lines import gap
from subsidies.preparing.periods import Period
from subsidies.preparing.tables import SOURCES, Work, run
from subsidies.reckoning.standards import Standards
from subsidies.recovery import due_again

_KEEP_EARLIEST = """
ON CONFLICT (child_id, scheme_id) WHERE batch_id IS NULL
DO UPDATE SET from_month = least(subsidies_recalculation.from_month, excluded.from_month)"""

# --- marks ------------------------------------------------------------------------------------------------

_MARK_COVERED = f"""
INSERT INTO subsidies_recalculation (child_id, scheme_id, region_code, from_month)
SELECT e.child_id, %(scheme_id)s, max(e.region_code), min(greatest(p.month, e.start_month))
FROM unnest(%(firsts)s::date[], %(lasts)s::date[]) p (month, last)
JOIN subsidies_entitlement e ON e.start_month <= p.last AND coalesce(e.end_month, 'infinity') >= p.month
WHERE e.scheme_id = %(scheme_id)s AND e.region_code BETWEEN %(low)s AND %(high)s
GROUP BY e.child_id {_KEEP_EARLIEST}"""

_TAKE = """
UPDATE subsidies_recalculation SET batch_id = %(batch_id)s
WHERE scheme_id = %(scheme_id)s AND region_code BETWEEN %(low)s AND %(high)s
    AND batch_id IS NULL AND from_month <= %(month)s"""

_SINCE = """
INSERT INTO prep_mark (child_id, since)
SELECT r.child_id, min(p.month) FROM subsidies_recalculation r
JOIN prep_period p ON p.last >= r.from_month AND p.month < %(month)s
WHERE r.batch_id = %(batch_id)s GROUP BY r.child_id"""

_GIVE_BACK = f"""
INSERT INTO subsidies_recalculation (child_id, scheme_id, region_code, from_month)
SELECT child_id, scheme_id, max(region_code), min(from_month) FROM (
    SELECT child_id, scheme_id, region_code, from_month FROM subsidies_recalculation WHERE batch_id = %(batch_id)s
    UNION ALL
    -- The month itself is prepared again, or found to have none; unless a later batch has been prepared already.
    SELECT e.child_id, p.scheme_id, p.region_code, p.month
    FROM subsidies_payment p JOIN subsidies_entitlement e ON e.id = p.entitlement_id
    WHERE p.batch_id = %(batch_id)s AND p.sequence = 0 AND %(superseded)s
) given GROUP BY child_id, scheme_id {_KEEP_EARLIEST}"""

# A right that names no last month ends by age or with the proofs of schooling, and no trigger sees file or proof.
_MARK_WITHOUT_END = f"""
INSERT INTO subsidies_recalculation (child_id, scheme_id, region_code, from_month)
SELECT e.child_id, e.scheme_id, max(e.region_code), min(greatest(e.start_month,
    (date_trunc('month', c.birth_date + make_interval(years => %(age)s)) - interval '1 month')::date))
FROM subsidies_entitlement e JOIN cases_child c ON c.id = e.child_id
WHERE e.scheme_id = %(scheme_id)s AND e.region_code BETWEEN %(low)s AND %(high)s
    AND e.end_month IS NULL AND e.start_month <= %(month)s
    AND c.birth_date < %(month)s::date + interval '1 month' - make_interval(years => %(age)s)
GROUP BY e.child_id, e.scheme_id {_KEEP_EARLIEST}"""

_MARK_HELD = f"""
INSERT INTO subsidies_recalculation (child_id, scheme_id, region_code, from_month)
SELECT e.child_id, p.scheme_id, max(p.region_code), min(p.month)
FROM subsidies_payment p JOIN subsidies_entitlement e ON e.id = p.entitlement_id
WHERE p.batch_id = %(batch_id)s AND p.state = '{PaymentState.HELD}'
GROUP BY e.child_id, p.scheme_id ORDER BY e.child_id {_KEEP_EARLIEST}"""

_MARK_DECLINED = f"""
INSERT INTO subsidies_recalculation (child_id, scheme_id, region_code, from_month)
SELECT e.child_id, r.scheme_id, max(r.region_code), min(r.month)
FROM subsidies_recovery r JOIN subsidies_entitlement e ON e.id = r.entitlement_id
WHERE r.batch_id = %(batch_id)s AND r.entitlement_id = %(entitlement_id)s AND r.state = '{RecoveryState.PROPOSED}'
GROUP BY e.child_id, r.scheme_id {_KEEP_EARLIEST}"""

_REMARK_UNREACHABLE = f"""
INSERT INTO subsidies_recalculation (child_id, scheme_id, region_code, from_month)
SELECT child_id, %(scheme_id)s, max(region_code), min(month) FROM (
    SELECT child_id, region_code, month FROM prep_correction WHERE due > delivered AND NOT reachable
    UNION ALL SELECT child_id, region_code, month FROM prep_unruled
) waiting GROUP BY child_id {_KEEP_EARLIEST}"""


def previous_batch(region_id: int, scheme_id: int, month: dt.date) -> PaymentBatch | None:
    """The batch of the latest month before that was not returned."""
    return (
        PaymentBatch.objects.filter(
            region_id=region_id, scheme_id=scheme_id, month__lt=month, kind=BatchKind.REGULAR
        )
        .exclude(state=BatchState.RETURNED)
        .order_by("-month")
        .first()
    )


def digests(standards: Standards, periods: Iterable[Period]) -> dict[str, str]:
    """Period (ISO day of its first month) → digest of everything that decides its amounts."""
    return {period.month.isoformat(): standards.digest(period.month) for period in periods}


def mark_changes(
    work: Work, periods: list[Period], known: Mapping[str, str], previous: PaymentBatch | None
) -> int:
    """Mark whoever is entitled in a period whose rules are not those that the batch before reckoned with, or for which
    no batch was prepared. ``known``: today's digests. Returns how many children.
    """
    if previous is None:
        return 0
    before = previous.rule_digests
    spans = [
        period
        for period in periods
        if period.month < work.month
        and (
            period.month > previous.month
            or before.get(key := period.month.isoformat(), known[key]) != known[key]
        )
    ]
    if not spans:
        return 0
    with connection.cursor() as cursor:
        firsts, lasts = [span.month for span in spans], [span.last for span in spans]
        cursor.execute(_MARK_COVERED, {**work.values, "firsts": firsts, "lasts": lasts})
        return int(cursor.rowcount)


def mark_without_end(work: Work) -> int:
    """Mark whoever reached the age limit under a right that names no last month: file and proofs of schooling, which no
    trigger watches, decide until when it is paid. Returns how many children.
    """
    return run(_MARK_WITHOUT_END, work)


def mark_held(batch: PaymentBatch) -> int:
    """The batch is released: what it holds back can no longer be let go and is owed, also where the batch of a later
    month has reckoned with it already. Returns how many children.
    """
    with connection.cursor() as cursor:
        cursor.execute(_MARK_HELD, {"batch_id": batch.pk})
        return int(cursor.rowcount)


def take_marks(work: Work) -> int:
    """The batch takes every mark up to its month, and ``prep_mark`` says from which period on. Marks are taken before
    facts are read: what changes afterwards is marked anew, for the next batch. Returns how many children.
    """
    run(_TAKE, work)
    count = run(_SINCE, work)
    run("ANALYZE prep_mark", work)
    return count


# --- the difference ---------------------------------------------------------------------------------------

_DUE_FUNDS = ", ".join(f"coalesce(d.from_{source}, 0)" for source in SOURCES)
_HAD_FUNDS = ", ".join(f"coalesce(h.{source}, 0)" for source in SOURCES)
_COMPARE = f"""
INSERT INTO prep_correction (child_id, month, due, delivered, key, offsets, entitlement_id, region_code,
    {", ".join(f"due_{source}" for source in SOURCES)}, {", ".join(f"had_{source}" for source in SOURCES)})
SELECT child_id, month, coalesce(d.amount, 0), coalesce(h.amount, 0), d.key, d.offsets,
    coalesce(d.entitlement_id, h.entitlement_id), coalesce(d.region_code, h.region_code), {_DUE_FUNDS}, {_HAD_FUNDS}
FROM (
    SELECT f.child_id, f.month, f.key, f.offsets, f.entitlement_id, f.region_code, a.amount,
        {", ".join(f"a.from_{source}" for source in SOURCES)}
    FROM prep_fact f JOIN prep_answer a ON a.key = f.key WHERE f.month < %(month)s
) d
FULL JOIN (
    SELECT child_id, month, max(entitlement_id) AS entitlement_id, max(region_code) AS region_code, sum(amount) AS amount,
        {", ".join(f"sum({source}) AS {source}" for source in SOURCES)}
    FROM (
        SELECT m.child_id, p.month, p.entitlement_id, p.region_code, p.amount,
            {", ".join(f"p.from_{source} AS {source}" for source in SOURCES)}
        FROM prep_mark m
        JOIN subsidies_entitlement e ON e.child_id = m.child_id AND e.scheme_id = %(scheme_id)s
            AND e.region_code BETWEEN %(low)s AND %(high)s
        -- Entitlement by entitlement (OFFSET keeps it so): the planner knows nothing of the latest lines yet, and by month
        -- it would go through all of them once for each child.
        CROSS JOIN LATERAL (SELECT * FROM subsidies_payment l WHERE l.entitlement_id = e.id OFFSET 0) p
        JOIN subsidies_paymentbatch b ON b.id = p.batch_id
        -- A line held back may still be let go until its batch is released; afterwards the money is owed.
        WHERE p.month >= m.since AND p.month < %(month)s AND NOT p.cancelled AND (
            p.state IN ('{PaymentState.PREPARED}', '{PaymentState.SENT}', '{PaymentState.PAID}')
            OR p.state = '{PaymentState.HELD}' AND b.state IN ('{BatchState.PREPARED}', '{BatchState.APPROVED}'))
        UNION ALL
        SELECT m.child_id, r.month, r.entitlement_id, r.region_code, r.due_after_all - r.amount,
            {", ".join(f"-coalesce((r.funding ->> '{source}')::numeric, 0)" for source in SOURCES)}
        FROM prep_mark m
        JOIN subsidies_entitlement e ON e.child_id = m.child_id AND e.scheme_id = %(scheme_id)s
            AND e.region_code BETWEEN %(low)s AND %(high)s
        JOIN subsidies_recovery r ON r.entitlement_id = e.id AND r.month >= m.since AND r.month < %(month)s
        WHERE r.state <> '{RecoveryState.DROPPED}'
    ) delivered GROUP BY child_id, month
) h USING (child_id, month)
WHERE coalesce(d.amount, 0) <> coalesce(h.amount, 0) AND NOT EXISTS (
    SELECT FROM prep_unruled u WHERE (u.child_id, u.month) = (h.child_id, h.month))"""

# What is asked back and turns out to be due after all is not asked back any more. Where part of it was paid back or waived
# already, the rest of it is used up (subsidies.recovery.due_again).
_DROP = f"""
WITH undone AS (
    UPDATE subsidies_recovery r SET state = '{RecoveryState.DROPPED}',
        explanation = r.explanation || jsonb_build_object(
            'dropped', jsonb_build_object('batch', %(batch_id)s, 'state', r.state))
    FROM prep_correction x
    JOIN subsidies_entitlement e ON e.child_id = x.child_id AND e.scheme_id = %(scheme_id)s
    WHERE r.entitlement_id = e.id AND r.month = x.month AND x.due > x.delivered AND r.recovered = 0
        AND r.state IN ('{RecoveryState.PROPOSED}', '{RecoveryState.OPEN}')
    RETURNING x.child_id, x.month, r.amount, r.funding
)
UPDATE prep_correction x SET delivered = delivered + u.amount,
    {", ".join(f"had_{source} = had_{source} + u.{source}" for source in SOURCES)}
FROM (
    SELECT child_id, month, sum(amount) AS amount,
        {", ".join(f"sum(coalesce((funding ->> '{source}')::numeric, 0)) AS {source}" for source in SOURCES)}
    FROM undone GROUP BY child_id, month
) u WHERE u.child_id = x.child_id AND u.month = x.month"""

_WRITTEN = """prep_correction z
    JOIN subsidies_entitlement o ON o.child_id = z.child_id AND o.scheme_id = %(scheme_id)s
    JOIN subsidies_payment p ON p.entitlement_id = o.id AND p.month = z.month AND NOT p.cancelled"""

# Why they differ: the newest line of the period as it was explained then, beside what is right today.
_DESCRIBE = f"""
UPDATE prep_correction x SET
    sequence = coalesce(s.sequence, 0) + 1, failed_id = f.id, child_name = l.child_name, reachable = coalesce(w.reachable, false),
    before = CASE WHEN l.id IS NOT NULL THEN jsonb_build_object(
        'payment', l.id, 'standard', l.standard::text, 'category', l.category, 'placement', l.placement,
        'grade', l.grade, 'offsets', coalesce(l.explanation -> 'offsets', '[]')) END,
    reason = CASE
        WHEN l.id IS NULL THEN 'unpaid'
        WHEN x.due > x.delivered AND f.id IS NOT NULL THEN 'failed'
        WHEN x.due > x.delivered AND l.state = 'held' THEN 'held'
        WHEN x.due < x.delivered AND EXISTS (
            SELECT FROM subsidies_payment q WHERE q.id = l.repays_id AND q.state = 'paid') THEN 'twice'
        WHEN x.key IS NULL THEN 'ended'
        WHEN (l.category, l.placement, l.grade) IS DISTINCT FROM (e.category, e.placement, e.grade) THEN 'terms'
        WHEN l.standard <> a.standard THEN 'standard'
        WHEN jsonb_path_query_array(l.explanation, '$.offsets[*].amount')
             <> jsonb_path_query_array(coalesce(x.offsets, '[]'), '$[*].amount') THEN 'offsets'
        ELSE 'rules' END
FROM prep_correction y
LEFT JOIN subsidies_entitlement e ON e.id = y.entitlement_id
LEFT JOIN prep_answer a ON a.key = y.key
LEFT JOIN prep_payee w ON w.child_id = y.child_id
LEFT JOIN (
    SELECT DISTINCT ON (z.child_id, z.month) p.*, z.child_id AS whose FROM {_WRITTEN} ORDER BY z.child_id, z.month, p.id DESC
) l ON l.whose = y.child_id AND l.month = y.month
LEFT JOIN (
    SELECT z.child_id, z.month, max(p.id) AS id FROM {_WRITTEN}
    WHERE p.state = 'failed'
        AND NOT EXISTS (SELECT FROM subsidies_payment q WHERE q.repays_id = p.id AND NOT q.cancelled)
    GROUP BY z.child_id, z.month
) f ON f.child_id = y.child_id AND f.month = y.month
LEFT JOIN (
    SELECT z.child_id, z.month, max(p.sequence) AS sequence FROM prep_correction z
    JOIN subsidies_payment p ON p.child_id = z.child_id AND p.month = z.month
    WHERE p.scheme_id = %(scheme_id)s AND NOT p.cancelled GROUP BY z.child_id, z.month
) s ON s.child_id = y.child_id AND s.month = y.month
WHERE y.child_id = x.child_id AND y.month = x.month"""

_BACK = ", ".join(f"('{source}', {gap(source, 'had', 'due')})" for source in SOURCES)
_RECOVERIES = f"""
INSERT INTO subsidies_recovery (entitlement_id, child_id, region_code, scheme_id, month, amount, recovered, child_name,
    explanation, funding, state, batch_id, instalments, note, due_after_all, uses)
SELECT x.entitlement_id, x.child_id, x.region_code, %(scheme_id)s, x.month, delivered - due, 0,
    coalesce(c.name, x.child_name), (coalesce(a.explanation, '{{}}') || jsonb_build_object(
        'due', due::text, 'delivered', delivered::text, 'reason', reason, 'before', before,
        'standard', a.standard::text, 'offsets', coalesce(x.offsets, '[]'))),
    (SELECT jsonb_object_agg(v.source, v.yuan::text) FROM (VALUES {_BACK}) v (source, yuan) WHERE v.yuan > 0),
    '{RecoveryState.PROPOSED}', %(batch_id)s, 1, '', 0, '[]'
FROM prep_correction x
LEFT JOIN prep_answer a ON a.key = x.key
LEFT JOIN cases_child c ON c.id = x.child_id
WHERE delivered > due ORDER BY x.region_code, x.child_id, x.month"""


def find(work: Work) -> None:
    """Fill ``prep_correction`` for the marked children: what is due and was delivered in each earlier period where the
    two differ, why, and whether the child can be paid. Needs prep_mark, prep_fact, prep_answer and prep_payee.
    """
    run(_COMPARE, work)
    if run(_DROP, work) + due_again.use_up(work):
        run("DELETE FROM prep_correction WHERE due = delivered", work)
    run("ANALYZE prep_correction", work)
    run(_DESCRIBE, work)


def propose_recoveries(work: Work) -> int:
    """Propose to ask back what was paid too much, period by period; who cannot be paid what is owed, or has no standard,
    stays marked.
    Returns how many recoveries.
    """
    run(_REMARK_UNREACHABLE, work)
    return run(_RECOVERIES, work)


# --- what people decide about the batch -------------------------------------------------------------------


def confirm(batch: PaymentBatch, *, actor: Actor, at: dt.datetime) -> int:
    """The batch is approved: what it proposes to ask back is owed from now on. Returns how many recoveries."""
    return Recovery.objects.filter(batch=batch, state=RecoveryState.PROPOSED).update(
        state=RecoveryState.OPEN, decided_by_id=actor.user_id or None, decided_at=at
    )


def decline(batch: PaymentBatch, entitlement_id: int, *, note: str, actor: Actor, at: dt.datetime) -> int:
    """The clerk does not ask back now what the batch proposes for a right: the next batch reckons these months again and
    proposes whatever is still too much. Only a waiver lets go of it (subsidies.recovery.instalments). Returns how many.
    """
    with connection.cursor() as cursor:
        cursor.execute(_MARK_DECLINED, {"batch_id": batch.pk, "entitlement_id": entitlement_id})
    proposed = Recovery.objects.filter(
        batch=batch, entitlement_id=entitlement_id, state=RecoveryState.PROPOSED
    )
    return proposed.update(
        state=RecoveryState.DROPPED, note=note, decided_by_id=actor.user_id or None, decided_at=at
    )


_REVIVE = f"""
UPDATE subsidies_recovery r SET explanation = r.explanation - 'dropped',
    state = CASE WHEN b.id IS NULL OR b.state <> '{BatchState.PREPARED}' THEN '{RecoveryState.OPEN}'
                 ELSE '{RecoveryState.PROPOSED}' END
FROM subsidies_recovery o LEFT JOIN subsidies_paymentbatch b ON b.id = o.batch_id
WHERE o.id = r.id AND r.state = '{RecoveryState.DROPPED}' AND r.scheme_id = %(scheme_id)s
    AND r.explanation -> 'dropped' ->> 'batch' = %(batch_id)s::text
    AND b.state IS DISTINCT FROM '{BatchState.RETURNED}'"""


def give_back(batch: PaymentBatch, *, at: dt.datetime) -> None:
    """The batch is returned, its lines cancelled: what it proposed is dropped, what it had dropped or used up is asked
    back again, and everything that it had reckoned again waits for the next batch.
    """
    later = PaymentBatch.objects.filter(
        region_id=batch.region_id, scheme_id=batch.scheme_id, month__gt=batch.month, kind=BatchKind.REGULAR
    ).exclude(state=BatchState.RETURNED)
    values = {"batch_id": batch.pk, "scheme_id": batch.scheme_id, "superseded": later.exists()}
    Recovery.objects.filter(
        batch=batch, state__in=(RecoveryState.PROPOSED, RecoveryState.OPEN), recovered=0
    ).update(state=RecoveryState.DROPPED, decided_at=at)
    due_again.undo(batch)
    with connection.cursor() as cursor:
        cursor.execute(_REVIVE, values)
        cursor.execute(_GIVE_BACK, values)
        cursor.execute("DELETE FROM subsidies_recalculation WHERE batch_id = %(batch_id)s", values)
