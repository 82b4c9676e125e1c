"""Terms of a scheme in words, in the order in which a page shows them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cases.enums import PrimaryCategory
from staff.templatetags.look import money
from subsidies.enums import EndReason, SchemeCode, StopRule
from subsidies.ledger.enums import Source
from subsidies.terms.enums import EvidenceWhen, PublicityKind, ShareKind
from subsidies.terms.types import Base, EvidenceItem, Formula, Publicity, Share

LABELS: dict[str, Promise] = {
    "categories": gettext_lazy("Who qualifies"),
    "placements": gettext_lazy("Placement"),
    "age_least": gettext_lazy("From the age of"),
    "age_most": gettext_lazy("Until the age of"),
    "follows": gettext_lazy("Comes with"),
    "excludes": gettext_lazy("Not beside"),
    "higher_of": gettext_lazy("Several categories at once"),
    "payee": gettext_lazy("Who is paid"),
    "institution_payee": gettext_lazy("Who is paid for a child in an institution"),
    "cadence": gettext_lazy("How often"),
    "unit": gettext_lazy("Given as"),
    "funding": gettext_lazy("Who funds it"),
    "offsets": gettext_lazy("Set off"),
    "tekun_mode": gettext_lazy("Beside tekun support"),
    "conflict_mode": gettext_lazy("Benefits that an orphan may not hold"),
    "grades": gettext_lazy("Grades with standards of their own"),
    "formulas": gettext_lazy("Standards that are reckoned"),
    "amount_least": gettext_lazy("Flag amounts below"),
    "amount_most": gettext_lazy("Flag amounts above"),
    "starts": gettext_lazy("First month that is paid"),
    "last_month_rule": gettext_lazy("Last month by age"),
    "extension_stages": gettext_lazy("Paid on while studying at"),
    "stop_rule": gettext_lazy("Last month after an event"),
    "stop_by_reason": gettext_lazy("Last month for single reasons"),
    "grace_months": gettext_lazy("Months of grace"),
    "grace_reasons": gettext_lazy("Grace after"),
    "publicity": gettext_lazy("Public posting"),
    "evidence": gettext_lazy("Documents"),
    "verify_working_days": gettext_lazy("Township verifies within"),
    "confirm_working_days": gettext_lazy("County confirms within"),
    "recheck": gettext_lazy("Re-check"),
    "school_proof": gettext_lazy("Proof of schooling every term"),
    "visit_days": gettext_lazy("Flag a child not visited for"),
}
GROUPS: tuple[tuple[Promise, tuple[str, ...]], ...] = (
    (
        gettext_lazy("Recipients"),
        ("categories", "placements", "age_least", "age_most", "follows", "excludes", "higher_of"),
    ),
    (gettext_lazy("Payment"), ("payee", "institution_payee", "cadence", "unit", "funding")),
    (
        gettext_lazy("Amount"),
        (
            *("offsets", "tekun_mode", "conflict_mode", "grades", "formulas"),
            *("amount_least", "amount_most"),
        ),
    ),
    (
        gettext_lazy("Months"),
        (
            *("starts", "last_month_rule", "extension_stages", "stop_rule", "stop_by_reason"),
            *("grace_months", "grace_reasons"),
        ),
    ),
    (
        gettext_lazy("Procedure"),
        (
            *("evidence", "publicity", "verify_working_days", "confirm_working_days"),
            *("recheck", "school_proof", "visit_days"),
        ),
    ),
)


def words(key: str, value: Any) -> list[str]:
    """One term's value as lines of text; [] never: what is not set says so."""
    return _WORDS.get(key, _plain)(value)


def _plain(value: Any) -> list[str]:
    if isinstance(value, bool):
        return [_("yes") if value else _("no")]
    if isinstance(value, tuple):
        return [_(", ").join(str(getattr(item, "label", item)) for item in value)] if value else [_("none")]
    if value is None or value == "":
        return [_("none")]
    return [str(getattr(value, "label", value))]


def _age(value: int) -> list[str]:
    return [_("%(age)d years") % {"age": value}] if value else [_("birth")]


def _working_days(value: int) -> list[str]:
    return [ngettext("%(n)d working day", "%(n)d working days", value) % {"n": value}]


