"""Referrals on the paper of a child's file."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.children.paper import Dossier, names, paper_part
from cases.models import Case
from referrals.models import Referral
from staff.paper import Section, Table


@paper_part("referrals", gettext_lazy("Referrals"), order=150)
def referrals(dossier: Dossier) -> list[Section]:
    """Who was asked for what, and what came of it. Those of a restricted case are in it for its named people alone."""
    rows = [
        (row.sent_at, row.provider, row.need, row.get_state_display(), row.done_at, row.feedback)
        for row in Referral.objects.filter(case__in=Case.objects.filter(child=dossier.child))
        .select_related("provider")
        .order_by("-sent_at", "-pk")
    ]
    if not rows:
        return []
    heads = names(Referral, "sent_at", "provider", "need", "state", "done_at", "feedback")
    return [Section(_("Referrals"), [Table(heads, rows)])]
