"""What lists and papers of visits ask: the month, the place, the reason."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from cases.children.forms import optional
from cases.children.paper_forms import PaperForm
from cases.visits.listing import VisitFilters
from staff.models import Region


class MonthField(forms.CharField):
    """A month, picked with the browser's own control: 2026-10."""

    widget = forms.TextInput(attrs={"type": "month", "maxlength": 7})

    def clean(self, value: Any) -> str:
        text: str = super().clean(value)
        if text:
            try:
                dt.date.fromisoformat(f"{text}-01")
            except ValueError as error:
                raise ValidationError(_("Write the month as 2026-10.")) from error
        return text


class VisitListForm(forms.Form):
    """Which visits: a month and a place within the reader's area, or those of one child."""

    month = MonthField(label=_("Month"), required=False)
    region = forms.TypedChoiceField(label=_("Place"), coerce=int, empty_value=None, required=False)
    child = forms.IntegerField(required=False, min_value=1, widget=forms.HiddenInput)

    def __init__(self, *args: Any, places: list[Region], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if places:
            self.fields["region"].choices = optional([(p.pk, p.short_name) for p in places])  # type: ignore[attr-defined]
        else:
            del self.fields["region"]

    def filters(self, this_month: str) -> VisitFilters:
        """What was asked for; a field that cannot be read counts as empty, and without a child there is always a month."""
        self.is_valid()
        given = {name: value for name, value in self.cleaned_data.items() if value}
        if "child" not in given:
            given = {"month": this_month} | given
        return VisitFilters(**given)


class VisitsPaperForm(PaperForm):
    """The reason, and whether photos are in it."""

    photos = forms.BooleanField(label=_("With the photos"), required=False, initial=True)
