"""Forms of cases: validation only."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.case_selectors import Person
from cases.visit_enums import CASE_LEVELS, CaseOutcome


class CaseForm(forms.Form):
    """What a new case needs."""

    level = forms.ChoiceField(
        label=gettext_lazy("Level of the case"),
        choices=[(level.value, level.label) for level in CASE_LEVELS],
        widget=forms.RadioSelect(attrs={"class": "cw-chips"}),
    )
    title = forms.CharField(label=gettext_lazy("What the case is about"), max_length=80)
    summary = forms.CharField(
        label=gettext_lazy("Situation"),
        max_length=4000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 5}),
    )
    restricted = forms.BooleanField(
        label=gettext_lazy("Only people named on the case may see it"),
        required=False,
        help_text=gettext_lazy(
            "For sexual abuse, HIV, or a reporter who must not be known. You name the people next."
        ),
    )


class ActionForm(forms.Form):
    """One action of the plan. ``people`` are those whose post covers the child's village."""

    title = forms.CharField(label=gettext_lazy("Action"), max_length=120)
    owner = forms.TypedChoiceField(label=gettext_lazy("Who"), coerce=int)
    due_date = forms.DateField(label=gettext_lazy("By when"), widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, *args: Any, people: list[Person], today: dt.date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        self.fields["owner"].choices = _choices(people)  # type: ignore[attr-defined]

    def clean_due_date(self) -> dt.date:
        due: dt.date = self.cleaned_data["due_date"]
        if due < self.today:
            raise ValidationError(_("This day has passed."))
        return due


class DoneForm(forms.Form):
    """What came of an action."""

    note = forms.CharField(
        label=gettext_lazy("What came of it"), max_length=200, widget=forms.Textarea(attrs={"rows": 2})
    )


class TransitionForm(forms.Form):
    """A step of a case; the workflow itself says which words it needs."""

    action = forms.ChoiceField(choices=[("escalate", ""), ("take_over", ""), ("close", "")])
    reason = forms.CharField(required=False, max_length=500)
    outcome = forms.ChoiceField(choices=[("", ""), *CaseOutcome.choices], required=False)


class CloseForm(forms.Form):
    """How a case ended."""

    outcome = forms.ChoiceField(
        label=gettext_lazy("Outcome"),
        choices=CaseOutcome.choices,
        widget=forms.RadioSelect(attrs={"class": "cw-chips"}),
    )
    reason = forms.CharField(
        label=gettext_lazy("Outcome in words"), max_length=500, widget=forms.Textarea(attrs={"rows": 3})
    )


class NameForm(forms.Form):
    """One more person for a restricted case, from those whose post covers the child's village."""

    person = forms.TypedChoiceField(label=gettext_lazy("Person"), coerce=int)

    def __init__(self, *args: Any, people: list[Person], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["person"].choices = _choices(people)  # type: ignore[attr-defined]


def _choices(people: list[Person]) -> list[tuple[int, str]]:
    """One choice a person, with the posts they hold."""
    posts: dict[int, list[str]] = {}
    for person in people:
        posts.setdefault(person.user_id, [person.name]).append(person.title)
    return [(user_id, " · ".join(dict.fromkeys(words))) for user_id, words in posts.items()]
