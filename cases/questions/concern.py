"""How much a visit gives cause for concern: what its answers, problems and colour call for."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from cases.enums import RiskLevel
from cases.models import Visit
from cases.questions.choice import definition_of
from cases.questions.definition import Definition
from cases.visits.enums import FocusQuestion
from cases.visits.rules import Escalation, escalation


def concern_of(
    definition: Definition, answers: Mapping[str, Any], problems: Collection[str], risk: str
) -> str:
    """The worst level that was found: ``red``, ``yellow``, ``blue``, or empty when nothing was.

    Never below the level of the case that :func:`cases.visits.rules.escalation` suggests. A problem, and a focus question
    answered 有, are at least blue. ``problems`` is a flat collection of codes. ValueError for a code that neither the form
    nor the register knows.
    """
    levels = []
    if suggested := suggestion(definition, answers, problems, risk):
        levels.append(suggested.level)
    if problems or definition.implied(answers) or any(answers.get(code) is True for code in FocusQuestion):
        levels.append(RiskLevel.BLUE)
    return max(levels, key=lambda level: level.rank).value if levels else ""


def suggestion(
    definition: Definition, answers: Mapping[str, Any], problems: Collection[str], risk: str
) -> Escalation | None:
    """The case that a visit on this form suggests: the known table, and what the form declares. ValueError as above."""
    found = {*problems, *definition.implied(answers)}
    return escalation(answers, sorted(found), risk, definition)


def concern_of_visit(visit: Visit) -> str:
    """The same of a stored visit, by its own form."""
    return concern_of(definition_of(visit), visit.answers, flat(visit.problems), visit.risk)


def suggestion_of_visit(visit: Visit) -> Escalation | None:
    """The case that a stored visit suggests, by its own form."""
    return suggestion(definition_of(visit), visit.answers, flat(visit.problems), visit.risk)


def flat(problems: Mapping[str, Collection[str]]) -> list[str]:
    """Visit.problems as codes."""
    return [code for codes in problems.values() for code in codes]
