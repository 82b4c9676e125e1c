"""What happened to a pair: who proposed, decided and took back, by the pair's own history."""

from __future__ import annotations

from typing import Any, Final

from django.db.models import OuterRef, Subquery
from django.utils.translation import gettext as _

from cases.models import MatchCandidate
from staff.models import User

State = MatchCandidate.State
STANDS: Final = ("state", "remembered", "proposed_same", "proposed_at", "decided_at")
Event = dict[str, Any]


def told(pair: MatchCandidate) -> list[dict[str, Any]]:
    """The steps of a pair for ``{% timeline %}``, newest first. One query.

    Matching the month again writes history too; it is told only where it changed how the pair stands.
    """
    who = User.objects.filter(pk=OuterRef("pgh_user")).values("name")[:1]
    events = MatchCandidate.pgh_event_model.objects.filter(pgh_obj_id=pair.pk).order_by("pgh_id")  # type: ignore[attr-defined]
    steps: list[dict[str, Any]] = []
    before: Event = {}
    for event in events.values(*STANDS, "note", "pgh_created_at", who=Subquery(who)):
        if not before or any(event[name] != before[name] for name in STANDS):
            steps.append(_by_a_person(event, before) or _by_matching(event, before))
        before = event
    return steps[::-1]


def _by_matching(event: Event, before: Event) -> dict[str, Any]:
    title = _("Matched again") if before else _("Found by matching")
    if event["remembered"]:
        title = _("Decided as in earlier months")
    return {"icon": "search", "title": title, "date": event["pgh_created_at"], "hot": False}


def _by_a_person(event: Event, before: Event) -> dict[str, Any] | None:
    """The step that somebody took, if it was not the matcher: decided, proposed, put back, or taken back."""
    at: Any = None
    changed = {name: before.get(name) != event[name] for name in STANDS}
    if event["decided_at"] and changed["decided_at"]:
        icon = "check" if event["state"] == State.ACCEPTED else "x"
        title, at = str(State(event["state"]).label), event["decided_at"]
    elif event["state"] == State.UNSURE and changed["proposed_at"]:
        icon, title, at = "info-circle", str(State.UNSURE.label), event["proposed_at"]
    elif event["proposed_at"] and changed["proposed_at"]:
        verdict = State.ACCEPTED if event["proposed_same"] else State.REJECTED
        icon, title = "users", _("Proposed: %(verdict)s") % {"verdict": verdict.label}
        at = event["proposed_at"]
    elif before and (before["decided_at"] or before["proposed_at"]):
        icon, title = "arrow-back-up", _("Decision taken back")
    else:
        return None
    name = event["who"] or ""
    return {
        "icon": icon,
        "title": f"{title} · {name}" if name else title,
        "date": at or event["pgh_created_at"],
        "text": event["note"],
        "hot": True,
    }
