"""Forms of applications: validation only."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.documents import Document, DocumentField
from cases.enums import Relation
from cases.free_text import FreeText
from cases.models import Child, Guardian
from subsidies.aid.enums import CheckMethod, CheckResult, EvidenceSource
from subsidies.applications.applying import RECKONED_ONLY, Applicant, Intake
from subsidies.applications.evidence import MATCHERS, Given
from subsidies.models import Scheme
from subsidies.terms.types import EvidenceItem

DAY = {"type": "date"}


def open_schemes() -> list[Scheme]:
    """Schemes that can be applied for, the living allowances first. One query."""
    order = ("basic_living", "difficulty_living", "care", "study_orphan", "study")
    found = [scheme for scheme in Scheme.objects.filter(is_active=True) if scheme.code not in RECKONED_ONLY]
    return sorted(found, key=lambda scheme: order.index(scheme.code) if scheme.code in order else len(order))


class ApplicationForm(forms.Form):
    """Who applies and why; where it was taken in, when that was elsewhere."""

    applicant_name = forms.CharField(label=gettext_lazy("Applicant"), max_length=60)
    applicant_relation = forms.ChoiceField(
        label=gettext_lazy("Relation to the child"), choices=[("", ""), *Relation.choices]
    )
    applicant_phone = forms.CharField(
        label=gettext_lazy("Applicant's phone"),
        max_length=20,
        required=False,
        help_text=gettext_lazy("Leave it empty to take the guardian's number on file."),
    )
    statement = FreeText(
        label=gettext_lazy("Grounds for the application"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("Who raises the child now, and why the parents do not."),
    )
    intake_office = forms.CharField(
        label=gettext_lazy("Office that took it in"), max_length=80, required=False
    )
    intake_date = forms.DateField(
        label=gettext_lazy("Papers complete there on"), required=False, widget=forms.DateInput(attrs=DAY)
    )

    def __init__(self, *args: Any, child: Child, **kwargs: Any) -> None:
        guardian = (
            Guardian.objects.filter(child=child, end_date__isnull=True).order_by("-start_date", "pk").first()
        )
        if guardian is not None:
            kwargs["initial"] = {
                "applicant_name": guardian.name,
                "applicant_relation": guardian.relation,
            } | kwargs.get("initial", {})
        super().__init__(*args, **kwargs)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if bool(data.get("intake_office")) != bool(data.get("intake_date")):
            missing = "intake_date" if data.get("intake_office") else "intake_office"
            self.add_error(missing, _("An application taken in elsewhere needs the office and the day."))
        return data

    def applicant(self) -> Applicant:
        data = self.cleaned_data
        return Applicant(data["applicant_name"], data["applicant_relation"], data["applicant_phone"])

    def intake(self) -> Intake | None:
        data = self.cleaned_data
        return Intake(data["intake_office"], data["intake_date"]) if data["intake_date"] else None


class EvidenceForm(forms.Form):
    """One document: a file, or where it was seen. Nothing given is no error."""

    file = DocumentField(
        label=gettext_lazy("Photo or PDF"),
        required=False,
        widget=forms.FileInput(attrs={"accept": "image/*,.pdf"}),
    )
    source = forms.ChoiceField(label=gettext_lazy("Or seen in"), required=False)
    note = FreeText(label=gettext_lazy("Which data or page, of which day"), max_length=200, required=False)

    def __init__(
        self, *args: Any, asked: EvidenceItem, child: Child, on: dt.date, role: str, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.prefix = f"evidence-{asked.code}"
        self.asked = asked
        fields: dict[str, Any] = self.fields
        fields["file"].limit(child.region_id, on)
        fields["source"].choices = sources_of(role)

    def given(self) -> Given | None:
        """What is handed in; None when nothing is."""
        return _given(self.asked.code, self.cleaned_data)


class EvidenceAddForm(EvidenceForm):
    """One more document of an application, chosen from its list."""

    item = forms.ChoiceField(label=gettext_lazy("Document"))

    def __init__(
        self, *args: Any, items: Sequence[EvidenceItem], child: Child, on: dt.date, role: str, **kwargs: Any
    ) -> None:
        forms.Form.__init__(self, *args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["item"].choices = [(item.code, str(item.name)) for item in items]
        if self.is_bound:
            fields["file"].limit(child.region_id, on)
        fields["source"].choices = sources_of(role)
        self.order_fields(["item", "file", "source", "note"])

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.errors and _given("x", data) is None:
            raise ValidationError(_("Add the file, or write where the document was seen."))
        return data

    def given(self) -> Given | None:
        return _given(self.cleaned_data["item"], self.cleaned_data)


def sources_of(role: str) -> list[tuple[str, Any]]:
    """Where somebody of a role can have seen a document."""
    sources = [EvidenceSource.ON_FILE]
    if role in MATCHERS:
        sources.insert(0, EvidenceSource.DATA_MATCH)
    return [(source.value, source.label) for source in sources]


def _given(item: str, data: dict[str, Any]) -> Given | None:
    document: Document | None = data.get("file")
    note = data.get("note", "")
    if document is not None:
        return Given(item, EvidenceSource.UPLOADED, note, document)
    return Given(item, data.get("source") or EvidenceSource.ON_FILE, note) if note else None


class CheckForm(forms.Form):
    """How it was verified, whom it was asked of, what came out."""

    method = forms.ChoiceField(
        label=gettext_lazy("How"),
        choices=CheckMethod.choices,
        widget=forms.RadioSelect(attrs={"class": "cw-chips"}),
    )
    date = forms.DateField(label=gettext_lazy("Date"), widget=forms.DateInput(attrs=DAY, format="%Y-%m-%d"))
    person = forms.CharField(
        label=gettext_lazy("Who was asked"),
        max_length=80,
        required=False,
        help_text=gettext_lazy("Not needed for departments' data."),
    )
    result = forms.ChoiceField(
        label=gettext_lazy("Result"),
        choices=CheckResult.choices,
        widget=forms.RadioSelect(attrs={"class": "cw-chips"}),
    )
    note = FreeText(
        label=gettext_lazy("What was found"), max_length=400, widget=forms.Textarea(attrs={"rows": 3})
    )


class SupplementForm(forms.Form):
    """What is asked for, all together: documents of the list, and words."""

    items = forms.MultipleChoiceField(
        label=gettext_lazy("Documents asked for"),
        required=False,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "cw-choices cw-choices-1"}),
    )
    reason = FreeText(
        label=gettext_lazy("What is missing, and until when it is best brought"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("It is asked for once. The applicant gets this in writing."),
    )

    def __init__(self, *args: Any, items: Iterable[EvidenceItem], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["items"].choices = [(item.code, str(item.name)) for item in items]


class GradeForm(forms.Form):
    """The grade of a scheme that pays by grade."""

    grade = forms.ChoiceField(label=gettext_lazy("Grade"))

    def __init__(self, *args: Any, grades: Iterable[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["grade"].choices = list(grades)
