"""Forms of discrepancies: validation only, services write."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.documents import DocumentField
from cases.free_text import FreeText
from cases.matching import kinds
from cases.matching.discrepancies.acts import Verification
from cases.matching.discrepancies.remedies import REMEDIES, Remedy, RemedyForm
from cases.matching.enums import Found, Method
from cases.models import Discrepancy, Visit
from cases.visits.enums import VisitState
from staff.enums import Role
from staff.models import Region

VISITS_SHOWN = 12


class DiscrepancyFilter(forms.Form):
    """Filters above the list of discrepancies; anything unknown is ignored."""

    kind = forms.ChoiceField(label=gettext_lazy("Kind"), required=False)
    list_kind = forms.ChoiceField(label=gettext_lazy("List"), required=False)
    township = forms.TypedChoiceField(
        label=gettext_lazy("Township"), required=False, coerce=int, empty_value=None
    )
    overdue = forms.ChoiceField(
        label=gettext_lazy("Time"),
        required=False,
        choices=[("", gettext_lazy("All")), ("1", gettext_lazy("overdue"))],
    )

    def __init__(self, *args: Any, townships: list[Region], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = [("", _("All")), *Discrepancy.Kind.choices]  # type: ignore[attr-defined]
        self.fields["list_kind"].choices = [("", _("All")), *kinds.choices()]  # type: ignore[attr-defined]
        if townships:
            choices = [("", _("All")), *((r.code, r.name) for r in townships)]
            self.fields["township"].choices = choices  # type: ignore[attr-defined]
        else:
            del self.fields["township"]


class FoundForm(forms.Form):
    """What the township found, and how; the visit or the paper that shows it."""

    found = forms.ChoiceField(
        label=gettext_lazy("Result of the check"),
        choices=Found.choices,
        widget=forms.RadioSelect(attrs={"class": "cw-chips"}),
    )
    method = forms.ChoiceField(
        label=gettext_lazy("Way of checking"),
        choices=Method.choices,
        widget=forms.RadioSelect(attrs={"class": "cw-chips"}),
    )
    visit = forms.ModelChoiceField(
        Visit.objects.none(),
        label=gettext_lazy("Visit"),
        required=False,
        empty_label=gettext_lazy("none of these"),
        help_text=gettext_lazy("For a home visit: the visit at which it was checked."),
    )
    document = DocumentField(
        label=gettext_lazy("Paper"),
        required=False,
        help_text=gettext_lazy("For a document: a photo or a scan of it."),
    )
    text = FreeText(
        label=gettext_lazy("How it was checked, and what is so"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args: Any, discrepancy: Discrepancy, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if discrepancy.child_id is None:
            del self.fields["visit"]
        else:
            visits = Visit.objects.filter(child_id=discrepancy.child_id).exclude(state=VisitState.DRAFT)
            latest = visits.order_by("-visited_at").values("pk")[:VISITS_SHOWN]
            field = self.fields["visit"]
            assert isinstance(field, forms.ModelChoiceField)
            shown = visits.filter(pk__in=latest).select_related("conducted_by")
            field.queryset = shown.order_by("-visited_at")
            field.label_from_instance = visit_label  # type: ignore[method-assign, assignment]
        self.fields["document"].limit(discrepancy.region_id, timezone.localdate())  # type: ignore[attr-defined]

    def verification(self) -> Verification:
        """The cleaned data as the service takes them."""
        return Verification(**self.cleaned_data)


def visit_label(visit: Visit) -> str:
    """A visit in a choice: its day, its kind and who was there."""
    who = visit.conducted_by.name if visit.conducted_by else ""
    return f"{timezone.localdate(visit.visited_at).isoformat()} · {visit.get_kind_display()} · {who}"


class ReasonForm(forms.Form):
    """The clerk's reason for a decision."""

    reason = FreeText(label=gettext_lazy("Reason"), max_length=500, widget=forms.Textarea(attrs={"rows": 2}))


def remedy_form(remedy: Remedy, discrepancy: Discrepancy, **bound: Any) -> RemedyForm:
    """What a remedy asks for, and the reason that every decision asks for: one form, its ``reason`` last."""
    form = (remedy.form or RemedyForm)(discrepancy=discrepancy, prefix=remedy.code, **bound)
    form.fields |= ReasonForm().fields
    return form


class ManyForm(forms.Form):
    """One step for many discrepancies: what a role may do, with its words. ``kind`` narrows the remedies."""

    act = forms.ChoiceField(label=gettext_lazy("For the selected ones"))
    method = forms.ChoiceField(
        label=gettext_lazy("Way of checking"),
        choices=[(m.value, m.label) for m in (Method.OFFICE, Method.PHONE)],
        required=False,
        initial=Method.OFFICE,
    )
    reason = forms.CharField(label=gettext_lazy("In words"), max_length=500)

    def __init__(self, *args: Any, role: str, kind: str, state: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["act"].choices = acts_for(role, kind, state)  # type: ignore[attr-defined]
        if role != Role.SUPERVISOR:
            del self.fields["method"]


def acts_for(role: str, kind: str, state: str) -> list[tuple[str, str]]:
    """(code, words) of what a role may do with many discrepancies of a kind ("" mixed) and state at once."""
    State = Discrepancy.State
    if role == Role.SUPERVISOR and state in (State.TO_CHECK, State.VERIFIED):
        asked = [("visit", _("Ask for a visit"))] if state == State.TO_CHECK else []
        return [*asked, *((f"found:{code}", str(label)) for code, label in Found.choices)]
    if role != Role.CLERK:
        return []
    if state in (State.TRUE, State.UNTRUE, State.UNCHECKABLE):
        return [("close", _("Give feedback and close"))]
    if state not in (State.TO_CHECK, State.VERIFIED):
        return []
    fitting = [r for r in sorted(REMEDIES.values(), key=lambda r: r.place) if kind in r.kinds]
    remedies = [(f"true:{r.code}", _("True: %(remedy)s") % {"remedy": r.label}) for r in fitting]
    return [*remedies, ("untrue", _("Untrue")), ("uncheckable", _("Cannot be checked"))]
