"""The tab "needs" of a child's file: what it needs by area, what help answered it, and what is not insured."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from cases.circumstances.enums import HelpArea, HelpForm
from cases.enums import Insurance
from cases.help.services import SETTLED, needs_found
from cases.models import Child, Help, Need, Visit
from cases.visits.services import COUNTS

MOST = 200


def needs(child: Child, today: dt.date) -> dict[str, Any]:
    """Context of ``_child_needs.html``. Three queries."""
    listed = list(Need.objects.filter(child=child).order_by("area", "noted_date", "pk")[:MOST])
    given = list(Help.objects.filter(child=child).order_by("-date", "-pk")[:MOST])
    visit = Visit.objects.filter(child=child, state__in=COUNTS).order_by("-visited_at", "-pk").first()
    by_need: dict[int, list[Help]] = {}
    loose: dict[str, list[Help]] = {}
    for one in given:
        if one.need_id:
            by_need.setdefault(one.need_id, []).append(one)
        else:
            loose.setdefault(one.area, []).append(one)
    areas = []
    for area in HelpArea:
        rows = [
            {"need": need, "open": need.state not in SETTLED, "helps": by_need.get(need.pk, [])}
            for need in listed
            if need.area == area
        ]
        rows.sort(key=lambda row: not row["open"])
        if rows or area in loose:
            areas.append({"label": area.label, "rows": rows, "helps": loose.get(area, [])})
    money = sum((one.amount or Decimal() for one in given if one.form == HelpForm.MONEY), Decimal("0.00"))
    return {
        "areas": areas,
        "help_count": len(given),
        "help_money": money,
        "insurance": child.get_insurance_display() or _("Not stated"),
        "uninsured": child.insurance == Insurance.NONE,
        "found": _suggestions(child, visit, listed),
        "found_on": visit.visited_at if visit else None,
    }


def _suggestions(child: Child, visit: Visit | None, listed: list[Need]) -> list[dict[str, Any]]:
    if visit is None:
        return []
    codes = {code for found in visit.problems.values() for code in found}
    add = reverse("cases:need_add", args=[child.pk])
    return [
        {
            "label": problem.label,
            "area": area.label,
            "url": f"{add}?{urlencode({'area': area.value, 'text': str(problem.label)})}",
        }
        for area, problem in needs_found(codes, listed)
    ]
