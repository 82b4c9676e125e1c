"""What the database itself refuses about money, and which months it marks to be reckoned again.

Triggers hold for bulk updates, raw SQL and every worker alike.
"""

from __future__ import annotations

import pgtrigger

# What was approved or released is not edited; state, bank message and region (a merged division) may still change.
_FROZEN = (
    "batch_id", "line", "entitlement_id", "child_id", "scheme_id", "month", "kind", "sequence", "standard", "amount",
    "explanation", "child_name", "identity_number", "category", "placement", "grade", "payee_name", "payee_relation",
    "bank_name", "account", "account_digest", "repays_id",
    "from_central", "from_provincial", "from_prefecture", "from_county", "from_lottery",
)  # fmt: skip


def _columns(row: str) -> str:
    return ", ".join(f"{row}.{column}" for column in _FROZEN)


FROZEN_LINE = pgtrigger.Trigger(
    name="payment_frozen",
    level=pgtrigger.Row,
    when=pgtrigger.Before,
    operation=pgtrigger.Update,
    declare=[("batch_state", "text")],
    # Our own text, no value of anybody.
    func=f"""
        SELECT state INTO batch_state FROM subsidies_paymentbatch WHERE id = OLD.batch_id;
        -- Who sees a child's line but not its batch changes it no more than one that was paid.
        batch_state := coalesce(batch_state, 'reconciled');
        IF batch_state IN ('approved', 'released', 'reconciled')
           AND ({_columns("OLD")}) IS DISTINCT FROM ({_columns("NEW")}) THEN
            RAISE EXCEPTION 'payment % is frozen', OLD.id
                USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_frozen';
        END IF;
        IF OLD.batch_id <> NEW.batch_id THEN
            RAISE EXCEPTION 'payment % belongs to its batch', OLD.id
                USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_frozen';
        END IF;
        IF batch_state IN ('released', 'reconciled') AND (
            OLD.cancelled IS DISTINCT FROM NEW.cancelled
            OR NOT (NEW.state = OLD.state
                    OR (OLD.state, NEW.state) IN (
                        ('prepared', 'sent'), ('sent', 'paid'), ('sent', 'failed'), ('paid', 'failed'), ('failed', 'paid')))
        ) THEN
            RAISE EXCEPTION 'payment % is released', OLD.id
                USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_frozen';
        END IF;
        RETURN NEW;
    """,  # noqa: S608
)

# Lines are added while a batch is being prepared, never to one that somebody has approved. Once a statement: a batch
# has up to a hundred thousand lines.
ADDED_LINES = pgtrigger.Trigger(
    name="payment_added",
    level=pgtrigger.Statement,
    when=pgtrigger.After,
    operation=pgtrigger.Insert,
    referencing=pgtrigger.Referencing(new="new_values"),
    func="""
        IF EXISTS (SELECT FROM (SELECT DISTINCT batch_id FROM new_values) n
                   LEFT JOIN subsidies_paymentbatch b ON b.id = n.batch_id
                   WHERE b.state IS DISTINCT FROM 'prepared') THEN
            RAISE EXCEPTION 'lines are added to a batch that is not being prepared'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_added';
        END IF;
        RETURN NULL;
    """,
)

KEPT_LINE = pgtrigger.Trigger(
    name="payment_kept",
    level=pgtrigger.Row,
    when=pgtrigger.Before,
    operation=pgtrigger.Delete,
    func="""
        IF NOT EXISTS (SELECT FROM subsidies_paymentbatch WHERE id = OLD.batch_id
                       AND state IN ('prepared', 'returned')) THEN
            RAISE EXCEPTION 'payment % is kept', OLD.id
                USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_kept';
        END IF;
        RETURN OLD;
    """,
)

# What an approver approved and a releaser released is that and nothing else, and it was they who did it.
_AGREED = (
    "scheme_id", "month", "number", "kind", "line_count", "child_count", "total", "funding", "rule_digests",
    "prepared_by_id", "prepared_at", "approved_by_id", "approved_at", "over_budget_note",
)  # fmt: skip
_RELEASED = ("released_by_id", "released_at", "release_proof")


def _changed(columns: tuple[str, ...]) -> str:
    old, new = (", ".join(f"{row}.{column}" for column in columns) for row in ("OLD", "NEW"))
    return f"({old}) IS DISTINCT FROM ({new})"


