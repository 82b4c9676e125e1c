"""What the auditor reads: accesses, changes, decisions. Each is a list of lines, newest first, a page at a
time.

Every read is bounded by days, so that a county of a million lines is answered from the newest ones; a page
continues after the last line of the one before (keyset), never by counting from the top.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from django.apps import apps
from django.db import connection
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from staff import scope
from staff.audit import TRACKED
from staff.models import AccessLog, Region, TransitionRecord, User

PAGE = 50
DAYS = 7
# What is noted in AccessLog.detail, in words; a key that is not here is shown as it is.
DETAILS = {
    "address": _("network address"),
    "amount": _("Amount"),
    "basis": _("Ground in law"),
    "chosen": _("Filters"),
    "children": _("Children"),
    "columns": _("Columns"),
    "day": _("Day"),
    "days": _("Number of days"),
    "file": _("File"),
    "filters": _("Filters"),
    "from": _("From"),
    "locked": _("locked"),
    "month": _("Month"),
    "months": _("Months"),
    "name": _("File name"),
    "number": _("Number"),
    "phone": _("Phone used"),
    "photos": _("Photos"),
    "proof": _("Second proof asked for"),
    "recipient": _("Recipient"),
    "roles": _("People included"),
    "rows": _("Rows"),
    "scheme": _("Scheme"),
    "sha256": "SHA-256",
    "total": _("Total"),
    "townships": _("Townships"),
    "until": _("Until"),
    "version": _("Version"),
    "villages": _("Villages"),
    "visits": _("Visits"),
    "what": _("What"),
    "withdrawn": _("withdrawn"),
}


@dataclass(frozen=True)
class Asked:
    """What is asked of the trail. ``since`` and ``until`` are days, both included; ``after`` is the last
    line's key.
    """

    since: dt.date
    until: dt.date
    person_id: int | None = None
    child_id: int | None = None
    kind: str = ""
    after: tuple[dt.datetime, str] | None = None

    def bounds(self) -> tuple[dt.datetime, dt.datetime]:
        """First moment, and the first moment no longer asked for."""
        zone = timezone.get_current_timezone()
        start = dt.datetime.combine(self.since, dt.time.min, zone)
        return start, dt.datetime.combine(self.until + dt.timedelta(days=1), dt.time.min, zone)


@dataclass(frozen=True)
class Line:
    """One line of the trail. ``what`` and ``subject`` are codes; ``key`` orders lines of the same moment."""

    at: dt.datetime
    key: str
    user_id: int | None
    role: str
    what: str
    subject: str
    subject_id: str
    child_id: int | None
    region_id: int | None
    reason: str = ""
    note: str = ""


def accesses(asked: Asked, size: int = PAGE) -> list[Line]:
    """Reads, reveals, exports, sign-ins, system scopes. Lines without a place belong to every auditor."""
    placed = Q(region__isnull=True)
    for low, high in scope.current().ranges:
        placed |= Q(region__gte=low, region__lte=high)
    rows = _narrowed(AccessLog._base_manager.filter(placed), asked)
    if asked.person_id:
        # Failed attempts name the account as their subject: nobody was known to act.
        rows = rows.filter(
            Q(user_id=asked.person_id) | Q(subject="staff.user", subject_id=str(asked.person_id))
        )
    if asked.kind:
        rows = rows.filter(kind=asked.kind)
    return [
        Line(
            at=row.at,
            key=str(row.pk),
            user_id=row.user_id,
            role=row.role,
            what=row.kind,
            subject=row.subject,
            subject_id=row.subject_id,
            child_id=row.child_id,
            region_id=row.region_id,
            reason=row.reason,
            note=_note(row.detail),
        )
        for row in rows.order_by("-at", "-id")[:size]
    ]


def decisions(asked: Asked, size: int = PAGE) -> list[Line]:
    """Transitions of visits, cases, applications, batches …, with their reasons."""
    rows = _narrowed(TransitionRecord.objects.all(), asked)
    if asked.person_id:
        rows = rows.filter(user_id=asked.person_id)
    if asked.kind:
        rows = rows.filter(subject=asked.kind)
    return [
        Line(
            at=row.at,
            key=str(row.pk),
            user_id=row.user_id,
            role=row.role,
            what=row.name,
            subject=row.subject,
            subject_id=row.subject_id,
            child_id=row.child_id,
            region_id=row.region_id,
            reason=" ".join(filter(None, (row.reason_code, row.reason))),
            note=f"{row.source} → {row.target}",
        )
        for row in rows.order_by("-at", "-id")[:size]
    ]


def _narrowed(rows: Any, asked: Asked) -> Any:
    start, end = asked.bounds()
    rows = rows.filter(at__gte=start, at__lt=end)
    if asked.child_id:
        rows = rows.filter(child_id=asked.child_id)
    if asked.after:
        at, key = asked.after
        rows = rows.filter(Q(at__lt=at) | Q(at=at, id__lt=key)).filter(at__lte=at)
    return rows


# staff.audit.install_trail makes the view; it shows what the trail lens of the open scope covers.
CHANGES = """
SELECT at, subject, event_id, operation, subject_id, child_id, region_code, user_id, reason FROM staff_trail
WHERE at >= %(start)s AND at < %(end)s
  AND (%(kind)s = '' OR subject = %(kind)s)
  AND (%(person)s::bigint IS NULL OR user_id = %(person)s)
  AND (%(child)s::bigint IS NULL OR child_id = %(child)s)
  AND (%(after_at)s::timestamptz IS NULL
       OR at <= %(after_at)s AND (at, subject, event_id) < (%(after_at)s, %(after_subject)s, %(after_event)s))
