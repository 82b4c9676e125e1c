"""Forms of cases: validation only."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from cases.casework.selectors import Person, person_choices
from cases.eligibility.illness import NOT_HERE, names_protected_condition
from cases.visits.enums import CASE_LEVELS


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

    def clean(self) -> dict[str, Any]:
        """What only named people may read is written in a restricted case, nowhere else."""
        data = super().clean() or {}
        if not data.get("restricted"):
            for name in ("title", "summary"):
                if names_protected_condition(data.get(name) or ""):
                    self.add_error(name, NOT_HERE)
        return data


class NameForm(forms.Form):
    """One more person for a restricted case, from those whose post covers the child's village."""

    person = forms.TypedChoiceField(label=gettext_lazy("Person"), coerce=int)

    def __init__(self, *args: Any, people: list[Person], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["person"].choices = person_choices(people)  # type: ignore[attr-defined]
