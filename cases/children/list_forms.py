"""Forms of the children's list: what it shows, under which name that is kept, why it is exported."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from cases.children.columns import COLUMNS
from cases.children.filters import ORDERS, Filters
from cases.children.forms import DayField, optional
from cases.circumstances.enums import DefectKind
from cases.enums import (
    DETAILS,
    Attribute,
    CategoryDetail,
    HealthStatus,
    HouseholdRegistration,
    Insurance,
    LeaveReason,
    Placement,
    PrimaryCategory,
    RiskLevel,
    SchoolStage,
    Sex,
)
from staff.models import Region

LONGEST_SEARCH = 60  # characters
OLDEST = 30  # years that can be asked for
FIRST = ("region", "category", "risk")  # filters that stand beside the search; the others unfold


def _choice(label: Any, choices: Any) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=optional(choices), required=False)


def _years(label: Any) -> forms.IntegerField:
    field = forms.IntegerField(label=label, min_value=0, max_value=OLDEST, required=False)
    field.widget.attrs["inputmode"] = "numeric"
    return field


class SearchField(forms.CharField):
    """What somebody looks for. What is too long is cut: a search that were left out would find everybody."""

    def to_python(self, value: Any) -> str:
        return str(super().to_python(value)).replace("\0", "")[:LONGEST_SEARCH]


class FilterForm(forms.Form):
    """The filters of the children's list. What cannot be read is no restriction.

    ``places``: what the reader may choose among; a code outside of them is no restriction either.
    """

    region = forms.TypedChoiceField(label=_("Place"), coerce=int, empty_value=None, required=False)
    category = _choice(_("Category"), PrimaryCategory.choices)
    risk = _choice(_("Risk"), RiskLevel.choices)
    detail = _choice(_("Sub-type"), CategoryDetail.choices)
    attribute = _choice(_("Attribute"), Attribute.choices)
    placement = _choice(_("Placement"), Placement.choices)
    sex = _choice(_("Sex"), Sex.choices)
    age_from = _years(_("Age from"))
    age_to = _years(_("Age to"))
    ageing = forms.TypedChoiceField(
        label=_("Comes of age"),
        coerce=int,
        empty_value=None,
        choices=optional([(16, _("16 soon")), (18, _("18 soon"))]),
        required=False,
    )
    stage = _choice(_("Stage of schooling"), SchoolStage.choices)
    health = _choice(_("State of health"), HealthStatus.choices)
    insurance = _choice(_("Health insurance"), Insurance.choices)
    registration = _choice(_("Household registration"), HouseholdRegistration.choices)
    defect = _choice(_("Defect being followed"), [("any", _("Any")), *DefectKind.choices])
    no_guardian = forms.BooleanField(label=_("Without a legal guardian"), required=False)
    no_identity = forms.BooleanField(label=_("Without a valid identity number"), required=False)
    left_reason = _choice(_("Reason for leaving"), LeaveReason.choices)
    left_from = DayField(label=_("Left from"), required=False)
    left_to = DayField(label=_("Left until"), required=False)
    due = forms.ChoiceField(
        label=_("Next visit"),
        choices=[("", ""), ("overdue", _("Overdue")), ("week", _("Due in 7 days"))],
        required=False,
        widget=forms.HiddenInput,
    )
    left = forms.BooleanField(label=_("Left"), required=False, widget=forms.HiddenInput)
    sort = forms.CharField(max_length=20, required=False, widget=forms.HiddenInput)
    cols = forms.CharField(max_length=300, required=False, widget=forms.HiddenInput)
    q = SearchField(label=_("Search"), required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, places: list[Region], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["region"].choices = optional([(p.pk, p.short_name) for p in places])  # type: ignore[attr-defined]
        if category := self.data.get("category"):
            details = DETAILS.get(category, ()) if category in PrimaryCategory.values else ()
            self.fields["detail"].choices = optional([(one.value, one.label) for one in details])  # type: ignore[attr-defined]
        if not self.data.get("left"):
            for name in ("left_reason", "left_from", "left_to"):
                self.fields[name].widget = forms.HiddenInput()

    def clean_sort(self) -> str:
        sort = str(self.cleaned_data["sort"])
        return sort if sort.removeprefix("-") in ORDERS else ""

    def clean_cols(self) -> str:
        return ".".join(key for key in dict.fromkeys(self.cleaned_data["cols"].split(".")) if key in COLUMNS)

    def filters(self) -> Filters:
        self.is_valid()
        return Filters(
            **{name: value for name, value in self.cleaned_data.items() if name in Filters.__annotations__}
        )

    @property
    def first(self) -> list[forms.BoundField]:
        """The filters beside the search."""
        return [self[name] for name in FIRST if name != "region" or len(self.fields["region"].choices) > 1]  # type: ignore[attr-defined]

    @property
    def further(self) -> list[forms.BoundField]:
        """The filters that unfold."""
        return [field for field in self.visible_fields() if field.name not in FIRST]

    @property
    def hidden(self) -> list[forms.BoundField]:
        """What travels with the form unseen; the search box carries q itself."""
        return [field for field in self.hidden_fields() if field.name != "q"]

    @property
    def unfolded(self) -> bool:
        return any(
            field.name in self.cleaned_data and self.cleaned_data[field.name] not in (None, "", False)
            for field in self.further
        )

    def said(self) -> list[dict[str, str]]:
        """Each filter in force in words, with the address of the list without it."""
        filters = self.filters()
        found = []
        for name, value in filters.as_arguments().items():
            if name in ("sort", "cols"):
                continue
            field = self.fields[name]
            choices = dict(getattr(field, "choices", ()))
            if isinstance(field, forms.BooleanField):
                text = str(field.label)
            else:
                text = _now("%(what)s: %(value)s") % {
                    "what": field.label,
                    "value": choices.get(getattr(filters, name), value),
                }
            empty = (
                False if isinstance(field, forms.BooleanField) else Filters.__dataclass_fields__[name].default
            )
            found.append({"text": text, "url": filters.address(**{name: empty})})
        return found


class SavedViewForm(forms.Form):
    """The name of a saved list, and who may see it."""

    name = forms.CharField(label=_("Name of the list"), max_length=60)
    shared = forms.BooleanField(label=_("For everybody in my area"), required=False)


class ExportForm(forms.Form):
    """Why the list is taken out of the system, in which form, and whether numbers are in full."""

    reason = forms.CharField(label=_("What the list is for"), max_length=200)
    form = forms.ChoiceField(
        label=_("Kind of file"),
        choices=[("xlsx", _("Spreadsheet (xlsx)")), ("csv", _("Text (csv)")), ("pdf", _("Paper (PDF)"))],
        initial="xlsx",
        widget=forms.RadioSelect(attrs={"class": "cw-chips"}),
    )
    full = forms.BooleanField(
        label=_("Identity and telephone numbers in full"),
        required=False,
        help_text=_("Only if the purpose needs them. The access record names these fields."),
    )

    def __init__(self, *args: Any, may_see_all: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not may_see_all:
            del self.fields["full"]
