"""Forms of budgets: validation only."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from subsidies.ledger.enums import Source

# How far back and ahead a budget year may lie.
YEARS = 1


class AppropriationForm(forms.Form):
    """Money that a document gives the county."""

    source = forms.ChoiceField(label=gettext_lazy("Source of funds"), choices=Source.choices)
    year = forms.IntegerField(label=gettext_lazy("Budget year"))
    amount = forms.DecimalField(
        label=gettext_lazy("Amount (yuan)"),
        max_digits=14,
        decimal_places=2,
        validators=[MinValueValidator(Decimal("0.01"))],
    )
    document = forms.CharField(
        label=gettext_lazy("Number of the document"),
        max_length=120,
        help_text=gettext_lazy("Of the letter that gives the money, such as 渝财社〔2026〕12号."),
    )
    day = forms.DateField(
        label=gettext_lazy("Date of the document"), widget=forms.DateInput(attrs={"type": "date"})
    )
    text = forms.CharField(label=gettext_lazy("Note"), max_length=200, required=False)
    client_id = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)

    def clean_year(self) -> int:
        year: int = self.cleaned_data["year"]
        today = timezone.localdate()
        if abs(year - today.year) > YEARS:
            raise ValidationError(_("A budget year lies at most a year back or ahead."))
        return year

    def clean_day(self) -> dt.date:
        day: dt.date = self.cleaned_data["day"]
        today = timezone.localdate()
        if not today.replace(year=today.year - 2, day=1) <= day <= today:
            raise ValidationError(_("Write a day up to today and of the last two years."))
        return day


class CorrectionForm(forms.Form):
    """Why an appropriation is turned back."""

    document = forms.CharField(
        label=gettext_lazy("Number of the document"),
        max_length=120,
        help_text=gettext_lazy("Of the letter or the internal note that shows the right figure."),
    )
    text = forms.CharField(label=gettext_lazy("What was wrong"), max_length=200)
