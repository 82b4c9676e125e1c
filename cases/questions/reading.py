"""A question set from its JSON object, checked: every error names the place and the remedy. Pure."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Mapping
from typing import Any

from django.utils.translation import gettext as _

from cases.categories.schemes import Words
from cases.enums import Placement, PrimaryCategory, RiskLevel
from cases.questions.definition import (
    CHOOSING,
    NO,
    YES,
    Definition,
    Domain,
    Option,
    Question,
    QuestionType,
    Section,
)
from cases.visits.enums import CASE_LEVELS, FocusQuestion, Problem, VisitKind, domain_of

CODE = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
LONGEST_TEXT = 2000
MOST_QUESTIONS = 60
MOST_OPTIONS = 40
# A form of its own would tell why a child is in the protected category.
CATEGORIES = [code for code in PrimaryCategory.values if code != PrimaryCategory.PROTECTED]
_KEYS = {
    "set": {
        *("code", "version", "name", "document", "valid_from", "categories", "placements", "risks", "kinds"),
        *("sections", "problems"),
    },
    "section": {"title", "hint", "questions"},
    "question": {
        *("code", "type", "text", "short", "hint", "required", "only_kind", "least", "most", "options"),
    },
    "option": {"code", "text", "concern", "police_first", "problem", "alone"},
    "domain": {"code", "name", "options"},
}
YES_NO = (
    Option(NO, Words("没有", "No, none")),
    Option(YES, Words("有", "Yes, there is")),
)


class SetError(ValueError):
    """The data are no question set; the message names the place and the remedy."""


def read_set(data: Mapping[str, Any]) -> Definition:
    """A question set from its JSON object, checked. SetError names what is wrong and what would be right."""
    try:
        _known(data, "set", _("the form"))
        found = Definition(
            code=_code(data.get("code"), _("the form")),
            version=_whole(data["version"], "version", 1, 32000),
            name=_words(data.get("name"), _("the name of the form")),
            document=str(data.get("document", "")),
            valid_from=_day(data["valid_from"]),
            categories=frozenset(_codes(data, "categories", CATEGORIES)),
            placements=frozenset(_codes(data, "placements", Placement.values)),
            risks=frozenset(_codes(data, "risks", RiskLevel.values)),
            kinds=tuple(
                kind for kind in VisitKind if kind in (_codes(data, "kinds", VisitKind.values) or VisitKind)
            ),
            sections=tuple(_section(row) for row in data.get("sections", ())),
            domains=tuple(_domain(row) for row in data.get("problems", ())),
            source=data,
        )
    except SetError:
        raise
    except KeyError as error:
        raise SetError(_("The form lacks the key %(key)s. Add it.") % {"key": error}) from error
    except (TypeError, ValueError, AttributeError) as error:
        raise SetError(_("The form cannot be read: %(error)s") % {"error": error}) from error
    _check(found)
    return found


# --- Reading --------------------------------------------------------------------------------------------


def _known(row: Mapping[str, Any], what: str, where: str) -> None:
    if unknown := sorted(set(row) - _KEYS[what]):
        raise SetError(
            _("%(key)s is no key of %(where)s. Use: %(known)s.")
            % {"key": unknown[0], "where": where, "known": ", ".join(sorted(_KEYS[what]))}
        )


def _code(value: Any, where: str) -> str:
    if not isinstance(value, str) or not CODE.fullmatch(value):
        raise SetError(
            _(
                "%(where)s: the code %(code)s will not do. Use at most 40 small letters, digits, hyphens and underscores."
            )
            % {"where": where, "code": repr(value)}
        )
    return value


def _words(value: Any, where: str) -> Words:
    if not value or isinstance(value, str):
        value = {"zh": value or "", "en": value or ""}
    chinese = str(value.get("zh", "")).strip()
    words = Words(chinese, str(value.get("en") or "").strip() or chinese)
    if not chinese:
        raise SetError(_("%(where)s: write the Chinese words.") % {"where": where})
    if max(len(words.zh), len(words.en)) > LONGEST_TEXT:
        raise SetError(_("%(where)s: the words are too long.") % {"where": where})
    return words


def _perhaps(row: Mapping[str, Any], key: str, where: str) -> Words | None:
    value = row.get(key)
    empty = not value or (isinstance(value, Mapping) and not any(value.values()))
    return None if empty else _words(value, f"{where} · {key}")


def _whole(value: Any, where: str, least: int, most: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise SetError(
            _("%(where)s: write a whole number from %(least)s to %(most)s, not %(value)s.")
            % {"where": where, "least": least, "most": most, "value": repr(value)}
        )
    return value


def _day(value: Any) -> dt.date:
    try:
        return dt.date.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise SetError(
            _("valid_from: write a day as 2026-10-31, not %(value)s.") % {"value": repr(value)}
        ) from error


def _one_of(value: Any, where: str, known: Collection[str]) -> str:
    if value not in known:
        raise SetError(
            _("%(where)s: %(value)s is not known. Use one of: %(known)s.")
            % {"where": where, "value": repr(value), "known": ", ".join(known)}
        )
    return str(value)


def _codes(data: Mapping[str, Any], key: str, known: Collection[str]) -> list[str]:
    return [_one_of(one, key, known) for one in data.get(key) or ()]


def _flag(row: Mapping[str, Any], key: str, where: str) -> bool:
    value = row.get(key, False)
    if not isinstance(value, bool):
        raise SetError(
            _("%(where)s: %(key)s is true or false, not %(value)s.")
            % {"where": where, "key": key, "value": repr(value)}
        )
    return value


def _section(row: Mapping[str, Any]) -> Section:
    _known(row, "section", _("a section"))
    title = _words(row.get("title"), _("the title of a section"))
    return Section(
        title, _perhaps(row, "hint", title.zh), tuple(_question(one) for one in row.get("questions", ()))
    )


def _question(row: Mapping[str, Any]) -> Question:
    code = _code(row.get("code"), _("a question"))
    _known(row, "question", code)
    kind = QuestionType(_one_of(row.get("type"), code, QuestionType.values))
    text = _words(row.get("text"), code)
    given = tuple(_option(one, code) for one in row.get("options", ()))
    bounds = (-1_000_000, 1_000_000) if kind == QuestionType.NUMBER else (1, LONGEST_TEXT)
    least, most = (
        None if row.get(key) is None else _whole(row[key], f"{code} · {key}", *bounds)
        for key in ("least", "most")
    )
    return Question(
        code=code,
        type=kind,
        text=text,
        short=_perhaps(row, "short", code) or text,
        hint=_perhaps(row, "hint", code),
        required=_flag(row, "required", code),
        only_kind=_one_of(row["only_kind"], f"{code} · only_kind", VisitKind.values)
        if row.get("only_kind")
        else "",
        options=given or (YES_NO if kind == QuestionType.YES_NO else ()),
        least=least,
        most=most,
    )


def _option(row: Mapping[str, Any], where: str) -> Option:
    code = _code(row.get("code"), where)
    place = f"{where} · {code}"
    _known(row, "option", place)
    concern = row.get("concern")
    return Option(
        code=code,
        text=_words(row.get("text"), place),
        concern=RiskLevel(_one_of(concern, f"{place} · concern", CASE_LEVELS)) if concern else None,
        police_first=_flag(row, "police_first", place),
        problem=_one_of(row["problem"], f"{place} · problem", Problem.values) if row.get("problem") else "",
        alone=_flag(row, "alone", place),
    )


def _domain(row: Mapping[str, Any]) -> Domain:
    code = _code(row.get("code"), _("a group of problems"))
    _known(row, "domain", code)
    return Domain(
        code, _words(row.get("name"), code), tuple(_option(one, code) for one in row.get("options", ()))
    )


# --- What must hold together ----------------------------------------------------------------------------


def _check(found: Definition) -> None:
    questions = [one for section in found.sections for one in section.questions]
    if not 1 <= len(questions) <= MOST_QUESTIONS:
        raise SetError(_("A form has 1 to %(most)d questions.") % {"most": MOST_QUESTIONS})
    if empty := next((one for one in found.sections if not one.questions), None):
        raise SetError(_("The section %(title)s has no question. Remove it.") % {"title": empty.title.zh})
    _once([one.code for one in questions], _("the question"))
    for question in questions:
        _check_question(question, found)
    _once([domain.code for domain in found.domains], _("the group of problems"))
    for domain in found.domains:
        if not domain.options:
            raise SetError(_("%(where)s has no problem. Remove it.") % {"where": domain.name.zh})
        for one in domain.options:
            _check_problem(one, domain)
    implied = [one.problem for question in questions for one in question.options if one.problem]
    _once(
        [*dict.fromkeys(implied), *(one.code for domain in found.domains for one in domain.options)],
        _("the problem"),
    )


def _once(codes: list[str], what: str) -> None:
    if twice := next((code for code in codes if codes.count(code) > 1), None):
        raise SetError(
            _("%(what)s %(code)s stands twice. Remove one, or give it a code of its own.")
            % {"what": what, "code": twice}
        )


def _check_question(one: Question, found: Definition) -> None:
    if one.code in FocusQuestion.values and one.type != QuestionType.YES_NO:
        raise SetError(
            _("%(code)s is a known question that is answered yes or no. Give another question another code.")
            % {"code": one.code}
        )
    if one.type == QuestionType.YES_NO and sorted(option.code for option in one.options) != [NO, YES]:
        raise SetError(
            _("%(code)s: a question of yes or no has the two answers yes and no.") % {"code": one.code}
        )
    if one.type in CHOOSING and not 2 <= len(one.options) <= MOST_OPTIONS:
        raise SetError(_("%(code)s: give 2 to %(most)d answers.") % {"code": one.code, "most": MOST_OPTIONS})
    if one.type not in CHOOSING and one.options:
        raise SetError(_("%(code)s: this type of question has no answers to choose.") % {"code": one.code})
    _once([option.code for option in one.options], one.code)
    if one.only_kind and one.only_kind not in found.kinds:
        raise SetError(
            _("%(code)s is asked in a kind of visit that the form is not for.") % {"code": one.code}
        )
    if one.least is not None and one.most is not None and one.least > one.most:
        raise SetError(_("%(code)s: least is more than most.") % {"code": one.code})
    for option in one.options:
        if option.alone and one.type != QuestionType.MANY:
            raise SetError(
                _("%(code)s: only where several may be chosen, one can stand alone.") % {"code": one.code}
            )
        if option.police_first and option.concern is None and not option.problem:
            raise SetError(
                _("%(code)s · %(option)s: give the level of concern for which the police are called.")
                % {"code": one.code, "option": option.code}
            )


def _check_problem(one: Option, domain: Domain) -> None:
    where = {"code": one.code, "domain": domain.code}
    if one.problem or one.alone:
        raise SetError(_("%(code)s: a problem has neither problem nor alone.") % where)
    if one.code in Problem.values:
        if domain_of(Problem(one.code)) != domain.code:
            raise SetError(
                _("%(code)s is a known problem of another group than %(domain)s. Move it to %(right)s.")
                % {**where, "right": domain_of(Problem(one.code)).value}
            )
    elif one.concern is None:
        raise SetError(
            _("%(code)s is a problem of the county's own: give its level of concern (blue, yellow or red).")
            % where
        )
