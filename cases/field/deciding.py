"""One decision on a kept visit, by the name of its step: the same on its page and on the desk."""

from __future__ import annotations

import datetime as dt

from django.utils.translation import gettext as _

from cases.field.offering import decline_visit, offer_visit, take_back
from cases.field.placing import dismiss_visit, place_visit
from cases.models import KeptVisit
from cases.visits.refusals import VisitRefused
from staff.workflow import Actor


def decide(kept: KeptVisit, step: str, words: str, *, actor: Actor, at: dt.datetime) -> str:
    """Carry out ``step`` of the workflow KEPT_VISIT; returns what is said to whoever did. TransitionRefused otherwise."""
    match step:
        case "place":
            visit = place_visit(actor=actor, at=at, kept=kept)
            return _("The visit is in the file of %(child)s and awaits its review.") % {"child": visit.child}
        case "dismiss":
            dismiss_visit(actor=actor, at=at, kept=kept, words=words)
            return _("Not placed. The visitor is told your words.")
        case "offer":
            offer_visit(actor=actor, at=at, kept=kept)
            return _("The county where the file is now is asked to place it.")
        case "take_back":
            take_back(actor=actor, at=at, kept=kept)
            return _("Taken back. It waits here again.")
        case "decline":
            decline_visit(actor=actor, at=at, kept=kept, words=words)
            return _("Declined. Those who keep the visit read your words.")
    raise VisitRefused(_("Choose what to do."))
