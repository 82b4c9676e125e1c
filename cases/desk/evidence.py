"""What a reviewer sees beside a visit's own words: the visit before, others of the same day, marks, the call, photos."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cases import colours
from cases.checks.pages import sentence
from cases.checks.selectors import named_visits
from cases.desk.sources import Reader
from cases.field.same_day import same_day_visits
from cases.models import SpotCheck, Visit, VisitMark
from cases.questions.shown import answers_shown, findings
from cases.visits.enums import PersonMet, VisitState
from staff.templatetags.look import day, moment


def child_url(child_id: int) -> str:
    return reverse("cases:child", args=[child_id])


def of_visit(visit: Visit, reader: Reader) -> dict[str, Any]:
    """Context of the review panel beside what the visit says itself. At most five queries."""
    before = previous_of(visit)
    outlook = colours.outlook_of([visit], actor=reader.actor, on=reader.today).get(visit.pk)
    awaited = len(visit.photos_awaited)
    return {
        "outlook": outlook,
        "awaited": ngettext(
            "%(n)d photo is still on its way.", "%(n)d photos are still on their way.", awaited
        )
        % {"n": awaited}
        if awaited
        else "",
        "others": [_other(one) for one in same_day_visits(visit)],
        "marks": mark_words(visit),
        "call": call_words(visit),
        "before": before,
        "compared": compared(before, visit) if before else [],
        "before_url": reverse("cases:visit", args=[before.pk]) if before else "",
    }


def previous_of(visit: Visit) -> Visit | None:
    """The child's visit before this one, drafts left out. One query."""
    earlier = Visit.objects.filter(child_id=visit.child_id, visited_at__lt=visit.visited_at)
    return (
        earlier.exclude(pk=visit.pk)
        .exclude(state=VisitState.DRAFT)
        .select_related("conducted_by")
        .order_by("-visited_at", "-pk")
        .first()
    )


def compared(before: Visit, now: Visit) -> list[dict[str, Any]]:
    """Lines of two visits side by side; ``same`` false where they differ. Questions that only one form asked stand too."""
    lines = [
        (_("Visited by"), str(before.conducted_by), str(now.conducted_by)),
        (_("Kind"), before.get_kind_display(), now.get_kind_display()),
        (_("Who was met"), _met(before), _met(now)),
        (_("Risk"), before.get_risk_display(), now.get_risk_display()),
        (_("Found"), findings(before), findings(now)),
    ]
    then = {row["code"]: row for row in answers_shown(before)}
    present = {row["code"]: row for row in answers_shown(now)}
    for code in dict.fromkeys([*present, *then]):
        row = present.get(code) or then[code]
        left, right = (one[code]["answer"] if code in one else "—" for one in (then, present))
        if left != right:
            lines.append((row["question"], left, right))
    return [
        {"label": label, "left": left, "right": right, "same": left == right} for label, left, right in lines
    ]


def _met(visit: Visit) -> str:
    return _(", ").join(str(PersonMet(code).label) for code in visit.people_met)


def _other(visit: Visit) -> dict[str, str]:
    words = {"person": visit.conducted_by, "when": moment(visit.visited_at), "kind": visit.get_kind_display()}
    return {
        "text": _("%(person)s was there on the same day: %(kind)s, %(when)s.") % words,
        "url": reverse("cases:visit", args=[visit.pk]),
    }


def mark_words(visit: Visit) -> list[dict[str, Any]]:
    """The marks of a visit in words: what asks for a look, and what was said of it. A query where one names a visit."""
    marks = list(visit.marks.all())
    others = named_visits(marks) if marks else {}
    return [
        {
            "text": f"{mark.get_code_display()} · {sentence(mark, others)}",
            "said": mark.get_verdict_display() if mark.verdict else "",
            "words": mark.words,
            "open": mark.looked_at is None,
        }
        for mark in marks
    ]


def call_words(visit: Visit) -> str:
    """How far the call about a door visit is; empty when none was drawn."""
    check: SpotCheck | None = getattr(visit, "spot_check", None)
    if check is None:
        return ""
    done = f" {day(timezone.localdate(check.checked_at))}" if check.checked_at else ""
    return _("Drawn for a call to the family: %(state)s%(done)s.") % {
        "state": check.get_state_display(),
        "done": done,
    }


def resembled(mark: VisitMark) -> list[dict[str, Any]]:
    """The other visit that a mark names, as a block's rows and words; none where it names none or it is out of sight."""
    key = mark.detail.get("visit")
    other = Visit.objects.select_related("child", "conducted_by").filter(pk=key).first() if key else None
    if other is None:
        return []
    return [
        {
            "rows": [
                {
                    "title": other.child.name,
                    "url": reverse("cases:visit", args=[other.pk]),
                    "level": other.risk,
                    "lines": [f"{moment(other.visited_at)} · {other.conducted_by}", other.text],
                }
            ]
        }
    ]
