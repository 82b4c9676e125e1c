"""A question as a field of the visit form: ``answer_<code>``, what it accepts, and what is stored of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from cases.free_text import FreeText
from cases.questions.definition import NO, YES, Definition, Question, QuestionType

LONGEST = 2000  # characters of a text whose question sets no limit
Q = QuestionType


class SeveralField(forms.MultipleChoiceField):
    """Several answers, of which some exclude the others."""

    def __init__(self, *, alone: frozenset[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.alone = alone

    def validate(self, value: list[str]) -> None:
        super().validate(value)
        if len(value) > 1 and (single := self.alone & set(value)):
            label = dict(self.choices)[min(single)]  # type: ignore[arg-type]
            raise ValidationError(_("Either “%(answer)s” or the others.") % {"answer": label})


def answer_name(code: str) -> str:
    """Name of the field that answers a question."""
    return f"answer_{code}"


def field_for(question: Question) -> forms.Field:
    """The field of a question. Never required by itself: whether it must be answered depends on the kind of visit."""
    common: dict[str, Any] = {"label": str(question.short), "required": False}
    choices = [(one.code, str(one.text)) for one in question.options]
    match question.type:
        case Q.YES_NO | Q.ONE:
            return forms.ChoiceField(choices=choices, widget=forms.RadioSelect, **common)
        case Q.MANY:
            alone = frozenset(one.code for one in question.options if one.alone)
            return SeveralField(choices=choices, alone=alone, widget=forms.CheckboxSelectMultiple, **common)
        case Q.NUMBER:
            return forms.IntegerField(min_value=question.least, max_value=question.most, **common)
        case Q.DATE:
            widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
            return forms.DateField(widget=widget, **common)
        case _:
            return FreeText(
                max_length=question.most or LONGEST, widget=forms.Textarea(attrs={"rows": 3}), **common
            )


def missing(question: Question) -> str:
    """What to say of a required question without an answer."""
    if question.type == Q.YES_NO and {one.text.en for one in question.options} >= {"Yes, there is"}:
        return _("Answer yes or no.")
    return _("Choose an answer.") if question.options else _("Write an answer.")


def stored(question: Question, given: Any) -> Any:
    """A cleaned value as Visit.answers holds it; None when there is no answer."""
    if given in (None, "", []):
        return None
    if question.type == Q.YES_NO:
        return given == YES
    if isinstance(given, dt.date):
        return given.isoformat()
    return given


def initial_of(definition: Definition, answers: Mapping[str, Any]) -> dict[str, Any]:
    """Stored answers as initial values of the form's fields."""
    return {
        answer_name(code): (YES if answers[code] else NO) if question.type == Q.YES_NO else answers[code]
        for code, question in definition.questions().items()
        if code in answers
    }
