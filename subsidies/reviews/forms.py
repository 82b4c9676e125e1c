"""Forms of re-checks, proofs of schooling and other terms: validation only."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.documents import DocumentField
from cases.enums import Placement, PrimaryCategory, SchoolStage
from cases.free_text import FreeText
from staff.models import Region
from subsidies.forms import MonthField
from subsidies.ledger.enums import ReviewOutcome
from subsidies.models import Scheme, SchoolProof
from subsidies.reviews.cycles import AUTUMN, SPRING, Term
from subsidies.reviews.selectors import ReviewFilters

SHOWS = ("", "unchanged", "changed", "overdue", "missing", "done")


class ReviewFilterForm(forms.Form):
    """The filters of the list; what cannot be read restricts nothing."""

    scheme = forms.ModelChoiceField(
        label=gettext_lazy("Scheme"), queryset=Scheme.objects.all(), required=False, empty_label=""
    )
    cycle = forms.TypedChoiceField(
        label=gettext_lazy("Cycle"), coerce=dt.date.fromisoformat, empty_value=None, required=False
    )
    region = forms.TypedChoiceField(label=gettext_lazy("Place"), coerce=int, empty_value=None, required=False)
    show = forms.CharField(max_length=20, required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, places: list[Region], cycles: list[dt.date], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        if places:
            fields["region"].choices = [("", ""), *((place.pk, place.short_name) for place in places)]
        else:
            del self.fields["region"]
        fields["cycle"].choices = [("", ""), *((day.isoformat(), f"{day:%Y-%m}") for day in cycles)]

    def filters(self) -> ReviewFilters:
        """What is chosen."""
        self.is_valid()
        data = self.cleaned_data
        show = data.get("show", "")
        scheme = data.get("scheme")
        return ReviewFilters(
            show if show in SHOWS else "",
            scheme.pk if scheme else None,
            data.get("cycle"),
            data.get("region"),
        )


class DecideForm(forms.Form):
    """What came out of one re-check."""

    outcome = forms.ChoiceField(choices=[(code, label) for code, label in ReviewOutcome.choices if code])
    reason = forms.CharField(max_length=200, required=False)


class TermsForm(forms.Form):
    """Other terms of an entitlement from a month on."""

    from_month = MonthField(label=gettext_lazy("From month"))
    category = forms.ChoiceField(label=gettext_lazy("Category"), choices=PrimaryCategory.choices)
    placement = forms.ChoiceField(label=gettext_lazy("Placement"), choices=Placement.choices)
    grade = forms.ChoiceField(label=gettext_lazy("Grade"), required=False)
    reason = FreeText(
        label=gettext_lazy("In words"), max_length=200, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(
        self, *args: Any, categories: list[str], grades: list[tuple[str, str]], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        fields["category"].choices = [
            (code, label) for code, label in PrimaryCategory.choices if code in categories
        ]
        if grades:
            fields["grade"].choices = [("", "—"), *grades]
        else:
            del self.fields["grade"]


class ExtensionForm(forms.Form):
    """Longer for schooling: on which proof, and until when."""

    proof = forms.ModelChoiceField(
        label=gettext_lazy("Proof of schooling"), queryset=SchoolProof.objects.none(), empty_label=None
    )
    until = MonthField(
        label=gettext_lazy("Last month that is paid"),
        required=False,
        help_text=gettext_lazy("Left empty: as far as the proof reaches."),
    )
    reason = FreeText(
        label=gettext_lazy("In words"), max_length=200, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, *args: Any, child_id: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        proofs: Any = self.fields["proof"]
        proofs.queryset = SchoolProof.objects.filter(child_id=child_id).order_by("-school_year", "-term")


class SchoolProofForm(forms.Form):
    """A proof of schooling for one term: the certificate, or where enrolment was seen."""

    term = forms.ChoiceField(label=gettext_lazy("School term"))
    school = forms.CharField(label=gettext_lazy("School"), max_length=80)
    stage = forms.ChoiceField(label=gettext_lazy("Stage of schooling"), choices=SchoolStage.choices)
    full_time = forms.BooleanField(label=gettext_lazy("Full-time"), required=False, initial=True)
    until = forms.DateField(
        label=gettext_lazy("Expected to leave school"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    file = DocumentField(label=gettext_lazy("Certificate (photo or PDF)"), required=False)
    seen = forms.CharField(
        label=gettext_lazy("Or seen in"),
        max_length=120,
        required=False,
        help_text=gettext_lazy("For example: student records of the education bureau, 2026-09-10."),
    )

    def __init__(self, *args: Any, region_id: int, term: Term, today: dt.date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = [term, term.before]
        fields: Any = self.fields
        fields["term"].choices = [(f"{one.school_year}-{one.number}", term_name(one)) for one in offered]
        fields["file"].limit(region_id, today)

    def clean_term(self) -> Term:
        year, number = self.cleaned_data["term"].split("-")
        return Term(int(year), int(number))

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if "file" not in self.errors and not data.get("file") and not data.get("seen", "").strip():
            raise ValidationError(_("Add the certificate, or write where enrolment was seen."))
        return data


def term_name(term: Term) -> str:
    """``2026–2027, autumn term``."""
    years = f"{term.school_year}–{term.school_year + 1}"
    names = {AUTUMN: _("autumn term"), SPRING: _("spring term")}
    return f"{years} {names[term.number]}"
