"""Forms of list matching: validation only, services write."""

from __future__ import annotations

import datetime as dt

from django import forms
from django.utils.translation import gettext_lazy as _


class MonthInput(forms.DateInput):
    input_type = "month"


class MonthField(forms.DateField):
    """A month, written 2026-10; its first day as a date."""

    widget = MonthInput(format="%Y-%m")
    input_formats = ["%Y-%m"]
    default_error_messages = {"invalid": _("Write the month as 2026-10.")}


def first_of_month(text: str, otherwise: dt.date) -> dt.date:
    """``2026-10`` → 2026-10-01; anything else → the month of ``otherwise``."""
    try:
        return dt.date.fromisoformat(f"{text}-01")
    except ValueError:
        return otherwise.replace(day=1)
