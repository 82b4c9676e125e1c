"""Forms of leaving the register and of taking a leaving back."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cases.children.forms import DayField, optional
from cases.enums import LeaveReason
from cases.free_text import FreeText
from cases.leaving.services import DEMANDED

# Fields beside the day and the reason, in the order of the page. ``reason`` are the details in words.
DETAILS = ("document", "cause", "handling", "destination", "reason")


class LeaveForm(forms.Form):
    """Leaving the register: what the reason demands is shown and asked; the service says what is missing."""

    day = DayField(label=_("Left on"))
    reason_code = forms.ChoiceField(label=_("Reason"), choices=optional(LeaveReason.choices, _("Choose")))
    document = forms.CharField(
        label=_("Number of the certificate"),
        max_length=120,
        required=False,
        help_text=_(
            "Adoption: the registration certificate. Death: the medical certificate or the cancelled registration."
        ),
    )
    cause = FreeText(label=_("Cause of death"), max_length=120, required=False)
    handling = FreeText(label=_("How it was handled"), max_length=200, required=False)
    destination = FreeText(
        label=_("Where to"), max_length=120, required=False, help_text=_("Province, county, township.")
    )
    reason = FreeText(
        label=_("Details"), max_length=300, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.demanded = self._demanded()
        for name in self.demanded or ():
            self.fields[name].required = True

    def _demanded(self) -> tuple[str, ...] | None:
        """Fields that the chosen reason demands; None before one is chosen."""
        chosen = (self.data.get("reason_code") if self.is_bound else self.initial.get("reason_code")) or ""
        if chosen not in LeaveReason.values:
            return None
        return tuple("reason" if name == "text" else name for name in DEMANDED[LeaveReason(chosen)])

    def wanted(self) -> list[forms.BoundField]:
        """The details that the chosen reason demands, and the words; all of them before a reason is chosen."""
        demanded = self.demanded
        if demanded is None:
            return [self[name] for name in DETAILS]
        return [self[name] for name in DETAILS if name in demanded or name == "reason"]

    def details(self) -> dict[str, Any]:
        """What the service takes beside day and reason code."""
        return {name: self.cleaned_data[name] for name in DETAILS}


class ReturnForm(forms.Form):
    """Why a leaving was entered in error."""

    reason = FreeText(
        label=_("Why it was an error"), max_length=300, widget=forms.Textarea(attrs={"rows": 3})
    )
