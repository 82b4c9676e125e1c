"""Triggers on the child's table that keep :class:`~cases.models.CategoryPeriod`, also for bulk and raw SQL."""

from __future__ import annotations

import pgtrigger

_SINCE = "coalesce(category_since, registered_date)"
# Every day on the register has a period, so the first one never begins after the registration.
_FIRST = f"least({_SINCE}, registered_date)"


def _open(start: str) -> str:
    return f"""
    INSERT INTO cases_categoryperiod (child_id, region_code, category, detail, start_date, reason, user_id, decided_at)
    SELECT id, region_code, primary_category, category_detail, {start},
           coalesce(current_setting('app.reason', true), ''),
           nullif(nullif(current_setting('app.user', true), ''), '0')::bigint, now()
    """


# A change that reaches back replaces what was recorded of the days since; the event tables keep the former rows.
TRIGGERS = [
    pgtrigger.Trigger(
        name="category_opened",
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=pgtrigger.Insert,
        referencing=pgtrigger.Referencing(new="new_values"),
        func=f"{_open(_FIRST)} FROM new_values; RETURN NULL;",
    ),
    pgtrigger.Trigger(
        name="category_changed",
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=pgtrigger.Update,
        referencing=pgtrigger.Referencing(old="old_values", new="new_values"),
        declare=[("changed", "bigint[]")],
        # Our own text, no value of anybody.
        func=f"""
            SELECT array_agg(n.id) INTO changed FROM new_values n JOIN old_values o USING (id)
            WHERE (n.primary_category, n.category_detail, n.category_since)
                  IS DISTINCT FROM (o.primary_category, o.category_detail, o.category_since);
            IF changed IS NOT NULL THEN
            DELETE FROM cases_categoryperiod p USING new_values n
            WHERE n.id = ANY (changed) AND p.child_id = n.id
              AND p.start_date >= coalesce(n.category_since, n.registered_date);
            UPDATE cases_categoryperiod p SET end_date = coalesce(n.category_since, n.registered_date) - 1
            FROM new_values n
            WHERE n.id = ANY (changed) AND p.child_id = n.id
              AND (p.end_date IS NULL OR p.end_date >= coalesce(n.category_since, n.registered_date));
            {_open(_SINCE)} FROM new_values WHERE id = ANY (changed);
            END IF;
            UPDATE cases_categoryperiod p SET start_date = n.registered_date
            FROM new_values n JOIN old_values o USING (id)
            WHERE n.registered_date < o.registered_date AND p.child_id = n.id AND p.start_date > n.registered_date
              AND NOT EXISTS (SELECT FROM cases_categoryperiod q WHERE q.child_id = n.id AND q.start_date < p.start_date);
            RETURN NULL;
        """,  # noqa: S608
    ),
]
