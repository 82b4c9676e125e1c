"""Forms of calls and looks: validation only."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cases.checks.services import DECISIONS
from cases.field.enums import MarkVerdict
from cases.free_text import FreeText

CAME = (("yes", pgettext_lazy("call", "Yes")), ("no", pgettext_lazy("call", "No")), ("unsure", _("Not sure")))
WHEN = (("same", _("On the day that is written")), ("other", _("On another day")), ("unsure", _("Not sure")))
# Field of the form → the question; also the keys of SpotCheck.answers.
QUESTIONS = {
    "came": _("Was somebody at your home?"),
    "when": _("When was it?"),
    "met": _("Whom did they speak with?"),
    "about": _("What was it about?"),
}


class CallForm(forms.Form):
    """What the family said, and what the call has shown."""

    decision = forms.ChoiceField(
        choices=[(name, name) for name in DECISIONS], widget=forms.HiddenInput, required=True
    )
    spoke_with = forms.CharField(label=_("Spoke with"), max_length=60, required=False)
    came = forms.ChoiceField(
        label=QUESTIONS["came"],
        choices=CAME,
        widget=forms.RadioSelect(attrs={"class": "cw-chips"}),
        required=False,
    )
    when = forms.ChoiceField(
        label=QUESTIONS["when"],
        choices=WHEN,
        widget=forms.RadioSelect(attrs={"class": "cw-chips"}),
        required=False,
    )
    met = forms.CharField(label=QUESTIONS["met"], max_length=100, required=False)
    about = FreeText(label=QUESTIONS["about"], max_length=200, required=False)
    words = FreeText(
        label=_("In their words"), max_length=300, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )

    def clean(self) -> dict[str, Any]:
        """A call that confirms says that somebody came; one that contradicts says what was said."""
        given = super().clean() or {}
        decision = given.get("decision")
        if decision == "confirm" and given.get("came") != "yes":
            self.add_error(
                "came", ValidationError(_now("A visit is confirmed when the family says that somebody came."))
            )
        if decision == "contradict" and not given.get("words"):
            self.add_error("words", ValidationError(_now("Write what the family said.")))
        if decision in ("confirm", "contradict") and not given.get("spoke_with"):
            self.add_error("spoke_with", ValidationError(_now("Write whom you spoke with.")))
        return given

    def answers(self) -> dict[str, str]:
        """The answers in the words that were shown, for SpotCheck.answers."""
        shown = {"came": dict(CAME), "when": dict(WHEN)}
        given = {name: self.cleaned_data.get(name, "") for name in QUESTIONS}
        return {name: str(shown.get(name, {}).get(value, value)) for name, value in given.items() if value}


class LookForm(forms.Form):
    """What a look at a marked visit has shown."""

    verdict = forms.ChoiceField(
        label=_("What the look has shown"),
        choices=MarkVerdict.choices,
        widget=forms.RadioSelect(attrs={"class": "cw-choices cw-choices-1"}),
    )
    words = FreeText(
        label=pgettext_lazy("look", "What you found"),
        max_length=300,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
