"""The list behind a number: exactly the children that were counted, page by key, whatever the condition was."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from cases.key_pages import name_places
from cases.models import Child
from cases.visits.pages import last_visit

PAGE = 50


@dataclass(frozen=True)
class NumberPage:
    """``count`` is that of all, ``after`` the key of the next page (empty at the end)."""

    children: list[Child]
    count: int
    after: str


def page_of(found: QuerySet[Child], after: str) -> NumberPage:
    """The page behind the key ``after``, with the names of places. Three queries."""
    count = found.order_by().count()
    shown = found.filter(pk__gt=int(after)) if after.isdecimal() and len(after) < 19 else found
    rows = list(shown.order_by("pk").defer("health_note", "phone", "id_number")[: PAGE + 1])
    more, rows = len(rows) > PAGE, rows[:PAGE]
    name_places(rows)
    return NumberPage(rows, count, str(rows[-1].pk) if more else "")


def rows(children: Iterable[Child]) -> list[dict[str, Any]]:
    """As list items: who, where, visited when, due when."""
    return [
        {
            "title": child.name,
            "url": reverse("cases:child", args=[child.pk]),
            "level": child.risk,
            "lines": [last_visit(child), f"{child.township} {child.village}".strip()],  # type: ignore[attr-defined]
            "date": child.next_visit_date if child.left_date is None else None,
            "state": "" if child.left_date is None else "closed",
            "word": "" if child.left_date is None else _("Left the register"),
        }
        for child in children
    ]