ORDER BY at DESC, subject DESC, event_id DESC LIMIT %(size)s
"""


def changes(asked: Asked, size: int = PAGE) -> list[Line]:
    """Rows added, changed and deleted: who, when, which row, why; never what was in it."""
    start, end = asked.bounds()
    after_at, after_subject, after_event = None, "", 0
    if asked.after:
        after_at = asked.after[0]
        after_subject, _colon, event = asked.after[1].partition(":")
        after_event = int(event) if event.isdecimal() else 0
        end = min(end, after_at + dt.timedelta(microseconds=1))
    with connection.cursor() as cursor:
        cursor.execute(
            CHANGES,
            {
                "start": start,
                "end": end,
                "kind": asked.kind,
                "person": asked.person_id,
                "child": asked.child_id,
                "after_at": after_at,
                "after_subject": after_subject,
                "after_event": after_event,
                "size": size,
            },
        )
        found = cursor.fetchall()
    return [
        Line(
            at=at,
            key=f"{subject}:{event}",
            user_id=user,
            role="",
            what=operation,
            subject=subject,
            subject_id=subject_id,
            child_id=child,
            region_id=region,
            reason=reason or "",
        )
        for at, subject, event, operation, subject_id, child, region, user, reason in found
    ]


LISTS: dict[str, tuple[Any, Callable[..., list[Line]]]] = {
    "accesses": (_("Accesses"), accesses),
    "changes": (_("Changes"), changes),
    "decisions": (_("Decisions"), decisions),
}
OPERATIONS = {"insert": _("added"), "update": _("changed"), "delete": _("deleted")}


def kinds(which: str) -> list[tuple[str, Any]]:
    """What the filter of a list offers: (code, label)."""
    if which == "accesses":
        return list(AccessLog.Kind.choices)
    models = TRACKED if which == "changes" else [m for m in apps.get_models() if hasattr(m, "workflow")]
    return sorted(((m._meta.label_lower, m._meta.verbose_name) for m in models), key=lambda pair: pair[0])


def shown(which: str, lines: list[Line]) -> list[dict[str, Any]]:
    """Lines with names and words for a page or a file. Two queries: people, places."""
    people = User.objects.in_bulk({line.user_id for line in lines if line.user_id})
    places = Region.objects.in_bulk({line.region_id for line in lines if line.region_id})
    return [
        {
            "at": line.at,
            "person": people[line.user_id].name if line.user_id in people else "",
            "account": people[line.user_id].username if line.user_id in people else "",
            "role": line.role,
            "what": _what(which, line),
            "subject": _subject(line.subject),
            "subject_id": line.subject_id,
            "child_id": line.child_id,
            "place": places[line.region_id].short_name if line.region_id in places else "",
            "reason": line.reason,
            "note": line.note,
        }
        for line in lines
    ]


def _what(which: str, line: Line) -> str:
    if which == "accesses":
        return str(AccessLog.Kind(line.what).label)
    if which == "changes":
        return str(OPERATIONS.get(line.what, line.what))
    workflow = getattr(_model(line.subject), "workflow", None)
    transition = workflow.by_name.get(line.what) if workflow else None
    return str(transition.label) if transition else line.what


def _model(label: str) -> Any:
    try:
        return apps.get_model(label)
    except (LookupError, ValueError):
        return None


def _subject(label: str) -> str:
    model = _model(label)
    return str(model._meta.verbose_name) if model else label


def _note(detail: dict[str, Any]) -> str:
    """What is known besides, in words where there are some: keys of a log are a machine's."""
    return _now(", ").join(
        _now("%(what)s: %(value)s") % {"what": DETAILS.get(key, key), "value": _value(value)}
        for key, value in sorted(detail.items())
    )


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return _now("yes") if value else _now("no")
    return _now(", ").join(map(str, value)) if isinstance(value, list) else str(value)


def next_after(lines: list[Line], size: int = PAGE) -> tuple[dt.datetime, str] | None:
    """Where the next page starts; None on the last page."""
    return (lines[-1].at, lines[-1].key) if len(lines) == size else None


def every_line(which: str, asked: Asked, size: int = 2000) -> Any:
    """All lines asked for, a page of ``size`` at a time."""
    read = LISTS[which][1]
    while True:
        lines = read(asked, size)
        if lines:
            yield lines
        after = next_after(lines, size)
        if after is None:
            return
        asked = replace(asked, after=after)