def _visit_days(value: int) -> list[str]:
    return [ngettext("%(n)d day", "%(n)d days", value) % {"n": value} if value else _("not flagged")]


def _grace(value: int) -> list[str]:
    return [ngettext("%(n)d month", "%(n)d months", value) % {"n": value} if value else _("none")]


def _yuan(value: Decimal | None) -> list[str]:
    return [_("not flagged") if value is None else _("%(yuan)s yuan") % {"yuan": money(value)}]


def _higher(value: bool) -> list[str]:
    return [_("the highest standard, one only") if value else _("the standard of the main category")]


def _funding(shares: Iterable[Share]) -> list[str]:
    found = []
    for share in shares:
        name = {"source": Source(share.source).label}
        if share.kind is ShareKind.FIXED:
            found.append(_("%(source)s: %(yuan)s yuan of each amount") % {**name, "yuan": money(share.value)})
        elif share.kind is ShareKind.PERCENT:
            percent = f"{(share.value or Decimal(0)).normalize():f}"
            found.append(_("%(source)s: %(percent)s%% of what is left") % {**name, "percent": percent})
        else:
            found.append(_("%(source)s: the rest") % name)
    return found


def _base(base: Base) -> str:
    scheme = str(SchemeCode(base.scheme).label)
    if base.scheme == SchemeCode.DIBAO:
        return scheme
    group = f"{base.category.label} · {base.placement.label}"
    return f"{scheme} · {group} · {base.grade}" if base.grade else f"{scheme} · {group}"


def _formulas(formulas: Iterable[Formula]) -> list[str]:
    found = []
    for row in formulas:
        named = (row.category and row.category.label, row.placement and row.placement.label, row.grade)
        whom = " · ".join(str(part) for part in named if part) or _("everybody")
        values = {"whom": whom, "percent": f"{row.percent.normalize():f}", "of": _base(row.of)}
        if row.minus is not None:
            text = _("%(whom)s: %(percent)s%% of the difference between %(of)s and %(minus)s") % {
                **values,
                "minus": _base(row.minus),
            }
        elif row.at_least:
            text = _("%(whom)s: at least %(percent)s%% of %(of)s") % values
        else:
            text = _("%(whom)s: %(percent)s%% of %(of)s") % values
        found.append(_("%(text)s, rounded %(how)s") % {"text": text, "how": row.rounding.label})
    return found or [_("none: the table of rates alone")]


def _stop_by_reason(value: dict[EndReason, StopRule]) -> list[str]:
    return [f"{reason.label}: {rule.label}" for reason, rule in value.items()] or [_("none")]


def _publicity(value: Publicity) -> list[str]:
    if value.kind is PublicityKind.NONE:
        return [_("not posted: it would expose the child")]
    days = (
        _working_days(value.days)[0]
        if value.kind is PublicityKind.WORKING_DAYS
        else _visit_days(value.days)[0]
    )
    return [f"{days}, {value.where.label}"]


def _evidence(items: Iterable[EvidenceItem]) -> list[str]:
    return [_item(item) for item in items] or [_("none")]


def _item(item: EvidenceItem) -> str:
    notes = [str(case.label) for case in item.when if case is not EvidenceWhen.ALWAYS]
    if not item.required:
        notes.append(_("if needed"))
    return f"{item.name} ({'; '.join(notes)})" if notes else str(item.name)


def _grades(value: Iterable[Any]) -> list[str]:
    return [f"{grade.name} ({grade.code})" for grade in value] or [_("none")]


def _categories(value: tuple[PrimaryCategory, ...]) -> list[str]:
    return [str(category.label) for category in value] or [_("none")]


_WORDS: dict[str, Callable[[Any], list[str]]] = {
    "categories": _categories,
    "age_least": _age,
    "age_most": _age,
    "verify_working_days": _working_days,
    "confirm_working_days": _working_days,
    "visit_days": _visit_days,
    "grace_months": _grace,
    "amount_least": _yuan,
    "amount_most": _yuan,
    "higher_of": _higher,
    "funding": _funding,
    "formulas": _formulas,
    "stop_by_reason": _stop_by_reason,
    "publicity": _publicity,
    "evidence": _evidence,
    "grades": _grades,
}
