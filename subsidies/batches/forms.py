"""Forms of batches: validation only."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy

from cases.free_text import FreeText
from subsidies.enums import IssueKind


class OverBudgetForm(forms.Form):
    """Why a batch is approved although funds do not suffice for it."""

    over_budget_note = FreeText(
        label=gettext_lazy("Reason in words, with the document"),
        max_length=200,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class PasswordForm(forms.Form):
    """The password typed again."""

    password = forms.CharField(
        label=gettext_lazy("Your password"),
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class NotesForm(forms.Form):
    """One note for every exception of a kind that has none yet; ``reason`` narrows corrections to those of one reason."""

    kind = forms.ChoiceField(choices=IssueKind.choices)
    reason = forms.CharField(max_length=20, required=False)
    note = FreeText(label=gettext_lazy("Note"), max_length=200)


class RepairForm(forms.Form):
    """Lines whose account is right although the bank refused it, and why."""

    note = FreeText(
        label=gettext_lazy("Why the same account is right"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("Needed when a line is paid again to the account that was refused."),
    )
