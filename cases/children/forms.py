"""Forms of the register: they read and check what was typed; the services write."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cases import identity
from cases.children.family import GuardianData, HouseholdData, SituationData
from cases.enums import (
    DETAILS,
    Evidence,
    GuardianKind,
    HealthStatus,
    HouseholdRegistration,
    Insurance,
    ParentSituationKind,
    Placement,
    PrimaryCategory,
    Relation,
    RiskLevel,
    SchoolStage,
    Sex,
)
from cases.free_text import FreeText
from cases.models import Child
from staff.models import Region

Choices = list[tuple[Any, Any]]


ALL = _("All")


def optional(choices: Choices, nothing: Any = ALL) -> Choices:
    """Choices with an empty one before them."""
    return [("", nothing), *choices]


class DayField(forms.DateField):
    """A calendar day, picked with the browser's own control; a mistyped century is refused."""

    default_validators = [MinValueValidator(dt.date(1900, 1, 1)), MaxValueValidator(dt.date(2100, 12, 31))]

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}))
        super().__init__(**kwargs)


def detail_choices() -> Choices:
    """Sub-types under the name of the category to which each belongs."""
    grouped = [
        (category.label, [(detail.value, detail.label) for detail in details])
        for category, details in DETAILS.items()
    ]
    return [("", _("None")), *grouped]


PLACE_HINT = _("A village of the county, or a code of 12 digits. Empty: the village that keeps the file.")


