"""Forms of needs and help: they read what was typed; the services write."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cases.children.forms import DayField, optional
from cases.circumstances.enums import HelpArea, HelpForm, NeedState
from cases.free_text import FreeText
from cases.help.selectors import HelpFilters
from cases.help.services import SETTLED, HelpData
from cases.models import Need
from staff.models import Region


class NeedForm(forms.Form):
    """What a child needs."""

    area = forms.ChoiceField(
        label=_("Area"),
        choices=HelpArea.choices,
        widget=forms.RadioSelect(attrs={"class": "cw-chips"}),
    )
    text = FreeText(label=_("Need"), max_length=200)
    noted_date = DayField(label=_("Noted on"), required=False, help_text=_("Empty means today."))


class GivenForm(forms.Form):
    """One line of the ledger."""

    need = forms.TypedChoiceField(label=_("Answers the need"), coerce=int, empty_value=None, required=False)
    need_state = forms.ChoiceField(
        label=_("The need is now"),
        choices=optional(
            [choice for choice in NeedState.choices if choice[0] != NeedState.DROPPED], _("As it was")
        ),
        required=False,
    )
    area = forms.ChoiceField(
        label=_("Area"), choices=HelpArea.choices, widget=forms.RadioSelect(attrs={"class": "cw-chips"})
    )
    form = forms.ChoiceField(
        label=_("Form"), choices=HelpForm.choices, widget=forms.RadioSelect(attrs={"class": "cw-chips"})
    )
    what = FreeText(label=_("What was given"), max_length=200)
    amount = forms.DecimalField(
        label=_("Amount or value (yuan)"),
        max_digits=10,
        decimal_places=2,
        required=False,
        help_text=_("Needed for money; for goods and services as far as it is known."),
    )
    giver = forms.CharField(label=_("Given by"), max_length=80)
    date = DayField(label=_("Date"))

    def __init__(self, *args: Any, needs: list[Need], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.needs = {need.pk: need for need in needs}
        open_ones = [
            (need.pk, f"{need.get_area_display()} · {need.text}")
            for need in needs
            if need.state not in SETTLED
        ]
        if open_ones:
            self.fields["need"].choices = optional(open_ones, _("None in particular"))  # type: ignore[attr-defined]
        else:
            del self.fields["need"], self.fields["need_state"]

    def value(self) -> HelpData:
        data = dict(self.cleaned_data)
        need = self.needs.get(data.pop("need", None) or 0)
        return HelpData(need=need, **data)


class RemoveForm(forms.Form):
    """Why a line is taken out."""

    reason = forms.CharField(label=_("Reason"), max_length=200)


class LedgerFilterForm(forms.Form):
    """The filters of the ledger. What cannot be read is no restriction."""

    region = forms.TypedChoiceField(label=_("Place"), coerce=int, empty_value=None, required=False)
    area = forms.ChoiceField(label=_("Area"), choices=optional(HelpArea.choices), required=False)
    form = forms.ChoiceField(label=_("Form"), choices=optional(HelpForm.choices), required=False)
    giver = forms.CharField(label=_("Given by"), max_length=80, required=False)
    since = DayField(label=_("From"), required=False)
    until = DayField(label=_("To"), required=False)

    def __init__(self, *args: Any, places: list[Region], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if places:
            self.fields["region"].choices = optional([(p.pk, p.short_name) for p in places])  # type: ignore[attr-defined]
        else:
            del self.fields["region"]

    def filters(self, today: dt.date) -> HelpFilters:
        """The filters; without a first day, from the beginning of this year."""
        self.is_valid()
        data = {name: value for name, value in self.cleaned_data.items() if value}
        since = data.pop("since", None) or dt.date(today.year, 1, 1)
        until = data.pop("until", None)
        return HelpFilters(since=since.isoformat(), until=until.isoformat() if until else "", **data)