BATCH_STEPS = pgtrigger.Trigger(
    name="batch_steps",
    level=pgtrigger.Row,
    when=pgtrigger.Before,
    operation=pgtrigger.Insert | pgtrigger.Update,
    declare=[("before", "text")],
    func=f"""
        IF TG_OP = 'UPDATE' THEN
            before := OLD.state;
            IF before <> 'prepared' AND {_changed(_AGREED)}
               OR before IN ('released', 'reconciled') AND {_changed(_RELEASED)} THEN
                RAISE EXCEPTION 'batch % is %', NEW.id, before
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'batch_steps';
            END IF;
        END IF;
        IF before IS DISTINCT FROM NEW.state THEN
            IF (coalesce(before, ''), NEW.state) NOT IN (
                ('', 'prepared'), ('prepared', 'approved'), ('prepared', 'returned'), ('approved', 'released'),
                ('approved', 'returned'), ('released', 'reconciled')
            ) THEN
                RAISE EXCEPTION 'batch % does not go from % to %', NEW.id, before, NEW.state
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'batch_steps';
            END IF;
            IF current_setting('app.user', true) IS DISTINCT FROM '0' AND (
                NEW.state = 'approved' AND current_setting('app.role', true) IS DISTINCT FROM 'approver'
                OR NEW.state = 'released' AND current_setting('app.role', true) IS DISTINCT FROM 'releaser'
            ) THEN
                RAISE EXCEPTION 'batch % becomes % by another role', NEW.id, NEW.state
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'batch_steps';
            END IF;
        END IF;
        RETURN NEW;
    """,
)

# Who asked for, verified, checked or confirmed a child's allowance does not release the money; what is released adds up
# to its lines and stands in the ledger, to the fen.
RELEASER = pgtrigger.Trigger(
    name="batch_releaser_apart",
    level=pgtrigger.Row,
    when=pgtrigger.Before,
    operation=pgtrigger.Update,
    condition=pgtrigger.Condition("NEW.state = 'released' AND OLD.state = 'approved'"),
    declare=[("sum_of_lines", "numeric"), ("posted", "numeric")],
    func="""
        IF EXISTS (
            SELECT FROM subsidies_payment p
            JOIN subsidies_entitlement e ON e.id = p.entitlement_id
            -- By child and scheme: a right under other terms continues one that was applied for.
            LEFT JOIN subsidies_application a
                ON a.child_id = e.child_id AND a.scheme_id = e.scheme_id AND a.state = 'confirmed'
            WHERE p.batch_id = NEW.id AND NEW.released_by_id IN
                  (a.applied_by_id, a.verified_by_id, a.checked_by_id, a.decided_by_id, e.confirmed_by_id)
        ) THEN
            RAISE EXCEPTION 'the releaser took an earlier step for a child of this batch'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'batch_releaser_apart';
        END IF;
        SELECT coalesce(sum(amount), 0) INTO sum_of_lines FROM subsidies_payment
        WHERE batch_id = NEW.id AND state IN ('prepared', 'sent') AND NOT cancelled;
        IF sum_of_lines <> NEW.total THEN
            RAISE EXCEPTION 'the lines of batch % make %, not %', NEW.id, sum_of_lines, NEW.total
                USING ERRCODE = 'check_violation', CONSTRAINT = 'batch_adds_up';
        END IF;
        SELECT coalesce(sum(p.amount), 0) INTO posted FROM subsidies_posting p
        JOIN subsidies_journalentry j ON j.id = p.entry_id
        WHERE j.batch_id = NEW.id AND j.kind = 'release' AND p.account = 'in_transit';
        IF posted <> NEW.total THEN
            RAISE EXCEPTION 'batch % of % is posted with %', NEW.id, NEW.total, posted
                USING ERRCODE = 'check_violation', CONSTRAINT = 'batch_posted';
        END IF;
        RETURN NEW;
    """,
)


def _mark(rows: str) -> str:
    """``rows`` selects child_id, scheme_id, region_code, month; the earliest of each child and scheme is kept."""
    return f"""
        INSERT INTO subsidies_recalculation (child_id, scheme_id, region_code, from_month)
        SELECT child_id, scheme_id, max(region_code), min(month) FROM ({rows}) found
        GROUP BY child_id, scheme_id
        ON CONFLICT (child_id, scheme_id) WHERE batch_id IS NULL
        DO UPDATE SET from_month = least(subsidies_recalculation.from_month, excluded.from_month);
        RETURN NULL;
    """  # noqa: S608  (our own text)