class ChildForm(forms.Form):
    """The child's own data. Also used to change them. ``places`` are names and codes that can be chosen."""

    name = forms.CharField(label=_("Name"), max_length=60)
    id_number = forms.CharField(
        label=_("Identity number"),
        max_length=24,
        required=False,
        help_text=_("From the household register. A child without one gets a register number."),
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}
        ),
    )
    birth_date = DayField(
        label=_("Date of birth"), required=False, help_text=_("With an identity number this may stay empty.")
    )
    sex = forms.ChoiceField(
        label=_("Sex"),
        choices=Sex.choices,
        required=False,
        widget=forms.RadioSelect(attrs={"class": "cw-chips"}),
    )
    ethnicity = forms.CharField(label=_("Ethnicity"), max_length=20, required=False)
    placement = forms.ChoiceField(
        label=_("Placement"),
        choices=Placement.choices,
        initial=Placement.SCATTERED,
        widget=forms.RadioSelect(attrs={"class": "cw-choices cw-choices-1"}),
    )
    registration = forms.ChoiceField(
        label=_("Household registration"),
        choices=optional(HouseholdRegistration.choices, _("Not stated")),
        required=False,
    )
    household_region = forms.CharField(
        label=_("Place of household registration"),
        max_length=60,
        required=False,
        help_text=PLACE_HINT,
        widget=forms.TextInput(attrs={"list": "places"}),
    )
    residence_region = forms.CharField(
        label=_("Place of residence"),
        max_length=60,
        required=False,
        help_text=PLACE_HINT,
        widget=forms.TextInput(attrs={"list": "places"}),
    )
    residence_since = DayField(
        label=_("Living there since"),
        required=False,
        help_text=_("When the child lives elsewhere than it is registered."),
    )
    address = forms.CharField(label=_("Address"), max_length=200, required=False)
    phone = forms.CharField(
        label=_("Phone of the child"),
        max_length=20,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "off"}),
    )
    school_stage = forms.ChoiceField(
        label=_("Stage of schooling"), choices=optional(SchoolStage.choices, _("Not stated")), required=False
    )
    school_name = forms.CharField(label=_("School"), max_length=80, required=False)
    enrolled_until = DayField(
        label=_("Enrolment proven until"),
        required=False,
        help_text=_("Last day of the school's proof; past 18 it decides whether support goes on."),
    )
    health_status = forms.ChoiceField(
        label=_("State of health"), choices=optional(HealthStatus.choices, _("Not stated")), required=False
    )
    health_note = FreeText(
        label=_("About health"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_(
            "Kept encrypted. Diagnoses that only named people may know belong in a restricted case, not here."
        ),
    )

    insurance = forms.ChoiceField(
        label=_("Health insurance"), choices=optional(Insurance.choices, _("Not stated")), required=False
    )

    SECTIONS: tuple[tuple[Any, tuple[str, ...]], ...] = (
        (_("The child's own data"), ("name", "id_number", "birth_date", "sex", "ethnicity")),
        (
            _("Care and places"),
            (
                "placement",
                "registration",
                "household_region",
                "residence_region",
                "residence_since",
                "address",
                "phone",
            ),
        ),
        (
            _("School and health"),
            ("school_stage", "school_name", "enrolled_until", "health_status", "health_note", "insurance"),
        ),
    )

    def __init__(self, *args: Any, places: dict[str, int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.places = places

    def sections(self) -> list[tuple[Any, list[forms.BoundField]]]:
        """Titles and their fields, in the order of the page."""
        return [
            (title, [self[name] for name in names if name in self.fields]) for title, names in self.SECTIONS
        ]

    def clean_household_region(self) -> int | None:
        return self._place(self.cleaned_data["household_region"])

    def clean_residence_region(self) -> int | None:
        return self._place(self.cleaned_data["residence_region"])

    def _place(self, text: str) -> int | None:
        code = self.places.get(" ".join(text.split()))
        if code or not text.strip():
            return code
        digits = identity.canonical(text)
        if digits.isdecimal() and len(digits) == 12 and Region.objects.filter(pk=int(digits)).exists():
            return int(digits)
        raise forms.ValidationError(
            _("No place has this name or code. Choose one from the list, or write the code.")
        )

    def clean(self) -> dict[str, Any]:
        """Birth date and sex come from the identity number when they were left empty."""
        data = super().clean() or {}
        number = data.get("id_number", "")
        if number and identity.problem_of(number) is None:
            stated = identity.parse(number)
            data["birth_date"] = data.get("birth_date") or stated.birth_date
            data["sex"] = data.get("sex") or stated.sex
        for name, message in (
            ("birth_date", _("Write the date of birth, or the identity number.")),
            ("sex", _("Choose the sex, or write the identity number.")),
        ):
            if not data.get(name) and name not in self.errors and "id_number" not in self.errors:
                self.add_error(name, message)
        return data

    def changes(self, child: Child) -> dict[str, Any]:
        """What differs from the child, as change_child takes it."""
        data = self.child_values()
        return {name: value for name, value in data.items() if getattr(child, name) != value}

    def child_values(self) -> dict[str, Any]:
        values = {
            name: self.cleaned_data[name] for name in ChildForm.base_fields if name in self.cleaned_data
        }
        for name in ("household_region", "residence_region"):
            if name in values:
                code = values.pop(name)
                if code is not None:
                    values[f"{name}_id"] = code
        return values


class NewChildForm(ChildForm):
    """A new file: also the village, the category and the risk."""

    region = forms.TypedChoiceField(label=_("Village that keeps the file"), coerce=int)
    primary_category = forms.ChoiceField(
        label=_("Category"), choices=optional(PrimaryCategory.choices, _("Choose"))
    )
    category_detail = forms.ChoiceField(
        label=_("Sub-type"),
        choices=detail_choices,
        required=False,
        help_text=_("One of those that belong to the category."),
    )
    risk = forms.ChoiceField(
        label=_("Risk"),
        choices=RiskLevel.choices,
        initial=RiskLevel.BLUE,
        widget=forms.RadioSelect(attrs={"class": "cw-choices cw-choices-2"}),
    )

    SECTIONS = (
        (_("Village and category"), ("region", "primary_category", "category_detail", "risk")),
        *ChildForm.SECTIONS,
    )

    def __init__(self, *args: Any, villages: list[Region], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["region"]
        choices: Choices = [(village.pk, village.short_name) for village in villages]
        field.choices = choices if len(choices) == 1 else optional(choices, _("Choose"))  # type: ignore[attr-defined]


class GuardianForm(forms.Form):
    """A guardian or caregiver. With ``optional`` an empty name means none."""

    name = forms.CharField(label=_("Name"), max_length=60)
    relation = forms.ChoiceField(
        label=_("Relation to the child"), choices=optional(Relation.choices, _("Choose"))
    )
    kind = forms.ChoiceField(
        label=_("Capacity"),
        choices=GuardianKind.choices,
        initial=GuardianKind.BOTH,
        widget=forms.RadioSelect(attrs={"class": "cw-choices cw-choices-1"}),
    )
    id_number = forms.CharField(label=_("Identity number"), max_length=24, required=False)
    phone = forms.CharField(
        label=_("Phone"), max_length=20, required=False, widget=forms.TextInput(attrs={"inputmode": "tel"})
    )
    start_date = DayField(label=_("From"), required=False, help_text=_("Empty means today."))

    def value(self) -> GuardianData:
        return GuardianData(**self.cleaned_data)


class SituationForm(forms.Form):
    """What has become of a parent."""

    parent = forms.ChoiceField(
        label=_("Parent"),
        choices=[("father", _("Father")), ("mother", _("Mother"))],
        widget=forms.RadioSelect(attrs={"class": "cw-chips"}),
    )
    parent_name = forms.CharField(label=_("Name"), max_length=60, required=False)
    kind = forms.ChoiceField(
        label=pgettext_lazy("parent", "Situation"), choices=optional(ParentSituationKind.choices, _("Choose"))
    )
    start_date = DayField(label=_("From"))
    expected_end_date = DayField(
        label=_("Expected end"),
        required=False,
        help_text=_("Such as the day of release. Empty when unknown."),
    )
    evidence = forms.ChoiceField(
        label=_("Evidence"), choices=optional(Evidence.choices, _("None yet")), required=False
    )
    document = forms.CharField(label=_("Number of the document"), max_length=120, required=False)
    verified_by = forms.CharField(label=_("Verified by"), max_length=60, required=False)
    verified_date = DayField(label=_("Verified on"), required=False)

    def value(self) -> SituationData:
        return SituationData(**self.cleaned_data)


class PartSituationForm(SituationForm):
    """The same inside the form of a new child: the parent is known, an empty situation means none."""

    def __init__(self, *args: Any, parent: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.whose = parent
        del self.fields["parent"]

    def value(self) -> SituationData:
        return SituationData(parent=self.whose, **self.cleaned_data)


class HouseholdForm(forms.Form):
    """户: its head, as in the household register."""

    head_name = forms.CharField(label=_("Head of household"), max_length=60)
    head_id_number = forms.CharField(label=_("Head's identity number"), max_length=24, required=False)

    def value(self) -> HouseholdData:
        return HouseholdData(**self.cleaned_data)


class CategoryForm(forms.Form):
    """Another primary category, with the reason."""

    category = forms.ChoiceField(label=_("Category"), choices=PrimaryCategory.choices)
    detail = forms.ChoiceField(
        label=_("Sub-type"),
        choices=detail_choices,
        required=False,
        help_text=_("One of those that belong to the category."),
    )
    since = DayField(label=_("From"))
    reason = FreeText(label=_("Reason"), max_length=300, widget=forms.Textarea(attrs={"rows": 3}))


class EndForm(forms.Form):
    """The last day of something dated."""

    day = DayField(label=_("Until"))


class ShareForm(forms.Form):
    """With whom a file is shared: someone found by the child's addresses, or by user name."""

    receiver = forms.ChoiceField(
        label=_("Directors where the child lives or is registered"),
        required=False,
        widget=forms.RadioSelect(attrs={"class": "cw-choices cw-choices-1"}),
    )
    username = forms.CharField(label=_("Or the user name"), max_length=60, required=False)
    reason = forms.CharField(label=_("Reason"), max_length=200)

    def __init__(self, *args: Any, receivers: Choices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if receivers:
            self.fields["receiver"].choices = receivers  # type: ignore[attr-defined]
        else:
            del self.fields["receiver"]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not data.get("receiver") and not data.get("username") and not self.errors:
            self.add_error("username", _("Say with whom."))
        return data
