"""A row behind a figure of the monthly report, as its list shows it."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from cases.enums import PrimaryCategory

# Rows that are the child, or carry its name themselves.
NO_CHILD = ("register", "money", "recoveries", "recovered", "relief")
WITH_AMOUNT = ("money", "recoveries", "recovered", "relief")


def line_of(family: str, row: Any) -> dict[str, Any]:
    """One line of the drill-down list: name, link, place, date, text, amount."""
    place = row.region.short_name
    if family == "register":
        return {
            "name": row.name,
            "url": reverse("cases:child", args=[row.pk]),
            "place": place,
            "date": row.registered_date,
            "text": row.get_primary_category_display(),
        }
    if family == "entitled":
        words = [str(PrimaryCategory(row.category).label)]
        if row.end_month:
            words += [f"– {row.end_month:%Y-%m}", str(row.get_end_reason_display())]
        return {
            "name": row.child.name,
            "url": reverse("subsidies:entitlement", args=[row.pk]),
            "place": place,
            "date": row.start_month,
            "text": " · ".join(words),
        }
    if family == "money":
        return {
            "name": row.child_name, "url": reverse("subsidies:payment", args=[row.pk]), "place": place, "date": row.month,
            "text": row.get_state_display(), "amount": row.amount,
        }  # fmt: skip
    if family == "relief":
        return {
            "name": row.child_name, "url": reverse("subsidies:relief_case", args=[row.pk]), "place": place,
            "date": row.given_date, "text": row.what or row.get_route_display(), "amount": row.amount,
        }  # fmt: skip
    if family in ("recoveries", "recovered"):
        recovery = row if family == "recoveries" else row.recovery
        return {
            "name": recovery.child_name, "url": reverse("subsidies:recovery", args=[recovery.pk]), "place": place,
            "date": recovery.month if family == "recoveries" else row.date,
            "text": recovery.get_state_display() if family == "recoveries" else row.get_kind_display(),
            "amount": row.amount,
        }  # fmt: skip
    if family == "visits":
        return {
            "name": row.child.name,
            "url": reverse("cases:visit", args=[row.pk]),
            "place": place,
            "date": row.visited_at,
            "text": row.get_kind_display(),
        }
    if family == "cases":
        return {
            "name": row.child.name,
            "url": reverse("cases:case", args=[row.pk]),
            "place": place,
            "date": row.opened_at,
            "text": row.title,
        }
    name = row.child.name if row.child else "—"
    return {
        "name": name,
        "url": reverse("cases:discrepancy", args=[row.pk]),
        "place": place,
        "date": row.due_date,
        "text": row.get_kind_display(),
    }
