"""Forms of entrusted care: they read what was typed and answered; the services write."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cases.care.rules import Disqualified
from cases.care.services import ANSWERS, DAYS, CareData
from cases.children.forms import DayField, optional
from cases.circumstances.enums import CareEnd, ContactKind
from cases.enums import Relation
from cases.free_text import FreeText
from cases.models import EntrustedCare
from staff.models import Region

YES_NO = [("yes", pgettext_lazy("answer", "Yes")), ("no", pgettext_lazy("answer", "No"))]
# Who may entrust: parents and other guardians, never the child nor a committee.
ENTRUSTING = [
    choice
    for choice in Relation.choices
    if choice[0] not in {Relation.CHILD, Relation.COMMITTEE, Relation.INSTITUTION}
]
CARERS = [choice for choice in Relation.choices if choice[0] not in {Relation.CHILD, Relation.INSTITUTION}]
QUESTIONS = {
    "capacity": _("Is the person of full capacity, and able to care for the child?"),
    "lives_with": _("Does the person live with the child?"),
    "watched": _("Is somebody with the child at all hours outside school?"),
    "infectious": _("Has the person a serious infectious disease?"),
    "can_speak": _("Can the child say what it wishes?"),
    **{code.value: code.label for code in Disqualified},
}


def answer_field(question: Any) -> forms.ChoiceField:
    """A question to be answered yes or no, with no answer chosen beforehand."""
    return forms.ChoiceField(
        label=question,
        choices=YES_NO,
        widget=forms.RadioSelect(attrs={"class": "cw-chips"}),
        error_messages={"required": _("Answer yes or no.")},
    )


class NoticeForm(forms.Form):
    """The days of articles 22 and 23; empty means not yet."""

    agreed_date = DayField(label=_("Written agreement of"), required=False)
    heard_date = DayField(label=_("The child was heard on"), required=False)
    school_told_date = DayField(label=_("School told in writing on"), required=False)
    village_told_date = DayField(label=_("Village told in writing on"), required=False)


class CareChangeForm(NoticeForm):
    """What may be filled in or corrected later."""

    carer_phone = forms.CharField(
        label=_("Phone"), max_length=20, required=False, widget=forms.TextInput(attrs={"inputmode": "tel"})
    )
    carer_health = FreeText(label=_("State of health"), max_length=200, required=False)
    carer_note = FreeText(label=_("Anything else about the person"), max_length=200, required=False)

    def changes(self, care: EntrustedCare) -> dict[str, Any]:
        """What differs from the record."""
        return {name: value for name, value in self.cleaned_data.items() if getattr(care, name) != value}


class CareForm(NoticeForm):
    """A new entrustment with the questions of articles 21 and 22."""

    entrusted_by = forms.ChoiceField(
        label=_("Entrusted by"), choices=optional(ENTRUSTING, _("Choose")), required=True
    )
    carer_name = forms.CharField(label=_("Name of the person entrusted"), max_length=60)
    carer_relation = forms.ChoiceField(
        label=_("Relation to the child"), choices=optional(CARERS, _("Choose"))
    )
    carer_id_number = forms.CharField(
        label=_("Identity number"),
        max_length=24,
        required=False,
        help_text=_("Age and record are checked by it."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters"}),
    )
    carer_phone = forms.CharField(
        label=_("Phone"), max_length=20, required=False, widget=forms.TextInput(attrs={"inputmode": "tel"})
    )
    carer_health = FreeText(label=_("State of health"), max_length=200, required=False)
    carer_note = FreeText(label=_("Anything else about the person"), max_length=200, required=False)
    start_date = DayField(label=_("From"), required=False, help_text=_("Empty means today."))

    SECTIONS: tuple[tuple[Any, tuple[str, ...]], ...] = (
        (
            _("Who is entrusted"),
            (
                *("entrusted_by", "carer_name", "carer_relation", "carer_id_number", "carer_phone"),
                *("carer_health", "carer_note", "start_date"),
            ),
        ),
        (_("What the law asks"), tuple(f"answer_{code}" for code in ANSWERS)),
        (_("Papers and notices"), DAYS),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for code in ANSWERS:
            self.fields[f"answer_{code}"] = answer_field(QUESTIONS[code])

    def sections(self) -> list[tuple[Any, list[forms.BoundField]]]:
        """Titles and their fields, in the order of the page."""
        return [(title, [self[name] for name in names]) for title, names in self.SECTIONS]

    def value(self) -> CareData:
        data = dict(self.cleaned_data)
        answers = {code: data.pop(f"answer_{code}") == "yes" for code in ANSWERS}
        return CareData(answers=answers, **data)


class CareEndForm(forms.Form):
    """The last day, and why."""

    day = DayField(label=_("Until"))
    reason = forms.ChoiceField(label=_("Reason"), choices=optional(CareEnd.choices, _("Choose")))


class ContactForm(forms.Form):
    """A contact of the parents: one tap says how; another day or a note may be added."""

    kind = forms.ChoiceField(choices=ContactKind.choices)
    date = DayField(label=_("Date"))
    note = FreeText(label=_("Note"), max_length=200, required=False)


class PlaceForm(forms.Form):
    """A list narrowed to a place; ``show`` is the segment that stays."""

    region = forms.TypedChoiceField(label=_("Place"), coerce=int, empty_value=None, required=False)
    show = forms.CharField(max_length=20, required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, places: list[Region], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if places:
            self.fields["region"].choices = optional([(p.pk, p.short_name) for p in places])  # type: ignore[attr-defined]
        else:
            del self.fields["region"]
