"""A right on other terms from a month on is another row that continues the one before: all of them are one right.

What becomes known about its past reaches back through all of them: an end before the last change of terms shortens the
rows before it too, and a benefit of another office is set off in each month under the row that covers it.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from cases.ages import add_months
from staff.models import TransitionRecord
from staff.workflow import Actor
from subsidies.enums import EntitlementState
from subsidies.models import Entitlement, Offset


def before(entitlement: Entitlement) -> list[Entitlement]:
    """The rights it continues, the latest first. One query for each."""
    found, key = [], entitlement.continues_id
    while key is not None:
        row = Entitlement.objects.filter(pk=key).first()
        if row is None:
            break
        found.append(row)
        key = row.continues_id
    return found


def first_month(entitlement: Entitlement) -> dt.date:
    """The month in which the right began, on whatever terms."""
    return min([entitlement.start_month, *(row.start_month for row in before(entitlement))])


def shorten(ended: Entitlement, *, actor: Actor, at: dt.datetime, reason: str) -> int:
    """A right has ended, perhaps before its own first month: the rights that it continues end with the same month, for
    the same reason, where they went on longer. Triggers mark what was paid for these months. Returns how many rights;
    in the caller's transaction.
    """
    count, later, last = 0, ended, ended.end_month
    for row in before(ended):
        if last is None or later.start_month <= last:
            break
        was = row.end_month
        row.end_month = min(was or last, last)
        row.end_reason = ended.end_reason
        row.save(update_fields=["end_month", "end_reason"])
        text = f"{row.start_month:%Y-%m}–{was or last:%Y-%m} → {row.end_month:%Y-%m} · {reason}"
        record(row, "shorten", actor, at, text)
        count, later = count + 1, row
    return count


def record(entitlement: Entitlement, name: str, actor: Actor, at: dt.datetime, text: str) -> None:
    """Write into the history of a right what was done beside its workflow."""
    TransitionRecord.objects.create(
        subject=entitlement._meta.label_lower,
        subject_id=str(entitlement.pk),
        region_id=entitlement.region_id,
        child_id=entitlement.child_id,
        name=name,
        source=entitlement.state,
        target=entitlement.state,
        user_id=actor.user_id or None,
        assignment_id=actor.assignment_id,
        role=actor.role,
        at=at,
        reason=text,
    )


# --- Benefits that are set off ------------------------------------------------------------------------------------


def lock_all(entitlement: Entitlement) -> list[Entitlement]:
    """Every right of the child under the scheme, in order, locked, so that a batch that is being prepared and a change of
    offsets follow one another; [] when the right is out of reach.
    """
    now = Entitlement.objects.filter(pk=entitlement.pk).values_list("child_id", "scheme_id").first()
    if now is None:
        return []
    rows = Entitlement.objects.select_for_update(of=("self",)).filter(child_id=now[0], scheme_id=now[1])
    return sorted(rows.order_by("pk"), key=lambda row: (row.start_month, row.pk))


@dataclass
class Span:
    """One benefit over the rights that it is set off against, row by row. ``last``: the last month in which it counts,
    None while nothing but the end of the last right stops it.
    """

    rows: list[Offset]
    last: dt.date | None

    @property
    def start(self) -> dt.date:
        return self.rows[0].start_month


def spans(rights: list[Entitlement], kind: str) -> list[Span]:
    """The benefits of a kind, in order: what was handed over to the next right is the same benefit still."""
    places = {right.pk: place for place, right in enumerate(rights)}
    covering = [right for right in rights if _covers(right)]
    found: list[Span] = []
    rows = Offset.objects.filter(entitlement__in=rights, kind=kind)
    for row in sorted(rows, key=lambda row: (row.start_month, places[row.entitlement_id], row.pk)):
        right = rights[places[row.entitlement_id]]
        before_it = found[-1].rows[-1] if found else None
        if before_it is not None and _goes_on(
            before_it, row, rights[places[before_it.entitlement_id]], right
        ):
            found[-1].rows.append(row)
        else:
            found.append(Span([row], add_months(row.start_month, -1)))
        if _covers(right):
            found[-1].last = _reach(row, right, right is covering[-1])
    return found


def _covers(right: Entitlement) -> bool:
    return right.end_month is None or right.end_month >= right.start_month


def _reach(row: Offset, right: Entitlement, is_last: bool) -> dt.date | None:
    """The last month in which a row counts; None where only the end of the last right stops it, if anything does."""
    if is_last and right.state != EntitlementState.ENDED:
        return row.end_month
    ends = [month for month in (row.end_month, right.end_month) if month is not None]
    reach = min(ends, default=None)
    return None if is_last and reach == right.end_month else reach


def _goes_on(row: Offset, later: Offset, right: Entitlement, next_right: Entitlement) -> bool:
    same = (row.amount, row.source, row.discrepancy_id) == (later.amount, later.source, later.discrepancy_id)
    if not same or right.pk == next_right.pk or row.end_month is None:
        return False
    handed_on = right.end_month is not None and row.end_month >= right.end_month
    return add_months(row.end_month, 1) == later.start_month or (
        handed_on and later.start_month <= next_right.start_month
    )


def pieces(
    rights: list[Entitlement], start: dt.date, last: dt.date | None
) -> list[tuple[Entitlement, dt.date, dt.date | None]]:
    """The months from ``start`` to ``last`` (None: on and on) right by right; none where no right covers any of them."""
    covering = [row for row in rights if _covers(row)]
    found: list[tuple[Entitlement, dt.date, dt.date | None]] = []
    for place, row in enumerate(covering):
        goes_on = row is covering[-1] and row.state != EntitlementState.ENDED
        ends = [month for month in (last, None if goes_on else row.end_month) if month is not None]
        since, until = max(start, row.start_month) if place else start, min(ends, default=None)
        if until is None or until >= since:
            found.append((row, since, until))
    return found


def cut(span: Span, last: dt.date) -> list[Offset]:
    """The benefit is set off for the last time in ``last``; rows that never applied go, their history stays. Returns the
    rows that changed.
    """
    changed = []
    for row in span.rows:
        if row.start_month > last:
            changed.append(row)
            row.delete()
        elif row is span.rows[-1] or row.end_month is None or row.end_month > last:
            row.end_month = last
            row.save(update_fields=["end_month"])
            changed.append(row)
    return changed
