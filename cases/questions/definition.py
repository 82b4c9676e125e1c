"""What a visit asks (走访表), as data: questions, answers, problems, and what calls for attention. Pure.

A definition is a JSON object, packaged in ``cases/questions/sets`` or a county's own in :class:`cases.models.QuestionSet`::

    {"code", "version", "name": {"zh", "en"}, "document", "valid_from": "2026-01-01",
     "categories": ["left_behind"], "placements": ["institution"], "risks": ["red"], "kinds": ["special"],
     "sections": [{"title", "hint", "questions": [
         {"code", "type", "text", "short", "hint", "required", "only_kind", "least", "most", "options": [
             {"code", "text", "concern": "blue", "police_first": true, "problem": "guardian_lost", "alone": true}]}]}],
     "problems": [{"code", "name", "options": [{"code", "text", "concern", "police_first"}]}]}

Empty or absent ``categories``, ``placements``, ``risks`` or ``kinds`` mean all of them. ``only_kind`` asks a question in
visits of one kind only. ``concern`` is the level of case that an answer suggests, beside being no longer quiet;
``police_first`` says whom to call before anything else. ``problem`` makes an answer the same finding as a known problem;
``alone`` excludes the other answers. ``least`` and ``most`` bound a number, ``most`` the length of a text.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from cases.categories.schemes import Words
from cases.enums import RiskLevel
from cases.visits.enums import FocusQuestion, Problem, VisitKind, domain_of

YES, NO = "yes", "no"
# What a question of this code answers, is the plan of help (TZ 服务方案).
SERVICE = "service"


class QuestionType(models.TextChoices):
    """How a question is answered; what Visit.answers holds: true or false, a code, codes, a text, a number, a day."""

    YES_NO = "yes_no", _("Yes or no")
    ONE = "one", _("One of several")
    MANY = "many", _("Several of several")
    TEXT = "text", _("Words")
    NUMBER = "number", _("Whole number")
    DATE = "date", _("Day")


CHOOSING = frozenset({QuestionType.YES_NO, QuestionType.ONE, QuestionType.MANY})


@dataclass(frozen=True, slots=True)
class Option:
    """An answer, or a problem. ``concern`` None: it calls for nothing by itself."""

    code: str
    text: Words
    concern: RiskLevel | None = None
    police_first: bool = False
    problem: str = ""
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """One question. ``short`` is its name in lists of answers; ``options`` are empty unless one is chosen."""

    code: str
    type: QuestionType
    text: Words
    short: Words
    hint: Words | None
    required: bool
    only_kind: str
    options: tuple[Option, ...]
    least: int | None
    most: int | None

    def option(self, code: str) -> Option | None:
        """The answer with this code, or None."""
        return next((one for one in self.options if one.code == code), None)

    def chosen(self, answer: Any) -> tuple[Option, ...]:
        """The options that a stored answer names. ValueError for one that the question has not: a finding must not be lost."""
        if self.type not in CHOOSING:
            return ()
        codes = [YES if answer else NO] if self.type == QuestionType.YES_NO else answer
        found = tuple((code, self.option(code)) for code in ([codes] if isinstance(codes, str) else codes))
        if unknown := [code for code, option in found if option is None]:
            raise ValueError(f"{self.code}: unknown answer {unknown[0]!r}")
        return tuple(option for _code, option in found if option is not None)


@dataclass(frozen=True, slots=True)
class Section:
    """Questions under one title."""

    title: Words
    hint: Words | None
    questions: tuple[Question, ...]


@dataclass(frozen=True, slots=True)
class Domain:
    """Problems under one title (问题领域)."""

    code: str
    name: Words
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class FormRef:
    """Which form, and which version of it."""

    code: str
    version: int


# What was asked before there were forms, and what a visit without a form code has answered.
FIRST_FORM = FormRef("regular", 1)


@dataclass(frozen=True, slots=True)
class Definition:
    """A checked question set; ``source`` is the JSON object it was read from."""

    code: str
    version: int
    name: Words
    document: str
    valid_from: dt.date
    categories: frozenset[str]
    placements: frozenset[str]
    risks: frozenset[str]
    kinds: tuple[VisitKind, ...]
    sections: tuple[Section, ...]
    domains: tuple[Domain, ...]
    source: Mapping[str, Any]

    @property
    def ref(self) -> FormRef:
        return FormRef(self.code, self.version)

    def questions(self) -> dict[str, Question]:
        """Every question by its code, in order."""
        return {one.code: one for section in self.sections for one in section.questions}

    def asked(self, kind: str) -> Iterator[Question]:
        """The questions of a visit of this kind, in order."""
        return (one for one in self.questions().values() if one.only_kind in ("", kind))

    def problems(self) -> dict[str, Option]:
        """Every problem that can be ticked, by its code, in order."""
        return {one.code: one for domain in self.domains for one in domain.options}

    def implied(self, answers: Mapping[str, Any]) -> list[str]:
        """The problems that answers report. ValueError as :meth:`Question.chosen`."""
        found = (option.problem for _question, option in self.picked(answers) if option.problem)
        return list(dict.fromkeys(found))

    def grouped(self, problems: Collection[str], answers: Mapping[str, Any]) -> dict[str, list[str]]:
        """Visit.problems: what was ticked and what the answers report, by domain and in order.

        ValueError for a code that is neither on the form nor a known problem.
        """
        wanted = {*problems, *self.implied(answers)}
        found = {
            domain.code: [one.code for one in domain.options if one.code in wanted] for domain in self.domains
        }
        listed = {code for codes in found.values() for code in codes}
        for code in sorted(wanted - listed):
            problem = Problem(code)
            found.setdefault(domain_of(problem).value, []).append(problem.value)
        return {domain: codes for domain, codes in found.items() if codes}

    def picked(self, answers: Mapping[str, Any]) -> Iterator[tuple[Question, Option]]:
        """What was answered by choosing, in the order of the form. ValueError for what the form does not ask."""
        asked = self.questions()
        if unknown := sorted(set(answers) - set(asked) - set(FocusQuestion.values)):
            raise ValueError(f"{self.code} {self.version}: unknown question {unknown[0]!r}")
        for code, question in asked.items():
            if code in answers:
                for option in question.chosen(answers[code]):
                    yield question, option

    def declared(
        self, answers: Mapping[str, Any], problems: Iterable[str]
    ) -> Iterator[tuple[str, Words, Option]]:
        """Answers and problems that call for something by the form itself: code, words, and the option."""
        for question, option in self.picked(answers):
            if option.concern is not None:
                short, text = question.short, option.text
                words = Words(f"{short.zh}：{text.zh}", f"{short.en}: {text.en}")
                yield f"{question.code}:{option.code}", words, option
        known = self.problems()
        for code in problems:
            listed = known.get(code)
            if listed is None:
                Problem(code)
            elif listed.concern is not None:
                yield code, listed.text, listed
