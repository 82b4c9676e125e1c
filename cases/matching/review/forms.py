"""Forms of the review: validation only, services write."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _


class AlikeForm(forms.Form):
    """One decision about many pairs with the same reasons."""

    same = forms.TypedChoiceField(
        label=_("All these pairs are"),
        choices=[("1", _("the same person")), ("0", _("not the same person"))],
        coerce=lambda value: value == "1",
        widget=forms.RadioSelect(attrs={"class": "cw-chips"}),
    )
    reason = forms.CharField(
        label=_("Reason"),
        max_length=200,
        help_text=_("Kept with every one of the pairs."),
        widget=forms.TextInput(),
    )
    which = forms.ChoiceField(choices=[("all", ""), ("ticked", "")])
    shown = forms.CharField(max_length=64)
    ticked = forms.TypedMultipleChoiceField(required=False, coerce=int)

    def __init__(self, *args: object, pairs: list[int], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["ticked"].choices = [(str(pk), "") for pk in pairs]  # type: ignore[attr-defined]


class RuleForm(forms.Form):
    """A person's word on a rule."""

    automatic = forms.TypedChoiceField(
        choices=[("1", ""), ("0", "")], coerce=lambda value: value == "1", widget=forms.HiddenInput()
    )
    reason = forms.CharField(label=_("Reason"), max_length=200, widget=forms.TextInput())


class ProposalForm(forms.Form):
    """What one person proposed in one go, as it was shown."""

    by = forms.IntegerField()
    at = forms.DateTimeField(input_formats=["%Y-%m-%dT%H:%M:%S.%f%z"])
    shown = forms.CharField(max_length=64)
