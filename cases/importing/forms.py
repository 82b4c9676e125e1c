"""Forms of an import: validation only, services write."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cases.importing.services import MOST_BYTES


class RegisterFileForm(forms.Form):
    """The file."""

    file = forms.FileField(
        label=_("Register file"),
        help_text=_(
            "xlsx or CSV; title rows, several sheets and totals may stay. At most 30 MB and 50,000 rows."
        ),
        widget=forms.FileInput(attrs={"accept": ".xlsx,.xlsm,.csv,.txt"}),
        error_messages={"empty": _("The file is empty.")},
    )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > MOST_BYTES:
            raise forms.ValidationError(_("The file is too large. Split it by township and send the parts."))
        return file


class TakeOverForm(forms.Form):
    """How the checked rows are taken over."""

    extent = forms.ChoiceField(
        label=_("Rows with problems"),
        choices=[
            ("good", _("Take the good rows over; the others stay outside")),
            ("all", _("Take nothing over until every row is right")),
        ],
        initial="good",
        widget=forms.RadioSelect(attrs={"class": "cw-choices cw-choices-1"}),
    )
    update = forms.ChoiceField(
        label=_("Children who are on the register already"),
        choices=[
            ("yes", _("Bring them up to date; empty cells erase nothing")),
            ("no", _("Leave them as they are")),
        ],
        initial="yes",
        widget=forms.RadioSelect(attrs={"class": "cw-choices cw-choices-1"}),
    )
    duplicates = forms.ChoiceField(
        label=_("Possibly known rows nobody has decided"),
        choices=[
            ("skip", _("Leave them out")),
            ("update", _("They are the same children: update")),
            ("add", _("They are other children: add")),
        ],
        initial="skip",
        widget=forms.RadioSelect(attrs={"class": "cw-choices cw-choices-1"}),
    )


class TakeBackForm(forms.Form):
    """Why an import is taken back."""

    reason = forms.CharField(label=_("Reason"), max_length=200, widget=forms.Textarea(attrs={"rows": 2}))


class CorrectionsForm(forms.Form):
    """Numbers in full only for a reason."""

    reason = forms.CharField(
        label=_("Reason for full numbers"),
        max_length=200,
        required=False,
        help_text=_("Empty: identity numbers, accounts and telephones are masked in the file."),
    )
