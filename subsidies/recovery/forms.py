"""Forms of money that is asked back: validation only."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.documents import DocumentField
from staff.models import Region
from subsidies.ledger.enums import RecoveryPartKind
from subsidies.models import Scheme
from subsidies.recovery.instalments import MOST_INSTALMENTS
from subsidies.recovery.selectors import SHOWS, RecoveryFilters


class RecoveryFilterForm(forms.Form):
    """The filters of the list; what cannot be read restricts nothing."""

    scheme = forms.ModelChoiceField(
        label=gettext_lazy("Scheme"), queryset=Scheme.objects.all(), required=False, empty_label=""
    )
    region = forms.TypedChoiceField(label=gettext_lazy("Place"), coerce=int, empty_value=None, required=False)
    show = forms.CharField(max_length=20, required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, places: list[Region], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        if places:
            fields["region"].choices = [("", ""), *((place.pk, place.short_name) for place in places)]
        else:
            del self.fields["region"]

    def filters(self) -> RecoveryFilters:
        """What is chosen."""
        self.is_valid()
        data = self.cleaned_data
        show, scheme = data.get("show", ""), data.get("scheme")
        return RecoveryFilters(
            show if show in SHOWS else "open", scheme.pk if scheme else None, data.get("region")
        )


class PartForm(forms.Form):
    """What came back, with its receipt; or what a document waives, with that document."""

    amount = forms.DecimalField(label=gettext_lazy("Amount (yuan)"), max_digits=10, decimal_places=2)
    date = forms.DateField(label=gettext_lazy("Date"), widget=forms.DateInput(attrs={"type": "date"}))
    document = forms.CharField(label=gettext_lazy("Number of the receipt"), max_length=120, required=False)
    file = DocumentField(label=gettext_lazy("Receipt (photo or PDF)"), required=False)

    def __init__(self, *args: Any, kind: str, region_id: int, today: dt.date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        fields["file"].limit(region_id, today)
        if kind == RecoveryPartKind.WAIVED:
            fields["document"].label = gettext_lazy("Number of the document")
            fields["file"].label = gettext_lazy("The document (photo or PDF)")
            fields["document"].required = fields["file"].required = True

    def clean_amount(self) -> Any:
        amount = self.cleaned_data["amount"]
        if amount <= 0:
            raise ValidationError(_("The amount must be more than 0."))
        return amount


class PlanForm(forms.Form):
    """In how many monthly instalments the family pays back, and from which day."""

    instalments = forms.IntegerField(
        label=gettext_lazy("Instalments"), min_value=1, max_value=MOST_INSTALMENTS
    )
    first_due_date = forms.DateField(
        label=gettext_lazy("First instalment due"), widget=forms.DateInput(attrs={"type": "date"})
    )
    note = forms.CharField(label=gettext_lazy("What was agreed"), max_length=200, required=False)
