"""Who receives a child's money, as a form."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cases.children.family import PayeeData
from cases.children.forms import Choices, DayField, optional
from cases.enums import Relation


class PayeeForm(forms.Form):
    """Who receives the money; asked for which money only where ``purposes`` offer a choice."""

    purpose = forms.ChoiceField(
        label=_("For"),
        required=False,
        help_text=_("The account for one allowance alone, such as the student's own for a study grant."),
    )
    name = forms.CharField(label=_("Account holder"), max_length=60)
    relation = forms.ChoiceField(
        label=_("Relation to the child"), choices=optional(Relation.choices, _("Choose"))
    )
    bank_name = forms.CharField(label=_("Bank"), max_length=80)
    account = forms.CharField(
        label=_("Account number"),
        max_length=40,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
    start_date = DayField(label=_("From"), required=False, help_text=_("Empty means today."))

    def __init__(self, *args: Any, purposes: Choices | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if purposes and len(purposes) > 1:
            self.fields["purpose"].choices = purposes  # type: ignore[attr-defined]
        else:
            del self.fields["purpose"]

    def value(self) -> PayeeData:
        return PayeeData(**self.cleaned_data)
