"""The records of the matcher's rules as a page shows them."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

from django.utils.translation import gettext as _

from cases.matching.engine.settings import Settings
from cases.matching.review import learned, reasons
from staff.models import Region


def page(region: Region, on: dt.date) -> dict[str, Any]:
    """The automatic rules, those with a failing record first, and the rules that a person always decides."""
    least, wrong = learned.thresholds(region, on)
    automatic = Settings().automatic
    found = learned.records(region, on)
    lines = [
        {
            "record": record,
            "label": str(reasons.RULES.get(code, code)),
            "checked": share(record.of_checked, record.checked - record.checked_wrong, record.checked),
            "reviewed": share(record.of_reviewed, record.reviewed_right, record.reviewed),
            "demoted": code in automatic and learned.is_demoted(record, least, wrong),
            "fails": record.fails(least, wrong),
            "automatic": code in automatic,
        }
        for code, record in found.items()
    ]
    return {
        "certain": sorted((e for e in lines if e["automatic"]), key=lambda e: not e["demoted"]),
        "by_hand": [e for e in lines if not e["automatic"]],
        "least": percent(least),
        "wrong": wrong,
        "county": region.name,
    }


def share(interval: tuple[float, float] | None, right: int, number: int) -> dict[str, str] | None:
    """A share with its interval in words, None for nothing counted."""
    if interval is None:
        return None
    low, high = interval
    return {
        "share": percent(right / number),
        "interval": _("%(low)s to %(high)s") % {"low": percent(low), "high": percent(high)},
    }


def percent(value: float) -> str:
    """A share of one as a percentage with one decimal, rounded down: 99.99 % is not all."""
    return f"{math.floor(round(value * 1000, 6)) / 10:g} %"
