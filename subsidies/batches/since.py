"""What has changed since a batch was worked out: nothing is paid to an account, or for a right, that stands no longer."""

from __future__ import annotations

import datetime as dt
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext_lazy, ngettext

from staff.models import Region
from staff.scope import current, system_scope
from subsidies.enums import BatchState, IssueKind, PaymentState
from subsidies.models import PaymentBatch
from subsidies.preparing.refusals import BatchRefused

NAMED: Final = 10
WORDS: Final = {
    "left": gettext_lazy("the child has left the register"),
    "ended": gettext_lazy("the allowance has ended"),
    "payee": gettext_lazy("another payee or account"),
}

# The payee of a line is the one that the preparation would choose today (subsidies.preparing.facts).
_CHANGED = f"""
SELECT p.id, p.line, p.child_name, c.what, count(*) OVER ()
FROM subsidies_payment p
JOIN subsidies_entitlement e ON e.id = p.entitlement_id
LEFT JOIN cases_child k ON k.id = e.child_id
LEFT JOIN (
    SELECT DISTINCT ON (child_id) child_id, name, account_digest FROM cases_payee
    WHERE region_code BETWEEN %(low)s AND %(high)s AND purpose IN (%(scheme)s, '')
        AND start_date <= %(day)s AND (end_date IS NULL OR end_date >= %(day)s)
    ORDER BY child_id, purpose DESC, start_date DESC, id DESC
) w ON w.child_id = e.child_id
CROSS JOIN LATERAL (SELECT CASE
    WHEN k.left_date IS NOT NULL AND NOT EXISTS (
        SELECT FROM subsidies_batchissue i
        WHERE i.batch_id = p.batch_id AND i.entitlement_id = e.id AND i.kind = '{IssueKind.CHILD_LEFT}') THEN 'left'
    WHEN e.end_month < p.month THEN 'ended'
    WHEN (w.account_digest, w.name) IS DISTINCT FROM (p.account_digest, p.payee_name) THEN 'payee' END AS what) c
WHERE p.batch_id = %(batch)s AND p.state = '{PaymentState.PREPARED}' AND c.what IS NOT NULL
ORDER BY p.line LIMIT {NAMED}"""  # noqa: S608  (our own text)


@dataclass(frozen=True)
class Change:
    """A line that would not be worked out like this today. ``what``: a code of :data:`WORDS`."""

    payment_id: int
    line: int
    child_name: str
    what: str

    @property
    def text(self) -> str:
        return f"{self.line} {self.child_name}: {WORDS[self.what]}"


def changed_since(batch: PaymentBatch, day: dt.date) -> tuple[int, list[Change]]:
    """How many lines that are still to be paid have changed, and the first of them. One query."""
    if batch.state not in (BatchState.PREPARED, BatchState.APPROVED):
        return 0, []
    region = batch.region
    values: dict[str, Any] = {
        "batch": batch.pk, "low": region.lo, "high": region.hi, "scheme": batch.scheme.code, "day": day,
    }  # fmt: skip
    with _reading_files(region), connection.cursor() as cursor:
        cursor.execute(_CHANGED, values)
        rows = cursor.fetchall()
    return (rows[0][4] if rows else 0), [Change(*row[:4]) for row in rows]


def _reading_files(region: Region) -> AbstractContextManager[object]:
    """A releaser reads no files of children, and yet is told that a child has left."""
    if "cases" in current().lenses:
        return nullcontext()
    return system_scope(reason="compare a batch with today", ranges=((region.lo, region.hi),), log=False)


def what_changed(batch: PaymentBatch, day: dt.date) -> str:
    """The sentence for whoever is about to approve or release, with what to do; '' when nothing has changed."""
    count, changes = changed_since(batch, day)
    if not count:
        return ""
    named = "；".join(change.text for change in changes)
    return ngettext(
        "%(n)d line has changed since the batch was worked out: %(lines)s. "
        "Return the batch to the clerk: the month is worked out anew.",
        "%(n)d lines have changed since the batch was worked out: %(lines)s. "
        "Return the batch to the clerk: the month is worked out anew.",
        count,
    ) % {"n": count, "lines": f"{named} …" if count > len(changes) else named}


def refuse_changed(batch: PaymentBatch, at: dt.datetime) -> None:
    """Raises BatchRefused where a line would not be worked out like this today."""
    if text := what_changed(batch, timezone.localdate(at)):
        raise BatchRefused(text)
