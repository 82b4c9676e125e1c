"""Forms of the children's list: what it shows, what is asked for the selected, why it is exported."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cases.child_forms import DayField, optional
from cases.child_list import Filters
from cases.enums import Placement, PrimaryCategory, RiskLevel
from staff.models import Region


class FilterForm(forms.Form):
    """The filters of the children's list. What cannot be read is no restriction."""

    region = forms.TypedChoiceField(label=_("Place"), coerce=int, empty_value=None, required=False)
    category = forms.ChoiceField(
        label=_("Category"), choices=optional(PrimaryCategory.choices), required=False
    )
    risk = forms.ChoiceField(label=_("Risk"), choices=optional(RiskLevel.choices), required=False)
    placement = forms.ChoiceField(label=_("Placement"), choices=optional(Placement.choices), required=False)
    sort = forms.ChoiceField(
        label=_("Order"),
        choices=[("", _("As usual")), ("due", _("Due first")), ("name", _("By name"))],
        required=False,
    )
    due = forms.ChoiceField(
        choices=[("", ""), ("overdue", ""), ("week", "")], required=False, widget=forms.HiddenInput
    )
    left = forms.BooleanField(required=False, widget=forms.HiddenInput)
    q = forms.CharField(max_length=60, required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, places: list[Region], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if places:
            self.fields["region"].choices = optional([(p.pk, p.short_name) for p in places])  # type: ignore[attr-defined]
        else:
            del self.fields["region"]
        # The search box of the filter bar carries q itself.
        self.shown = [name for name in self.fields if name != "q"]

    def filters(self) -> Filters:
        self.is_valid()
        return Filters(
            **{name: value for name, value in self.cleaned_data.items() if name in Filters.__annotations__}
        )


class VisitRequestForm(forms.Form):
    """What is asked for the selected children."""

    act = forms.ChoiceField(
        label=_("What to do"),
        choices=[("ask", _("Ask for a visit")), ("date", _("Bring the next visit forward"))],
        initial="ask",
        widget=forms.RadioSelect(attrs={"class": "cw-choices cw-choices-1"}),
    )
    day = DayField(label=_("By what day"))
    reason = forms.CharField(label=_("What for"), max_length=200)

    def __init__(self, *args: Any, today: dt.date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["day"].widget.attrs["min"] = today.isoformat()


class ExportForm(forms.Form):
    """Why the list is taken out of the system."""

    reason = forms.CharField(label=_("What the list is for"), max_length=200)
