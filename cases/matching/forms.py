"""Forms of list matching: validation only, services write."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cases.discrepancy_enums import Found
from cases.models import Discrepancy
from cases.models.matching import ListKind
from staff.models import Region

MOST_BYTES = 100 * 2**20  # of an upload, which the web server holds while it is read


class MonthInput(forms.DateInput):
    input_type = "month"


class MonthField(forms.DateField):
    """A month, written 2026-10; its first day as a date."""

    widget = MonthInput(format="%Y-%m")
    input_formats = ["%Y-%m"]
    default_error_messages = {"invalid": _("Write the month as 2026-10.")}


class UploadForm(forms.Form):
    """A list file, what it is and for which month."""

    file = forms.FileField(
        label=_("List file"),
        help_text=_("xlsx or CSV as the office sent it; title rows, merged cells and totals may stay."),
        widget=forms.FileInput(attrs={"accept": ".xlsx,.xlsm,.csv,.txt"}),
        error_messages={"empty": _("The file is empty. Ask the sender for the list again.")},
    )
    kind = forms.ChoiceField(label=_("List"), choices=ListKind.choices)
    period = MonthField(label=_("Month"))

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > MOST_BYTES:
            raise forms.ValidationError(
                _("The file is too large. Split the list by township and send the parts.")
            )
        return file


class DiscrepancyFilter(forms.Form):
    """Filters above the list of discrepancies; anything unknown is ignored."""

    kind = forms.ChoiceField(label=_("Kind"), required=False)
    list_kind = forms.ChoiceField(label=_("List"), required=False)
    township = forms.TypedChoiceField(label=_("Township"), required=False, coerce=int, empty_value=None)

    def __init__(self, *args: Any, townships: list[Region], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = [("", _("All")), *Discrepancy.Kind.choices]  # type: ignore[attr-defined]
        self.fields["list_kind"].choices = [("", _("All")), *ListKind.choices]  # type: ignore[attr-defined]
        if townships:
            choices = [("", _("All")), *((r.code, r.name) for r in townships)]
            self.fields["township"].choices = choices  # type: ignore[attr-defined]
        else:
            del self.fields["township"]


class FoundForm(forms.Form):
    """What the township found."""

    found = forms.ChoiceField(
        label=_("Result of the check"),
        choices=Found.choices,
        widget=forms.RadioSelect(attrs={"class": "cw-chips"}),
    )
    text = forms.CharField(
        label=_("How it was checked, and what is so"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class ReasonForm(forms.Form):
    """The clerk's reason for a decision."""

    reason = forms.CharField(label=_("Reason"), max_length=500, widget=forms.Textarea(attrs={"rows": 2}))


def first_of_month(text: str, otherwise: dt.date) -> dt.date:
    """``2026-10`` → 2026-10-01; anything else → the month of ``otherwise``."""
    try:
        return dt.date.fromisoformat(f"{text}-01")
    except ValueError:
        return otherwise.replace(day=1)