def _marks(name: str, operation: pgtrigger.Operation, rows: str) -> pgtrigger.Trigger:
    old = operation in (pgtrigger.Update, pgtrigger.Delete)
    new = operation in (pgtrigger.Update, pgtrigger.Insert)
    names = ({"old": "old_values"} if old else {}) | ({"new": "new_values"} if new else {})
    return pgtrigger.Trigger(
        name=name,
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=operation,
        referencing=pgtrigger.Referencing(**names),
        func=_mark(rows),
    )


_OFFSET = """SELECT o.child_id, e.scheme_id, o.region_code, date_trunc('month', o.start_month)::date AS month
             FROM {table} o JOIN subsidies_entitlement e ON e.id = o.entitlement_id"""
OFFSET_MARKS = [
    _marks("offset_added", pgtrigger.Insert, _OFFSET.format(table="new_values")),
    _marks(
        "offset_changed",
        pgtrigger.Update,
        f"{_OFFSET.format(table='new_values')} UNION ALL {_OFFSET.format(table='old_values')}",
    ),
    _marks("offset_removed", pgtrigger.Delete, _OFFSET.format(table="old_values")),
]

ENTITLEMENT_MARKS = [
    _marks(
        "entitlement_added",
        pgtrigger.Insert,
        "SELECT child_id, scheme_id, region_code, start_month AS month FROM new_values",
    ),
    _marks(
        "entitlement_changed",
        pgtrigger.Update,
        """
        SELECT n.child_id, n.scheme_id, n.region_code,
               CASE WHEN (o.child_id, o.start_month, o.category, o.placement, o.grade)
                         IS DISTINCT FROM (n.child_id, n.start_month, n.category, n.placement, n.grade)
                    THEN least(o.start_month, n.start_month)
                    WHEN o.end_month IS NULL OR n.end_month IS NULL
                    -- Without a last month the 18th birthday decides, at the earliest with the month before.
                    THEN least(o.end_month, n.end_month, coalesce(
                        (date_trunc('month', c.birth_date + interval '18 years') - interval '1 month')::date,
                        n.start_month))
                    ELSE least(o.end_month, n.end_month) END AS month
        FROM new_values n JOIN old_values o USING (id) LEFT JOIN cases_child c ON c.id = n.child_id
        WHERE (o.child_id, o.start_month, o.end_month, o.category, o.placement, o.grade)
              IS DISTINCT FROM (n.child_id, n.start_month, n.end_month, n.category, n.placement, n.grade)
        """,
    ),
]


def _line_mark(name: str, operation: pgtrigger.Operation, condition: str) -> pgtrigger.Trigger:
    """Row by row, because few lines meet the condition: the whole batch is not kept aside to look for them.

    The child is the one that is entitled now: what a merged file was paid counts for the file that was kept.
    """
    return pgtrigger.Trigger(
        name=name,
        level=pgtrigger.Row,
        when=pgtrigger.After,
        operation=operation,
        condition=pgtrigger.Condition(condition),
        func=_mark(
            """SELECT e.child_id, NEW.scheme_id AS scheme_id, NEW.region_code AS region_code, NEW.month AS month
               FROM subsidies_entitlement e WHERE e.id = NEW.entitlement_id"""
        ),
    )


PAYMENT_MARKS = [
    _line_mark("payment_held", pgtrigger.Insert, "NEW.state = 'held'"),
    _line_mark(
        "payment_undone",
        pgtrigger.Update,
        # A regular line that was cancelled is worked out anew with its month; arrears are owed again.
        # One that was paid after all may have been paid again meanwhile.
        """NEW.state IN ('held', 'failed') AND OLD.state <> NEW.state OR NEW.state = 'paid' AND OLD.state = 'failed'
           OR NEW.cancelled AND NOT OLD.cancelled AND NEW.kind = 'arrears'""",
    ),
]

# A study grant is for a school year, which its September names: with one regular line a month, one payment a year.
SCHOOL_YEAR = pgtrigger.Trigger(
    name="payment_study_by_school_year",
    level=pgtrigger.Row,
    when=pgtrigger.Before,
    operation=pgtrigger.Insert,
    condition=pgtrigger.Condition("extract(month FROM NEW.month) <> 9"),
    func="""
        IF EXISTS (SELECT FROM subsidies_scheme WHERE id = NEW.scheme_id AND code IN ('study_orphan', 'study')) THEN
            RAISE EXCEPTION 'a study grant is for a school year'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_study_by_school_year';
        END IF;
        RETURN NEW;
    """,
)
