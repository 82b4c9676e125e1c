"""Lists of applications: segments, rows with their clocks, and the queries behind them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Count, F, Q, QuerySet, Window
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from cases.enums import PrimaryCategory
from staff.enums import Role
from staff.scope import current
from subsidies.applications.clocks import (
    UNDECIDED,
    Clock,
    ClockKind,
    Desk,
    due_before,
    entered_late,
    tallied,
    with_due,
)
from subsidies.entitlements.departed import attach_children
from subsidies.enums import ApplicationState
from subsidies.models import Application

DECIDED = (ApplicationState.CONFIRMED, ApplicationState.REFUSED, ApplicationState.WITHDRAWN)
TURN = {
    Role.DIRECTOR: (ApplicationState.SUPPLEMENT,),
    Role.SUPERVISOR: (ApplicationState.SUBMITTED, ApplicationState.VERIFYING),
    Role.CLERK: (ApplicationState.CHECKING,),
    Role.APPROVER: (ApplicationState.TO_CONFIRM,),
}
PAGE = 30


def desk() -> Desk:
    """Today's desk of the reader. Two queries."""
    return Desk.open(current().ranges[0][0], timezone.localdate())


def segments_of(role: str, at: Desk | None = None) -> dict[str, Q]:
    """Segment → condition, in the order shown."""
    at = at or desk()
    late = due_before(at.today)
    soon = due_before(at.warned_until) & ~late
    found = {"open": Q(state__in=UNDECIDED)}
    if role in TURN:
        found = {"mine": Q(state__in=TURN[Role(role)])} | found
    return found | {"soon": soon, "late": late | entered_late(), "decided": Q(state__in=DECIDED)}


def listed(segment: str, role: str, at: Desk | None = None) -> QuerySet[Application]:
    """Applications of a segment: those with the nearest deadline first, decided ones latest first."""
    rows = Application.objects.filter(segments_of(role, at)[segment]).select_related(
        "scheme", "region__parent"
    )
    if segment == "decided":
        return rows.order_by("-pk")
    return with_due(rows).order_by(F("due").asc(nulls_last=True), "applied_at", "pk")


def at_work(at: Desk) -> QuerySet[Application]:
    """What is under way, and what was decided and must still be told elsewhere within days: the nearest deadline first,
    each with how many there are (``everything``), are ``late`` and are due ``soon``.
    """
    rows = Application.objects.filter(Q(state__in=UNDECIDED) | due_before(at.warned_until))
    counted = tallied(rows.select_related("scheme", "region__parent"), at)
    return with_due(counted.annotate(everything=Window(Count("pk")))).order_by(
        F("due").asc(nulls_last=True), "applied_at", "pk"
    )


def segment_tabs(current_one: str, role: str, at: Desk) -> list[dict[str, Any]]:
    """Tabs with their counts, without that of the decided ones, which grows for ever; one query."""
    labels = {
        "mine": _("Waiting for me"),
        "open": _("Under way"),
        "soon": _("Running out"),
        "late": _("Past the limit"),
        "decided": _("Decided"),
    }
    conditions = segments_of(role, at)
    counted = {name: q for name, q in conditions.items() if name != "decided"}
    running = Application.objects.filter(Q(state__in=UNDECIDED) | due_before(at.warned_until))
    counts = running.aggregate(**{name: Count("pk", filter=q) for name, q in counted.items()})
    here = reverse("subsidies:applications")
    return [
        {
            "label": labels[name],
            "url": f"{here}?show={name}",
            "current": name == current_one,
            "count": counts.get(name),
        }
        for name in conditions
    ]


def page_of(segment: str, role: str, at: Desk, *, after: str, start: str) -> tuple[list[Application], str]:
    """The rows of a page, and the address of the next one ("" at the end). Two queries.

    Decided ones go by key, for there may be any number of them; those under way by place, as their order is by due day.
    """
    rows = listed(segment, role, at)
    if segment == "decided":
        if after.isdecimal() and len(after) < 19:
            rows = rows.filter(pk__lt=int(after))
        found = list(rows[: PAGE + 1])
        later = f"?show=decided&after={found[PAGE - 1].pk}" if len(found) > PAGE else ""
    else:
        first = int(start) if start.isdecimal() and len(start) < 6 else 0
        found = list(rows[first : first + PAGE + 1])
        later = f"?show={segment}&start={first + PAGE}" if len(found) > PAGE else ""
    return attach_children(found[:PAGE]), later


def actions_of(role: str) -> list[dict[str, Any]]:
    """Where the list leads: what is late, what is posted; a village has neither."""
    found = []
    if role in (Role.SUPERVISOR, Role.CLERK):
        found.append(
            {"label": _("Lists to be posted"), "url": reverse("subsidies:postings"), "icon": "printer"}
        )
    if role != Role.DIRECTOR:
        found.append({"label": _("What is late"), "url": reverse("subsidies:late"), "icon": "clock"})
    return found


def clock_values(clock: Clock | None) -> dict[str, Any]:
    """The clock as tables show it: {used, limit, due, late, soon, word, provisional}; {} when none runs."""
    if clock is None:
        return {}
    return {
        "kind": clock.kind.label,
        "used": clock.used,
        "limit": clock.limit,
        "due": clock.due,
        "late": clock.late,
        "soon": clock.soon,
        "word": words_left(clock),
        "provisional": clock.provisional,
    }


def words_left(clock: Clock) -> str:
    """How long there is, in words."""
    if clock.stands:
        if clock.left < 0:
            return _("stands, already over")
        return ngettext("stands, %(n)d working day left", "stands, %(n)d working days left", clock.left) % {
            "n": clock.left
        }
    if clock.late:
        return ngettext("%(n)d working day over", "%(n)d working days over", clock.over) % {"n": clock.over}
    if clock.left == 0:
        return _("last day")
    return ngettext("%(n)d working day left", "%(n)d working days left", clock.left) % {"n": clock.left}


def chip(application: Application, clock: Clock | None) -> dict[str, str]:
    """State chip: {state, word}; a verification or a decision past its limit says so."""
    if clock is not None and clock.late:
        words = {
            ClockKind.VERIFY: pgettext("state", "Verification overdue"),
            ClockKind.CONFIRM: pgettext("state", "Decision overdue"),
            ClockKind.TELL: pgettext("state", "Result not told"),
        }
        return {"state": "overdue", "word": words[clock.kind]}
    return {"state": application.state, "word": application.get_state_display()}


def row(application: Application, at: Desk) -> dict[str, Any]:
    """One row of the table of applications (mock-up 06)."""
    clock = at.clock(application)
    return {
        "application": application,
        "url": reverse("subsidies:application", args=[application.pk]),
        "child": application.child.name,
        "place": township_name(application),
        "matter": f"{category_of(application)} · {application.scheme}",
        "elsewhere": application.intake_office,
        "clock": clock_values(clock),
        **chip(application, clock),
    }


def township_name(application: Application) -> str:
    parent = application.region.parent
    return parent.name if parent is not None else application.region.name


def category_of(application: Application) -> str:
    """The category of the file, or the one that the table gave where the file has none that is paid."""
    code = application.decision.get("category") or application.child.primary_category
    return str(PrimaryCategory(code).label) if code else ""


def rows(found: Iterable[Application]) -> list[dict[str, Any]]:
    """Rows of a page of applications. Two queries for the desk."""
    at = desk()
    return [row(application, at) for application in found]
