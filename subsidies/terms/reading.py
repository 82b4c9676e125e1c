"""Reading what a rule sets: JSON values by key → frozen terms, checked one by one with a remedy in words. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from django.db.models import TextChoices
from django.utils.translation import gettext as _

from cases.circumstances.enums import HelpForm
from cases.enums import Placement, PrimaryCategory, SchoolStage
from subsidies.aid.enums import Cadence, PayeeKind
from subsidies.enums import (
    ConflictMode,
    EndReason,
    LastMonthRule,
    OffsetKind,
    SchemeCode,
    StopRule,
    TekunMode,
)
from subsidies.ledger.enums import Source
from subsidies.terms.enums import (
    EvidenceWhen,
    PublicityKind,
    PublicityPlace,
    Recheck,
    Rounding,
    ShareKind,
    Starts,
)
from subsidies.terms.types import (
    HUNDRED,
    Base,
    EvidenceItem,
    Formula,
    Grade,
    Publicity,
    SetBy,
    Share,
    Terms,
    Words,
)


class TermsError(ValueError):
    """A rule sets something that is no term; ``key`` names it, the message says what would be right."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(f"{key}: {message}")
        self.key = key
        self.message = message


Reader = Callable[[str, Any], Any]


def _code(key: str, kind: type[StrEnum] | type[TextChoices], value: Any) -> Any:
    try:
        return kind(value)
    except ValueError:
        known = ", ".join(member.value for member in kind)
        raise TermsError(
            key, _("%(value)s is not known. Use one of: %(known)s.") % {"value": repr(value), "known": known}
        ) from None


def one_of(kind: type[TextChoices], *, optional: bool = False) -> Reader:
    """A code of ``kind``; with ``optional`` also null or nothing."""

    def read(key: str, value: Any) -> Any:
        return None if optional and value in (None, "") else _code(key, kind, value)

    return read


def several_of(kind: type[TextChoices]) -> Reader:
    """A list of codes of ``kind``, each once."""

    def read(key: str, value: Any) -> Any:
        found = tuple(_code(key, kind, item) for item in _list(key, value))
        if len(set(found)) < len(found):
            raise TermsError(key, _("The same code stands twice."))
        return found

    return read


