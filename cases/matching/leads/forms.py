"""Forms of potential children: they read and check what was typed; the services write."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cases.children.forms import DayField, optional
from cases.enums import Sex
from cases.free_text import FreeText
from cases.matching.enums import LeadWhy
from cases.matching.leads.selectors import BROUGHT_IN, MEASURES, SHOWS, LeadFilters
from cases.matching.leads.services import Clue
from staff.models import Region
from staff.scope import current


class LeadFilterForm(forms.Form):
    """What the list is narrowed to."""

    region = forms.TypedChoiceField(label=_("Place"), coerce=int, empty_value=None, required=False)
    show = forms.ChoiceField(
        choices=[(code, code) for code in SHOWS if code], required=False, widget=forms.HiddenInput
    )
    measure = forms.ChoiceField(
        choices=[(code, code) for code in (*MEASURES, BROUGHT_IN)], required=False, widget=forms.HiddenInput
    )
    start = forms.DateField(required=False, widget=forms.HiddenInput)
    end = forms.DateField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, places: list[Region], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices: list[tuple[Any, Any]] = [(place.pk, place.short_name) for place in places]
        # A list that names neither village nor township leaves a child with the county.
        choices += [(low, _("Township not known")) for low, _high in current().ranges if low % 1_000_000 == 0]
        self.fields["region"].choices = optional(choices)  # type: ignore[attr-defined]
        if not places:
            self.fields["region"].widget = forms.HiddenInput()

    def filters(self) -> LeadFilters:
        """What was understood; the rest is no restriction."""
        self.is_valid()
        return LeadFilters(**{name: value for name, value in self.cleaned_data.items() if value})


class YearForm(forms.Form):
    """The year of the funnel."""

    year = forms.TypedChoiceField(label=_("Year"), coerce=int, required=False)

    def __init__(self, *args: Any, years: list[int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["year"].choices = [(year, str(year)) for year in years]  # type: ignore[attr-defined]
        self.latest = years[0]

    def year_chosen(self) -> int:
        return (
            int(self.cleaned_data["year"]) if self.is_valid() and self.cleaned_data["year"] else self.latest
        )


class ClueForm(forms.Form):
    """A child met on a door-to-door round, whom no list names."""

    region = forms.TypedChoiceField(label=_("Village"), coerce=int)
    name = forms.CharField(label=_("Name"), max_length=60)
    id_number = forms.CharField(
        label=_("Identity number"),
        max_length=24,
        required=False,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}
        ),
    )
    birth_date = DayField(
        label=_("Date of birth"), required=False, help_text=_("With an identity number this may stay empty.")
    )
    sex = forms.ChoiceField(
        label=_("Sex"),
        choices=Sex.choices,
        required=False,
        widget=forms.RadioSelect(attrs={"class": "cw-chips"}),
    )
    head_name = forms.CharField(label=_("Head of household"), max_length=60, required=False)
    address = forms.CharField(label=_("Address"), max_length=200, required=False)
    why = forms.MultipleChoiceField(
        label=_("What speaks for it"),
        choices=LeadWhy.choices,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "cw-choices cw-choices-1"}),
    )
    clue = FreeText(
        label=_("What was seen or heard"), max_length=1000, widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, *args: Any, villages: list[Region], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices: list[tuple[Any, Any]] = [(village.pk, village.short_name) for village in villages]
        self.fields["region"].choices = choices if len(choices) == 1 else optional(choices, _("Choose"))  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if not data.get("id_number") and not data.get("birth_date"):
            self.add_error("birth_date", _("Give the date of birth or the identity number."))
        return data

    def value(self) -> Clue:
        data = self.cleaned_data
        others = {name: data[name] for name in data if name not in ("region", "why")}
        return Clue(region_id=data["region"], why=tuple(data["why"]), **others)


class LeadVisitForm(forms.Form):
    """The record of a visit to a potential child's home (筛查台账)."""

    day = DayField(label=_("Day of the visit"))
    finding = FreeText(
        label=_("What was found"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("Who looks after the child, where the parents are, how the child lives."),
    )
    problem = FreeText(
        label=_("Problem found"), max_length=200, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    solution = FreeText(
        label=_("Solution"),
        max_length=200,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Such as: help to apply, household registration, back to school."),
    )


class AssignForm(forms.Form):
    """Whose village the child lives in, and so who makes the visit."""

    village = forms.TypedChoiceField(label=_("Village and its director"), coerce=int)

    def __init__(self, *args: Any, villages: list[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["village"].choices = optional(list(villages), _("Choose"))  # type: ignore[attr-defined]
