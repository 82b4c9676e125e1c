"""Forms of other help: validation only."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from cases.children.forms import DayField, optional
from cases.circumstances.enums import HelpForm
from cases.free_text import FreeText
from staff.models import Region
from subsidies.aid.enums import (
    DisabilitySubsidyKind,
    InsuranceKind,
    InsurancePayer,
    ReliefRoute,
    ServiceKind,
    ServiceProgramme,
)
from subsidies.aid.insurance import CoverData
from subsidies.aid.relief import ReliefData
from subsidies.aid.welfare_services import ServiceData
from subsidies.forms import RESULT_MAX_BYTES, MonthField
from subsidies.ledger.enums import Source

CHIPS = {"class": "cw-chips"}
FIRST_YEAR, LAST_YEAR = 2000, 2100


class YuanField(forms.DecimalField):
    """Yuan with at most two decimals, never below nothing."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=10, decimal_places=2, min_value=0, **kwargs)


class ServiceForm(forms.Form):
    """A service of 明天计划 or of the county."""

    programme = forms.ChoiceField(
        label=_("Programme"), choices=ServiceProgramme.choices, widget=forms.RadioSelect(attrs=CHIPS)
    )
    kind = forms.ChoiceField(label=_("Service"), choices=ServiceKind.choices)
    date = DayField(label=_("Date"))
    provider = forms.CharField(label=_("Hospital or institution"), max_length=80)
    cost = YuanField(label=_("Cost (yuan)"))
    insurance_paid = YuanField(label=_("Paid by insurance and other aid (yuan)"), initial=0)
    programme_paid = YuanField(
        label=_("Paid by the programme (yuan)"),
        initial=0,
        help_text=_("At most what insurance and other aid leave."),
    )
    note = FreeText(
        label=_("Note"),
        max_length=200,
        required=False,
        help_text=_("No diagnosis: it belongs to the child's file, behind its mask."),
    )

    def value(self) -> ServiceData:
        return ServiceData(**self.cleaned_data)


class ReasonForm(forms.Form):
    """Why something is taken out."""

    reason = forms.CharField(label=_("Reason"), max_length=200)


class SubsidyForm(forms.Form):
    """A disability subsidy as another office pays it."""

    kind = forms.ChoiceField(
        label=_("Subsidy"),
        choices=DisabilitySubsidyKind.choices,
        widget=forms.RadioSelect(attrs={"class": "cw-choices cw-choices-1"}),
    )
    amount = YuanField(label=_("Yuan a month"))
    start_month = MonthField(label=_("From month"))
    end_month = MonthField(label=_("To month"), required=False)
    known_from = forms.CharField(
        label=_("Source"), max_length=120, help_text=_("List and row, or the document.")
    )


class SubsidyEndForm(forms.Form):
    """Its last month."""

    last_month = MonthField(label=_("Last month that is paid"))


class CoverForm(forms.Form):
    """The cover of one child in one year."""

    payer = forms.ChoiceField(
        label=_("Premium paid by"), choices=InsurancePayer.choices, widget=forms.RadioSelect(attrs=CHIPS)
    )
    premium = YuanField(label=_("Premium (yuan)"), required=False)
    source = forms.ChoiceField(
        label=_("Source of funds"), choices=optional(Source.choices, _("None")), required=False
    )
    proof = forms.CharField(
        label=_("Proof of cover"),
        max_length=120,
        required=False,
        help_text=_("Number of the policy or of the receipt."),
    )

    def value(self) -> CoverData:
        return CoverData(**self.cleaned_data)


class CoverListForm(forms.Form):
    """The insurer's list of who is insured."""

    file = forms.FileField(label=_("The insurer's list (.xlsx or .csv)"))
    year = forms.IntegerField(label=_("Year"), min_value=FIRST_YEAR, max_value=LAST_YEAR)
    kind = forms.ChoiceField(label=_("Insurance"), choices=InsuranceKind.choices)
    premium = YuanField(
        label=_("Premium of a person (yuan)"), required=False, help_text=_("For lines that name none.")
    )
    source = forms.ChoiceField(label=_("Source of funds"), choices=Source.choices, initial=Source.COUNTY)

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > RESULT_MAX_BYTES:
            raise ValidationError(_now("The file is larger than 10 MB. Split it and send the parts."))
        return file


class CohortForm(forms.Form):
    """Which insurance of which year the list shows; what cannot be read is the present one."""

    year = forms.IntegerField(label=_("Year"), min_value=FIRST_YEAR, max_value=LAST_YEAR, required=False)
    kind = forms.ChoiceField(label=_("Insurance"), choices=InsuranceKind.choices, required=False)
    show = forms.CharField(max_length=20, required=False, widget=forms.HiddenInput)


class ReliefForm(forms.Form):
    """What a family needs for a time, and who could help."""

    child_name = forms.CharField(label=_("Name of the child or person"), max_length=60)
    identity_number = forms.CharField(
        label=_("Identity number"),
        max_length=24,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    people = forms.IntegerField(label=_("People in the family"), min_value=1, max_value=30, initial=1)
    registered_elsewhere = forms.BooleanField(
        label=_("The family's household registration is elsewhere"), required=False
    )
    registered_place = forms.CharField(label=_("Place of registration"), max_length=120, required=False)
    situation = FreeText(
        label=_("What the family lacks"), max_length=1000, widget=forms.Textarea(attrs={"rows": 3})
    )
    route = forms.ChoiceField(
        label=_("Who helps"),
        choices=ReliefRoute.choices,
        widget=forms.RadioSelect(attrs={"class": "cw-choices cw-choices-1"}),
    )
    form = forms.ChoiceField(
        label=_("Kind of help"), choices=HelpForm.choices, widget=forms.RadioSelect(attrs=CHIPS)
    )
    what = FreeText(label=_("What is given"), max_length=200, required=False)
    amount = YuanField(label=_("Amount or value (yuan)"), required=False)

    def value(self) -> ReliefData:
        return ReliefData(**self.cleaned_data)


class GivenOnForm(forms.Form):
    """The day on which it reached the family, or on which it was paid."""

    day = DayField(label=_("Date"))


class PayForm(forms.Form):
    """Which month and township the page of pay shows."""

    month = MonthField(label=_("Month"), required=False)
    region = forms.TypedChoiceField(label=_("Place"), coerce=int, empty_value=None, required=False)

    def __init__(self, *args: Any, places: list[Region], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if len(places) > 1:
            self.fields["region"].choices = [(p.pk, p.short_name) for p in places]  # type: ignore[attr-defined]
        else:
            del self.fields["region"]

    def chosen(self, places: list[Region], month: dt.date) -> tuple[dt.date, Region]:
        """The month and the place; the given month and the first place where none can be read."""
        self.is_valid()
        wanted = self.cleaned_data.get("region")
        place = next((place for place in places if place.pk == wanted), places[0])
        return self.cleaned_data.get("month") or month, place
