"""What money means for a potential child (政策找人): a scheme that would pay is applied for before the lead is closed."""

from __future__ import annotations

import datetime as dt

from django.urls import reverse
from django.utils.translation import gettext as _

from cases.matching.leads.services import Help, ask_help
from cases.models import Child
from subsidies.applications.decisions import decision_for
from subsidies.applications.forms import open_schemes
from subsidies.applications.qualification import qualify
from subsidies.entitlements.on_record import on_record
from subsidies.enums import ApplicationState
from subsidies.models import Application, Scheme
from subsidies.terms.in_force import Rulebook

OVER = (ApplicationState.REFUSED, ApplicationState.WITHDRAWN)


@ask_help
def help_of(child: Child, on: dt.date) -> Help:
    """The latest application of a child; without one under way or confirmed, the first scheme that would pay."""
    made = (
        Application.objects.filter(child=child)
        .select_related("scheme")
        .order_by("-applied_at", "-pk")
        .first()
    )
    if made is not None and made.state not in OVER:
        words = {"scheme": str(made.scheme), "state": made.get_state_display()}
        return Help(
            under_way=made.state != ApplicationState.CONFIRMED,
            confirmed=made.state == ApplicationState.CONFIRMED,
            text=_("Application for %(scheme)s: %(state)s.") % words,
            url=reverse("subsidies:application", args=[made.pk]),
        )
    scheme = paying(child, on)
    if scheme is None:
        return Help(text=_("No scheme pays for a child of this category."))
    return Help(
        expected=True,
        text=_("%(scheme)s would pay. Help the family to apply.") % {"scheme": scheme},
        url=f"{reverse('subsidies:application_add')}?child={child.pk}&scheme={scheme.code}",
    )


def paying(child: Child, on: dt.date) -> Scheme | None:
    """The first scheme, the living allowances before the others, under which a child qualifies in everything."""
    book, known, decision = Rulebook.load(child.region_id), on_record(child.pk), decision_for(child, on)
    for scheme in open_schemes():
        if not qualify(child, scheme, decision, on, book=book, known=known).unmet:
            return scheme
    return None