def whole(least: int, most: int) -> Reader:
    """A whole number within bounds."""

    def read(key: str, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise TermsError(
                key, _("Give a whole number from %(least)s to %(most)s.") % {"least": least, "most": most}
            )
        return value

    return read


def _flag(key: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise TermsError(key, _("Give true or false."))
    return value


def _list(key: str, value: Any) -> Sequence[Any]:
    if not isinstance(value, list | tuple):
        raise TermsError(key, _("Give a list."))
    return value


def _object(key: str, value: Any, required: set[str], optional: set[str]) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise TermsError(
            key, _("Give an object with the keys %(keys)s.") % {"keys": ", ".join(sorted(required))}
        )
    if lacking := sorted(required - set(value)):
        raise TermsError(key, _("%(name)s is lacking.") % {"name": lacking[0]})
    if unknown := sorted(set(value) - required - optional):
        raise TermsError(
            key,
            _("%(name)s is not known here. Known: %(known)s.")
            % {"name": unknown[0], "known": ", ".join(sorted(required | optional))},
        )
    return value


def _decimal(key: str, value: Any, most: Decimal) -> Decimal:
    """A number ≥ 0 with at most two places, written as text or a whole number (never a float)."""
    try:
        if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
            raise InvalidOperation
        found = Decimal(value)
        if not found.is_finite() or not 0 <= found <= most or found != found.quantize(Decimal("0.01")):
            raise InvalidOperation
    except InvalidOperation:
        raise TermsError(
            key,
            _('Give a number from 0 to %(most)s with at most two decimal places, written in quotes: "80.5".')
            % {"most": most},
        ) from None
    return found


def _yuan(key: str, value: Any) -> Decimal | None:
    return None if value in (None, "") else _decimal(key, value, Decimal(10_000_000))


def read_words(key: str, value: Any) -> Words:
    """A name: text, or an object of ``zh`` and ``en``."""
    if isinstance(value, str) and value.strip():
        return Words(value, value)
    found = _object(key, value, {"zh", "en"}, set())
    return Words(str(found["zh"]), str(found["en"]))


def _funding(key: str, value: Any) -> tuple[Share, ...]:
    shares = []
    for row in _list(key, value):
        data = _object(key, row, {"source", "kind"}, {"value"})
        kind = _code(key, ShareKind, data["kind"])
        amount = None
        if kind is not ShareKind.REST:
            if "value" not in data:
                raise TermsError(key, _("%(name)s is lacking.") % {"name": "value"})
            amount = _decimal(
                key, data["value"], HUNDRED if kind is ShareKind.PERCENT else Decimal(1_000_000)
            )
        shares.append(Share(_code(key, Source, data["source"]), kind, amount))
    sources = [share.source for share in shares]
    if len(set(sources)) < len(sources):
        raise TermsError(key, _("A source of funds stands twice. Give each one share."))
    if sum(share.kind is ShareKind.REST for share in shares) != 1:
        raise TermsError(key, _("Exactly one source of funds takes the rest."))
    if (
        sum((share.value or Decimal(0) for share in shares if share.kind is ShareKind.PERCENT), Decimal(0))
        > 100
    ):
        raise TermsError(key, _("The percentages are more than 100 together."))
    return tuple(shares)


def _grades(key: str, value: Any) -> tuple[Grade, ...]:
    grades = []
    for row in _list(key, value):
        data = _object(key, row, {"code", "name"}, set())
        code = str(data["code"])
        if not code.isidentifier() or len(code) > 30:
            raise TermsError(
                key, _("A code has letters, digits and _ only, at most 30: %(code)s") % {"code": code}
            )
        grades.append(Grade(code, read_words(key, data["name"])))
    codes = [grade.code for grade in grades]
    if len(set(codes)) < len(codes):
        raise TermsError(key, _("The same code stands twice."))
    return tuple(grades)


def _base(key: str, value: Any) -> Base:
    data = _object(key, value, {"scheme"}, {"category", "placement", "grade"})
    return Base(
        _code(key, SchemeCode, data["scheme"]),
        _code(key, PrimaryCategory, data.get("category") or PrimaryCategory.ORPHAN),
        _code(key, Placement, data.get("placement") or Placement.SCATTERED),
        str(data.get("grade") or ""),
    )


def _formulas(key: str, value: Any) -> tuple[Formula, ...]:
    names = {"percent", "minus", "category", "placement", "grade", "at_least", "rounding"}
    formulas = []
    for row in _list(key, value):
        data = _object(key, row, {"of"}, names)
        category, placement = data.get("category"), data.get("placement")
        formulas.append(
            Formula(
                of=_base(key, data["of"]),
                percent=_decimal(key, data.get("percent", "100"), Decimal(1000)),
                minus=_base(key, data["minus"]) if data.get("minus") else None,
                category=_code(key, PrimaryCategory, category) if category else None,
                placement=_code(key, Placement, placement) if placement else None,
                grade=str(data.get("grade") or ""),
                at_least=_flag(key, data.get("at_least", False)),
                rounding=_code(key, Rounding, data.get("rounding") or Rounding.FEN_UP),
            )
        )
    for_whom = [(formula.category, formula.placement, formula.grade) for formula in formulas]
    if len(set(for_whom)) < len(for_whom):
        raise TermsError(key, _("Two formulas are for the same children. Keep one."))
    return tuple(formulas)


def _evidence(key: str, value: Any) -> tuple[EvidenceItem, ...]:
    items = []
    for row in _list(key, value):
        data = _object(key, row, {"code", "name"}, {"required", "when"})
        when = data.get("when") or [EvidenceWhen.ALWAYS.value]
        items.append(
            EvidenceItem(
                str(data["code"]),
                read_words(key, data["name"]),
                _flag(key, data.get("required", True)),
                tuple(_code(key, EvidenceWhen, case) for case in _list(key, when)),
            )
        )
    codes = [item.code for item in items]
    if len(set(codes)) < len(codes):
        raise TermsError(key, _("The same code stands twice."))
    return tuple(items)


def _publicity(key: str, value: Any) -> Publicity:
    data = _object(key, value, {"kind"}, {"days", "where"})
    kind = _code(key, PublicityKind, data["kind"])
    if kind is PublicityKind.NONE:
        return Publicity()
    days = whole(1, 60)(key, data.get("days"))
    return Publicity(kind, days, _code(key, PublicityPlace, data.get("where") or PublicityPlace.VILLAGE))


def _stop_by_reason(key: str, value: Any) -> Mapping[EndReason, StopRule]:
    if not isinstance(value, Mapping):
        raise TermsError(key, _("Give an object: reason → rule."))
    return {_code(key, EndReason, reason): _code(key, StopRule, rule) for reason, rule in value.items()}


READERS: dict[str, Reader] = {
    "categories": several_of(PrimaryCategory),
    "placements": several_of(Placement),
    "age_least": whole(0, 40),
    "age_most": whole(0, 60),
    "payee": one_of(PayeeKind),
    "institution_payee": one_of(PayeeKind),
    "cadence": one_of(Cadence),
    "unit": one_of(HelpForm),
    "funding": _funding,
    "offsets": several_of(OffsetKind),
    "excludes": several_of(SchemeCode),
    "higher_of": _flag,
    "tekun_mode": one_of(TekunMode),
    "conflict_mode": one_of(ConflictMode),
    "starts": one_of(Starts),
    "last_month_rule": one_of(LastMonthRule),
    "stop_rule": one_of(StopRule),
    "stop_by_reason": _stop_by_reason,
    "grace_months": whole(0, 24),
    "grace_reasons": several_of(EndReason),
    "extension_stages": several_of(SchoolStage),
    "publicity": _publicity,
    "evidence": _evidence,
    "verify_working_days": whole(1, 60),
    "confirm_working_days": whole(1, 60),
    "recheck": one_of(Recheck),
    "school_proof": _flag,
    "amount_least": _yuan,
    "amount_most": _yuan,
    "visit_days": whole(0, 730),
    "grades": _grades,
    "formulas": _formulas,
    "follows": one_of(SchemeCode, optional=True),
}
# What decides amounts and their split: a change for past months makes them be reckoned again.
MONEY_KEYS = (
    *("cadence", "funding", "offsets", "higher_of", "tekun_mode", "conflict_mode", "formulas"),
    *("last_month_rule", "extension_stages"),
)


def read_changes(changes: Any) -> dict[str, Any]:
    """The terms that a rule sets, by key, checked one by one. TermsError names the key and the remedy."""
    if not isinstance(changes, Mapping) or not changes:
        raise TermsError("changes", _("A rule sets at least one term."))
    found = {}
    for key, value in changes.items():
        if key not in READERS:
            raise TermsError(
                str(key),
                _("There is no such term. Known: %(known)s.") % {"known": ", ".join(sorted(READERS))},
            )
        found[key] = READERS[key](key, value)
    return found


def make_terms(values: Mapping[str, Any], sources: Mapping[str, SetBy]) -> Terms:
    """Terms from every key's value; TermsError for a key that nobody sets or terms that contradict each other."""
    for key in READERS:
        if key not in values:
            raise TermsError(key, _("No rule sets this term."))
    terms = Terms(**values, sources=dict(sources))
    codes = {grade.code for grade in terms.grades}
    if strange := sorted({formula.grade for formula in terms.formulas} - codes - {""}):
        raise TermsError("formulas", _("The grade %(code)s is not among the grades.") % {"code": strange[0]})
    if (
        terms.amount_least is not None
        and terms.amount_most is not None
        and terms.amount_least > terms.amount_most
    ):
        raise TermsError("amount_most", _("The highest amount lies below the lowest."))
    if terms.age_least >= terms.age_most:
        raise TermsError("age_most", _("The highest age lies below the lowest."))
    return terms
