"""Forms of the county's pages about visit forms: validation only."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.children.forms import DayField

LARGEST = 500_000  # bytes of an uploaded set


class PublishForm(forms.Form):
    """From when a set counts, and the document that says so."""

    valid_from = DayField(label=gettext_lazy("In force from"))
    document = forms.CharField(
        label=gettext_lazy("Document that sets it"),
        max_length=120,
        help_text=gettext_lazy("Issuing office, number and clause."),
    )


class WithdrawForm(PublishForm):
    """From when a set is used no longer."""

    valid_from = DayField(label=gettext_lazy("No longer from"))


class UploadForm(forms.Form):
    """A set as a file, as the page gives it out."""

    file = forms.FileField(label=gettext_lazy("File of a form (JSON)"))

    def clean_file(self) -> dict[str, Any]:
        upload = self.cleaned_data["file"]
        if upload.size > LARGEST:
            raise ValidationError(_("The file is larger than any form."))
        try:
            data = json.loads(upload.read().decode("utf-8-sig"))
        except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
            raise ValidationError(
                _("This is no JSON file of a form: %(error)s") % {"error": error}
            ) from error
        if not isinstance(data, dict):
            raise ValidationError(_("This is no JSON file of a form."))
        return data


class PeriodForm(forms.Form):
    """Between which days problems are counted."""

    start = DayField(label=gettext_lazy("From"))
    end = DayField(label=gettext_lazy("To"))

    def days(self, today: dt.date) -> tuple[dt.date, dt.date]:
        """The days asked for, else this year so far."""
        self.is_valid()
        start = self.cleaned_data.get("start") or today.replace(month=1, day=1)
        return start, max(start, self.cleaned_data.get("end") or today)
