"""What the review queue shows: its tiles, groups of rows, and the decisions of one visit."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cases import visit_rules
from cases.enums import RiskLevel
from cases.models import Visit
from cases.visit_enums import PersonMet, ReturnReason
from cases.visit_forms import EscalateForm
from cases.visit_pages import case_item, codes_of, findings, late_item, place, risk_change
from cases.visit_selectors import Queue
from staff.templatetags.look import moment, short_date
from staff.workflow import Actor, available

REVIEW_KEYS = {"approve": "A", "return": "R", "escalate": "E"}


def queue_values(
    queue: Queue, show: str, at_county: bool, current: Visit | None, today: dt.date
) -> dict[str, Any]:
    """Tiles, groups and where the reader is. The first visit that waits is current when none is chosen."""
    here = reverse("cases:queue")
    chosen = (
        current.pk if current else queue.review[0].pk if queue.review and show in ("", "review") else None
    )
    review = [review_item(visit, chosen, today) for visit in queue.review]
    late = [late_item(child) for child in queue.overdue]
    cases = [case_item(case, today) for case in queue.cases]
    late_title = _("Overdue: county") if at_county else _("Overdue: supervisor")
    groups: list[tuple[str, list[dict[str, Any]], int]] = []
    if show in ("", "overdue"):
        groups.append((late_title, late, queue.overdue_count))
    if show == "overdue":
        waiting = [late_item(child) for child in queue.with_director]
        groups.append((_("Overdue, still with a level below"), waiting, len(waiting)))
    if show in ("", "review"):
        groups.append((_("Visits to review"), review, queue.review_count))
    if show == "cases" or (at_county and not show):
        title = _("Cases handed up") if at_county else _("Open cases")
        groups.append((title, cases, queue.case_count))
    tiles = [
        {
            "number": queue.overdue_count,
            "label": _("Overdue"),
            "url": f"{here}?show=overdue",
            "hot": True,
            "current": show == "overdue",
        },
    ]
    if not at_county:
        current_review = show == "review" or (not show and bool(review))
        tiles.append(
            {
                "number": queue.review_count,
                "label": _("Visits to review"),
                "url": f"{here}?show=review",
                "current": current_review,
            }
        )
    tiles.append(
        {
            "number": queue.case_count,
            "label": _("Cases handed up") if at_county else _("Open cases"),
            "url": f"{here}?show=cases",
            "current": show == "cases",
        }
    )
    total = queue.overdue_count + queue.review_count + (queue.case_count if at_county else 0)
    order = [row["pk"] for row in review]
    return {
        "queue": queue,
        "show": show,
        "at_county": at_county,
        "title": _("Climbed to the county") if at_county else _("Review queue"),
        "tiles": tiles,
        "groups": [
            {
                "title": title,
                "rows": rows,
                "count": count,
                "more": count - len(rows),
                "review": rows is review,
            }
            for title, rows, count in groups
            if rows
        ],
        "total": total,
        "total_words": ngettext("%(n)d thing to do", "%(n)d things to do", total) % {"n": total},
        "first_url": reverse("cases:visit_review", args=[chosen]) if chosen and not current else "",
        "position": order.index(current.pk) + 1 if current and current.pk in order else 0,
        "quiet": any(_quiet(visit) for visit in queue.review),
    }


def _quiet(visit: Visit) -> bool:
    return visit.risk == visit.risk_before == RiskLevel.GREEN and not visit.problems


def review_item(visit: Visit, current: int | None, today: dt.date) -> dict[str, Any]:
    """A row of the review queue."""
    day = timezone.localdate(visit.submitted_at)
    return {
        "pk": visit.pk,
        "title": visit.child.name,
        "url": reverse("cases:visit_review", args=[visit.pk]),
        "level": visit.risk_before,
        "lines": [
            " · ".join(filter(None, [visit.get_kind_display(), risk_change(visit), findings(visit)])),
            f"{place(visit)} · {visit.conducted_by}",
        ],
        "note": _("Today") if day == today else short_date(day, today),
        "current": visit.pk == current,
    }


def review_actions(visit: Visit, actor: Actor, escalate: EscalateForm | None = None) -> list[dict[str, Any]]:
    """The decisions the actor may take on a visit, for the actions component."""
    entries = []
    for one in available(visit, actor):
        entry: dict[str, Any] = {
            "name": one.name,
            "label": one.label,
            "icon": one.icon,
            "key": REVIEW_KEYS[one.name],
        }
        if one.name == "return":
            entry |= {
                "reasons": ReturnReason.choices,
                "needs_text": True,
                "prompt": _("Return to %(person)s: say why") % {"person": visit.conducted_by},
                "text_label": _("What is missing"),
                "submit": _("Return for changes"),
                "icon": "corner-up-left",
            }
        if one.name == "escalate":
            entry |= {
                "fields": escalate or escalate_form(visit),
                "prompt": _("Open a case for %(child)s") % {"child": visit.child},
            }
        entries.append(entry)
    return entries


def escalate_form(visit: Visit, data: Any = None) -> EscalateForm:
    """The form that opens a case, filled in from what the visit found."""
    suggested = visit_rules.escalation(visit.answers, codes_of(visit), visit.risk)
    initial = {
        "level": suggested.level if suggested else RiskLevel.BLUE,
        "title": findings(visit)[:80] if suggested else "",
    }
    return EscalateForm(data, initial=initial, auto_id="escalate_%s")


def quiet_rows(visits: Sequence[Visit]) -> list[dict[str, Any]]:
    """Quiet visits as rows of the page that approves several at once."""
    return [
        {
            "pk": visit.pk,
            "name": visit.child.name,
            "url": reverse("cases:visit_review", args=[visit.pk]),
            "place": place(visit),
            "when": moment(visit.visited_at),
            "kind": visit.get_kind_display(),
            "met": _(", ").join(str(PersonMet(code).label) for code in visit.people_met),
            "person": str(visit.conducted_by),
            "text": visit.text,
            "photos": len(visit.photos.all()),
        }
        for visit in visits
    ]
