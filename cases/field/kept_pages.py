"""What the pages of kept visits show: plain values for the components."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.field.comparing import words
from cases.field.enums import KeptReason, KeptState
from cases.field.offering import as_keeper, has_gone_beyond
from cases.field.placing import file_for, waiting
from cases.field.submission import Submission
from cases.models import Child, KeptVisit
from cases.visits.forms import VisitForm
from cases.workflows import KEPT_VISIT
from staff.scope import current
from staff.templatetags.look import moment
from staff.workflow import Actor, available

STATES = (KeptState.KEPT, KeptState.OFFERED, KeptState.PLACED, KeptState.DISMISSED)
# Fields of a form that say nothing to a reader.
TECHNICAL = frozenset({"client_id", "basis", "photos", "drop_photos", "form_code", "form_version"})


def segments(state: str) -> list[dict[str, Any]]:
    """The filters of the list."""
    here = reverse("cases:kept_visits")
    return [
        {"label": one.label, "url": f"{here}?state={one.value}", "current": one == state} for one in STATES
    ]


def listed(state: str) -> QuerySet[KeptVisit]:
    """The kept visits behind one filter: of those to be placed, also what another county offers."""
    found = waiting() if state == KeptState.KEPT else KeptVisit.objects.filter(state=state)
    return found.select_related("author", "region").defer("payload").order_by("received_at", "pk")


def row_of(kept: KeptVisit) -> dict[str, Any]:
    """One line of the list; ``author`` and ``region`` are loaded."""
    return {
        "title": kept.child_name or _("Child without a name"),
        "url": reverse("cases:kept_visit", args=[kept.pk]),
        "lines": [
            f"{moment(kept.visited_at)} · {kept.author} · {kept.region.short_name}",
            str(KeptReason(kept.reason).label),
        ],
        "word": kept.get_state_display(),
    }


def kept_context(kept: KeptVisit, actor: Actor) -> dict[str, Any]:
    """One kept visit with what was written, as far as a form can read it, and what may be done."""
    given = Submission.kept(kept.payload)
    child = file_for(kept)
    gone = child is None and kept.state == KeptState.KEPT
    beyond = gone and has_gone_beyond(kept)
    hidden = {"place": child is None, "offer": not beyond}
    with as_keeper(kept):
        photos = list(kept.photos.all())
    return {
        "kept": kept,
        "child": child,
        "facts": [
            {"label": _("Visited by"), "value": kept.author},
            {"label": _("Time of the visit"), "value": moment(kept.visited_at), "number": True},
            {"label": _("Received"), "value": moment(kept.received_at), "number": True},
            {"label": _("Why it is kept"), "value": kept.get_reason_display(), "wide": True},
            *_decided(kept),
        ],
        "written": written(given.fields, child, kept),
        "shots": [
            {"url": reverse("cases:kept_photo", args=[kept.pk, photo.pk]), "alt": _("Photo")}
            for photo in photos
        ],
        "actions": [one for one in available(kept, actor) if not hidden.get(one.name)],
        "elsewhere": _elsewhere(beyond) if gone else "",
    }


def _elsewhere(beyond: bool) -> str:
    if beyond:
        return _(
            "The child's file went to another county. Offer it this visit: its staff put it into the file, or say why not."
        )
    return _(
        "The child's file lies outside your area. Somebody who sees both places can put this visit into it: ask the county "
        "bureau."
    )


def _decided(kept: KeptVisit) -> list[dict[str, Any]]:
    if kept.state in (KeptState.KEPT, KeptState.OFFERED):
        declined = {"label": _("The county that was asked declined"), "value": kept.words, "wide": True}
        return [declined] if kept.words else []
    transition = next(one for one in KEPT_VISIT.transitions if one.target == kept.state)
    # Whose staff placed it is theirs to know: it tells where the file is.
    who = kept.decided_by if current().covers(kept.offered_to_id or kept.region_id) else ""
    return [
        {
            "label": str(transition.label),
            "value": f"{moment(kept.decided_at)} {who} {kept.words}".strip(),
            "wide": True,
        }
    ]


def written(fields: QueryDict, child: Child | None, kept: KeptVisit) -> list[dict[str, Any]]:
    """What the visitor wrote, question by question; without the file, its own words alone can be read."""
    if child is None:
        return [{"label": _("What was found"), "value": fields.get("text", "") or "—", "wide": True}]
    form = VisitForm(fields, None, child=child, at=timezone.now(), draft=True)
    form.is_valid()
    return [
        {
            "label": str(field.label or name),
            "value": words(field, form.cleaned_data.get(name, fields.getlist(name))),
            "wide": name == "text",
        }
        for name, field in form.fields.items()
        if name not in TECHNICAL
    ]
