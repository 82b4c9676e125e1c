"""Validation of what people type about referrals."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cases.eligibility.illness import not_here
from referrals.models import Provider, Referral


class ReferralForm(forms.ModelForm):
    """What the provider is asked. The summary is the only text it sees."""

    class Meta:
        model = Referral
        fields = ("provider", "need", "summary", "due_date")
        widgets = {
            "summary": forms.Textarea(attrs={"rows": 4}),
            "due_date": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        }

    def clean_summary(self) -> str:
        text: str = self.cleaned_data["summary"]
        not_here(text)
        return text

    def __init__(self, *args: Any, county: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["provider"].queryset = Provider.objects.filter(  # type: ignore[attr-defined]
            is_active=True, region_id__gte=county, region_id__lte=county + 999_999
        )
        self.fields["provider"].empty_label = _("Choose a provider")  # type: ignore[attr-defined]
