"""What a child's file shows of its leaving the register."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from cases.children.reveals import KEEPERS
from cases.models import Child, Leaving
from cases.refusals import REVIEWERS
from staff.scope import current


def leaving_context(child: Child) -> dict[str, Any]:
    """``leaving``: facts, empty while the child is on the register; ``may_return``: whether it can be taken back here."""
    return {
        "leaving": leaving_facts(child),
        "may_return": child.left_date is not None
        and child.merged_into_id is None
        and current().role in REVIEWERS,
    }


def leaving_facts(child: Child) -> list[dict[str, Any]]:
    """How the child left, for its file; empty while it is on the register. One query for a child that has left."""
    if child.left_date is None:
        return []
    found = Leaving.objects.filter(child=child, reversed_at=None).select_related("left_by").first()
    facts: list[dict[str, Any]] = [
        {"label": _("Left on"), "value": child.left_date.isoformat(), "number": True},
        {"label": _("Reason"), "value": child.get_left_reason_display()},
    ]
    if found is None:
        return facts
    may_read = current().role in KEEPERS
    for label, value in (
        (_("Number of the certificate"), found.document),
        (_("How it was handled"), found.handling),
        (_("Where to"), found.destination),
        (_("Details"), found.text),
    ):
        if value:
            facts.append({"label": label, "value": value, "wide": label == _("Details")})
    if found.cause:
        facts.append(
            {
                "label": _("Cause of death"),
                "masked": "******",
                "value": "",
                "reveal": reverse("staff:reveal", args=["leaving-cause", found.pk]) if may_read else "",
                "person": child.name,
            }
        )
    if found.last_pay_month:
        facts.append(
            {"label": _("Last month of pay"), "value": f"{found.last_pay_month:%Y-%m}", "number": True}
        )
    if found.left_by:
        facts.append({"label": _("Entered by"), "value": found.left_by.name})
    return facts
