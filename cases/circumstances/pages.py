"""What the tab "circumstances" shows of a child's file."""

from __future__ import annotations

import datetime as dt
from typing import Any

from cases.children.reveals import KEEPERS
from cases.children.timeline import address
from cases.circumstances import findings as rule_findings
from cases.eligibility import disability
from cases.enums import DisabilityKind
from cases.models import CategoryPeriod, Child
from staff.scope import current


def tab_context(child: Child, today: dt.date) -> dict[str, Any]:
    """Absences, cards (masked), illnesses (hidden), and what the rules say."""
    found = rule_findings.circumstances_of(child, today)
    may_reveal = current().role in KEEPERS
    for card in found.cards:
        card.masked = disability.mask_card(card.number)  # type: ignore[attr-defined]
        card.reveal = address("staff:reveal", "disability-card", card.pk) if may_reveal else ""  # type: ignore[attr-defined]
        card.parts = [  # type: ignore[attr-defined]
            f"{DisabilityKind(part['kind']).label} {part['level']}" for part in card.components
        ]
    for row in found.illnesses:
        row.reveal = address("staff:reveal", "illness", row.pk) if may_reveal else ""  # type: ignore[attr-defined]
    return {"found": found}


def category_history(child: Child) -> list[CategoryPeriod]:
    """Under which category the child was counted when, latest first, with who decided. One query."""
    return list(
        CategoryPeriod.objects.filter(child=child).select_related("user").order_by("-start_date", "-pk")
    )
