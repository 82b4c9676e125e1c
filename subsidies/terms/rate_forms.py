"""Forms about standards: recording one, and supposing one. Validation only."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.enums import Placement, PrimaryCategory
from subsidies.forms import MonthField
from subsidies.models import Scheme
from subsidies.reckoning.months import period_of
from subsidies.terms.in_force import Rulebook, Terms


class StandardForm(forms.Form):
    """Whose standard: scheme, placement, category, grade. ``book`` holds the rules by which they are checked."""

    begins: ClassVar[str]  # the field with the month from which the standard would hold

    scheme = forms.ModelChoiceField(
        label=gettext_lazy("Scheme"), queryset=Scheme.objects.order_by("pk"), empty_label=None
    )
    placement = forms.ChoiceField(label=gettext_lazy("Placement"), choices=Placement.choices)
    category = forms.ChoiceField(
        label=gettext_lazy("Category"),
        required=False,
        choices=[("", gettext_lazy("All categories")), *PrimaryCategory.choices],
    )
    grade = forms.ChoiceField(
        label=gettext_lazy("Grade"),
        required=False,
        help_text=gettext_lazy("Only for schemes whose rules name grades."),
    )
    amount = forms.DecimalField(
        label=gettext_lazy("Yuan a period"),
        max_digits=10,
        decimal_places=2,
        help_text=gettext_lazy("Monthly schemes: yuan a month; study grants: yuan a school year."),
    )

    def __init__(self, book: Rulebook, today: dt.date, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.book, self.today = book, today
        self.fields["grade"].choices = [("", _("no grade")), *self._grades()]  # type: ignore[attr-defined]

    def _grades(self) -> list[tuple[str, str]]:
        """Every grade that a rule of any scheme names, whenever it holds."""
        found: dict[str, str] = {}
        for scheme in Scheme.objects.order_by("pk"):
            for ruling in self.book.rulings(scheme.code):
                for grade in ruling.values.get("grades", ()):
                    found[grade.code] = f"{scheme} · {grade.name}"
        return list(found.items())

    def clean_amount(self) -> Any:
        amount = self.cleaned_data["amount"]
        if amount <= 0:
            raise ValidationError(_("The amount must be more than 0."))
        return amount

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        scheme, first = data.get("scheme"), data.get(self.begins)
        if scheme is None or first is None:
            return data
        terms = self.book.terms(scheme.code, first)
        self._check_group(data, terms)
        if period_of(first, terms.cadence) != first:
            self.add_error(
                None,
                _("This scheme is paid %(cadence)s: a standard begins with a period, for example %(month)s.")
                % {"cadence": terms.cadence.label, "month": f"{period_of(first, terms.cadence):%Y-%m}"},
            )
        return data

    def _check_group(self, data: dict[str, Any], terms: Terms) -> None:
        if data.get("category") and data["category"] not in terms.categories:
            names = "、".join(str(category.label) for category in terms.categories)
            self.add_error(
                "category", _("The scheme is not for this category. It is for: %(names)s.") % {"names": names}
            )
        if data.get("placement") and data["placement"] not in terms.placements:
            self.add_error("placement", _("The scheme is not for this placement."))
        if data.get("grade") and data["grade"] not in {grade.code for grade in terms.grades}:
            self.add_error("grade", _("No rule of this scheme names this grade in that month."))


class RateForm(StandardForm):
    """A new dated standard. Those on record are never changed: a later one takes over from its month on, or a correction."""

    begins = "valid_from"
    valid_from = MonthField(label=gettext_lazy("From month"))
    source = forms.CharField(
        label=gettext_lazy("Source"),
        max_length=120,
        help_text=gettext_lazy("Number of the notice that sets it."),
    )


class RateCorrectionForm(RateForm):
    """A standard as it should have been entered, and why."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=200,
        help_text=gettext_lazy("What was wrong, such as a mistyped amount."),
    )


class SimulationForm(StandardForm):
    """What if the standard became another, from a month until another (the end of the year)."""

    begins = "from_month"
    from_month = MonthField(label=gettext_lazy("From month"))
    until_month = MonthField(label=gettext_lazy("Until month"))

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        first, last = data.get("from_month"), data.get("until_month")
        if first and last and not 0 <= (last.year - first.year) * 12 + last.month - first.month < 36:
            self.add_error("until_month", _("Choose a month from the first one on, at most three years."))
        return data
