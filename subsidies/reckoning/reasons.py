"""Amounts in words: the steps of a stored explanation, and why a line differs from last month's. Reads
frozen values only.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.enums import Placement, PrimaryCategory
from staff.templatetags.look import money
from subsidies.batches.bridge import Change
from subsidies.enums import (
    AmountLine,
    Clause,
    EndReason,
    OffsetKind,
    clause_source,
    clause_text,
    line_label,
)
from subsidies.models import Payment
from subsidies.reckoning import steps

# Codes of subsidies.recovery.corrections: why what is right today differs from what was delivered.
CORRECTION_REASONS = {
    "unpaid": gettext_lazy("the month had not been paid"),
    "failed": gettext_lazy("the bank could not pay"),
    "held": gettext_lazy("the line was held back"),
    "twice": gettext_lazy("the bank paid it although it had reported a failure, and it was paid again"),
    "ended": gettext_lazy("not entitled in the month"),
    "terms": gettext_lazy("category, placement or grade changed"),
    "standard": gettext_lazy("the standard changed"),
    "offsets": gettext_lazy("other benefits changed"),
    "rules": gettext_lazy("the rules changed"),
    "several": gettext_lazy("for different reasons"),
}
SIGN_CODES = (AmountLine.STANDARD, AmountLine.FLOOR)


def category_label(payment: Payment) -> str:
    return f"{PrimaryCategory(payment.category).label} · {Placement(payment.placement).label}"


def lines_of(payment: Payment) -> list[dict[str, Any]]:
    """The steps for the drawer: {label, note, amount, minus, informs}, without the total. Amounts without sign; a line
    that informs is no part of the sum.
    """
    explanation = payment.explanation
    sources = {row["kind"]: row["source"] for row in explanation.get("offsets", ())}
    found = []
    for line in explanation.get("lines", ())[:-1]:
        amount = Decimal(line["amount"])
        note = steps.note_of(line) or line["source"]
        if line["label"] == AmountLine.STANDARD:
            note = _category_of_standard(payment)
        elif not note:
            kind = line["label"].removeprefix("offset_")
            note = sources.get(kind, "")
        if line["label"] in (AmountLine.NOT_OFFSET, AmountLine.OTHER_CATEGORY):
            note = " · ".join(filter(None, (note, str(clause_text(line["clause"])))))
        month = (line.get("params") or {}).get("month", "")  # of several that are paid together
        found.append(
            {
                "label": line_label(line["label"]),
                "note": " · ".join(filter(None, (month, note))),
                "amount": abs(amount),
                "minus": amount < 0,
                "informs": steps.informs(line),
            }
        )
    return found


def _category_of_standard(payment: Payment) -> str:
    """Whose standard it is: of several categories the highest counts, which need not be the one that was confirmed."""
    explanation = payment.explanation
    others = {
        line.get("params", {}).get("category")
        for line in explanation.get("lines", ())
        if line["label"] == AmountLine.OTHER_CATEGORY
    }
    category = explanation.get("rate", {}).get("category", "")
    if payment.category in others and category in PrimaryCategory.values:
        return f"{PrimaryCategory(category).label} · {Placement(payment.placement).label}"
    return category_label(payment)


def clause_of(payment: Payment) -> dict[str, str]:
    """The deciding rule: {text, source}."""
    code = payment.explanation.get("clause", "")
    return {"text": str(clause_text(code)), "source": str(clause_source(code))}


def rate_text(payment: Payment, place: str) -> str:
    """Which row of the table of standards was used."""
    rate = payment.explanation.get("rate", {})
    if not rate:
        return ""
    category = PrimaryCategory(rate["category"]).label if rate.get("category") else _("all categories")
    return _("%(place)s, %(placement)s, %(category)s: %(amount)s yuan from %(from)s (%(source)s)") % {
        "place": place,
        "placement": Placement(rate["placement"]).label,
        "category": category,
        "amount": money(Decimal(rate["amount"])),
        "from": rate["valid_from"][:7],
        "source": rate["source"],
    }


def why(
    kind: Change,
    before: Payment | None,
    after: Payment | None,
    ended: dict[str, Any],
    decided: dt.date | None,
) -> str:
    """One sentence on a difference. ``ended``: end_month, end_reason of the entitlement; ``decided``: day
    of confirmation.
    """
    if kind is Change.ARREARS and after is not None:
        return _why_arrears(after)
    if kind is Change.NEW and after is not None:
        return _why_new(after, decided)
    if kind is Change.LEFT and before is not None:
        return _why_left(ended)
    if before is not None and after is not None:
        return _why_changed(before, after)
    return ""


def correction_reason(code: str, was: str | None = None, now: str | None = None) -> str:
    """Why a month was paid too little or too much (subsidies.recovery.corrections); ``was``, ``now``: standards in yuan."""
    if code == "standard" and was and now:
        return _("standard changed from %(old)s to %(new)s") % {
            "old": money(Decimal(was)),
            "new": money(Decimal(now)),
        }
    return str(CORRECTION_REASONS.get(code, ""))


def _why_arrears(payment: Payment) -> str:
    explanation = payment.explanation
    before = explanation.get("before") or {}
    text = _("Repairs %(month)s: due %(due)s, paid %(paid)s") % {
        "month": f"{payment.month:%Y-%m}",
        "due": money(Decimal(explanation.get("due", "0"))),
        "paid": money(Decimal(explanation.get("delivered", "0"))),
    }
    reason = correction_reason(
        explanation.get("reason", ""), before.get("standard"), f"{payment.standard:.2f}"
    )
    return "；".join(filter(None, (text, reason)))


def _why_new(payment: Payment, decided: dt.date | None) -> str:
    parts = []
    if decided is not None:
        parts.append(_("confirmed %(day)s, paid from the month after") % {"day": decided.isoformat()})
    else:
        parts.append(_("first payment"))
    if payment.explanation.get("offsets"):
        parts.append(_("receives another benefit, paid the difference"))
    return "；".join(parts)


def _why_left(ended: dict[str, Any]) -> str:
    last = ended.get("end_month")
    if ended.get("nothing"):
        return _("still entitled; other benefits reach the standard, nothing to pay")
    if last is None:
        return _("no longer in the batch")
    reason = ended.get("end_reason") or ""
    word = EndReason(reason).label if reason else EndReason.TURNED_18.label
    return _("%(reason)s, last paid %(month)s") % {"reason": word, "month": f"{last:%Y-%m}"}


def _why_changed(before: Payment, after: Payment) -> str:
    parts = []
    if before.standard != after.standard:
        parts.append(
            _("standard changed from %(old)s to %(new)s")
            % {"old": money(before.standard), "new": money(after.standard)}
        )
    old = {row["kind"]: Decimal(row["amount"]) for row in before.explanation.get("offsets", ())}
    new = {row["kind"]: Decimal(row["amount"]) for row in after.explanation.get("offsets", ())}
    for kind in OffsetKind:
        label = kind.label
        if kind in new and kind not in old:
            parts.append(
                _("receives %(benefit)s %(amount)s now") % {"benefit": label, "amount": money(new[kind])}
            )
        elif kind in old and kind not in new:
            parts.append(_("no longer receives %(benefit)s") % {"benefit": label})
        elif kind in old and old[kind] != new[kind]:
            parts.append(
                _("%(benefit)s changed from %(old)s to %(new)s")
                % {"benefit": label, "old": money(old[kind]), "new": money(new[kind])}
            )
    if not parts and before.explanation.get("clause") != after.explanation.get("clause"):
        parts.append(str(clause_text(after.explanation.get("clause", Clause.STANDARD))))
    return "；".join(parts) or _("category or placement changed")
