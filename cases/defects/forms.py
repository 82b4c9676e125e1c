"""Forms of defects: they read and check what was typed; the services write."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cases.children.forms import DayField, optional
from cases.circumstances.enums import DefectKind
from cases.defects.selectors import MEASURES, SHOWS, DefectFilters
from cases.free_text import FreeText
from staff.models import Region, User


class DefectFilterForm(forms.Form):
    """What the list of defects is narrowed to."""

    kind = forms.ChoiceField(label=_("Defect"), choices=optional(DefectKind.choices), required=False)
    region = forms.TypedChoiceField(label=_("Place"), coerce=int, empty_value=None, required=False)
    show = forms.ChoiceField(
        choices=[(code, code) for code in SHOWS if code], required=False, widget=forms.HiddenInput
    )
    measure = forms.ChoiceField(
        choices=[(code, code) for code in MEASURES], required=False, widget=forms.HiddenInput
    )
    start = forms.DateField(required=False, widget=forms.HiddenInput)
    end = forms.DateField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, places: list[Region], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["region"].choices = optional([(place.pk, place.short_name) for place in places])  # type: ignore[attr-defined]
        if not places:
            self.fields["region"].widget = forms.HiddenInput()

    def filters(self) -> DefectFilters:
        """What was understood; the rest is no restriction."""
        self.is_valid()
        data = self.cleaned_data
        return DefectFilters(
            show=data.get("show", ""),
            kind=data.get("kind", ""),
            region=data.get("region"),
            measure=data.get("measure", ""),
            start=data.get("start"),
            end=data.get("end"),
        )


class OpenForm(forms.Form):
    """A defect that the register does not show."""

    kind = forms.ChoiceField(
        label=_("What the child lacks"),
        choices=DefectKind.choices,
        widget=forms.RadioSelect(attrs={"class": "cw-choices cw-choices-1"}),
    )
    note = FreeText(label=_("How it showed"), max_length=200, widget=forms.Textarea(attrs={"rows": 3}))


class StepForm(forms.Form):
    """What was done about a defect."""

    date = DayField(label=_("Date"))
    text = FreeText(label=_("What was done"), max_length=1000, widget=forms.Textarea(attrs={"rows": 3}))


class OwnerForm(forms.Form):
    """Who is responsible from now on."""

    owner = forms.TypedChoiceField(
        label=_("Responsible"),
        coerce=int,
        widget=forms.RadioSelect(attrs={"class": "cw-choices cw-choices-1"}),
    )

    def __init__(self, *args: Any, people: list[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].choices = [(one.pk, one.name) for one in people]  # type: ignore[attr-defined]


class PeriodForm(forms.Form):
    """The days between which is counted."""

    start = DayField(label=_("From"), required=False)
    end = DayField(label=_("Until"), required=False)

    def period(self, default: tuple[dt.date, dt.date]) -> tuple[dt.date, dt.date]:
        """First and last day, in order; what is missing or cannot be read is the default's."""
        self.is_valid()
        data = getattr(self, "cleaned_data", {})
        start, end = data.get("start") or default[0], data.get("end") or default[1]
        return (start, end) if start <= end else (end, start)
