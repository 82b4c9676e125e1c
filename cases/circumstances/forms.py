"""Forms of the tab "circumstances": absences, disability cards, illnesses, and taking a suggestion over."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cases.children.forms import DayField, optional
from cases.circumstances.services import AbsenceData, CardData, IllnessData
from cases.enums import DisabilityKind
from cases.free_text import FreeText

LEVELS = [(level, str(level)) for level in (1, 2, 3, 4)]
KINDS = [(kind.value, kind.label) for kind in DisabilityKind if kind is not DisabilityKind.MULTIPLE]


class AbsenceForm(forms.Form):
    """Which parent is away, since when, and where."""

    parent = forms.ChoiceField(
        label=_("Parent"),
        choices=[("father", _("Father")), ("mother", _("Mother"))],
        widget=forms.RadioSelect(attrs={"class": "cw-chips"}),
    )
    start_date = DayField(label=_("Away since"))
    end_date = DayField(
        label=_("Away until"),
        required=False,
        help_text=_("Empty while away. Short visits home do not end it."),
    )
    destination = FreeText(
        label=_("Where to"), max_length=80, required=False, help_text=_("Province, city, county.")
    )
    destination_code = forms.RegexField(
        r"^(\d{6}|\d{12})$",
        label=_("Division code of the county there"),
        required=False,
        help_text=_("6 digits. It decides whether the parent is across counties."),
        error_messages={"invalid": _("Write 6 digits (the county) or 12 (the place).")},
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
    )
    note = FreeText(label=_("Note"), max_length=200, required=False)

    def value(self) -> AbsenceData:
        data = dict(self.cleaned_data)
        data["destination_code"] = int(data["destination_code"]) if data["destination_code"] else None
        return AbsenceData(**data)


class CardForm(forms.Form):
    """A disability card; up to two components of multiple disabilities."""

    number = forms.CharField(
        label=_("Number of the disability card"),
        max_length=30,
        help_text=_("20 digits; a replaced card has B1 or so behind. Kind and level are read from it."),
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}
        ),
    )
    start_date = DayField(label=_("Issued on"))
    end_date = DayField(label=_("Valid until"), required=False)
    kind_1 = forms.ChoiceField(
        label=_("Of multiple disabilities: the first"), choices=optional(KINDS, _("None")), required=False
    )
    level_1 = forms.ChoiceField(label=_("Its level"), choices=optional(LEVELS, _("None")), required=False)
    kind_2 = forms.ChoiceField(
        label=_("Of multiple disabilities: the second"), choices=optional(KINDS, _("None")), required=False
    )
    level_2 = forms.ChoiceField(label=_("Its level"), choices=optional(LEVELS, _("None")), required=False)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for number in "12":
            if bool(data.get(f"kind_{number}")) is not bool(data.get(f"level_{number}")):
                self.add_error(f"level_{number}", _("Choose kind and level, or neither."))
        return data

    def value(self) -> CardData:
        data = self.cleaned_data
        parts = tuple(
            {"kind": data[f"kind_{number}"], "level": int(data[f"level_{number}"])}
            for number in "12"
            if data[f"kind_{number}"]
        )
        return CardData(data["number"], data["start_date"], data["end_date"], parts)


class IllnessForm(forms.Form):
    """An illness; whether it is severe follows from the county's list and the cost."""

    diagnosis = forms.CharField(
        label=_("Diagnosis"),
        max_length=200,
        help_text=_(
            "As the hospital wrote it. Kept encrypted. What only named people may know belongs in a restricted case."
        ),
    )
    start_date = DayField(label=_("From"))
    self_paid = forms.DecimalField(
        label=_("Paid by the family last year (yuan)"),
        min_value=0,
        max_digits=10,
        decimal_places=2,
        required=False,
        help_text=_("After health insurance, within its list."),
    )

    def value(self) -> IllnessData:
        return IllnessData(**self.cleaned_data)


class TakeOverForm(forms.Form):
    """A suggestion of the rules becomes an attribute, or the primary category."""

    kind = forms.CharField(widget=forms.HiddenInput)
    since = DayField(label=_("From"))
    as_primary = forms.BooleanField(label=_("Count the child under this category"), required=False)
    reason = FreeText(label=_("Reason"), max_length=300, widget=forms.Textarea(attrs={"rows": 2}))
