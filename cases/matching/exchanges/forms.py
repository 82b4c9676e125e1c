"""Forms of exchanges: they read and check what was typed; the services write."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cases.matching.exchanges.people import LABELS, ROLES
from cases.matching.exchanges.services import Wish
from cases.matching.forms import MonthField
from cases.matching.kinds import ListKind


class RequestForm(forms.Form):
    """Whom a partner is asked about, with which columns, what for, and on what ground. Its choices are the kind's."""

    period = MonthField(label=_("Month"), help_text=_("The month that the answer is to speak of."))
    recipient = forms.CharField(label=_("Recipient"), max_length=100)
    roles = forms.MultipleChoiceField(
        label=_("Whom of the files"),
        widget=forms.CheckboxSelectMultiple(attrs={"class": "cw-choices cw-choices-1"}),
    )
    columns = forms.MultipleChoiceField(
        label=_("Columns"),
        widget=forms.CheckboxSelectMultiple(attrs={"class": "cw-chips"}),
        help_text=_("No others can be given: this partner does not need them to find somebody."),
    )
    purpose = forms.CharField(label=_("Purpose"), max_length=200, widget=forms.Textarea(attrs={"rows": 2}))
    basis = forms.CharField(label=_("Legal basis"), max_length=200, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args: Any, kind: ListKind, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        assert kind.asked is not None, "only what is asked for has a form"
        self.kind = kind
        self.fields["roles"].choices = [(role, ROLES[role]) for role in kind.asked.roles]  # type: ignore[attr-defined]
        self.fields["columns"].choices = [(name, LABELS[name]) for name in kind.asked.columns]  # type: ignore[attr-defined]

    def wish(self) -> Wish:
        data = self.cleaned_data
        return Wish(
            kind=self.kind.code,
            period=data["period"],
            recipient=data["recipient"],
            purpose=data["purpose"],
            basis=data["basis"],
            roles=tuple(data["roles"]),
            columns=tuple(data["columns"]),
        )
