"""Forms of the subsidies: validation only."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.free_text import FreeText
from subsidies.enums import EndReason, HoldReason, OffsetKind
from subsidies.models import Scheme

MONTH = re.compile(r"(\d{4})-(\d{1,2})(?:-\d{1,2})?")
RESULT_MAX_BYTES = 10 * 1024 * 1024


def number_or_zero(text: str) -> int:
    """A primary key from an address; 0, which nothing has, when it is none."""
    return int(text) if text.isdecimal() and len(text) < 19 else 0


def month_or_none(text: str) -> dt.date | None:
    """``2026-10`` → 2026-10-01; None when it is no month."""
    found = MONTH.fullmatch(text.strip())
    if found is None or not 1 <= int(found[2]) <= 12 or not 2000 <= int(found[1]) <= 2100:
        return None
    return dt.date(int(found[1]), int(found[2]), 1)


class MonthField(forms.Field):
    """A month, written 2026-10; its value is the first day."""

    widget = forms.TextInput(
        attrs={"type": "month", "placeholder": "2026-10", "pattern": "[0-9]{4}-[0-9]{2}"}
    )

    def to_python(self, value: Any) -> dt.date | None:
        if isinstance(value, dt.date):
            return value.replace(day=1)
        if value in self.empty_values:
            return None
        found = month_or_none(str(value))
        if found is None:
            raise ValidationError(_("Write the month as 2026-10."))
        return found

    def prepare_value(self, value: Any) -> Any:
        return f"{value:%Y-%m}" if isinstance(value, dt.date) else value


class BatchForm(forms.Form):
    """Which month of which scheme is prepared."""

    scheme = forms.ModelChoiceField(
        label=gettext_lazy("Scheme"), queryset=Scheme.objects.filter(is_active=True), empty_label=None
    )
    month = MonthField(label=gettext_lazy("Month"))


class ResultForm(forms.Form):
    """A result file of the bank."""

    file = forms.FileField(label=gettext_lazy("The bank's result file (.xlsx, .csv or .txt)"))

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > RESULT_MAX_BYTES:
            raise ValidationError(_("The file is larger than 10 MB. Ask the bank for one batch at a time."))
        return file


class IssueForm(forms.Form):
    """What the clerk does about an exception: a note, or the line is held back (or let go again)."""

    act = forms.ChoiceField(choices=[("note", ""), ("hold", ""), ("unhold", ""), ("decline", "")])
    note = FreeText(label=gettext_lazy("Note"), max_length=200)
    reason_code = forms.ChoiceField(label=gettext_lazy("Reason"), choices=HoldReason.choices, required=False)


class EndForm(forms.Form):
    """Proposing to end, and ending: why, and the last month that is paid."""

    reason_code = forms.ChoiceField(
        label=gettext_lazy("Reason"),
        choices=EndReason.choices,
        widget=forms.RadioSelect(attrs={"class": "cw-chips"}),
    )
    reason = FreeText(
        label=gettext_lazy("In words"), max_length=1000, widget=forms.Textarea(attrs={"rows": 2})
    )
    day = forms.DateField(
        label=gettext_lazy("Day it happened"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    last_month = MonthField(
        label=gettext_lazy("Last month that is paid"),
        required=False,
        help_text=gettext_lazy("Left empty: by the terms of the scheme, from the day it happened."),
    )


class OffsetForm(forms.Form):
    """Another benefit that is set off."""

    kind = forms.ChoiceField(
        label=gettext_lazy("Benefit"),
        choices=OffsetKind.choices,
        widget=forms.RadioSelect(attrs={"class": "cw-choices cw-choices-1"}),
    )
    amount = forms.DecimalField(
        label=gettext_lazy("Yuan a month, the child's own share"),
        max_digits=10,
        decimal_places=2,
        min_value=0,
    )
    start_month = MonthField(label=gettext_lazy("From month"))
    end_month = MonthField(label=gettext_lazy("To month"), required=False)
    source = forms.CharField(
        label=gettext_lazy("Source"), max_length=200, help_text=gettext_lazy("List and row, or the document.")
    )


class EndOffsetForm(forms.Form):
    """The last month in which a benefit is set off."""

    last_month = MonthField(label=gettext_lazy("Last month in which it counts"))
    source = forms.CharField(label=gettext_lazy("Source"), max_length=200)
