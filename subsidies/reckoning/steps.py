"""The steps of an amount in words: what a stored line's codes and figures say. Reads stored values only."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from cases.enums import Placement, PrimaryCategory
from staff.templatetags.look import money
from subsidies.enums import AmountLine, OffsetKind, SchemeCode
from subsidies.ledger.enums import Source
from subsidies.reckoning.rules import INFORMING
from subsidies.terms.enums import Rounding


def informs(line: Mapping[str, Any]) -> bool:
    """Whether a stored line only says how the amount came about and is no part of the sum."""
    return line["label"] in INFORMING


def note_of(line: Mapping[str, Any]) -> str:
    """The sentence below a stored line: how a formula reckons, which category or benefit it is; "" for others."""
    params = line.get("params") or {}
    label = line["label"]
    if label == AmountLine.FORMULA:
        return _formula(params)
    if label == AmountLine.TABLE:
        return _("the row in force in that month")
    if label == AmountLine.OTHER_CATEGORY:
        return _group(params["category"], params["placement"])
    if label == AmountLine.BESIDE and params.get("kind") in OffsetKind.values:
        return str(OffsetKind(params["kind"]).label)
    return ""


def _formula(params: Mapping[str, str]) -> str:
    values = {
        "percent": params["percent"],
        "of": money(Decimal(params["of"])),
        "what": _base(params, "of"),
    }
    if "minus" in params:
        values |= {"minus": money(Decimal(params["minus"])), "other": _base(params, "minus")}
        text = (
            _("%(percent)s%% of the difference between %(of)s (%(what)s) and %(minus)s (%(other)s)") % values
        )
    else:
        text = _("%(percent)s%% of the standard %(of)s (%(what)s)") % values
    rounding = params.get("rounding", "")
    if rounding in Rounding.values:
        text = _("%(text)s, rounded %(how)s") % {"text": text, "how": Rounding(rounding).label}
    return f"{text} · {params['document']}" if params.get("document") else text


def _base(params: Mapping[str, str], name: str) -> str:
    """Which standard a formula starts from."""
    code = params[f"{name}_scheme"]
    scheme = str(SchemeCode(code).label) if code in SchemeCode.values else code
    if code == SchemeCode.DIBAO:
        return scheme
    return f"{scheme} · {_group(params[f'{name}_category'], params[f'{name}_placement'])}"


def _group(category: str, placement: str) -> str:
    found = str(PrimaryCategory(category).label) if category in PrimaryCategory.values else category
    where = str(Placement(placement).label) if placement in Placement.values else placement
    return f"{found} · {where}"


def funding_of(payment: Any) -> list[dict[str, Any]]:
    """Who funds a payment: [{label, amount}] of the sources that give something, in the order of the sources."""
    return [
        {"label": source.label, "amount": amount}
        for source in Source
        if (amount := getattr(payment, f"from_{source.value}"))
    ]
