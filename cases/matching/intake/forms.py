"""Forms of taking lists in: validation only, services write."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cases.matching import kinds
from cases.matching.forms import MonthField

MOST_BYTES = 100 * 2**20  # of an upload, which the web server holds while it is read
ENDINGS = ".xlsx,.xls,.et,.csv,.txt,.zip"


class FilesInput(forms.FileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """One file or several."""

    widget = FilesInput(attrs={"accept": ENDINGS, "multiple": True})

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        several = data if isinstance(data, list | tuple) else [data]
        return [super(FilesField, self).clean(each, initial) for each in several or [None]]


class UploadForm(forms.Form):
    """List files, what they are and for which month."""

    file = FilesField(
        label=_("List files"),
        help_text=_(
            "xlsx, xls, CSV or text as the offices sent them, several at once or packed as .zip; title rows, merged "
            "cells and totals may stay."
        ),
        error_messages={"empty": _("The file is empty. Ask the sender for the list again.")},
    )
    kind = forms.ChoiceField(label=_("List"), choices=kinds.choices)
    period = MonthField(label=_("Month"))

    def clean_file(self) -> list[Any]:
        files: list[Any] = self.cleaned_data["file"]
        if sum(file.size for file in files) > MOST_BYTES:
            raise forms.ValidationError(
                _("The file is too large. Split the list by township and send the parts.")
            )
        return files


class ReasonForm(forms.Form):
    """Why rows are taken out of the system with their numbers in full."""

    reason = forms.CharField(label=_("Reason"), max_length=200)
