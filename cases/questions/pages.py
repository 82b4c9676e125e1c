"""What the county's pages about visit forms show: plain values for their templates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from cases.categories.schemes import Words
from cases.enums import Placement, PrimaryCategory, RiskLevel
from cases.questions.definition import CHOOSING, Definition, Question, QuestionType
from cases.questions.editing import Tree
from cases.questions.reading import CATEGORIES
from cases.visits.enums import CASE_LEVELS, Problem, VisitKind, domain_of


def used_for(found: Definition) -> str:
    """Which children and visits a set is for, in words."""
    parts = [
        *(str(kind.label) for kind in found.kinds if len(found.kinds) < len(VisitKind)),
        *(str(Placement(code).label) for code in Placement.values if code in found.placements),
        *(str(PrimaryCategory(code).label) for code in PrimaryCategory.values if code in found.categories),
        *(str(RiskLevel(code).label) for code in RiskLevel.values if code in found.risks),
    ]
    return _(", ").join(parts) or _("Every child")


def set_rows(sets: Iterable[Definition], own: Iterable[str]) -> list[dict[str, Any]]:
    """The sets in force, as rows of a table."""
    theirs = set(own)
    return [
        {
            "name": str(found.name),
            "url": reverse("cases:visit_form_set", args=[found.code, found.version]),
            "code": found.code,
            "version": found.version,
            "own": found.code in theirs,
            "used_for": used_for(found),
            "questions": len(found.questions()),
            "valid_from": found.valid_from,
            "document": found.document,
        }
        for found in sets
    ]


def question_rows(found: Definition) -> list[dict[str, Any]]:
    """A set as a table: section, question, how it is answered, what calls for attention."""
    rows = []
    for section in found.sections:
        for one in section.questions:
            rows.append(
                {
                    "section": section.title,
                    "code": one.code,
                    "text": one.text,
                    "type": one.type.label,
                    "required": one.required,
                    "only": VisitKind(one.only_kind).label if one.only_kind else "",
                    "options": [option_row(option) for option in one.options],
                    "bounds": _bounds(one),
                }
            )
    return rows


def _bounds(one: Question) -> str:
    if one.type in CHOOSING or (one.least is None and one.most is None):
        return ""
    return f"{one.least if one.least is not None else ''} … {one.most if one.most is not None else ''}"


def option_row(option: Any) -> dict[str, Any]:
    """An answer or a problem with what it calls for."""
    return {
        "code": option.code,
        "text": option.text,
        "concern": option.concern or "",
        "police": option.police_first,
        "problem": Problem(option.problem).label if option.problem else "",
    }


# --- The page that changes a set -------------------------------------------------------------------------


def editor(tree: Tree) -> dict[str, Any]:
    """A definition, complete or not, as rows of fields with their paths."""
    return {
        "code": str(tree.get("code", "")),
        "name": _texts(tree, "name"),
        "choices": [
            _choice("categories", _("Categories"), [(c, PrimaryCategory(c).label) for c in CATEGORIES], tree),
            _choice("placements", _("Placement"), Placement.choices, tree),
            _choice("risks", _("Risk"), RiskLevel.choices, tree),
            _choice("kinds", _("Kinds of visit"), VisitKind.choices, tree),
        ],
        "sections": [
            {
                "path": f"sections.{number}",
                "title": _texts(section, "title"),
                "hint": _texts(section, "hint"),
                "questions": [
                    _question(one, f"sections.{number}.questions.{place}")
                    for place, one in enumerate(_list(section, "questions"))
                ],
            }
            for number, section in enumerate(_list(tree, "sections"))
        ],
        "domains": [
            {
                "path": f"problems.{number}",
                "code": domain.get("code", ""),
                "name": _texts(domain, "name"),
                "options": _options(domain, f"problems.{number}"),
            }
            for number, domain in enumerate(_list(tree, "problems"))
        ],
        "types": QuestionType.choices,
        "kinds": VisitKind.choices,
        "levels": [(level.value, level.label) for level in CASE_LEVELS],
        "known_problems": [(one.value, f"{domain_of(one).label} · {one.label}") for one in Problem],
    }


def _question(one: Mapping[str, Any], path: str) -> dict[str, Any]:
    kind = str(one.get("type", ""))
    return {
        "path": path,
        "code": one.get("code", ""),
        "type": kind,
        "text": _texts(one, "text"),
        "short": _texts(one, "short"),
        "hint": _texts(one, "hint"),
        "required": bool(one.get("required")),
        "only_kind": one.get("only_kind", ""),
        "least": one.get("least", ""),
        "most": one.get("most", ""),
        "options": _options(one, path),
        "choosing": kind in CHOOSING,
        "bounded": kind in (QuestionType.NUMBER, QuestionType.TEXT),
        "many": kind == QuestionType.MANY,
    }


def _options(row: Mapping[str, Any], path: str) -> list[dict[str, Any]]:
    return [
        {
            "path": f"{path}.options.{number}",
            "code": one.get("code", ""),
            "text": _texts(one, "text"),
            "concern": one.get("concern", ""),
            "problem": one.get("problem", ""),
            "police_first": bool(one.get("police_first")),
            "alone": bool(one.get("alone")),
        }
        for number, one in enumerate(_list(row, "options"))
    ]


def _list(row: Any, key: str) -> list[Mapping[str, Any]]:
    """The objects of a list that may be missing or no list at all."""
    found = row.get(key) if isinstance(row, Mapping) else None
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def _texts(row: Mapping[str, Any], key: str) -> Words:
    """Words as they are written, either language empty when it is."""
    value = row.get(key)
    if isinstance(value, Mapping):
        return Words(str(value.get("zh", "")), str(value.get("en", "")))
    return Words(str(value or ""), "")


def _choice(key: str, label: str, known: Iterable[tuple[str, Any]], tree: Tree) -> dict[str, Any]:
    return {"key": key, "label": label, "options": list(known), "chosen": tree.get(key) or []}
