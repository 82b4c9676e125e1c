"""Forms about two files of one child."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cases.duplicates.merge_fields import KEPT, MERGED, default_choices, differing
from cases.free_text import FreeText
from cases.models import Child


class MergeForm(forms.Form):
    """For every group of fields that differs, whose value stays; and why the two files are one child's."""

    reason = FreeText(
        label=_("Why these are one child"),
        max_length=200,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Such as: checked against the household register; entered twice."),
    )

    def __init__(self, *args: Any, kept: Child, merged: Child, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.groups = differing(kept, merged)
        defaults = default_choices(kept, merged)
        for group in self.groups:
            sides = [(KEPT, _("This file")), (MERGED, _("The other file"))]
            if group.key == "risk":  # not chosen: the worse colour stays
                sides = [side for side in sides if side[0] == defaults["risk"]]
            self.fields[f"choose-{group.key}"] = forms.ChoiceField(
                label=group.label, choices=sides, initial=defaults[group.key]
            )

    def choices(self) -> dict[str, str]:
        """As merge_children takes them."""
        return {group.key: self.cleaned_data[f"choose-{group.key}"] for group in self.groups}


class PartForm(forms.Form):
    """Why two files are two children; may be left out."""

    reason = forms.CharField(label=_("Reason"), max_length=200, required=False)


class UndoForm(forms.Form):
    """Why a merge was wrong."""

    reason = FreeText(
        label=_("Why the merge is undone"), max_length=200, widget=forms.Textarea(attrs={"rows": 3})
    )
