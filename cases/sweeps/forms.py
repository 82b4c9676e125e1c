"""Forms of sweeps: they read and check what was typed; the services write."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cases.children.forms import DayField, optional
from cases.enums import PrimaryCategory, RiskLevel
from cases.sweeps.services import SweepData


class SweepForm(forms.Form):
    """What is planned. ``sets`` are the question sets that may be asked for: pairs of code and name."""

    title = forms.CharField(label=_("Name of the sweep"), max_length=80)
    document = forms.CharField(
        label=_("Number of the document"),
        max_length=120,
        required=False,
        help_text=_("The notice that orders it, if there is one."),
    )
    start_date = DayField(label=_("From"))
    end_date = DayField(label=_("To"))
    categories = forms.MultipleChoiceField(
        label=_("Categories"),
        choices=PrimaryCategory.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "cw-chips"}),
        help_text=_("None chosen: children of every category."),
    )
    risks = forms.MultipleChoiceField(
        label=_("Colours"),
        choices=RiskLevel.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "cw-chips"}),
        help_text=_("None chosen: children of every colour."),
    )
    form_code = forms.ChoiceField(
        label=_("Visit form"),
        required=False,
        help_text=_("When one is chosen, only visits recorded on it count."),
    )

    def __init__(self, *args: Any, sets: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["form_code"].choices = optional(sets, _("Any form"))  # type: ignore[attr-defined]

    def sweep_data(self) -> SweepData:
        """What was typed, of a valid form."""
        data = self.cleaned_data
        return SweepData(
            title=data["title"].strip(),
            document=data["document"].strip(),
            start_date=data["start_date"],
            end_date=data["end_date"],
            categories=tuple(data["categories"]),
            risks=tuple(data["risks"]),
            form_code=data["form_code"],
        )


class AskForm(forms.Form):
    """By when the missing visits are to be made."""

    day = DayField(label=_("By when"))
