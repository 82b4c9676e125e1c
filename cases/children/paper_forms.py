"""What a paper is for, and what stands on it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cases.children.paper import parts_in_order


class PaperForm(forms.Form):
    """The reason, which stands on every page and in the access record."""

    reason = forms.CharField(
        label=_("What the paper is for"),
        max_length=200,
        help_text=_("It stands on every page with your name and the time, and in the access record."),
    )


class ChildPaperForm(PaperForm):
    """Parts of the file; numbers in full and protected facts only for those who may."""

    parts = forms.MultipleChoiceField(
        label=_("Parts of the file"),
        widget=forms.CheckboxSelectMultiple(attrs={"class": "cw-chips"}),
        error_messages={"required": _("Choose at least one part.")},
    )
    full = forms.BooleanField(
        label=_("Write numbers and notes on health in full"),
        required=False,
        help_text=_("Otherwise they are masked as on the screen."),
    )
    protected = forms.BooleanField(
        label=_("With the protected facts that I am named on"),
        required=False,
        help_text=_("Sexual abuse, HIV, who reported it. Keep the paper under lock."),
    )

    def __init__(self, *args: Any, may_full: bool, may_protected: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = parts_in_order()
        self.fields["parts"].choices = choices  # type: ignore[attr-defined]
        self.fields["parts"].initial = [key for key, _label in choices]
        if not may_full:
            del self.fields["full"]
        if not may_protected:
            del self.fields["protected"]
